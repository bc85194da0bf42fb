//! The file `key/next`: two slots for the private keys of epochs to come.
//!
//! A slot is 4,096 bytes: `"medsec/epoch-key" ‖ version u8 ‖ method u8 ‖ epoch u64 ‖ len u16 ‖ sealed key ‖ zeros ‖
//! SHA-256 of all before`, big-endian. Method 0 is the plain seed. Nothing else has been defined yet; a key service
//! would seal it. A slot without a key is all zeros.

use std::io;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{EpochKey, EpochPublicKey};
use crate::count::Count;
use crate::volume::{Access, Volume, VolumeFile};

const NAME: &str = "key/next";
const MAGIC: &[u8; 16] = b"medsec/epoch-key";
const VERSION: u8 = 1;
const PLAIN: u8 = 0;
const SLOT: usize = 4096;
const HEAD: usize = 28;
const SEED: usize = 32;
const DIGEST: usize = 32;

/// Both slots, open.
#[derive(Debug)]
pub(crate) struct KeySlots {
    file: Box<dyn VolumeFile>,
}

/// Why a key could not be had from the slots, or put there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SlotError {
    /// The file is missing.
    #[error("the file of epoch keys is missing")]
    Missing,
    /// No slot holds the key that the last epoch named.
    #[error("no slot holds the key of the next epoch")]
    NoKey,
    /// Reading or writing failed.
    #[error("the file of epoch keys could not be read or written")]
    Io(#[from] io::Error),
}

impl KeySlots {
    /// Makes the file with one key in it.
    pub(crate) fn create(volume: &dyn Volume, epoch: Count, key: &EpochKey) -> io::Result<()> {
        Self::create_empty(volume)?.put(0, epoch, key)
    }

    /// Makes the file without a key. Durable on return, but for the name of its folder.
    pub(crate) fn create_empty(volume: &dyn Volume) -> io::Result<Self> {
        let slots = Self { file: volume.create(NAME)? };
        slots.write(0, &[0; SLOT])?;
        slots.write(1, &[0; SLOT])?;
        slots.file.sync()?;
        volume.sync_folder("key")?;
        Ok(slots)
    }

    pub(crate) fn open(volume: &dyn Volume) -> Result<Self, SlotError> {
        let file = volume.open(NAME, Access::Write)?.ok_or(SlotError::Missing)?;
        Ok(Self { file })
    }

    /// The key whose public half is `public`, and its slot.
    pub(crate) fn find(&self, public: &EpochPublicKey) -> Result<(usize, EpochKey), SlotError> {
        for slot in 0..2 {
            if let Some((_, key)) = self.read(slot)?.filter(|(_, key)| key.public() == *public) {
                return Ok((slot, key));
            }
        }
        Err(SlotError::NoKey)
    }

    /// Puts a key into a slot; durable on return.
    pub(crate) fn put(&self, slot: usize, epoch: Count, key: &EpochKey) -> io::Result<()> {
        self.write(slot, &encode(epoch, key))?;
        self.file.sync()
    }

    /// Overwrites a slot; durable on return.
    pub(crate) fn erase(&self, slot: usize) -> io::Result<()> {
        self.write(slot, &[0; SLOT])?;
        self.file.sync()
    }

    fn write(&self, slot: usize, bytes: &[u8; SLOT]) -> io::Result<()> {
        self.file.write_at(bytes, offset(slot))
    }

    fn read(&self, slot: usize) -> io::Result<Option<(Count, EpochKey)>> {
        let mut bytes = Zeroizing::new([0; SLOT]);
        let read = self.file.read_at(bytes.as_mut_slice(), offset(slot))?;
        Ok((read == SLOT).then(|| decode(&bytes)).flatten())
    }
}

fn offset(slot: usize) -> u64 {
    if slot == 0 { 0 } else { 4096 }
}

/// The other of the two slots.
pub(crate) const fn other_slot(slot: usize) -> usize {
    if slot == 0 { 1 } else { 0 }
}

fn encode(epoch: Count, key: &EpochKey) -> Zeroizing<[u8; SLOT]> {
    let mut bytes = Zeroizing::new([0; SLOT]);
    let head = [MAGIC.as_slice(), &[VERSION, PLAIN], &epoch.get().to_be_bytes(), &[0, 32]].concat();
    let (head_room, rest) = bytes.split_at_mut(HEAD);
    head_room.copy_from_slice(&head);
    rest.iter_mut().zip(key.expose_seed()).for_each(|(place, byte)| *place = *byte);
    let (content, digest) = bytes.split_at_mut(SLOT.saturating_sub(DIGEST));
    digest.copy_from_slice(&Sha256::digest(&*content));
    bytes
}

/// The key of a slot; nothing of a slot that is empty, half written, damaged or of a form not known here.
pub(crate) fn decode(bytes: &[u8; SLOT]) -> Option<(Count, EpochKey)> {
    let (content, digest) = bytes.split_last_chunk::<DIGEST>()?;
    if Sha256::digest(content).as_slice() != digest {
        return None;
    }
    let (magic, rest) = content.split_first_chunk::<16>()?;
    let ([version, method], rest) = rest.split_first_chunk::<2>()?;
    let (epoch, rest) = rest.split_first_chunk::<8>()?;
    let (len, rest) = rest.split_first_chunk::<2>()?;
    let (seed, rest) = rest.split_first_chunk::<SEED>()?;
    let known = magic == MAGIC && [*version, *method] == [VERSION, PLAIN] && *len == [0, 32];
    if !known || rest.iter().any(|byte| *byte != 0) {
        return None;
    }
    Some((Count::new(u64::from_be_bytes(*epoch)).ok()?, EpochKey::from_seed(seed)))
}

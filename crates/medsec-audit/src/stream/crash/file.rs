//! A file of the disk: what every process sees of it, and what a power cut leaves.

use std::collections::BTreeMap;

use medsec_testkit::Random;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// One file, with or without a name.
#[derive(Clone, Debug, Default)]
pub(super) struct Inode {
    /// What processes read.
    pub(super) cache: Vec<u8>,
    durable: Vec<u8>,
    dirty: Vec<Dirty>,
}

/// What one operation changed, since the last sync.
#[derive(Clone, Debug)]
struct Dirty {
    // Sectors as they are after it.
    sectors: BTreeMap<usize, Vec<u8>>,
    len: usize,
}

/// How much of what was not synced has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrived {
    /// Nothing.
    Nothing,
    /// All: the process died, not the machine.
    All,
    /// Some operations, in their order, the last of them in part.
    InOrder,
    /// Any sectors in any state that they had, any length that it had.
    Any,
    /// The length, and nothing that was written.
    LengthOnly,
    /// All sectors, and any length that it had.
    DataOnly,
}

impl Arrived {
    pub(super) const EVERY: [Self; 6] =
        [Self::Any, Self::Nothing, Self::InOrder, Self::LengthOnly, Self::All, Self::DataOnly];
}

impl Inode {
    /// A file whose content is durable.
    pub(super) fn durable(content: Vec<u8>) -> Self {
        Self { cache: content.clone(), durable: content, dirty: Vec::new() }
    }

    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        if bytes.is_empty() {
            return;
        }
        if self.cache.len() < end {
            self.cache.resize(end, 0);
        }
        self.cache[offset..end].copy_from_slice(bytes);
        self.changed(offset / SECTOR, end.div_ceil(SECTOR));
    }

    pub(super) fn set_len(&mut self, len: usize) {
        let before = self.cache.len();
        self.cache.resize(len, 0);
        if len == before {
            return;
        }
        // What is cut off is gone: were the file longer again, zeros would be there.
        self.changed(len / SECTOR, before.div_ceil(SECTOR));
    }

    fn changed(&mut self, from: usize, to: usize) {
        let sectors = (from..to).map(|number| (number, sector(&self.cache, number)));
        let dirty = Dirty { sectors: sectors.collect(), len: self.cache.len() };
        self.dirty.push(dirty);
    }

    /// All that was changed is durable. What an earlier sync has lost is not: the system takes it for written.
    pub(super) fn sync(&mut self) {
        self.durable = self.after(&mut Random::new(0), Arrived::All);
        self.dirty.clear();
    }

    /// Some of what was changed is durable, and the system takes the rest for written too, as Linux does.
    pub(super) fn fail_sync(&mut self, random: &mut Random) {
        let style = Arrived::EVERY[random.below(Arrived::EVERY.len())];
        self.durable = self.after(random, style);
        self.dirty.clear();
    }

    /// What is there after a power cut.
    pub(super) fn after(&self, random: &mut Random, style: Arrived) -> Vec<u8> {
        let count = self.dirty.len();
        let upto = match style {
            Arrived::Nothing => 0,
            Arrived::InOrder => random.below(count + 1),
            _ => count,
        };
        let mut content = self.durable.clone();
        for (number, dirty) in self.dirty.iter().take(upto).enumerate() {
            let torn = style == Arrived::InOrder && number + 1 == upto;
            let len = match style {
                Arrived::Any => dirty.len.max(content.len()),
                Arrived::DataOnly => dirty.len.max(content.len()),
                _ => dirty.len,
            };
            content.resize(len, 0);
            for (at, bytes) in &dirty.sectors {
                let stays = match style {
                    Arrived::Any => random.below(2) == 0,
                    Arrived::LengthOnly => true,
                    _ => torn && random.below(2) == 0,
                };
                if !stays {
                    put(&mut content, *at, bytes);
                }
            }
        }
        if matches!(style, Arrived::Any | Arrived::DataOnly) && count > 0 {
            let chosen = random.below(count + 1);
            let len = match chosen.checked_sub(1) {
                None => self.durable.len(),
                Some(number) => self.dirty[number].len,
            };
            content.resize(len, 0);
        }
        content
    }
}

fn sector(content: &[u8], number: usize) -> Vec<u8> {
    let start = (number * SECTOR).min(content.len());
    let end = (start + SECTOR).min(content.len());
    let mut bytes = content[start..end].to_vec();
    bytes.resize(SECTOR, 0);
    bytes
}

/// Puts as much of a sector as the file is long.
fn put(content: &mut [u8], number: usize, bytes: &[u8]) {
    let start = (number * SECTOR).min(content.len());
    let end = (start + SECTOR).min(content.len());
    content[start..end].copy_from_slice(&bytes[..end - start]);
}

#[test]
fn an_unsynced_write_arrives_in_any_part_and_never_within_a_sector() {
    let mut file = Inode::durable(vec![b'a'; 1000]);
    file.write(600, &[b'b'; 2000]);
    let mut random = Random::new(1);
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..2000 {
        let after = file.after(&mut random, Arrived::EVERY[round % Arrived::EVERY.len()]);
        assert!(after.len() == 1000 || after.len() == 2600);
        assert_eq!(&after[..600], &[b'a'; 600][..]);
        let first = &after[600..1000];
        assert!(first.iter().all(|b| *b == b'a') || first.iter().all(|b| *b == b'b'));
        seen.insert(after);
    }
    // Four sectors to arrive or not, with the length; two forms of the first sector without it.
    assert!(seen.len() > 20, "{}", seen.len());
}

#[test]
fn what_a_failed_sync_lost_no_later_sync_brings_back() {
    let mut lost = 0;
    for seed in 0..50 {
        let mut file = Inode::default();
        file.write(0, &[b'a'; 2048]);
        file.fail_sync(&mut Random::new(seed));
        file.write(2048, &[b'b'; 512]);
        file.sync();
        let after = file.after(&mut Random::new(seed), Arrived::All);
        assert_eq!(&file.cache[..2048], &[b'a'; 2048][..]);
        lost += usize::from(after[..2048] != file.cache[..2048]);
    }
    assert!(lost > 10, "{lost}");
}

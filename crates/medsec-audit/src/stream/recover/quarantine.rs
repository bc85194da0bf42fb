//! Files of `quarantine/`: `N-H`, where N is the number of good records before what was put aside, with 20 digits, and
//! H the first 8 bytes of its SHA-256 in hex.

use std::io;

use sha2::{Digest as _, Sha256};

use super::{COPY, start_in};
use crate::count::Count;
use crate::epoch::{Loss, LossDigest};
use crate::stream::walk::Position;
use crate::text::Hex;
use crate::volume::{Access, Volume};

const FOLDER: &str = "quarantine";

/// Takes bytes and where they stand.
type Take<'t> = &'t mut dyn FnMut(u64, &[u8]) -> io::Result<()>;

/// Files that were put aside behind the records that there are, whole: the record that names one would be the next
/// record, so that none of these has one. A recovery that put them there was interrupted before it wrote that.
pub(super) fn unnamed(volume: &dyn Volume, size: u64) -> io::Result<Vec<String>> {
    let start = format!("{size:020}-");
    let mut found = Vec::new();
    for name in volume.list(FOLDER)? {
        let path = format!("{FOLDER}/{name}");
        if name.starts_with(&start) {
            let mut sum = Sum::default();
            sum.add(volume, &path, 0, &mut |_, _| Ok(()))?;
            // Of a copy that broke off, the original was not touched.
            if sum.len > 0 && sum.name(size) == path {
                found.push(path);
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Puts everything behind a place into one file, behind what stands in other files that no record names. Those go
/// when it is durable, so that the one record that follows names all.
///
/// # Errors
/// What stands behind the place is as it was.
pub(super) fn put(
    volume: &dyn Volume,
    size: u64,
    at: Position,
    unnamed: &[String],
) -> io::Result<Loss> {
    let rest = Sources { files: &[], behind: Some(at) }.read(volume, &mut |_, _| Ok(()))?;
    // If it is put aside already, cutting it off was what was interrupted.
    let is_there = rest.len == 0 || unnamed.contains(&rest.name(size));
    let behind = (unnamed.is_empty() || !is_there).then_some(at);
    let sources = Sources { files: unnamed, behind };
    let sum = sources.read(volume, &mut |_, _| Ok(()))?;
    let name = sum.name(size);
    let file = match volume.create(&name) {
        // A copy that broke off, or is whole and not yet durable: then it is written over itself, because the system
        // may take for written what a failed sync has lost.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            volume.open(&name, Access::Write)?.ok_or(io::ErrorKind::NotFound)?
        }
        file => file?,
    };
    let _ = sources.read(volume, &mut |offset, bytes| file.write_at(bytes, offset))?;
    file.sync()?;
    volume.sync_folder(FOLDER)?;
    volume.sync_folder("")?;
    let mut others = unnamed.iter().filter(|other| **other != name).peekable();
    if others.peek().is_some() {
        others.try_for_each(|other| volume.remove(other))?;
        // None must be back when the record is there that could have named it.
        volume.sync_folder(FOLDER)?;
    }
    let bytes = Count::new(sum.len).map_err(io::Error::other)?;
    Ok(Loss { bytes, digest: sum.digest(), acknowledged: None })
}

/// What is to be put into one file.
#[derive(Clone, Copy)]
struct Sources<'s> {
    files: &'s [String],
    behind: Option<Position>,
}

impl Sources<'_> {
    /// Hands everything over, piece by piece.
    fn read(self, volume: &dyn Volume, take: Take<'_>) -> io::Result<Sum> {
        let mut sum = Sum::default();
        for name in self.files {
            sum.add(volume, name, 0, take)?;
        }
        let Some(at) = self.behind else { return Ok(sum) };
        for segment in crate::stream::segments(volume)? {
            if let Some(from) = start_in(segment.first, at) {
                sum.add(volume, &segment.name(), from, take)?;
            }
        }
        Ok(sum)
    }
}

/// Length and hash of what was read.
#[derive(Default)]
struct Sum {
    len: u64,
    hash: Sha256,
}

impl Sum {
    fn add(
        &mut self,
        volume: &dyn Volume,
        name: &str,
        mut from: u64,
        take: Take<'_>,
    ) -> io::Result<()> {
        let file = volume.open(name, Access::Read)?.ok_or(io::ErrorKind::NotFound)?;
        let mut buffer = vec![0; COPY];
        loop {
            let read = file.read_at(&mut buffer, from)?;
            let bytes = buffer.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                return Ok(());
            }
            take(self.len, bytes)?;
            self.hash.update(bytes);
            let len = u64::try_from(read).map_err(io::Error::other)?;
            (from, self.len) = (from.saturating_add(len), self.len.saturating_add(len));
        }
    }

    fn digest(&self) -> LossDigest {
        LossDigest::from_bytes(self.hash.clone().finalize().into())
    }

    fn name(&self, size: u64) -> String {
        let digest = self.digest();
        let short = digest.as_bytes().first_chunk::<8>().map(|bytes| Hex(bytes).to_string());
        format!("{FOLDER}/{size:020}-{}", short.unwrap_or_default())
    }
}

//! Reading and writing plaintext that lies in a batch with gaps for the tags, with few system calls.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};

use crate::backend::TAG_LEN;
use crate::cobblestone::{CHUNK_LEN, SEALED_CHUNK_LEN};

/// Fills the plaintext places of `batch` from `reader`, as far as it goes. Returns the number of
/// plaintext bytes; fewer than the places hold means the end of the input.
pub(crate) fn read_plain(reader: &mut impl Read, batch: &mut [u8]) -> io::Result<usize> {
    let mut places: Vec<IoSliceMut<'_>> = batch
        .chunks_mut(SEALED_CHUNK_LEN)
        .filter_map(|chunk| chunk.len().checked_sub(TAG_LEN).and_then(|len| chunk.get_mut(..len)))
        .map(IoSliceMut::new)
        .collect();
    let mut rest = places.as_mut_slice();
    let mut total = 0_usize;
    while !rest.is_empty() {
        match reader.read_vectored(rest) {
            Ok(0) => break,
            Ok(read) if read > rest.iter().map(|place| place.len()).sum() => {
                return Err(overclaimed());
            }
            Ok(read) => {
                total = total.saturating_add(read);
                IoSliceMut::advance_slices(&mut rest, read);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(total)
}

/// Writes the plaintext of opened chunks.
pub(crate) fn write_plain(writer: &mut impl Write, chunks: &[u8]) -> io::Result<usize> {
    let mut places: Vec<IoSlice<'_>> = plain_parts(chunks).map(IoSlice::new).collect();
    let total = places.iter().map(|place| place.len()).sum();
    let mut rest = places.as_mut_slice();
    // Drops leading empty slices, so that a write of nothing is never asked for.
    IoSlice::advance_slices(&mut rest, 0);
    while !rest.is_empty() {
        match writer.write_vectored(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(done) if done > rest.iter().map(|place| place.len()).sum() => {
                return Err(overclaimed());
            }
            Ok(written) => IoSlice::advance_slices(&mut rest, written),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(total)
}

/// A reader or writer claims more bytes than it was given; taken at its word it would cause a panic.
fn overclaimed() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "more bytes claimed than asked for")
}

/// The plaintext of each opened chunk.
pub(crate) fn plain_parts(chunks: &[u8]) -> impl Iterator<Item = &[u8]> {
    chunks.chunks(SEALED_CHUNK_LEN).map(|chunk| {
        let text = chunk.len().saturating_sub(SEALED_CHUNK_LEN - CHUNK_LEN);
        chunk.get(..text).unwrap_or_default()
    })
}

/// Fills `buffer` as far as the input goes.
pub(crate) fn read_full(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut total = 0_usize;
    while let Some(rest) = buffer.get_mut(total..).filter(|rest| !rest.is_empty()) {
        match read_once(reader, rest)? {
            0 => break,
            read => total = total.saturating_add(read),
        }
    }
    Ok(total)
}

/// One read, tried again when a signal interrupts it. 0 is the end of the input.
pub(crate) fn read_once(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Ok(read) if read > buffer.len() => return Err(overclaimed()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

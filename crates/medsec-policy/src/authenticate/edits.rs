//! Small edits of valid bytes, so that inputs of the fuzzer reach behind the first check.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "built for tests and the fuzzer only"
)]

/// Applies edits of four bytes each: what to do, where (two bytes), and a value.
pub(crate) fn edited(original: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for edit in edits.chunks_exact(4) {
        let at = usize::from(u16::from_be_bytes([edit[1], edit[2]])) % (bytes.len() + 1);
        match edit[0] % 4 {
            0 if at < bytes.len() => bytes[at] = edit[3],
            1 => bytes.insert(at, edit[3]),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 => bytes.truncate(at),
            _ => {}
        }
    }
    bytes
}

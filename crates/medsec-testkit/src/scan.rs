//! Searches the whole writable memory of this process for a byte string. Linux only.
//!
//! What is searched for is itself kept masked, so that it is not found where it is kept; and so is what was read,
//! so that the search does not find its own buffer.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a search that panics fails its test, which is all it can do"
)]

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

const MASK: u8 = 0xA5;
const WINDOW: usize = 64 * 1024;

/// Bytes to be found, masked.
#[derive(Debug)]
pub struct Needle([u8; Self::LEN]);

impl Needle {
    /// How long a needle is: as a key.
    pub const LEN: usize = 32;

    /// What is to be found. The caller erases `secret` where it is not meant to be.
    #[must_use]
    pub fn of(secret: &[u8]) -> Self {
        assert_eq!(secret.len(), Self::LEN, "a needle is as long as a key");
        let mut masked = [0; Self::LEN];
        for (to, from) in masked.iter_mut().zip(secret) {
            *to = from ^ MASK;
        }
        Self(masked)
    }

    /// Everywhere that it stands; more than once where the search reads the buffer that it reads into.
    #[must_use]
    pub fn places(&self) -> Vec<u64> {
        let memory = File::open("/proc/self/mem").expect("this process's memory");
        let maps = fs::read_to_string("/proc/self/maps").expect("a list of its parts");
        // One buffer for all, erased first, so that it never holds anything but masked bytes.
        let mut buffer = vec![MASK; Self::LEN + WINDOW];
        let mut places = Vec::new();
        for line in maps.lines() {
            let mut words = line.split_ascii_whitespace();
            let (range, rights) = (words.next(), words.next());
            if rights.expect("the rights of a part").starts_with("rw") {
                let (start, end) =
                    range.and_then(|range| range.split_once('-')).expect("a range of addresses");
                let [start, end] =
                    [start, end].map(|hex| u64::from_str_radix(hex, 16).expect("an address"));
                self.search(&memory, start..end, &mut buffer, &mut places);
            }
        }
        places
    }

    fn search(
        &self,
        memory: &File,
        range: std::ops::Range<u64>,
        buffer: &mut [u8],
        places: &mut Vec<u64>,
    ) {
        let mut at = range.start;
        buffer.fill(MASK);
        while at < range.end {
            let len = usize::try_from(range.end - at).unwrap_or(WINDOW).min(WINDOW);
            // The tail of the window before stays in front: a needle may lie across the border.
            buffer.copy_within(WINDOW.., 0);
            let window = &mut buffer[Self::LEN..Self::LEN + len];
            if memory.read_exact_at(window, at).is_err() {
                return;
            }
            window.iter_mut().for_each(|byte| *byte ^= MASK);
            let windows = buffer[..Self::LEN + len].windows(Self::LEN).enumerate();
            let found = windows.filter(|(_, bytes)| *bytes == self.0).map(|(offset, _)| offset);
            // A needle that ends exactly at the border is seen from both sides.
            let found = found.map(|offset| at + offset as u64 - Self::LEN as u64);
            let new: Vec<_> = found.filter(|place| !places.contains(place)).collect();
            places.extend(new);
            at += len as u64;
        }
    }
}

/// Writes over the next half megabyte of this thread's stack, where functions that have returned leave copies of what was
/// moved through them. No program can erase those; what is searched for afterwards is what somebody still holds.
#[inline(never)]
pub fn overwrite_dead_stack() {
    std::hint::black_box([0_u8; 512 * 1024]);
}

//! Searches the whole writable memory of this process for a byte string.
//!
//! What is searched for is itself kept masked, so that it is not found where it is kept; and so is what was read,
//! so that the search does not find its own buffer.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

const MASK: u8 = 0xA5;
const WINDOW: usize = 64 * 1024;
pub(super) const NEEDLE_LEN: usize = 32;

/// Bytes to be found, masked.
pub(super) struct Needle([u8; NEEDLE_LEN]);

impl Needle {
    pub(super) fn of(secret: &[u8]) -> Self {
        assert_eq!(secret.len(), NEEDLE_LEN);
        let mut masked = [0; NEEDLE_LEN];
        for (to, from) in masked.iter_mut().zip(secret) {
            *to = from ^ MASK;
        }
        Self(masked)
    }

    /// Everywhere that it stands; more than once where the search reads the buffer that it reads into.
    pub(super) fn places(&self) -> Vec<u64> {
        let memory = File::open("/proc/self/mem").unwrap();
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        // One buffer for all, erased first, so that it never holds anything but masked bytes.
        let mut buffer = vec![MASK; NEEDLE_LEN + WINDOW];
        let mut places = Vec::new();
        for line in maps.lines() {
            let mut words = line.split_ascii_whitespace();
            let (range, rights) = (words.next().unwrap(), words.next().unwrap());
            if rights.starts_with("rw") {
                let (start, end) = range.split_once('-').unwrap();
                let [start, end] = [start, end].map(|hex| u64::from_str_radix(hex, 16).unwrap());
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
            let len = usize::try_from(range.end - at).unwrap().min(WINDOW);
            // The tail of the window before stays in front: a needle may lie across the border.
            buffer.copy_within(WINDOW.., 0);
            let window = &mut buffer[NEEDLE_LEN..NEEDLE_LEN + len];
            if memory.read_exact_at(window, at).is_err() {
                return;
            }
            window.iter_mut().for_each(|byte| *byte ^= MASK);
            let windows = buffer[..NEEDLE_LEN + len].windows(NEEDLE_LEN).enumerate();
            let found = windows.filter(|(_, bytes)| *bytes == self.0).map(|(offset, _)| offset);
            // A needle that ends exactly at the border is seen from both sides.
            let found = found.map(|offset| at + offset as u64 - NEEDLE_LEN as u64);
            let new: Vec<_> = found.filter(|place| !places.contains(place)).collect();
            places.extend(new);
            at += len as u64;
        }
    }
}

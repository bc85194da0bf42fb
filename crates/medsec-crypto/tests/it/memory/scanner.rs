//! Searches the whole writable memory of this process for byte strings.
//!
//! What is searched for is itself kept masked, so that it is not found where it is kept; and so is what
//! was read, so that the search does not find its own buffer.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

pub(super) const MASK: u8 = 0xA5;
const WINDOW: usize = 64 * 1024;
pub(super) const NEEDLE_LEN: usize = 32;

/// 32 bytes to be found, masked.
#[derive(Clone)]
pub(super) struct Needle(pub(super) [u8; NEEDLE_LEN]);

impl Needle {
    pub(super) fn of(secret: &[u8; NEEDLE_LEN]) -> Self {
        let mut masked = [0; NEEDLE_LEN];
        // By reference: `map` would copy the secret to the stack.
        for (to, from) in masked.iter_mut().zip(secret) {
            *to = from ^ MASK;
        }
        Self(masked)
    }

    /// Ends of windows that hold the needle, in masked bytes.
    fn ends_in(&self, masked: &[u8]) -> Vec<usize> {
        let windows = masked.windows(NEEDLE_LEN).enumerate();
        windows.filter(|(_, window)| *window == self.0).map(|(at, _)| at + NEEDLE_LEN).collect()
    }
}

/// Where a needle was found.
pub(super) struct Found {
    /// On the stack of the thread that searched: left by functions that have returned.
    pub(super) on_stack: bool,
    /// Mapping and offset in it.
    pub(super) place: String,
}

/// Everywhere that the needle stands.
pub(super) fn find(needle: &Needle) -> Vec<Found> {
    let here = 0_u8;
    let here = std::ptr::from_ref(&here).addr() as u64;
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    // One buffer for all, erased first, so that it never holds anything but masked bytes.
    let mut buffer = vec![MASK; NEEDLE_LEN + WINDOW];
    let mut found = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_ascii_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        let name = words.nth(3).unwrap_or("anonymous");
        if !rights.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let bounds = [start, end].map(|hex| u64::from_str_radix(hex, 16).unwrap());
        let places = find_in(&memory, bounds, needle, &mut buffer);
        found.extend(places.iter().map(|place| Found {
            on_stack: (bounds[0]..bounds[1]).contains(&here),
            place: format!("{name} +{place:#x} of {range}"),
        }));
    }
    found
}

fn find_in(memory: &File, [start, end]: [u64; 2], needle: &Needle, buffer: &mut [u8]) -> Vec<u64> {
    let mut found = Vec::new();
    let mut at = start;
    buffer.fill(MASK);
    while at < end {
        let len = usize::try_from(end - at).unwrap().min(WINDOW);
        // The tail of the window before stays in front: a needle may lie across the border.
        buffer.copy_within(WINDOW.., 0);
        let place = &mut buffer[NEEDLE_LEN..NEEDLE_LEN + len];
        if memory.read_exact_at(place, at).is_err() {
            return found;
        }
        place.iter_mut().for_each(|byte| *byte ^= MASK);
        let ends = needle.ends_in(&buffer[..NEEDLE_LEN + len]);
        let places = ends.iter().map(|place| at - start + (*place as u64) - 2 * 32);
        found.extend(places.filter(|place| !found.contains(place)).collect::<Vec<_>>());
        at += len as u64;
    }
    found
}

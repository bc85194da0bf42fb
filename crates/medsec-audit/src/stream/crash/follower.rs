//! A reader that works while a writer does: the mark first, then the lines up to it.

use std::rc::Rc;

use super::disk::Disk;
use crate::stream::hwm;

/// What it has read so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Follower {
    pub(super) lines: Vec<Rc<[u8]>>,
    // The size that the mark had when it was looked at last.
    size: usize,
}

impl Follower {
    /// Reads the lines up to the mark that it saw the time before, as a slow reader does, and the mark.
    pub(super) fn look(&mut self, disk: &Disk) {
        let size = self.size;
        if self.lines.len() < size {
            let lines = records(disk);
            assert!(lines.len() >= size, "{} lines below a mark of {size}", lines.len());
            assert_eq!(self.lines, lines[..self.lines.len()], "what a follower had read changed");
            self.lines = lines[..size].to_vec();
        }
        let mark = disk.content("hwm").and_then(hwm::decode);
        self.size = mark.map_or(0, |commit| usize::try_from(commit.size.get()).unwrap());
    }

    /// The machine stops: nobody reads on in the middle of a look.
    pub(super) fn stop(&mut self) {
        self.size = 0;
    }
}

/// The records of a stream as they lie in its segments, up to the first line that is of neither kind.
pub(super) fn records(disk: &Disk) -> Vec<Rc<[u8]>> {
    let mut found = Vec::new();
    for (_, content) in disk.in_folder("log") {
        for line in content.split_inclusive(|byte| *byte == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(line) if line.starts_with(b"{\"v\":1,") => found.push(Rc::from(line)),
                Some(line) if line.starts_with(b"{\"commit\":") => {}
                _ => return found,
            }
        }
    }
    found
}

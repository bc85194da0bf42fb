//! Verifies a copy from its own lines: chain, tree and density, without what it was copied from.

use medsec_audit::{Frontier, Hash, Line, leaf_hash};

/// Reads lines piece by piece and looks whether they belong together.
#[derive(Debug)]
pub(crate) struct Copy {
    tree: Frontier,
    prev: Hash,
    pub(crate) commits: u64,
}

impl Copy {
    pub(crate) fn new() -> Self {
        Self { tree: Frontier::new(), prev: Hash::from_bytes([0; 32]), commits: 0 }
    }

    /// Takes whole lines with their LFs; says whether each continues those before it.
    pub(crate) fn continues(&mut self, lines: &[u8]) -> bool {
        let body = lines.strip_suffix(b"\n").expect("whole lines");
        body.split(|byte| *byte == b'\n').all(|line| self.line(line))
    }

    fn line(&mut self, line: &[u8]) -> bool {
        match Line::parse(line).unwrap() {
            Line::Record(record) => {
                let position = record.head.position;
                let fits = position.seq.get() == self.tree.size() && position.prev == self.prev;
                self.prev = leaf_hash(record.bytes);
                self.tree.push(self.prev).unwrap();
                fits
            }
            Line::Commit(commit) => {
                self.commits += 1;
                commit.size.get() == self.tree.size() && commit.root == self.tree.root()
            }
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.tree.size()
    }
}

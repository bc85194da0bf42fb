//! What a stream was found to continue, so that opening it again need not read what lies between.

use super::cursor::Cursor;
use super::tiles::{Tiles, TilesError, each_leaf};
use crate::tree::{Frontier, Hash, Tie};
use crate::verify::Known;
use crate::volume::Volume;

/// Most trees that are remembered: the newest checkpoint beside the stream, and those of some places outside.
const MAX: usize = 8;

/// Ties from known trees to that of the stream as it is now. They stand in the cache of the writer, and are not
/// believed: they make the root that is known and the root that was signed, or are of no use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ties(Vec<Tie>);

impl Ties {
    /// Whether the stream, whose tree is this, continues all that is known. Remembers what it takes to say so next
    /// time, and forgets what is of another tree, of the stream before it grew without them for instance. If it is not
    /// so, or the tiles beside the stream do not show it, nothing has been decided.
    pub(crate) fn show(&mut self, volume: &dyn Volume, tree: &Frontier, known: &[Known]) -> bool {
        self.0.retain(|tie| tie.leads_to(tree));
        if !self.hold(tree, known) {
            *self = Self::read(volume, tree, known).unwrap_or_default();
        }
        self.hold(tree, known)
    }

    fn hold(&self, tree: &Frontier, known: &[Known]) -> bool {
        let tied = |known: &Known| self.0.iter().any(|tie| tie.begins(known.size(), known.root()));
        let same = |known: &Known| known.size() == tree.size() && *known.root() == tree.root();
        known.iter().all(|known| known.size() == 0 || same(known) || tied(known))
    }

    /// Makes ties of what the tiles say of the tree up to the newest checkpoint, and the lines of what is behind.
    fn read(volume: &dyn Volume, tree: &Frontier, known: &[Known]) -> Result<Self, TilesError> {
        let mut tiles = Tiles(volume).tree()?;
        let published = tiles.size();
        let mut sizes: Vec<_> = known.iter().map(Known::size).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let mut ties = Self::default();
        let within = |size: &u64| (1..=published.min(tree.size())).contains(size);
        // The newest, because there is no end of those that could be known.
        for size in sizes.into_iter().rev().filter(within).take(MAX) {
            let mut tie = Tie::new(Frontier::load(&mut tiles, size)?);
            tie.grow(&mut tiles, published.min(tree.size()))?;
            ties.0.push(tie);
        }
        if !ties.0.is_empty() {
            ties.read_lines(volume, published, tree.size())?;
        }
        Ok(ties)
    }

    fn read_lines(&mut self, volume: &dyn Volume, from: u64, to: u64) -> Result<(), TilesError> {
        let (mut cursor, mut next) = (Cursor::near(volume, from)?.up_to(to), from);
        while next < to {
            let lines = cursor.next(volume)?.ok_or(TilesError::OtherTree)?;
            each_leaf(&lines, to, |seq, leaf| {
                if seq == next {
                    next = next.saturating_add(1);
                    self.push(leaf);
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Adds the leaf of a record that was written.
    pub(crate) fn push(&mut self, leaf: Hash) {
        self.0.iter_mut().for_each(|tie| tie.push(leaf));
    }

    /// `number of ties u8 ‖ tie …`, of those to a tree of this size: how many hashes each has follows from it.
    pub(crate) fn to_bytes(&self, size: u64) -> Vec<u8> {
        let ties: Vec<_> = self.0.iter().filter(|tie| tie.size() == size).take(MAX).collect();
        let count = u8::try_from(ties.len()).unwrap_or(0);
        std::iter::once(count).chain(ties.into_iter().flat_map(Tie::to_bytes)).collect()
    }

    /// Takes what [`Self::to_bytes`] wrote, of a stream of so many records; and what is behind it.
    pub(crate) fn take_from(bytes: &[u8], size: u64) -> Option<(Self, &[u8])> {
        let (count, mut rest) = bytes.split_first()?;
        if usize::from(*count) > MAX {
            return None;
        }
        let mut ties = Self::default();
        for _ in 0..*count {
            let (tie, behind) = Tie::take_from(rest, size)?;
            ties.0.push(tie);
            rest = behind;
        }
        Some((ties, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::LogOrigin;
    use crate::tree::leaf_hash;
    use crate::volume::Folder;

    fn tree(size: u64) -> Frontier {
        let mut tree = Frontier::new();
        for number in 0..size {
            let _ = tree.push(leaf_hash(&number.to_be_bytes())).unwrap();
        }
        tree
    }

    fn known(size: u64) -> Known {
        Known::new(LogOrigin::new("clinic.example/log/main").unwrap(), size, tree(size).root())
    }

    #[test]
    fn ties_to_a_tree_that_has_grown_without_them_are_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let (volume, grown) = (Folder::new(folder.path()), tree(9));
        for asked in [vec![], vec![known(9)]] {
            let mut ties = Ties(vec![Tie::new(tree(5))]);
            assert!(ties.show(&volume, &grown, &asked), "nothing has to be tied");
            assert!(ties.0.is_empty());
        }
        let mut ties = Ties(vec![Tie::new(tree(5))]);
        assert!(!ties.show(&volume, &grown, &[known(5)]));
    }

    #[test]
    fn ties_to_another_tree_are_not_written() {
        let ties = Ties(vec![Tie::new(tree(5)), Tie::new(tree(9))]);
        let bytes = [ties.to_bytes(9), vec![7]].concat();
        let (read, rest) = Ties::take_from(&bytes, 9).unwrap();
        assert_eq!((read.0.len(), rest), (1, &[7][..]));
        assert!(read.0[0].leads_to(&tree(9)));
        assert_eq!(ties.to_bytes(6), [0]);
    }

    #[test]
    fn of_many_known_trees_the_newest_are_tied() {
        let folder = tempfile::tempdir().unwrap();
        let (volume, grown) = (Folder::new(folder.path()), tree(20));
        let mut edge = crate::tile::RightEdge::new();
        for number in 0_u64..20 {
            edge.push(leaf_hash(&number.to_be_bytes())).unwrap();
        }
        for (tile, bytes) in edge.partial() {
            crate::volume::write_new(&volume, &tile.to_string(), &bytes).unwrap();
        }
        let checkpoint = crate::checkpoint::Checkpoint::new(
            LogOrigin::new("clinic.example/log/main").unwrap(),
            20,
            grown.root(),
        );
        let name = crate::note::KeyName::new("clinic.example/log").unwrap();
        let key = crate::note::Ed25519NoteSigner::generate(name, crate::note::Algorithm::Ed25519)
            .unwrap();
        let note = crate::note::Note::sign(checkpoint.unwrap().to_text().unwrap(), &key).unwrap();
        let name = crate::stream::CHECKPOINT;
        crate::volume::write_new(&volume, name, note.render().as_bytes()).unwrap();
        let all: Vec<_> = (1..=20).map(known).collect();
        let ties = Ties::read(&volume, &grown, &all).unwrap();
        let kept = |size| ties.0.iter().any(|tie| tie.begins(size, &tree(size).root()));
        assert_eq!(ties.0.len(), MAX);
        assert!((13..=20).all(kept) && !kept(12));
    }
}

//! Maps, sets and lists that stay within a limit, and know how much they left out.

use std::collections::{BTreeMap, HashSet};
use std::hash::Hash;

use medsec_audit::{LogTime, PackageId};

use super::section::{Cell, MAX_ROWS};

/// Most keys of a ledger.
const MAX_KEYS: usize = 100_000;
/// Most members of a set: 24 MiB or so.
const MAX_MEMBERS: usize = 1 << 20;

/// Values by key.
#[derive(Debug)]
pub(super) struct Ledger<K, V> {
    entries: BTreeMap<K, V>,
    left_out: u64,
}

impl<K, V> Default for Ledger<K, V> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), left_out: 0 }
    }
}

impl<K: Ord, V: Default> Ledger<K, V> {
    /// The value of a key; none for one that no longer fits.
    pub(super) fn of(&mut self, key: K) -> Option<&mut V> {
        if self.entries.len() >= MAX_KEYS && !self.entries.contains_key(&key) {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        Some(self.entries.entry(key).or_default())
    }

    /// All of them, those with the largest number first.
    pub(super) fn ranked(&self, number: impl Fn(&V) -> u64) -> Vec<(&K, &V)> {
        let mut all: Vec<_> = self.entries.iter().collect();
        all.sort_by_key(|(_, value)| std::cmp::Reverse(number(value)));
        all
    }

    pub(super) const fn left_out(&self) -> u64 {
        self.left_out
    }
}

/// How many different ones there are.
#[derive(Debug)]
pub(super) struct Distinct<T>(HashSet<T>);

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self(HashSet::new())
    }
}

impl<T: Eq + Hash> Distinct<T> {
    /// Whether it was not there yet. One that no longer fits counts as there.
    pub(super) fn insert(&mut self, member: T) -> bool {
        !self.is_full() && self.0.insert(member)
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= MAX_MEMBERS
    }

    /// A number that was counted with this set.
    pub(super) fn cell(&self, number: u64) -> Cell {
        if self.is_full() { Cell::AtLeast(number) } else { Cell::Number(number) }
    }
}

/// Enough of a package's random identifier to tell packages apart.
pub(super) fn short(package: &PackageId) -> u64 {
    let first = package.as_bytes().first_chunk::<8>();
    first.map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Rows in the order of the log.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) rows: Vec<Vec<Cell>>,
    pub(super) omitted: u64,
}

impl Listing {
    pub(super) fn push(&mut self, row: impl FnOnce() -> Vec<Cell>) {
        if self.rows.len() < MAX_ROWS {
            self.rows.push(row());
        } else {
            self.omitted = self.omitted.saturating_add(1);
        }
    }
}

/// When something happened first and last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) first: Option<LogTime>,
    pub(super) last: Option<LogTime>,
    pub(super) count: u64,
}

impl Times {
    pub(super) fn add(&mut self, time: LogTime) {
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        self.count = self.count.saturating_add(1);
    }

    pub(super) fn cells(&self) -> [Cell; 2] {
        [Cell::time(self.first), Cell::time(self.last)]
    }
}

/// One more.
pub(super) const fn count(number: &mut u64) {
    *number = number.saturating_add(1);
}

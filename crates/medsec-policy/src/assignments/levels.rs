//! How deep names are nested in each other, and whether any is nested in itself.

use std::collections::{BTreeMap, BTreeSet};

/// Sorts names so that each comes after those it points to, and says how many steps lie below each. Without
/// recursion: how deep the nesting is shows only at the end.
///
/// `edges` must have an entry for every name that stands in one.
///
/// # Errors
/// A name that points to itself, directly or through others.
pub(super) fn levels<'a, K: Ord>(
    edges: &BTreeMap<&'a K, &'a BTreeSet<K>>,
) -> Result<Vec<(&'a K, usize)>, &'a K> {
    let mut pending: BTreeMap<_, _> = edges.iter().map(|(name, to)| (*name, to.len())).collect();
    let mut pointed_at_by: BTreeMap<&K, Vec<&'a K>> = BTreeMap::new();
    for (name, to) in edges {
        to.iter().for_each(|to| pointed_at_by.entry(to).or_default().push(name));
    }
    let mut level: Vec<_> = edges.iter().filter(|(_, to)| to.is_empty()).map(|e| *e.0).collect();
    let (mut sorted, mut depth) = (Vec::new(), 0_usize);
    while !level.is_empty() {
        let mut next = Vec::new();
        for done in level {
            pending.remove(done);
            sorted.push((done, depth));
            for name in pointed_at_by.get(done).into_iter().flatten() {
                let left = pending.entry(name).or_default();
                *left = left.saturating_sub(1);
                if *left == 0 {
                    next.push(*name);
                }
            }
        }
        (level, depth) = (next, depth.saturating_add(1));
    }
    match pending.keys().next() {
        None => Ok(sorted),
        Some(start) => Err(on_circle(edges, &pending, start)),
    }
}

/// Walks from a name that is never done, always to another such name, until one comes again.
fn on_circle<'a, K: Ord>(
    edges: &BTreeMap<&'a K, &'a BTreeSet<K>>,
    pending: &BTreeMap<&'a K, usize>,
    start: &'a K,
) -> &'a K {
    let mut seen = BTreeSet::new();
    let mut at = start;
    while seen.insert(at) {
        let to = edges.get(at).into_iter().flat_map(|to| to.iter());
        at = to.into_iter().find(|to| pending.contains_key(to)).unwrap_or(at);
    }
    at
}

//! Which mutants of an item are tried.

use serde::Deserialize;

use crate::digest::sha256;

/// Fixed, so that nobody can pick.
const SEED: &str = "medsec mutants 1";

/// A mutant as the tool lists it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Mutant {
    /// `file:line:column: replace …`.
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) package: String,
}

/// At most `limit` of them, in an order that follows from their names and the seed.
pub(super) fn sample(mut mutants: Vec<Mutant>, limit: usize) -> Vec<Mutant> {
    mutants.sort_by_cached_key(|mutant| sha256(format!("{SEED}\n{}", mutant.name).as_bytes()));
    mutants.dedup_by(|a, b| a.name == b.name);
    mutants.truncate(limit);
    mutants
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutants(count: usize) -> Vec<Mutant> {
        let mutant = |n| Mutant {
            name: format!("src/a.rs:{n}:1: replace f with ()"),
            file: "src/a.rs".to_owned(),
            package: "a".to_owned(),
        };
        (1..=count).map(mutant).collect()
    }

    #[test]
    fn sample_does_not_depend_on_the_order_of_the_list() {
        let mut backwards = mutants(100);
        backwards.reverse();
        assert_eq!(sample(backwards, 10), sample(mutants(100), 10));
    }

    #[test]
    fn larger_sample_contains_the_smaller() {
        let small = sample(mutants(100), 10);
        let large = sample(mutants(100), 40);
        assert_eq!((small.len(), large.len()), (10, 40));
        assert!(large.starts_with(&small));
    }
}

//! Which packages a drill looks at.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher as _;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// What names of packages end with.
const SUFFIX: &str = "msp";
/// Most packages that are considered.
const MAX_PACKAGES: usize = 1_000_000;

/// A package and its number among all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sampled {
    pub(super) number: usize,
    pub(super) path: PathBuf,
}

/// The packages that are named, those of folders in the order of their paths.
pub(super) fn packages(inputs: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for input in inputs {
        match input.is_dir() {
            true => walk(input, &mut found)?,
            false => found.push(input.clone()),
        }
    }
    if found.is_empty() {
        return Err(
            Failure::usage("there is no package to try").next("name packages, or a folder of some")
        );
    }
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error| Failure::io("a folder of packages cannot be read", &error);
    let (mut here, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (kind, path) = (entry.file_type().map_err(failed)?, entry.path());
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|end| end == SUFFIX) {
                here.push(path);
            }
            if here.len() > MAX_PACKAGES {
                return Err(Failure::usage("there are more packages than a drill looks through")
                    .next("name a smaller folder"));
            }
        }
    }
    here.sort();
    found.append(&mut here);
    Ok(())
}

/// `count` of them by chance, in their order. The chance is that of the standard library's hash tables, which the
/// system seeds: enough that nobody knows before which ones a drill will look at.
pub(super) fn sample(packages: Vec<PathBuf>, count: usize) -> Vec<Sampled> {
    let chance = RandomState::new();
    let mut drawn: Vec<(u64, Sampled)> = (1..)
        .zip(packages)
        .map(|(number, path)| (chance.hash_one(number), Sampled { number, path }))
        .collect();
    drawn.sort_by_key(|(chance, _)| *chance);
    let mut sampled: Vec<Sampled> = drawn.into_iter().take(count).map(|(_, one)| one).collect();
    sampled.sort_by_key(|one| one.number);
    sampled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sample_is_not_the_same_each_time() {
        let packages: Vec<PathBuf> = (0..1000).map(|n| format!("{n}").into()).collect();
        let drawn: Vec<_> = (0..8).map(|_| sample(packages.clone(), 3)).collect();
        assert!(drawn.iter().any(|one| *one != drawn[0]));
        for one in &drawn {
            assert_eq!(one.len(), 3);
            assert!(one.is_sorted_by(|a, b| a.number < b.number));
            assert!(one.iter().all(|s| packages[s.number - 1] == s.path));
        }
    }

    #[test]
    fn sample_of_more_than_there_are_is_all() {
        assert_eq!(sample(vec!["a".into(), "b".into()], 10).len(), 2);
    }
}

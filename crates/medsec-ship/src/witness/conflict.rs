//! What it means that a witness has another size than the one it was asked to continue.

use std::error::Error;

use medsec_audit::PublishError;

/// Why the witness did not sign, by the size it says it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conflict {
    /// It has less than the checkpoint: it can be asked again, with the proof from there.
    Stale,
    /// It has a checkpoint of this size with another root.
    SameSize,
    /// It has more.
    Larger,
    /// It was given a proof from just this size, and had to sign or to say that the proof is wrong.
    Contradiction,
}

impl Conflict {
    /// The witness was asked to go from `old` to `size`, and answers that it has `seen`.
    pub(super) const fn of(old: u64, size: u64, seen: u64) -> Self {
        if seen > size {
            return Self::Larger;
        }
        // An empty tree has one root: it cannot be another's.
        match (seen == old, old == size && size > 0) {
            (true, true) => Self::SameSize,
            (true, false) => Self::Contradiction,
            (false, _) => Self::Stale,
        }
    }
}

/// Whether a source of proofs says that the log is not as large as was asked for.
pub(super) fn log_lacks_records(error: &(dyn Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.any(|error| matches!(error.downcast_ref(), Some(PublishError::Behind { .. })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::witness::WitnessError;

    #[test]
    fn only_a_smaller_size_that_is_new_leads_on() {
        for (old, size, seen, expected) in [
            (0, 50, 51, Conflict::Larger),
            (50, 50, 51, Conflict::Larger),
            (50, 50, 50, Conflict::SameSize),
            (0, 0, 0, Conflict::Contradiction),
            (7, 50, 7, Conflict::Contradiction),
            (0, 50, 0, Conflict::Contradiction),
            (0, 50, 50, Conflict::Stale),
            (7, 50, 0, Conflict::Stale),
        ] {
            assert_eq!(Conflict::of(old, size, seen), expected, "{old} {size} {seen}");
        }
    }

    #[test]
    fn only_the_log_itself_says_that_it_lacks_records() {
        let behind = PublishError::Behind { published: 9, found: 8 };
        assert!(log_lacks_records(&behind));
        assert!(!log_lacks_records(&PublishError::Fork { known: 9 }));
        assert!(!log_lacks_records(&std::io::Error::other("no")));
        assert!(log_lacks_records(&WitnessError::Proof(Box::new(behind))), "behind another error");
    }
}

//! Verdicts as exit codes, which of them is worse, and what to do about each finding.

use medsec_audit::{Finding, Verdict};

use crate::exit::Exit;

/// What the program ends with; nothing where all is well.
pub(crate) const fn exit(verdict: Verdict) -> Option<Exit> {
    match verdict {
        Verdict::Whole => None,
        Verdict::Stale => Some(Exit::Stale),
        Verdict::Torn => Some(Exit::Torn),
        Verdict::Rekeyed => Some(Exit::Rekeyed),
        Verdict::Truncated => Some(Exit::Truncated),
        Verdict::Fork => Some(Exit::Fork),
        _ => Some(Exit::Tampered),
    }
}

pub(crate) fn name(verdict: Verdict) -> &'static str {
    exit(verdict).map_or("whole", Exit::name)
}

/// How bad it is, to find the worst. What was not checked is worse than what was checked and explains itself.
pub(crate) const fn rank(exit: Exit) -> u8 {
    match exit {
        Exit::Stale => 1,
        Exit::Torn => 2,
        Exit::Rekeyed => 3,
        Exit::Truncated => 5,
        Exit::Fork => 6,
        Exit::Tampered => 7,
        _ => 4,
    }
}

/// The worst of several; nothing where there is none.
pub(crate) fn worst(exits: impl IntoIterator<Item = Option<Exit>>) -> Option<Exit> {
    exits.into_iter().flatten().max_by_key(|exit| rank(*exit))
}

/// What to do about a finding.
pub(crate) const fn next(finding: &Finding) -> &'static str {
    match finding {
        Finding::Tampered(_) | Finding::RetiredEarly { .. } => {
            "keep the files as they are, and find out who could write there"
        }
        Finding::Spine(_) => {
            "keep the files as they are; bring the stream's folders `spine` and `tile` back from a copy, and verify again"
        }
        Finding::Content { .. } => {
            "find out which program writes such records: readers may understand them differently"
        }
        Finding::Fork { .. } => "keep the log and the checkpoint as they are: two histories exist",
        Finding::Truncated { .. } => {
            "keep the files as they are, and look for the newest copy; `medsec audit repair` goes on without what is missing"
        }
        Finding::Lost { .. } => "nothing: a repair gave them up, which is told for good",
        Finding::Rekeyed { .. } => {
            "ask who ran `medsec audit rekey`, and when; else the log key is stolen"
        }
        Finding::Torn { .. } => "nothing: the next writer puts it aside",
        Finding::Stale { .. } => {
            "find out why nothing is recorded; `medsec audit test` writes a record"
        }
        Finding::Ahead { .. } => {
            "compare this machine's clock and the writer's with the time; until they agree, age shows nothing"
        }
        _ => "run `medsec audit verify --strict --content`, and keep the files as they are",
    }
}

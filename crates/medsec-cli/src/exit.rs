//! The program's exit codes. They are stable; `docs/cli.md` describes them.

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything was done.
    Done,
    /// Several inputs failed for different reasons, the demo does not hold, or the machine lacks
    /// something such as randomness or memory.
    Failure,
    /// The command line, a context file, a public key or a secret's file is malformed; nothing was touched.
    Usage,
    /// An input is not a sealed package of a kind this version reads.
    Format,
    /// A package, but not the one expected: another recipient, signer, set of context names.
    Expectation,
    /// Wrong key, wrong context or altered package; which of them is not told.
    NotAuthentic,
    /// Key, context and header are right, but payload or metadata are damaged.
    Damaged,
    /// The signature is missing or does not fit.
    Signature,
    /// The output exists already, is a folder or is not a regular file; it was left alone.
    Output,
    /// Reading or writing failed, or a key service cannot be reached.
    Io,
    /// Stopped by a signal; nothing was left behind.
    Interrupted,
    /// The identity file gives no key: open to others, malformed, or wrong passphrase.
    Identity,
    /// The package was not rewrapped, or not finished: locked, linked, changed meanwhile.
    Rewrap,
    /// The folder is not what its signed manifest says.
    Manifest,
    /// The key store is missing, damaged, foreign, older than it was, or busy; or a change failed; or a key service
    /// elsewhere refuses.
    Store,
    /// The key may not be used or changed so: unknown, not granted, disabled, destroyed.
    Key,
    /// A change of the key store is in place, but something that follows it failed. Not to be made again.
    Unfinished,
    /// The audit log is missing, does not fit the pin, cannot be gone on with, or is busy.
    Log,
    /// The audit log is not what its writer wrote.
    Tampered,
    /// Records of the audit log are missing.
    Truncated,
    /// The audit log is another one than an anchor or checkpoint knows.
    Fork,
    /// An epoch key of the audit log was replaced by the log key.
    Rekeyed,
    /// A batch at the end of the audit log was interrupted.
    Torn,
    /// The newest record of the audit log is older than it may be.
    Stale,
    /// The policy does not permit it, or demands more.
    Denied,
    /// Nobody is logged in, or the session has ended.
    Session,
    /// There is no policy in force that can be trusted, or its source is wrong.
    Policy,
    /// The machine's clock cannot be relied on.
    Clock,
}

impl Exit {
    /// All of them, in the order of their codes.
    pub(crate) const ALL: [Self; 28] = [
        Self::Done,
        Self::Failure,
        Self::Usage,
        Self::Format,
        Self::Expectation,
        Self::NotAuthentic,
        Self::Damaged,
        Self::Signature,
        Self::Output,
        Self::Io,
        Self::Interrupted,
        Self::Identity,
        Self::Rewrap,
        Self::Manifest,
        Self::Store,
        Self::Key,
        Self::Unfinished,
        Self::Log,
        Self::Tampered,
        Self::Truncated,
        Self::Fork,
        Self::Rekeyed,
        Self::Torn,
        Self::Stale,
        Self::Denied,
        Self::Session,
        Self::Policy,
        Self::Clock,
    ];

    /// The number the operating system is given.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Format => 3,
            Self::Expectation => 4,
            Self::NotAuthentic => 5,
            Self::Damaged => 6,
            Self::Signature => 7,
            Self::Output => 8,
            Self::Io => 9,
            Self::Interrupted => 10,
            Self::Identity => 11,
            Self::Rewrap => 12,
            Self::Manifest => 13,
            Self::Store => 14,
            Self::Key => 15,
            Self::Unfinished => 16,
            Self::Log => 17,
            Self::Tampered => 18,
            Self::Truncated => 19,
            Self::Fork => 20,
            Self::Rekeyed => 21,
            Self::Torn => 22,
            Self::Stale => 23,
            Self::Denied => 24,
            Self::Session => 25,
            Self::Policy => 26,
            Self::Clock => 27,
        }
    }

    /// The name in JSON documents.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Done => "ok",
            Self::Failure => "failure",
            Self::Usage => "usage",
            Self::Format => "format",
            Self::Expectation => "expectation",
            Self::NotAuthentic => "not-authentic",
            Self::Damaged => "damaged",
            Self::Signature => "signature",
            Self::Output => "output",
            Self::Io => "io",
            Self::Interrupted => "interrupted",
            Self::Identity => "identity",
            Self::Rewrap => "rewrap",
            Self::Manifest => "manifest",
            Self::Store => "store",
            Self::Key => "key",
            Self::Unfinished => "unfinished",
            Self::Log => "log",
            Self::Tampered => "tampered",
            Self::Truncated => "truncated",
            Self::Fork => "fork",
            Self::Rekeyed => "rekeyed",
            Self::Torn => "torn",
            Self::Stale => "stale",
            Self::Denied => "denied",
            Self::Session => "session",
            Self::Policy => "policy",
            Self::Clock => "clock",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn codes_stand_in_the_documentation() {
        let page = include_str!("../../../docs/cli.md");
        for (code, exit) in Exit::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(exit.code()), code);
            let row = format!("| {code} | `{}` |", exit.name());
            assert!(page.contains(&row), "{row}");
        }
    }
}

//! The libraries' errors in the terms of the program.

use medsec_crypto::{
    ExpectationError, FormatError, HeaderError, InvalidValue, NotAuthentic, OpenError, OutputError,
    RandomError, RewrapError, SealError, SignatureError, WrapError,
};
use medsec_kms::{LoadError, ProtectError, UnlockError};

use super::Failure;
use crate::exit::Exit;

impl From<FormatError> for Failure {
    fn from(error: FormatError) -> Self {
        let failure = Self::new(Exit::Format, error.to_string());
        match error {
            FormatError::NotAPackage => failure.next("is this the sealed file?"),
            FormatError::Version { .. } | FormatError::Suite { .. } => {
                failure.next("a newer medsec may read it")
            }
            FormatError::Truncated { .. } => {
                failure.next("the copy is not complete; fetch the package again")
            }
            FormatError::TextTransfer => {
                Self::new(Exit::Format, "sealed package damaged by a transfer in text mode")
                    .next("copy the original again as binary")
            }
            _ => failure.next("fetch an undamaged copy of the package"),
        }
    }
}

impl From<ExpectationError> for Failure {
    fn from(error: ExpectationError) -> Self {
        let failure = Self::new(Exit::Expectation, format!("{error}; nothing was opened"));
        match error {
            ExpectationError::NotARecipient => failure
                .next("ask the sender to seal or rewrap to your key (`medsec identity show`)"),
            ExpectationError::NotSigned => {
                failure.next("ask for a signed package, or accept any with --any-signer")
            }
            ExpectationError::Signer => {
                failure.next("`medsec inspect` shows who signed; check that key with the sender")
            }
            _ => failure.next("`medsec inspect` shows what the package says of itself"),
        }
    }
}

impl From<NotAuthentic> for Failure {
    fn from(error: NotAuthentic) -> Self {
        Self::new(Exit::NotAuthentic, format!("{error}; nothing was opened")).next(
            "check that the context is that of this very package; if it is, fetch the package again",
        )
    }
}

impl From<SignatureError> for Failure {
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::NotSigned => Self::new(Exit::Signature, error.to_string())
                .next("ask for a signed package; with --identity `medsec verify` checks this one"),
            SignatureError::UnexpectedSigner => Self::new(Exit::Signature, error.to_string())
                .next("`medsec inspect` shows who signed; check that key with the sender"),
            _ => Self::new(Exit::Signature, format!("{error}; nothing was released"))
                .next("do not use this copy; ask the sender"),
        }
    }
}

impl From<OutputError> for Failure {
    fn from(error: OutputError) -> Self {
        match error {
            OutputError::Io(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Self::new(Exit::Io, "the folder of the output is not there; nothing was written")
                    .next("make the folder first, or name another one")
            }
            OutputError::Io(error) => {
                Self::io("the output could not be written, and nothing was left", &error)
            }
            OutputError::Exists => {
                Self::new(Exit::Output, "the output exists already; it was left as it is")
                    .next("choose another name, or remove the old file")
            }
            other => Self::new(Exit::Output, other.to_string()).next("choose another name"),
        }
    }
}

impl From<HeaderError> for Failure {
    fn from(error: HeaderError) -> Self {
        OpenError::from(error).into()
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Format(error) => error.into(),
            OpenError::Expectation(error) => error.into(),
            OpenError::NotAuthentic(error) => error.into(),
            OpenError::Signature(error) => error.into(),
            OpenError::Output(error) => error.into(),
            OpenError::Interrupted => Self::interrupted(),
            OpenError::Read(error) => Self::io("reading the package failed", &error),
            OpenError::Write(error) => {
                Self::io("the content could not be written, and no file was left", &error)
            }
            OpenError::Damaged { .. } | OpenError::DamagedMetadata => {
                Self::new(Exit::Damaged, error.to_string())
                    .next("the rest of the package is authentic; fetch an undamaged copy")
            }
            OpenError::TooLong | OpenError::OverLimit { .. } => {
                Self::new(Exit::Expectation, error.to_string())
                    .next("ask the sender for the content in parts")
            }
            other => Self::new(Exit::Failure, other.to_string()),
        }
    }
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Value(error) => error.into(),
            SealError::Format(error) => Self::usage(format!("{error}; nothing was sealed")),
            SealError::Random(error) => error.into(),
            SealError::Wrap(error) => error.into(),
            SealError::Read(error) => {
                Self::io("reading the content failed; nothing was sealed", &error)
            }
            SealError::Write(error) => {
                Self::io("the package could not be written, and no package was left", &error)
            }
            SealError::Output(error) => error.into(),
            SealError::Interrupted => Self::interrupted(),
            other => Self::new(Exit::Failure, other.to_string()),
        }
    }
}

impl From<WrapError> for Failure {
    fn from(error: WrapError) -> Self {
        match error {
            WrapError::Random(error) => error.into(),
            _ => Self::usage("a recipient's public key is not usable; nothing was written")
                .next("ask the recipient for a new public key"),
        }
    }
}

impl From<InvalidValue> for Failure {
    fn from(error: InvalidValue) -> Self {
        Self::usage(format!("{error}; nothing was sealed"))
            .next("`medsec help seal` describes the values")
    }
}

impl From<RandomError> for Failure {
    fn from(error: RandomError) -> Self {
        Self::new(Exit::Failure, error.to_string())
            .next("see to the machine's random number generator")
    }
}

impl From<RewrapError> for Failure {
    fn from(error: RewrapError) -> Self {
        let failure = Self::new(Exit::Rewrap, error.to_string());
        match error {
            RewrapError::Format(error) => error.into(),
            RewrapError::NotAuthentic(_) => Self::new(
                Exit::NotAuthentic,
                "the recipients are not authentic under this key; nothing was changed",
            )
            .next("the package was altered or is not whole; fetch it again"),
            RewrapError::Output(error) => error.into(),
            RewrapError::Read(error) => {
                Self::io("reading the package failed; its recipients are as they were", &error)
            }
            RewrapError::Write(error) => Self::io(
                "writing the package failed; it opens with its old or its new recipients",
                &error,
            ),
            RewrapError::Linked | RewrapError::CannotLock(_) | RewrapError::DoesNotFit => {
                failure.next("rewrap into a copy with -o")
            }
            _ => failure.next("run the command again"),
        }
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Io(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Self::io("the identity file cannot be read", &error)
                    .next("name another one, or restore it from a backup; `medsec config show` tells where the user's own should be")
            }
            LoadError::Io(error) => Self::io("the identity file cannot be read", &error),
            LoadError::Format(error) => Self::new(Exit::Identity, error.to_string()).next(
                "name the file that `medsec identity new` wrote, or restore it from a backup",
            ),
            other => Self::new(Exit::Identity, other.to_string())
                .next("whoever could read it may have the key: consider making a new one"),
        }
    }
}

impl From<UnlockError> for Failure {
    fn from(error: UnlockError) -> Self {
        let failure = Self::new(Exit::Identity, format!("{error}; nothing was done"));
        match error {
            UnlockError::Memory => failure.next("free some memory, or use another machine"),
            _ => failure
                .next("try the passphrase again; if it is right, restore the file from a backup"),
        }
    }
}

impl From<ProtectError> for Failure {
    fn from(error: ProtectError) -> Self {
        Self::new(Exit::Failure, format!("{error}; nothing was written"))
            .next("free some memory, or use another machine")
    }
}

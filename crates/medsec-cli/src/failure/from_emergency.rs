//! What goes wrong with emergencies and with shares of their keys.

use medsec::BookError;
use medsec_kms::{AddShareError, CombineError, InvalidScheme, LoadShareError, StageError};
use medsec_policy::{ClaimError, EmergencyOver, ReviewError, TooManyParticipants};

use super::Failure;
use crate::exit::Exit;

impl From<BookError> for Failure {
    fn from(error: BookError) -> Self {
        let failure = |exit| Self::new(exit, format!("{error}; nothing was changed"));
        match error {
            BookError::Io(error) => {
                Self::io("the records of emergencies cannot be read or locked", &error)
            }
            BookError::Write(error) => error.into(),
            BookError::Busy => failure(Exit::Io).next("run the command again"),
            BookError::Unknown => {
                failure(Exit::Usage).next("`medsec emergency status` shows those that there are")
            }
            BookError::TooMany => failure(Exit::Denied)
                .next("have them reviewed by somebody else: `medsec emergency review`"),
            _ => failure(Exit::Failure).next(
                "find out who changed it; `medsec audit show --emergency` tells what happened",
            ),
        }
    }
}

impl From<ClaimError> for Failure {
    fn from(error: ClaimError) -> Self {
        let failure = Self::new(Exit::Denied, format!("{error}; nothing was opened"));
        match error {
            ClaimError::Clock(_) => Self { exit: Exit::Clock, ..failure }
                .next("see whether the machine's clock is right"),
            ClaimError::Duration { .. } => failure.next("give another --for"),
            ClaimError::Authentication { .. } => {
                failure.next("give --identity FILE, so that it is unlocked now")
            }
            _ => failure
                .next("the settings of the policy say which reasons count, and who may claim"),
        }
    }
}

impl From<ReviewError> for Failure {
    fn from(error: ReviewError) -> Self {
        let failure = Self::new(Exit::Denied, format!("{error}; nothing was changed"));
        match error {
            ReviewError::StillOpen => failure.next("end it first: `medsec emergency close ID`"),
            ReviewError::Reviewed => failure.next("nothing is left to do"),
            ReviewError::Clock(_) => Self { exit: Exit::Clock, ..failure }
                .next("see whether the machine's clock is right"),
            _ => failure.next("ask an auditor who had no part in it"),
        }
    }
}

impl From<EmergencyOver> for Failure {
    fn from(error: EmergencyOver) -> Self {
        Self::new(Exit::Denied, format!("{error}; nothing was changed"))
            .next("`medsec emergency status` shows what is open")
    }
}

impl From<TooManyParticipants> for Failure {
    fn from(error: TooManyParticipants) -> Self {
        Self::new(Exit::Denied, format!("{error}; nothing was opened"))
            .next("end this emergency and claim another")
    }
}

impl From<InvalidScheme> for Failure {
    fn from(error: InvalidScheme) -> Self {
        Self::usage(error.to_string()).next("give --threshold and --shares, as 3 and 5")
    }
}

impl From<StageError> for Failure {
    fn from(error: StageError) -> Self {
        Self::new(Exit::Failure, format!("{error}; nothing was made"))
            .next("give --kind x25519 or x-wing, and run the command again")
    }
}

impl From<LoadShareError> for Failure {
    fn from(error: LoadShareError) -> Self {
        match error {
            LoadShareError::Io(error) => Self::io("the share cannot be read", &error),
            error => Self::new(Exit::Identity, error.to_string())
                .next("see whether it is the right file; a line of paper can be typed again"),
        }
    }
}

impl From<AddShareError> for Failure {
    fn from(error: AddShareError) -> Self {
        let failure = Self::new(Exit::Identity, error.to_string());
        match error {
            AddShareError::WrongPassphrase => {
                failure.next("have its custodian type the passphrase again")
            }
            AddShareError::Duplicate { .. } => failure.next("bring another custodian's share"),
            AddShareError::Foreign => {
                failure.next("bring the shares that were made together with the key of the policy")
            }
            AddShareError::PassphraseNeeded => {
                failure.next("give --passphrase-fds with one for each share under a passphrase")
            }
            _ => failure.next("leave it out, and bring another share of the same key"),
        }
    }
}

impl From<CombineError> for Failure {
    fn from(error: CombineError) -> Self {
        Self::new(Exit::Identity, format!("{error}; there is no key and nothing was opened"))
            .next("bring more shares, or other ones; `medsec emergency drill` tries them")
    }
}

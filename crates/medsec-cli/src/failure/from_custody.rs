//! What refusals of the Custodian and faults of the policy mean for a user.

use medsec::{CustodianError, Demand, JournalError, NotLoggedIn, Refused, ReleaseError, UseError};
use medsec_policy::{BundleError, LoadError, MarkError, Refusal, SourceError};

use super::Failure;
use crate::exit::Exit;

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let nothing = |exit| Self::new(exit, format!("{refused}; nothing was done"));
        match refused {
            Refused::Login(why) => why.into(),
            Refused::Policy(why) => nothing(Exit::Denied).next(of_refusal(why)),
            Refused::Demand(demand) => nothing(Exit::Denied).next(of_demand(demand)),
            Refused::Decision(_) => {
                nothing(Exit::Policy).next("`medsec policy check` looks for what is wrong with it")
            }
            Refused::Clock(_) => nothing(Exit::Clock).next(
                "set the machine's clock right; `medsec audit show` tells the last record's time",
            ),
            Refused::Record(error) => error.into(),
            Refused::Open(error) => error.into(),
            Refused::Seal(error) => error.into(),
            Refused::Rewrap(error) => error.into(),
            Refused::Key(error) => error.into(),
            Refused::NeedsDataKey => nothing(Exit::Expectation)
                .next("run the command again: the package is rewrapped with its data key then"),
            _ => nothing(Exit::Failure),
        }
    }
}

fn of_refusal(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Purpose => {
            "say why with --purpose CODE, such as TREAT; `medsec policy explain` tells which are permitted"
        }
        Refusal::StepUp => {
            "prove again who you are: `medsec login`, or an identity file under a passphrase"
        }
        Refusal::UnknownPrincipal => "who administers the policy can add you to its roles.toml",
        _ => "`medsec policy explain` tells which rule decided, and what would have to differ",
    }
}

fn of_demand(demand: Demand) -> &'static str {
    match demand {
        Demand::Dataset => "name the data set with --dataset ID, or set user.dataset",
        Demand::Signature => "seal with --sign-with FILE; open with --signer PUBKEY",
        Demand::Recipient => "leave the recipients that the policy demands in their place",
        Demand::LastKey => {
            "add one in the same call with --to-key: `medsec policy show` names them"
        }
        Demand::Key => "seal under a key that the policy names: `medsec policy show`",
        Demand::OwnDataKey => {
            "take `seal` out of [shared_data_keys] in config.toml, or have the policy permit it"
        }
        Demand::KeyAge => "`medsec key rotate` makes a new version",
        Demand::Bound => {
            "it was sealed under another policy; if it is from before there was one, give --accept-unbound"
        }
        Demand::AlwaysBound => {
            "it was sealed under another policy, and `opening.unbound_packages` of this one refuses all of those: `medsec policy show`"
        }
        _ => "`medsec policy show` tells what it demands",
    }
}

impl From<NotLoggedIn> for Failure {
    fn from(why: NotLoggedIn) -> Self {
        Self::new(Exit::Session, format!("{why}; nothing was done"))
            .next("log in again: `medsec login`")
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Log(error) => error.into(),
            _ => Self::new(Exit::Log, format!("{error}; nothing was done"))
                .next("see whether the agent runs and what the disk of the log has"),
        }
    }
}

impl From<ReleaseError> for Failure {
    fn from(error: ReleaseError) -> Self {
        match error {
            ReleaseError::Login(why) => why.into(),
            ReleaseError::Open(error) => error.into(),
            ReleaseError::Seal(error) => error.into(),
            ReleaseError::Output(error) => error.into(),
            ReleaseError::Record(error) => error.into(),
            error => Self::new(Exit::Failure, error.to_string()),
        }
    }
}

impl From<UseError> for Failure {
    fn from(error: UseError) -> Self {
        match error {
            UseError::Login(why) => why.into(),
            UseError::Open(error) => error.into(),
            UseError::Rewrap(error) => error.into(),
            error => Self::new(Exit::Failure, error.to_string()),
        }
    }
}

impl From<CustodianError> for Failure {
    fn from(error: CustodianError) -> Self {
        let failure = |exit| Self::new(exit, format!("{error}; nothing was done"));
        match error {
            CustodianError::Clock(_) => failure(Exit::Clock).next("set the machine's clock right"),
            CustodianError::Retention { .. } => failure(Exit::Policy)
                .next("make a log that keeps its records for longer, or change the policy"),
            CustodianError::Recipient(_) => {
                failure(Exit::Policy).next("correct the required recipients in policy.toml")
            }
            _ => failure(Exit::Failure),
        }
    }
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        Self::new(
            Exit::Policy,
            format!("the policy in force cannot be trusted: {error}; nothing was done"),
        )
        .next("find out who changed it; an administrator can sign it anew: `medsec policy sign`")
    }
}

impl From<MarkError> for Failure {
    fn from(error: MarkError) -> Self {
        Self::new(Exit::Policy, format!("{error}; nothing was done"))
            .next("find out who put it there; `medsec policy show` tells which it is, `medsec policy accept` takes it")
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Self::new(Exit::Policy, error.to_string())
            .next("correct it there; docs/policies.md describes the files")
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self::new(Exit::Policy, error.to_string())
            .next("correct the rules; docs/policies.md describes them")
    }
}

//! Custodians' shares: where their passphrases come from, and the key that they make.

use std::path::PathBuf;

use clap::Args;
use medsec::{EmergencyKeyUse, EmergencyNote, EmergencyStep};
use medsec_audit::{Failure as Cause, Outcome};
use medsec_crypto::HpkeIdentity;
use medsec_kms::{
    CombineError, EmergencyShares, LoadShareError, Passphrase, PrivateKey, PublicKey, ShareScheme,
    ShareText,
};
use medsec_policy::EmergencyRecord;

use crate::custody::Custody;
use crate::failure::Failure;
use crate::passphrase::{ask, from_descriptor};

/// Passphrases of several people.
#[derive(Clone, Debug, Args)]
pub(super) struct PassphrasesOption {
    /// Read the passphrases of the shares from these file descriptors, one for each share under a passphrase and in
    /// the order of the shares, instead of asking on the terminal.
    #[arg(long, value_name = "N,N", value_delimiter = ',')]
    passphrase_fds: Vec<u32>,
}

/// The shares that custodians bring.
#[derive(Clone, Debug, Args)]
pub(super) struct SharesOption {
    /// A share: a custodian's file, or the typed text of one on paper. Repeat it for each.
    #[arg(long = "share", alias = "shares", required = true, value_name = "FILE")]
    shares: Vec<PathBuf>,
    #[command(flatten)]
    passphrases: PassphrasesOption,
}

/// Shares that were read, with the passphrases of those under one.
pub(super) struct Brought(Vec<(Result<ShareText, LoadShareError>, Option<Passphrase>)>);

/// A share, with the passphrase of one that is under one.
type Text = (ShareText, Option<Passphrase>);

/// The key that shares made.
pub(super) struct Combined {
    pub(super) identity: HpkeIdentity,
    pub(super) public_key: PublicKey,
    pub(super) scheme: ShareScheme,
    /// Whether the policy in force names it.
    pub(super) is_required: bool,
}

impl PassphrasesOption {
    /// Whether one of them is taken from standard input.
    pub(super) fn uses_stdin(&self) -> bool {
        self.passphrase_fds.contains(&0)
    }

    /// The passphrase of an existing share, which is the `nth` under one.
    fn read(&self, nth: usize, share: u8) -> Result<Passphrase, Failure> {
        match (self.passphrase_fds.is_empty(), self.passphrase_fds.get(nth)) {
            (_, Some(descriptor)) => from_descriptor(*descriptor),
            (true, None) => ask(&format!("Passphrase of share {share}: ")),
            (false, None) => Err(too_few()),
        }
    }

    /// The passphrases of `count` new shares: each custodian has one of their own.
    pub(super) fn choose(&self, count: u8) -> Result<Vec<Passphrase>, Failure> {
        if !self.passphrase_fds.is_empty() && self.passphrase_fds.len() != usize::from(count) {
            return Err(too_few());
        }
        let mut chosen: Vec<Passphrase> = Vec::new();
        for share in 1..=count {
            let next = match self.passphrase_fds.get(chosen.len()) {
                Some(descriptor) => from_descriptor(*descriptor)?,
                None => ask_twice(share)?,
            };
            if chosen.iter().any(|other| other.matches(&next)) {
                return Err(Failure::usage(
                    "two custodians chose the same passphrase; nothing was made",
                )
                .next("let each custodian choose one, unseen by the others"));
            }
            chosen.push(next);
        }
        Ok(chosen)
    }
}

fn ask_twice(share: u8) -> Result<Passphrase, Failure> {
    let first = ask(&format!("New passphrase of the custodian of share {share}: "))?;
    let again = ask("The same again: ")?;
    match first.matches(&again) {
        true => Ok(first),
        false => Err(Failure::usage("the passphrases differ; nothing was made")
            .next("run the command again")),
    }
}

fn too_few() -> Failure {
    Failure::usage(
        "--passphrase-fds does not name one file descriptor for each share under a passphrase",
    )
    .next("name as many as there are such shares, in their order")
}

impl SharesOption {
    /// How many there are.
    pub(super) const fn count(&self) -> usize {
        self.shares.len()
    }

    /// Whether a passphrase is taken from standard input.
    pub(super) fn uses_stdin(&self) -> bool {
        self.passphrases.uses_stdin()
    }

    /// Reads the shares and has their passphrases typed, before anything is locked. What is wrong with a share shows
    /// when they are put together, so that it is recorded.
    pub(super) fn collect(&self) -> Result<Brought, Failure> {
        let mut brought = Vec::with_capacity(self.shares.len());
        let mut asked = 0_usize;
        for path in &self.shares {
            let share = ShareText::load(path);
            let locked = share.as_ref().ok().filter(|one| one.passphrase_params().is_some());
            let passphrase =
                locked.map(|one| self.passphrases.read(asked, one.index())).transpose()?;
            asked = asked.saturating_add(usize::from(passphrase.is_some()));
            brought.push((share, passphrase));
        }
        Ok(Brought(brought))
    }
}

impl Brought {
    /// Whether they say that they are of a key which the policy in force names: then its custodians are known here.
    pub(super) fn are_of_policy(&self, custody: &Custody) -> bool {
        let mut shares = self.0.iter().filter_map(|(share, _)| share.as_ref().ok());
        shares.any(|share| required(custody, share).is_some())
    }

    /// Puts them together, on record before any of them is unlocked. How that ended is for the caller to record; that
    /// they make no key is recorded here.
    pub(super) fn combine(
        self,
        custody: &Custody,
        record: Option<&EmergencyRecord>,
        aim: EmergencyKeyUse,
    ) -> Result<(Combined, EmergencyStep), Failure> {
        let texts = self.texts().or_else(|failure| {
            custody.note_emergency(record, EmergencyNote::KeyNotMade(aim))?;
            Err(failure)
        })?;
        let set = texts.first().map(|(share, _)| share.set()).ok_or_else(too_few)?;
        let step = custody.announce_key_use(record, set, aim)?;
        match Self::combined(custody, &texts) {
            Ok(combined) => Ok((combined, step)),
            Err(failure) => {
                step.ended(Outcome::Failure(Cause::Identity))?;
                Err(failure)
            }
        }
    }

    /// Those that can be read, or what is wrong with the first that cannot.
    fn texts(self) -> Result<Vec<Text>, Failure> {
        let read =
            |(number, (share, passphrase)): (usize, (Result<ShareText, LoadShareError>, _))| {
                Ok((share.map_err(|error| placed(number, error.into()))?, passphrase))
            };
        self.0.into_iter().enumerate().map(read).collect()
    }

    fn combined(custody: &Custody, texts: &[Text]) -> Result<Combined, Failure> {
        let first = texts.first().map(|(share, _)| share).ok_or_else(too_few)?;
        let (scheme, required) = (first.scheme(), required(custody, first));
        let mut shares = match &required {
            Some(key) => EmergencyShares::of(key.clone()),
            None => EmergencyShares::new(),
        };
        for (number, (share, passphrase)) in texts.iter().enumerate() {
            let added = shares.add(share, passphrase.as_ref());
            added.map_err(|error| placed(number, error.into()))?;
        }
        let key = shares.combine()?;
        let public_key = key.public_key();
        let is_required = required.is_some_and(|required| required == public_key);
        match key {
            PrivateKey::Identity(identity) => {
                Ok(Combined { identity, public_key, scheme, is_required })
            }
            _ => Err(CombineError::NotTheKey.into()),
        }
    }
}

/// The key of the policy in force that the share says it is of.
fn required(custody: &Custody, share: &ShareText) -> Option<PublicKey> {
    let keys = custody.settings().sealing.required_recipients.iter();
    let mut keys = keys.filter_map(|key| key.as_str().parse::<PublicKey>().ok());
    keys.find(|key| share.is_of(key))
}

fn placed(number: usize, failure: Failure) -> Failure {
    let place = number.saturating_add(1);
    Failure { message: format!("--share no. {place}: {}", failure.message), ..failure }
}

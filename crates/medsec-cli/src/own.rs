//! The key store and the user's own keys to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use medsec_audit::Action;
use medsec_crypto::{HpkeIdentity, SigningKey};
use medsec_kms::{
    Administrator, Change, ChangeError, IdentityFile, KeyName, LocalStore, PrivateKey, PublicKey,
    UserName,
};

use crate::custody::{Act, Announced, Attempt, CustodyOption, PurposeOption, not_administrator};
use crate::failure::Failure;
use crate::passphrase::PassphraseOption;
use crate::report::Report;
use crate::session::{Session, now};

/// Whose keys to use, where the settings do not say it, or others are wanted.
#[derive(Clone, Debug, Args)]
pub(crate) struct OwnOption {
    /// Identity file of a user of the key store; by default the one in the settings.
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
    /// Identity file of the same user's signer key; by default the one in the settings.
    #[arg(long, value_name = "FILE")]
    pub(crate) sign_with: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseOption,
}

/// A user's private keys.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) identity: HpkeIdentity,
    pub(crate) signer: SigningKey,
}

/// Opens the key store of the settings.
pub(crate) fn open_store(session: &Session) -> Result<LocalStore, Failure> {
    Ok(LocalStore::open(session.settings()?.store_place())?)
}

impl OwnOption {
    /// Both keys.
    pub(crate) fn load(&self, session: &Session) -> Result<Own, Failure> {
        let settings = session.settings()?;
        let identity = self.identity.as_deref().or(settings.identity.value.as_deref());
        let signer = self.sign_with.as_deref().or(settings.signer.value.as_deref());
        let (identity, signer) = load(identity, signer, &self.passphrase)?;
        let (Some(identity), Some(signer)) = (identity, signer) else {
            return Err(unnamed());
        };
        Ok(Own { identity, signer })
    }

    /// As who is at the Custodian, for no purpose of use.
    pub(crate) fn as_custody(&self) -> CustodyOption {
        CustodyOption {
            identity: self.identity.clone(),
            passphrase: self.passphrase.clone(),
            purpose: PurposeOption { purpose: None },
        }
    }

    /// Makes one change of the store, as an administrator, and says what became of it. `asked` is on record of whoever
    /// is refused. `told` says what is done, as the audit log calls it: it is on record before it happens, and how it
    /// ended behind it.
    pub(crate) fn change<T>(
        &self,
        session: &Session,
        asked: &Act,
        change: impl FnOnce(&mut Change<'_>) -> Result<T, ChangeError>,
        told: impl FnOnce(&T) -> Vec<Act>,
    ) -> Result<Changed<T>, Failure> {
        let attempt = Attempt::new(session, asked.action(), None);
        let mut store = attempt.told(open_store(session))?;
        let own = attempt.told(self.load(session))?;
        let present = store.present_users();
        let who = holder(present.map(|user| (user.name(), user.recipient())), &own);
        let begun = store.change(own.administrator(), now());
        let mut begun = begun.map_err(|error| match (&error, &who) {
            (ChangeError::NotAdministrator, Some(who)) => {
                not_administrator(session, who, asked, error.into())
            }
            (ChangeError::NotAdministrator, None) => attempt.refused_of(error.into()),
            _ => error.into(),
        })?;
        let value = change(&mut begun)?;
        let destroyed = begun.shredded().to_vec();
        let mut acts = told(&value);
        acts.extend(destroyed.iter().map(|key| Act::on_key(Action::KeyDestroy, key)));
        if begun.is_changed() && !acts.is_empty() {
            let announced = Announced::record(session, &who.ok_or_else(unnamed)?, &acts)?;
            announced.ended(begun.commit().map_err(Failure::from))?;
        } else {
            begun.commit()?;
        }
        Ok(Changed { store, value, destroyed })
    }
}

/// The user whose identity it is.
pub(crate) fn holder<'u>(
    mut users: impl Iterator<Item = (&'u UserName, &'u PublicKey)>,
    own: &Own,
) -> Option<UserName> {
    let key = PublicKey::from(own.identity.recipient().clone());
    users.find(|(_, recipient)| **recipient == key).map(|(name, _)| name.clone())
}

/// What became of a change.
pub(crate) struct Changed<T> {
    /// The store as it is now.
    pub(crate) store: LocalStore,
    pub(crate) value: T,
    /// Keys whose time to be destroyed had come.
    pub(crate) destroyed: Vec<KeyName>,
}

impl<T> Changed<T> {
    /// Adds what was destroyed along with the change.
    pub(crate) fn tell(&self, report: Report) -> Report {
        let names: Vec<&str> = self.destroyed.iter().map(KeyName::as_str).collect();
        let lines =
            names.iter().map(|name| format!("`{name}` was due to be destroyed and is gone"));
        lines.fold(report, Report::line).field("destroyed", names)
    }
}

impl Own {
    pub(crate) const fn administrator(&self) -> Administrator<'_> {
        Administrator { identity: &self.identity, signer: &self.signer }
    }
}

/// Private keys from files.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) identities: Vec<Arc<HpkeIdentity>>,
    pub(crate) signer: Option<SigningKey>,
    /// Whether the first of the identities is under a passphrase.
    pub(crate) protected: bool,
}

/// Loads the files that are named. One passphrase serves all.
pub(crate) fn load_all(
    identities: &[Option<&Path>],
    signer: Option<&Path>,
    passphrase: &PassphraseOption,
) -> Result<Loaded, Failure> {
    let read = |path: &Path| IdentityFile::load(path);
    let identities = identities.iter().flatten().map(|path| read(path));
    let identities = identities.collect::<Result<Vec<_>, _>>()?;
    let signer = signer.map(read).transpose()?;
    let is_locked = |file: &IdentityFile| file.passphrase_params().is_some();
    let protected = identities.first().is_some_and(is_locked);
    let locked = identities.iter().chain(&signer).any(is_locked);
    let passphrase = locked.then(|| passphrase.read()).transpose()?;
    let unlock = |file: &IdentityFile| Ok::<_, Failure>(file.unlock(passphrase.as_ref())?);
    let identity = |file: &IdentityFile| as_identity(unlock(file)?).map(Arc::new);
    Ok(Loaded {
        identities: identities.iter().map(identity).collect::<Result<_, _>>()?,
        signer: signer.as_ref().map(|file| as_signer(unlock(file)?)).transpose()?,
        protected,
    })
}

/// Whether the identity file says that it is that of a user of the store, present or removed.
pub(crate) fn is_of_user(store: &LocalStore, identity: &Path) -> Result<bool, Failure> {
    let identity = IdentityFile::load(identity)?;
    Ok(store.users().any(|user| user.recipient() == identity.public_key()))
}

/// Loads the files that are named. One passphrase serves both.
pub(crate) fn load(
    identity: Option<&Path>,
    signer: Option<&Path>,
    passphrase: &PassphraseOption,
) -> Result<(Option<HpkeIdentity>, Option<SigningKey>), Failure> {
    let read = |path: Option<&Path>| path.map(IdentityFile::load).transpose();
    let (identity, signer) = (read(identity)?, read(signer)?);
    let mut files = [&identity, &signer].into_iter().flatten();
    let locked = files.any(|file| file.passphrase_params().is_some());
    let passphrase = locked.then(|| passphrase.read()).transpose()?;
    let unlock = |file: &IdentityFile| Ok::<_, Failure>(file.unlock(passphrase.as_ref())?);
    Ok((
        identity.as_ref().map(|file| as_identity(unlock(file)?)).transpose()?,
        signer.as_ref().map(|file| as_signer(unlock(file)?)).transpose()?,
    ))
}

fn as_identity(key: PrivateKey) -> Result<HpkeIdentity, Failure> {
    match key {
        PrivateKey::Identity(identity) => Ok(identity),
        _ => Err(Failure::usage(
            "the identity file holds a signer's key, which cannot open packages",
        )
        .next(
            "name the identity file of a recipient; `medsec identity show` tells which is which",
        )),
    }
}

fn as_signer(key: PrivateKey) -> Result<SigningKey, Failure> {
    match key {
        PrivateKey::Signer(signer) => Ok(signer),
        _ => Err(Failure::usage("the identity file holds a recipient's key, which cannot sign")
            .next("make one with `medsec identity new --kind signer`")),
    }
}

pub(crate) fn unnamed() -> Failure {
    Failure::usage("no identity is named, neither on the command line nor in the settings")
        .next("give --identity FILE (and --sign-with FILE where something is signed), or run `medsec init`")
}

/// The two files of a user in a folder.
pub(crate) fn files_of(folder: &Path, user: &str) -> (PathBuf, PathBuf) {
    (folder.join(format!("{user}.identity")), folder.join(format!("{user}.signer")))
}

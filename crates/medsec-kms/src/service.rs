//! The seam to whatever keeps wrapping keys: a directory, a cloud service, an HSM.
//!
//! [`KeyService`] uses keys, [`KeyAdmin`] changes them; a service is given one without the other. Both
//! answer with boxed futures, because most of them talk to a network; no runtime is chosen here. What a
//! key service is told of a package is [`KeyContext`]: a digest, and the opaque dataset id so that its
//! own rules can tell datasets apart.

mod error;
mod proxy;

use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::time::Duration;

use medsec_crypto::{Assurance, Bind, DatasetId, Dek, KeyRef, Stanza, Timestamp};

pub use self::error::{ConnectionFault, FileFault, KeyServiceError, TokenFault};
pub use self::proxy::KeyProxy;

use crate::name::KeyName;
use crate::utc::UtcTime;

/// The answer of a key service, on its way.
pub type KeyFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, KeyServiceError>> + Send + 'a>>;

/// Its answers to several questions, in their order.
pub type KeyFutures<'a, T> =
    Pin<Box<dyn Future<Output = Vec<Result<T, KeyServiceError>>> + Send + 'a>>;

/// What a wrapped data key is bound to. It unwraps under the same context only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyContext {
    /// Binds to one package, or to a shared data key's dataset and policy.
    pub bind: Bind,
    /// The dataset that the package names in clear, if it does.
    pub dataset: Option<DatasetId>,
}

/// Uses wrapping keys without ever showing them.
///
/// Contract, held by the conformance suite: what one call wrapped, a later call unwraps, under exactly the
/// same context, also after the key was rotated; a stanza that was changed, moved to another context or
/// made by another key never yields a data key; a key that is disabled, due to be destroyed or destroyed
/// neither wraps nor unwraps; no error shows key material or context.
///
/// "Later" is as the service sees it. One that asks somebody else for every call follows changes at once. One
/// that works on what it read when it was made, as [`UserKeys`](crate::UserKeys) does, follows none: its
/// caller must make it anew (open the store and unlock it again) before each task, and before taking
/// [`KeyServiceError::NoSuchVersion`] for the last word.
pub trait KeyService: fmt::Debug + Send + Sync {
    /// Makes a fresh data key and wraps it with the newest version of `key`.
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)>;

    /// Wraps `dek` with the newest version of `key`.
    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza>;

    /// Unwraps the data key of `stanza`, whichever version of its key wrapped it.
    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek>;

    /// Wraps the data key of `stanza` anew with the newest version of `key`, without showing it to the
    /// caller where the service can do that.
    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza>;

    /// Does the same for several, each by itself; in the order of `items`. A service that takes many at once is asked
    /// once for many; by default they are asked for one after the other.
    fn rewrap_deks<'a>(
        &'a self,
        items: &'a [(Stanza, KeyContext)],
        key: &'a KeyName,
    ) -> KeyFutures<'a, Stanza> {
        Box::pin(async move {
            let mut rewrapped = Vec::with_capacity(items.len());
            for (stanza, context) in items {
                rewrapped.push(self.rewrap_dek(stanza, key, context).await);
            }
            rewrapped
        })
    }

    /// How many items of [`rewrap_deks`](Self::rewrap_deks) to `key` the service works on together: what a deadline, for
    /// one, is given for. One, unless a service says otherwise.
    fn rewraps_at_once(&self, _key: &KeyName) -> NonZeroUsize {
        NonZeroUsize::MIN
    }

    /// Whether [`rewrap_dek`](Self::rewrap_dek) from that key to `key` is done within the service, so that no data key
    /// is ever in this process. Not so unless a service says it.
    fn rewraps_unseen(&self, _from: &KeyRef, _key: &KeyName) -> bool {
        false
    }

    /// Under which key and version of this service a data key is wrapped, as far as the stanza itself tells it; nothing
    /// where that is none of this service's keys, or the service does not tell.
    fn standing(&self, _stanza: &Stanza) -> Option<Standing> {
        None
    }

    /// Whether this service may be asked to unwrap what that key wrapped: the allow-list that stands before every
    /// call of [`unwrap_dek`](Self::unwrap_dek), so that a package cannot make a service work for it. Answers at
    /// once, from what the service's maker was told; a service elsewhere is not asked.
    ///
    /// # Errors
    /// [`KeyServiceError::ForeignStanza`] if it is no key of this service; another error if it is, and is known
    /// to be of no use now.
    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError>;

    /// How surely that key is one of this service. Answers at once, as [`admits`](Self::admits) does, and with
    /// [`Claim::None`] exactly where that says [`KeyServiceError::ForeignStanza`].
    fn claim(&self, key_ref: &KeyRef) -> Claim {
        match self.admits(key_ref) {
            Err(KeyServiceError::ForeignStanza) => Claim::None,
            _ => Claim::Own,
        }
    }

    /// Gets ready, so that no claim is only [`Claim::Possible`]: logs in, or asks what names mean. Nothing to do unless a
    /// service says otherwise.
    fn settle(&self) -> KeyFuture<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// What is known of `key`.
    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription>;

    /// What the service's cryptography may be called.
    fn assurance(&self) -> Assurance;
}

/// How surely a key is one of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "whoever chooses among services has to think of each")]
pub enum Claim {
    /// It is not.
    None,
    /// It may be; the service has to be reached to know.
    Possible,
    /// The service has a replica of it, which unwraps what it wrapped.
    Replica,
    /// It is.
    Own,
}

/// Under which key a data key is wrapped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "it is told by those outside too")]
pub struct Standing {
    /// What the service calls the key.
    pub key: KeyName,
    /// The version, where the stanza tells it.
    pub version: Option<u32>,
}

/// Makes, replaces and destroys wrapping keys.
pub trait KeyAdmin: fmt::Debug + Send + Sync {
    /// Makes a new key.
    fn create_key<'a>(&'a self, spec: &'a KeySpec) -> KeyFuture<'a, KeyDescription>;

    /// Gives `key` a new version, used from now on; older versions still unwrap.
    fn rotate_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription>;

    /// Stops all use of `key` until it is enabled again.
    fn disable_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription>;

    /// Lets a disabled key be used again.
    fn enable_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription>;

    /// Stops all use of `key` and destroys it after `waiting`, which can be taken back until then. A
    /// service may demand a shortest time.
    fn schedule_destruction<'a>(
        &'a self,
        key: &'a KeyName,
        waiting: Duration,
    ) -> KeyFuture<'a, KeyDescription>;

    /// Takes a planned destruction back. The key is disabled afterwards.
    fn cancel_destruction<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription>;

    /// All keys, by name.
    fn list_keys(&self) -> KeyFuture<'_, Vec<KeyDescription>>;
}

/// What a new key should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// What it is called. Services that give names themselves take this as a label.
    pub name: KeyName,
    /// Days after which a version should be replaced; for ever if absent.
    pub max_age_days: Option<u32>,
}

/// What a key service tells of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyDescription {
    /// What the service calls it.
    pub name: KeyName,
    /// Whether it may be used.
    pub state: KeyState,
    /// Number of the newest version, where the service counts them.
    pub version: Option<u32>,
    /// Number of the oldest version that still unwraps, where the service tells it.
    pub oldest: Option<u32>,
    /// When the key was made.
    pub created: Option<UtcTime>,
    /// When the newest version was made.
    pub rotated: Option<UtcTime>,
    /// When the newest version should be replaced.
    pub rotation_due: Option<UtcTime>,
}

impl KeyDescription {
    /// A key of which nothing else is known.
    #[must_use]
    pub const fn new(name: KeyName, state: KeyState) -> Self {
        Self {
            name,
            state,
            version: None,
            oldest: None,
            created: None,
            rotated: None,
            rotation_due: None,
        }
    }

    /// When the newest version was made; nothing if the service tells neither that nor when the key was made.
    #[must_use]
    pub fn newest_made(&self) -> Option<UtcTime> {
        self.rotated.or(self.created)
    }

    /// Whether the newest version is older than it should be.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.rotation_due.is_some_and(|due| now.unix_seconds() > due.timestamp().unix_seconds())
    }
}

/// Whether a key may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyState {
    /// It wraps and unwraps.
    Enabled,
    /// It does nothing until it is enabled again.
    Disabled,
    /// It does nothing and will be destroyed.
    PendingDestruction {
        /// Not before this time.
        destroy_after: UtcTime,
    },
    /// It is gone, and with it everything that only it could unwrap.
    Destroyed {
        /// Since when, where that is known.
        at: Option<UtcTime>,
    },
}

impl KeyState {
    /// A short name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::PendingDestruction { .. } => "pending destruction",
            Self::Destroyed { .. } => "destroyed",
        }
    }
}

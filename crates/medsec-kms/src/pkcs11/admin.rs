//! Making and changing the keys of a token.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass};
use cryptoki::session::Session;

use super::desk::{Counter, Reach};
use super::fault::Fault;
use super::label::{About, Family, label_of};
use super::object::{AES_256_LEN, TokenKey, Told};
use super::settings::{Pkcs11Settings, TokenSerial};
use super::workers::Workers;
use crate::name::KeyName;
use crate::service::{KeyAdmin, KeyDescription, KeyFuture, KeyServiceError, KeySpec, KeyState};
use crate::store::Clock;
use crate::utc::UtcTime;

/// Changes the keys of a PKCS#11 token.
///
/// - A version is an AES-256 key made on the token: private, sensitive, never extractable, for wrapping only.
/// - Rotating makes another object of the same label; the older ones still unwrap.
/// - Disabling sets `CKA_WRAP` and `CKA_UNWRAP` of all versions to false, and the token then refuses. Whoever has the PIN
///   can set them again: it stops mistakes and programs, not an attacker with the PIN.
/// - A token has no destruction that waits and can be taken back: [`KeyServiceError::NotOffered`]. Keys are destroyed with
///   the token's own tools.
/// - When a version was made and how long it should be used stands in its `CKA_ID`: SoftHSM2 cannot give the dates of a
///   private object back.
///
/// PKCS#11 has no lock: two administrators who change one key at the same moment may both make the same version. The
/// key is then unsuitable until one object is deleted; nothing is wrapped under either meanwhile.
pub struct Pkcs11Admin<C> {
    token: TokenSerial,
    workers: Workers,
    clock: C,
}

impl<C: Clock> Pkcs11Admin<C> {
    /// Logs in.
    ///
    /// # Errors
    /// [`KeyServiceError::Token`] if the token cannot be used, [`KeyServiceError::Unauthenticated`] if it refuses the
    /// PIN.
    pub async fn open(settings: Pkcs11Settings, clock: C) -> Result<Self, KeyServiceError> {
        let token = settings.token.clone();
        let workers = Workers::new(Counter::new(settings, Reach::Change));
        workers.call(|_| Ok(())).await?;
        Ok(Self { token, workers, clock })
    }

    /// Changes a key and describes it as it is then.
    async fn change(
        &self,
        name: &KeyName,
        mut change: impl FnMut(&Session, &TokenKey) -> Result<(), Fault> + Send + 'static,
    ) -> Result<KeyDescription, KeyServiceError> {
        let name = name.clone();
        let changed = self.workers.call(move |session| {
            change(session, &TokenKey::find(session, &name)?)?;
            Ok(TokenKey::find(session, &name)?.describe())
        });
        changed.await
    }

    fn now(&self) -> UtcTime {
        self.clock.now().into()
    }

    fn set<'a>(
        &'a self,
        key: &'a KeyName,
        from: KeyState,
        uses: bool,
    ) -> KeyFuture<'a, KeyDescription> {
        Box::pin(self.change(key, move |session, key| {
            if key.state() != from {
                return Err(KeyServiceError::State.into());
            }
            let uses = [Attribute::Wrap(uses), Attribute::Unwrap(uses)];
            // The newest first: whatever becomes of the rest, the key is disabled as a whole, or not enabled yet.
            for version in key.versions().rev() {
                session.update_attributes(version.handle, &uses)?;
            }
            Ok(())
        }))
    }

    fn not_offered<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(self.change(key, |_, _| {
            Err(KeyServiceError::NotOffered("a token destroys at once, by its own tools").into())
        }))
    }
}

impl<C: Clock> KeyAdmin for Pkcs11Admin<C> {
    fn create_key<'a>(&'a self, spec: &'a KeySpec) -> KeyFuture<'a, KeyDescription> {
        Box::pin(async move {
            let (name, made, max_age_days) = (spec.name.clone(), self.now(), spec.max_age_days);
            let made = self.workers.call(move |session| {
                match TokenKey::find(session, &name) {
                    Err(Fault::Told(KeyServiceError::NoSuchKey)) => {}
                    Ok(_) | Err(Fault::Told(KeyServiceError::Unsuitable(_))) => {
                        return Err(KeyServiceError::KeyExists.into());
                    }
                    Err(fault) => return Err(fault),
                }
                make(session, &name, &About { version: 1, made, max_age_days })?;
                Ok(TokenKey::find(session, &name)?.describe())
            });
            made.await
        })
    }

    fn rotate_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        let (name, made) = (key.clone(), self.now());
        Box::pin(self.change(key, move |session, key| {
            if key.state() != KeyState::Enabled {
                return Err(KeyServiceError::State.into());
            }
            let next = key.newest().number.checked_add(1).ok_or(KeyServiceError::State)?;
            let max_age_days = key.max_age_days();
            make(session, &name, &About { version: next, made, max_age_days })
        }))
    }

    fn disable_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        self.set(key, KeyState::Enabled, false)
    }

    fn enable_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        self.set(key, KeyState::Disabled, true)
    }

    fn schedule_destruction<'a>(
        &'a self,
        key: &'a KeyName,
        _: Duration,
    ) -> KeyFuture<'a, KeyDescription> {
        self.not_offered(key)
    }

    fn cancel_destruction<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        self.not_offered(key)
    }

    /// The keys of the token that can be used here. Others that lie on it are not named.
    fn list_keys(&self) -> KeyFuture<'_, Vec<KeyDescription>> {
        Box::pin(self.workers.call(|session| {
            let template = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Token(true)];
            let mut names = BTreeSet::new();
            for object in session.find_objects(&template)? {
                let label = Told::of(session, object)?.label;
                let name =
                    std::str::from_utf8(&label).ok().and_then(|text| KeyName::new(text).ok());
                names.extend(name.filter(|name| label_of(name).is_ok()));
            }
            let mut keys = Vec::new();
            for name in names {
                match TokenKey::find(session, &name) {
                    Ok(key) => keys.push(key.describe()),
                    Err(Fault::Told(KeyServiceError::Unsuitable(_))) => {}
                    Err(fault) => return Err(fault),
                }
            }
            Ok(keys)
        }))
    }
}

/// Has the token make a version.
fn make(session: &Session, name: &KeyName, about: &About) -> Result<(), Fault> {
    let mut template = vec![
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Modifiable(true),
        Attribute::ValueLen(AES_256_LEN.into()),
        Attribute::Wrap(true),
        Attribute::Unwrap(true),
        Attribute::Label(label_of(name)?),
        Attribute::Id(Family::of(name).id(about)),
    ];
    let others = [
        Attribute::Encrypt,
        Attribute::Decrypt,
        Attribute::Sign,
        Attribute::Verify,
        Attribute::Derive,
    ];
    template.extend(others.map(|of| of(false)));
    session.generate_key(&Mechanism::AesKeyGen, &template)?;
    Ok(())
}

impl<C> fmt::Debug for Pkcs11Admin<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Pkcs11Admin");
        shown.field("token", &self.token.as_str()).finish_non_exhaustive()
    }
}

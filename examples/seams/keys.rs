//! A key service of one's own under the Custodian: here one that stands before another and lets a session unwrap only
//! so many data keys, as somebody who carries off an archive needs many.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use medsec::{Custodian, SessionLogin, Unlocks};
use medsec_audit::Origin;
use medsec_crypto::{Assurance, Dek, KeyRef, Stanza};
use medsec_examples::clinic::{Clinic, Failed, read};
use medsec_kms::{KeyContext, KeyDescription, KeyFuture, KeyName, KeyService, KeyServiceError};
use medsec_policy::{LocalUser, Purpose, Session, SystemClock};

/// Unwraps so many times and no more.
#[derive(Debug)]
struct Rationed {
    keys: Arc<dyn KeyService>,
    left: AtomicU32,
}

impl Rationed {
    fn take_one(&self) -> Result<(), KeyServiceError> {
        let taken =
            self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        taken.map(drop).map_err(|_| KeyServiceError::NotPermitted)
    }
}

impl KeyService for Rationed {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        self.keys.generate_dek(key, context)
    }

    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        self.keys.wrap_dek(key, dek, context)
    }

    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek> {
        Box::pin(async move {
            self.take_one()?;
            self.keys.unwrap_dek(stanza, context).await
        })
    }

    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        Box::pin(async move {
            self.take_one()?;
            self.keys.rewrap_dek(stanza, key, context).await
        })
    }

    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError> {
        self.keys.admits(key_ref)
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        self.keys.describe_key(key)
    }

    fn assurance(&self) -> Assurance {
        self.keys.assurance()
    }
}

fn main() -> Result<(), Failed> {
    let clinic = Clinic::found()?;
    let custodian = Custodian::new(clinic.parts.clone())?;
    let keys = Arc::new(Rationed { keys: Arc::clone(&clinic.keys) as _, left: AtomicU32::new(2) });
    let unlocks = Unlocks::new(keys, Some(clinic.signing_key()?));
    let principal = LocalUser::verified_by_store("ada")?.principal(SystemTime::now());
    let limits = clinic.parts.policy.settings.sessions;
    let session = Session::start(principal, limits, Arc::new(SystemClock), unlocks)?;
    let login = SessionLogin::new(session, Origin::Local);
    let package = clinic.seal(&custodian, &login, b"no abnormality detected")?;
    for number in 1..=3 {
        match read(&custodian, &login, &package, Purpose::Treatment) {
            Ok(len) => println!("{number}: {len} bytes"),
            Err(refused) => println!("{number}: {refused}"),
        }
    }
    println!("on record: {}", clinic.told()?.last().ok_or("nothing")?);
    Ok(())
}

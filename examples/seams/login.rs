//! A way to log in of one's own: a badge in a reader. The authenticator says who it is, once; the login says, before
//! every operation, whether they are still there. When the badge is drawn, nothing opens any more.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use medsec::{Custodian, Hold, Holdings, KeyHandle, LoggedIn, Login, NotLoggedIn, Signer};
use medsec_audit::{Origin, SessionId};
use medsec_examples::clinic::{Clinic, Failed, read};
use medsec_kms::{KeyService, Keyring};
use medsec_policy::{
    AuthenticationError, Authenticator, Factors, Method, Principal, PrincipalId, PrincipalKind,
    Purpose, RefusedBecause,
};

/// Knows one badge and its PIN. A real one has a challenge signed by the badge.
#[derive(Debug)]
struct BadgeReader {
    owner: PrincipalId,
}

impl Authenticator for BadgeReader {
    type Credential<'c> = (&'c str, &'c str);

    fn authenticate(&self, (badge, pin): (&str, &str)) -> Result<Principal, AuthenticationError> {
        if (badge, pin) != ("4711", "0815") {
            return Err(RefusedBecause::Signature.into());
        }
        Ok(Principal {
            id: self.owner.clone(),
            kind: PrincipalKind::Person,
            method: Method::Certificate,
            factors: Factors::Two,
            authenticated_at: SystemTime::now(),
            groups: BTreeSet::new(),
        })
    }
}

/// A badge in the reader, and what grants hold while it is there.
#[derive(Debug)]
struct Badge {
    is_in: AtomicBool,
    grants: Holdings,
    signer: Signer,
}

impl Badge {
    /// What was granted ends with it: every key is erased.
    fn draw(&self) {
        self.is_in.store(false, Ordering::SeqCst);
        self.signer.erase();
        self.grants.erase();
    }
}

impl Hold for Badge {
    fn check(&self) -> Result<(), NotLoggedIn> {
        self.is_in.load(Ordering::SeqCst).then_some(()).ok_or(NotLoggedIn::LoggedOut)
    }

    fn keep(&self, key: KeyHandle) -> Result<(), NotLoggedIn> {
        self.grants.keep(key);
        // Drawn just now, it may have missed this one.
        self.check().inspect_err(|_| self.grants.erase())
    }
}

/// Somebody whose badge is in the reader.
#[derive(Debug)]
struct AtTheDesk {
    principal: Principal,
    session: SessionId,
    since: Instant,
    badge: Arc<Badge>,
    keys: Arc<Keyring>,
}

impl Login for AtTheDesk {
    fn current(&self) -> Result<LoggedIn, NotLoggedIn> {
        self.badge.check()?;
        Ok(LoggedIn {
            principal: self.principal.clone(),
            session: self.session,
            // A badge that stays in is no fresh proof: what needs one is refused after a while.
            authentication_age: self.since.elapsed().max(Duration::from_secs(1)),
            origin: Origin::Local,
        })
    }

    fn keys(&self) -> &dyn KeyService {
        &*self.keys
    }

    fn hold(&self) -> Arc<dyn Hold> {
        Arc::clone(&self.badge) as _
    }

    fn signer(&self) -> Result<Option<Signer>, NotLoggedIn> {
        self.badge.check()?;
        Ok(Some(self.badge.signer.clone()))
    }
}

fn main() -> Result<(), Failed> {
    let clinic = Clinic::found()?;
    let custodian = Custodian::new(clinic.parts.clone())?;
    let reader = BadgeReader { owner: PrincipalId::new("ada")? };
    if let Err(refused) = reader.authenticate(("4711", "1234")) {
        println!("wrong number: {refused}");
    }
    let login = AtTheDesk {
        principal: reader.authenticate(("4711", "0815"))?,
        session: SessionId::generate()?,
        since: Instant::now(),
        badge: Arc::new(Badge {
            is_in: AtomicBool::new(true),
            grants: Holdings::default(),
            signer: Signer::new(clinic.signing_key()?),
        }),
        keys: Arc::clone(&clinic.keys),
    };
    let package = clinic.seal(&custodian, &login, b"no abnormality detected")?;
    println!("opened: {} bytes", read(&custodian, &login, &package, Purpose::Treatment)?);
    login.badge.draw();
    match read(&custodian, &login, &package, Purpose::Treatment) {
        Err(refused) => println!("badge drawn: {refused}"),
        Ok(_) => return Err("opened".into()),
    }
    Ok(())
}

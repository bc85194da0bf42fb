//! Logging in at the agent: it reads the files itself, so that what they need is not for the caller to claim.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use medsec::{LoggedIn, Login as _, NotLoggedIn, Refused, SessionChange, SessionLogin, Unlocks};
use medsec_audit::Origin;
use medsec_crypto::{HpkeIdentity, SigningKey};
use medsec_kms::{IdentityFile, Passphrase, PrivateKey};
use medsec_policy::{EndReason, Principal, ReauthenticateError, RefusedBecause};
use zeroize::Zeroizing;

use super::Agent;
use super::outside::Unproven;
use super::ring::Ring;
use super::sessions::{Held, Terms, lock};
use crate::agent::wire::{Answer, Login};
use crate::custody::{InForce, of_login, principal, start_session};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::own;
use crate::services::Services;
use crate::session::Session;
use crate::settings::Settings;

/// Who showed what.
struct Proved {
    principal: Principal,
    ring: Arc<Ring>,
    signer: Option<SigningKey>,
    terms: Terms,
}

impl Agent {
    /// Starts a session, or takes a new proof of who is logged in. Both are on record before they count. What a session
    /// was begun with does not change: where it would, this one ends and another begins.
    pub(super) fn login(&self, shown: &Login<'_>) -> Answer {
        self.proving(shown, |proved| match self.sessions.live() {
            Some(held) if held.terms == proved.terms => self.again(&held, &proved.principal),
            Some(held) => self.anew(&held, proved),
            None => self.begin(proved),
        })
    }

    /// Takes a new proof of who is logged in, and nothing else.
    pub(super) fn prove_again(&self, shown: &Login<'_>) -> Answer {
        self.proving(shown, |proved| match self.sessions.live() {
            Some(held) => self.again(&held, &proved.principal),
            None => Err(Refused::from(NotLoggedIn::Nobody).into()),
        })
    }

    fn proving(
        &self,
        shown: &Login<'_>,
        then: impl FnOnce(Proved) -> Result<(), Failure>,
    ) -> Answer {
        let _one = lock(&self.sessions.door);
        self.tick();
        let begun = self.prove(shown).and_then(|proved| then(proved).map_err(Unproven::Failed));
        self.tried.store(true, Ordering::Relaxed);
        self.wakeup.wake();
        match begun {
            Ok(()) => Answer::Status(Box::new(self.status())),
            Err(Unproven::Refused(because)) => {
                let refused = self.custodian.login_refused(because, Origin::Local);
                let _ = pollster::block_on(refused);
                Answer::Failed(not_authenticated())
            }
            Err(Unproven::Failed(failure)) => {
                // What is refused stays refused if that cannot be recorded. A slip of the hand is no attempt.
                if let Some(outcome) = of_login(&failure) {
                    self.record_failure(outcome);
                }
                Answer::Failed(failure)
            }
        }
    }

    /// Who it is, by the identity file, and by the token if one is shown.
    fn prove(&self, shown: &Login<'_>) -> Result<Proved, Unproven> {
        let (mut proved, settings) = self.unlock(shown).map_err(Unproven::Failed)?;
        if let Some(token) = shown.token {
            let principal = self.outside.judge(&settings, token)?;
            // The token of one and the key of another are no proof of either.
            if principal.id != proved.principal.id {
                return Err(RefusedBecause::NameOther.into());
            }
            // What the provider says of them counts: kind, groups, factors, and when they were asked.
            proved.principal = principal;
        }
        Ok(proved)
    }

    /// Whom the identity file proves, and what the policy sets.
    fn unlock(&self, shown: &Login<'_>) -> Result<(Proved, medsec_policy::Settings), Failure> {
        // Settings, store and policy as they are now.
        let session = Session::new(&self.options);
        let settings = session.settings()?;
        let passphrase = shown.passphrase.map(taken).transpose()?;
        let named = shown.identity.or(settings.identity.value.as_deref());
        let file = IdentityFile::load(named.ok_or_else(own::unnamed)?)?;
        let identity = Arc::new(identity(&file, passphrase.as_ref())?);
        let store = own::open_store(&session)?;
        let keys = store.unlock(Arc::clone(&identity))?;
        let principal = principal(&keys, file.passphrase_params().is_some())?;
        let signer = signer(settings, shown, passphrase.as_ref())?;
        let services = Services::of(settings)?;
        let ring = Arc::new(Ring::new(self.store.clone(), &store, identity, services)?);
        let policy = InForce::load(&session, &store)?.bundle.settings().clone();
        let terms = Terms {
            limits: policy.sessions,
            signer: signer.as_ref().map(SigningKey::verifying_key),
            services: settings.services.value.clone(),
        };
        Ok((Proved { principal, ring, signer, terms }, policy))
    }

    fn begin(&self, proved: Proved) -> Result<(), Failure> {
        let Proved { principal, ring, signer, terms } = proved;
        let unlocks = Unlocks::new(Arc::clone(&ring) as _, signer);
        let opened = start_session(principal, terms.limits, unlocks)?;
        let login = SessionLogin::new(opened.clone(), Origin::Local);
        let who = login.current().map_err(Refused::from)?;
        let recorded = self.record(&who, SessionChange::Started);
        recorded.inspect_err(|_| {
            opened.end(EndReason::Aborted);
        })?;
        self.sessions.take(opened, &ring, who, terms)
    }

    /// Ends the session, and begins another one of the same user.
    fn anew(&self, held: &Held, proved: Proved) -> Result<(), Failure> {
        acceptable(held, &proved.principal)?;
        self.sessions.end(EndReason::LoggedOut);
        self.tick();
        self.begin(proved)
    }

    fn again(&self, held: &Held, principal: &Principal) -> Result<(), Failure> {
        acceptable(held, principal)?;
        // As the new proof shows them, and on record before it counts.
        let who = LoggedIn { principal: principal.clone(), ..held.who.clone() };
        self.record(&who, SessionChange::Started)?;
        held.login.session().reauthenticated(principal).map_err(not_accepted)
    }
}

/// Whether it is a newer proof of who is logged in.
fn acceptable(held: &Held, principal: &Principal) -> Result<(), Failure> {
    let session = held.login.session();
    if *session.principal() != principal.id {
        return Err(Failure::new(Exit::Session, "somebody else is logged in; nothing was done")
            .next("run `medsec logout` first"));
    }
    session.would_accept(principal).map_err(not_accepted)
}

fn not_accepted(error: ReauthenticateError) -> Failure {
    Failure::new(Exit::Session, format!("{error}; the session goes on as it was"))
        .next("see whether the machine's clock is right, and log in again")
}

/// The same, whatever was wrong with a token.
fn not_authenticated() -> Failure {
    Failure::new(Exit::Session, "not authenticated; nothing was done")
        .next("get a new token and try again; the audit log tells an auditor the reason")
}

fn taken(bytes: &[u8]) -> Result<Passphrase, Failure> {
    let mut copy = Zeroizing::new(bytes.to_vec());
    Passphrase::take_from(&mut copy)
        .map_err(|error| Failure::usage(error.to_string()).next("give another passphrase"))
}

fn identity(file: &IdentityFile, passphrase: Option<&Passphrase>) -> Result<HpkeIdentity, Failure> {
    match file.unlock(passphrase)? {
        PrivateKey::Identity(identity) => Ok(identity),
        _ => Err(Failure::usage("the identity file holds a signer's key, which cannot log in")
            .next("name the identity file of a user of the key store")),
    }
}

/// One that is named, or that of the settings if it is under the passphrase: a plain one every command reads itself.
fn signer(
    settings: &Settings,
    shown: &Login<'_>,
    passphrase: Option<&Passphrase>,
) -> Result<Option<SigningKey>, Failure> {
    let set = || settings.signer.value.as_deref().filter(|_| shown.identity.is_none());
    let file = |path: &Path| IdentityFile::load(path);
    let Some(file) = shown.signer.or_else(set).map(file).transpose()? else { return Ok(None) };
    if shown.signer.is_none() && file.passphrase_params().is_none() {
        return Ok(None);
    }
    match file.unlock(passphrase)? {
        PrivateKey::Signer(signer) => Ok(Some(signer)),
        _ => Err(Failure::usage("the signer's file holds a recipient's key, which cannot sign")
            .next("name the identity file of a signer")),
    }
}

//! Services that do not know for certain, or have a replica.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use medsec_crypto::{Assurance, Dek, KeyRef, Stanza};
use medsec_kms::{
    Claim, KeyContext, KeyDescription, KeyFuture, KeyName, KeyService, KeyServiceError, KeyServices,
};
use medsec_testkit::OneKey;
use pollster::block_on;

use super::{context, name, service};

/// A service that claims a key as it is told, and otherwise once it was reached.
#[derive(Debug)]
struct Claiming {
    one: OneKey,
    claim: Mutex<Claim>,
    /// What it turns out to be; nothing where it cannot be reached.
    then: Option<Claim>,
    reached: AtomicUsize,
}

impl Claiming {
    fn new(claim: Claim, then: Option<Claim>) -> Arc<Self> {
        let (claim, reached) = (Mutex::new(claim), AtomicUsize::new(0));
        Arc::new(Self { one: OneKey::new("mri", 1), claim, then, reached })
    }

    fn reached(&self) -> usize {
        self.reached.load(Ordering::SeqCst)
    }
}

impl KeyService for Claiming {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        self.one.generate_dek(key, context)
    }

    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        self.one.wrap_dek(key, dek, context)
    }

    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek> {
        self.one.unwrap_dek(stanza, context)
    }

    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        self.one.rewrap_dek(stanza, key, context)
    }

    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError> {
        match self.claim(key_ref) {
            Claim::None => Err(KeyServiceError::ForeignStanza),
            _ => Ok(()),
        }
    }

    fn claim(&self, _: &KeyRef) -> Claim {
        *self.claim.lock().unwrap()
    }

    fn settle(&self) -> KeyFuture<'_, ()> {
        Box::pin(async move {
            self.reached.fetch_add(1, Ordering::SeqCst);
            *self.claim.lock().unwrap() = self.then.ok_or(KeyServiceError::TimedOut)?;
            Ok(())
        })
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        self.one.describe_key(key)
    }

    fn assurance(&self) -> Assurance {
        self.one.assurance()
    }
}

/// What becomes of a stanza that two services claim, and how often each was asked to unwrap it.
fn unwrapped(first: &Arc<Claiming>, second: &Arc<Claiming>) -> Result<(usize, usize), String> {
    let services = KeyServices::new(None)
        .with(service("first"), first.clone())
        .and_then(|services| services.with(service("second"), second.clone()))
        .unwrap();
    let (_, stanza) =
        block_on(OneKey::new("mri", 1).generate_dek(&name("mri"), &context())).unwrap();
    match block_on(services.unwrap_dek(&stanza, &context())) {
        // The data key is another one's: what counts is who was asked.
        Ok(_) | Err(KeyServiceError::NotAuthentic) => Ok((first.one.calls(), second.one.calls())),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn key_itself_wins_over_a_replica() {
    for weaker in [Claim::Replica, Claim::Possible] {
        let (one, other) = (Claiming::new(weaker, None), Claiming::new(Claim::Own, None));
        assert_eq!(unwrapped(&one, &other), Ok((0, 1)));
        assert_eq!((one.reached(), other.reached()), (0, 0), "nobody was reached for that");
    }
}

#[test]
fn first_of_several_replicas_is_asked() {
    let (one, other) = (Claiming::new(Claim::Replica, None), Claiming::new(Claim::Replica, None));
    assert_eq!(unwrapped(&one, &other), Ok((1, 0)));
}

#[test]
fn services_that_do_not_know_are_reached_and_asked_again() {
    let one = Claiming::new(Claim::Possible, Some(Claim::None));
    let other = Claiming::new(Claim::Possible, Some(Claim::Own));
    assert_eq!(unwrapped(&one, &other), Ok((0, 1)));
    assert_eq!((one.reached(), other.reached()), (1, 1));
    let neither = [(); 2].map(|()| Claiming::new(Claim::Possible, Some(Claim::None)));
    let refused = unwrapped(&neither[0], &neither[1]).unwrap_err();
    assert_eq!(refused, KeyServiceError::ForeignStanza.to_string());
}

#[test]
fn single_service_that_does_not_know_finds_out_by_itself() {
    let one = Claiming::new(Claim::Possible, None);
    assert_eq!(unwrapped(&one, &Claiming::new(Claim::None, None)), Ok((1, 0)));
    assert_eq!(one.reached(), 0);
}

#[test]
fn service_that_may_have_the_key_is_not_replaced_while_it_is_away() {
    let away = Claiming::new(Claim::Possible, None);
    let replica = Claiming::new(Claim::Replica, None);
    let refused = unwrapped(&away, &replica).unwrap_err();
    assert_eq!(refused, KeyServiceError::TimedOut.to_string());
    assert_eq!(replica.one.calls(), 0);
}

#[test]
fn two_services_that_turn_out_to_have_it_are_refused() {
    let both = [(); 2].map(|()| Claiming::new(Claim::Possible, Some(Claim::Own)));
    let refused = unwrapped(&both[0], &both[1]).unwrap_err();
    assert_eq!(refused, KeyServiceError::Ambiguous.to_string());
    assert_eq!(both.map(|it| it.one.calls()), [0, 0]);
}

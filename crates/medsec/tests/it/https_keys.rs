//! Key sets of an identity provider over HTTPS, from a real server.

mod certificates;
mod flood;
mod provider;
mod refused;
mod tokens;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use medsec::{
    HttpsKeySet, HttpsKeySetSetup, KeySetFetchError, KeySetLimits, KeySetPlace, ProviderAddress,
    ProviderRoots,
};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_policy::{Clock, ClockError, KeySetError, KeySetSource as _, Moment, RefusedBecause};

use self::provider::{Page, Provider};
use self::tokens::{judge, key_set, token};

const KEYS: &str = "/keys";
const HOUR: Duration = Duration::from_secs(3600);

/// Its age is what a test says.
#[derive(Debug)]
struct HandClock(Mutex<Duration>);

impl HandClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(HOUR)))
    }

    fn pass(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

impl Clock for HandClock {
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn boot(&self) -> Result<Moment, ClockError> {
        Ok(Moment::after_boot(*self.0.lock().unwrap()))
    }
}

/// A source that trusts the tests' authority, and its clock.
fn source(place: KeySetPlace) -> (HttpsKeySet, Arc<HandClock>) {
    let mut limits = KeySetLimits::default();
    limits.timeout = Duration::from_secs(2);
    source_with(place, certificates::authority(), limits)
}

fn source_with(
    place: KeySetPlace,
    authority: Vec<u8>,
    limits: KeySetLimits,
) -> (HttpsKeySet, Arc<HandClock>) {
    let clock = HandClock::new();
    let setup = HttpsKeySetSetup {
        place,
        roots: ProviderRoots::Authorities(vec![authority]),
        limits,
        clock: Arc::clone(&clock) as _,
    };
    (HttpsKeySet::new(setup).unwrap(), clock)
}

fn at(address: &str) -> KeySetPlace {
    KeySetPlace::KeySet(ProviderAddress::new(address).unwrap())
}

/// A provider with key 1, and a source of its set.
fn provider() -> (Provider, HttpsKeySet, Arc<HandClock>) {
    let provider = Provider::new();
    provider.page(KEYS, Page::ok(key_set(&[1])));
    let (keys, clock) = source(at(&provider.address(KEYS)));
    (provider, keys, clock)
}

fn names(keys: &HttpsKeySet) -> Vec<String> {
    keys.current().unwrap().key_ids().map(str::to_owned).collect()
}

#[tokio::test]
async fn nothing_is_there_before_it_is_fetched() {
    let (provider, keys, _) = provider();
    assert_eq!(keys.current().unwrap_err(), KeySetError::Unavailable);
    assert_eq!(provider.asked(), 0);
}

#[tokio::test]
async fn set_comes_by_way_of_the_discovery_document() {
    let (provider, _, _) = provider();
    let issuer = provider.address("/realm");
    let document = format!(r#"{{"issuer":"{issuer}","jwks_uri":"{}"}}"#, provider.address(KEYS));
    provider.page("/realm/.well-known/openid-configuration", Page::ok(document));
    let (keys, _) = source(KeySetPlace::Issuer(ProviderAddress::new(&issuer).unwrap()));
    keys.refresh().await.unwrap();
    assert_eq!(names(&keys), ["key-1"]);
}

#[tokio::test]
async fn key_that_is_new_is_fetched_when_a_token_names_it() {
    let (provider, keys, clock) = provider();
    let judge = judge(&keys);
    keys.authenticate(&judge, token(1, "key-1", "a").as_bytes()).await.unwrap();
    provider.page(KEYS, Page::ok(key_set(&[1, 2])));
    clock.pass(Duration::from_secs(10));
    keys.authenticate(&judge, token(2, "key-2", "b").as_bytes()).await.unwrap();
    assert_eq!((names(&keys), provider.asked()), (vec!["key-1".to_owned(), "key-2".to_owned()], 2));
}

/// Works on a runtime of its own: evidence is taken by plain functions.
fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(work)
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "a token whose key the identity provider has is accepted; once the provider withdraws the key, none is",
    polarity = deny,
)]
fn withdrawn_key_signs_for_nobody(ev: Ev) -> Proven {
    let (provider, keys, clock) = provider();
    let judge = judge(&keys);
    ev.allows(block_on(keys.authenticate(&judge, token(1, "key-1", "a").as_bytes())));
    provider.page(KEYS, Page::ok(key_set(&[2])));
    clock.pass(HOUR);
    let refused = block_on(keys.authenticate(&judge, token(1, "key-1", "b").as_bytes()));
    ev.denies(refused, |error| error.reason() == RefusedBecause::KeyUnknown);
    ev.proven()
}

#[tokio::test]
async fn provider_that_is_down_leaves_its_last_set_for_its_time() {
    let (provider, keys, clock) = provider();
    keys.refresh().await.unwrap();
    provider.page(KEYS, Page::status("503 Service Unavailable"));
    clock.pass(HOUR);
    assert_eq!(keys.refresh().await, Err(KeySetFetchError::Status(503)));
    assert_eq!(names(&keys), ["key-1"]);
    clock.pass(HOUR * 3 - Duration::from_secs(1));
    assert_eq!(names(&keys), ["key-1"]);
    clock.pass(Duration::from_secs(1));
    assert_eq!(keys.current().unwrap_err(), KeySetError::Unavailable);
    let token = token(1, "key-1", "a");
    let refused = keys.authenticate(&judge(&keys), token.as_bytes()).await.unwrap_err();
    assert_eq!(refused.reason(), RefusedBecause::KeysUnavailable);
    assert!(refused.is_retryable());
}

#[tokio::test]
async fn provider_that_comes_back_is_asked_again() {
    let (provider, keys, clock) = provider();
    provider.page(KEYS, Page::status("500 Oops"));
    assert_eq!(keys.refresh().await, Err(KeySetFetchError::Status(500)));
    provider.page(KEYS, Page::ok(key_set(&[1])));
    // Not at once: that is what the error of the last fetch says.
    assert_eq!(keys.refresh().await, Err(KeySetFetchError::Status(500)));
    clock.pass(Duration::from_secs(10));
    keys.refresh().await.unwrap();
    assert_eq!((names(&keys), provider.asked()), (vec!["key-1".to_owned()], 2));
}

#[tokio::test]
async fn set_with_two_keys_of_one_name_leaves_the_last_one() {
    let (provider, keys, clock) = provider();
    keys.refresh().await.unwrap();
    let twice = format!("{{\"keys\":[{0},{0}]}}", tokens::key(1));
    provider.page(KEYS, Page::ok(twice));
    clock.pass(HOUR);
    let refused = KeySetFetchError::KeySet(KeySetError::DuplicateKeyId);
    assert_eq!(keys.refresh().await, Err(refused));
    assert_eq!(names(&keys), ["key-1"]);
}

#[tokio::test]
async fn max_age_decides_when_the_provider_is_asked_again() {
    let (provider, keys, clock) = provider();
    let head = "200 OK\r\nCache-Control: max-age=120\r\n".to_owned();
    provider.page(KEYS, Page { head, ..Page::ok(key_set(&[1])) });
    keys.refresh().await.unwrap();
    clock.pass(Duration::from_secs(119));
    keys.refresh().await.unwrap();
    assert_eq!(provider.asked(), 1);
    clock.pass(Duration::from_secs(1));
    keys.refresh().await.unwrap();
    assert_eq!(provider.asked(), 2);
}

#[tokio::test]
async fn task_that_keeps_the_set_fresh_fetches_what_is_asked_for() {
    let (provider, keys, clock) = provider();
    let task = tokio::spawn({
        let keys = keys.clone();
        async move { keys.keep_fresh().await }
    });
    while keys.current().is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    provider.page(KEYS, Page::ok(key_set(&[2])));
    clock.pass(Duration::from_secs(10));
    keys.refresh_hint();
    while names(&keys) != ["key-2"] {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    task.abort();
}

//! Many at once, and what they cost the provider.

use std::time::Duration;

use medsec::KeySetFetchError;
use medsec_policy::RefusedBecause;

use super::provider::Page;
use super::tokens::{judge, key_set, token};
use super::{KEYS, at, provider, source};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn made_up_key_names_cost_one_fetch_an_interval() {
    let (provider, keys, clock) = provider();
    let judge = judge(&keys);
    keys.refresh().await.unwrap();
    for round in 1..=3 {
        clock.pass(Duration::from_secs(10));
        for n in 0..100 {
            let token = token(7, &format!("made-up-{n}"), &format!("{round}-{n}"));
            let refused = keys.authenticate(&judge, token.as_bytes()).await.unwrap_err();
            assert_eq!(refused.reason(), RefusedBecause::KeyUnknown);
        }
        assert_eq!(provider.asked(), 1 + round);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_at_one_time_share_one_fetch() {
    let (provider, keys, _) = provider();
    let delay = Duration::from_millis(300);
    provider.page(KEYS, Page { delay, ..Page::ok(key_set(&[1])) });
    let all: Vec<_> = (0..50)
        .map(|_| {
            let keys = keys.clone();
            tokio::spawn(async move { keys.refresh().await })
        })
        .collect();
    for one in all {
        one.await.unwrap().unwrap();
    }
    assert_eq!(provider.asked(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fetch_goes_on_when_its_caller_goes_away() {
    let (provider, keys, _) = provider();
    let delay = Duration::from_millis(300);
    provider.page(KEYS, Page { delay, ..Page::ok(key_set(&[1])) });
    let short = Duration::from_millis(50);
    assert!(tokio::time::timeout(short, keys.refresh()).await.is_err());
    keys.refresh().await.unwrap();
    assert_eq!(provider.asked(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn token_of_a_known_key_waits_for_no_fetch() {
    let (provider, keys, clock) = provider();
    let judge = std::sync::Arc::new(judge(&keys));
    keys.refresh().await.unwrap();
    let delay = Duration::from_secs(1);
    provider.page(KEYS, Page { delay, ..Page::ok(key_set(&[1])) });
    clock.pass(Duration::from_secs(10));
    let made_up = tokio::spawn({
        let (keys, judge) = (keys.clone(), std::sync::Arc::clone(&judge));
        async move { keys.authenticate(&judge, token(7, "made-up", "x").as_bytes()).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let good = token(1, "key-1", "a");
    let judged = tokio::time::timeout(
        Duration::from_millis(500),
        keys.authenticate(&judge, good.as_bytes()),
    );
    judged.await.expect("it waited").unwrap();
    assert!(made_up.await.unwrap().is_err());
}

#[tokio::test]
async fn slow_provider_is_given_up_in_time() {
    let (provider, keys, _) = provider();
    let delay = Duration::from_secs(20);
    provider.page(KEYS, Page { delay, ..Page::ok(key_set(&[1])) });
    let fetch = tokio::time::timeout(Duration::from_secs(5), keys.refresh());
    assert_eq!(fetch.await.expect("it waited"), Err(KeySetFetchError::Late));
}

/// How long 20 logins at once wait for a provider that takes connections and says nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_at_one_time_wait_once_for_a_provider_that_never_answers() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    // It gives a fetch up after two seconds.
    let (keys, clock) = source(at(&format!("https://localhost:{port}{KEYS}")));
    let judge = std::sync::Arc::new(judge(&keys));
    let begun = std::time::Instant::now();
    let logins: Vec<_> = (0..20)
        .map(|n| {
            let (keys, judge) = (keys.clone(), std::sync::Arc::clone(&judge));
            let token = token(1, "key-1", &format!("{n}"));
            tokio::spawn(async move { keys.authenticate(&judge, token.as_bytes()).await })
        })
        .collect();
    // Meanwhile so much time passes that each would be due for a fetch of its own.
    tokio::time::sleep(Duration::from_millis(500)).await;
    clock.pass(Duration::from_secs(60));
    for login in logins {
        let refused = login.await.unwrap().unwrap_err();
        assert_eq!(refused.reason(), RefusedBecause::KeysUnavailable);
    }
    let waited = begun.elapsed();
    assert!(waited < Duration::from_millis(3900), "they waited for each other: {waited:?}");
    // Nor does one that comes right behind them.
    assert_eq!(keys.refresh().await, Err(KeySetFetchError::Late));
    assert!(begun.elapsed() < Duration::from_millis(3900));
    drop(silent);
}

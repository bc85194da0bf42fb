//! What the environment says, and what of it counts.

use std::future::Future as _;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use medsec_kms::{
    AwsAddress, AwsConnection, AwsCredentials, AwsKeys, AwsOpenError, AwsPatience, AwsRoots,
    AwsSettings, KeyService as _, KeyServiceError,
};
use medsec_testkit::child::{child, output_of, task};
use medsec_testkit::proxy::TestAuthority;

use super::emulator::{Emulator, Kind, access_key, context, name, settings_at, wait};

const HELPER: &str = "aws::environment::helper";

/// Works with whatever the environment of its process says.
#[test]
fn helper() {
    let Some(words) = task() else { return };
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let any = || settings_at(words[1], access_key("id", "secret", None));
    match words[0] {
        "pin" => {
            let connection = wait(AwsConnection::open(any())).unwrap();
            wait(AwsKeys::pin(connection, &[name(words[2])])).unwrap();
        }
        "regional" => {
            let patience = AwsPatience::with_call(Duration::from_secs(2));
            let address = AwsAddress::Regional;
            let settings = AwsSettings { address, patience, ..any() };
            let connection = wait(AwsConnection::open(settings)).unwrap();
            let error = wait(AwsKeys::pin(connection, &[name("alias/any")])).unwrap_err();
            assert!(!matches!(error.source, KeyServiceError::Answer(_)), "{error:?}");
        }
        "chain" => {
            let settings = AwsSettings { credentials: AwsCredentials::DefaultChain, ..any() };
            let connection = wait(AwsConnection::open(settings)).unwrap();
            let pinned = wait(AwsKeys::pin(connection, &[name(words[2])]));
            match words[3] {
                "known" => assert_eq!(pinned.unwrap().keys().len(), 1),
                _ => {
                    let error = pinned.unwrap_err().source;
                    assert!(matches!(error, KeyServiceError::Unauthenticated), "{error:?}");
                }
            }
        }
        "roots" => {
            let refused = wait(AwsConnection::open(any())).unwrap_err();
            assert_eq!(refused, AwsOpenError::RootsOfEnvironment);
            let roots = AwsRoots::Only(TestAuthority::new().pem().into_bytes());
            wait(AwsConnection::open(AwsSettings { roots, ..any() })).unwrap();
        }
        "outage" => {
            let settings = AwsSettings { credentials: AwsCredentials::DefaultChain, ..any() };
            let connection = wait(AwsConnection::open(settings)).unwrap();
            let error = wait(AwsKeys::pin(connection, &[name("alias/any")])).unwrap_err().source;
            assert!(matches!(error, KeyServiceError::Unavailable(_)), "{error:?}");
        }
        "bodies" => {
            let refused = wait(AwsConnection::open(any())).unwrap_err();
            assert_eq!(refused, AwsOpenError::LogsBodies);
        }
        other => panic!("no task {other}"),
    }
}

#[test]
fn identity_comes_from_the_default_chain() {
    let emulator = Emulator::new(Kind::LocalStack);
    let key = emulator.create("records").name;
    let account = key.as_str().split(':').nth(4).unwrap();
    let address = emulator.address();
    let mut known = child(HELPER, &["chain", &address, key.as_str(), "known"]);
    known.env("AWS_ACCESS_KEY_ID", account).env("AWS_SECRET_ACCESS_KEY", "secret");
    let _ = output_of(known);
    let mut unknown = child(HELPER, &["chain", &address, key.as_str(), "unknown"]);
    let nowhere = "/nonexistent/medsec";
    unknown.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    unknown.env_remove("AWS_PROFILE").env("AWS_EC2_METADATA_DISABLED", "true");
    unknown.env("AWS_CONFIG_FILE", nowhere).env("AWS_SHARED_CREDENTIALS_FILE", nowhere);
    let _ = output_of(unknown);
}

/// Whoever hands credentials out is away: that passes, and is not the same as having none.
#[test]
fn outage_of_the_source_of_credentials_is_retryable() {
    let mut away = child(HELPER, &["outage", "http://127.0.0.1:1"]);
    let nowhere = "/nonexistent/medsec";
    away.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    away.env_remove("AWS_PROFILE").env("AWS_EC2_METADATA_DISABLED", "true");
    away.env("AWS_CONFIG_FILE", nowhere).env("AWS_SHARED_CREDENTIALS_FILE", nowhere);
    away.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/credentials");
    let _ = output_of(away);
}

#[test]
fn environment_cannot_have_data_keys_logged() {
    let mut bodies = child(HELPER, &["bodies", "http://127.0.0.1:1"]);
    bodies.env("LOG_SENSITIVE_BODIES", "True");
    let _ = output_of(bodies);
}

#[test]
fn call_outside_of_a_runtime_says_what_it_lacks() {
    let emulator = Emulator::new(Kind::Moto);
    let key = emulator.create("records").name;
    let keys = emulator.keys(std::slice::from_ref(&key));
    let mut context_of_task = Context::from_waker(Waker::noop());
    let context = context(1);
    let mut call = keys.generate_dek(&key, &context);
    let Poll::Ready(Err(error)) = call.as_mut().poll(&mut context_of_task) else {
        panic!("it waits for what does not come");
    };
    assert!(matches!(error, KeyServiceError::NoRuntime), "{error:?}");
    let mut open = Box::pin(AwsConnection::open(emulator.settings()));
    let opened = open.as_mut().poll(&mut context_of_task);
    assert!(matches!(opened, Poll::Ready(Err(AwsOpenError::NoRuntime))), "{opened:?}");
}

#[test]
fn trust_in_something_that_is_no_certificate_is_refused_when_opening() {
    let good = TestAuthority::new().pem();
    let cut = good.replacen("MII", "AAA", 1);
    for pem in ["", "no PEM", &cut] {
        let roots = AwsRoots::Only(pem.as_bytes().to_vec());
        let settings = settings_at("https://localhost:1", access_key("id", "secret", None));
        let refused = wait(AwsConnection::open(AwsSettings { roots, ..settings })).unwrap_err();
        assert_eq!(refused, AwsOpenError::Roots);
    }
}

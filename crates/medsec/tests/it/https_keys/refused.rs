//! Servers that are not the provider, and answers that are no key set.

use medsec::{
    InvalidProviderAddress, KeySetFetchError, KeySetLimits, KeySetPlace, KeySetSetupError,
    ProviderAddress, ProviderRoots,
};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_policy::{DiscoveryError, KeySet, KeySetError, KeySetSource as _};

use super::provider::{Page, Provider};
use super::tokens::key_set;
use super::{KEYS, at, block_on, certificates, source, source_with};

/// What comes of a fetch from a provider that answers this.
async fn fetched(page: Page) -> Result<(), KeySetFetchError> {
    let provider = Provider::new();
    provider.page(KEYS, page);
    let (keys, _) = source(at(&provider.address(KEYS)));
    let fetched = keys.refresh().await;
    assert_eq!(keys.current().is_ok(), fetched.is_ok());
    fetched
}

/// What comes of a fetch from a server with another certificate, and whether it was told anything.
async fn shown(provider: &Provider, authority: Vec<u8>) -> (Result<(), KeySetFetchError>, usize) {
    provider.page(KEYS, Page::ok(key_set(&[1])));
    let place = at(&provider.address(KEYS));
    let (keys, _) = source_with(place, authority, KeySetLimits::default());
    (keys.refresh().await, provider.asked())
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "keys of a server that is not the identity provider are not taken: another name, expired, another authority",
    polarity = deny,
)]
fn certificate_of_another_name_age_or_authority_is_refused(ev: Ev) -> Proven {
    let servers = [
        (Provider::with(certificates::server("idp.example")), certificates::authority()),
        (Provider::with(certificates::expired("localhost")), certificates::authority()),
        (Provider::new(), certificates::other_authority()),
    ];
    for (provider, authority) in servers {
        let (fetched, asked) = block_on(shown(&provider, authority));
        ev.denies(fetched, |error| *error == KeySetFetchError::NotTrusted);
        assert_eq!(asked, 0);
    }
    ev.proven()
}

#[tokio::test]
async fn authorities_of_the_system_do_not_vouch_for_ours() {
    let provider = Provider::new();
    let setup = medsec::HttpsKeySetSetup {
        place: at(&provider.address(KEYS)),
        roots: ProviderRoots::Platform,
        limits: KeySetLimits::default(),
        clock: super::HandClock::new(),
    };
    // A system without any authorities cannot have this kind of source at all.
    match medsec::HttpsKeySet::new(setup) {
        Ok(keys) => assert_eq!(keys.refresh().await, Err(KeySetFetchError::NotTrusted)),
        Err(error) => assert_eq!(error, KeySetSetupError::Tls),
    }
    assert_eq!(provider.asked(), 0);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Provider::new();
    elsewhere.page(KEYS, Page::ok(key_set(&[1])));
    for (code, to) in [(301, elsewhere.address(KEYS)), (302, KEYS.to_owned()), (307, "/x".into())] {
        let page = Page::status(&format!("{code} Elsewhere\r\nLocation: {to}"));
        assert_eq!(fetched(page).await, Err(KeySetFetchError::Redirected), "{code}");
    }
    assert_eq!(elsewhere.asked(), 0);
}

#[tokio::test]
async fn huge_answers_are_refused_with_and_without_a_length() {
    let body = vec![b' '; KeySet::MAX_LEN + 1];
    assert_eq!(fetched(Page::ok(body)).await, Err(KeySetFetchError::TooLong));
    let body = vec![b' '; 64 << 20];
    let endless = Page { is_open_ended: true, ..Page::ok(body) };
    assert_eq!(fetched(endless).await, Err(KeySetFetchError::TooLong));
}

#[tokio::test]
async fn answers_that_are_no_key_set_are_refused() {
    let cases = [
        ("<html>", KeySetError::Malformed),
        ("", KeySetError::Malformed),
        (r#"{"keys":[]}"#, KeySetError::NoUsableKey),
        (r#"{"keys":[{"kty":"oct","kid":"a","k":"AAAA"}]}"#, KeySetError::PrivateKey),
    ];
    for (body, error) in cases {
        assert_eq!(fetched(Page::ok(body)).await, Err(KeySetFetchError::KeySet(error)), "{body}");
    }
    for (head, code) in [("404 Not Found", 404), ("204 No Content", 204), ("206 Partial", 206)] {
        assert_eq!(fetched(Page::status(head)).await, Err(KeySetFetchError::Status(code)));
    }
}

#[tokio::test]
async fn server_that_is_not_there_is_unreachable() {
    let (keys, _) = source(at("https://127.0.0.1:1/keys"));
    assert_eq!(keys.refresh().await, Err(KeySetFetchError::Unreachable));
}

#[tokio::test]
async fn server_without_tls_is_no_provider() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        use std::io::Write as _;
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    });
    let (keys, _) = source(at(&format!("https://localhost:{port}/keys")));
    assert_eq!(keys.refresh().await, Err(KeySetFetchError::Tls));
}

/// What comes of a discovery document that says this.
async fn discovered(issuer: &str, set: &str) -> Result<(), KeySetFetchError> {
    let provider = Provider::new();
    let own = provider.address("");
    let fill = |text: &str| text.replace("OWN", &own);
    let document = format!(r#"{{"issuer":"{}","jwks_uri":"{}"}}"#, fill(issuer), fill(set));
    provider.page("/.well-known/openid-configuration", Page::ok(document));
    provider.page(KEYS, Page::ok(key_set(&[1])));
    let (keys, _) = source(KeySetPlace::Issuer(ProviderAddress::new(&own).unwrap()));
    keys.refresh().await
}

#[tokio::test]
async fn discovery_document_of_another_issuer_is_refused() {
    let other = Err(KeySetFetchError::Discovery(DiscoveryError::OtherIssuer));
    assert_eq!(discovered("https://idp.example", "OWN/keys").await, other);
    assert_eq!(discovered("OWN/", "OWN/keys").await, other);
    assert_eq!(discovered("OWN", "OWN/keys").await, Ok(()));
}

#[tokio::test]
async fn discovery_document_cannot_point_to_a_place_without_tls() {
    let plain = KeySetFetchError::Address(InvalidProviderAddress::Plain);
    assert_eq!(discovered("OWN", "http://127.0.0.1:8080/keys").await, Err(plain));
    let scheme = KeySetFetchError::Address(InvalidProviderAddress::Scheme);
    assert_eq!(discovered("OWN", "ftp://127.0.0.1/keys").await, Err(scheme));
    let syntax = KeySetFetchError::Address(InvalidProviderAddress::Syntax);
    assert_eq!(discovered("OWN", "/keys").await, Err(syntax));
}

#[test]
fn setups_that_could_not_work_are_refused() {
    let new = |place: &str, change: fn(&mut KeySetLimits)| {
        let mut limits = KeySetLimits::default();
        change(&mut limits);
        let place = KeySetPlace::Issuer(ProviderAddress::new(place).unwrap());
        let roots = ProviderRoots::Authorities(vec![certificates::authority()]);
        let clock = super::HandClock::new();
        let setup = medsec::HttpsKeySetSetup { place, roots, limits, clock };
        medsec::HttpsKeySet::new(setup).map(drop)
    };
    let issuer = "https://idp.example";
    assert_eq!(new("https://idp.example/?p=1", |_| {}), Err(KeySetSetupError::Issuer));
    let wrong: [fn(&mut KeySetLimits); 4] = [
        |limits| limits.timeout = std::time::Duration::ZERO,
        |limits| limits.timeout = std::time::Duration::from_secs(61),
        |limits| limits.refresh_interval = std::time::Duration::ZERO,
        |limits| limits.usable_for = std::time::Duration::from_secs(25 * 3600),
    ];
    for change in wrong {
        assert_eq!(new(issuer, change), Err(KeySetSetupError::Limits));
    }
    assert_eq!(new(issuer, |_| {}), Ok(()));
}

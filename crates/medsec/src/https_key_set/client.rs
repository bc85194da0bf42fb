//! One GET over TLS, with limits on everything.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use medsec_policy::{KeySet, key_set_address};
use reqwest::header::{ACCEPT, CACHE_CONTROL, HeaderMap};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

use super::error::{KeySetFetchError, KeySetSetupError};
use super::{KeySetPlace, ProviderRoots};

/// Longest chain of causes that is followed.
const MAX_DEPTH: usize = 32;

/// What came.
pub(super) struct Fetched {
    pub(super) keys: KeySet,
    /// For how long the provider says that it may be kept.
    pub(super) max_age: Option<Duration>,
}

/// A client that follows nothing, keeps no connection, and goes through no proxy: what the environment says must not
/// decide where keys come from.
pub(super) fn client(roots: &ProviderRoots) -> Result<Client, KeySetSetupError> {
    let builder = Client::builder()
        .tls_backend_preconfigured(tls(roots)?)
        .redirect(Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(0);
    builder.build().map_err(|_| KeySetSetupError::Tls)
}

/// TLS 1.2 and 1.3 on AWS-LC, named and not taken from the process: another library may have set one of its own.
fn tls(roots: &ProviderRoots) -> Result<ClientConfig, KeySetSetupError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| KeySetSetupError::Tls)?;
    let builder = match roots {
        ProviderRoots::Platform => {
            builder.with_platform_verifier().map_err(|_| KeySetSetupError::Tls)?
        }
        ProviderRoots::Authorities(list) => builder.with_root_certificates(store(list)?),
    };
    Ok(builder.with_no_client_auth())
}

fn store(list: &[Vec<u8>]) -> Result<RootCertStore, KeySetSetupError> {
    let mut store = RootCertStore::empty();
    for root in list {
        let root = CertificateDer::from(root.clone());
        store.add(root).map_err(|_| KeySetSetupError::Roots)?;
    }
    if store.is_empty() { Err(KeySetSetupError::Roots) } else { Ok(store) }
}

/// Fetches the set, by way of the discovery document if it is that which is known.
pub(super) async fn fetch(
    client: &Client,
    place: &KeySetPlace,
) -> Result<Fetched, KeySetFetchError> {
    let (body, headers) = match place {
        KeySetPlace::KeySet(address) => get(client, address.url()).await?,
        KeySetPlace::Issuer(issuer) => {
            // Refused when the source was made.
            let discovery = issuer.discovery().ok_or(KeySetFetchError::Unreachable)?;
            let (document, _) = get(client, &discovery).await?;
            let named = key_set_address(&document, issuer.as_str())?;
            get(client, issuer.named_here(&named)?.url()).await?
        }
    };
    Ok(Fetched { keys: KeySet::parse(&body)?, max_age: max_age(&headers) })
}

async fn get(client: &Client, url: &Url) -> Result<(Vec<u8>, HeaderMap), KeySetFetchError> {
    let request = client.get(url.clone()).header(ACCEPT, "application/json");
    let mut response = request.send().await.map_err(|error| fault(&error))?;
    match response.status().as_u16() {
        200 => {}
        300..=399 => return Err(KeySetFetchError::Redirected),
        status => return Err(KeySetFetchError::Status(status)),
    }
    let limit = u64::try_from(KeySet::MAX_LEN).unwrap_or(u64::MAX);
    if response.content_length().is_some_and(|len| len > limit) {
        return Err(KeySetFetchError::TooLong);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| fault(&error))? {
        if body.len().saturating_add(chunk.len()) > KeySet::MAX_LEN {
            return Err(KeySetFetchError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok((body, std::mem::take(response.headers_mut())))
}

/// `max-age` of RFC 9111; zero where the answer must not be kept.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut age = None;
    for directive in values.flat_map(|value| value.split(',')).map(str::trim) {
        let lower = directive.to_ascii_lowercase();
        if lower == "no-store" || lower == "no-cache" {
            return Some(Duration::ZERO);
        }
        let seconds = lower.strip_prefix("max-age=").and_then(|text| text.parse().ok());
        age = age.or(seconds.map(Duration::from_secs));
    }
    age
}

/// The error without what it says of the request.
fn fault(error: &reqwest::Error) -> KeySetFetchError {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    for _ in 0..MAX_DEPTH {
        let Some(cause) = next else { break };
        match cause.downcast_ref::<rustls::Error>() {
            Some(rustls::Error::InvalidCertificate(_)) => return KeySetFetchError::NotTrusted,
            Some(_) => return KeySetFetchError::Tls,
            None => {}
        }
        // An input or output error hides what it holds from `source`: that is the source of what it holds.
        next = match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(held) => Some(held),
            None => cause.source(),
        };
    }
    KeySetFetchError::Unreachable
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn said(values: &[&'static str]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CACHE_CONTROL, HeaderValue::from_static(value));
        }
        max_age(&headers).map(|age| age.as_secs())
    }

    #[test]
    fn age_that_a_provider_states_is_read() {
        assert_eq!(said(&[]), None);
        assert_eq!(said(&["public, max-age=300, must-revalidate"]), Some(300));
        assert_eq!(said(&["public", "Max-Age=60"]), Some(60));
        assert_eq!(said(&["max-age=300, no-store"]), Some(0));
        assert_eq!(said(&["max-age=-1"]), None);
        assert_eq!(said(&["max-age=99999999999999999999999"]), None);
    }

    #[test]
    fn roots_that_are_none_are_refused() {
        for list in [vec![], vec![Vec::new()], vec![b"no certificate".to_vec()]] {
            let refused = client(&ProviderRoots::Authorities(list)).unwrap_err();
            assert_eq!(refused, KeySetSetupError::Roots);
        }
    }
}

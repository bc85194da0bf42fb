//! Requests to the bucket: those that object_store has, and two that it has not.

use http_body_util::{BodyExt as _, Limited};
use medsec_audit::{LogOrigin, OutsideError};
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsAuthorizer, Checksum};
use object_store::client::ReqwestConnector;
use object_store::client::{HttpClient, HttpConnector as _, HttpRequest, HttpRequestBody};
use object_store::{ClientOptions, GetOptions, ObjectStore as _, PutMode, PutPayload, RetryConfig};
use serde::Deserialize;

use super::key::{Key, encoded, folder};
use super::largest::{Page, Pages};
use super::{MAX_OBJECT_LEN, S3Error, S3Settings, malformed, refused, unfit};

/// Longest answer in XML. A page of a thousand versions has about half a megabyte.
const MAX_ANSWER_LEN: usize = 4 << 20;
/// Most versions of one object that are looked at; more is somebody's mischief.
const PAGE: usize = 1000;

/// One bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    store: AmazonS3,
    client: HttpClient,
    /// The bucket's own address.
    url: String,
    region: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listing {
    is_truncated: bool,
    #[serde(default)]
    version: Vec<Version>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    key: String,
    version_id: String,
}

impl Bucket {
    pub(super) fn new(settings: &S3Settings) -> Result<Self, OutsideError> {
        let S3Settings { bucket, region, endpoint, access, patience, .. } = settings;
        let aws = || format!("https://s3.{region}.amazonaws.com");
        let endpoint = endpoint.clone().unwrap_or_else(aws);
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        if !is_label(bucket) || !is_label(region) || !is_safe(&endpoint) {
            return Err(unfit(S3Error::Settings));
        }
        let options = ClientOptions::new()
            .with_allow_http(endpoint.starts_with("http://"))
            .with_connect_timeout(*patience)
            .with_timeout(*patience);
        let retry =
            RetryConfig { max_retries: 2, retry_timeout: *patience, ..RetryConfig::default() };
        let builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(region)
            .with_endpoint(&endpoint)
            .with_virtual_hosted_style_request(false)
            .with_checksum_algorithm(Checksum::SHA256)
            .with_client_options(options.clone().with_default_headers(checksum_headers()))
            .with_retry(retry);
        let store = access.give(builder).build().map_err(|error| unfit(S3Error::Store(error)))?;
        let client = ReqwestConnector::default().connect(&options);
        let client = client.map_err(|error| unfit(S3Error::Store(error)))?;
        Ok(Self { store, client, url: format!("{endpoint}/{bucket}"), region: region.clone() })
    }

    /// Puts an object where there is none; false if there is one.
    pub(super) async fn put(&self, key: &Key, note: String) -> Result<bool, OutsideError> {
        let path = key.path().ok_or_else(|| refused(S3Error::Settings))?;
        let put = self.store.put_opts(&path, PutPayload::from(note), PutMode::Create.into()).await;
        match put {
            Ok(_) => Ok(true),
            Err(
                object_store::Error::AlreadyExists { .. }
                | object_store::Error::Precondition { .. },
            ) => Ok(false),
            Err(error) => Err(of(error)),
        }
    }

    /// The version of an object that was put first; nothing if there never was one.
    pub(super) async fn first_version(&self, key: &Key) -> Result<Option<Vec<u8>>, OutsideError> {
        let query = query(key.as_str(), None);
        let listing = self.listing(&query).await?;
        // The newest comes first. What lies beyond a page cannot be told to be the first.
        if listing.is_truncated {
            return Err(malformed());
        }
        let mut versions =
            listing.version.into_iter().filter(|version| version.key == key.as_str());
        let Some(first) = versions.next_back() else { return Ok(None) };
        let path = key.path().ok_or_else(|| refused(S3Error::Settings))?;
        let options = GetOptions { version: Some(first.version_id), ..GetOptions::default() };
        let object = self.store.get_opts(&path, options).await.map_err(of)?;
        if object.meta.size > MAX_OBJECT_LEN {
            return Err(malformed());
        }
        Ok(Some(object.bytes().await.map_err(of)?.to_vec()))
    }

    /// The sizes of an origin's checkpoints.
    pub(super) const fn sizes<'a>(&'a self, origin: &'a LogOrigin) -> Sizes<'a> {
        Sizes { bucket: self, origin }
    }

    async fn listing(&self, query: &str) -> Result<Listing, OutsideError> {
        let missing = || OutsideError::Unfit(Box::new(S3Error::Status(404)));
        let answer = self.ask(query, &[404]).await?.ok_or_else(missing)?;
        quick_xml::de::from_str(&answer).map_err(|_| malformed())
    }

    /// A signed GET of the bucket itself. Nothing if the status is one of `absent`.
    pub(super) async fn ask(
        &self,
        query: &str,
        absent: &[u16],
    ) -> Result<Option<String>, OutsideError> {
        let credential = self.store.credentials().get_credential().await.map_err(of)?;
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        let url = format!("{}?{query}", self.url).parse();
        *request.uri_mut() = url.map_err(|_| unfit(S3Error::Settings))?;
        AwsAuthorizer::new(&credential, "s3", &self.region).authorize(&mut request, None);
        let response = self.client.execute(request).await.map_err(|e| unreachable(e.into()))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), MAX_ANSWER_LEN).collect().await;
        let body = body.map_err(unreachable)?.to_bytes();
        match status {
            200 => Ok(Some(std::str::from_utf8(&body).map_err(|_| malformed())?.to_owned())),
            status if absent.contains(&status) => Ok(None),
            429 | 500.. => Err(OutsideError::Unreachable(Box::new(S3Error::Status(status)))),
            status => Err(refused(S3Error::Status(status))),
        }
    }
}

/// Lists sizes, page by page.
#[derive(Debug)]
pub(super) struct Sizes<'a> {
    bucket: &'a Bucket,
    origin: &'a LogOrigin,
}

impl Pages for Sizes<'_> {
    async fn behind(&self, size: Option<u64>) -> Result<Page, OutsideError> {
        let marker = size.map(|size| Key::of(self.origin, size));
        let query = query(&folder(self.origin), marker.as_ref());
        let listing = self.bucket.listing(&query).await?;
        let sizes = listing.version.iter();
        let sizes = sizes.filter_map(|version| Key::size_of(self.origin, &version.key));
        Ok(Page { last: sizes.max(), more: listing.is_truncated })
    }
}

/// What is put under retention must come with a checksum, and this header says that it does. object_store sends the
/// checksum, without the header; default headers it signs.
fn checksum_headers() -> http_types::HeaderMap {
    let algorithm = http_types::HeaderValue::from_static("SHA256");
    http_types::HeaderMap::from_iter([(
        http_types::HeaderName::from_static("x-amz-sdk-checksum-algorithm"),
        algorithm,
    )])
}

/// ListObjectVersions. The parameters are in the order in which they are signed.
fn query(prefix: &str, behind: Option<&Key>) -> String {
    let marker =
        behind.map(|key| format!("key-marker={}&", encoded(key.as_str()))).unwrap_or_default();
    format!("{marker}max-keys={PAGE}&prefix={}&versions=", encoded(prefix))
}

/// What a bucket or a region may be called: it becomes part of an address.
fn is_label(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (3..=63).contains(&text.len()) && text.bytes().all(|byte| allowed(byte) || byte == b'.')
}

/// TLS, or this machine.
fn is_safe(endpoint: &str) -> bool {
    let plain =
        endpoint.bytes().all(|byte| byte.is_ascii_graphic()) && !endpoint.contains(['?', '#', '@']);
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let local = local.iter().filter_map(|host| endpoint.strip_prefix(host));
    let local = local.into_iter().any(|rest| rest.is_empty() || rest.starts_with([':', '/']));
    plain && (endpoint.starts_with("https://") || local)
}

fn unreachable(error: Box<dyn std::error::Error + Send + Sync>) -> OutsideError {
    OutsideError::Unreachable(Box::new(S3Error::Request(error)))
}

/// What an error of the store means.
fn of(error: object_store::Error) -> OutsideError {
    use object_store::Error;

    let class: fn(Box<dyn std::error::Error + Send + Sync>) -> OutsideError = match &error {
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => OutsideError::Refused,
        Error::NotFound { .. } | Error::UnknownConfigurationKey { .. } => OutsideError::Unfit,
        Error::InvalidPath { .. } | Error::NotSupported { .. } | Error::NotImplemented { .. } => {
            OutsideError::Unfit
        }
        _ => OutsideError::Unreachable,
    };
    class(Box::new(S3Error::Store(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_without_tls_is_only_this_machine() {
        for bad in [
            "http://s3.example",
            "http://127.0.0.1.example",
            "http://localhost@s3.example",
            "ftp://x",
            "https://a?b",
            "https://a b",
            "",
        ] {
            assert!(!is_safe(bad), "{bad}");
        }
        for good in
            ["https://s3.example", "http://127.0.0.1:5000", "http://localhost", "http://[::1]:1"]
        {
            assert!(is_safe(good), "{good}");
        }
    }

    #[test]
    fn listing_reads_versions_among_delete_markers() {
        let listing: Listing = quick_xml::de::from_str(
            "<ListVersionsResult xmlns=\"x\"><Name>b</Name><IsTruncated>false</IsTruncated>\
             <Version><Key>a</Key><VersionId>2</VersionId><Size>1</Size></Version>\
             <DeleteMarker><Key>a</Key><VersionId>3</VersionId></DeleteMarker>\
             <Version><Key>a</Key><VersionId>1</VersionId></Version></ListVersionsResult>",
        )
        .unwrap();
        let ids: Vec<_> =
            listing.version.iter().map(|version| version.version_id.as_str()).collect();
        assert_eq!(ids, ["2", "1"]);
    }
}

//! What KMS refused, and what went wrong on the way, told apart by status and error code and never by message.

use std::error::Error;
use std::io;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_kms::config::http::HttpResponse;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use tokio::runtime::Handle;

use super::limit;
use crate::remote::connection_fault;
use crate::service::KeyServiceError;

pub(super) const OTHER_KEY: KeyServiceError =
    KeyServiceError::Answer("it is about another key than the one asked for");
/// Of an endpoint that is not all of KMS.
pub(super) const UNKNOWN_REQUEST: &str = "it does not know this request";
/// Longest error code that is looked at.
const MAX_CODE_LEN: usize = 128;
/// Longest chain of causes that is followed.
const MAX_DEPTH: usize = 32;
/// Longest pause that is believed.
const MAX_RETRY_AFTER: u64 = 3600;

/// An error, or the one answer that says too little: the key is in *some* state that does not allow this.
#[derive(Debug)]
pub(super) enum Refusal {
    Error(KeyServiceError),
    State,
}

/// Awaits one request inside a runtime, or says that there is none.
pub(super) async fn send<T, E>(
    request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
) -> Result<T, Refusal>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    // Without one, the SDK's timers and sockets would panic.
    Handle::try_current().map_err(|_| Refusal::Error(KeyServiceError::NoRuntime))?;
    request.await.map_err(|error| refusal(&error))
}

fn refusal<E: ProvideErrorMetadata + Error + 'static>(
    error: &SdkError<E, HttpResponse>,
) -> Refusal {
    match error {
        SdkError::ServiceError(refused) => of_answer(refused.err().code(), refused.raw()),
        SdkError::ResponseError(broken) => of_broken(error, broken.raw()),
        SdkError::TimeoutError(_) => Refusal::Error(KeyServiceError::TimedOut),
        _ => Refusal::Error(of_connection(error)),
    }
}

/// A request that got no answer.
fn of_connection<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> KeyServiceError {
    if let Some(fault) = connection_fault(error) {
        return KeyServiceError::Connection(fault);
    }
    if let Some(identity) = causes(error).find_map(|cause| cause.downcast_ref()) {
        return of_identity(identity);
    }
    if let SdkError::DispatchFailure(failure) = error
        && failure.is_timeout()
    {
        return KeyServiceError::TimedOut;
    }
    unavailable(error)
}

/// No credentials, or none that can be had now.
fn of_identity(error: &CredentialsError) -> KeyServiceError {
    match error {
        CredentialsError::ProviderTimedOut(_) => KeyServiceError::TimedOut,
        // Whoever hands them out was not reached. That none of the sources has any is another thing.
        CredentialsError::ProviderError(_) | CredentialsError::Unhandled(_)
            if is_on_the_way(error) =>
        {
            unavailable(error)
        }
        _ => KeyServiceError::Unauthenticated,
    }
}

/// Whether something on the way to STS, SSO or a metadata service was the cause, and not a file.
fn is_on_the_way(error: &CredentialsError) -> bool {
    use io::ErrorKind as Kind;
    let file = [Kind::NotFound, Kind::PermissionDenied, Kind::InvalidData, Kind::InvalidInput];
    let mut found = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>());
    found.next().is_some_and(|error| !file.contains(&error.kind()))
}

/// An answer that could not be read or understood.
fn of_broken<E: Error + 'static>(
    error: &SdkError<E, HttpResponse>,
    response: &HttpResponse,
) -> Refusal {
    if causes(error).any(limit::is_limit) {
        return Refusal::Error(KeyServiceError::Answer("it is longer than any answer may be"));
    }
    if response.status().is_success() {
        let broken = causes(error).any(|cause| cause.is::<io::Error>());
        return Refusal::Error(match broken {
            true => unavailable(error),
            false => KeyServiceError::Answer("it is not understood"),
        });
    }
    of_answer(None, response)
}

/// An error answer: by its code where it has one, else by its status.
fn of_answer(code: Option<&str>, response: &HttpResponse) -> Refusal {
    let body = response.body().bytes().unwrap_or_default();
    let code = code.or_else(|| code_of_xml(body)).filter(|code| code.len() <= MAX_CODE_LEN);
    match code.and_then(|code| of_code(code, response)) {
        Some(refusal) => refusal,
        None => Refusal::Error(of_status(response)),
    }
}

/// Error codes of KMS and of AWS's front ends. `None` for one that is not known.
fn of_code(code: &str, response: &HttpResponse) -> Option<Refusal> {
    use KeyServiceError as K;
    let code = code.strip_suffix("Exception").unwrap_or(code);
    Some(Refusal::Error(match code {
        "KMSInvalidState" => return Some(Refusal::State),
        "InvalidCiphertext" | "IncorrectKey" => K::NotAuthentic,
        "AccessDenied" | "NotAuthorized" => K::NotPermitted,
        "Disabled" => K::Disabled,
        "NotFound" | "InvalidArn" => K::NoSuchKey,
        "AlreadyExists" => K::KeyExists,
        "InvalidKeyUsage" => K::Unsuitable("it is not for encryption"),
        "UnsupportedOperation" => K::Unsuitable("its kind does not support this"),
        "LimitExceeded" => K::State,
        "Conflict" => K::Busy,
        "KeyUnavailable"
        | "KMSInternal"
        | "InternalFailure"
        | "InternalError"
        | "ServiceUnavailable"
        | "CustomKeyStoreInvalidState" => unavailable_status(response),
        "DependencyTimeout" => K::TimedOut,
        "Throttling"
        | "Throttled"
        | "ThrottledRequest"
        | "RequestThrottled"
        | "RequestLimitExceeded"
        | "TooManyRequests"
        | "BandwidthLimitExceeded"
        | "SlowDown" => K::Throttled { retry_after: retry_after(response) },
        "UnrecognizedClient"
        | "InvalidClientTokenId"
        | "ExpiredToken"
        | "InvalidSignature"
        | "SignatureDoesNotMatch"
        | "MissingAuthenticationToken"
        | "IncompleteSignature"
        | "InvalidAccessKeyId"
        | "AuthFailure"
        | "RequestExpired"
        | "InvalidToken"
        | "OptInRequired" => K::Unauthenticated,
        "Validation" | "ValidationError" | "Serialization" | "InvalidParameterValue" => {
            K::Unacceptable { field: "request" }
        }
        _ => return None,
    }))
}

fn of_status(response: &HttpResponse) -> KeyServiceError {
    match response.status().as_u16() {
        401 => KeyServiceError::Unauthenticated,
        403 => KeyServiceError::NotPermitted,
        429 => KeyServiceError::Throttled { retry_after: retry_after(response) },
        408 | 500 | 502..=504 => unavailable_status(response),
        _ => KeyServiceError::Answer("a status that it does not document"),
    }
}

/// A failure on the other side; a 501 is one that will not pass.
fn unavailable_status(response: &HttpResponse) -> KeyServiceError {
    match response.status().as_u16() {
        501 => KeyServiceError::Answer(UNKNOWN_REQUEST),
        _ => KeyServiceError::Unavailable(io::ErrorKind::Other.into()),
    }
}

/// Front ends answer in XML: `<Code>AccessDenied</Code>`.
fn code_of_xml(body: &[u8]) -> Option<&str> {
    let text = str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    Some(code.trim())
}

/// Whole seconds, an hour at most; other forms are not believed.
fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let seconds: u64 = response.headers().get("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(MAX_RETRY_AFTER)))
}

/// Of what went wrong on the way only its kind is told: the rest may hold parts of a request.
fn unavailable(error: &(dyn Error + 'static)) -> KeyServiceError {
    let kind = causes(error).find_map(|cause| cause.downcast_ref::<io::Error>());
    let kind = kind.map_or(io::ErrorKind::Other, io::Error::kind);
    KeyServiceError::Unavailable(kind.into())
}

/// An error and what caused it, as deep as is looked.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    let mut next = Some(error);
    let each = std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    });
    each.take(MAX_DEPTH)
}

/// The error of a call for which no state has to be looked up.
impl From<Refusal> for KeyServiceError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Error(error) => error,
            Refusal::State => Self::State,
        }
    }
}

#[cfg(test)]
mod tests;

//! Every code and status that is told apart.

use aws_smithy_types::body::SdkBody;

use super::*;

fn response(status: u16, body: &str) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))
}

fn named(code: Option<&str>, status: u16, body: &str) -> &'static str {
    match of_answer(code, &response(status, body)) {
        Refusal::State => "state of the key",
        Refusal::Error(error) => match error {
            KeyServiceError::NotAuthentic => "not authentic",
            KeyServiceError::NotPermitted => "not permitted",
            KeyServiceError::Disabled => "disabled",
            KeyServiceError::NoSuchKey => "no such key",
            KeyServiceError::KeyExists => "exists",
            KeyServiceError::Unsuitable(_) => "unsuitable",
            KeyServiceError::State => "state",
            KeyServiceError::Busy => "busy",
            KeyServiceError::Unavailable(_) => "unavailable",
            KeyServiceError::TimedOut => "timed out",
            KeyServiceError::Throttled { .. } => "throttled",
            KeyServiceError::Unauthenticated => "unauthenticated",
            KeyServiceError::Unacceptable { .. } => "unacceptable",
            KeyServiceError::Answer(_) => "answer",
            other => panic!("{other:?}"),
        },
    }
}

#[test]
fn codes_are_told_apart() {
    for (code, status, expected) in [
        ("InvalidCiphertextException", 400, "not authentic"),
        ("IncorrectKeyException", 400, "not authentic"),
        ("AccessDeniedException", 400, "not permitted"),
        ("AccessDenied", 403, "not permitted"),
        ("DisabledException", 400, "disabled"),
        ("KMSInvalidStateException", 400, "state of the key"),
        ("NotFoundException", 400, "no such key"),
        ("InvalidArnException", 400, "no such key"),
        ("AlreadyExistsException", 400, "exists"),
        ("InvalidKeyUsageException", 400, "unsuitable"),
        ("UnsupportedOperationException", 400, "unsuitable"),
        ("LimitExceededException", 400, "state"),
        ("ConflictException", 400, "busy"),
        ("KeyUnavailableException", 500, "unavailable"),
        ("KMSInternalException", 500, "unavailable"),
        ("InternalFailure", 500, "unavailable"),
        ("InternalFailure", 501, "answer"),
        ("DependencyTimeoutException", 503, "timed out"),
        ("ThrottlingException", 400, "throttled"),
        ("RequestLimitExceeded", 400, "throttled"),
        ("ExpiredTokenException", 400, "unauthenticated"),
        ("UnrecognizedClientException", 400, "unauthenticated"),
        ("InvalidClientTokenId", 403, "unauthenticated"),
        ("SignatureDoesNotMatch", 403, "unauthenticated"),
        ("ValidationException", 400, "unacceptable"),
        ("NeverHeardOfException", 400, "answer"),
        ("NeverHeardOfException", 503, "unavailable"),
    ] {
        assert_eq!(named(Some(code), status, ""), expected, "{code}");
        let xml = format!("<E><Error><Code>{code}</Code><Message>m</Message></Error></E>");
        assert_eq!(named(None, status, &xml), expected, "{code} in XML");
    }
}

#[test]
fn answers_without_a_code_are_told_apart_by_status() {
    for (status, expected) in [
        (401, "unauthenticated"),
        (403, "not permitted"),
        (429, "throttled"),
        (500, "unavailable"),
        (502, "unavailable"),
        (504, "unavailable"),
        (400, "answer"),
        (404, "answer"),
        (418, "answer"),
    ] {
        assert_eq!(named(None, status, "<html>"), expected, "{status}");
    }
    let long = "<Code>".to_owned() + &"x".repeat(1 << 16) + "</Code>";
    assert_eq!(named(None, 403, &long), "not permitted");
}

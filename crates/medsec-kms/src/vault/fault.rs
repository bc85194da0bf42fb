//! What the server's refusals mean.
//!
//! Its texts are looked at where the status alone does not say enough; they are those of OpenBao 2 and Vault 1. None
//! of them is passed on: they can quote what was asked.

use std::io;

use serde::Deserialize;

use super::wire::Said;
use crate::service::KeyServiceError;

/// What was asked for: the same words mean different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Something that a wrapped data key was sent for.
    Wrapped,
    /// A fresh data key, or one to be wrapped.
    Fresh,
    /// What a key is, or a change of it.
    Key,
    /// A login, or what the server's own settings are.
    System,
}

#[derive(Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Vec<String>,
}

/// The error that a status other than 200 and 204 stands for.
pub(super) fn refused(said: &Said, asked: Asked) -> KeyServiceError {
    let told = serde_json::from_slice(&said.body).unwrap_or(Errors { errors: Vec::new() });
    let told = told.errors.join("\n");
    match said.status {
        400 | 500 => {
            let found = meant(&told, asked);
            found.unwrap_or_else(|| if said.status == 500 { failed() } else { unasked() })
        }
        401 => KeyServiceError::Unauthenticated,
        403 => KeyServiceError::NotPermitted,
        404 => missing(&told, asked),
        405 => KeyServiceError::NotOffered("it knows no such request"),
        // It has not caught up with its own storage.
        412 => KeyServiceError::Busy,
        413 => KeyServiceError::Unacceptable { field: "length of the request" },
        429 => KeyServiceError::Throttled { retry_after: said.retry_after },
        // Secondaries of a cluster that cannot do it themselves, and proxies without a server.
        472 | 473 | 502 | 504 => failed(),
        501 => KeyServiceError::Sealed,
        503 if told.contains("sealed") => KeyServiceError::Sealed,
        503 => failed(),
        300..=399 => KeyServiceError::Answer("it points to another server"),
        _ => KeyServiceError::Answer("it has a status that it should not have"),
    }
}

/// What one item of a batch was refused for.
pub(super) fn refused_item(told: &str, asked: Asked) -> KeyServiceError {
    meant(told, asked).unwrap_or_else(unasked)
}

fn meant(told: &str, asked: Asked) -> Option<KeyServiceError> {
    const UNKNOWN: [&str; 3] =
        ["encryption key not found", "key not found", "no existing key named"];
    let has = |part: &str| told.contains(part);
    // The first with status 500 where the server is Vault before 1.10: still no reason to ask again.
    const FORGED: [&str; 3] =
        ["message authentication failed", "invalid ciphertext", "missing ciphertext"];
    // It says that of the ciphertext's form too.
    if asked == Asked::Wrapped && has("version is too new") {
        return Some(KeyServiceError::NoSuchVersion);
    }
    if asked == Asked::Wrapped && FORGED.iter().any(|part| has(part)) {
        return Some(KeyServiceError::NotAuthentic);
    }
    if has("disallowed by policy (too old)") {
        return Some(KeyServiceError::VersionRetired);
    }
    if has("soft-deleted") {
        return Some(KeyServiceError::Disabled);
    }
    if UNKNOWN.iter().any(|part| has(part)) {
        return Some(KeyServiceError::NoSuchKey);
    }
    if has("No secret engine mount") {
        return Some(KeyServiceError::Unacceptable { field: "mount" });
    }
    None
}

fn missing(told: &str, asked: Asked) -> KeyServiceError {
    if told.contains("namespace not found") {
        return KeyServiceError::Unacceptable { field: "namespace" };
    }
    if told.contains("no handler for route") {
        return KeyServiceError::Unacceptable { field: "mount" };
    }
    match asked {
        Asked::System => KeyServiceError::NotOffered("it knows no such request"),
        _ => KeyServiceError::NoSuchKey,
    }
}

fn failed() -> KeyServiceError {
    KeyServiceError::Unavailable(io::ErrorKind::Other.into())
}

const fn unasked() -> KeyServiceError {
    KeyServiceError::Answer("it refuses the request as malformed")
}

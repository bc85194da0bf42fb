//! The frame around every answer.

use serde::Deserialize;

use super::fault::{Asked, refused};
use super::wire::Said;
use crate::service::KeyServiceError;

/// The parts of an answer that are used; `data` is read where it stands, without a copy.
#[derive(Deserialize)]
struct Frame<D, A> {
    // The type of `Option<D>` alone would make a missing field an error for some formats.
    #[serde(default = "none")]
    data: Option<D>,
    #[serde(default = "none")]
    auth: Option<A>,
    #[serde(default)]
    warnings: Option<Vec<String>>,
}

const fn none<T>() -> Option<T> {
    None
}

/// Reads the data of an answer.
///
/// # Errors
/// What the server refused it for, or [`KeyServiceError::Answer`] if it is no answer to what was asked.
pub(super) fn data<'s, D: Deserialize<'s>>(
    said: &'s Said,
    asked: Asked,
) -> Result<D, KeyServiceError> {
    accepted(said, asked)?;
    data_of(said)
}

/// As [`data`], of an answer whose status was looked at already.
pub(super) fn data_of<'s, D: Deserialize<'s>>(said: &'s Said) -> Result<D, KeyServiceError> {
    frame::<D, serde::de::IgnoredAny>(said)?.data.ok_or_else(empty)
}

/// Reads the credentials of an answer.
///
/// # Errors
/// As with [`data`].
pub(super) fn auth<'s, A: Deserialize<'s>>(
    said: &'s Said,
    asked: Asked,
) -> Result<A, KeyServiceError> {
    accepted(said, asked)?;
    frame::<serde::de::IgnoredAny, A>(said)?.auth.ok_or_else(empty)
}

/// Checks an answer whose content does not matter.
///
/// # Errors
/// As with [`data`].
pub(super) fn done(said: &Said, asked: Asked) -> Result<(), KeyServiceError> {
    // A server may say something where another says nothing.
    if said.status == 204 {
        return Ok(());
    }
    accepted(said, asked)?;
    frame::<serde::de::IgnoredAny, serde::de::IgnoredAny>(said).map(|_| ())
}

fn accepted(said: &Said, asked: Asked) -> Result<(), KeyServiceError> {
    match said.status {
        200 => Ok(()),
        204 => Err(KeyServiceError::Answer("it is empty")),
        _ => Err(refused(said, asked)),
    }
}

fn frame<'s, D: Deserialize<'s>, A: Deserialize<'s>>(
    said: &'s Said,
) -> Result<Frame<D, A>, KeyServiceError> {
    let frame: Frame<D, A> = serde_json::from_slice(&said.body)
        .map_err(|_| KeyServiceError::Answer("it is not of the form that is due"))?;
    let ignored = |warning: &String| warning.to_ascii_lowercase().contains("unrecognized param");
    if frame.warnings.iter().flatten().any(ignored) {
        return Err(KeyServiceError::Answer("it ignored a part of the request"));
    }
    Ok(frame)
}

const fn empty() -> KeyServiceError {
    KeyServiceError::Answer("it is empty")
}

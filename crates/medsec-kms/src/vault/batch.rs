//! Several items in one request: `batch_input`.
//!
//! Each item has its own result: the server's status says only that some failed (400, with the others' results), or
//! not even that. Transit takes batches for `encrypt`, `decrypt` and `rewrap`, and none for fresh data keys.

use std::borrow::Cow;
use std::num::NonZeroUsize;

use medsec_crypto::{Dek, KeyRef, Stanza};
use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::calls::context;
use super::fault::{Asked, refused, refused_item};
use super::link::{Link, Repeat};
use super::login::body;
use super::place::transit_name;
use super::reply::data_of;
use super::wire::Said;
use super::wrapped;
use crate::name::KeyName;
use crate::service::{KeyContext, KeyServiceError};

/// Items in one request. OpenBao takes 1,000 strings of JSON, names of fields included: 6 for each item.
pub(super) const BATCH: NonZeroUsize = NonZeroUsize::MIN.saturating_add(127);

#[derive(Serialize)]
struct Batch<'a> {
    batch_input: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    context: String,
    ciphertext: &'a str,
    /// Comes back with the item's result.
    reference: String,
}

#[derive(Deserialize)]
struct Results<'s> {
    #[serde(borrow)]
    batch_results: Vec<Outcome<'s>>,
}

#[derive(Deserialize)]
struct Outcome<'s> {
    #[serde(default, borrow)]
    ciphertext: Option<&'s str>,
    #[serde(default, borrow)]
    plaintext: Option<&'s str>,
    /// Texts of errors have quotes in them, and cannot be read where they stand.
    #[serde(default, borrow)]
    error: Option<Cow<'s, str>>,
    /// Servers older than Vault 1.12 do not tell it.
    #[serde(default, borrow)]
    reference: Option<&'s str>,
}

impl Link {
    /// Rewraps items that one key wrapped; results in their order.
    pub(super) async fn rewrap_many(
        &self,
        key: &KeyName,
        key_ref: &KeyRef,
        items: &[&(Stanza, KeyContext)],
    ) -> Vec<Result<Stanza, KeyServiceError>> {
        self.many("rewrap", key, items, |outcome| {
            wrapped::stanza(key_ref, outcome.ciphertext.unwrap_or_default())
        })
        .await
    }

    /// Unwraps items that one key wrapped; results in their order.
    pub(super) async fn decrypt_many(
        &self,
        key: &KeyName,
        items: &[&(Stanza, KeyContext)],
    ) -> Vec<Result<Dek, KeyServiceError>> {
        self.many("decrypt", key, items, |outcome| {
            wrapped::dek(outcome.plaintext.unwrap_or_default())
        })
        .await
    }

    async fn many<T>(
        &self,
        operation: &str,
        key: &KeyName,
        items: &[&(Stanza, KeyContext)],
        take: impl Fn(&Outcome<'_>) -> Result<T, KeyServiceError>,
    ) -> Vec<Result<T, KeyServiceError>> {
        let mut results = Vec::with_capacity(items.len());
        for part in items.chunks(BATCH.get()) {
            match self.some(operation, key, part, &take).await {
                Ok(some) => results.extend(some),
                Err(error) => results.extend(part.iter().map(|_| Err(error.again()))),
            }
        }
        results
    }

    /// One request. Items whose text transit cannot have made are not sent.
    async fn some<T>(
        &self,
        operation: &str,
        key: &KeyName,
        items: &[&(Stanza, KeyContext)],
        take: &impl Fn(&Outcome<'_>) -> Result<T, KeyServiceError>,
    ) -> Result<Vec<Result<T, KeyServiceError>>, KeyServiceError> {
        let texts: Vec<_> = items.iter().map(|(s, _)| wrapped::text(s.wrapped())).collect();
        let sent = items.iter().zip(&texts).filter_map(|((_, context_of), text)| {
            Some((context(&context_of.bind), text.as_deref().ok()?))
        });
        let sent = sent.enumerate().map(|(at, (context, ciphertext))| Item {
            context,
            ciphertext,
            reference: at.to_string(),
        });
        let batch = Batch { batch_input: sent.collect() };
        let count = batch.batch_input.len();
        if count == 0 {
            return Ok(texts.into_iter().map(|_| Err(KeyServiceError::NotAuthentic)).collect());
        }
        let path = format!("{operation}/{}", transit_name(key)?);
        let said = self.ask(Method::POST, &path, Some(body(&batch)?), Repeat::Allowed).await?;
        let results = results(&said)?;
        if results.len() != count {
            return Err(KeyServiceError::Answer("it has another number of results than questions"));
        }
        check_order(&results)?;
        let mut results = results.into_iter();
        let given = texts.into_iter().map(|text| {
            text?;
            let outcome =
                results.next().ok_or(KeyServiceError::Answer("it has too few results"))?;
            match outcome.error.as_deref() {
                Some(told) if !told.is_empty() => Err(refused_item(told, Asked::Wrapped)),
                _ => take(&outcome),
            }
        });
        Ok(given.collect())
    }
}

/// Each result is of the question in its place, if the server says of any which it is of.
fn check_order(results: &[Outcome<'_>]) -> Result<(), KeyServiceError> {
    let told = |result: &Outcome<'_>| result.reference.is_some_and(|told| !told.is_empty());
    let in_place = |(at, result): (usize, &Outcome<'_>)| {
        result.reference.is_some_and(|told| told == at.to_string())
    };
    match !results.iter().any(told) || results.iter().enumerate().all(in_place) {
        true => Ok(()),
        false => Err(KeyServiceError::Answer("its results are not in the order of the questions")),
    }
}

/// The results of a batch: with status 400 or 500 too, if the answer has them.
fn results(said: &Said) -> Result<Vec<Outcome<'_>>, KeyServiceError> {
    let partly = matches!(said.status, 400 | 500);
    match (said.status, data_of::<Results<'_>>(said)) {
        (200, results) => results.map(|results| results.batch_results),
        (_, Ok(results)) if partly => Ok(results.batch_results),
        (204, _) => Err(KeyServiceError::Answer("it is empty")),
        _ => Err(refused(said, Asked::Wrapped)),
    }
}

//! The requests to transit.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_crypto::{Bind, Dek};
use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::fault::Asked;
use super::link::{Link, Repeat};
use super::login::body;
use super::place::transit_name;
use super::reply::{data, done};
use super::suitability::KeyFacts;
use super::wrapped;
use crate::name::KeyName;
use crate::service::KeyServiceError;

#[derive(Serialize)]
struct DataKey<'a> {
    context: &'a str,
    bits: u32,
}

#[derive(Serialize)]
struct Encrypt<'a> {
    context: &'a str,
    plaintext: &'a str,
}

#[derive(Serialize)]
struct Ciphertext<'a> {
    context: &'a str,
    ciphertext: &'a str,
}

#[derive(Deserialize)]
struct Made<'s> {
    #[serde(borrow)]
    plaintext: &'s str,
    #[serde(borrow)]
    ciphertext: &'s str,
}

#[derive(Deserialize)]
struct Decrypted<'s> {
    #[serde(borrow)]
    plaintext: &'s str,
}

#[derive(Deserialize)]
struct Encrypted<'s> {
    #[serde(borrow)]
    ciphertext: &'s str,
}

/// What a derived key is derived with.
pub(super) fn context(bind: &Bind) -> String {
    STANDARD.encode(bind.as_bytes())
}

impl Link {
    /// A fresh data key, and the text that it is wrapped as. It crosses the wire here, once.
    pub(super) async fn data_key(
        &self,
        key: &KeyName,
        bind: &Bind,
    ) -> Result<(Dek, String), KeyServiceError> {
        let path = format!("datakey/plaintext/{}", transit_name(key)?);
        let asked = body(&DataKey { context: &context(bind), bits: 256 })?;
        let said = self.ask(Method::POST, &path, Some(asked), Repeat::Allowed).await?;
        let made: Made<'_> = data(&said, Asked::Fresh)?;
        Ok((wrapped::dek(made.plaintext)?, made.ciphertext.to_owned()))
    }

    /// Wraps a data key of the caller's.
    pub(super) async fn encrypt(
        &self,
        key: &KeyName,
        dek: &Dek,
        bind: &Bind,
    ) -> Result<String, KeyServiceError> {
        let path = format!("encrypt/{}", transit_name(key)?);
        let plaintext = wrapped::plaintext(dek);
        let asked = body(&Encrypt { context: &context(bind), plaintext: &plaintext })?;
        let said = self.ask(Method::POST, &path, Some(asked), Repeat::No).await?;
        let encrypted: Encrypted<'_> = data(&said, Asked::Fresh)?;
        Ok(encrypted.ciphertext.to_owned())
    }

    /// Unwraps a data key. It crosses the wire here.
    pub(super) async fn decrypt(
        &self,
        key: &KeyName,
        ciphertext: &str,
        bind: &Bind,
    ) -> Result<Dek, KeyServiceError> {
        let path = format!("decrypt/{}", transit_name(key)?);
        let asked = body(&Ciphertext { context: &context(bind), ciphertext })?;
        let said = self.ask(Method::POST, &path, Some(asked), Repeat::Allowed).await?;
        let decrypted: Decrypted<'_> = data(&said, Asked::Wrapped)?;
        wrapped::dek(decrypted.plaintext)
    }

    /// Wraps with the newest version what an older one wrapped, within the server.
    pub(super) async fn rewrap(
        &self,
        key: &KeyName,
        ciphertext: &str,
        bind: &Bind,
    ) -> Result<String, KeyServiceError> {
        let path = format!("rewrap/{}", transit_name(key)?);
        let asked = body(&Ciphertext { context: &context(bind), ciphertext })?;
        let said = self.ask(Method::POST, &path, Some(asked), Repeat::Allowed).await?;
        let encrypted: Encrypted<'_> = data(&said, Asked::Wrapped)?;
        Ok(encrypted.ciphertext.to_owned())
    }

    /// What a key is.
    pub(super) async fn key(&self, key: &KeyName) -> Result<KeyFacts, KeyServiceError> {
        let path = format!("keys/{}", transit_name(key)?);
        let said = self.ask(Method::GET, &path, None, Repeat::Allowed).await?;
        data(&said, Asked::Key)
    }

    /// Changes something about a key, with or without more to say.
    pub(super) async fn change(
        &self,
        method: Method,
        path: &str,
        asked: Option<&impl Serialize>,
    ) -> Result<(), KeyServiceError> {
        let asked = asked.map(body).transpose()?;
        let said = self.ask(method, path, asked, Repeat::Allowed).await?;
        done(&said, Asked::Key)
    }
}

//! As whom to come to the server.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::fault::Asked;
use super::place::is_path;
use super::reply;
use super::secret::SecretText;
use super::wire::{Said, Wire};
use crate::service::KeyServiceError;

/// How to get a token.
#[derive(Clone)]
#[expect(clippy::exhaustive_enums, reason = "a new way has to be thought of everywhere")]
pub enum VaultLogin {
    /// A token is there already. It is renewed while that is allowed, and when it is gone, nothing works.
    Token(SecretText),
    /// By AppRole.
    AppRole {
        /// Where the method is mounted below `auth/`, most often `approle`.
        mount: String,
        /// The role's id.
        role_id: String,
        /// The role's secret id.
        secret_id: SecretText,
    },
    /// By a signed token (JWT) of an identity provider.
    Jwt {
        /// Where the method is mounted below `auth/`, most often `jwt`.
        mount: String,
        /// The role to log in to.
        role: String,
        /// File with the token. Read anew for each login: whoever writes it replaces it before it expires.
        file: PathBuf,
    },
    /// By the token of a Kubernetes service account.
    Kubernetes {
        /// Where the method is mounted below `auth/`, most often `kubernetes`.
        mount: String,
        /// The role to log in to.
        role: String,
        /// File with the token, in a pod `/var/run/secrets/kubernetes.io/serviceaccount/token`. Read anew for each
        /// login.
        file: PathBuf,
    },
}

impl fmt::Debug for VaultLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "VaultLogin::Token(..)",
            Self::AppRole { .. } => "VaultLogin::AppRole(..)",
            Self::Jwt { .. } => "VaultLogin::Jwt(..)",
            Self::Kubernetes { .. } => "VaultLogin::Kubernetes(..)",
        })
    }
}

/// A token as the server hands it out.
#[derive(Deserialize)]
pub(super) struct Granted<'s> {
    #[serde(borrow)]
    client_token: &'s str,
    /// Seconds; 0 for ever.
    pub(super) lease_duration: u64,
    pub(super) renewable: bool,
}

impl Granted<'_> {
    pub(super) fn token(&self) -> Result<SecretText, KeyServiceError> {
        let token = SecretText::new(self.client_token.to_owned());
        token.map_err(|_| KeyServiceError::Answer("its token is not of the form that is due"))
    }
}

#[derive(Serialize)]
struct ByRole<'a> {
    role_id: &'a str,
    secret_id: &'a str,
}

#[derive(Serialize)]
struct BySignedToken<'a> {
    role: &'a str,
    jwt: &'a str,
}

impl VaultLogin {
    /// Whether there can be another token when one is gone.
    pub(super) const fn is_repeatable(&self) -> bool {
        !matches!(self, Self::Token(_))
    }

    /// Logs in by a method of the server.
    ///
    /// # Errors
    /// [`KeyServiceError::Unauthenticated`] if the server does not accept it, or this is a token that is gone.
    pub(super) async fn log_in(&self, wire: &Wire) -> Result<Said, KeyServiceError> {
        let (mount, body) = match self {
            Self::Token(_) => return Err(KeyServiceError::Unauthenticated),
            Self::AppRole { mount, role_id, secret_id } => {
                let secret_id = secret_id.expose_secret();
                (mount, body(&ByRole { role_id, secret_id })?)
            }
            Self::Jwt { mount, role, file } | Self::Kubernetes { mount, role, file } => {
                let jwt = read(file).await?;
                (mount, body(&BySignedToken { role, jwt: jwt.expose_secret() })?)
            }
        };
        if !is_path(mount) {
            return Err(KeyServiceError::Unacceptable { field: "login mount" });
        }
        let path = format!("auth/{mount}/login");
        let said = wire.ask(reqwest::Method::POST, &path, None, Some(body)).await?;
        // Wrong credentials are 400 with some methods and 403 with others.
        if matches!(said.status, 400 | 401 | 403) {
            return Err(KeyServiceError::Unauthenticated);
        }
        Ok(said)
    }
}

/// What was granted by a login or a renewal.
pub(super) fn granted(said: &Said) -> Result<Granted<'_>, KeyServiceError> {
    reply::auth(said, Asked::System)
}

/// JSON that is erased.
pub(super) fn body(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, KeyServiceError> {
    // Made long enough: growing would leave copies behind.
    let mut body = Zeroizing::new(Vec::with_capacity(SecretText::MAX_LEN.saturating_mul(2)));
    let written = serde_json::to_writer(&mut *body, value);
    written.map_err(|_| KeyServiceError::Unacceptable { field: "request" })?;
    Ok(body)
}

/// Reads a token from a file, off the threads that serve others.
async fn read(file: &Path) -> Result<SecretText, KeyServiceError> {
    let file = file.to_owned();
    let text = tokio::task::spawn_blocking(move || {
        let mut text = String::with_capacity(SecretText::MAX_LEN.saturating_add(2));
        let limit = u64::try_from(SecretText::MAX_LEN).unwrap_or(u64::MAX).saturating_add(2);
        let read = std::fs::File::open(file)?.take(limit).read_to_string(&mut text);
        read.map(|_| text)
    });
    let text = text.await.map_err(|_| KeyServiceError::Unacceptable { field: "login file" })?;
    // A file that is being replaced is there again soon.
    let text = text.map_err(|error| KeyServiceError::Unavailable(error.kind().into()))?;
    SecretText::new(text).map_err(|_| KeyServiceError::Unacceptable { field: "login file" })
}

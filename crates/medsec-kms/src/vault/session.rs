//! The token that calls are made with: got, renewed before it expires, got anew when it is gone.

use std::fmt;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde::Deserialize;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::fault::Asked;
use super::login::{VaultLogin, granted};
use super::reply;
use super::secret::SecretText;
use super::wire::Wire;
use crate::service::KeyServiceError;

/// How long to leave a renewal alone that did not work for now.
const PAUSE: Duration = Duration::from_secs(5);

/// One identity's tokens. Callers that come together wait for one login.
pub(super) struct Session {
    login: VaultLogin,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// Number of the next token. Never given twice: callers come back with the number of a token long gone.
    next: u64,
}

/// A token, for one call.
pub(super) struct Pass {
    pub(super) token: SecretText,
    /// Tells this token from later ones.
    number: u64,
}

struct Held {
    token: SecretText,
    number: u64,
    renewable: bool,
    /// What it was given for at first; zero for ever.
    lease: Duration,
    expires: Option<Instant>,
    renew: Option<Instant>,
}

/// What a token's own server says of it.
#[derive(Deserialize)]
struct Looked {
    ttl: u64,
    #[serde(default)]
    renewable: bool,
}

impl Session {
    pub(super) fn new(login: VaultLogin) -> Self {
        Self { login, state: Mutex::default() }
    }

    pub(super) const fn is_repeatable(&self) -> bool {
        self.login.is_repeatable()
    }

    /// A token that the server should take now.
    ///
    /// # Errors
    /// [`KeyServiceError::Unauthenticated`] if none can be had; others if the server cannot be asked.
    pub(super) async fn pass(&self, wire: &Wire) -> Result<Pass, KeyServiceError> {
        // Held over the login, so that whoever comes meanwhile gets its result.
        let mut state = self.state.lock().await;
        let kept = match state.held.take() {
            None => None,
            Some(known) => self.kept(wire, known).await,
        };
        let held = match kept {
            Some(kept) => kept,
            None => {
                let number = state.next;
                state.next = number.saturating_add(1);
                self.begin(wire, number).await?
            }
        };
        let pass = Pass { token: held.token.clone(), number: held.number };
        state.held = Some(held);
        Ok(pass)
    }

    /// Takes note that a token is no longer accepted.
    pub(super) async fn lost(&self, pass: &Pass) {
        let mut state = self.state.lock().await;
        // Somebody else may have noticed first, and there is another by now.
        state.held.take_if(|held| held.number == pass.number);
    }

    /// Whether the server still knows a token.
    pub(super) async fn stands(&self, wire: &Wire, pass: &Pass) -> Result<bool, KeyServiceError> {
        match look(wire, &pass.token).await {
            Ok(_) => Ok(true),
            Err(KeyServiceError::NotPermitted) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn begin(&self, wire: &Wire, number: u64) -> Result<Held, KeyServiceError> {
        if let VaultLogin::Token(token) = &self.login {
            let looked = look(wire, token).await.map_err(|error| match error {
                KeyServiceError::NotPermitted => KeyServiceError::Unauthenticated,
                other => other,
            })?;
            let lease = Duration::from_secs(looked.ttl);
            return Ok(Held::new(token.clone(), number, looked.renewable, lease));
        }
        let said = self.login.log_in(wire).await?;
        let granted = granted(&said)?;
        let lease = Duration::from_secs(granted.lease_duration);
        Ok(Held::new(granted.token()?, number, granted.renewable, lease))
    }

    /// The token as it is, or renewed; nothing if there has to be another.
    async fn kept(&self, wire: &Wire, mut held: Held) -> Option<Held> {
        let now = Instant::now();
        if held.renew.is_none_or(|renew| now < renew) {
            return Some(held);
        }
        let expired = held.expires.is_some_and(|expires| now >= expires);
        if held.renewable && !expired {
            match renewed(wire, &held).await {
                // One whose lease gets short has reached the longest life it may have.
                Ok(again)
                    if !self.is_repeatable() || again.lease.saturating_mul(2) >= held.lease =>
                {
                    return Some(again);
                }
                Ok(_) => return None,
                Err(error) if error.is_retryable() => {
                    held.renew = now.checked_add(PAUSE);
                    return Some(held);
                }
                Err(_) => {}
            }
        }
        // A token that cannot be replaced is used to its end.
        if self.is_repeatable() || expired {
            return None;
        }
        held.renew = held.expires;
        Some(held)
    }
}

impl Held {
    fn new(token: SecretText, number: u64, renewable: bool, lease: Duration) -> Self {
        let mut held = Self { token, number, renewable, lease, expires: None, renew: None };
        held.extend(lease);
        held
    }

    /// Renewed when two thirds of the time are over: a try that fails leaves time for others.
    fn extend(&mut self, lease: Duration) {
        let now = Instant::now();
        let limited = !lease.is_zero();
        self.expires = limited.then(|| now.checked_add(lease)).flatten();
        self.renew = limited.then(|| now.checked_add(lease.mul_f32(2.0 / 3.0))).flatten();
    }
}

async fn renewed(wire: &Wire, held: &Held) -> Result<Held, KeyServiceError> {
    let body = Zeroizing::new(b"{}".to_vec());
    let path = "auth/token/renew-self";
    let said = wire.ask(Method::POST, path, Some(&held.token), Some(body)).await?;
    let granted = granted(&said)?;
    let lease = Duration::from_secs(granted.lease_duration);
    Ok(Held::new(held.token.clone(), held.number, granted.renewable, lease))
}

async fn look(wire: &Wire, token: &SecretText) -> Result<Looked, KeyServiceError> {
    let said = wire.ask(Method::GET, "auth/token/lookup-self", Some(token), None).await?;
    reply::data(&said, Asked::System)
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Session").field(&self.login).finish()
    }
}

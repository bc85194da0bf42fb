//! The token that calls are made with: got, renewed before it expires, got anew when it is gone.
//!
//! Whoever needs one that is not there asks for it in a task of its own, which goes on if the caller gives up: a login
//! that was counted is not made again for the next one. A token is held until there is another.

mod held;

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde::Deserialize;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use self::held::{Due, Held};
use super::fault::Asked;
use super::login::{VaultLogin, granted};
use super::refusals::Mark;
use super::reply;
use super::secret::SecretText;
use super::wire::Wire;
use crate::service::KeyServiceError;

/// How long to leave a renewal alone that did not work for now.
const PAUSE: Duration = Duration::from_secs(5);
/// How long the end waits until the token is revoked.
const LAST_CALL: Duration = Duration::from_secs(1);

/// One identity's tokens.
#[derive(Clone)]
pub(super) struct Session(Arc<Inner>);

struct Inner {
    wire: Arc<Wire>,
    login: VaultLogin,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// Number of the next token. Never given twice: callers come back with the number of a token long gone.
    next: u64,
    /// What became of the last attempt to get one, if it failed.
    failed: Option<(Instant, KeyServiceError)>,
    /// Where the token was got, for what is still to be done with it.
    runtime: Option<Handle>,
    /// Whether somebody renews the token while nobody calls.
    kept: bool,
}

/// A token, for one call.
pub(super) struct Pass {
    pub(super) token: SecretText,
    /// Tells this token from later ones.
    number: u64,
}

/// What a token's own server says of it.
#[derive(Deserialize)]
struct Looked {
    ttl: u64,
    #[serde(default)]
    renewable: bool,
}

impl Session {
    pub(super) fn new(wire: Arc<Wire>, login: VaultLogin) -> Self {
        Self(Arc::new(Inner { wire, login, state: Mutex::default() }))
    }

    pub(super) fn is_repeatable(&self) -> bool {
        self.0.login.is_repeatable()
    }

    /// A token that the server should take now.
    ///
    /// # Errors
    /// [`KeyServiceError::Unauthenticated`] if none can be had; others if the server cannot be asked.
    pub(super) async fn pass(&self) -> Result<Pass, KeyServiceError> {
        let runtime = Handle::try_current().map_err(|_| KeyServiceError::NoRuntime)?;
        let came = Instant::now();
        if let Ok(state) = self.0.state.try_lock()
            && let Some(held) = &state.held
            && held.due(came) == Due::Nothing
        {
            return Ok(held.pass());
        }
        let inner = Arc::clone(&self.0);
        let task = runtime.spawn(async move { inner.pass(came).await });
        task.await.unwrap_or_else(|_| Err(KeyServiceError::Answer("the login came to nothing")))
    }

    /// Takes note that a token is no longer accepted.
    pub(super) async fn lost(&self, pass: &Pass) {
        let mut state = self.0.state.lock().await;
        // Somebody else may have noticed first, and there is another by now.
        state.held.take_if(|held| held.number == pass.number);
    }

    /// Whether the server still knows a token.
    pub(super) async fn stands(&self, pass: &Pass) -> Result<bool, KeyServiceError> {
        match look(&self.0.wire, &pass.token).await {
            Ok(_) => Ok(true),
            Err(KeyServiceError::NotPermitted) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Inner {
    /// The token as it is, renewed, or another. Callers that came before an attempt ended share what became of it.
    async fn pass(self: Arc<Self>, came: Instant) -> Result<Pass, KeyServiceError> {
        let mut state = self.state.lock().await;
        state.runtime = Handle::try_current().ok();
        let now = Instant::now();
        let due = state.held.as_ref().map_or(Due::Another, |held| held.due(now));
        if due != Due::Nothing
            && let Some((ended, why)) = &state.failed
            && came < *ended
        {
            return Err(why.again());
        }
        let attempt = match due {
            Due::Nothing => Ok(()),
            Due::Renewal => self.renew(&mut state).await,
            Due::Another => self.begin(&mut state).await,
        };
        state.failed = attempt.as_ref().err().map(|why| (Instant::now(), why.again()));
        attempt?;
        self.keep(&mut state);
        state.held.as_ref().map(Held::pass).ok_or(KeyServiceError::Unauthenticated)
    }

    /// Gets a token. The one that is held stays until then.
    async fn begin(&self, state: &mut State) -> Result<(), KeyServiceError> {
        let number = state.next;
        state.next = number.saturating_add(1);
        state.held = Some(if let VaultLogin::Token(token) = &self.login {
            let looked = look(&self.wire, token).await.map_err(|error| match error {
                KeyServiceError::NotPermitted => KeyServiceError::Unauthenticated,
                other => other,
            })?;
            let lease = Duration::from_secs(looked.ttl);
            Held::new(token.clone(), number, looked.renewable, lease)
        } else {
            let mark = Mark::of(&self.login, &self.wire.place());
            if mark.is_some_and(Mark::is_resting) {
                return Err(KeyServiceError::Unauthenticated);
            }
            let said = self.login.log_in(&self.wire).await;
            if let (Some(mark), Err(KeyServiceError::Unauthenticated)) = (mark, &said) {
                mark.note();
            }
            let said = said?;
            let granted = granted(&said)?;
            let lease = Duration::from_secs(granted.lease_duration);
            Held::new(granted.token()?, number, granted.renewable, lease)
        });
        Ok(())
    }

    /// Renews the token, or gets another if there has to be one. One that still works is used on if neither can be had
    /// for now.
    async fn renew(&self, state: &mut State) -> Result<(), KeyServiceError> {
        let Some(held) = &mut state.held else { return self.begin(state).await };
        let repeatable = self.login.is_repeatable();
        if held.renewable {
            match renewed(&self.wire, held).await {
                // One whose lease gets short has reached the longest life it may have.
                Ok(again) if !repeatable || again.lease.saturating_mul(2) >= held.lease => {
                    *held = again;
                    return Ok(());
                }
                Err(error) if error.is_retryable() => {
                    held.pause(PAUSE);
                    return Ok(());
                }
                Ok(_) | Err(_) => {}
            }
        }
        // A token that cannot be replaced is used to its end.
        if !repeatable {
            held.use_up();
            return Ok(());
        }
        match self.begin(state).await {
            Err(error) if error.is_retryable() => {
                if let Some(held) = &mut state.held {
                    held.pause(PAUSE);
                }
                Ok(())
            }
            ended => ended,
        }
    }

    /// Has a token that was given, and that no login replaces, renewed while nobody calls.
    fn keep(self: &Arc<Self>, state: &mut State) {
        let lasts = state.held.as_ref().is_some_and(|held| held.renewable && held.ends());
        if self.login.is_repeatable() || !lasts || state.kept {
            return;
        }
        let Some(runtime) = &state.runtime else { return };
        state.kept = true;
        runtime.spawn(keep(Arc::downgrade(self)));
    }
}

/// Renews a token when it is time, until it cannot be, or its session has ended.
async fn keep(session: Weak<Inner>) {
    loop {
        let wait = {
            let Some(inner) = session.upgrade() else { return };
            let mut state = inner.state.lock().await;
            let Some(wait) = state.held.as_ref().and_then(|held| held.until_renewal()) else {
                state.kept = false;
                return;
            };
            wait
        };
        tokio::time::sleep(wait).await;
        let Some(inner) = session.upgrade() else { return };
        let mut state = inner.state.lock().await;
        if state.held.as_ref().is_some_and(|held| held.due(Instant::now()) == Due::Renewal) {
            // What does not work now is tried again, or the token is used to its end.
            let _told = inner.renew(&mut state).await;
        }
    }
}

impl Drop for Inner {
    /// A token that was got here is revoked: it would live on with all its rights. Outside of a runtime this waits for
    /// that, for a second at most: the process may be about to end.
    fn drop(&mut self) {
        if !self.login.is_repeatable() {
            return;
        }
        let State { held, runtime, .. } = self.state.get_mut();
        let (Some(held), Some(runtime)) = (held.take(), runtime.take()) else { return };
        let wire = Arc::clone(&self.wire);
        let (done, ended) = std::sync::mpsc::channel();
        let revoking = runtime.spawn(async move {
            let nothing = Zeroizing::new(b"{}".to_vec());
            let path = "auth/token/revoke-self";
            // Where that is not permitted, the token ends by itself.
            let _said = wire.ask(Method::POST, path, Some(held.token()), Some(nothing)).await;
            let _waited_for = done.send(());
        });
        // Others work on it only while one of them waits in it.
        let runs = runtime.runtime_flavor() == RuntimeFlavor::MultiThread;
        if Handle::try_current().is_err() && runs {
            let _in_time = ended.recv_timeout(LAST_CALL);
        }
        drop(revoking);
    }
}

async fn renewed(wire: &Wire, held: &Held) -> Result<Held, KeyServiceError> {
    let body = Zeroizing::new(b"{}".to_vec());
    let path = "auth/token/renew-self";
    let said = wire.ask(Method::POST, path, Some(held.token()), Some(body)).await?;
    let granted = granted(&said)?;
    let lease = Duration::from_secs(granted.lease_duration);
    Ok(Held::new(held.token().clone(), held.number, granted.renewable, lease))
}

async fn look(wire: &Wire, token: &SecretText) -> Result<Looked, KeyServiceError> {
    let said = wire.ask(Method::GET, "auth/token/lookup-self", Some(token), None).await?;
    reply::data(&said, Asked::System)
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Session").field(&self.0.login).finish()
    }
}

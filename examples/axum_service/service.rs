//! The service: what it is made of, and what it answers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use medsec::{Custodian, HttpsKeySet};
use medsec_audit::Origin;
use medsec_policy::{EndReason, Purpose, TokenAuthenticator};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::content::{NoContent, Readers};
use super::patience::Caller;
use super::sessions::{NotBegun, Sessions};

/// How often clocks are looked at: so late at the most is the end of a session on record.
const TICK: Duration = Duration::from_secs(1);
/// Between two looks whether somebody works still.
const PAUSE: Duration = Duration::from_millis(10);

/// All that a request needs.
pub(crate) struct Service {
    pub(crate) custodian: Custodian,
    /// Keys of the provider, and what judges its tokens by them.
    pub(crate) provider: HttpsKeySet,
    pub(crate) judge: TokenAuthenticator,
    pub(crate) sessions: Sessions,
    pub(crate) readers: Readers,
    pub(crate) packages: BTreeMap<String, PathBuf>,
}

/// One answer for everything that does not work, so that nobody learns what there is.
struct Refused(StatusCode);

const NOT_AUTHENTICATED: Refused = Refused(StatusCode::UNAUTHORIZED);
const NOT_FOUND: Refused = Refused(StatusCode::NOT_FOUND);
/// Nothing was asked and nothing recorded: try again later.
const NO_ROOM: Refused = Refused(StatusCode::SERVICE_UNAVAILABLE);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

/// What the service answers to.
pub(crate) fn routes(service: Arc<Service>) -> Router {
    Router::new()
        .route("/session", post(log_in).delete(log_out))
        .route("/packages/{name}", get(open))
        .layer(map_response(unstored))
        .with_state(service)
}

/// Neither content nor what names a session is for a cache, on whichever machine.
async fn unstored(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A bearer token for a session. The token is used up; what counts from now on is the session, with its limits.
async fn log_in(
    State(service): State<Arc<Service>>,
    ConnectInfo(Caller(from)): ConnectInfo<Caller>,
    headers: HeaderMap,
) -> Result<(StatusCode, String), Refused> {
    let token = credential(&headers, "Bearer ").ok_or(NOT_AUTHENTICATED)?;
    let origin = Origin::Address(from.ip());
    let seat = service.sessions.seat().ok_or(NO_ROOM)?;
    match service.provider.authenticate(&service.judge, token.as_bytes()).await {
        Ok(principal) => {
            let begun = to_its_end(async move {
                service.sessions.begin(seat, &service.custodian, principal, origin).await
            });
            let handle =
                begun.await.unwrap_or(Err(NotBegun)).map_err(|NotBegun| NOT_AUTHENTICATED)?;
            Ok((StatusCode::CREATED, handle))
        }
        Err(error) => {
            // The reason is for the log alone. If it cannot be recorded, the answer is the same.
            let _ = service.custodian.login_refused(error.reason(), origin).await;
            Err(NOT_AUTHENTICATED)
        }
    }
}

/// Ends the session. What it unlocked is erased, what was granted in it is refused, and its end is on record.
async fn log_out(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
) -> Result<StatusCode, Refused> {
    let login = credential(&headers, "Session ").and_then(|handle| service.sessions.find(handle));
    login.ok_or(NOT_AUTHENTICATED)?.session().end(EndReason::LoggedOut);
    let _ = to_its_end(async move { service.sessions.record_ends(&service.custodian).await }).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Does it in a task of its own. The server drops what it is doing for a client that goes away, and a session must not
/// be left half begun, or its end untold, because of that.
fn to_its_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(work)
}

/// A package's content, for a purpose.
async fn open(
    State(service): State<Arc<Service>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let login = credential(&headers, "Session ").and_then(|handle| service.sessions.find(handle));
    let login = login.ok_or(NOT_AUTHENTICATED)?;
    let package = service.packages.get(&name).cloned().ok_or(NOT_FOUND)?;
    let purpose: Option<Purpose> =
        headers.get("purpose-of-use").and_then(|value| value.to_str().ok()?.parse().ok());
    let content = service.readers.stream(&service.custodian, &login, package, purpose).await;
    let content = content.map_err(|why| match why {
        NoContent::Full => NO_ROOM,
        NoContent::Refused => NOT_FOUND,
    })?;
    // Whoever gets less knows that it is not all.
    Ok(([(CONTENT_LENGTH, content.len)], content.body).into_response())
}

fn credential<'h>(headers: &'h HeaderMap, scheme: &str) -> Option<&'h str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix(scheme)
}

impl Service {
    /// Ends what has lasted too long, and records it, until it is told to stop.
    pub(crate) async fn watch(self: Arc<Self>, mut stop: oneshot::Receiver<()>) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => self.sessions.record_ends(&self.custodian).await,
                _ = &mut stop => return,
            }
        }
    }

    /// Ends all sessions, waits until who reads has recorded how far they came, and closes the log in order. Nobody new
    /// may come by then.
    pub(crate) async fn close(service: Arc<Self>) {
        let Self { custodian, sessions, readers, .. } = alone(service).await;
        sessions.end_all();
        readers.close().await;
        sessions.record_ends(&custodian).await;
        // Waits for the disk.
        let _ = tokio::task::spawn_blocking(move || custodian.close()).await;
    }
}

/// The service, once nobody works for clients that have gone away any more.
async fn alone(mut service: Arc<Service>) -> Service {
    loop {
        match Arc::try_unwrap(service) {
            Ok(alone) => return alone,
            Err(shared) => service = shared,
        }
        sleep(PAUSE).await;
    }
}

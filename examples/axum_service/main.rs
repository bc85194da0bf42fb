//! A web service around a Custodian: OpenID tokens become sessions, sessions get grants, and a package's content
//! streams out. What blocks runs beside the runtime. Whoever is refused is told nothing but that; the log is told why.
//!
//! It starts the service and a stand-in for the identity provider on this machine, asks a few things, and ends.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod client;
mod content;
mod provider;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use medsec::{
    Custodian, HttpsKeySet, HttpsKeySetSetup, KeySetLimits, KeySetPlace, Login as _,
    ProviderAddress, ProviderRoots, SessionLogin, Unlocks,
};
use medsec_audit::{Action, Origin, Outcome, RequestId};
use medsec_examples::clinic::{Clinic, Failed};
use medsec_kms::Keyring;
use medsec_policy::{
    Principal, Purpose, ReplayGuard, Session, SessionLimits, SystemClock, TokenAuthenticator,
    TokenRules, TokenSetup,
};
use tokio::net::TcpListener;

use self::provider::Provider;

/// Sessions that there may be at a time.
const MOST: usize = 1000;

/// All that a request needs.
struct Service {
    custodian: Custodian,
    /// Keys of the provider, and what judges its tokens by them.
    provider: HttpsKeySet,
    judge: TokenAuthenticator,
    /// What a session unlocks. This service has one key store for all; the policy says who opens what with it.
    keys: Arc<Keyring>,
    limits: SessionLimits,
    packages: BTreeMap<String, PathBuf>,
    /// By what whoever logged in was given: 128 random bits, which stand in no log.
    sessions: Mutex<HashMap<String, SessionLogin>>,
}

/// One answer for everything that does not work, so that nobody learns what there is.
struct Refused(StatusCode);

const NOT_AUTHENTICATED: Refused = Refused(StatusCode::UNAUTHORIZED);
const NOT_FOUND: Refused = Refused(StatusCode::NOT_FOUND);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

/// A bearer token for a session. The token is used up; what counts from now on is the session, with its limits.
async fn log_in(
    State(service): State<Arc<Service>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<(StatusCode, String), Refused> {
    let token = credential(&headers, "Bearer ").ok_or(NOT_AUTHENTICATED)?;
    let origin = Origin::Address(from.ip());
    match service.provider.authenticate(&service.judge, token.as_bytes()).await {
        Ok(principal) => {
            let handle = service.begin(principal, origin).await?;
            Ok((StatusCode::CREATED, handle))
        }
        Err(error) => {
            // The reason is for the log alone. If it cannot be recorded, the answer is the same.
            let _ = service.custodian.login_refused(error.reason(), origin).await;
            Err(NOT_AUTHENTICATED)
        }
    }
}

/// A package's content, for a purpose.
async fn open(
    State(service): State<Arc<Service>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let login = credential(&headers, "Session ").and_then(|handle| service.session(handle));
    let login = login.ok_or(NOT_AUTHENTICATED)?;
    let package = service.packages.get(&name).cloned().ok_or(NOT_FOUND)?;
    let purpose: Option<Purpose> =
        headers.get("purpose-of-use").and_then(|value| value.to_str().ok()?.parse().ok());
    let content = content::stream(&service.custodian, &login, package, purpose).await;
    content.map(IntoResponse::into_response).ok_or(NOT_FOUND)
}

fn credential<'h>(headers: &'h HeaderMap, scheme: &str) -> Option<&'h str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix(scheme)
}

impl Service {
    /// Begins a session, on record before it counts.
    async fn begin(&self, principal: Principal, origin: Origin) -> Result<String, Refused> {
        let unlocks = Unlocks::new(Arc::clone(&self.keys) as _, None);
        let session = Session::start(principal, self.limits, Arc::new(SystemClock), unlocks);
        let login = SessionLogin::new(session.map_err(|_| NOT_AUTHENTICATED)?, origin);
        let who = login.current().map_err(|_| NOT_AUTHENTICATED)?;
        let recorded =
            self.custodian.record_session(Some(&who), Action::SessionStart, Outcome::Success);
        recorded.await.map_err(|_| NOT_AUTHENTICATED)?;
        let handle = RequestId::generate().map_err(|_| NOT_AUTHENTICATED)?.to_string();
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, login| login.session().check().is_ok());
        if sessions.len() >= MOST {
            return Err(NOT_AUTHENTICATED);
        }
        sessions.insert(handle.clone(), login);
        Ok(handle)
    }

    fn session(&self, handle: &str) -> Option<SessionLogin> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(handle).cloned()
    }
}

/// The service of a clinic with one package, and whose tokens it takes.
fn service(clinic: &Clinic, provider: &Provider) -> Result<Service, Failed> {
    let custodian = Custodian::new(clinic.parts.clone())?;
    let package = clinic.seal(&custodian, &clinic.ada()?, &vec![b'.'; 300_000])?;
    // Over a network only `ProviderAddress::new`, which takes HTTPS alone.
    let issuer = ProviderAddress::allowing_plain_loopback(&provider.issuer)?;
    let keys = HttpsKeySet::new(HttpsKeySetSetup {
        place: KeySetPlace::Issuer(issuer),
        roots: ProviderRoots::Platform,
        limits: KeySetLimits::default(),
        clock: Arc::new(SystemClock),
    })?;
    let judge = TokenAuthenticator::new(TokenSetup {
        rules: TokenRules::openid(&provider.issuer, "imaging"),
        keys: Arc::new(keys.clone()),
        replay: Arc::new(ReplayGuard::new(ReplayGuard::USUAL_CAPACITY)),
        clock: Arc::new(SystemClock),
    })?;
    Ok(Service {
        custodian,
        provider: keys,
        judge,
        keys: Arc::clone(&clinic.keys),
        limits: clinic.parts.policy.settings.sessions,
        packages: BTreeMap::from([("ct-1".to_owned(), package)]),
        sessions: Mutex::default(),
    })
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let provider = Provider::start().await?;
    let clinic = Clinic::found()?;
    let service = Arc::new(service(&clinic, &provider)?);
    let routes = Router::new()
        .route("/session", post(log_in))
        .route("/packages/{name}", get(open))
        .with_state(service);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    client::ask_everything(address, &provider).await?;
    println!("the log: {}", clinic.told()?.join(", "));
    Ok(())
}

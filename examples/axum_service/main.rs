//! A web service around a Custodian: OpenID tokens become sessions, sessions get grants, and a package's content
//! streams out. What blocks runs beside the runtime. Whoever is refused is told nothing but that; the log is told why.
//!
//! | file | what |
//! |---|---|
//! | `service` | routes, what they answer, and the end of it all |
//! | `sessions` | who is logged in; each session begins and ends on record |
//! | `content` | a package's content as a body, verified before its first byte leaves |
//! | `patience` | connections whose other end must take what it is sent |
//! | `provider`, `client` | a stand-in for the identity provider, and somebody who asks |
//!
//! It starts the service and the stand-in on this machine, asks a few things, and ends. What it leaves to others: TLS,
//! without which nobody may send a token over a network, and limits for connections and requests, which the proxy has that
//! ends TLS before it on the same machine.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod client;
mod content;
mod patience;
mod provider;
mod service;
mod sessions;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use medsec::{
    Custodian, HttpsKeySet, HttpsKeySetSetup, KeySetLimits, KeySetPlace, ProviderAddress,
    ProviderRoots,
};
use medsec_examples::clinic::{Clinic, Failed};
use medsec_policy::{
    ReplayGuard, SessionLimits, SystemClock, TokenAuthenticator, TokenRules, TokenSetup,
};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use self::content::Readers;
use self::patience::{Caller, PatientListener};
use self::provider::Provider;
use self::service::{Service, routes};
use self::sessions::Sessions;

/// How long a client may take nothing of what it asked for. So short that the example ends soon; 30 s are usual.
const PATIENCE: Duration = Duration::from_secs(1);
/// After so long without use a session ends. The policy's own is a quarter of an hour, which nobody would wait for here.
const IDLE: Duration = Duration::from_secs(3);

/// The service of a clinic with one package, and whose tokens it takes.
fn service(clinic: &Clinic, provider: &Provider) -> Result<Service, Failed> {
    let custodian = Custodian::new(clinic.parts.clone())?;
    let package = clinic.seal(&custodian, &clinic.ada()?, &vec![b'.'; client::LEN])?;
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
    // Those of the policy, but for the example's idle limit.
    let limits = SessionLimits { idle: IDLE, ..clinic.parts.policy.settings.sessions };
    Ok(Service {
        custodian,
        provider: keys,
        judge,
        sessions: Sessions::new(Arc::clone(&clinic.keys), limits),
        readers: Readers::new(PATIENCE),
        packages: BTreeMap::from([("ct-1".to_owned(), package)]),
    })
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let provider = Provider::start().await?;
    let clinic = Clinic::found()?;
    let service = Arc::new(service(&clinic, &provider)?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let listener = PatientListener { listener, patience: PATIENCE };
    let routes = routes(Arc::clone(&service)).into_make_service_with_connect_info::<Caller>();
    // Where this example has been asked enough, a service waits for SIGTERM.
    let (stop, stopped) = oneshot::channel::<()>();
    let asked_to_stop = async {
        let _ = stopped.await;
    };
    let server = axum::serve(listener, routes).with_graceful_shutdown(asked_to_stop);
    let server = tokio::spawn(async move { server.await });
    let (stop_watch, watch_stopped) = oneshot::channel();
    let watch = tokio::spawn(Arc::clone(&service).watch(watch_stopped));

    client::ask_everything(address, &provider).await?;

    // Nobody new comes in, who is there has their answer or runs out of patience, and then the sessions end.
    let _ = stop.send(());
    server.await??;
    let _ = stop_watch.send(());
    watch.await?;
    Service::close(service).await;
    println!("the log: {}", clinic.told()?.join(", "));
    Ok(())
}

//! A peer between a client and a server, on loopback: it records what passes, damages it, delays it, cuts it, and
//! gives answers of its own.
//!
//! It comes in three forms. A [tunnel](Proxy::tunnel) passes bytes and never understands them: what it records of a
//! TLS connection is what anybody on the way sees, and its [`Tamper`]s work on whole TLS records. An
//! [HTTP proxy](Proxy::http) ends TLS with a certificate of its own, records the requests and answers in clear, and
//! follows [`Rule`]s for chosen requests. A [script](Proxy::script) says the same bytes to everybody, for peers that
//! speak no TLS of today.
//!
//! Each request of an HTTP proxy is one connection to the server. It runs on a thread of its own and ends when it is
//! dropped, so that it serves clients of any runtime, and of none.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a double that cannot be set up fails the test, which is all it can do"
)]

mod authority;
mod exchange;
mod http;
mod record;
mod rule;
mod tamper;
mod tunnel;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

pub use self::authority::{Flaw, ServerIdentity, TestAuthority};
pub use self::http::Request;
pub use self::record::{Exchange, Recording};
pub use self::rule::{Action, Answer, Edit, Rule};
pub use self::tamper::{Change, Direction, Tamper};

use self::exchange::Exchanges;
use self::tunnel::Tunnel;

/// What a server with TLS 1.1 as its newest version answers to a first message, up to the end of its `ServerHello`.
pub const TLS_1_1_HELLO: &[u8] = &[
    22, 3, 2, 0, 42, // record: handshake, TLS 1.1, 42 bytes
    2, 0, 0, 38, // ServerHello, 38 bytes
    3, 2, // TLS 1.1
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, // random
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, //
    0, // no session
    0xC0, 0x14, // ECDHE-RSA-AES256-SHA
    0,    // no compression
];

/// What a server answers that refuses every version it was offered: a fatal alert `protocol_version`.
pub const TLS_VERSION_ALERT: &[u8] = &[21, 3, 1, 0, 2, 2, 70];

/// How clients talk to an HTTP proxy.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "tests choose one of these")]
pub enum Front {
    /// In clear.
    Plain,
    /// With TLS 1.2 or 1.3 and this certificate.
    Tls(ServerIdentity),
}

/// Where an HTTP proxy sends what no rule answers.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "tests choose one of these")]
pub enum Upstream {
    /// Nowhere: such a request is answered with 502.
    None,
    /// In clear.
    Plain(SocketAddr),
    /// With TLS.
    Tls {
        /// Where it listens.
        address: SocketAddr,
        /// The name in its certificate.
        name: String,
        /// The authority of its certificate, in PEM.
        authority: String,
    },
}

/// A proxy that runs until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    recording: Recording,
    rules: rule::Rules,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Passes bytes between clients and a server, with `tampers` in each connection.
    #[must_use]
    pub fn tunnel(upstream: SocketAddr, tampers: &[Tamper]) -> Self {
        let tunnel = Arc::new(Tunnel { upstream, tampers: tampers.to_vec() });
        Self::run(move |stream, recording, _| {
            let tunnel = Arc::clone(&tunnel);
            async move { tunnel.serve(stream, &recording).await }
        })
    }

    /// Passes requests between clients and a server, but for those that a rule is for.
    #[must_use]
    pub fn http(front: Front, upstream: Upstream, rules: Vec<Rule>) -> Self {
        let exchanges = Arc::new(Exchanges::new(front, upstream));
        let proxy = Self::run(move |stream, recording, rules| {
            let exchanges = Arc::clone(&exchanges);
            async move { exchanges.serve(stream, &recording, &rules).await }
        });
        proxy.set_rules(rules);
        proxy
    }

    /// Reads something, says `bytes`, and closes the connection.
    #[must_use]
    pub fn script(bytes: &[u8]) -> Self {
        let bytes: Arc<[u8]> = bytes.into();
        Self::run(move |stream, recording, _| {
            let bytes = Arc::clone(&bytes);
            async move { tunnel::say(stream, &bytes, &recording).await }
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What has passed up to now, and what will.
    #[must_use]
    pub const fn recording(&self) -> &Recording {
        &self.recording
    }

    /// Puts these rules in the place of those before, counting anew.
    pub fn set_rules(&self, rules: Vec<Rule>) {
        self.rules.set(rules);
    }

    fn run<S, F>(serve: S) -> Self
    where
        S: Fn(TcpStream, Recording, rule::Rules) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let (recording, rules) = (Recording::default(), rule::Rules::default());
        let (end, ended) = oneshot::channel();
        let (record, follow) = (recording.clone(), rules.clone());
        let thread = std::thread::spawn(move || {
            runtime.spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, record.clone(), follow.clone()));
                }
            });
            // An error says that the proxy was dropped without a word, which means the same.
            let _ = runtime.block_on(ended);
            runtime.shutdown_background();
        });
        Self { address, recording, rules, end: Some(end), thread: Some(thread) }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            let _ = end.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

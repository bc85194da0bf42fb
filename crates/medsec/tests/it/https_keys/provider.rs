//! An identity provider: an HTTPS server on this machine that answers what a test wants, and counts.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::certificates;

/// What is answered at a path.
#[derive(Clone, Default)]
pub(super) struct Page {
    /// The status and headers, each ended by CR LF.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
    /// How long it takes.
    pub(super) delay: Duration,
    /// Whether the body comes without a length before it.
    pub(super) is_open_ended: bool,
}

impl Page {
    pub(super) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { head: "200 OK\r\n".to_owned(), body: body.into(), ..Self::default() }
    }

    pub(super) fn status(head: &str) -> Self {
        Self { head: format!("{head}\r\n"), ..Self::default() }
    }
}

/// The server. It runs until the test's process ends.
pub(super) struct Provider {
    pub(super) port: u16,
    pages: Arc<Mutex<HashMap<String, Page>>>,
    asked: Arc<AtomicUsize>,
}

impl Provider {
    /// With a certificate of [`certificates::authority`] for `localhost`.
    pub(super) fn new() -> Self {
        Self::with(certificates::server("localhost"))
    }

    pub(super) fn with(identity: (CertificateDer<'static>, PrivateKeyDer<'static>)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (pages, asked) = (Arc::default(), Arc::default());
        let provider = Self { port, pages: Arc::clone(&pages), asked: Arc::clone(&asked) };
        let tls = rustls::crypto::aws_lc_rs::default_provider();
        let config = ServerConfig::builder_with_provider(Arc::new(tls))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![identity.0], identity.1)
            .unwrap();
        let config = Arc::new(config);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let (pages, asked) = (Arc::clone(&pages), Arc::clone(&asked));
                let stream = StreamOwned::new(connection, stream.unwrap());
                std::thread::spawn(move || respond(stream, &pages, &asked));
            }
        });
        provider
    }

    pub(super) fn address(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    pub(super) fn page(&self, path: &str, page: Page) {
        self.pages.lock().unwrap().insert(path.to_owned(), page);
    }

    /// How many requests there were.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn respond(
    stream: StreamOwned<ServerConnection, std::net::TcpStream>,
    pages: &Mutex<HashMap<String, Page>>,
    asked: &AtomicUsize,
) {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    // A client that does not trust the certificate says nothing.
    if reader.read_line(&mut first).is_err() || first.is_empty() {
        return;
    }
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|len| len > 2) {
        line.clear();
    }
    asked.fetch_add(1, Ordering::SeqCst);
    let path = first.split(' ').nth(1).unwrap();
    let page = pages.lock().unwrap().get(path).cloned();
    let page = page.unwrap_or_else(|| Page::status("404 Not Found"));
    std::thread::sleep(page.delay);
    let length = match page.is_open_ended {
        true => String::new(),
        false => format!("Content-Length: {}\r\n", page.body.len()),
    };
    let head = format!("HTTP/1.1 {}{length}Connection: close\r\n\r\n", page.head);
    let mut stream = reader.into_inner();
    // A client that has read enough may be gone.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&page.body));
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

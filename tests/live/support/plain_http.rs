//! The least of HTTP: one request on one connection, and a server that answers one request after the other, with TLS
//! or without.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::certificate_file;

/// What a client asked.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

/// Asks a server once, reads the answer to its end and returns its status.
pub(crate) fn ask(server: &str, method: &str, path: &str, headers: &str, body: &str) -> u16 {
    answered(server, method, path, headers, body).0
}

/// The same with `POST /`, and the text of the answer.
pub(crate) fn post(server: &str, headers: &str, body: &str) -> (u16, String) {
    answered(server, "POST", "/", headers, body)
}

fn answered(server: &str, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(server).unwrap();
    let len = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\nContent-Length: {len}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let (line, _) = head(&mut reader).unwrap();
    let mut text = Vec::new();
    reader.read_to_end(&mut text).unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    (status, String::from_utf8_lossy(&text).into_owned())
}

/// Answers requests on a free port of this machine until the process ends, and returns `http://127.0.0.1:port`. An
/// answer is all that stands behind `HTTP/1.1 `: status, headers, an empty line and the body.
pub(crate) fn serve(answer: impl Fn(Request) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            respond(stream.unwrap(), &answer);
        }
    });
    address
}

/// As [`serve`], with TLS and the server's certificate of `cargo xtask services`; returns `https://localhost:port`.
pub(crate) fn serve_tls(answer: impl Fn(Request) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let config = Arc::new(server_config());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            respond(StreamOwned::new(connection, stream.unwrap()), &answer);
        }
    });
    address
}

fn server_config() -> ServerConfig {
    let certificate = CertificateDer::from_pem_file(certificate_file("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(certificate_file("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    builder.with_single_cert(vec![certificate], key).unwrap()
}

fn respond(stream: impl Read + Write, answer: &impl Fn(Request) -> Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let Some((line, headers)) = head(&mut reader) else { return };
    let mut body = vec![0; length(&headers).unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let answer = [b"HTTP/1.1 ", &answer(Request { line, headers, body })[..]].concat();
    // A client that has read enough may be gone.
    let _ = reader.get_mut().write_all(&answer).and_then(|()| reader.get_mut().flush());
}

/// An answer for [`serve`].
pub(crate) fn answer(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let len = body.len();
    let head = format!(
        "{status}\r\nContent-Type: {kind}\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn head(reader: &mut impl BufRead) -> Option<(String, Vec<String>)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let first = (!lines.is_empty()).then(|| lines.remove(0))?;
    Some((first, lines))
}

fn length(headers: &[String]) -> Option<usize> {
    let lower = headers.iter().map(|header| header.to_ascii_lowercase());
    lower.into_iter().find_map(|header| header.strip_prefix("content-length:")?.trim().parse().ok())
}

//! HTTP/1.1 for witnesses and time-stamp authorities: one request, one connection, one answer of bounded length. No
//! redirects, no proxies, no cookies, no compression.

use std::fmt;
use std::io;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use medsec_audit::OutsideError;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::address::Address;
use crate::deadline::within;
use crate::tls::Tls;

/// Where a service is, and how to reach it.
#[derive(Clone)]
pub struct Endpoint {
    address: Address,
    /// Host, and port where it was given, as the request names it.
    host: String,
    // INVARIANT: empty, or starts with a slash and does not end with one.
    path: String,
    tls: Option<Tls>,
}

/// The text is no address of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no valid address of a service")]
pub struct InvalidEndpoint;

/// Why there is no answer that could be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// There is no connection.
    #[error("the connection failed")]
    Connection(#[source] io::Error),
    /// The server could not be verified.
    #[error("the server could not be verified")]
    Certificate(#[source] io::Error),
    /// The connection broke, or the server does not speak HTTP.
    #[error("the request failed")]
    Protocol(#[source] hyper::Error),
    /// The answer is longer than it can be.
    #[error("the answer is too long")]
    TooLong,
    /// The request could not be put together.
    #[error("the request is malformed")]
    Request,
}

/// What is sent.
#[derive(Debug)]
pub(crate) struct Post<'a> {
    /// Behind the endpoint's own path.
    pub(crate) path: &'a str,
    pub(crate) kind: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) max_answer: usize,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) kind: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Endpoint {
    /// `https://host[:port][/path]`.
    ///
    /// # Errors
    /// [`InvalidEndpoint`] if it is of another form.
    pub fn secure(url: &str, tls: Tls) -> Result<Self, InvalidEndpoint> {
        let rest = url.strip_prefix("https://").ok_or(InvalidEndpoint)?;
        Ok(Self { tls: Some(tls), ..Self::parse(rest, 443)? })
    }

    /// `http://host[:port][/path]`: enough where only signed answers count, as cosignatures and time stamps. Whoever
    /// listens learns what is sent, which is the log's name, size and root for a witness and a hash for a time stamp, and
    /// can withhold the answer or send another: a refusal is not signed, and counts for nothing that is final.
    ///
    /// # Errors
    /// [`InvalidEndpoint`] if it is of another form.
    pub fn plain(url: &str) -> Result<Self, InvalidEndpoint> {
        Self::parse(url.strip_prefix("http://").ok_or(InvalidEndpoint)?, 80)
    }

    /// Whether an answer is the server's own.
    #[cfg(feature = "witness")]
    pub(crate) const fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    fn parse(rest: &str, port: u16) -> Result<Self, InvalidEndpoint> {
        let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#');
        if !path.bytes().all(fits) {
            return Err(InvalidEndpoint);
        }
        let address = match host.parse() {
            Ok(address) => address,
            Err(_) => format!("{host}:{port}").parse().map_err(|_| InvalidEndpoint)?,
        };
        let path = path.trim_end_matches('/').to_owned();
        Ok(Self { address, host: host.to_owned(), path, tls: None })
    }

    /// Sends a request and reads the answer, whatever its status.
    pub(crate) async fn post(
        &self,
        patience: Duration,
        post: Post<'_>,
    ) -> Result<Answer, OutsideError> {
        within(patience, self.exchange(post)).await
    }

    async fn exchange(&self, post: Post<'_>) -> Result<Answer, OutsideError> {
        let tcp = TcpStream::connect((self.address.host(), self.address.port())).await;
        let tcp = tcp.map_err(|error| unreachable(HttpError::Connection(error)))?;
        let max = post.max_answer;
        let request = self.request(post)?;
        let response = match &self.tls {
            None => send(tcp, request).await?,
            Some(tls) => {
                let name = self.address.server_name();
                let name = name.map_err(|error| OutsideError::Unfit(Box::new(error)))?;
                send(tls.connector().connect(name, tcp).await.map_err(handshake)?, request).await?
            }
        };
        read(response, max).await
    }

    fn request(&self, post: Post<'_>) -> Result<Request<Full<Bytes>>, OutsideError> {
        let path = format!("{}{}", self.path, post.path);
        let request = Request::post(if path.is_empty() { "/" } else { &path })
            .header(HOST, &self.host)
            .header(CONTENT_TYPE, post.kind)
            .body(Full::new(Bytes::from(post.body)));
        request.map_err(|_| OutsideError::Unfit(Box::new(HttpError::Request)))
    }
}

/// Drives the connection until the answer's body has been read.
struct Driven {
    response: Response<hyper::body::Incoming>,
    driver: tokio::task::JoinHandle<()>,
}

impl Drop for Driven {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Driven, OutsideError> {
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(protocol)?;
    // What the connection ends with, the request reports.
    let driver = tokio::spawn(async move { drop(connection.await) });
    let response = sender.send_request(request).await;
    match response {
        Ok(response) => Ok(Driven { response, driver }),
        Err(error) => {
            driver.abort();
            Err(protocol(error))
        }
    }
}

async fn read(mut driven: Driven, max: usize) -> Result<Answer, OutsideError> {
    let status = driven.response.status().as_u16();
    let kind = driven.response.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).map(str::to_owned);
    let body = Limited::new(driven.response.body_mut(), max).collect().await;
    let body = body.map_err(|error| {
        if error.is::<LengthLimitError>() {
            return OutsideError::Answer(Box::new(HttpError::TooLong));
        }
        match error.downcast() {
            Ok(error) => protocol(*error),
            Err(error) => OutsideError::Unreachable(error),
        }
    })?;
    Ok(Answer { status, kind, body: body.to_bytes().to_vec() })
}

fn unreachable(error: HttpError) -> OutsideError {
    OutsideError::Unreachable(Box::new(error))
}

fn protocol(error: hyper::Error) -> OutsideError {
    if error.is_parse() {
        return OutsideError::Answer(Box::new(HttpError::Protocol(error)));
    }
    unreachable(HttpError::Protocol(error))
}

/// A certificate that does not verify does not become better by waiting.
fn handshake(error: io::Error) -> OutsideError {
    if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) {
        return OutsideError::Answer(Box::new(HttpError::Certificate(error)));
    }
    unreachable(HttpError::Connection(error))
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        write!(f, "Endpoint({scheme}://{}{})", self.host, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_rejects_other_forms() {
        for bad in [
            "",
            "https://a",
            "http://",
            "http://a b",
            "http://a/b?c",
            "http://a/#",
            "http://a:b/",
            "http://u@a/",
            "http://a/b c",
        ] {
            assert!(Endpoint::plain(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn endpoint_has_host_port_and_path() {
        for (url, shown, port) in [
            ("http://w.example", "http://w.example", 80),
            ("http://w.example/a/b/", "http://w.example/a/b", 80),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080", 8080),
            ("http://[::1]:81/x", "http://[::1]:81/x", 81),
        ] {
            let endpoint = Endpoint::plain(url).unwrap();
            assert_eq!(format!("{endpoint:?}"), format!("Endpoint({shown})"));
            assert_eq!(endpoint.address.port(), port);
        }
    }
}

//! Requests and answers in clear.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::http::{Request, status};
use super::record::{Exchange, Recording};
use super::rule::{Action, Answer, Rules};
use super::{Front, Upstream};

/// Longest answer of a server that is passed on.
const MAX_ANSWER_LEN: u64 = 64 * 1024 * 1024;
/// How much of an endless answer is sent at most.
const ENDLESS_LEN: usize = 1024 * 1024 * 1024;
/// And how much of it at once.
const PIECE_LEN: usize = 64 * 1024;

/// Both sides of an HTTP proxy.
pub(super) struct Exchanges {
    acceptor: Option<TlsAcceptor>,
    upstream: Server,
}

enum Server {
    None,
    Plain(SocketAddr),
    Tls(SocketAddr, ServerName<'static>, TlsConnector),
}

impl Exchanges {
    pub(super) fn new(front: Front, upstream: Upstream) -> Self {
        let acceptor = match front {
            Front::Plain => None,
            Front::Tls(identity) => Some(TlsAcceptor::from(identity.0)),
        };
        let upstream = match upstream {
            Upstream::None => Server::None,
            Upstream::Plain(address) => Server::Plain(address),
            Upstream::Tls { address, name, authority } => {
                let name = ServerName::try_from(name).expect("a host name");
                Server::Tls(address, name, connector(&authority))
            }
        };
        Self { acceptor, upstream }
    }

    /// Serves one connection to its end.
    pub(super) async fn serve(&self, client: TcpStream, recording: &Recording, rules: &Rules) {
        // A client that refuses the certificate, or leaves, is what many tests are about.
        let _ = match &self.acceptor {
            None => self.converse(client, recording, rules).await,
            Some(acceptor) => match acceptor.accept(client).await {
                Ok(client) => self.converse(client, recording, rules).await,
                Err(error) => Err(error),
            },
        };
    }

    /// One request and one answer: the answer says that the connection ends.
    async fn converse(
        &self,
        mut client: impl AsyncRead + AsyncWrite + Unpin,
        recording: &Recording,
        rules: &Rules,
    ) -> io::Result<()> {
        let Some((request, bytes)) = Request::read(&mut client).await? else { return Ok(()) };
        recording.sent(&bytes);
        let action = rules.action(&request);
        let endless = matches!(action, Some(Action::Endless));
        let (answer, forwarded) = self.answer(&request, action).await;
        recording.given(&answer);
        let status = status(&answer);
        recording.exchanged(Exchange { request, status, answer: answer.clone(), forwarded });
        client.write_all(&answer).await?;
        if endless {
            pour(&mut client).await?;
        }
        client.shutdown().await
    }

    /// What the client is given, and whether the server was asked.
    async fn answer(&self, request: &Request, action: Option<Action>) -> (Vec<u8>, bool) {
        match action {
            Some(Action::Answer(answer)) => (answer.bytes(), false),
            Some(Action::Raw(bytes)) => (bytes, false),
            Some(Action::Endless) => {
                let head = format!(
                    "HTTP/1.1 200 Endless\r\nContent-Type: application/json\r\n\
                     Content-Length: {ENDLESS_LEN}\r\n\r\n"
                );
                (head.into_bytes(), false)
            }
            Some(Action::Close) => (Vec::new(), false),
            Some(Action::Delay(time)) => {
                tokio::time::sleep(time).await;
                self.forward(request).await
            }
            Some(Action::Cut(len)) => {
                let (mut answer, forwarded) = self.forward(request).await;
                answer.truncate(len);
                (answer, forwarded)
            }
            Some(Action::Instead(answer)) => (answer.bytes(), self.forward(request).await.1),
            Some(Action::Edit(edit)) => {
                let (answer, forwarded) = self.forward(request).await;
                (edit(request, answer), forwarded)
            }
            None => self.forward(request).await,
        }
    }

    async fn forward(&self, request: &Request) -> (Vec<u8>, bool) {
        match self.ask(&request.last()).await {
            Ok(Some(answer)) => (answer, true),
            Ok(None) | Err(_) => (Answer::new(502, "").bytes(), false),
        }
    }

    async fn ask(&self, request: &[u8]) -> io::Result<Option<Vec<u8>>> {
        match &self.upstream {
            Server::None => Ok(None),
            Server::Plain(address) => {
                let stream = TcpStream::connect(address).await?;
                ask(stream, request).await.map(Some)
            }
            Server::Tls(address, name, connector) => {
                let stream = TcpStream::connect(address).await?;
                let stream = connector.connect(name.clone(), stream).await?;
                ask(stream, request).await.map(Some)
            }
        }
    }
}

async fn ask(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    request: &[u8],
) -> io::Result<Vec<u8>> {
    stream.write_all(request).await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    match stream.take(MAX_ANSWER_LEN).read_to_end(&mut answer).await {
        // Servers that end TLS without a word have said everything all the same.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
        _ => Ok(answer),
    }
}

/// Sends spaces, which JSON permits anywhere, until the client leaves.
async fn pour(client: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let piece = vec![b' '; PIECE_LEN];
    for _ in 0..ENDLESS_LEN / PIECE_LEN {
        client.write_all(&piece).await?;
    }
    Ok(())
}

fn connector(authority: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority.as_bytes()) {
        roots.add(certificate.expect("PEM")).expect("an authority");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().expect("protocol versions");
    let config = builder.with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

//! The proxy between rustls as a client and a second proxy as a server.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, ClientConnection, Error, RootCertStore, StreamOwned};

use super::*;

const SAID: &str = "the canary sings";

/// A server that answers everything with [`SAID`].
fn server(front: Front) -> Proxy {
    let says = Rule::on("", Action::Answer(Answer::new(200, SAID)));
    Proxy::http(front, Upstream::None, vec![says])
}

fn request(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn plain(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn tls(address: SocketAddr, authority: &str, request: &str) -> io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let config = builder.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut stream = StreamOwned::new(connection, stream);
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn fault(result: io::Result<String>) -> Option<Error> {
    result.unwrap_err().into_inner()?.downcast::<Error>().ok().map(|error| *error)
}

fn named(error: &CertificateError) -> Option<Flaw> {
    match error {
        CertificateError::NotValidForNameContext { .. } => Some(Flaw::HostName),
        CertificateError::ExpiredContext { .. } => Some(Flaw::Expired),
        CertificateError::NotValidYetContext { .. } => Some(Flaw::NotYetValid),
        _ => None,
    }
}

#[test]
fn certificates_with_a_flaw_are_refused_for_that_flaw() {
    let authority = TestAuthority::new();
    for flaw in [Flaw::HostName, Flaw::Expired, Flaw::NotYetValid] {
        let server = server(Front::Tls(authority.server(flaw)));
        let found = fault(tls(server.address(), &authority.pem(), &request("/", "")));
        let Some(Error::InvalidCertificate(error)) = found else { panic!("{flaw:?}: {found:?}") };
        assert_eq!(named(&error), Some(flaw), "{error:?}");
        assert!(server.recording().exchanges().is_empty());
    }
    let server = server(Front::Tls(authority.server(Flaw::None)));
    let stranger = TestAuthority::new().pem();
    let found = fault(tls(server.address(), &stranger, &request("/", "")));
    assert_eq!(found, Some(Error::InvalidCertificate(CertificateError::UnknownIssuer)));
    assert!(tls(server.address(), &authority.pem(), &request("/", "")).unwrap().ends_with(SAID));
}

#[test]
fn old_tls_is_refused_as_such() {
    let authority = TestAuthority::new().pem();
    let hello = Proxy::script(TLS_1_1_HELLO);
    let found = fault(tls(hello.address(), &authority, ""));
    assert!(matches!(found, Some(Error::PeerIncompatible(_))), "{found:?}");
    let alert = Proxy::script(TLS_VERSION_ALERT);
    let found = fault(tls(alert.address(), &authority, ""));
    assert_eq!(found, Some(Error::AlertReceived(rustls::AlertDescription::ProtocolVersion)));
}

#[test]
fn http_proxy_records_in_clear_and_tunnel_what_is_on_the_wire() {
    let authority = TestAuthority::new();
    let server = server(Front::Tls(authority.server(Flaw::None)));
    let upstream = Upstream::Tls {
        address: server.address(),
        name: "localhost".to_owned(),
        authority: authority.pem(),
    };
    let clear = Proxy::http(Front::Tls(authority.server(Flaw::None)), upstream, Vec::new());
    let tunnel = Proxy::tunnel(clear.address(), &[]);
    let asked = request("/secret", "a canary");
    assert!(tls(tunnel.address(), &authority.pem(), &asked).unwrap().ends_with(SAID));
    assert_eq!(clear.recording().count(b"canary"), 2);
    let exchanges = clear.recording().exchanges_of("/secret");
    assert_eq!(exchanges.len(), 1);
    assert_eq!((exchanges[0].status, exchanges[0].forwarded), (Some(200), true));
    assert_eq!(exchanges[0].request.body, b"a canary");
    assert_eq!(tunnel.recording().count(b"canary"), 0);
    assert!(tunnel.recording().to_client().len() > SAID.len());
}

#[test]
fn every_change_of_a_record_is_noticed() {
    let authority = TestAuthority::new();
    let server = server(Front::Tls(authority.server(Flaw::None)));
    let changes = [Change::Flip(9), Change::Drop, Change::Truncate, Change::Replay, Change::Close];
    for direction in [Direction::ToServer, Direction::ToClient] {
        for change in changes {
            let tunnel = Proxy::tunnel(server.address(), &[Tamper { direction, unit: 0, change }]);
            let answer = tls(tunnel.address(), &authority.pem(), &request("/", ""));
            assert!(answer.is_err(), "{direction:?} {change:?}: {answer:?}");
        }
    }
    let tamper = Tamper { direction: Direction::ToClient, unit: 2, change: Change::Swap };
    let tunnel = Proxy::tunnel(server.address(), &[tamper]);
    assert!(tls(tunnel.address(), &authority.pem(), &request("/", "")).is_err());
}

#[test]
fn delay_lets_bytes_come_later_and_whole() {
    let server = server(Front::Plain);
    let change = Change::Delay(Duration::from_millis(300));
    let tamper = Tamper { direction: Direction::ToClient, unit: 0, change };
    let tunnel = Proxy::tunnel(server.address(), &[tamper]);
    let begun = Instant::now();
    assert!(plain(tunnel.address(), &request("/", "")).ends_with(SAID));
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[test]
fn rule_is_for_the_requests_it_counts_to() {
    let server = server(Front::Plain);
    let throttled = Answer::new(429, "").header("Retry-After", "7");
    let rules = vec![
        Rule::on("/two", Action::Answer(throttled)).only(2),
        Rule::on("POST /gone", Action::Close).first(1),
    ];
    let proxy = Proxy::http(Front::Plain, Upstream::Plain(server.address()), rules);
    let ask = |path| plain(proxy.address(), &request(path, ""));
    assert!(ask("/two").ends_with(SAID));
    let second = ask("/two");
    assert!(second.starts_with("HTTP/1.1 429") && second.contains("Retry-After: 7\r\n"));
    assert!(ask("/two").ends_with(SAID));
    assert_eq!(ask("/gone"), "");
    assert!(ask("/gone").ends_with(SAID));
    let forwarded = proxy.recording().exchanges().iter().filter(|e| e.forwarded).count();
    assert_eq!(forwarded, 3);
    proxy.set_rules(Vec::new());
    assert!(ask("/two").ends_with(SAID));
}

#[test]
fn answers_are_cut_replaced_and_edited_after_the_server_gave_them() {
    let server = server(Front::Plain);
    let edit: Edit = Arc::new(|request, mut answer| {
        answer.extend_from_slice(request.path().as_bytes());
        answer
    });
    let rules = vec![
        Rule::on("/cut", Action::Cut(12)),
        Rule::on("/instead", Action::Instead(Answer::new(204, ""))),
        Rule::on("/edit", Action::Edit(edit)),
        Rule::on("/raw", Action::Raw(b"no HTTP".to_vec())),
    ];
    let proxy = Proxy::http(Front::Plain, Upstream::Plain(server.address()), rules);
    let ask = |path| plain(proxy.address(), &request(path, ""));
    assert_eq!(ask("/cut"), "HTTP/1.1 200");
    assert!(ask("/instead").starts_with("HTTP/1.1 204"));
    assert!(ask("/edit").ends_with("sings/edit"));
    assert_eq!(ask("/raw"), "no HTTP");
    assert_eq!(server.recording().exchanges().len(), 3);
}

#[test]
fn endless_answer_goes_on_until_the_client_leaves() {
    let proxy = Proxy::http(Front::Plain, Upstream::None, vec![Rule::on("", Action::Endless)]);
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    stream.write_all(request("/", "").as_bytes()).unwrap();
    let mut some = vec![0; 8 * 1024 * 1024];
    stream.read_exact(&mut some).unwrap();
    assert!(some.ends_with(b"   "));
}

#[test]
fn what_goes_nowhere_is_answered_with_502() {
    let proxy = Proxy::http(Front::Plain, Upstream::None, Vec::new());
    assert!(plain(proxy.address(), &request("/", "")).starts_with("HTTP/1.1 502"));
}

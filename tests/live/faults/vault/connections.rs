//! Connections that are slow, cut, altered, or not to the server at all.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{
    ConnectionFault, InvalidAddress, KeyService as _, KeyServiceError, ServiceAddress,
    VaultIdentity, VaultKeys, VaultSettings,
};
use medsec_testkit::child::{child, output_of};
use medsec_testkit::proxy::{
    Action, Change, Direction, Flaw, Front, Proxy, Rule, TLS_1_1_HELLO, TLS_VERSION_ALERT, Tamper,
    TestAuthority, Upstream,
};

use crate::support::vault::{Api, context, generate, name, tls_settings, unwrap, wait};
use crate::support::{certificate_file, variable};

/// A service for `ct` over TLS, at `address`, that trusts these authorities.
fn over_tls(address: SocketAddr, mount: &str, roots: &str) -> VaultKeys {
    let mut settings = tls_settings(&format!("https://localhost:{}", address.port()), mount);
    settings.roots = roots.as_bytes().to_vec();
    settings.patience.call = Duration::from_secs(3);
    VaultKeys::new(settings, [name("ct")]).unwrap()
}

fn refused(keys: &VaultKeys) -> Result<(), KeyServiceError> {
    wait(keys.generate_dek(&name("ct"), &context(1))).map(|_| ())
}

fn is_fault(fault: ConnectionFault) -> impl Fn(&KeyServiceError) -> bool {
    move |e| matches!(e, KeyServiceError::Connection(found) if *found == fault) && !e.is_retryable()
}

/// A server whose certificate has a flaw; the error, and that it heard nothing.
fn refuses_flaw(ev: &Ev, flaw: Flaw, fault: ConnectionFault) {
    let authority = TestAuthority::new();
    let front = Front::Tls(authority.server(flaw));
    let proxy = Proxy::http(front, Upstream::Plain(Api::live().address), Vec::new());
    let keys = over_tls(proxy.address(), "transit", &authority.pem());
    ev.denies(refused(&keys), is_fault(fault));
    ev.holds("nothing was sent", proxy.recording().exchanges().is_empty());
}

#[evidence(
    hipaa2013::"164.312(e)(1)",
    claim = "a key server whose certificate is another host's gets no request",
    polarity = deny,
)]
fn wrong_host_name_is_refused(ev: Ev) -> Proven {
    refuses_flaw(&ev, Flaw::HostName, ConnectionFault::HostName);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(e)(1)",
    claim = "a key server whose certificate has expired, or is not valid yet, gets no request",
    polarity = deny,
)]
fn expired_certificate_is_refused(ev: Ev) -> Proven {
    refuses_flaw(&ev, Flaw::Expired, ConnectionFault::Expired);
    refuses_flaw(&ev, Flaw::NotYetValid, ConnectionFault::NotYetValid);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(e)(1)",
    claim = "a key server whose certificate nobody trusted has issued gets no request",
    polarity = deny,
)]
fn unknown_authority_is_refused(ev: Ev) -> Proven {
    let authority = TestAuthority::new();
    let front = Front::Tls(authority.server(Flaw::None));
    let proxy = Proxy::http(front, Upstream::Plain(Api::live().address), Vec::new());
    let stranger = TestAuthority::new().pem();
    let keys = over_tls(proxy.address(), "transit", &stranger);
    ev.denies(refused(&keys), is_fault(ConnectionFault::UnknownIssuer));
    ev.holds("nothing was sent", proxy.recording().exchanges().is_empty());
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(e)(1)", "164.312(e)(2)(ii)"],
    claim = "a key server that has no TLS 1.2 or 1.3, or no TLS at all, gets no request",
    polarity = deny,
)]
fn old_tls_is_refused(ev: Ev) -> Proven {
    let authority = TestAuthority::new().pem();
    for (bytes, fault) in [
        (TLS_1_1_HELLO, ConnectionFault::Version),
        (TLS_VERSION_ALERT, ConnectionFault::Version),
        (b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), ConnectionFault::Altered),
    ] {
        let proxy = Proxy::script(bytes);
        let keys = over_tls(proxy.address(), "transit", &authority);
        ev.denies(refused(&keys), is_fault(fault));
        let token = variable("MEDSEC_LIVE_VAULT_TOKEN");
        ev.equal("no token was sent", &proxy.recording().count(token.as_bytes()), &0);
    }
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(e)(1)", "164.312(e)(2)(ii)"],
    claim = "no key service is asked without TLS, but on this machine where that is said",
    polarity = deny,
)]
fn plain_http_elsewhere_is_refused(ev: Ev) -> Proven {
    for text in ["http://vault.example:8200", "http://10.0.0.1:8200"] {
        ev.denies(ServiceAddress::new(text), |e| matches!(e, InvalidAddress::Plain));
        let refused = ServiceAddress::allowing_plain_loopback(text);
        ev.denies(refused, |e| matches!(e, InvalidAddress::NotLoopback));
    }
    ev.denies(ServiceAddress::new("http://127.0.0.1:1"), |e| matches!(e, InvalidAddress::Plain));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(d)", "164.312(e)(1)"],
    claim = "a key server that asks for a client certificate serves who has one of its authority, and nobody else",
    polarity = deny,
)]
fn client_certificate_that_is_missing_or_foreign_is_told(ev: Ev) -> Proven {
    let mount = Api::live().scene().mount;
    let read = |name: &str| std::fs::read(certificate_file(name)).unwrap();
    let with = |client: Option<&str>| {
        let identity = client.map(|client| {
            VaultIdentity::new(read(&format!("{client}.pem")), read(&format!("{client}.key")))
        });
        let settings = tls_settings(&variable("MEDSEC_LIVE_VAULT_MUTUAL"), &mount);
        VaultKeys::new(VaultSettings { identity, ..settings }, [name("ct")]).unwrap()
    };
    ev.allows(refused(&with(Some("client"))));
    // With TLS 1.3 the server's refusal comes after the client's first request, and the connection may be gone before it
    // is read.
    let told = |error: &KeyServiceError| {
        matches!(
            error,
            KeyServiceError::Connection(ConnectionFault::ClientCertificate)
                | KeyServiceError::Unavailable(_)
        )
    };
    ev.denies(refused(&with(None)), told);
    ev.denies(refused(&with(Some("stranger"))), told);
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(e)(2)(i)", "164.312(e)(2)(ii)"],
    claim = "whatever is flipped, left out, cut, reordered or repeated on the way to a key server is noticed, and nothing on the way can be read",
    polarity = deny,
)]
fn tampering_on_the_way_is_noticed(ev: Ev) -> Proven {
    let scene = Api::live().scene();
    let server = variable("MEDSEC_LIVE_VAULT");
    let server: SocketAddr = server.strip_prefix("https://").unwrap().parse().unwrap();
    let roots = std::fs::read_to_string(certificate_file("ca.pem")).unwrap();
    let canaries =
        [variable("MEDSEC_LIVE_VAULT_TOKEN"), scene.mount.clone(), "vault:v1".to_owned()];
    let changes = [
        Change::Flip(0),
        Change::Flip(77),
        Change::Drop,
        Change::Truncate,
        Change::Swap,
        Change::Replay,
        Change::Close,
    ];
    let (mut noticed, mut quiet) = (0, 0);
    for direction in [Direction::ToServer, Direction::ToClient] {
        for (unit, change) in (0..8).flat_map(|unit| changes.map(|change| (unit, change))) {
            let tunnel = Proxy::tunnel(server, &[Tamper { direction, unit, change }]);
            let mut settings = tls_settings(
                &format!("https://localhost:{}", tunnel.address().port()),
                &scene.mount,
            );
            settings.roots = roots.as_bytes().to_vec();
            settings.patience.call = Duration::from_millis(700);
            let keys = VaultKeys::new(settings, [name("ct")]).unwrap();
            match wait(keys.generate_dek(&name("ct"), &context(1))) {
                // What was changed came after all that was needed, or the connection was made anew before anything
                // was sent: the data key is the right one.
                Ok((dek, stanza)) => {
                    let opened = ev.allows(unwrap(&scene.keys(), &stanza));
                    ev.holds("it is right", opened.expose_secret() == dek.expose_secret());
                    quiet += 1;
                }
                Err(error) => {
                    let named = matches!(
                        error,
                        KeyServiceError::Connection(_)
                            | KeyServiceError::Unavailable(_)
                            | KeyServiceError::TimedOut
                    );
                    ev.holds("the error says that the connection is bad", named);
                    noticed += 1;
                }
            }
            for canary in &canaries {
                ev.equal("nothing is readable", &tunnel.recording().count(canary.as_bytes()), &0);
            }
        }
    }
    ev.holds("most were noticed at once", noticed > quiet);
    let flip = Tamper { direction: Direction::ToClient, unit: 0, change: Change::Flip(77) };
    let tunnel = Proxy::tunnel(server, &[flip]);
    ev.denies(refused(&over_tls(tunnel.address(), &scene.mount, &roots)), |e| {
        matches!(e, KeyServiceError::Connection(_) | KeyServiceError::Unavailable(_))
    });
    ev.proven()
}

#[test]
fn slow_server_is_timed_out() {
    let scene = Api::live().scene();
    let (_, stanza) = generate(&scene.keys());
    let late = Rule::on("/decrypt/", Action::Delay(Duration::from_secs(5)));
    let (proxy, _) = scene.behind(vec![late]);
    let keys = scene.keys_with(|settings| {
        *settings = scene.api.settings_at(proxy.address(), &scene.mount);
        settings.patience.call = Duration::from_millis(500);
    });
    let refused = unwrap(&keys, &stanza).unwrap_err();
    assert!(matches!(refused, KeyServiceError::TimedOut) && refused.is_retryable(), "{refused:?}");
    assert_eq!(proxy.recording().exchanges_of("/decrypt/").len(), 0, "it was still waiting");
}

#[test]
fn connection_cut_in_the_answer_is_retryable_and_not_retried() {
    let scene = Api::live().scene();
    let (_, stanza) = generate(&scene.keys());
    for action in [Action::Cut(40), Action::Cut(250), Action::Close] {
        let (proxy, keys) = scene.behind(vec![Rule::on("/decrypt/", action).only(1)]);
        let refused = unwrap(&keys, &stanza).unwrap_err();
        let named = matches!(refused, KeyServiceError::Unavailable(_) | KeyServiceError::TimedOut);
        assert!(named && refused.is_retryable(), "{refused:?}");
        assert_eq!(proxy.recording().exchanges_of("/decrypt/").len(), 1);
        unwrap(&keys, &stanza).unwrap();
    }
}

/// All that the environment of a Vault or OpenBao client can say, with an authority to trust.
fn say_everything(child: &mut Command, trusted: &Path) {
    for product in ["VAULT", "BAO"] {
        child.env(format!("{product}_SKIP_VERIFY"), "1");
        child.env(format!("{product}_ADDR"), "http://127.0.0.1:1");
        child.env(format!("{product}_TOKEN"), "s.fromtheenvironment");
        child.env(format!("{product}_NAMESPACE"), "elsewhere");
        child.env(format!("{product}_CACERT"), trusted);
        child.env(format!("{product}_CLIENT_CERT"), certificate_file("client.pem"));
        child.env(format!("{product}_CLIENT_KEY"), certificate_file("client.key"));
    }
    for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"] {
        child.env(proxy, "http://127.0.0.1:1");
    }
    child.env("SSL_CERT_FILE", trusted).env_remove("MEDSEC_EVIDENCE_DIR");
}

#[test]
fn environment_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (issuer, other) = (TestAuthority::new(), TestAuthority::new());
    let file = |name: &str, pem: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path
    };
    let (trusted, configured) = (file("ca.pem", issuer.pem()), file("other.pem", other.pem()));
    // The authority that issued the server's certificate stands in the environment, another one in the settings.
    let front = Front::Tls(issuer.server(Flaw::None));
    let proxy = Proxy::http(front, Upstream::Plain(Api::live().address), Vec::new());
    let words = [
        format!("https://localhost:{}", proxy.address().port()),
        configured.to_str().unwrap().to_owned(),
    ];
    let mut told = child("vault::environment::helper", &[&words[0], &words[1]]);
    say_everything(&mut told, &trusted);
    let _ = output_of(told);
    assert!(proxy.recording().exchanges().is_empty(), "something was sent");
    // And what is refused without it, is refused with it.
    for test in
        ["wrong_host_name_is_refused", "client_certificate_that_is_missing_or_foreign_is_told"]
    {
        let mut again = child(&format!("faults::vault::connections::{test}"), &[]);
        say_everything(&mut again, &trusted);
        let _ = output_of(again);
    }
}

//! The connection: TLS 1.2 and 1.3 to the host that was asked for, or none.

use std::time::Duration;

use medsec_crypto::{Dek, Stanza};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{
    AwsConnection, AwsKeyError, AwsKeys, AwsPatience, AwsRoots, AwsSettings, ConnectionFault,
    InvalidAddress, KeyName, KeyService as _, KeyServiceError, ServiceAddress,
};
use medsec_testkit::child::{child, output_of};
use medsec_testkit::proxy::{
    Change, Direction, Flaw, Front, Proxy, TLS_1_1_HELLO, TLS_VERSION_ALERT, Tamper, TestAuthority,
    Upstream,
};

use crate::aws::emulator::{
    Emulator, Kind, access_key, context, name, plain_url, settings_at, wait,
};

/// Settings for `https://localhost:port` that trust an authority.
fn settings(proxy: &Proxy, authority: &TestAuthority) -> AwsSettings {
    let address = format!("https://localhost:{}", proxy.address().port());
    let roots = AwsRoots::Only(authority.pem().into_bytes());
    AwsSettings { roots, ..settings_at(&address, access_key("id", "canary-secret", None)) }
}

fn pin(settings: AwsSettings, key: &KeyName) -> Result<AwsKeys, AwsKeyError> {
    wait(async {
        let connection = AwsConnection::open(settings).await.unwrap();
        AwsKeys::pin(connection, std::slice::from_ref(key)).await
    })
}

fn fault(error: &AwsKeyError) -> Option<ConnectionFault> {
    match error.source {
        KeyServiceError::Connection(fault) => Some(fault),
        _ => None,
    }
}

/// A server whose certificate has a flaw, before a client that trusts an authority.
fn refused(flaw: Flaw, issued: &TestAuthority, trusted: &TestAuthority) -> Option<ConnectionFault> {
    let front = Front::Tls(issued.server(flaw));
    let proxy = Proxy::http(front, Upstream::None, Vec::new());
    let error = pin(settings(&proxy, trusted), &name("alias/any")).unwrap_err();
    assert_eq!(proxy.recording().exchanges().len(), 0, "something was asked");
    fault(&error)
}

#[evidence(
    hipaa2013::"164.312(e)(1)",
    claim = "AWS KMS is not talked to where the certificate is another host's",
    polarity = deny,
)]
fn wrong_host_name_is_refused(ev: Ev) -> Proven {
    let authority = TestAuthority::new();
    let fault = refused(Flaw::HostName, &authority, &authority).map_or(Ok(()), Err);
    ev.denies(fault, |fault| *fault == ConnectionFault::HostName);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(e)(1)",
    claim = "AWS KMS is not talked to where the certificate has expired or is not valid yet",
    polarity = deny,
)]
fn expired_certificate_is_refused(ev: Ev) -> Proven {
    let authority = TestAuthority::new();
    for (flaw, expected) in [
        (Flaw::Expired, ConnectionFault::Expired),
        (Flaw::NotYetValid, ConnectionFault::NotYetValid),
    ] {
        let fault = refused(flaw, &authority, &authority).map_or(Ok(()), Err);
        ev.denies(fault, |fault| *fault == expected);
    }
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(e)(1)",
    claim = "AWS KMS is not talked to where the certificate was issued by nobody who is trusted",
    polarity = deny,
)]
fn unknown_authority_is_refused(ev: Ev) -> Proven {
    let fault = refused(Flaw::None, &TestAuthority::new(), &TestAuthority::new());
    let fault = fault.map_or(Ok(()), Err);
    ev.denies(fault, |fault| *fault == ConnectionFault::UnknownIssuer);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(e)(1)",
    claim = "AWS KMS is not talked to over TLS older than 1.2",
    polarity = deny,
)]
fn old_tls_is_refused(ev: Ev) -> Proven {
    let authority = TestAuthority::new();
    for said in [TLS_1_1_HELLO, TLS_VERSION_ALERT] {
        let server = Proxy::script(said);
        let refused = pin(settings(&server, &authority), &name("alias/any"));
        ev.denies(refused, |error| fault(error) == Some(ConnectionFault::Version));
    }
    ev.proven()
}

/// An emulator behind TLS.
fn secured(emulator: &Emulator, authority: &TestAuthority) -> Proxy {
    let upstream = emulator.address().trim_start_matches("http://").parse().unwrap();
    Proxy::http(Front::Tls(authority.server(Flaw::None)), Upstream::Plain(upstream), Vec::new())
}

#[evidence(
    hipaa2013::"164.312(e)(1)",
    claim = "whoever sits between us and AWS KMS and alters, drops, repeats or cuts what passes is noticed, and sees no name of a key",
    polarity = deny,
)]
fn tampering_on_the_way_is_noticed(ev: Ev) -> Proven {
    let (emulator, authority) = (Emulator::new(Kind::Moto), TestAuthority::new());
    let key = emulator.create("records").name;
    let server = secured(&emulator, &authority);
    let direct = emulator.keys(std::slice::from_ref(&key));
    let through = |tampers: &[Tamper]| {
        let tunnel = Proxy::tunnel(server.address(), tampers);
        let patience = AwsPatience::with_call(Duration::from_millis(700));
        let credentials = emulator.settings().credentials;
        let settings = AwsSettings { credentials, patience, ..settings(&tunnel, &authority) };
        (used(settings, &key), tunnel)
    };
    let (whole, tunnel) = through(&[]);
    ev.allows(whole);
    ev.equal("no name in what passed", &tunnel.recording().count(b"arn:aws"), &0);
    ev.holds("though there was one", server.recording().count(key.as_str().as_bytes()) > 0);
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
            let (answer, tunnel) = through(&[Tamper { direction, unit, change }]);
            match answer {
                // What was changed came after all that was needed, or the connection was made anew before anything
                // was sent: the data key is the right one.
                Ok((dek, stanza)) => {
                    let opened = ev.allows(wait(direct.unwrap_dek(&stanza, &context(1))));
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
            ev.equal("nothing is readable", &tunnel.recording().count(b"arn:aws"), &0);
        }
    }
    ev.holds("most were noticed at once", noticed > quiet);
    let flip = Tamper { direction: Direction::ToClient, unit: 0, change: Change::Flip(77) };
    ev.denies(through(&[flip]).0, |error| {
        matches!(error, KeyServiceError::Connection(_) | KeyServiceError::Unavailable(_))
    });
    ev.proven()
}

/// A data key, made and unwrapped again over one connection.
fn used(settings: AwsSettings, key: &KeyName) -> Result<(Dek, Stanza), KeyServiceError> {
    let keys = pin(settings, key).map_err(|error| error.source)?;
    let (dek, stanza) = wait(keys.generate_dek(key, &context(1)))?;
    let opened = wait(keys.unwrap_dek(&stanza, &context(1)))?;
    assert!(opened.expose_secret() == dek.expose_secret());
    Ok((dek, stanza))
}

#[evidence(
    hipaa2013::"164.312(e)(1)",
    claim = "no variable of the environment sends what is for AWS KMS elsewhere, and no address without TLS is taken",
    polarity = deny,
)]
fn environment_changes_nothing(ev: Ev) -> Proven {
    let emulator = Emulator::new(Kind::LocalStack);
    let key = emulator.create("records").name;
    let thief = Proxy::http(Front::Plain, Upstream::None, Vec::new());
    let redirected = |words: &[&str]| {
        let mut child = child("aws::environment::helper", words);
        for variable in [
            "AWS_ENDPOINT_URL",
            "AWS_ENDPOINT_URL_KMS",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "http_proxy",
            "https_proxy",
        ] {
            child.env(variable, plain_url(&thief));
        }
        // They would choose whom to trust, see below.
        child.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
        output_of(child)
    };
    redirected(&["pin", &emulator.address(), key.as_str()]);
    redirected(&["regional", "http://127.0.0.1:1"]);
    for variable in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        let mut child = child("aws::environment::helper", &["roots", "https://localhost:1"]);
        child.env(variable, "/nonexistent/medsec");
        let _ = output_of(child);
    }
    for address in [plain_url(&thief), "http://kms.example".to_owned()] {
        ev.denies(ServiceAddress::new(&address), |e| matches!(e, InvalidAddress::Plain));
    }
    ev.equal("nothing came there", &thief.recording().exchanges().len(), &0);
    ev.equal("not a byte", &thief.recording().to_server().len(), &0);
    ev.proven()
}

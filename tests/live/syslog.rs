//! rsyslog over TLS: every message parses and has the line, and a wrong certificate ends everything.

use std::error::Error;
use std::time::{Duration, Instant};

use medsec_audit::{Follower as _, HostId, Line, OutsideError};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_ship::{SyslogError, SyslogFollower, SyslogSettings, Tls};

use crate::support::stream::Stream;
use crate::support::{PATIENCE, block_on, local, peer, tls, variable};

const SERVER: &str = "MEDSEC_LIVE_SYSLOG";
const MUTUAL: &str = "MEDSEC_LIVE_SYSLOG_MUTUAL";

/// A host of this run alone: the servers may have been there for runs before.
fn fresh(name: &str) -> String {
    format!("{name}-{}.example", std::process::id())
}

/// A follower whose messages are told from those of other tests by their host.
fn follower(server: &str, host: &str, tls: Tls) -> SyslogFollower {
    SyslogFollower::new(SyslogSettings {
        name: peer("siem"),
        server: local(server),
        tls,
        host: HostId::new(host).unwrap(),
        enterprise: Some(32473),
        patience: PATIENCE,
    })
}

/// What rsyslog understood of the messages of a host, each as its fields.
fn received(host: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(variable("MEDSEC_LIVE_SYSLOG_RECEIVED")).unwrap();
    let fields = text.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    fields.filter(|fields| fields.get(3).is_some_and(|found| found == host)).collect()
}

/// rsyslog writes a little later than it reads.
pub(crate) fn received_in_time(host: &str, count: usize) -> Vec<Vec<String>> {
    let begun = Instant::now();
    loop {
        let messages = received(host);
        if messages.len() >= count || begun.elapsed() > Duration::from_secs(20) {
            return messages;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn reason(error: &OutsideError) -> Option<&SyslogError> {
    error.source()?.downcast_ref()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(e)(1)"],
    claim = "rsyslog receives every line of the log over TLS, byte for byte",
    polarity = allow,
)]
fn every_message_parses_and_has_the_line(ev: Ev) -> Proven {
    let host = &fresh("all-messages");
    let stream = Stream::of("log.example/]\"a", 40, 50);
    let follower = follower(SERVER, host, tls("ca", None));
    let shipment = stream.whole();
    ev.allows(block_on(follower.take(&shipment)));
    let position = ev.allows(block_on(follower.position(&stream.origin)));
    ev.equal("a receiver cannot say what it has", &position, &None);
    let messages = received_in_time(host, shipment.lines().len());
    ev.equal("as many messages as lines", &messages.len(), &shipment.lines().len());
    let mut lines = stream.bytes[..stream.bytes.len() - 1].split(|byte| *byte == b'\n');
    for (message, line) in messages.iter().zip(shipment.lines()) {
        let [pri, version, time, _, program, _, kind, data, text] = &message[..] else {
            panic!("{} fields", message.len());
        };
        ev.equal_bytes("the message is the line", text, lines.next().unwrap());
        ev.holds("priority and version are as agreed", pri == "85" && version == "1");
        ev.holds("the program is named", program == "medsec");
        let (expected, number) = match line {
            Line::Record(record) => {
                let millis = record.head.position.ts.to_string();
                ev.holds("the time is the record's", time[..23] == millis[..23]);
                ("record", format!("seq=\"{}\"", record.head.position.seq))
            }
            Line::Commit(commit) => ("commit", format!("size=\"{}\"", commit.size)),
        };
        ev.equal("the kind is named", kind.as_str(), expected);
        let stream = "[medsec@32473 stream=\"log.example/\\]\\\"a\" ";
        ev.equal("the place is named", data, &format!("{stream}{number}]"));
    }
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(e)(1)",
    claim = "no line goes to a receiver whose certificate does not verify",
    polarity = deny,
)]
fn receiver_with_wrong_certificate_is_refused(ev: Ev) -> Proven {
    let host = &fresh("wrong-authority");
    let stream = Stream::of("log.example/a", 1, 1);
    let follower = follower(SERVER, host, tls("stranger-ca", None));
    ev.denies(block_on(follower.take(&stream.whole())), |error| {
        matches!(error, OutsideError::Answer(_))
            && matches!(reason(error), Some(SyslogError::Certificate(_)))
    });
    std::thread::sleep(Duration::from_secs(1));
    ev.holds("the receiver has nothing", received(host).is_empty());
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(d)", "164.312(e)(1)"],
    claim = "a receiver that wants a certificate takes lines from its own clients only, and the sender notices",
    polarity = deny,
)]
fn sender_with_wrong_certificate_notices(ev: Ev) -> Proven {
    let stream = Stream::of("log.example/a", 1, 3);
    for (host, client) in [("stranger.example", Some("stranger")), ("nobody.example", None)] {
        let follower = follower(MUTUAL, host, tls("ca", client));
        let taken = block_on(follower.take(&stream.whole()));
        ev.denies(taken, |error| !matches!(error, OutsideError::Fork));
        std::thread::sleep(Duration::from_secs(1));
        ev.holds("the receiver has nothing", received(host).is_empty());
    }
    let host = &fresh("own-client");
    let own = follower(MUTUAL, host, tls("ca", Some("client")));
    ev.allows(block_on(own.take(&stream.whole())));
    ev.equal("its own client's lines arrive", &received_in_time(host, 4).len(), &4);
    ev.proven()
}

#[test]
fn receiver_that_is_not_there_can_be_tried_again() {
    let stream = Stream::of("log.example/a", 1, 1);
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = medsec_ship::Address::new("localhost", unused.port()).unwrap();
    let follower = SyslogFollower::new(SyslogSettings {
        name: peer("siem"),
        server,
        tls: tls("ca", None),
        host: HostId::new("nowhere.example").unwrap(),
        enterprise: None,
        patience: PATIENCE,
    });
    assert!(block_on(follower.take(&stream.whole())).unwrap_err().is_retryable());
}

/// Reads on the connection and ends it without the answer that TLS has for the end.
#[test]
fn receiver_that_breaks_off_has_not_confirmed() {
    block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        // It accepts and hangs up before TLS is spoken.
        let server = tokio::spawn(async move { drop(listener.accept().await.unwrap()) });
        let follower = SyslogFollower::new(SyslogSettings {
            name: peer("siem"),
            server: medsec_ship::Address::new("localhost", port).unwrap(),
            tls: tls("ca", None),
            host: HostId::new("hang-up.example").unwrap(),
            enterprise: None,
            patience: PATIENCE,
        });
        let stream = Stream::of("log.example/a", 1, 1);
        assert!(follower.take(&stream.whole()).await.unwrap_err().is_retryable());
        server.await.unwrap();
    });
}

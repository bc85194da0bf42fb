//! The client of witnesses against a double that verifies for real.

mod double;

use std::error::Error;
use std::sync::Arc;

use medsec_audit::{
    Algorithm, Anchor as _, Anchored, Checkpoint, Ed25519NoteSigner, KeyName, LogOrigin,
    OutsideError, PublishError, Recalled, VerifierKey,
};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_ship::{Endpoint, ProofSource, WitnessClient, WitnessError, WitnessSettings};

use self::double::{Double, Fault};
use crate::support::log::Log;
use crate::support::plain_http::{answer, serve, serve_tls};
use crate::support::{PATIENCE, block_on, peer, tls};

const ORIGIN: &str = "clinic.example/log";

/// Proofs from a log whose leaves are all known.
struct Proofs(Log);

impl ProofSource for Proofs {
    fn consistency(
        &self,
        _: &LogOrigin,
        old: u64,
        new: u64,
    ) -> Result<medsec_audit::ConsistencyProof, Box<dyn Error + Send + Sync>> {
        // As the log says it: it has only so many records.
        let found = self.0.size();
        if new > found {
            return Err(PublishError::Behind { published: new, found }.into());
        }
        Ok(self.0.proof(old, new))
    }
}

fn client(url: &str, keys: Vec<VerifierKey>, proofs: Log) -> WitnessClient {
    client_with(url, keys, Arc::new(Proofs(proofs)))
}

fn client_with(url: &str, keys: Vec<VerifierKey>, proofs: Arc<dyn ProofSource>) -> WitnessClient {
    let endpoint = match url.starts_with("https") {
        true => Endpoint::secure(url, tls("ca", None)),
        false => Endpoint::plain(url),
    };
    let settings = WitnessSettings {
        name: peer("witness"),
        endpoint: endpoint.unwrap(),
        keys,
        proofs,
        patience: PATIENCE,
    };
    WitnessClient::new(settings).unwrap()
}

fn log() -> Log {
    Log::new(ORIGIN, 100)
}

fn reason(error: &OutsideError) -> Option<&WitnessError> {
    error.source()?.downcast_ref()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "a checkpoint of the log is cosigned by a witness that verified that the log continues its past",
    polarity = allow,
)]
fn witness_cosigns_a_log_that_continues(ev: Ev) -> Proven {
    let (double, log) = (Double::new(log().key()), log());
    let key = double.key().clone();
    let url = double.serve();
    let first = client(&url, vec![key.clone()], Log::new(ORIGIN, 100));
    // Another client starts without knowing what the witness has signed, as after a restart.
    let second = client(&url, vec![key.clone()], Log::new(ORIGIN, 100));
    for (client, size) in
        [(&first, 1), (&first, 7), (&second, 7), (&second, 64), (&first, 99), (&second, 100)]
    {
        let anchored = ev.allows(block_on(client.publish(&log.note(size))));
        let Anchored::Cosigned(note) = anchored else { panic!("{anchored:?}") };
        let opened =
            Checkpoint::open(note.render().as_bytes(), log.key(), std::slice::from_ref(&key));
        let (checkpoint, verified) = ev.allows(opened);
        ev.equal("the checkpoint is the log's", &checkpoint, &log.checkpoint(size));
        ev.holds("the cosignature is the witness's", verified.by(&key).is_some());
    }
    let recalled = ev.allows(block_on(first.recall(&log.origin)));
    ev.equal("a witness keeps nothing to ask for", &recalled, &Recalled::NotKept);
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "a witness does not cosign a log that was cut or rewritten, and the log learns of it",
    polarity = deny,
)]
fn witness_refuses_cut_and_rewritten_logs(ev: Ev) -> Proven {
    let (double, log) = (Double::new(log().key()), log());
    let key = double.key().clone();
    let url = double.serve_tls();
    ev.allows(block_on(
        client(&url, vec![key.clone()], Log::new(ORIGIN, 100)).publish(&log.note(50)),
    ));
    let is_fork = |error: &OutsideError| matches!(error, OutsideError::Fork);
    // A log that was cut, one rewritten at the same size, and one rewritten and grown.
    let cut = client(&url, vec![key.clone()], Log::new(ORIGIN, 49));
    ev.denies(block_on(cut.publish(&log.note(49))), is_fork);
    let forged = Log::forged(ORIGIN, 100);
    for size in [50, 51, 100] {
        let rewritten = client(&url, vec![key.clone()], Log::forged(ORIGIN, 100));
        ev.denies(block_on(rewritten.publish(&forged.note(size))), is_fork);
    }
    ev.proven()
}

#[test]
fn refusals_that_nobody_signed_are_no_fork() {
    let (double, log) = (Double::new(log().key()), log());
    let key = double.key().clone();
    let url = double.serve();
    block_on(client(&url, vec![key.clone()], Log::new(ORIGIN, 100)).publish(&log.note(50)))
        .unwrap();
    let cut = client(&url, vec![key.clone()], Log::new(ORIGIN, 49));
    let forged = Log::forged(ORIGIN, 100);
    let rewritten = client(&url, vec![key], Log::forged(ORIGIN, 100));
    // A larger size, another root of the same size, and a proof that leads elsewhere.
    for (client, note) in
        [(&cut, log.note(49)), (&rewritten, forged.note(50)), (&rewritten, forged.note(100))]
    {
        let error = block_on(client.publish(&note)).unwrap_err();
        assert!(matches!(reason(&error), Some(WitnessError::Unproven)), "{error:?}");
        assert!(error.is_retryable());
    }
}

#[test]
fn checkpoint_that_another_process_has_overtaken_is_no_fork() {
    let (double, log) = (Double::new(log().key()), log());
    let key = double.key().clone();
    let url = double.serve_tls();
    let client = || client(&url, vec![key.clone()], Log::new(ORIGIN, 100));
    block_on(client().publish(&log.note(50))).unwrap();
    let slow = client();
    for size in [0, 1, 49] {
        let error = block_on(slow.publish(&log.note(size))).unwrap_err();
        assert!(matches!(reason(&error), Some(WitnessError::Overtaken)), "{error:?}");
        assert!(error.is_retryable());
    }
    block_on(slow.publish(&log.note(60))).unwrap();
}

#[test]
fn log_that_cannot_be_asked_is_no_evidence_of_a_fork() {
    let (double, log) = (Double::new(log().key()), log());
    let key = double.key().clone();
    let url = double.serve_tls();
    block_on(client(&url, vec![key.clone()], Log::new(ORIGIN, 100)).publish(&log.note(50)))
        .unwrap();
    let broken = |_: &LogOrigin, _, _| Err("the tiles cannot be read".into());
    let error = block_on(client_with(&url, vec![key], Arc::new(broken)).publish(&log.note(49)));
    let error = error.unwrap_err();
    assert!(matches!(reason(&error), Some(WitnessError::Larger(_))), "{error:?}");
    assert!(error.is_retryable());
}

#[test]
fn witness_that_refuses_the_size_it_has_named_is_no_fork() {
    let url = serve_tls(|_| answer("409 Conflict", "text/x.tlog.size", b"7\n"));
    let double = Double::new(log().key());
    let client = client(&url, vec![double.key().clone()], log());
    let error = block_on(client.publish(&log().note(50))).unwrap_err();
    assert!(matches!(reason(&error), Some(WitnessError::Contradiction)), "{error:?}");
    assert!(matches!(error, OutsideError::Answer(_)));
}

#[evidence(
    hipaa2013::"164.312(c)(1)",
    claim = "an answer that the witness's key did not sign is not taken for a cosignature",
    polarity = deny,
)]
fn answers_not_signed_by_the_witness_are_refused(ev: Ev) -> Proven {
    let log = log();
    for fault in [Fault::OtherKey, Fault::WrongSignature, Fault::OtherCheckpoint, Fault::OtherText]
    {
        let double = Double::new(log.key()).with(fault);
        let key = double.key().clone();
        let url = double.serve();
        let client = client(&url, vec![key], Log::new(ORIGIN, 100));
        ev.denies(block_on(client.publish(&log.note(10))), |error| {
            matches!(error, OutsideError::Answer(_))
        });
    }
    ev.proven()
}

#[test]
fn unknown_log_and_unknown_key_are_told_apart() {
    let (double, log) = (Double::new(log().key()), log());
    let key = double.key().clone();
    let url = double.serve();
    let other = Log::new("another.example/log", 5);
    let error = block_on(client(&url, vec![key.clone()], log).publish(&other.note(5))).unwrap_err();
    assert!(matches!(error, OutsideError::Unfit(_)), "{error:?}");
    let name = KeyName::new(ORIGIN).unwrap();
    let stranger = Ed25519NoteSigner::take_from(name, Algorithm::Ed25519, &mut [9; 32]).unwrap();
    let text = Log::new(ORIGIN, 5).checkpoint(5).to_text().unwrap();
    let note = medsec_audit::Note::sign(text, &stranger).unwrap();
    let error = block_on(client(&url, vec![key], Log::new(ORIGIN, 5)).publish(&note)).unwrap_err();
    assert!(matches!(reason(&error), Some(WitnessError::Status(403))), "{error:?}");
}

#[test]
fn witness_that_never_settles_is_given_up() {
    let sizes = std::sync::atomic::AtomicU64::new(1);
    let url = serve(move |_| {
        let size = sizes.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        answer("409 Conflict", "text/x.tlog.size", format!("{size}\n").as_bytes())
    });
    let double = Double::new(log().key());
    let client = client(&url, vec![double.key().clone()], log());
    let error = block_on(client.publish(&log().note(50))).unwrap_err();
    assert!(matches!(reason(&error), Some(WitnessError::Unsettled)), "{error:?}");
}

#[test]
fn answer_without_end_is_cut_off() {
    let url = serve(|_| answer("200 OK", "text/plain", &vec![b'x'; 1 << 20]));
    let double = Double::new(log().key());
    let client = client(&url, vec![double.key().clone()], log());
    let error = block_on(client.publish(&log().note(50))).unwrap_err();
    assert!(matches!(error, OutsideError::Answer(_)), "{error:?}");
}

#[test]
fn client_wants_keys_that_cosign() {
    for keys in [vec![], vec![log().key().clone()]] {
        let made = WitnessClient::new(WitnessSettings {
            name: peer("witness"),
            endpoint: Endpoint::plain("http://w.example").unwrap(),
            keys,
            proofs: Arc::new(Proofs(log())),
            patience: PATIENCE,
        });
        assert!(matches!(made, Err(WitnessError::Keys)));
    }
}

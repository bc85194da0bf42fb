//! What comes from outside to compare a log with: a checkpoint that nobody signed must not accuse or excuse it.

use medsec_audit::{
    Algorithm, Checkpoint, Ed25519NoteSigner, Known, LogOrigin, Note, NoteSigner as _,
    OpenCheckpointError, VerifyNoteError,
};
use medsec_evidence::{Ev, Proven, evidence};

use super::{Fork, Whole, anchor, busy, look};
use crate::streams::{Home, LOG};
use crate::support::signer;

fn checkpoint(known: &Known) -> Checkpoint {
    let origin = LogOrigin::new(&format!("{LOG}/main")).unwrap();
    Checkpoint::new(origin, known.size(), *known.root()).unwrap()
}

fn signed(known: &Known, key: &Ed25519NoteSigner) -> String {
    Note::sign(checkpoint(known).to_text().unwrap(), key).unwrap().render()
}

fn open(home: &Home, note: &str) -> Result<Checkpoint, OpenCheckpointError> {
    let opened = Checkpoint::open(note.as_bytes(), home.log.pin().key(), &[]);
    opened.map(|(checkpoint, _)| checkpoint)
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(2)"],
    claim = "a checkpoint of the audit log is used only if the key of the pin signed it as it is",
    polarity = deny,
)]
fn forged_checkpoint_of_a_stream_is_refused(ev: Ev) -> Proven {
    let home = busy();
    let (known, log_key) = (anchor(&home), signer(LOG, Algorithm::Ed25519, 7));
    let honest = signed(&known, &log_key);
    ev.holds(
        "the honest one is",
        look(&home, &[Known::from(&ev.allows(open(&home, &honest)))]) == Whole,
    );
    // By another key under the same name; without a signature; with another size.
    let stranger = signed(&known, &signer(LOG, Algorithm::Ed25519, 8));
    ev.denies(open(&home, &stranger), |error| {
        matches!(error, OpenCheckpointError::Verify(VerifyNoteError::NoKnownKey))
    });
    let unsigned = format!("{}\n", honest.split_once("\n\n").unwrap().0);
    ev.denies(open(&home, &unsigned), |error| matches!(error, OpenCheckpointError::Note(_)));
    let edited = honest.replacen("\n14\n", "\n13\n", 1);
    ev.denies(open(&home, &edited), |error| {
        matches!(error, OpenCheckpointError::Verify(VerifyNoteError::NotAuthentic))
    });
    ev.proven()
}

#[test]
fn checkpoint_that_the_log_key_signed_of_other_records_is_a_fork() {
    let home = busy();
    let other = crate::streams::known(9, crate::support::other_hash());
    let note = signed(&other, &signer(LOG, Algorithm::Ed25519, 7));
    let known = Known::from(&open(&home, &note).unwrap());
    assert_eq!(look(&home, &[known]), Fork);
    assert_eq!(home.log.pin().key(), signer(LOG, Algorithm::Ed25519, 7).verifier_key());
}

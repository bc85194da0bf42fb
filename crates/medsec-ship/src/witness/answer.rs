//! What a witness's answer means.

use medsec_audit::{Note, OutsideError, SignNoteError, VerifierKey, VerifyNoteError};

use super::WitnessError;
use crate::http::Answer;

/// The kind of an answer that names a size.
const SIZE: &str = "text/x.tlog.size";

/// What the witness did.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It signed: the note with its cosignatures.
    Cosigned(Note),
    /// It did not, because the last size it signed is this one.
    Has(u64),
    /// It did not, because the proof does not lead from what it has signed. It is from our tree to our tree: the
    /// witness's was another.
    Unproven,
}

/// Reads an answer; nothing of it counts before it has been verified with `keys`.
pub(super) fn judge(
    answer: &Answer,
    note: &Note,
    keys: &[VerifierKey],
) -> Result<Outcome, OutsideError> {
    match answer.status {
        200 => cosigned(&answer.body, note, keys).map(Outcome::Cosigned),
        409 => size(answer).map(Outcome::Has),
        422 => Ok(Outcome::Unproven),
        404 => Err(OutsideError::Unfit(Box::new(WitnessError::Status(404)))),
        429 | 500.. => {
            Err(OutsideError::Unreachable(Box::new(WitnessError::Status(answer.status))))
        }
        status => Err(OutsideError::Refused(Box::new(WitnessError::Status(status)))),
    }
}

fn cosigned(lines: &[u8], note: &Note, keys: &[VerifierKey]) -> Result<Note, OutsideError> {
    let answered = [note.render().as_bytes(), lines].concat();
    let answered = Note::parse(&answered).map_err(|_| malformed())?;
    // An answer with an empty line in it would make another text of ours.
    if answered.text() != note.text() || lines.is_empty() {
        return Err(malformed());
    }
    let keys: Vec<_> = keys.iter().collect();
    let verified = answered.verify(&keys).map_err(not_authentic)?;
    let mut kept = note.clone();
    for line in answered.signatures().iter().skip(note.signatures().len()) {
        if keys.iter().any(|key| line.names(key) && verified.by(key).is_some()) {
            match kept.attach(line.clone()) {
                // Signed before, and signed again with a later time: the first says as much.
                Ok(()) | Err(SignNoteError::AlreadySigned) => {}
                Err(_) => return Err(malformed()),
            }
        }
    }
    Ok(kept)
}

fn size(answer: &Answer) -> Result<u64, OutsideError> {
    let kind = answer.kind.as_deref().and_then(|kind| kind.split(';').next());
    let digits = std::str::from_utf8(&answer.body).ok().and_then(|text| text.strip_suffix('\n'));
    let digits = digits.filter(|digits| {
        let canonical = *digits == "0" || !digits.starts_with('0');
        canonical && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    let size = digits.and_then(|digits| digits.parse().ok());
    size.filter(|_| kind.is_some_and(|kind| kind.trim() == SIZE)).ok_or_else(malformed)
}

fn malformed() -> OutsideError {
    OutsideError::Answer(Box::new(WitnessError::Malformed))
}

fn not_authentic(error: VerifyNoteError) -> OutsideError {
    OutsideError::Answer(Box::new(WitnessError::NotAuthentic(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use medsec_audit::{
        Algorithm, Ed25519NoteSigner, KeyName, NoteSigner as _, NoteText, PosixTime,
    };

    fn signer(name: &str, algorithm: Algorithm, seed: u8) -> Ed25519NoteSigner {
        let name = KeyName::new(name).unwrap();
        Ed25519NoteSigner::take_from(name, algorithm, &mut [seed; 32]).unwrap()
    }

    fn note() -> Note {
        let text = NoteText::new("log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n").unwrap();
        Note::sign(text, &signer("log", Algorithm::Ed25519, 1)).unwrap()
    }

    /// The line that a witness adds to a note.
    fn line(note: &Note, witness: &Ed25519NoteSigner, time: u64) -> Vec<u8> {
        let mut signed = note.clone();
        signed.cosign(witness, PosixTime::new(time).unwrap()).unwrap();
        signed.render().strip_prefix(&note.render()).unwrap().as_bytes().to_vec()
    }

    fn answer(status: u16, kind: &str, body: &[u8]) -> Answer {
        Answer { status, kind: Some(kind.to_owned()), body: body.to_vec() }
    }

    #[test]
    fn answers_that_show_nothing_are_refused() {
        let (note, witness) = (note(), signer("w", Algorithm::CosignatureV1, 2));
        let keys = [witness.verifier_key().clone()];
        let good = line(&note, &witness, 1);
        let mut wrong = good.clone();
        let at = wrong.len() - 4;
        wrong[at] = if wrong[at] == b'A' { b'B' } else { b'A' };
        let stranger = line(&note, &signer("w", Algorithm::CosignatureV1, 3), 1);
        let other_text = [b"\nother\n\n", &good[..]].concat();
        for bad in [&b""[..], b"x", &good[1..], &wrong, &stranger, &other_text] {
            let judged = judge(&answer(200, "text/plain", bad), &note, &keys);
            assert!(matches!(judged, Err(OutsideError::Answer(_))), "{judged:?}");
        }
    }

    #[test]
    fn cosignature_is_added_and_strangers_are_left_out() {
        let (note, witness) = (note(), signer("w", Algorithm::CosignatureV1, 2));
        let stranger = line(&note, &signer("s", Algorithm::CosignatureV1, 3), 1);
        let lines = [line(&note, &witness, 5), stranger, line(&note, &witness, 6)].concat();
        let keys = [witness.verifier_key().clone()];
        let judged = judge(&answer(200, "text/plain", &lines), &note, &keys).unwrap();
        let Outcome::Cosigned(kept) = judged else { panic!("{judged:?}") };
        assert_eq!(kept.signatures().len(), 2);
        assert!(kept.verify(&[witness.verifier_key()]).is_ok());
    }

    #[test]
    fn size_of_a_conflict_has_one_form() {
        let note = note();
        let judged = |kind: &str, body: &[u8]| judge(&answer(409, kind, body), &note, &[]);
        assert!(matches!(judged(SIZE, b"17\n"), Ok(Outcome::Has(17))));
        for bad in
            [&b""[..], b"17", b"017\n", b"-1\n", b"+1\n", b"99999999999999999999\n", b"1\n\n"]
        {
            assert!(judged(SIZE, bad).is_err());
        }
        assert!(judged("text/plain", b"17\n").is_err());
    }

    #[test]
    fn statuses_mean_what_the_specification_says() {
        let unproven = judge(&answer(422, "text/plain", b""), &note(), &[]);
        assert!(matches!(unproven, Ok(Outcome::Unproven)));
        let judged = |status| judge(&answer(status, "text/plain", b""), &note(), &[]).unwrap_err();
        assert!(matches!(judged(404), OutsideError::Unfit(_)));
        assert!(matches!(judged(403), OutsideError::Refused(_)));
        assert!(judged(503).is_retryable() && judged(429).is_retryable());
        assert!(!judged(400).is_retryable());
    }
}

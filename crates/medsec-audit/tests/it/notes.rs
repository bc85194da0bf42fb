//! Signed notes: published examples, what is refused, who signed.

use std::io;

use medsec_audit::{
    Algorithm, Ed25519NoteSigner, KeyName, MAX_NOTE_LEN, MAX_NOTE_SIGNATURES, Note,
    NoteFormatError, NoteSigner, NoteText, PosixTime, SeedError, SignNoteError, SignerError,
    TextError, VerifierKey, VerifierKeyError, VerifyNoteError,
};

use crate::support::signer;

/// The example of Go's `sumdb/note`: text, verifier key, private key and signed note.
const GO_TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_SEED: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const GO_LINE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

/// The example of C2SP signed-note, whose text has an empty line. Its key is not published.
const C2SP_NOTE: &str = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned \u{e8} subito sera.\n\n\u{2014} quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";

pub(crate) fn key(text: &str) -> VerifierKey {
    text.parse().unwrap()
}

pub(crate) fn text(text: &str) -> NoteText {
    NoteText::new(text).unwrap()
}

fn parse(note: &str) -> Note {
    let parsed = Note::parse(note.as_bytes()).unwrap();
    assert_eq!(parsed.render(), note);
    parsed
}

#[test]
fn published_note_of_go_verifies_and_is_signed_again() {
    let published = format!("{GO_TEXT}\n{GO_LINE}");
    let known = key(GO_KEY);
    let note = parse(&published);
    assert_eq!(note.text().as_str(), GO_TEXT);
    let verified = note.verify(&[&known]).unwrap();
    assert_eq!(verified.by(&known).unwrap().time, None);
    assert_eq!(known.to_string(), GO_KEY);

    let mut seed = base64_of(GO_SEED);
    let name = KeyName::new("PeterNeumann").unwrap();
    let ours = Ed25519NoteSigner::take_from(name, Algorithm::Ed25519, &mut seed[1..]).unwrap();
    assert!(seed[1..].iter().all(|byte| *byte == 0), "the caller's copy is erased");
    assert_eq!(*ours.verifier_key(), known);
    assert_eq!(Note::sign(text(GO_TEXT), &ours).unwrap().render(), published);
}

fn base64_of(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

#[test]
fn note_of_the_specification_parts_at_the_last_empty_line() {
    let note = parse(C2SP_NOTE);
    assert!(note.text().as_str().ends_with(":\n\ned \u{e8} subito sera.\n"));
    assert_eq!(note.signatures().len(), 1);
    assert_eq!(note.signatures()[0].name().as_str(), "quasimodo.example/salvatore");
    assert_eq!(note.signatures()[0].id().to_string(), "367ba04b");
    assert_eq!(note.signatures()[0].bytes().len(), 64);
    assert_eq!(note.verify(&[&key(GO_KEY)]), Err(VerifyNoteError::NoKnownKey));
}

#[test]
fn verifier_key_refuses_what_it_does_not_vouch_for() {
    let published = [
        GO_KEY,
        "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop",
        "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
        "witness.navigli.sunlight.geomys.org+a3e00fe2+BNy/co4C1Hn1p+INwJrfUlgz7W55dSZReusH/GhUhJ/G",
    ];
    for text in published {
        assert_eq!(key(text).to_string(), text);
        // No other text of the same length, and no part of it.
        for at in 0..text.len() {
            let mut other = text.as_bytes().to_vec();
            other[at] ^= 1;
            let other = String::from_utf8(other).unwrap();
            assert!(other.parse::<VerifierKey>().is_err(), "{other}");
            assert!(text[..at].parse::<VerifierKey>().is_err());
            assert!(text[at + 1..].parse::<VerifierKey>().is_err());
        }
    }
    let refused = [
        (
            "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            VerifierKeyError::Format,
        ),
        (
            "PeterNeumann+00000000+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            VerifierKeyError::Id,
        ),
        // Go's tests: a key too long and an unknown type, each with the ID of what is there.
        (
            "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
            VerifierKeyError::Format,
        ),
        (
            "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            VerifierKeyError::Algorithm(0x65),
        ),
        ("+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", VerifierKeyError::Name),
        (
            "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            VerifierKeyError::Name,
        ),
        ("", VerifierKeyError::Format),
        ("a+b", VerifierKeyError::Format),
    ];
    for (text, error) in refused {
        assert_eq!(text.parse::<VerifierKey>(), Err(error), "{text}");
    }
    assert_eq!("a".repeat(5000).parse::<VerifierKey>(), Err(VerifierKeyError::Format));
}

#[test]
fn weak_and_non_canonical_keys_are_refused() {
    let name = || KeyName::new("n").unwrap();
    let mut small_order = [0; 32];
    small_order[0] = 1;
    // p + 3 and p: the same points as 3 and 0, encoded once more.
    let [mut again, mut zero] = [[0xFF; 32]; 2];
    (again[0], again[31], zero[0], zero[31]) = (0xF0, 0x7F, 0xED, 0x7F);
    for key in [[0; 32], small_order, again, zero, [0xFF; 32]] {
        let refused = VerifierKey::new(name(), Algorithm::Ed25519, &key);
        assert_eq!(refused, Err(VerifierKeyError::Key), "{key:?}");
    }
}

#[test]
fn key_names_without_a_form_are_refused() {
    for name in [
        "",
        " ",
        "a b",
        "a+b",
        "a\tb",
        "a\nb",
        "a\u{a0}b",
        "a\u{2003}b",
        "a\u{85}",
        "\u{3000}",
        "a\0",
        "\u{1f}",
    ] {
        assert_eq!(KeyName::new(name), Err(VerifierKeyError::Name), "{name:?}");
    }
    for name in ["a", "example.com/log", "\u{e8}", "-", "=", "a:b"] {
        assert_eq!(KeyName::new(name).unwrap().as_str(), name);
    }
}

#[test]
fn malformed_notes_are_refused() {
    use NoteFormatError::{ControlCharacter, NoSignatures, NotUtf8, SignatureLine};
    let line = GO_LINE;
    let first = SignatureLine { line: 1 };
    let cases: Vec<(String, NoteFormatError)> = vec![
        (String::new(), NoSignatures),
        ("text\n".into(), NoSignatures),
        ("text\n\n".into(), NoSignatures),
        (format!("text\n{line}"), NoSignatures),
        (line.to_owned(), NoSignatures),
        (format!("\n{line}"), NoSignatures),
        (format!("text\n\n{line}\n"), NoSignatures),
        (format!("text\r\n\r\n{line}"), ControlCharacter),
        (format!("te\0xt\n\n{line}"), ControlCharacter),
        (format!("text\n\n{}", line.trim_end()), first),
        (format!("text\n\n {line}"), first),
        (format!("text\n\n-{}", &line[3..]), first),
        (format!("text\n\n{}", line.replace("\u{2014} ", "\u{2014}")), first),
        (format!("text\n\n{}", line.replace("Neumann ", "Neumann")), first),
        (format!("text\n\n{}", line.replace("Neumann ", "Neumann  ")), first),
        (format!("text\n\n{}", line.replace("PeterN", "Peter+N")), first),
        (format!("text\n\n{}", line.replace("PeterN", "Peter\u{a0}N")), first),
        (format!("text\n\n{}", line.replace("PeterNeumann", "")), first),
        (format!("text\n\n{}", line.replace("AM=\n", "AM\n")), first),
        (format!("text\n\n{}", line.replace("AM=\n", "AN=\n")), first),
        (format!("text\n\n{}", line.replace("AM=\n", "AM= \n")), first),
        (format!("text\n\n{}", line.replace("AM=\n", "AM==\n")), first),
        ("text\n\n\u{2014} name AAAAAA==\n".into(), first),
        ("text\n\n\u{2014} name \n".into(), first),
        ("text\n\n\u{2014} name\n".into(), first),
        (format!("text\n\n{line}more\n"), SignatureLine { line: 2 }),
        (format!("text\n\n{line}{line}x"), SignatureLine { line: 3 }),
    ];
    for (note, error) in cases {
        assert_eq!(Note::parse(note.as_bytes()), Err(error), "{note:?}");
    }
    assert_eq!(Note::parse(b"te\xFFxt\n\n"), Err(NotUtf8));
}

#[test]
fn limits_hold_at_their_last_value() {
    let line = |n: usize| format!("\u{2014} k{n} AAAAAAA=\n");
    let lines = |count| (0..count).map(line).collect::<String>();
    let most = parse(&format!("text\n\n{}", lines(MAX_NOTE_SIGNATURES)));
    assert_eq!(most.signatures().len(), 100);
    let more = format!("text\n\n{}", lines(MAX_NOTE_SIGNATURES + 1));
    assert_eq!(Note::parse(more.as_bytes()), Err(NoteFormatError::TooManySignatures));

    let rest = format!("\n\n{}", lines(1));
    let longest = format!("{}{rest}", "a".repeat(MAX_NOTE_LEN - rest.len()));
    parse(&longest);
    let longer = format!("a{longest}");
    assert_eq!(Note::parse(longer.as_bytes()), Err(NoteFormatError::TooLong));

    let mut full = most;
    let late = signer("late", Algorithm::Ed25519, 9);
    assert!(matches!(full.countersign(&late), Err(SignNoteError::Full)));
    let mut long = parse(&longest);
    assert!(matches!(long.countersign(&late), Err(SignNoteError::Full)));
    assert_eq!((full.signatures().len(), long.render()), (100, longest));
}

#[test]
fn texts_that_no_note_can_have_are_refused() {
    for (wrong, error) in [
        ("", TextError::NoNewline),
        ("text", TextError::NoNewline),
        ("text\n ", TextError::NoNewline),
        ("te\rxt\n", TextError::ControlCharacter),
        ("te\txt\n", TextError::ControlCharacter),
    ] {
        assert_eq!(NoteText::new(wrong), Err(error), "{wrong:?}");
    }
    assert_eq!(NoteText::new(&"\n".repeat(MAX_NOTE_LEN + 1)), Err(TextError::TooLong));
    // Odd, but texts: nothing but empty lines, and lines that look like signatures.
    let log = signer("log", Algorithm::Ed25519, 1);
    for odd in ["\n", "\n\n\n", "a\n\n", GO_LINE, &format!("a\n\n{GO_LINE}")] {
        let note = Note::sign(text(odd), &log).unwrap();
        let read = parse(&note.render());
        assert_eq!((read.text().as_str(), read.signatures().len()), (odd, 1));
        assert!(read.verify(&[log.verifier_key()]).is_ok());
    }
}

#[test]
fn signature_of_another_key_text_or_algorithm_is_refused() {
    let log = signer("log", Algorithm::Ed25519, 1);
    let signed = Note::sign(text("text\n"), &log).unwrap().render();
    let verify = |note: &str, key: &VerifierKey| parse(note).verify(&[key]).map(drop);
    // Another name or another key has another ID, and means nothing.
    let others = [
        signer("log", Algorithm::Ed25519, 2),
        signer("LOG", Algorithm::Ed25519, 1),
        signer("log", Algorithm::CosignatureV1, 1),
    ];
    for other in &others {
        assert_eq!(verify(&signed, other.verifier_key()), Err(VerifyNoteError::NoKnownKey));
    }
    // A line that claims the known key's name and ID is verified, and damns the note.
    let forged = signed.replace("text\n", "Text\n");
    assert_eq!(verify(&forged, log.verifier_key()), Err(VerifyNoteError::NotAuthentic));
    let line = |bytes: &[u8]| {
        use base64::Engine as _;
        let bytes = [&log.verifier_key().id().to_bytes()[..], bytes].concat();
        format!("\u{2014} log {}\n", base64::engine::general_purpose::STANDARD.encode(bytes))
    };
    for bytes in [&[0; 64][..], &[0; 63], &[0; 65], &[0; 1], &[0; 72]] {
        let forged = format!("text\n\n{}", line(bytes));
        assert_eq!(verify(&forged, log.verifier_key()), Err(VerifyNoteError::NotAuthentic));
    }
    assert_eq!(verify(&signed, log.verifier_key()), Ok(()));
}

#[test]
fn repeated_signatures_count_once_and_must_all_be_right() {
    let log = signer("log", Algorithm::Ed25519, 1);
    let signed = Note::sign(text("text\n"), &log).unwrap().render();
    let line = signed.split_once("\n\n").unwrap().1;
    let twice = parse(&format!("{signed}{line}"));
    assert_eq!(twice.verify(&[log.verifier_key()]).unwrap().signatures().len(), 1);
    let wrong = Note::sign(text("other\n"), &log).unwrap().render();
    let wrong = wrong.split_once("\n\n").unwrap().1;
    for note in [format!("{signed}{wrong}"), format!("text\n\n{wrong}{line}")] {
        let refused = parse(&note).verify(&[log.verifier_key()]);
        assert_eq!(refused, Err(VerifyNoteError::NotAuthentic));
    }
}

#[test]
fn unknown_signatures_are_kept_and_mean_nothing() {
    let log = signer("log", Algorithm::Ed25519, 1);
    let signed = Note::sign(text("text\n"), &log).unwrap().render();
    let strange = "\u{2014} log AAAAAAA=\n\u{2014} log AAAAAAA=\n\u{2014} pq//// /////wD/\n";
    let note = parse(&format!("{signed}{strange}"));
    assert_eq!(note.signatures().len(), 4);
    assert_eq!(note.verify(&[log.verifier_key()]).unwrap().signatures().len(), 1);
    assert_eq!(note.verify(&[]), Err(VerifyNoteError::NoKnownKey));
    assert_eq!(
        parse(&format!("text\n\n{strange}")).verify(&[log.verifier_key()]),
        Err(VerifyNoteError::NoKnownKey)
    );
    let same = log.verifier_key().clone();
    assert!(note.verify(&[log.verifier_key(), &same]).is_ok(), "the same key twice is one key");
}

#[test]
fn cosignature_binds_its_time() {
    let log = signer("log", Algorithm::Ed25519, 1);
    let witness = signer("witness.example/w1", Algorithm::CosignatureV1, 2);
    let time = PosixTime::new(1_679_315_147).unwrap();
    let mut note = Note::sign(text("text\n"), &log).unwrap();
    note.cosign(&witness, time).unwrap();
    let keys = [log.verifier_key(), witness.verifier_key()];
    let verified = note.verify(&keys).unwrap();
    assert_eq!(verified.by(witness.verifier_key()).unwrap().time, Some(time));
    let signature = note.signatures()[1].bytes();
    assert_eq!(signature[..8], time.seconds().to_be_bytes());
    let message = b"cosignature/v1\ntime 1679315147\ntext\n";
    assert_eq!(signature[8..], witness.sign_message(message).unwrap());
    for at in 0..8 {
        let mut bytes = [&witness.verifier_key().id().to_bytes()[..], signature].concat();
        bytes[4 + at] ^= 1;
        use base64::Engine as _;
        let base64 = base64::engine::general_purpose::STANDARD.encode(bytes);
        let rendered = note.render();
        let (before, _) = rendered.trim_end().rsplit_once(' ').unwrap();
        let forged = parse(&format!("{before} {base64}\n"));
        assert_eq!(forged.verify(&keys), Err(VerifyNoteError::NotAuthentic), "{at}");
    }
    assert_eq!(PosixTime::new(1 << 63), None);
    assert!(PosixTime::new((1 << 63) - 1).is_some());
}

#[test]
fn log_key_and_witness_key_do_not_stand_in_for_each_other() {
    let log = signer("log", Algorithm::Ed25519, 1);
    let witness = signer("w", Algorithm::CosignatureV1, 1);
    let time = PosixTime::new(1).unwrap();
    assert!(matches!(Note::sign(text("t\n"), &witness), Err(SignNoteError::Algorithm)));
    let mut note = Note::sign(text("t\n"), &log).unwrap();
    assert!(matches!(note.cosign(&log, time), Err(SignNoteError::Algorithm)));
    assert!(matches!(note.countersign(&witness), Err(SignNoteError::Algorithm)));
    assert!(matches!(note.countersign(&log), Err(SignNoteError::AlreadySigned)));
    assert_eq!(note.signatures().len(), 1);
    let line = note.signatures()[0].clone();
    assert!(matches!(note.attach(line), Err(SignNoteError::AlreadySigned)));
}

/// A key service with a fault, or one that is down.
struct Faulty(Ed25519NoteSigner, fn() -> Result<[u8; 64], SignerError>);

impl NoteSigner for Faulty {
    fn verifier_key(&self) -> &VerifierKey {
        self.0.verifier_key()
    }

    fn sign_message(&self, _: &[u8]) -> Result<[u8; 64], SignerError> {
        (self.1)()
    }
}

#[test]
fn failing_signer_leaves_the_note_as_it_was() {
    let key = || signer("log", Algorithm::Ed25519, 1);
    let wrong = Faulty(key(), || Ok([1; 64]));
    assert!(matches!(Note::sign(text("t\n"), &wrong), Err(SignNoteError::WrongSignature)));
    let down = Faulty(key(), || Err(SignerError::Unavailable(Box::new(io::Error::other("no")))));
    let refused = Faulty(key(), || Err(SignerError::Refused(Box::new(io::Error::other("no")))));
    let mut note = Note::sign(text("t\n"), &signer("other", Algorithm::Ed25519, 2)).unwrap();
    let before = note.render();
    for (faulty, retryable) in [(down, true), (refused, false)] {
        let Err(SignNoteError::Signer(error)) = note.countersign(&faulty) else { panic!("signed") };
        assert_eq!(error.is_retryable(), retryable);
    }
    assert_eq!(note.render(), before);
}

#[test]
fn secrets_and_texts_do_not_show_in_debug() {
    let log = signer("log", Algorithm::Ed25519, 0xAB);
    let shown = format!("{log:?}");
    assert!(shown.contains("redacted") && !shown.contains("171") && !shown.contains("abab"));
    assert_eq!(log.expose_seed(), &[0xAB; 32]);
    let note = Note::sign(text("MRN-0042\n"), &log).unwrap();
    assert!(!format!("{note:?}{:?}", note.text()).contains("MRN"));
}

#[test]
fn seed_of_another_length_is_refused_and_erased() {
    for len in [0, 31, 33, 64] {
        let mut seed = vec![7; len];
        let name = KeyName::new("log").unwrap();
        let refused = Ed25519NoteSigner::take_from(name, Algorithm::Ed25519, &mut seed);
        assert!(matches!(refused, Err(SeedError::Length)), "{len}");
        assert!(seed.iter().all(|byte| *byte == 0));
    }
    let draw = || {
        let name = KeyName::new("log").unwrap();
        Ed25519NoteSigner::generate(name, Algorithm::Ed25519).unwrap()
    };
    assert_ne!(draw().expose_seed(), draw().expose_seed());
}

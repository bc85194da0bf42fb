//! Checkpoints: published ones, what is refused, how two compare.

use medsec_audit::{
    Algorithm, Checkpoint, CheckpointError, EMPTY_ROOT, InvalidLogOrigin, LogOrigin, MAX_TREE_SIZE,
    Note, NoteFormatError, NoteSigner as _, OpenCheckpointError, PosixTime, Relation, VerifierKey,
    VerifyNoteError, leaf_hash,
};
use proptest::prelude::*;

use crate::notes::{key, text};
use crate::support::{other_hash, signer};

/// The example of C2SP tlog-checkpoint and tlog-cosignature, whose keys are not published.
const EXAMPLE: &str =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
const EXAMPLE_LINES: &str = "\n\u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

/// A checkpoint of a Certificate Transparency log in operation, with the cosignatures of four witnesses.
const REAL: &str = "arche2025h1.staging.ct.transparency.dev\n1432088532\nU7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n\
\u{2014} arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=\n\
\u{2014} arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n\
\u{2014} transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==\n\
\u{2014} witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==\n\
\u{2014} remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n\
\u{2014} witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==\n";
const REAL_LOG: &str =
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f";
const REAL_WITNESSES: [&str; 4] = [
    "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
];

fn real_keys() -> (VerifierKey, Vec<VerifierKey>) {
    (key(REAL_LOG), REAL_WITNESSES.map(key).to_vec())
}

pub(crate) fn checkpoint(origin: &str, size: u64, root: medsec_audit::Hash) -> Checkpoint {
    Checkpoint::new(LogOrigin::new(origin).unwrap(), size, root).unwrap()
}

#[test]
fn checkpoint_of_the_specification_is_read() {
    let note = Note::parse(format!("{EXAMPLE}{EXAMPLE_LINES}").as_bytes()).unwrap();
    let read = Checkpoint::insecure_of_unverified(&note).unwrap();
    assert_eq!(read.origin().as_str(), "example.com/behind-the-sofa");
    assert_eq!(read.size(), 20_852_163);
    assert_eq!(read.root().to_string(), "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
    assert!(read.extensions().is_empty());
    assert_eq!(read.to_text().unwrap().as_str(), EXAMPLE);
    let time = u64::from_be_bytes(*note.signatures()[1].bytes().first_chunk().unwrap());
    assert_eq!(time, 1_679_315_147, "as the specification's signed message has it");
}

#[test]
fn checkpoint_in_operation_verifies_with_its_witnesses() {
    let (log, witnesses) = real_keys();
    let (read, verified) = Checkpoint::open(REAL.as_bytes(), &log, &witnesses).unwrap();
    assert_eq!((read.size(), read.origin().as_str()), (1_432_088_532, log.name().as_str()));
    assert_eq!(verified.signatures().len(), 5);
    for witness in &witnesses {
        let time = verified.by(witness).unwrap().time;
        assert_eq!(time, PosixTime::new(0x6A12_2120));
    }
}

#[test]
fn no_changed_byte_of_a_checkpoint_in_operation_is_accepted() {
    let (log, witnesses) = real_keys();
    let whole = Checkpoint::open(REAL.as_bytes(), &log, &witnesses).unwrap().0;
    // The first line is of a key and algorithm that are not known: all it may do is be ignored.
    let unknown = REAL.find("\u{2014}").unwrap()..REAL.find("Gt0=\n").unwrap() + 5;
    let mut ignored = 0;
    for at in 0..REAL.len() {
        for bit in 0..8 {
            let mut changed = REAL.as_bytes().to_vec();
            changed[at] ^= 1 << bit;
            let opened = Checkpoint::open(&changed, &log, &witnesses);
            if let Ok((read, verified)) = opened {
                // A witness whose name or ID was changed is nobody: the others still count, but it does not.
                let lost = verified.signatures().len() < 5;
                assert!(lost || unknown.contains(&at), "byte {at}, bit {bit}");
                assert_eq!(read, whole);
                assert!(verified.by(&log).is_some());
                ignored += 1;
            }
        }
    }
    println!(
        "{ignored} of {} changed bits only lose a witness or touch an unknown line",
        REAL.len() * 8
    );
    for len in 0..REAL.len() {
        if let Ok((read, verified)) = Checkpoint::open(&REAL.as_bytes()[..len], &log, &witnesses) {
            assert!(verified.signatures().len() < 5 && read == whole, "{len}");
            assert!(REAL[..len].ends_with('\n'));
        }
    }
}

#[test]
fn texts_that_are_no_checkpoints_are_refused() {
    use CheckpointError::{EmptyRoot, Lines, Root, Size};
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    let cases = [
        (String::new(), Lines),
        ("\n".into(), Lines),
        ("o\n1\n".into(), Lines),
        (format!("o\n1\n{root}"), Lines),
        (format!("\n1\n{root}\n"), Lines),
        (format!("o\n\n{root}\n"), Lines),
        (format!("o\n1\n\n{root}\n"), Lines),
        (format!("o\n1\n{root}\n\n"), Lines),
        (format!("o\n1\n{root}\n\nextension\n"), Lines),
        (format!("o\n1\n{root}\nexten\tsion\n"), Lines),
        (format!("o\r\n1\r\n{root}\r\n"), Lines),
        (format!("o\n01\n{root}\n"), Size),
        (format!("o\n00\n{root}\n"), Size),
        (format!("o\n+1\n{root}\n"), Size),
        (format!("o\n-1\n{root}\n"), Size),
        (format!("o\n 1\n{root}\n"), Size),
        (format!("o\n1 \n{root}\n"), Size),
        (format!("o\n1e3\n{root}\n"), Size),
        (format!("o\n\u{0661}\n{root}\n"), Size),
        (format!("o\n9223372036854775808\n{root}\n"), Size),
        (format!("o\n99999999999999999999999\n{root}\n"), Size),
        (format!("o\n1\n{} \n", root), Root),
        (format!("o\n1\n{}\n", &root[1..]), Root),
        (format!("o\n1\n{}\n", root.replace('=', "")), Root),
        (format!("o\n1\n{}\n", root.replace("I=", "J=")), Root),
        (format!("o\n0\n{root}\n"), EmptyRoot),
        (format!("{}\n1\n{root}\n", "o".repeat(256)), CheckpointError::Origin(InvalidLogOrigin)),
        (format!("o\u{7f}\n1\n{root}\n"), CheckpointError::Origin(InvalidLogOrigin)),
        ("o\n".repeat(1 << 20), CheckpointError::TooLong),
    ];
    for (wrong, error) in cases {
        let shown = &wrong[..wrong.len().min(80)];
        assert_eq!(Checkpoint::parse_text(&wrong), Err(error), "{shown:?}");
    }
    for right in [
        format!("o\n9223372036854775807\n{root}\n"),
        format!("o\n0\n{EMPTY_ROOT}\n"),
        format!("o p+q\n1\n{root}\n x\ny\n"),
    ] {
        let read = Checkpoint::parse_text(&right).unwrap();
        assert_eq!(read.to_text().unwrap().as_str(), right);
    }
    let origin = || LogOrigin::new("o").unwrap();
    assert_eq!(Checkpoint::new(origin(), MAX_TREE_SIZE + 1, other_hash()), Err(Size));
    assert_eq!(Checkpoint::new(origin(), 0, other_hash()), Err(EmptyRoot));
    assert_eq!(LogOrigin::new(""), Err(InvalidLogOrigin));
}

#[test]
fn checkpoint_without_the_logs_signature_is_refused() {
    let log = signer("log", Algorithm::Ed25519, 1);
    let witness = signer("w", Algorithm::CosignatureV1, 2);
    let body = checkpoint("log", 7, other_hash()).to_text().unwrap();
    let mut note = Note::sign(body.clone(), &log).unwrap();
    note.cosign(&witness, PosixTime::new(5).unwrap()).unwrap();
    let whole = note.render();
    let witnesses = [witness.verifier_key().clone()];
    let open =
        |bytes: &str| Checkpoint::open(bytes.as_bytes(), log.verifier_key(), &witnesses).map(drop);
    let log_line = whole.lines().find(|line| line.starts_with("\u{2014} log ")).unwrap();
    let without = whole.replace(&format!("{log_line}\n"), "");
    assert_eq!(open(&without), Err(VerifyNoteError::NoKnownKey.into()));
    assert_eq!(open(body.as_str()), Err(NoteFormatError::NoSignatures.into()));
    let twice = format!("{whole}{log_line}\n");
    assert_eq!(open(&twice), Err(CheckpointError::RepeatedSignature.into()));
    let unknown_twice = format!("{whole}\u{2014} u AAAAAAA=\n\u{2014} u AAAAAAE=\n");
    assert_eq!(open(&unknown_twice), Err(CheckpointError::RepeatedSignature.into()));
    let other = Note::sign(text("signed, but something else\n"), &log).unwrap().render();
    assert_eq!(open(&other), Err(OpenCheckpointError::Checkpoint(CheckpointError::Lines)));
    assert_eq!(open(&whole), Ok(()));
}

#[test]
fn same_size_with_another_root_is_a_fork() {
    let (a, b) = (leaf_hash(b"a"), leaf_hash(b"b"));
    let seven = checkpoint("log", 7, a);
    assert_eq!(seven.relation_to(&checkpoint("log", 7, b)), Relation::Fork);
    assert_eq!(seven.relation_to(&checkpoint("gol", 7, a)), Relation::OtherLog);
    assert_eq!(seven.relation_to(&checkpoint("log", 8, a)), Relation::Older);
    assert_eq!(seven.relation_to(&checkpoint("log", 6, a)), Relation::Newer);
    let extended = Checkpoint::parse_text(&format!("log\n7\n{a}\nextension\n")).unwrap();
    assert_eq!(seven.relation_to(&extended), Relation::Same);
    assert_ne!(seven, extended);
}

proptest! {
    #[test]
    fn every_checkpoint_has_one_text(origin in "[a-z./ +]{1,40}", size in 1..=MAX_TREE_SIZE, root in any::<[u8; 32]>(), more in prop::collection::vec("[!-~]{1,20}", 0..3)) {
        let mut written = format!("{origin}\n{size}\n{}\n", medsec_audit::Hash::from_bytes(root));
        more.iter().for_each(|line| written.push_str(&format!("{line}\n")));
        let read = Checkpoint::parse_text(&written).unwrap();
        prop_assert_eq!(read.extensions(), &more[..]);
        let again = read.to_text().unwrap();
        prop_assert_eq!(again.as_str(), written);
    }
}

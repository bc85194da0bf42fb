//! Checkpoints, proofs and readers of a stream on disk.

use medsec_audit::{
    Algorithm, Ed25519NoteSigner, Known, Line, ProofError, PublishError, RecordProof, Verdict,
    VerifyOptions, leaf_hash,
};
use medsec_evidence::{Ev, Proven, evidence};

use crate::streams::{Home, LOG, opened, options, stream};
use crate::support::signer;

fn log_key() -> Ed25519NoteSigner {
    signer(LOG, Algorithm::Ed25519, 7)
}

/// The line of a record.
fn line_of(home: &Home, seq: u64) -> String {
    let start = format!("{{\"v\":1,\"seq\":{seq},");
    home.lines().into_iter().find(|line| line.starts_with(&start)).unwrap()
}

#[test]
fn publish_refuses_another_key_and_a_stream_that_was_cut() {
    let home = Home::with(3);
    let other = signer(LOG, Algorithm::Ed25519, 8);
    assert!(matches!(home.log.publish(&stream(), &other), Err(PublishError::OtherLogKey)));
    let _ = home.log.publish(&stream(), &log_key()).unwrap();
    let mark = home.path().join("hwm");
    let older = Home::with(1);
    std::fs::copy(older.path().join("hwm"), mark).unwrap();
    let refused = home.log.publish(&stream(), &log_key());
    assert!(matches!(refused, Err(PublishError::Behind { published: 6, found: 4 })), "{refused:?}");
}

#[test]
fn publish_refuses_lines_that_are_not_those_of_the_commit() {
    let home = Home::with(3);
    let lines: Vec<_> =
        home.lines().iter().map(|line| line.replace("1048576", "1048577")).collect();
    crate::streams::write_lines(&home.segment(), &lines);
    let refused = home.log.publish(&stream(), &log_key());
    assert!(matches!(refused, Err(PublishError::Fault(_))), "{refused:?}");
    assert_eq!(home.log.checkpoint(&stream()).unwrap().unwrap().checkpoint.size(), 1);
}

#[test]
fn a_checkpoint_is_of_what_was_acknowledged_and_continues_the_one_before() {
    let home = Home::new();
    assert_eq!(home.log.checkpoint(&stream()).unwrap().unwrap().checkpoint.size(), 1);
    let writer = home.writer();
    let mut older = home.log.checkpoint(&stream()).unwrap().unwrap().checkpoint;
    for round in 0..5_u64 {
        let events: Vec<_> = (0..150).map(|n| opened(round * 1000 + n)).collect();
        let _ = writer.append_all(&events).unwrap();
        let newer = home.log.publish(&stream(), &log_key()).unwrap().checkpoint;
        assert_eq!(newer.size(), writer.size());
        let proof = home.log.prove_consistency(&stream(), older.size()).unwrap();
        proof.verify(older.root(), newer.root()).unwrap();
        older = newer;
    }
    writer.close().unwrap();
    let known = [Known::from(&older)];
    let mut how = VerifyOptions::default();
    how.known = &known;
    assert_eq!(home.verify_with(&how).verdict(), Verdict::Whole);
}

/// Does something to every file of tiles.
fn each_tile(home: &Home, alter: impl Fn(&std::path::Path)) {
    fn walk(folder: &std::path::Path, alter: &impl Fn(&std::path::Path)) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, alter) } else { alter(&path) }
        }
    }
    walk(&home.path().join("tile"), &alter);
}

/// Zeroes the hash of a leaf within a full tile: nothing at the edge of the tree shows it.
fn damage_within(home: &Home) {
    let tile = home.path().join("tile/0/000");
    let mut bytes = std::fs::read(&tile).unwrap();
    bytes[32 * 9..32 * 10].fill(0);
    std::fs::write(tile, bytes).unwrap();
}

#[test]
fn tiles_that_are_gone_or_wrong_are_made_anew_from_the_lines() {
    let home = Home::new();
    let writer = home.writer();
    let _ = writer.append_all(&(0..600).map(opened).collect::<Vec<_>>()).unwrap();
    let first = home.log.publish(&stream(), &log_key()).unwrap().checkpoint;
    let damages: [&dyn Fn(); 4] = [
        &|| std::fs::remove_dir_all(home.path().join("tile")).unwrap(),
        // As a power cut leaves what was not durable.
        &|| each_tile(&home, |tile| std::fs::write(tile, b"").unwrap()),
        &|| {
            each_tile(&home, |tile| {
                let len = std::fs::metadata(tile).unwrap().len();
                std::fs::write(tile, vec![7; usize::try_from(len).unwrap()]).unwrap();
            })
        },
        &|| std::fs::remove_dir_all(home.path().join("tile/1")).unwrap(),
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        damage();
        // With nothing new, and with something new.
        for more in [0, 1] {
            for event in 0..more {
                let _ = writer.append(&opened(event)).unwrap();
            }
            let published = home.log.publish(&stream(), &log_key()).unwrap().checkpoint;
            assert_eq!(published.size(), writer.size(), "{number}");
            let proof = home.log.prove_consistency(&stream(), first.size()).unwrap();
            proof.verify(first.root(), published.root()).unwrap();
            if more == 0 {
                damage();
            }
        }
    }
    writer.close().unwrap();
    assert_eq!(home.verify().verdict(), Verdict::Whole);
}

#[test]
fn a_tile_damaged_within_accuses_nobody_of_a_fork() {
    let home = Home::with(500);
    let first = home.log.publish(&stream(), &log_key()).unwrap().checkpoint;
    damage_within(&home);
    let leaves: Vec<_> = (0..10).map(|seq| leaf_hash(line_of(&home, seq).as_bytes())).collect();
    let mut tree = medsec_audit::Frontier::new();
    tree.extend(&leaves).unwrap();
    let known = crate::streams::known(10, tree.root());
    let published = home.log.publish_after(&stream(), &log_key(), &[known]).unwrap();
    assert_eq!(published.checkpoint.root(), first.root());
    let proof = home.log.prove(&stream(), 9).unwrap();
    let leaf = leaf_hash(line_of(&home, 9).as_bytes());
    proof.verify(&leaf, &home.log.origin(&stream()), home.log.pin().key()).unwrap();
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "nothing is made of altered lines where the tiles of a checkpoint are gone: neither tiles nor a checkpoint",
    polarity = deny,
)]
fn altered_lines_make_no_tiles_in_the_place_of_those_that_are_gone(ev: Ev) -> Proven {
    let home = Home::with(300);
    let _ = home.log.publish(&stream(), &log_key()).unwrap();
    let lines: Vec<_> =
        home.lines().iter().map(|line| line.replace("1048576", "1048577")).collect();
    crate::streams::write_lines(&home.segment(), &lines);
    std::fs::remove_dir_all(home.path().join("tile")).unwrap();
    let before = std::fs::read(home.path().join("checkpoint")).unwrap();
    let refused = home.log.publish(&stream(), &log_key());
    ev.denies(refused, |error| matches!(error, PublishError::Tiles(_)));
    ev.holds("no tiles were made", !home.path().join("tile").exists());
    let after = std::fs::read(home.path().join("checkpoint")).unwrap();
    ev.holds("the checkpoint is as it was", before == after);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(c)(2)",
    claim = "one record is shown to be unaltered with the log's public key alone, and no other passes for it",
    polarity = deny,
)]
fn a_proof_shows_its_record_and_no_other(ev: Ev) -> Proven {
    let home = Home::with(300);
    let _ = home.log.publish(&stream(), &log_key()).unwrap();
    let proof = home.log.prove(&stream(), 77).unwrap();
    let text = proof.render();
    let read = RecordProof::parse(text.as_bytes()).unwrap();
    assert_eq!(read, proof);
    let (origin, key) = (home.log.origin(&stream()), home.log.pin().key());
    let line = line_of(&home, 77);
    let right = read.verify(&leaf_hash(line.as_bytes()), &origin, key);
    ev.holds("the record verifies", right.is_ok());
    let altered = line.replace("1048576", "1048577");
    let wrong = read.verify(&leaf_hash(altered.as_bytes()), &origin, key);
    ev.denies(wrong, |error| matches!(error, ProofError::Inclusion(_)));
    let other = leaf_hash(line_of(&home, 78).as_bytes());
    ev.denies(read.verify(&other, &origin, key), |error| matches!(error, ProofError::Inclusion(_)));
    let stranger = signer(LOG, Algorithm::Ed25519, 9);
    let foreign = read.verify(
        &leaf_hash(line.as_bytes()),
        &origin,
        medsec_audit::NoteSigner::verifier_key(&stranger),
    );
    ev.denies(foreign, |error| matches!(error, ProofError::Checkpoint(_)));
    ev.proven()
}

#[test]
fn a_record_behind_the_checkpoint_has_no_proof_yet() {
    let home = Home::with(3);
    assert!(matches!(home.log.prove(&stream(), 1), Err(PublishError::NotYet)));
    let _ = home.log.publish(&stream(), &log_key()).unwrap();
    assert!(home.log.prove(&stream(), 5).is_ok());
    assert!(matches!(home.log.prove(&stream(), 6), Err(PublishError::NotYet)));
}

#[test]
fn every_truncation_and_every_flipped_byte_of_a_proof_is_refused() {
    let home = Home::with(20);
    let _ = home.log.publish(&stream(), &log_key()).unwrap();
    let text = home.log.prove(&stream(), 7).unwrap().render();
    let leaf = leaf_hash(line_of(&home, 7).as_bytes());
    let (origin, key) = (home.log.origin(&stream()), home.log.pin().key());
    let holds = |bytes: &[u8]| {
        RecordProof::parse(bytes).is_ok_and(|proof| proof.verify(&leaf, &origin, key).is_ok())
    };
    assert!(holds(text.as_bytes()));
    for len in 0..text.len() {
        assert!(!holds(&text.as_bytes()[..len]), "cut to {len}");
    }
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        assert!(!holds(&bytes), "byte {at}");
    }
}

#[test]
fn a_reader_sees_what_was_acknowledged_and_goes_on_later() {
    let home = Home::new();
    let mut small = options();
    small.segment_bytes = 20_000;
    let writer = home.log.writer(&stream(), &small, &[]).unwrap();
    let mut reader = home.log.reader(&stream(), 0).unwrap();
    let mut seen = 0;
    for round in 0..10_u64 {
        let events: Vec<_> = (0..20).map(|n| opened(round * 1000 + n)).collect();
        let _ = writer.append_all(&events).unwrap();
        while let Some(batches) = reader.read().unwrap() {
            for record in batches.lines().unwrap().records() {
                assert_eq!(record.head.position.seq.get(), seen);
                seen += 1;
            }
        }
        assert_eq!(seen, writer.size());
    }
    // Bytes that no mark covers are not there for a reader.
    let path = home.path();
    let newest =
        std::fs::read_dir(path.join("log")).unwrap().map(|entry| entry.unwrap().path()).max();
    let mut bytes = std::fs::read(newest.as_ref().unwrap()).unwrap();
    let last =
        Line::parse(bytes.strip_suffix(b"\n").unwrap().rsplit(|b| *b == b'\n').next().unwrap());
    assert!(matches!(last, Ok(Line::Commit(_))));
    bytes.extend_from_slice(b"{\"commit\":{\"e\":1,\"c\":99,\"n\":9999,\"root\":\"\"}}\n");
    std::fs::write(newest.unwrap(), bytes).unwrap();
    assert!(reader.read().unwrap().is_none());
}

#[test]
fn a_reader_begins_near_the_record_asked_for() {
    let home = Home::new();
    let mut small = options();
    small.segment_bytes = 20_000;
    let writer = home.log.writer(&stream(), &small, &[]).unwrap();
    for number in 0..200 {
        let _ = writer.append(&opened(number)).unwrap();
    }
    let mut reader = home.log.reader(&stream(), 150).unwrap();
    let batches = reader.read().unwrap().unwrap();
    let first = batches.lines().unwrap().records().next().unwrap().head.position.seq.get();
    assert!((100..=150).contains(&first), "{first}");
}

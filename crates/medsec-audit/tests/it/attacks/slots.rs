//! The files that are believed about little: keys of epochs to come, and the cache of the writer.

use medsec_audit::{Algorithm, OpenWriterError, SlotError};
use sha2::{Digest as _, Sha256};

use super::{Rekeyed, Whole, anchor, busy, look};
use crate::streams::{Home, LOG, opened, options, stream};
use crate::support::signer;

/// Goes on with a stream, in which nothing must be wrong afterwards.
fn goes_on(home: &Home, case: &str) {
    let writer = home.log.writer(&stream(), &options(), &[]);
    assert!(writer.is_ok(), "{case}: {writer:?}");
    let writer = writer.unwrap();
    let _ = writer.append(&opened(1)).unwrap();
    writer.close().unwrap();
    assert_eq!(look(home, &[]), Whole, "{case}");
}

fn state(home: &Home) -> std::path::PathBuf {
    home.path().join("state")
}

#[test]
fn deleted_emptied_or_damaged_cache_is_not_believed() {
    let home = busy();
    for case in 0..24 {
        let mut bytes = std::fs::read(state(&home)).unwrap();
        match case {
            0 => std::fs::remove_file(state(&home)).unwrap(),
            1 => bytes.clear(),
            2 => bytes.truncate(100),
            _ => {
                let at = bytes.len() * (case - 3) / 21;
                bytes[at] ^= 0x10;
            }
        }
        if case > 0 {
            std::fs::write(state(&home), bytes).unwrap();
        }
        assert_eq!(look(&home, &[]), Whole, "a check does not look at it");
        goes_on(&home, "damaged cache");
    }
}

#[test]
fn forged_cache_leads_no_writer_astray() {
    // What is behind the name of the format: place, epoch, counter, whether it closes, two keys, a leaf, a time.
    let fields = [
        (22, "segment"),
        (30, "offset"),
        (38, "epoch"),
        (46, "counter"),
        (55, "key"),
        (119, "leaf"),
    ];
    for (from, field) in fields {
        for far in [0, 7] {
            let home = busy();
            let mut bytes = std::fs::read(state(&home)).unwrap();
            bytes[from + far] ^= 1;
            let end = bytes.len() - 32;
            let digest = Sha256::digest(&bytes[..end]);
            bytes[end..].copy_from_slice(&digest);
            std::fs::write(state(&home), bytes).unwrap();
            goes_on(&home, field);
        }
    }
}

#[test]
fn forged_key_in_the_cache_stops_no_writer() {
    let home = busy();
    let mut bytes = std::fs::read(state(&home)).unwrap();
    bytes[87..119].copy_from_slice(super::forge::own_key(1).verifying_key().as_bytes());
    let end = bytes.len() - 32;
    let digest = Sha256::digest(&bytes[..end]);
    bytes[end..].copy_from_slice(&digest);
    std::fs::write(state(&home), bytes).unwrap();
    goes_on(&home, "next");
}

#[test]
fn cache_of_another_time_is_gone_on_from() {
    let home = busy();
    let old = std::fs::read(state(&home)).unwrap();
    goes_on(&home, "before");
    std::fs::write(state(&home), old).unwrap();
    goes_on(&home, "older cache");
}

/// Whether a writer refuses for want of the key, and the log key can let the stream go on.
fn only_the_log_key_goes_on(home: &Home, missing: bool) {
    let known = [anchor(home)];
    for attempt in
        [home.log.writer(&stream(), &options(), &[]), home.log.repair(&stream(), &options(), &[])]
    {
        let refused = match &attempt {
            Err(OpenWriterError::Key(SlotError::Missing)) => missing,
            Err(OpenWriterError::Key(SlotError::NoKey)) => !missing,
            _ => false,
        };
        assert!(refused, "{attempt:?}");
    }
    assert_eq!(look(home, &known), Whole, "nothing was changed");
    let stranger = signer(LOG, Algorithm::Ed25519, 8);
    let refused = home.log.rekey(&stream(), &options(), &[], &stranger);
    assert!(matches!(refused, Err(OpenWriterError::OtherLogKey)), "{refused:?}");
    assert_eq!(look(home, &known), Whole, "nothing was changed");
    let log_key = signer(LOG, Algorithm::Ed25519, 7);
    home.log.rekey(&stream(), &options(), &known, &log_key).unwrap().close().unwrap();
    assert_eq!(look(home, &known), Rekeyed);
    home.writer().close().unwrap();
    assert_eq!(look(home, &known), Rekeyed);
}

#[test]
fn erased_keys_need_the_log_key() {
    let home = busy();
    std::fs::write(home.path().join("key/next"), vec![0; 8192]).unwrap();
    only_the_log_key_goes_on(&home, false);
}

#[test]
fn cut_off_keys_need_the_log_key() {
    for len in [0, 100, 4095] {
        let home = busy();
        let bytes = std::fs::read(home.path().join("key/next")).unwrap();
        std::fs::write(home.path().join("key/next"), &bytes[..len]).unwrap();
        only_the_log_key_goes_on(&home, false);
    }
}

#[test]
fn deleted_keys_need_the_log_key() {
    let home = busy();
    std::fs::remove_file(home.path().join("key/next")).unwrap();
    only_the_log_key_goes_on(&home, true);
    let home = busy();
    std::fs::remove_dir_all(home.path().join("key")).unwrap();
    only_the_log_key_goes_on(&home, true);
}

#[test]
fn keys_of_another_log_are_none() {
    let (home, other) = (busy(), busy());
    std::fs::copy(other.path().join("key/next"), home.path().join("key/next")).unwrap();
    only_the_log_key_goes_on(&home, false);
}

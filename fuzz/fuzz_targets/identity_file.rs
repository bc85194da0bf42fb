//! Identity files, public keys and passphrase slots: the input as each of them, and as edits of valid
//! files. What parses is exactly what would be written, an edited file gives no key, and no file makes
//! its reader spend more than its limits.

#![no_main]

use std::sync::OnceLock;

use medsec_crypto::Timestamp;
use medsec_kms::{
    Argon2Params, IdentityFile, KeyKind, Passphrase, PassphraseSlot, PrivateKey, PublicKey,
};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(file) = IdentityFile::parse(data) {
        assert_eq!(file.render().as_bytes(), data, "another text");
        unlock(&file);
    }
    if let Ok(text) = str::from_utf8(data)
        && let Ok(key) = text.parse::<PublicKey>()
    {
        assert_eq!(key.to_string(), text, "another text");
    }
    if let Ok(slot) = PassphraseSlot::parse(data) {
        assert_eq!(slot.encode(), data, "another encoding");
        check_limits(slot.kdf().params());
    }
    edited(data);
});

/// A valid file that the input edits. The first byte chooses which; each edit is an offset from the
/// start or the end, how many bytes go, how many come, and these.
fn edited(data: &[u8]) {
    let Some((which, mut rest)) = data.split_first() else {
        return;
    };
    let original = &originals()[usize::from(*which) % originals().len()];
    let mut text = original.clone();
    while let [place, out, come, tail @ ..] = rest {
        let distance = usize::from(place >> 1) * if *out & 0x80 == 0 { 1 } else { 16 };
        let distance = distance.min(text.len());
        let at = if place & 1 == 0 { distance } else { text.len() - distance };
        let end = (at + usize::from(out & 0x7F)).min(text.len());
        let (new, tail) = tail.split_at(usize::from(come & 0x1F).min(tail.len()));
        text.splice(at..end, new.iter().copied());
        rest = tail;
    }
    if let Ok(file) = IdentityFile::parse(&text) {
        assert_eq!(file.render().as_bytes(), text, "another text");
        assert_eq!(unlock(&file), text == *original, "a key from an edited file");
    } else {
        assert!(text != *original, "the original does not parse");
    }
}

/// Whether the file gives a key. Not tried where it would take long.
fn unlock(file: &IdentityFile) -> bool {
    let passphrase = Passphrase::take_from(&mut b"right".to_vec()).unwrap();
    if let Some(params) = file.passphrase_params() {
        check_limits(params);
        if params.memory_kib() > 64 || params.passes() > 2 {
            return false;
        }
        assert!(file.unlock(None).is_err(), "a key without its passphrase");
    }
    match file.unlock(Some(&passphrase)) {
        Ok(key) => {
            assert!(key.public_key() == *file.public_key(), "halves of two keys");
            true
        }
        Err(_) => false,
    }
}

fn check_limits(params: Argon2Params) {
    assert!(params.memory_kib() <= Argon2Params::MAX_MEMORY_KIB);
    assert!((1..=Argon2Params::MAX_PASSES).contains(&params.passes()));
    assert!((1..=Argon2Params::MAX_LANES).contains(&params.lanes()));
}

/// Every kind of key, plain and under a passphrase.
fn originals() -> &'static [Vec<u8>] {
    static ALL: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let created_at = Timestamp::from_unix_seconds(1_800_000_000);
        let passphrase = Passphrase::take_from(&mut b"right".to_vec()).unwrap();
        let params = Argon2Params::new(8, 1, 1).unwrap();
        let mut all = Vec::new();
        for kind in KeyKind::ALL {
            let key = PrivateKey::take_from(kind, &mut [7; 32]).unwrap();
            let file = IdentityFile::protected(&key, created_at, &passphrase, params).unwrap();
            all.push(file.render().as_bytes().to_vec());
            let file = IdentityFile::plain(key, created_at);
            all.push(file.render().as_bytes().to_vec());
        }
        all
    })
}

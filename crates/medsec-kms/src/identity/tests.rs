use super::*;
use crate::public_key::KeyKind;
use medsec_crypto::OutputError;
use medsec_evidence::{Ev, Proven, evidence};
use proptest::prelude::*;

const CHEAP: (u32, u8, u8) = (8, 1, 1);

fn created() -> Timestamp {
    Timestamp::from_unix_seconds(1_793_707_200)
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::take_from(&mut text.as_bytes().to_vec()).unwrap()
}

fn plain(kind: KeyKind) -> IdentityFile {
    IdentityFile::plain(PrivateKey::generate(kind).unwrap(), created())
}

fn protected(kind: KeyKind) -> IdentityFile {
    let key = PrivateKey::generate(kind).unwrap();
    let params = Argon2Params::new(CHEAP.0, CHEAP.1, CHEAP.2).unwrap();
    IdentityFile::protected(&key, created(), &passphrase("right"), params).unwrap()
}

fn all() -> Vec<IdentityFile> {
    KeyKind::ALL.into_iter().flat_map(|kind| [plain(kind), protected(kind)]).collect()
}

/// Whether the bytes give a private key.
fn gives_key(bytes: &[u8]) -> bool {
    let right = passphrase("right");
    IdentityFile::parse(bytes).is_ok_and(|file| {
        let cheap = file.passphrase_params().is_none_or(|p| p.memory_kib() < 1024);
        assert!(cheap, "a single flip makes the file expensive");
        file.unlock(Some(&right)).is_ok()
    })
}

#[test]
fn every_truncated_file_is_rejected() {
    for file in all() {
        let text = file.render();
        for len in 0..text.len() {
            assert!(!gives_key(&text.as_bytes()[..len]), "{len}");
        }
    }
}

#[test]
fn every_flipped_bit_of_file_is_rejected() {
    for file in [
        plain(KeyKind::X25519),
        plain(KeyKind::Ed25519),
        protected(KeyKind::X25519),
        protected(KeyKind::Ed25519),
    ] {
        let text = file.render();
        assert!(gives_key(text.as_bytes()));
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut changed = text.as_bytes().to_vec();
                changed[at] ^= 1 << bit;
                assert!(!gives_key(&changed), "{at} {bit}");
            }
        }
    }
}

#[test]
fn file_with_anything_added_is_rejected() {
    for file in all() {
        let text = file.render();
        for changed in [
            format!("{}\n", *text),
            format!("\n{}", *text),
            format!("\u{feff}{}", *text),
            format!("{}note: x\n", *text),
            text.replace('\n', "\r\n"),
            text.replace("created: ", "created:  "),
            text.replace("secret: ", "secret:"),
            text.replace("v1", "v2"),
        ] {
            assert!(IdentityFile::parse(changed.as_bytes()).is_err());
        }
    }
}

#[test]
fn costly_parameters_are_refused_unread() {
    let text = protected(KeyKind::X25519).render();
    for (from, to) in [
        ("m=8 ", "m=1048577 "),
        ("m=8 ", "m=4294967296 "),
        ("t=1 ", "t=17 "),
        ("t=1 ", "t=0 "),
        ("p=1 ", "p=17 "),
        ("m=8 ", "m=08 "),
        ("m=8 ", "m=+8 "),
    ] {
        assert!(IdentityFile::parse(text.replace(from, to).as_bytes()).is_err());
    }
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "a private key under a passphrase is given to nobody without that passphrase",
    polarity = deny,
)]
fn wrong_passphrase_gives_no_key(ev: Ev) -> Proven {
    for kind in KeyKind::ALL {
        let file = protected(kind);
        let wrong = file.unlock(Some(&passphrase("wrong")));
        ev.denies(wrong, |e| *e == UnlockError::NotAuthentic);
        ev.denies(file.unlock(None), |e| *e == UnlockError::PassphraseNeeded);
        ev.allows(file.unlock(Some(&passphrase("right"))));
    }
    ev.proven()
}

#[test]
fn altered_creation_time_is_not_authentic() {
    let text = protected(KeyKind::X25519).render();
    let older = text.replace("2026-11-03", "2020-11-03");
    let file = IdentityFile::parse(older.as_bytes()).unwrap();
    let error = file.unlock(Some(&passphrase("right"))).unwrap_err();
    assert_eq!(error, UnlockError::NotAuthentic);
}

#[test]
fn debug_output_shows_no_secret() {
    for file in all() {
        let shown = format!("{file:?}");
        let text = file.render();
        let secret = text.lines().last().unwrap().replace("secret: ", "");
        assert!(!shown.contains(&secret) && !shown.contains("sealed"));
    }
}

#[test]
fn file_longer_than_limit_is_rejected() {
    let error = IdentityFile::parse(&vec![b'a'; MAX_IDENTITY_LEN + 1]).unwrap_err();
    assert_eq!(error, IdentityFormatError::TooLong);
}

#[cfg(unix)]
#[test]
fn file_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    let file = plain(KeyKind::X25519);
    file.save_new(&path).unwrap();
    assert!(IdentityFile::load(&path).is_ok());
    for mode in [0o640, 0o604, 0o620, 0o601] {
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        let error = IdentityFile::load(&path).unwrap_err();
        assert!(matches!(error, LoadError::Shared { mode: m } if m == mode));
    }
}

#[cfg(unix)]
#[test]
fn saved_file_is_private_and_replaces_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    let file = plain(KeyKind::X25519);
    file.save_new(&path).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = plain(KeyKind::X25519).save_new(&path);
    assert!(matches!(again, Err(OutputError::Exists)));
    assert_eq!(std::fs::read(&path).unwrap(), file.render().as_bytes());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn folder_is_no_identity_file() {
    let folder = tempfile::tempdir().unwrap();
    let error = IdentityFile::load(folder.path()).unwrap_err();
    assert!(
        matches!(&error, LoadError::Io(e) if e.kind() == std::io::ErrorKind::IsADirectory),
        "{error:?}"
    );
}

/// What the fuzzer keeps: seeds, and whatever it once found.
#[test]
fn corpus_of_the_fuzzer_renders_alike() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/identity_file");
    let mut parsed = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        if let Ok(file) = IdentityFile::parse(&bytes) {
            assert_eq!(file.render().as_bytes(), bytes, "{}", path.display());
            parsed += 1;
        }
    }
    assert!(parsed > 0, "the corpus holds no identity file");
}

#[test]
fn examples_of_the_format_page_give_keys() {
    let page = include_str!("../../../../docs/formats/identity.md");
    let passphrase = passphrase("correct horse battery staple");
    let mut examples = 0;
    for block in page.split("```text\n").skip(1) {
        let example = block.split("```").next().unwrap();
        let file = IdentityFile::parse(example.as_bytes()).unwrap();
        let key = file.unlock(Some(&passphrase)).unwrap();
        assert_eq!(key.public_key(), *file.public_key());
        examples += 1;
    }
    assert_eq!(examples, 2);
}

#[test]
fn every_file_gives_its_key_again() {
    for file in all() {
        let read = IdentityFile::parse(file.render().as_bytes()).unwrap();
        assert_eq!(*read.render(), *file.render());
        let key = read.unlock(Some(&passphrase("right"))).unwrap();
        assert_eq!(key.public_key(), *file.public_key());
    }
}

proptest! {
    #[test]
    fn any_text_that_parses_renders_alike(lines in proptest::collection::vec("[ -~]{0,80}", 0..7)) {
        let text = format!("medsec identity v1\n{}\n", lines.join("\n"));
        if let Ok(file) = IdentityFile::parse(text.as_bytes()) {
            prop_assert_eq!(&*file.render(), &text);
        }
    }

    #[test]
    fn key_with_any_time_parses_back(seconds in any::<u64>(), seed in any::<[u8; 32]>()) {
        for kind in KeyKind::ALL {
            let key = PrivateKey::take_from(kind, &mut seed.to_vec()).unwrap();
            let file = IdentityFile::plain(key, Timestamp::from_unix_seconds(seconds));
            let read = IdentityFile::parse(file.render().as_bytes()).unwrap();
            prop_assert_eq!(read.created_at(), file.created_at());
            prop_assert_eq!(&*read.render(), &*file.render());
        }
    }
}

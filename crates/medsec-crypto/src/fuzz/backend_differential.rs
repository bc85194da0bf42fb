//! All backends of the build against each other.

use std::io::Cursor;
use std::num::NonZeroUsize;

use crate::backend::{Direction, TAG_LEN, hkdf_expand_sha512, sha256};
use crate::cobblestone::{
    CHUNK_LEN, ChunkCipher, MessageKeys, SEALED_CHUNK_LEN, open_message_with, seal_message_with,
};
use crate::fuzz::input::{Input, stretched};
use crate::fuzz::samples::{SHORT, keks, samples};
use crate::{Backend, Draft, Execution, PackageSpec, Suite, Timestamp};

/// The same key, salt, context and plaintext give the same bytes; each backend opens what the other
/// sealed, and both refuse the same changes.
pub fn backend_differential(data: &[u8]) {
    let mut input = Input::new(data);
    let suite = *input.pick(&[Suite::Aes256Gcm, Suite::ChaCha20Poly1305]);
    match input.below(8) {
        0..=3 => chunks(&mut input, suite),
        4 => derivation(&mut input),
        5 => messages(&mut input, suite),
        6 => packages(&mut input, suite),
        _ => verdicts(&mut input),
    }
}

fn chunks(input: &mut Input<'_>, suite: Suite) {
    let (key, salt) = (input.array(), input.array());
    let context: [&[u8]; 2] = [input.bytes(40), input.bytes(40)];
    // A run of at most four chunks starts at a multiple of four.
    let first = (input.u64() >> (input.u8() % 64)) & ((1 << 38) - 4);
    let full = input.below(4);
    let last = input.below(CHUNK_LEN);
    let text = stretched(input.bytes(32), full * CHUNK_LEN + last);
    let mut run = Vec::new();
    for chunk in text.chunks(CHUNK_LEN) {
        run.extend_from_slice(chunk);
        run.extend_from_slice(&[0; TAG_LEN]);
    }
    if last == 0 {
        run.extend_from_slice(&[0; TAG_LEN]);
    }
    let derive = |backend| MessageKeys::derive(backend, suite, &key, &salt, &context).unwrap();
    let prefix = derive(Backend::RustCrypto).prefix(salt);
    let seal = |backend| {
        let keys = derive(backend);
        assert_eq!(keys.prefix(salt), prefix);
        let cipher = ChunkCipher::new(backend, suite, &keys, Direction::Seal).unwrap();
        let mut sealed = run.clone();
        cipher.seal_run(first, &mut sealed).unwrap();
        sealed
    };
    let sealed = seal(Backend::RustCrypto);
    let (at, mask) = (input.below(sealed.len()), input.u8());
    let mut changed = sealed.clone();
    changed[at] ^= mask;
    let expected = if mask == 0 { Ok(()) } else { Err(first + (at / SEALED_CHUNK_LEN) as u64) };
    for backend in Backend::ALL {
        assert!(seal(*backend) == sealed, "other bytes");
        let cipher = ChunkCipher::new(*backend, suite, &derive(*backend), Direction::Open).unwrap();
        let mut opened = sealed.clone();
        cipher.open_run(first, &mut opened).unwrap();
        let parts = opened.chunks(SEALED_CHUNK_LEN);
        let plain: Vec<_> = parts.flat_map(|chunk| &chunk[..chunk.len() - TAG_LEN]).collect();
        assert!(plain.into_iter().eq(&text), "another plaintext");
        assert_eq!(cipher.open_run(first, &mut changed.clone()), expected);
        let moved = cipher.open_run(first ^ 4, &mut sealed.clone());
        assert_eq!(moved, Err(first ^ 4), "opens in another place");
    }
}

fn derivation(input: &mut Input<'_>) {
    let key = input.array::<32>();
    let info: [&[u8]; 3] = [input.bytes(64), input.bytes(200), input.bytes(64)];
    let len = input.below(255 * 64 + 10);
    let expand = |backend| {
        let mut out = vec![0; len];
        hkdf_expand_sha512(backend, &key, &info, &mut out).map(|()| out)
    };
    let expected = expand(Backend::RustCrypto);
    let digest = sha256(Backend::RustCrypto, &info);
    for backend in Backend::ALL {
        assert!(expand(*backend) == expected, "another derivation");
        assert_eq!(sha256(*backend, &info), digest);
        assert_eq!(sha256(*backend, &[&info.concat()]), digest);
    }
}

fn messages(input: &mut Input<'_>, suite: Suite) {
    let key = input.array();
    let context = [input.bytes(40)];
    let text = input.bytes(40);
    let len = input.below(3 * CHUNK_LEN);
    let text = stretched(text, len);
    for sealer in Backend::ALL {
        let message = seal_message_with(*sealer, suite, &key, &context, &text).unwrap();
        for opener in Backend::ALL {
            let opened = open_message_with(*opener, suite, &key, &context, &message).unwrap();
            assert!(*opened == text, "another plaintext");
            let short = &message[..message.len() - 1];
            let refused = open_message_with(*opener, suite, &key, &context, short);
            assert!(refused.is_err(), "opens although cut");
        }
    }
}

fn packages(input: &mut Input<'_>, suite: Suite) {
    let len = input.below(20 * CHUNK_LEN);
    let text = stretched(input.bytes(16), len);
    let threads = NonZeroUsize::MIN.saturating_add(usize::from(input.u8() & 1));
    for sealer in Backend::ALL {
        let spec = PackageSpec { suite, ..PackageSpec::default() };
        let draft = Draft::new(spec, Timestamp::from_unix_seconds(0), None).unwrap();
        let mut package = Vec::new();
        let mut execution = Execution { threads, backend: *sealer, observer: None };
        draft.seal_to(&[&keks()[0]]).unwrap().seal(&*text, &mut package, &execution).unwrap();
        let mut expectation = samples()[0].expectation.clone();
        expectation.limits.package_id = None;
        let unlocked = crate::Checked::read(&mut &*package, expectation)
            .unwrap()
            .unlock_with(&[&keks()[0]])
            .unwrap();
        for opener in Backend::ALL {
            execution.backend = *opener;
            let opened = unlocked.open_to_memory(Cursor::new(&package), u64::MAX, &execution);
            assert!(*opened.unwrap().0 == text, "another plaintext");
        }
    }
}

/// Every backend says the same of a changed package, down to the error's text.
fn verdicts(input: &mut Input<'_>) {
    let sample = input.pick(&samples()[..SHORT]);
    let package = crate::fuzz::edits::edited(input, sample, sample.layout.chunks);
    let verdict = |backend| {
        let execution = Execution { backend, ..Execution::default() };
        sample
            .open(&package, &execution)
            .map(|(content, _)| content)
            .map_err(|error| error.to_string())
    };
    let expected = verdict(Backend::RustCrypto);
    for backend in Backend::ALL {
        assert!(verdict(*backend) == expected, "another verdict");
    }
}

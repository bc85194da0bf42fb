//! Vectors that do not open.

use ed25519_dalek::Signer as _;
use medsec_crypto::{HpkeKind, PackageSpec};

use crate::accepted::{blind, shared, with_metadata, with_patient};
use crate::bytes::{
    CHUNK_LEN, HEAD_LEN, TRAILER_LEN, body, core, field, payload_at, put_body, redigest, signed,
    slot,
};
use crate::{Vector, content, hex, identity, seal, seal_to};

const CREATED: u16 = 7;
const SIGNER: u16 = 6;

/// Changes a package and says what is then expected of it, for local key 7.
fn broken(
    name: &'static str,
    about: &str,
    expect: &str,
    package: &[u8],
    change: impl FnOnce(&mut Vec<u8>),
) -> Vector {
    let mut package = package.to_vec();
    change(&mut package);
    Vector::new(name, about, expect, package).local(7)
}

fn flip(at: usize) -> impl FnOnce(&mut Vec<u8>) {
    move |package| package[at] ^= 1
}

pub(crate) fn vectors() -> Vec<Vector> {
    let plain = seal(PackageSpec::default(), None, b"hello");
    let mut vectors = callers_fault(&plain);
    vectors.extend(headers(&plain));
    vectors.extend(slots(&plain));
    vectors.extend(payloads(&plain));
    vectors.extend(endings());
    vectors
}

fn callers_fault(plain: &[u8]) -> Vec<Vector> {
    let wrong =
        |name, about, expect, package: &[u8]| Vector::new(name, about, expect, package.to_vec());
    let signed = seal(PackageSpec::default(), Some(9), b"hello");
    let bound = seal(with_patient(), None, b"hello");
    let shared = seal(shared(), Some(9), b"hello");
    let x25519 =
        seal_to(PackageSpec::default(), None, &[identity(HpkeKind::X25519).recipient()], b"hello");
    let patient = "patient=MRN-0042";
    vec![
        wrong("wrong-key", "another key under the right name", "not-authentic", plain)
            .line("local-kek", hex(&[8; 32]))
            .line("local-key-ref", hex(&crate::local_ref(7))),
        wrong("not-a-recipient", "another key", "expectation", plain).local(8),
        wrong("not-a-recipient-x25519", "another secret", "expectation", &x25519)
            .line("x25519-secret", hex(&[0x52; 32])),
        wrong("context-value-wrong", "another patient", "not-authentic", &bound)
            .local(7)
            .line("context", "patient=MRN-0043")
            .line("context", "study=S-7"),
        wrong("context-name-missing", "a name not supplied", "expectation", &bound)
            .local(7)
            .line("context", patient),
        wrong("context-name-surplus", "a name not in the core", "expectation", plain)
            .local(7)
            .line("context", patient),
        wrong("signer-not-expected", "signed by key 9", "expectation", &signed).local(7).signer(10),
        wrong("signature-missing", "not signed", "expectation", plain).local(7).signer(9),
        wrong("policy-not-expected", "sealed under no policy", "expectation", plain)
            .local(7)
            .line("policy", hex(&[0xA0; 32])),
        wrong("shared-data-key-refused", "not accepted", "expectation", &shared).local(7),
    ]
}

fn headers(plain: &[u8]) -> Vec<Vector> {
    let signed = seal(PackageSpec::default(), Some(9), b"hello");
    let format =
        |name, about, change: &dyn Fn(&mut Vec<u8>)| broken(name, about, "format", plain, change);
    let auth = |name, about, at| broken(name, about, "not-authentic", plain, flip(at));
    let created = field(plain, CREATED);
    let key = field(&signed, SIGNER);
    vec![
        auth("core-flipped", "another creation time", created.end - 1),
        auth("package-id-flipped", "another package id", 16),
        format("flag-reserved", "flag 3", &|p| p[35] |= 8),
        format("flag-without-field", "SIGNED without a key", &|p| p[35] |= 1),
        format("field-unknown", "critical field 0x0009 for 7", &|p| p[created.start - 5] = 9),
        format("version-2", "a version to come", &|p| p[9] = 2),
        format("suite-16", "the suite reserved for FLOE", &|p| p[11] = 0x10),
        format("core-len-33", "shorter than a core", &|p| p[15] = 33),
        format("slot-len-odd", "not a multiple of 256", &|p| p[core(plain).end + 3] = 1),
        format("text-transfer", "CR LF to LF in the magic", &|p| {
            p.remove(4);
        }),
        format("truncated-slots", "ends in slot A", &|p| p.truncate(slot(plain, 0).end - 1)),
        format("truncated-salt", "ends before the commitment", &|p| {
            p.truncate(payload_at(plain) + HEAD_LEN - 1)
        }),
        Vector::new("garbage", "17 bytes", "format", b"not a package!!!\n".to_vec()).local(7),
        broken("signer-weak", "a key of small order", "format", &signed, |p| {
            p[key.clone()].fill(0);
            p[key.start] = 1;
        }),
        broken("signer-not-canonical", "y = p + 3", "format", &signed, |p| {
            p[key.clone()].fill(0xFF);
            p[key.start] = 0xF0;
            p[key.end - 1] = 0x7F;
        }),
    ]
}

fn slots(plain: &[u8]) -> Vec<Vector> {
    let a = slot(plain, 0);
    let format =
        |name, about, change: &dyn Fn(&mut Vec<u8>)| broken(name, about, "format", plain, change);
    let repaired = |name, about, expect, at: usize, byte: u8| {
        broken(name, about, expect, plain, |p| {
            p[at] = byte;
            redigest(p, 0);
        })
    };
    let blind = seal(blind(), None, b"hello");
    vec![
        format("slots-torn", "neither slot is whole", &|p| {
            p[a.end - 100] ^= 1;
            p[slot(plain, 1).start] = 1;
        }),
        format("slots-unused", "both slots of zeros", &|p| p[a.clone()].fill(0)),
        format("generations-equal", "two whole slots of generation 1", &|p| {
            let copy = p[a.clone()].to_vec();
            p[slot(plain, 1)].copy_from_slice(&copy);
        }),
        repaired("generation-0", "a slot may not have it", "format", a.start + 7, 0),
        repaired("padding-not-zero", "a byte behind the body", "format", a.end - 65, 1),
        repaired("stanza-type-0", "a type that is none", "format", a.start + 13, 0),
        repaired("stanza-type-unknown", "local renamed to 200", "expectation", a.start + 13, 200),
        repaired(
            "mac-flipped",
            "digest right, mac wrong",
            "not-authentic",
            a.end - 64,
            plain[a.end - 64] ^ 1,
        ),
        repaired("generation-raised", "digest right, mac wrong", "not-authentic", a.start + 7, 2),
        format("stanza-twice", "equal type and key_ref", &|p| {
            let mut twice = body(p);
            let stanza = twice[1..].to_vec();
            twice[0] = 2;
            twice.extend(stanza);
            put_body(p, &twice);
        }),
        broken("stanza-added", "digest right, mac wrong", "not-authentic", plain, |p| {
            let mut more = body(p);
            more[0] = 2;
            more.extend([200, 0, 1, 0, 1, 0xAA, 0xBB]);
            put_body(p, &more);
        }),
        format("stanza-missing", "count of zero", &|p| put_body(p, &[0])),
        format("body-not-consumed", "a byte behind the stanzas", &|p| {
            let mut longer = body(p);
            longer.push(0);
            put_body(p, &longer);
        }),
        format("local-stanza-short", "103 bytes wrapped", &|p| {
            let mut short = body(p);
            short.pop();
            short[5] = 103;
            put_body(p, &short);
        }),
        broken("blind-with-mac", "a mac where none may be", "format", &blind, |p| {
            p[a.end - 64] = 1;
            redigest(p, 0);
        }),
        broken("wrapped-key-flipped", "blind, digest right", "not-authentic", &blind, |p| {
            p[a.start + 12 + 1 + 5 + 36 + 60] ^= 1;
            redigest(p, 0);
        }),
    ]
}

fn payloads(plain: &[u8]) -> Vec<Vector> {
    let at = payload_at(plain);
    let first = at + HEAD_LEN;
    let two = seal(PackageSpec::default(), None, &content(20_000));
    let three = seal(PackageSpec::default(), None, &content(2 * 16_384 + 5));
    let damaged = |name, about, package: &[u8], change: &dyn Fn(&mut Vec<u8>)| {
        broken(name, about, "damaged", package, change)
    };
    let format = |name, about, package: &[u8], change: &dyn Fn(&mut Vec<u8>)| {
        broken(name, about, "format", package, change)
    };
    vec![
        broken("salt-flipped", "another salt", "not-authentic", plain, flip(at)),
        broken("commitment-flipped", "another commitment", "not-authentic", plain, flip(at + 24)),
        damaged("chunk-flipped", "first byte of chunk 0", &two, &|p| p[first] ^= 1),
        damaged("last-tag-flipped", "last byte", &two, &|p| *p.last_mut().unwrap() ^= 1),
        format("truncated-at-chunk", "only the full chunk left", &two, &|p| {
            p.truncate(first + CHUNK_LEN)
        }),
        damaged("truncated-in-chunk", "a possible length", &two, &|p| {
            p.truncate(first + CHUNK_LEN + 100)
        }),
        format("truncated-in-tag", "an impossible length", &two, &|p| {
            p.truncate(first + CHUNK_LEN + 15)
        }),
        format("truncated-to-head", "no chunk at all", plain, &|p| p.truncate(first)),
        damaged("appended-byte", "one byte too many", plain, &|p| p.push(0)),
        damaged("chunks-swapped", "chunks 0 and 1", &three, &|p| {
            let (a, b) = p[first..].split_at_mut(CHUNK_LEN);
            a.swap_with_slice(&mut b[..CHUNK_LEN]);
        }),
        damaged("chunk-missing", "chunk 1 of 3 left out", &three, &|p| {
            p.drain(first + CHUNK_LEN..first + 2 * CHUNK_LEN);
        }),
    ]
}

fn endings() -> Vec<Vector> {
    let signed_package = seal(PackageSpec::default(), Some(9), b"hello");
    let with_metadata = seal(with_metadata(), None, b"hello");
    let trailer = signed_package.len() - TRAILER_LEN;
    let section = payload_at(&with_metadata) + HEAD_LEN + 5 + 16;
    let signature = |name, about, change: &dyn Fn(&mut Vec<u8>)| {
        broken(name, about, "signature", &signed_package, change)
    };
    let format = |name, about, change: &dyn Fn(&mut Vec<u8>)| {
        broken(name, about, "format", &signed_package, change)
    };
    let metadata = |name, about, expect, change: &dyn Fn(&mut Vec<u8>)| {
        broken(name, about, expect, &with_metadata, change)
    };
    vec![
        metadata("metadata-flipped", "a byte of its chunk", "damaged-metadata", &|p| {
            p[section + HEAD_LEN] ^= 1
        }),
        metadata("metadata-commitment-flipped", "its commitment", "damaged-metadata", &|p| {
            p[section + 24] ^= 1
        }),
        metadata("metadata-too-long", "length 0xFFFFFFFF", "format", &|p| {
            let at = p.len() - 4;
            p[at..].fill(0xFF);
        }),
        signature("signature-flipped", "a bit of S", &|p| p[trailer + 110] ^= 1),
        signature("root-flipped", "a bit of the root", &|p| p[trailer + 12] ^= 1),
        signature("metadata-digest-flipped", "no longer zeros", &|p| p[trailer + 44] ^= 1),
        format("payload-len-flipped", "one more than there is", &|p| p[trailer + 11] ^= 1),
        broken("trailer-magic-flipped", "not MSPT", "format", &signed_package, flip(trailer)),
        broken("trailer-missing", "cut off where it begins", "format", &signed_package, |p| {
            p.truncate(trailer)
        }),
        signature("signed-by-other-key", "key 10 for key 9", &|p| {
            let other = ed25519_dalek::SigningKey::from_bytes(&[10; 32]);
            let by = other.sign(&signed(p)).to_bytes();
            let at = p.len() - 64;
            p[at..].copy_from_slice(&by);
        }),
        signature("root-of-other-content", "signed by key 9 all the same", &|p| {
            p[trailer + 12] ^= 1;
            let right = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
            let by = right.sign(&signed(p)).to_bytes();
            let at = p.len() - 64;
            p[at..].copy_from_slice(&by);
        }),
    ]
}

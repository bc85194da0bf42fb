//! A second writer of packages, from the format's page: it makes what the library would not.

use hmac::{Hmac, KeyInit, Mac};
use medsec_crypto::{Bind, Dek, Kek, Recipient, Stanza, seal_message};
use sha2::{Digest, Sha256, Sha512};

use super::layout::renew_digest;
use super::{kek, patient};

const LABEL: &[u8] = b"medsec/sealed-package/v1";
const SLOT_LEN: usize = 2048;
/// The data key of all crafted packages.
const DEK: [u8; 32] = [0xD7; 32];

/// A field `tag ‖ len ‖ value`.
pub(crate) fn field(tag: u16, value: &[u8]) -> Vec<u8> {
    let len = u32::try_from(value.len()).unwrap();
    [&tag.to_be_bytes(), len.to_be_bytes().as_slice(), value].concat()
}

/// The name of the reproduced context as the core states it, and the time of sealing.
pub(crate) fn usual_fields() -> Vec<u8> {
    let names = b"\x00\x01\x00\x07patient";
    [field(0x0004, names), field(0x0007, &[0, 0, 0, 0, 0x6A, 0xB1, 0x3B, 0x80])].concat()
}

/// Seals `content` under a core of these flags and fields to local key 1.
pub(crate) fn package(flags: u32, fields: &[u8], content: &[u8]) -> Vec<u8> {
    let core = [&[9; 16], flags.to_be_bytes().as_slice(), fields].concat();
    let core_len = u32::try_from(core.len()).unwrap();
    let mut out = b"\x89MSP\r\n\x1a\n\x00\x01\x00\x01".to_vec();
    out.extend_from_slice(&core_len.to_be_bytes());
    out.extend_from_slice(&core);
    let hash = Sha512::digest(&out);
    let bind: [u8; 32] = Sha256::digest(labelled("wrap", &[&hash])).into();
    let dek = Dek::take_from(&mut DEK.clone()).unwrap();
    let stanza = kek(1).wrap_dek(&dek, &Bind::from_bytes(bind)).unwrap();
    out.extend_from_slice(&2048_u32.to_be_bytes());
    let mac = (flags & 2 != 0).then_some(hash.as_slice());
    out.extend_from_slice(&slot(1, &[stanza], mac));
    out.extend_from_slice(&[0; SLOT_LEN]);
    let context = labelled("payload", &[&hash, &context_digest()]);
    let key = Kek::take_from(&mut DEK.clone()).unwrap();
    out.extend_from_slice(&seal_message(&key, &context, content).unwrap());
    out
}

/// A slot with a right digest, and a right MAC if `hash` (H) is given.
pub(crate) fn slot(generation: u64, stanzas: &[Stanza], hash: Option<&[u8]>) -> Vec<u8> {
    let mut body = vec![u8::try_from(stanzas.len()).unwrap()];
    for stanza in stanzas {
        let (name, wrapped) = (stanza.key_ref().as_bytes(), stanza.wrapped());
        body.push(stanza.key_ref().kind().number());
        body.extend_from_slice(&u16::try_from(name.len()).unwrap().to_be_bytes());
        body.extend_from_slice(&u16::try_from(wrapped.len()).unwrap().to_be_bytes());
        body.extend_from_slice(name);
        body.extend_from_slice(wrapped);
    }
    let mut out = generation.to_be_bytes().to_vec();
    out.extend_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes());
    out.extend_from_slice(&body);
    out.resize(SLOT_LEN - 64, 0);
    let mac = hash.map_or([0; 32], |hash| {
        let key = expand(&labelled("recipients", &[hash]));
        hmac_sha256(&key[..32], &[&2048_u32.to_be_bytes(), &out])
    });
    out.extend_from_slice(&mac);
    out.resize(SLOT_LEN, 0);
    renew_digest(&mut out, 0..SLOT_LEN);
    out
}

/// X of the usual reproduced context.
fn context_digest() -> [u8; 64] {
    let context = patient();
    let mut encoded = vec![0, 1];
    for (key, value) in context.iter() {
        for text in [key.as_str(), value] {
            encoded.extend_from_slice(&u16::try_from(text.len()).unwrap().to_be_bytes());
            encoded.extend_from_slice(text.as_bytes());
        }
    }
    Sha512::digest(encoded).into()
}

fn labelled(role: &str, fields: &[&[u8]]) -> Vec<u8> {
    let mut out = [LABEL, &[0], role.as_bytes(), &[0]].concat();
    fields.iter().for_each(|field| out.extend_from_slice(field));
    out
}

/// First block of HKDF-Expand-SHA-512 under the data key.
fn expand(info: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha512>::new_from_slice(&DEK).unwrap();
    mac.update(info);
    mac.update(&[1]);
    mac.finalize().into_bytes().to_vec()
}

fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

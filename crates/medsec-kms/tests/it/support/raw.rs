//! A state file read without the store's code: from its bytes, by the format's description alone.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_crypto::{Bind, HpkeIdentity, Identity as _, Kek, LocalKek, NotAuthentic, Stanza};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// One wrap as it stands in the file, with everything that names it.
#[derive(Clone, Debug)]
pub(crate) struct RawWrap {
    pub(crate) key: String,
    pub(crate) version: u32,
    pub(crate) user: String,
    pub(crate) text: String,
    store: [u8; 16],
    id: [u8; 16],
    bind: Bind,
}

/// A state file without its first two lines.
pub(crate) fn json(state: &[u8]) -> Value {
    let text = std::str::from_utf8(state).unwrap();
    let body = text.splitn(3, '\n').nth(2).unwrap();
    serde_json::from_str(body).unwrap()
}

/// Every wrap of a state file.
pub(crate) fn wraps(state: &[u8]) -> Vec<RawWrap> {
    let json = json(state);
    let store = hex(json["store"].as_str().unwrap());
    let mut wraps = Vec::new();
    for (key, about) in json["keys"].as_object().unwrap() {
        let id = hex(about["id"].as_str().unwrap());
        for about in about["versions"].as_array().unwrap() {
            let version = u32::try_from(about["number"].as_u64().unwrap()).unwrap();
            for (user, text) in about["wraps"].as_object().unwrap() {
                wraps.push(RawWrap {
                    key: key.clone(),
                    version,
                    user: user.clone(),
                    text: text.as_str().unwrap().to_owned(),
                    store,
                    id,
                    bind: bind(&store, &id, version, user),
                });
            }
        }
    }
    wraps
}

/// The same of a file.
pub(crate) fn wraps_in(path: &Path) -> Vec<RawWrap> {
    wraps(&std::fs::read(path).unwrap())
}

impl RawWrap {
    /// The bytes of the wrap.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        STANDARD.decode(&self.text).unwrap()
    }

    /// What the identity gets out of it.
    pub(crate) fn unwrap_with(&self, identity: &HpkeIdentity) -> Result<[u8; 32], NotAuthentic> {
        let stanza = Stanza::new(identity.key_ref(), self.bytes()).map_err(|_| NotAuthentic)?;
        Ok(*identity.unwrap_dek(&stanza, &self.bind)?.expose_secret())
    }

    /// The same bytes in the place of another wrap.
    pub(crate) fn in_place_of(&self, other: &Self) -> Self {
        Self { text: self.text.clone(), ..other.clone() }
    }

    /// The key that the identity gets, by the name that packages give it.
    pub(crate) fn kek_of(&self, identity: &HpkeIdentity) -> Result<LocalKek, NotAuthentic> {
        let kek = Kek::take_from(&mut self.unwrap_with(identity)?).map_err(|_| NotAuthentic)?;
        LocalKek::new(&self.store, &self.id, self.version, kek).ok_or(NotAuthentic)
    }
}

/// `SHA-256("medsec/key-store-wrap/v1" ‖ 0 ‖ store ‖ key ‖ version u32 ‖ len u16 ‖ user)`.
fn bind(store: &[u8], key: &[u8], version: u32, user: &str) -> Bind {
    let mut bytes = b"medsec/key-store-wrap/v1\0".to_vec();
    bytes.extend_from_slice(store);
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(&version.to_be_bytes());
    bytes.extend_from_slice(&u16::try_from(user.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(user.as_bytes());
    Bind::from_bytes(Sha256::digest(&bytes).into())
}

fn hex(text: &str) -> [u8; 16] {
    u128::from_str_radix(text, 16).unwrap().to_be_bytes()
}

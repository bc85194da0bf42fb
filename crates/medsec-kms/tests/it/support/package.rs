//! Real packages, sealed under keys of a store.

use std::io::Cursor;

use medsec_crypto::{
    Checked, Context, Draft, Execution, Expectation, Identity, Limits, LocalKek, OpenError,
    PackageSpec, PolicyExpectation, Recipient, SignerExpectation,
};
use medsec_kms::{KeyServiceError, UserKeys};

use super::{at, key};

/// What all of them hold.
pub(crate) const CONTENT: &[u8] = b"one slice of many";

/// Seals under the newest version of a key.
pub(crate) fn seal(keys: &UserKeys, name: &str) -> Result<Vec<u8>, KeyServiceError> {
    let kek = keys.newest(&key(name))?;
    let draft = Draft::new(PackageSpec::default(), at(0), None).unwrap();
    let sealer = draft.seal_to(&[kek.as_ref() as &dyn Recipient]).unwrap();
    Ok(sealer.seal_bytes(CONTENT).unwrap())
}

/// Opens with a key that somebody got hold of.
pub(crate) fn open(package: &[u8], kek: &LocalKek) -> Result<(), OpenError> {
    let expectation = Expectation {
        policy: PolicyExpectation::Any,
        signer: SignerExpectation::NotRequired,
        keys: vec![Identity::key_ref(kek)],
        reproduced: Context::new(),
        limits: Limits::default(),
    };
    let mut source = Cursor::new(package);
    let unlocked = Checked::read(&mut source, expectation)?.unlock_with(&[kek])?;
    let (content, _) = unlocked.open_to_memory(source, 1 << 20, &Execution::default())?;
    assert!(*content == *CONTENT);
    Ok(())
}

/// Opens as a user of the store does: with the version that the package names.
pub(crate) fn open_with(package: &[u8], keys: &UserKeys) -> Result<(), KeyServiceError> {
    let header = medsec_crypto::Header::read(&mut &*package).unwrap();
    let named = header.stanzas().iter().next().unwrap().key_ref().clone();
    open(package, keys.named(&named)?.as_ref()).map_err(|_| KeyServiceError::NotAuthentic)
}

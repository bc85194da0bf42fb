//! Packages to test with, and how to open them.

use std::io::{Cursor, Read};
use std::sync::Arc;

use medsec_crypto::{
    Checked, Draft, Execution, Expectation, Header, Identity, Limits, LocalKek, OpenError, Opened,
    Origin, PackageSpec, PolicyExpectation, Recipient, RecipientProfile, Sealer, SignerExpectation,
    Suite, Unlocked,
};

use super::layout::Layout;
use super::{SEALED_AT, SIGNER, content, kek, metadata, patient, signing_key};

/// What a sample is to be. Recipients are local keys 1 to `recipients`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) suite: Suite,
    pub(crate) profile: RecipientProfile,
    pub(crate) signed: bool,
    pub(crate) metadata: bool,
    pub(crate) recipients: u8,
    pub(crate) len: usize,
}

/// A sealed package with everything known about it.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) plan: Plan,
    pub(crate) package: Vec<u8>,
    pub(crate) content: Vec<u8>,
    pub(crate) layout: Layout,
}

impl Plan {
    /// Unsigned, without metadata, to one recipient.
    pub(crate) const fn new(len: usize) -> Self {
        Self {
            suite: Suite::Aes256Gcm,
            profile: RecipientProfile::Authenticated,
            signed: false,
            metadata: false,
            recipients: 1,
            len,
        }
    }

    pub(crate) const fn signed(self) -> Self {
        Self { signed: true, ..self }
    }

    pub(crate) const fn with_metadata(self) -> Self {
        Self { metadata: true, ..self }
    }

    pub(crate) const fn blind(self) -> Self {
        Self { profile: RecipientProfile::Blind, ..self }
    }

    /// The description of the package.
    pub(crate) fn spec(self) -> PackageSpec {
        let mut spec = PackageSpec::default();
        spec.suite = self.suite;
        spec.profile = self.profile;
        spec.reproduced = patient();
        spec.metadata = self.metadata.then(metadata);
        spec
    }

    pub(crate) fn draft(self) -> Draft {
        let signer = self.signed.then(|| Arc::new(signing_key(SIGNER)));
        Draft::new(self.spec(), SEALED_AT, signer).unwrap()
    }

    pub(crate) fn sealer(self) -> Sealer {
        let keks: Vec<LocalKek> = (1..=self.recipients).map(kek).collect();
        let recipients: Vec<&dyn Recipient> = keks.iter().map(|k| k as &dyn Recipient).collect();
        self.draft().seal_to(&recipients).unwrap()
    }

    /// Seals bytes without a pattern.
    pub(crate) fn seal(self) -> Sample {
        let content = content(self.len);
        let package = self.sealer().seal_bytes(&content).unwrap();
        let layout = Layout::of(&package);
        Sample { plan: self, package, content, layout }
    }

    /// What the owner of local key `key` expects of such a package.
    pub(crate) fn expectation(self, key: u8) -> Expectation {
        let signer = signing_key(SIGNER).verifying_key();
        Expectation {
            policy: PolicyExpectation::Any,
            signer: if self.signed {
                SignerExpectation::OneOf(vec![signer])
            } else {
                SignerExpectation::NotRequired
            },
            keys: vec![Identity::key_ref(&kek(key))],
            reproduced: patient(),
            limits: Limits::default(),
        }
    }

    /// Unlocks with the local key `key`; leaves `reader` at the first chunk.
    pub(crate) fn unlock(self, key: u8, reader: &mut impl Read) -> Result<Unlocked, OpenError> {
        Checked::read(reader, self.expectation(key))?.unlock_with(&[&kek(key)])
    }

    /// Opens a package that can be sought in, as the owner of local key `key`.
    pub(crate) fn open_as(self, key: u8, package: &[u8]) -> Result<(Vec<u8>, Opened), OpenError> {
        let mut source = Cursor::new(package);
        let unlocked = self.unlock(key, &mut source)?;
        let (content, opened) = unlocked.open_to_memory(source, 1 << 30, &Execution::default())?;
        Ok((content.to_vec(), opened))
    }

    /// Opens as the first recipient.
    pub(crate) fn open(self, package: &[u8]) -> Result<(Vec<u8>, Opened), OpenError> {
        self.open_as(1, package)
    }

    /// Opens a package that can only be read forwards, as the first recipient.
    pub(crate) fn stream(
        self,
        mut package: impl Read + Send,
    ) -> Result<(Vec<u8>, Opened), OpenError> {
        let unlocked = self.unlock(1, &mut package)?;
        let mut reader =
            unlocked.danger_release_unverified(package, Execution::default().backend)?;
        let mut content = Vec::with_capacity(self.len);
        if let Err(error) = reader.read_to_end(&mut content) {
            assert!(matches!(reader.finish(), Err(OpenError::Unfinished)));
            return Err(error.downcast().unwrap_or_else(OpenError::Read));
        }
        Ok((content, reader.finish()?))
    }

    /// The package must be refused, sought in or streamed. Gives the error of the former.
    #[track_caller]
    pub(crate) fn refusal(self, package: &[u8]) -> OpenError {
        assert!(self.stream(package).is_err(), "opened as a stream");
        self.open(package).map(|_| ()).expect_err("opened")
    }
}

impl Sample {
    /// A copy of the package after an edit.
    pub(crate) fn edited(&self, edit: impl FnOnce(&mut Vec<u8>, &Layout)) -> Vec<u8> {
        let mut package = self.package.clone();
        edit(&mut package, &self.layout);
        package
    }

    /// Opens the edited package and gives the refusal.
    #[track_caller]
    pub(crate) fn refusal_after(&self, edit: impl FnOnce(&mut Vec<u8>, &Layout)) -> OpenError {
        self.plan.refusal(&self.edited(edit))
    }
}

/// Verifies the origin of a signed sample, without any key.
pub(crate) fn origin_of(package: &[u8]) -> Result<Origin, OpenError> {
    let signer = SignerExpectation::OneOf(vec![signing_key(SIGNER).verifying_key()]);
    let header = Header::read(&mut &package[..])?;
    let execution = Execution::default();
    header.verify_origin(Cursor::new(package), &signer, u64::MAX, &execution)
}

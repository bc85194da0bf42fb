//! A vector as it stands in its file, and what Rust makes of it.

use std::io::{Cursor, Read};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_crypto::{
    Backend, Checked, Context, Execution, Expectation, HpkeIdentity, HpkeKind, Identity, Kek,
    Limits, LocalKek, OpenError, Opened, PolicyExpectation, PolicyHash, SharedDataKey,
    SignerExpectation, SlotCondition, Unlocked, VerifyingKey,
};
use sha2::{Digest as _, Sha256};

/// Every vector of the sealed package, by name.
pub(crate) fn vectors() -> Vec<Vector> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/vectors/sealed-package");
    let mut vectors: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "vector"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            Vector::parse(name, &std::fs::read_to_string(path).unwrap())
        })
        .collect();
    vectors.sort_by(|a, b| a.name.cmp(&b.name));
    vectors
}

/// Lines of name and value, and a package.
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) lines: Vec<(String, String)>,
    pub(crate) package: Vec<u8>,
}

impl Vector {
    fn parse(name: String, text: &str) -> Self {
        let (head, encoded) = text.split_once("\n\n").unwrap();
        let lines = head
            .lines()
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let package = STANDARD.decode(encoded.replace('\n', "")).unwrap();
        Self { name, lines, package }
    }

    /// The same request of a changed package.
    pub(crate) fn changed(&self, name: String, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut package = self.package.clone();
        change(&mut package);
        Self { name, lines: self.lines.clone(), package }
    }

    /// The first value of this name.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let line = self.lines.iter().find(|(n, _)| n == name);
        line.map(|(_, value)| value.as_str())
    }

    pub(crate) fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        self.value(name).map(unhex)
    }

    /// The class that it must end in.
    pub(crate) fn expected(&self) -> &str {
        self.value("expect").unwrap()
    }

    /// Names and values of the reproduced context.
    pub(crate) fn context(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.lines.iter().filter(|(name, _)| name == "context");
        lines.map(|(_, value)| value.split_once('=').unwrap())
    }

    fn identities(&self) -> Vec<Box<dyn Identity>> {
        let mut keys: Vec<Box<dyn Identity>> = Vec::new();
        if let (Some(mut kek), Some(key_ref)) =
            (self.bytes("local-kek"), self.bytes("local-key-ref"))
        {
            keys.push(Box::new(local(&mut kek, &key_ref)));
        }
        for (name, kind) in
            [("x25519-secret", HpkeKind::X25519), ("x-wing-secret", HpkeKind::XWing)]
        {
            let secret = self.bytes(name);
            keys.extend(secret.map(|mut secret| {
                Box::new(HpkeIdentity::take_from(kind, &mut secret).unwrap()) as Box<dyn Identity>
            }));
        }
        keys
    }

    fn expectation(&self, keys: &[Box<dyn Identity>]) -> Expectation {
        let mut reproduced = Context::new();
        for (key, value) in self.context() {
            reproduced.insert(key, value).unwrap();
        }
        let mut limits = Limits::default();
        if self.value("shared-data-key") == Some("accepted") {
            limits.shared_data_key = SharedDataKey::Accepted;
        }
        let policy = self.bytes("policy").map(|hash| hash.try_into().unwrap());
        let signer = self.bytes("signer").map(|key| key.try_into().unwrap());
        Expectation {
            policy: policy.map_or(PolicyExpectation::Any, |hash| {
                PolicyExpectation::Exactly(PolicyHash::from_bytes(hash))
            }),
            signer: signer.map_or(SignerExpectation::NotRequired, |key| {
                SignerExpectation::OneOf(vec![VerifyingKey::from_bytes(&key).unwrap()])
            }),
            keys: keys.iter().map(|key| key.key_ref()).collect(),
            reproduced,
            limits,
        }
    }

    /// Opens it both ways and compares everything that the file says.
    pub(crate) fn run(&self, backend: Backend) {
        self.compare(self.open(backend), &format!("{} on {}", self.name, backend.name()));
        self.compare(
            self.stream(backend),
            &format!("{} on {}, streamed", self.name, backend.name()),
        );
    }

    fn compare(&self, found: Result<(Vec<u8>, Opened), OpenError>, place: &str) {
        let class = found.as_ref().map_or_else(class, |_| "success");
        let place = format!("{place}: {found:?}");
        assert_eq!(class, self.expected(), "{place}");
        let Ok((content, opened)) = found else {
            return;
        };
        let hash = self.value("plaintext-sha256").unwrap();
        assert_eq!(unhex(hash), Sha256::digest(&content).as_slice(), "{place}");
        let len = self.value("plaintext-len").unwrap();
        assert_eq!(len, opened.plain_len.to_string(), "{place}");
        let slots = match opened.slots {
            SlotCondition::RewrapUnfinished => Some("rewrap-unfinished"),
            SlotCondition::Damaged => Some("damaged"),
            _ => None,
        };
        assert_eq!(self.value("slots"), slots, "{place}");
        let name = opened.metadata.as_ref().and_then(|m| m.file_name.as_deref());
        assert_eq!(self.value("metadata-file-name"), name, "{place}");
    }

    /// What Rust makes of it, from a source whose end can be seen.
    pub(crate) fn open(&self, backend: Backend) -> Result<(Vec<u8>, Opened), OpenError> {
        let mut execution = Execution::default();
        execution.backend = backend;
        let mut source = Cursor::new(&self.package);
        let unlocked = self.unlock(&mut source)?;
        let (content, opened) = unlocked.open_to_memory(source, 1 << 22, &execution)?;
        Ok((content.to_vec(), opened))
    }

    /// What Rust makes of it, from a source that can only be read forwards.
    fn stream(&self, backend: Backend) -> Result<(Vec<u8>, Opened), OpenError> {
        let mut source = self.package.as_slice();
        let unlocked = self.unlock(&mut source)?;
        let mut reader = unlocked.danger_release_unverified(source, backend)?;
        let mut content = Vec::new();
        if let Err(error) = reader.read_to_end(&mut content) {
            return Err(error.downcast().unwrap());
        }
        Ok((content, reader.finish()?))
    }

    fn unlock(&self, source: &mut impl Read) -> Result<Unlocked, OpenError> {
        let identities = self.identities();
        let expectation = self.expectation(&identities);
        let identities: Vec<&dyn Identity> = identities.iter().map(AsRef::as_ref).collect();
        Checked::read(source, expectation)?.unlock_with(&identities)
    }
}

/// The page's word for an error.
pub(crate) fn class(error: &OpenError) -> &'static str {
    match error {
        OpenError::Format(_) => "format",
        OpenError::Expectation(_) => "expectation",
        OpenError::NotAuthentic(_) => "not-authentic",
        OpenError::Damaged { .. } => "damaged",
        OpenError::DamagedMetadata => "damaged-metadata",
        OpenError::Signature(_) => "signature",
        _ => "another",
    }
}

fn local(kek: &mut [u8], key_ref: &[u8]) -> LocalKek {
    let (store, rest) = key_ref.split_first_chunk().unwrap();
    let (key, version) = rest.split_first_chunk().unwrap();
    let version = u32::from_be_bytes(version.try_into().unwrap());
    LocalKek::new(store, key, version, Kek::take_from(kek).unwrap()).unwrap()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "odd number of hex digits");
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

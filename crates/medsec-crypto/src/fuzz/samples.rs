//! Valid packages of several shapes, sealed once per process.

use std::io::Cursor;
use std::sync::OnceLock;

use crate::UnlockedRecipients;
use crate::fuzz::input::stretched;
use crate::header::Header;
use crate::header::slots::Place;
use crate::{
    Checked, Confirmation, ContentType, Context, DatasetId, Dek, DekId, Draft, Execution,
    Expectation, Kek, Limits, LocalKek, LockedPackage, Metadata, NewRecipients, OpenError, Opened,
    PackageFile, PackageId, PackageSpec, PolicyExpectation, PolicyHash, Recipient,
    RecipientProfile, SharedDataKey, SignerExpectation, SigningKey, SlotCondition, Suite,
    Timestamp, Unlocked,
};

/// A valid package and all that is needed to open it.
pub(super) struct Sample {
    pub(super) bytes: Vec<u8>,
    pub(super) plain: Vec<u8>,
    pub(super) metadata: Option<Metadata>,
    pub(super) expectation: Expectation,
    pub(super) layout: Layout,
}

/// Offsets of a package's parts.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    /// Of slot A.
    pub(super) slots: usize,
    pub(super) slot_len: usize,
    /// Of salt and commitment.
    pub(super) payload: usize,
    pub(super) chunks: usize,
    /// Of metadata section or trailer, or the end.
    pub(super) ending: usize,
    pub(super) end: usize,
}

/// How many keys there are.
pub(super) const KEKS: usize = 6;

/// Key encryption keys, the same in every run.
pub(super) fn keks() -> &'static [LocalKek; KEKS] {
    static ALL: OnceLock<[LocalKek; KEKS]> = OnceLock::new();
    ALL.get_or_init(|| {
        std::array::from_fn(|n| {
            let kek = Kek::take_from(&mut [n as u8 + 1; 32]).unwrap();
            LocalKek::new(&[7; 16], &[n as u8; 16], 1, kek).unwrap()
        })
    })
}

/// Every shape; those up to 40 KiB first, the long ones last.
pub(super) fn samples() -> &'static [Sample] {
    static ALL: OnceLock<Vec<Sample>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = short_samples();
        all.push(Shape::signed(17, true).seal(300 * 1024));
        all.push(Shape::plain(18).seal(1_400_000));
        all
    })
}

/// How many of [`samples`] are short.
pub(super) const SHORT: usize = 10;

fn short_samples() -> Vec<Sample> {
    let mut all = vec![
        Shape::plain(0).seal(0),
        Shape { suite: Suite::ChaCha20Poly1305, metadata: true, ..Shape::plain(1) }.seal(100),
        Shape::signed(2, false).seal(16 * 1024),
        Shape::signed(3, true).seal(40 * 1024),
        Shape { profile: RecipientProfile::Blind, ..Shape::plain(4) }.seal(40 * 1024),
        Shape::shared(5).seal(17 * 1024),
        Shape::shared(6).seal(17 * 1024),
        Shape { recipients: 3, metadata: true, ..Shape::plain(7) }.seal(33_000),
        Shape { profile: RecipientProfile::Blind, ..Shape::signed(8, true) }.seal(20_000),
    ];
    all.push(unfinished(&all[3]));
    assert_eq!(all.len(), SHORT);
    all
}

struct Shape {
    number: u8,
    suite: Suite,
    profile: RecipientProfile,
    recipients: usize,
    metadata: bool,
    signed: bool,
    shared: bool,
}

impl Shape {
    const fn plain(number: u8) -> Self {
        Self {
            number,
            suite: Suite::Aes256Gcm,
            profile: RecipientProfile::Authenticated,
            recipients: 1,
            metadata: false,
            signed: false,
            shared: false,
        }
    }

    const fn signed(number: u8, metadata: bool) -> Self {
        Self { signed: true, metadata, ..Self::plain(number) }
    }

    /// Two numbers make two packages that differ in nothing but their name and their salts.
    const fn shared(number: u8) -> Self {
        Self { recipients: 2, shared: true, ..Self::signed(number, true) }
    }

    fn spec(&self) -> PackageSpec {
        let mut spec = PackageSpec {
            suite: self.suite,
            profile: self.profile,
            metadata: self.metadata.then(some_metadata),
            ..PackageSpec::default()
        };
        if self.shared {
            spec.policy = Some(PolicyHash::from_bytes([3; 32]));
            spec.dataset = Some(DatasetId::new("trial-7").unwrap());
            spec.shared_data_key = Some(DekId::from_bytes([5; 16]));
            spec.content_type = Some(ContentType::new("application/dicom").unwrap());
            spec.stored.insert("site", "north").unwrap();
            spec.reproduced.insert("patient", "MRN-0042").unwrap();
        }
        spec
    }

    fn seal(&self, len: usize) -> Sample {
        let spec = self.spec();
        let metadata = spec.metadata.clone();
        let signer = self.signed.then(signer);
        let package_id = PackageId::from_bytes([self.number; 16]);
        let expectation = Expectation {
            policy: spec.policy.map_or(PolicyExpectation::Any, PolicyExpectation::Exactly),
            signer: match &signer {
                Some(signer) => SignerExpectation::OneOf(vec![signer.verifying_key()]),
                None => SignerExpectation::NotRequired,
            },
            keys: keks().iter().map(Recipient::key_ref).collect(),
            reproduced: spec.reproduced.clone(),
            limits: Limits {
                package_id: Some(package_id),
                shared_data_key: if self.shared {
                    SharedDataKey::Accepted
                } else {
                    SharedDataKey::Refused
                },
                ..Limits::default()
            },
        };
        let time = Timestamp::from_unix_seconds(1_800_000_000);
        let draft =
            Draft::with_id(spec, package_id, time, signer.map(std::sync::Arc::new)).unwrap();
        let key = if self.shared { 0xAA } else { self.number };
        let dek = Dek::take_from(&mut [key; 32]).unwrap();
        let bind = draft.bind();
        let wrap = |kek: &LocalKek| kek.wrap_dek(&dek, &bind).unwrap();
        let stanzas = keks()[..self.recipients].iter().map(wrap).collect();
        let plain = stretched(&[self.number, 1, 2, 3, 5, 8, 13], len);
        let bytes = draft.address(dek, stanzas).unwrap().seal_bytes(&plain).unwrap();
        Sample::new(bytes, plain, metadata, expectation)
    }
}

fn signer() -> SigningKey {
    SigningKey::take_from(&mut [9; 32]).unwrap()
}

fn some_metadata() -> Metadata {
    let mut metadata = Metadata::new();
    metadata.file_name = Some("IM-0001.dcm".to_owned());
    metadata.notes = Some("second of two".to_owned());
    metadata
}

/// The same package, its rewrap interrupted before the old recipients were scrubbed.
fn unfinished(sample: &Sample) -> Sample {
    let mut file = InMemory { bytes: Cursor::new(sample.bytes.clone()), slots_written: 0 };
    let unlocked = UnlockedRecipients::from(sample.unlock(&sample.bytes).unwrap());
    let keks = keks();
    let stanzas = unlocked.wrap_for(&[&keks[1], &keks[2]]).unwrap();
    let recipients = NewRecipients::Authenticated { unlocked: &unlocked, stanzas };
    LockedPackage::over(&mut file)
        .unwrap()
        .rewrap(&recipients, |_| Confirmation::NotPermitted)
        .unwrap_err();
    Sample::new(
        file.bytes.into_inner(),
        sample.plain.clone(),
        sample.metadata.clone(),
        sample.expectation.clone(),
    )
}

/// Storage that fails when the second slot is written.
struct InMemory {
    bytes: Cursor<Vec<u8>>,
    slots_written: u8,
}

impl std::io::Read for InMemory {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.bytes.read(out)
    }
}

impl std::io::Write for InMemory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.slots_written += 1;
        if self.slots_written > 1 {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl std::io::Seek for InMemory {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.bytes.seek(to)
    }
}

impl PackageFile for &mut InMemory {
    fn sync(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Sample {
    fn new(
        bytes: Vec<u8>,
        plain: Vec<u8>,
        metadata: Option<Metadata>,
        expectation: Expectation,
    ) -> Self {
        let shape = crate::Inspection::read(Cursor::new(&bytes)).unwrap();
        let payload = shape.header.payload_offset() as usize;
        let layout = Layout {
            slots: shape.header.slots_offset as usize,
            slot_len: shape.header.slot_len(),
            payload,
            chunks: payload + crate::cobblestone::PREFIX_LEN,
            ending: payload + shape.payload_len as usize,
            end: bytes.len(),
        };
        Self { bytes, plain, metadata, expectation, layout }
    }

    /// Everything before the first chunk of `package`, checked and unlocked.
    pub(super) fn unlock(&self, package: &[u8]) -> Result<Unlocked, OpenError> {
        self.unlock_from(&mut &*package)
    }

    /// Reads the header from `reader` and leaves it at the first chunk.
    pub(super) fn unlock_from(
        &self,
        reader: &mut impl std::io::Read,
    ) -> Result<Unlocked, OpenError> {
        let checked = Checked::read(reader, self.expectation.clone())?;
        let identities = keks().each_ref().map(|kek| kek as &dyn crate::Identity);
        checked.unlock_with(&identities)
    }

    /// Opens `package` as a whole, the way that can look at its end first.
    pub(super) fn open(
        &self,
        package: &[u8],
        execution: &Execution<'_>,
    ) -> Result<(Vec<u8>, Opened), OpenError> {
        let unlocked = self.unlock(package)?;
        let (content, opened) =
            unlocked.open_to_memory(Cursor::new(package), u64::MAX, execution)?;
        Ok((content.to_vec(), opened))
    }

    /// States what follows from `package` having opened: it is this one, but for the unused slot.
    pub(super) fn assert_genuine(&self, package: &[u8], content: &[u8], opened: &Opened) {
        assert!(content == self.plain, "another content");
        assert!(opened.metadata == self.metadata, "other metadata");
        assert_eq!(opened.plain_len, self.plain.len() as u64);
        let Layout { slots, slot_len, payload, .. } = self.layout;
        assert!(package[..slots] == self.bytes[..slots], "another core");
        assert!(package[payload..] == self.bytes[payload..], "another payload or ending");
        let header = Header::read(&mut &*package).unwrap();
        let slot = |bytes: &[u8], place: Place| {
            let start = slots + header.slots.offset(place) as usize;
            bytes[start..start + slot_len].to_vec()
        };
        let place = header.slots.place();
        if header.core().profile == RecipientProfile::Authenticated {
            let used = slot(package, place);
            // A sample may be an earlier or a later state of the same package.
            let mut states =
                samples().iter().filter(|state| state.bytes.starts_with(&self.bytes[..slots]));
            let genuine = |state: &Self| {
                [Place::A, Place::B].map(|place| slot(&state.bytes, place)).contains(&used)
            };
            assert!(states.any(genuine), "other recipients");
        }
        let scrubbed = slot(package, place.other()).iter().all(|b| *b == 0);
        assert_eq!(opened.slots == SlotCondition::Clean, scrubbed);
    }

    /// A reproduced context with other values under the same names.
    pub(super) fn other_context(&self) -> Context {
        let mut other = Context::new();
        for (key, value) in self.expectation.reproduced.iter() {
            other.insert(key.as_str(), &format!("{value}x")).unwrap();
        }
        other
    }
}

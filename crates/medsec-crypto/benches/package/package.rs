//! Packages to measure with.

use std::io::Cursor;
use std::sync::Arc;

use medsec_crypto::{
    Checked, Context, Draft, Execution, Expectation, Header, Identity, Kek, KeyRef, Limits,
    LocalKek, PackageSpec, PolicyExpectation, SealError, Sealer, SideCar, SignerExpectation,
    SigningKey, Timestamp, Unlocked,
};

pub(crate) struct Prepared {
    pub(crate) package: Vec<u8>,
    pub(crate) unlocked: Unlocked,
    pub(crate) side_car: Option<SideCar>,
    pub(crate) signed: bool,
    chunks_start: usize,
    chunks_len: usize,
    kek: LocalKek,
}

impl Prepared {
    /// A fresh package to seal into.
    pub(crate) fn sealer(&self) -> Sealer {
        draft(&self.kek, self.signed).unwrap()
    }

    /// The encrypted chunks.
    pub(crate) fn chunks(&self) -> &[u8] {
        &self.package[self.chunks_start..][..self.chunks_len]
    }
}

fn signer() -> SigningKey {
    SigningKey::take_from(&mut [7; 32]).unwrap()
}

fn draft(kek: &LocalKek, signed: bool) -> Result<Sealer, SealError> {
    let created_at = Timestamp::from_unix_seconds(1_800_000_000);
    Draft::new(PackageSpec::default(), created_at, signed.then(|| Arc::new(signer())))?
        .seal_to(&[kek])
}

fn expectation(key: KeyRef, signed: bool) -> Expectation {
    Expectation {
        policy: PolicyExpectation::Any,
        signer: if signed {
            SignerExpectation::OneOf(vec![signer().verifying_key()])
        } else {
            SignerExpectation::NotRequired
        },
        keys: vec![key],
        reproduced: Context::new(),
        limits: Limits::default(),
    }
}

pub(crate) fn prepare(content: &[u8], signed: bool) -> Prepared {
    let kek = LocalKek::new(&[1; 16], &[2; 16], 1, Kek::generate().unwrap()).unwrap();
    let mut package = Vec::with_capacity(content.len() + content.len() / 512 + 65_536);
    draft(&kek, signed).unwrap().seal(content, &mut package, &Execution::parallel()).unwrap();
    let header = Header::read(&mut Cursor::new(&package)).unwrap();
    let inspection = medsec_crypto::Inspection::read(Cursor::new(&package)).unwrap();
    let before = inspection.immutable_len + 4 + 2 * header.slot_len() as u64 + 56;
    let side_car = signed.then(|| {
        let source = Cursor::new(&package);
        SideCar::build(&header, source, u64::MAX, &Execution::default()).unwrap()
    });
    let checked =
        Checked::read(&mut Cursor::new(&package), expectation(Identity::key_ref(&kek), signed));
    Prepared {
        unlocked: checked.unwrap().unlock_with(&[&kek]).unwrap(),
        chunks_start: before as usize,
        chunks_len: (inspection.payload_len - 56) as usize,
        side_car,
        signed,
        kek,
        package,
    }
}

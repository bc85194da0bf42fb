//! Reading a part of a signed package: a side-car lets the reader check the signature once and then fetch
//! only what it needs.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;

use medsec_crypto::{
    Backend, Checked, Context, Draft, Execution, Expectation, Header, HpkeIdentity, HpkeKind,
    Identity, Limits, PackageSpec, PolicyExpectation, RangeError, SideCar, SignerExpectation,
    SigningKey, Timestamp,
};

fn main() -> Result<(), Box<dyn Error>> {
    let reader = HpkeIdentity::generate(HpkeKind::X25519)?;
    let scanner = SigningKey::generate()?;
    let signer = scanner.verifying_key();
    let volume: Vec<u8> = (0..4_u32 << 20).flat_map(u32::to_be_bytes).collect();
    let created_at = Timestamp::from(std::time::SystemTime::now());
    let package = Draft::new(PackageSpec::default(), created_at, Some(Arc::new(scanner)))?
        .seal_to(&[reader.recipient()])?
        .seal_bytes(&volume)?;

    let expectation = Expectation {
        policy: PolicyExpectation::Any,
        signer: SignerExpectation::OneOf(vec![signer]),
        keys: vec![reader.key_ref()],
        reproduced: Context::new(),
        limits: Limits::default(),
    };
    let unlocked =
        Checked::read(&mut Cursor::new(&package), expectation)?.unlock_with(&[&reader])?;

    // A signer is required, and a range alone proves nothing about it.
    let alone = unlocked.ranged(Cursor::new(&package), Backend::default());
    println!("without a side-car refused: {}", matches!(alone, Err(RangeError::SideCarNeeded)));

    // Made once by anyone, for instance by whoever stores the package.
    let header = Header::read(&mut Cursor::new(&package))?;
    let execution = Execution::default();
    let side_car = SideCar::build(&header, Cursor::new(&package), 1 << 32, &execution)?;

    let mut slice = [0; 8];
    let mut content = unlocked.ranged_with(Cursor::new(&package), side_car, Backend::default())?;
    content.seek(SeekFrom::Start(8 << 20))?;
    content.read_exact(&mut slice)?;
    println!("8 bytes from 8 MiB on: {slice:?}");
    Ok(())
}

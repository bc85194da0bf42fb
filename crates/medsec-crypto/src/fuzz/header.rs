//! Preamble and core.

use std::io::Cursor;

use crate::fuzz::input::Input;
use crate::fuzz::samples::{SHORT, samples};
use crate::header::core::Core;
use crate::header::preamble::{PREAMBLE_LEN, Preamble};
use crate::header::tlv::{FIRST_OPTIONAL_TAG, parse_fields};
use crate::{
    ContentType, Context, ContextKey, DatasetId, DekId, Header, HeaderError, Inspection, OpenError,
    PackageId, Part, PolicyHash, RecipientProfile, Suite, Timestamp, VerifyingKey,
};

/// The input as a whole header, as a preamble, as a core, as the core of an otherwise valid package,
/// and as the choice of a core's fields. What parses encodes to the same bytes, and no core but the
/// original one opens.
pub fn header(data: &[u8]) {
    whole(data);
    preamble(data);
    core(data);
    core_of_a_package(data);
    chosen_fields(&mut Input::new(data));
}

fn whole(data: &[u8]) {
    match Header::read(&mut &*data) {
        Ok(header) => {
            let immutable = header.slots_offset as usize - 4;
            assert_eq!(header.hash().as_bytes(), &crate::backend::sha512(&[&data[..immutable]]));
            assert!(immutable <= PREAMBLE_LEN + 64 * 1024);
            assert!(header.payload_offset() as usize <= data.len());
            let _ = (header.bind(), format!("{header:?}"));
        }
        Err(HeaderError::Io(error)) => unreachable!("a slice does not fail: {error}"),
        Err(HeaderError::Format(error)) => drop(error.to_string()),
    }
    let _ = Inspection::read(Cursor::new(data));
}

fn preamble(data: &[u8]) {
    if let Ok(preamble) = Preamble::parse(data) {
        assert_eq!(preamble.to_bytes(), data[..PREAMBLE_LEN]);
        assert!(preamble.core_len <= 64 * 1024);
    }
}

fn core(data: &[u8]) {
    let Ok(core) = Core::parse(data) else { return };
    let encoded = core.encode();
    let fields = parse_fields(&data[20..], Part::Core).unwrap();
    assert!(fields.len() <= 64);
    if fields.iter().all(|(tag, _)| *tag < FIRST_OPTIONAL_TAG) {
        assert!(encoded == data, "another encoding of the same core");
    } else {
        assert!(encoded.len() < data.len());
    }
    assert!(Core::parse(&encoded).unwrap() == core);
}

fn core_of_a_package(data: &[u8]) {
    let mut input = Input::new(data);
    let sample = input.pick(&samples()[..SHORT]);
    let suite = *input.pick(&[Suite::Aes256Gcm, Suite::ChaCha20Poly1305]);
    let core = input.rest();
    let preamble = Preamble { suite, core_len: core.len() };
    let rest = &sample.bytes[sample.layout.slots - 4..];
    let package = [&preamble.to_bytes(), core, rest].concat();
    let header = Header::read(&mut &*package);
    if let Ok(header) = header {
        assert!(Core::parse(core).unwrap() == *header.core());
        assert_eq!(header.suite(), suite);
        let mut sample_expectation = sample.expectation.clone();
        sample_expectation.limits.package_id = None;
        drop(header.check(sample_expectation));
    }
    match sample.unlock(&package) {
        Ok(_) => assert!(package == sample.bytes, "another core opens"),
        Err(OpenError::Read(error)) => unreachable!("a slice does not fail: {error}"),
        Err(error) => drop(error.to_string()),
    }
}

fn chosen_fields(input: &mut Input<'_>) {
    let choice = input.u16();
    let has = |bit: u16| choice >> bit & 1 == 1;
    let core = Core {
        package_id: PackageId::from_bytes(input.array()),
        profile: if has(0) { RecipientProfile::Blind } else { RecipientProfile::Authenticated },
        has_metadata: has(1),
        policy: has(2).then(|| PolicyHash::from_bytes(input.array())),
        dataset: has(3).then(|| DatasetId::new(&input.text(130)).ok()).flatten(),
        dek_id: has(4).then(|| DekId::from_bytes(input.array())),
        signer: has(5).then(|| VerifyingKey::from_bytes(&input.array()).ok()).flatten(),
        content_type: has(6).then(|| ContentType::new(&input.text(130)).ok()).flatten(),
        created_at: Timestamp::from_unix_seconds(input.u64()),
        stored: if has(7) { chosen_context(input) } else { Context::new() },
        reproduced_names: if has(8) {
            chosen_context(input).keys().cloned().collect()
        } else {
            Vec::<ContextKey>::new()
        },
    };
    let encoded = core.encode();
    match core.check() {
        Ok(()) => assert!(Core::parse(&encoded).unwrap() == core),
        Err(error) => assert_eq!(Core::parse(&encoded).unwrap_err(), error),
    }
}

/// A context of whatever pairs are accepted.
pub(super) fn chosen_context(input: &mut Input<'_>) -> Context {
    let mut context = Context::new();
    for _ in 0..input.below(40) {
        let (key, value) = (input.text(66), input.text(40));
        let _ = context.insert(&key, &value);
    }
    context
}

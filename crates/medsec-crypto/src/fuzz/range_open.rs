//! Ranges against the whole content.

use std::io::{Cursor, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::sync::OnceLock;

use crate::fuzz::input::{Input, stretched};
use crate::fuzz::readers::{Choppy, Plan};
use crate::fuzz::samples::keks;
use crate::{
    Backend, Checked, Draft, Execution, Expectation, Limits, LocalKek, OpenError, PackageId,
    PackageSpec, PolicyExpectation, RangeError, RangeReader, Recipient as _, SideCar,
    SignatureError, SignerExpectation, SigningKey, Timestamp, Unlocked,
};

const CHUNK: usize = 16 * 1024;

/// Most steps with one reader.
const MOST: usize = 12;

/// Ranges and seeks of the fuzzer's choice over a package of a length of its choice, signed with a
/// side-car or not, perhaps damaged in one place. Every answer equals the content; one that covers the
/// damage is an error. The oracle is the content that was sealed, which the whole package opens to.
pub fn range_open(data: &[u8]) {
    let mut input = Input::new(data);
    let package = Package::choose(&mut input);
    let backend = *input.pick(Backend::ALL);
    let plan = Plan::choose(&mut input);
    let unlocked = package.unlock();
    let content = unlocked
        .open_to_memory(Cursor::new(&package.bytes), u64::MAX, &Execution::default())
        .unwrap()
        .0;
    assert!(*content == package.plain);
    let mut bytes = package.bytes.clone();
    let damaged = damage(&mut input, &package, &mut bytes);
    let reader = open(&mut input, &package, &unlocked, plan.over(&bytes), backend);
    let Some(reader) = reader else { return };
    let mut model =
        Model { reader, oracle: Cursor::new(&package.plain), damaged, grouped: package.signed };
    for _ in 0..MOST {
        if input.is_empty() {
            break;
        }
        model.step(&mut input);
    }
}

struct Package {
    bytes: Vec<u8>,
    plain: Vec<u8>,
    signed: bool,
    side_car: Option<SideCar>,
}

impl Package {
    fn choose(input: &mut Input<'_>) -> Self {
        let kind = input.u8();
        let signed = kind & 1 == 1;
        if kind >= 0xE0 {
            return Self::long(signed);
        }
        // Lengths close to the end of a chunk, or anywhere in it.
        let chunks = input.below(6) * CHUNK;
        let within = match kind >> 1 & 3 {
            0 => usize::from(input.u8()),
            1 => CHUNK - usize::from(input.u8()).min(CHUNK),
            _ => input.below(CHUNK),
        };
        Self::seal(chunks + within, signed)
    }

    /// Of more than one group of 64 chunks; sealed once.
    fn long(signed: bool) -> Self {
        static LONG: [OnceLock<(Vec<u8>, Vec<u8>)>; 2] = [OnceLock::new(), OnceLock::new()];
        let (bytes, plain) = LONG[usize::from(signed)].get_or_init(|| {
            let package = Self::seal(66 * CHUNK + 100, signed);
            (package.bytes, package.plain)
        });
        Self::of(bytes.clone(), plain.clone(), signed)
    }

    fn seal(len: usize, signed: bool) -> Self {
        let plain = stretched(&[1, 2, 3, 5, 7, 11, 13], len);
        let signer = signed.then(|| SigningKey::take_from(&mut [9; 32]).unwrap());
        let id = PackageId::from_bytes([1; 16]);
        let time = Timestamp::from_unix_seconds(1);
        let bytes =
            Draft::with_id(PackageSpec::default(), id, time, signer.map(std::sync::Arc::new))
                .unwrap()
                .seal_to(&[&keks()[0]])
                .unwrap()
                .seal_bytes(&plain)
                .unwrap();
        Self::of(bytes, plain, signed)
    }

    fn of(bytes: Vec<u8>, plain: Vec<u8>, signed: bool) -> Self {
        let mut package = Self { bytes, plain, signed, side_car: None };
        if signed {
            let unlocked = package.unlock();
            let source = Cursor::new(&package.bytes);
            let execution = Execution::default();
            let made = SideCar::build(unlocked.header(), source, u64::MAX, &execution).unwrap();
            let mut file = Vec::new();
            made.write(&mut file).unwrap();
            assert!(SideCar::parse(&file).unwrap() == made);
            package.side_car = Some(made);
        }
        package
    }

    fn unlock(&self) -> Unlocked {
        let signer = SigningKey::take_from(&mut [9; 32]).unwrap().verifying_key();
        let expectation = Expectation {
            policy: PolicyExpectation::Any,
            signer: if self.signed {
                SignerExpectation::OneOf(vec![signer])
            } else {
                SignerExpectation::NotRequired
            },
            keys: vec![keks()[0].key_ref()],
            reproduced: crate::Context::new(),
            limits: Limits::default(),
        };
        let kek: &LocalKek = &keks()[0];
        Checked::read(&mut &*self.bytes, expectation).unwrap().unlock_with(&[kek]).unwrap()
    }
}

/// Perhaps flips a bit of the payload; says in which chunk.
fn damage(input: &mut Input<'_>, package: &Package, bytes: &mut [u8]) -> Option<usize> {
    if input.u8() % 4 != 3 {
        return None;
    }
    let shape = crate::Inspection::read(Cursor::new(&package.bytes)).unwrap();
    let start = (shape.header.payload_offset() + 56) as usize;
    let end = start - 56 + shape.payload_len as usize;
    let at = start + input.below(end - start);
    bytes[at] ^= 1 << (input.u8() % 8);
    Some((at - start) / (CHUNK + 16))
}

/// One of the ways to a reader; none where the way itself refuses, as it must.
fn open<'b>(
    input: &mut Input<'_>,
    package: &Package,
    unlocked: &Unlocked,
    source: Choppy<'b>,
    backend: Backend,
) -> Option<RangeReader<Choppy<'b>>> {
    let Some(side_car) = package.side_car.clone() else {
        return Some(unlocked.ranged(source, backend).unwrap());
    };
    match input.below(3) {
        0 => Some(unlocked.ranged_with(source, side_car, backend).unwrap()),
        1 => {
            let refused = unlocked.ranged(source, backend);
            assert!(matches!(refused, Err(RangeError::SideCarNeeded)));
            None
        }
        _ => {
            let mut file = Vec::new();
            side_car.write(&mut file).unwrap();
            let at = input.below(file.len());
            file[at] ^= 1 << (input.u8() % 8);
            if let Ok(other) = SideCar::parse(&file) {
                let refused = unlocked.ranged_with(source, other, backend);
                let payload = SignatureError::Payload;
                assert!(
                    matches!(refused, Err(RangeError::Open(OpenError::Signature(e))) if e == payload)
                );
            }
            None
        }
    }
}

/// A reader beside what it must be equal to.
struct Model<'b> {
    reader: RangeReader<Choppy<'b>>,
    oracle: Cursor<&'b Vec<u8>>,
    damaged: Option<usize>,
    grouped: bool,
}

impl Model<'_> {
    fn step(&mut self, input: &mut Input<'_>) {
        match input.below(8) {
            0..=3 => self.range(input),
            4 => self.seek(input),
            5 | 6 => self.read(input),
            _ => self.content_len(),
        }
    }

    fn offset(&self, input: &mut Input<'_>) -> u64 {
        let len = self.oracle.get_ref().len();
        match input.below(6) {
            0 => len as u64,
            1 => input.u64(),
            2 => u64::MAX - u64::from(input.u8()),
            3 => (input.below(len / CHUNK + 1) * CHUNK + usize::from(input.u8())) as u64,
            _ => input.below(len + 2) as u64,
        }
    }

    fn buffer(input: &mut Input<'_>) -> Vec<u8> {
        let len = if input.flag() { usize::from(input.u8()) } else { usize::from(input.u16()) };
        vec![0xEE; len]
    }

    /// Whether a range needs the damaged chunk.
    fn touches(&self, offset: u64, len: usize) -> bool {
        let Some(damaged) = self.damaged else {
            return false;
        };
        let total = self.oracle.get_ref().len();
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(total);
        let end = start.saturating_add(len).min(total);
        (start / CHUNK..end.div_ceil(CHUNK)).contains(&damaged) && start < end
    }

    fn compare(&self, offset: u64, out: &[u8], read: Option<usize>) {
        let total = self.oracle.get_ref().len();
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(total);
        let end = start.saturating_add(out.len()).min(total);
        match read {
            Some(read) => {
                assert!(!self.touches(offset, out.len()), "damage not noticed");
                assert!(out[..read] == self.oracle.get_ref()[start..end]);
            }
            None => assert!(self.damaged.is_some(), "refused without damage"),
        }
        // Without groups and read-ahead damage elsewhere does not matter, but for the last chunk.
        if let (None, Some(damaged), false) = (read, self.damaged, self.grouped) {
            let last = damaged == total / CHUNK;
            let ahead = damaged >= start / CHUNK;
            assert!(last || ahead, "damage elsewhere");
        }
    }

    fn range(&mut self, input: &mut Input<'_>) {
        let offset = self.offset(input);
        let mut out = Self::buffer(input);
        let read = self.reader.read_range(offset, &mut out).ok();
        self.compare(offset, &out, read);
    }

    fn read(&mut self, input: &mut Input<'_>) {
        let offset = self.oracle.position();
        let mut out = Self::buffer(input);
        let read = self.reader.read(&mut out).ok();
        self.compare(offset, &out, read);
        self.oracle.set_position(offset + read.unwrap_or(0) as u64);
        assert_eq!(self.reader.stream_position().unwrap(), self.oracle.position());
    }

    fn seek(&mut self, input: &mut Input<'_>) {
        let to = match input.below(3) {
            0 => SeekFrom::Start(self.offset(input)),
            1 => SeekFrom::Current(input.u64().cast_signed() >> (input.u8() % 64)),
            _ => SeekFrom::End(input.u64().cast_signed() >> (input.u8() % 64)),
        };
        match (self.reader.seek(to), self.oracle.seek(to)) {
            (Ok(one), Ok(other)) => assert_eq!(one, other),
            (Err(one), Err(other)) if one.kind() == ErrorKind::InvalidInput => {
                assert_eq!(one.kind(), other.kind());
            }
            (one, other) => {
                // Only a damaged last chunk may hide the length.
                assert!(self.damaged.is_some() && matches!(to, SeekFrom::End(_)));
                assert!(one.is_err());
                let position = self.reader.stream_position().unwrap();
                self.oracle.set_position(position);
                drop(other);
            }
        }
    }

    fn content_len(&mut self) {
        match self.reader.content_len() {
            Ok(len) => assert_eq!(len, self.oracle.get_ref().len() as u64),
            Err(_) => assert!(self.damaged.is_some()),
        }
    }
}

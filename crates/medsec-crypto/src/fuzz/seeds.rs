//! Where fuzzing starts from: real encodings for the parsers, a few choices of every kind for the rest.

use std::io::Cursor;

use crate::fuzz::samples::{SHORT, Sample, samples};
use crate::{Execution, Header, SideCar};

/// The seeds of a target; random salts make them differ from run to run.
pub(super) fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "header" => header(),
        "slots" => slots(),
        "metadata" => metadata(),
        "trailer" => trailer(),
        "context" => context(),
        "manifest" => crate::fuzz::manifest::seeds(),
        "mutate_package" => edits(&[], 20),
        "stream_open" => edits(&[0, 0, 4, 0, 120, 230, 255, 0, 0, 0, 2, 9, 210], 12),
        "range_open" => ranges(),
        "rewrap" => rewraps(),
        "backend_differential" => choices(2, 8, 200),
        _ => Vec::new(),
    }
}

fn short() -> impl Iterator<Item = (u8, &'static Sample)> {
    (0..).zip(&samples()[..SHORT])
}

fn header() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (number, sample) in short() {
        let core = &sample.bytes[16..sample.layout.slots - 4];
        seeds.push(core.to_vec());
        seeds.push([&[number, number & 1], core].concat());
    }
    let optional = [&seeds[0][..], &[0x80, 1, 0, 0, 0, 2, 7, 7]].concat();
    seeds.push(optional);
    seeds.push(samples()[0].bytes[..samples()[0].layout.chunks].to_vec());
    seeds.extend(chosen(40));
    seeds
}

fn slots() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (_, sample) in short() {
        let slot = &sample.bytes[sample.layout.slots..];
        let body_len = u32::from_be_bytes(slot[8..12].try_into().unwrap()) as usize;
        let body = &slot[12..12 + body_len];
        let len = (body_len as u16).to_be_bytes();
        // The pair: slot length, profile, a whole slot A, slot B unused or whole with generation 2.
        for second in [&[0][..], &[0x22, 2]] {
            let head = [&[1, 0, 1, 0x22, 1], &len[..], body, second].concat();
            seeds.push([head.as_slice(), &len, body].concat());
        }
    }
    seeds.push([&[0, 3], &[0, 3, b'a', b'b', b'c'][..], &[1, 2, b'k', b'1'], &[7; 40]].concat());
    seeds.extend(chosen(60).into_iter().map(|seed| [&[0], &seed[..]].concat()));
    seeds
}

fn metadata() -> Vec<Vec<u8>> {
    let fields: [&[u8]; 4] = [
        b"\0\x01\0\0\0\x05a.dcm",
        b"\0\x03\0\0\0\x08\0\0\0\0\0\0\0\x09",
        b"\0\x08\0\0\0\x02hi",
        b"\x80\x01\0\0\0\x01x",
    ];
    let mut seeds: Vec<Vec<u8>> = (0..16_u8)
        .map(|mask| {
            let kept = fields.iter().zip(0..).filter(|(_, n)| mask >> n & 1 == 1);
            let plain: Vec<u8> = kept.flat_map(|(field, _)| field.to_vec()).collect();
            [&[mask << 3 & 0x18], &plain[..]].concat()
        })
        .collect();
    seeds.extend(chosen(50).into_iter().map(|seed| [&[2], &seed[..]].concat()));
    seeds.extend(chosen(20).into_iter().map(|seed| [&[3], &seed[..]].concat()));
    seeds
}

fn trailer() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (_, sample) in short() {
        let ending = &sample.bytes[sample.layout.ending..];
        seeds.push(ending.to_vec());
        if sample.metadata.is_none() && ending.len() == 140 || sample.plain.len() > 30_000 {
            let header = Header::read(&mut &*sample.bytes).unwrap();
            let source = Cursor::new(&sample.bytes);
            let execution = Execution::default();
            if let Ok(made) = SideCar::build(&header, source, u64::MAX, &execution) {
                let mut file = Vec::new();
                made.write(&mut file).unwrap();
                seeds.push(file);
                seeds.push(ending[ending.len() - 140..].to_vec());
            }
        }
    }
    seeds
}

fn context() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = vec![
        b"\0\0".to_vec(),
        b"\0\x01\0\x04site\0\x05north".to_vec(),
        b"\0\x02\0\x01a\0\0\0\x07patient\0\x08MRN-0042".to_vec(),
        b"\0\x02\0\x01a\0\x07patient".to_vec(),
        b"\x04site\0\x05north\x04role\0\x03doc\x04site\0\x01x".to_vec(),
        b"\x01a\xff\x28aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_vec(),
    ];
    seeds.extend(chosen(30));
    seeds
}

/// Each kind of edit once, on packages of changing shape.
fn edits(before: &[u8], kinds: u8) -> Vec<Vec<u8>> {
    let kinds = (0..kinds).zip((0..SHORT as u8).cycle());
    kinds
        .map(|(kind, shape)| {
            let edit = [kind, kind % 8, 1, 9 * kind, 3, 200, 17, 6, 5, 4];
            let start =
                if before.is_empty() { vec![shape] } else { [&[shape], &before[1..]].concat() };
            [&start[..], &[shape.wrapping_mul(3)], &edit].concat()
        })
        .collect()
}

fn ranges() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for kind in [0, 1, 2, 3, 4, 5, 0xE0, 0xE1] {
        for steps in chosen(48) {
            seeds.push([&[kind, kind % 6, 40, kind & 1, 0, 0, 0], &steps[..]].concat());
        }
    }
    seeds
}

fn rewraps() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for shape in 0..4 {
        for mask in [1, 0x42, 0x87, 0x3F] {
            for plan in [0, 1, 5, 13, 17] {
                let step = [mask, 2, 3, 0, 0, 0, plan, 9, 1, 44, 70, plan % 3, 0, 0];
                seeds.push([&[shape], &step[..], &step[..], &step[..]].concat());
            }
        }
    }
    seeds
}

/// `first` times `second` seeds that start with two different choices.
fn choices(first: u8, second: u8, len: usize) -> Vec<Vec<u8>> {
    let pairs = (0..first).flat_map(|one| (0..second).map(move |other| (one, other)));
    pairs.map(|(one, other)| [&[one, other], &pattern(other, len)[..]].concat()).collect()
}

fn chosen(len: usize) -> Vec<Vec<u8>> {
    (0..4).map(|number| pattern(number, len)).collect()
}

/// Bytes without meaning, the same in every run.
fn pattern(number: u8, len: usize) -> Vec<u8> {
    let mut state = u32::from(number).wrapping_mul(0x9E37_79B9) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

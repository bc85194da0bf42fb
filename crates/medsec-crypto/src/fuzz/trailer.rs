//! What follows the payload, and the side-car.

use std::io::Cursor;

use crate::fuzz::samples::{SHORT, Sample, samples};
use crate::open::{Ending, Seekable};
use crate::trailer::{TRAILER_LEN, Trailer};
use crate::{Execution, Header, SideCar};

/// The input as a trailer, as the end of packages with and without metadata and signature, and as a
/// side-car. Lengths stay within their bounds, what parses says what the bytes say, and nothing that
/// nobody signed verifies.
pub fn trailer(data: &[u8]) {
    alone(data);
    for sample in &samples()[..SHORT] {
        let header = Header::read(&mut &*sample.bytes).unwrap();
        ending(&header, data);
        swapped(sample, &header, data);
    }
    side_car(data);
}

fn alone(data: &[u8]) {
    let Ok(trailer) = Trailer::parse(data) else {
        return;
    };
    assert_eq!(data.len(), TRAILER_LEN);
    assert_eq!(data[..4], *b"MSPT");
    assert_eq!(data[4..12], trailer.statement.payload_len.to_be_bytes());
    assert_eq!(data[12..44], *trailer.statement.root.as_bytes());
    assert_eq!(data[44..76], trailer.statement.metadata_digest);
}

fn ending(header: &Header, data: &[u8]) {
    let (fixed, most) = (Ending::fixed_len(header), Ending::max_len(header));
    let Ok(len) = Ending::len(header, data) else {
        return;
    };
    assert!((fixed..=most).contains(&len));
    let Some(start) = data.len().checked_sub(len) else {
        return;
    };
    let Ok(ending) = Ending::parse(header, &data[start..], start as u64) else {
        return;
    };
    let section = ending.section.map_or(0, |section| section.len());
    let trailer = ending.trailer.map_or(0, |_| TRAILER_LEN);
    assert_eq!(section + trailer, len);
    assert_eq!(section > 0, header.core().has_metadata);
    assert_eq!(trailer > 0, header.core().signer.is_some());
}

/// `data` in place of the genuine ending.
fn swapped(sample: &Sample, header: &Header, data: &[u8]) {
    let (body, genuine) = sample.bytes.split_at(sample.layout.ending);
    let package = [body, data].concat();
    let Ok(seekable) = Seekable::new(header, Cursor::new(&package), u64::MAX) else {
        return;
    };
    let (_, _, ending) = seekable.into_parts();
    if let Some(trailer) = ending.trailer {
        let signed = trailer.verify(header).is_ok();
        let same = package.ends_with(&genuine[genuine.len() - TRAILER_LEN..]);
        assert_eq!(signed, same, "a signature that nobody made");
    }
    if sample.plain.len() < 20_000 {
        match sample.open(&package, &Execution::default()) {
            // The seeds hold sections that another process sealed under the same data key.
            Ok((content, opened)) => {
                assert!(header.core().signer.is_none() || data == genuine);
                assert!(content == sample.plain && opened.metadata == sample.metadata);
            }
            Err(_) => assert!(data != genuine, "the original does not open"),
        }
    }
}

fn side_car(data: &[u8]) {
    let Ok(side_car) = SideCar::parse(data) else {
        return;
    };
    let mut written = Vec::new();
    side_car.write(&mut written).unwrap();
    assert!(written == data, "another encoding");
    assert!(SideCar::read(&mut &*data).unwrap() == side_car);
    for sample in samples()[..SHORT].iter() {
        let header = Header::read(&mut &*sample.bytes).unwrap();
        let source = Cursor::new(&sample.bytes);
        let (_, _, ending) = Seekable::new(&header, source, u64::MAX).unwrap().into_parts();
        if side_car.verify(&header, &ending).is_ok() {
            let source = Cursor::new(&sample.bytes);
            let built = SideCar::build(&header, source, u64::MAX, &Execution::default());
            assert!(built.unwrap() == side_car, "another side-car verifies");
        }
    }
}

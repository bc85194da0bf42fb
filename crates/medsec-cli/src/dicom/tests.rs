use std::io::Write as _;

use dicom_core::value::{DataSetSequence, PrimitiveValue, Value};
use dicom_core::{DataElement, Length, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use medsec_crypto::HpkeIdentity;

use super::*;

/// With sequences before and around decoys of the same tags.
fn object(items: Length) -> InMemDicomObject {
    let text = |tag, text: &str| DataElement::new(tag, VR::UI, PrimitiveValue::from(text));
    let item = InMemDicomObject::from_element_iter([
        text(tags::SOP_INSTANCE_UID, "1.1.1"),
        text(tags::STUDY_INSTANCE_UID, "1.1.2"),
    ]);
    let nested = DataElement::new_with_len(
        tags::REFERENCED_IMAGE_SEQUENCE,
        VR::SQ,
        items,
        Value::from(DataSetSequence::new(vec![item.clone(), item], items)),
    );
    let outer = InMemDicomObject::from_element_iter([nested]);
    let sequence = DataElement::new_with_len(
        tags::REFERENCED_STUDY_SEQUENCE,
        VR::SQ,
        items,
        Value::from(DataSetSequence::new(vec![outer], items)),
    );
    InMemDicomObject::from_element_iter([
        text(tags::SOP_CLASS_UID, uids::CT_IMAGE_STORAGE),
        text(tags::SOP_INSTANCE_UID, "1.2.3"),
        sequence,
        DataElement::new(tags::PATIENT_NAME, VR::PN, PrimitiveValue::from("Doe")),
        text(tags::STUDY_INSTANCE_UID, "1.2.34"),
        text(tags::SERIES_INSTANCE_UID, "1.2.345"),
        DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::from([0_u16; 4])),
    ])
}

fn written(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

fn encoded(syntax: &str, items: Length) -> Vec<u8> {
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(syntax)
        .media_storage_sop_class_uid(uids::CT_IMAGE_STORAGE)
        .media_storage_sop_instance_uid("1.2.3");
    let mut bytes = Vec::new();
    let object = object(items).with_meta(meta).unwrap();
    object.write_all(&mut bytes).unwrap();
    bytes
}

fn found(bytes: &[u8]) -> Option<[Option<String>; 3]> {
    let mut file = written(bytes);
    let found = recognise(&mut file).unwrap();
    assert_eq!(file.stream_position().unwrap(), 0);
    found.map(|ids| [ids.study, ids.series, ids.instance])
}

/// A DICOM file in explicit little endian with these elements.
fn crafted(elements: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; PREAMBLE_LEN];
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(b"\x02\0\x10\0UI\x14\x001.2.840.10008.1.2.1\0");
    bytes.extend_from_slice(elements);
    bytes
}

const INSTANCE: &[u8] = b"\x08\0\x18\0UI\x04\x001.2\0";

#[test]
fn other_files_are_not_dicom() {
    let long = [vec![0; PREAMBLE_LEN], b"DICX".to_vec(), vec![0; 4096]].concat();
    for bytes in [b"".as_slice(), b"DICM", &[0; 131], &long] {
        assert_eq!(found(bytes), None);
    }
}

#[test]
fn malformed_files_give_what_stands_before() {
    let instance = Some("1.2".to_owned());
    // An element that claims 4 GiB, one of unknown kind, one that is cut, a stray delimiter.
    for bad in [
        b"\x09\0\x01\0UT\0\0\xFE\xFF\xFF\xFFx".as_slice(),
        b"\x09\0\x01\0UN\0\0\xFF\xFF\xFF\xFF",
        b"\x09\0\x01\0\x01\x02\x02\0xx",
        b"\x09\0\x01",
        b"\xFE\xFF\x0D\xE0\0\0\0\0",
    ] {
        let bytes = crafted(&[INSTANCE, bad, b"\x20\0\x0D\0UI\x04\x001.3\0"].concat());
        assert_eq!(found(&bytes), Some([None, None, instance.clone()]));
    }
    assert_eq!(found(&crafted(b"")), Some([None, None, None]));
}

#[test]
fn malformed_identifiers_are_left_out() {
    for bad in ["KOWALSKA", "", "1.2\n3", &"1".repeat(66)] {
        let len = u8::try_from(bad.len()).unwrap();
        let element = [b"\x08\0\x18\0UI", [len, 0].as_slice(), bad.as_bytes()].concat();
        assert_eq!(found(&crafted(&element)), Some([None, None, None]), "{bad}");
    }
}

#[test]
fn deep_nesting_costs_nothing() {
    let level =
        b"\x08\0\x10\x11SQ\0\0\xFF\xFF\xFF\xFF\xFE\xFF\0\xE0\xFF\xFF\xFF\xFF".repeat(80_000);
    let bytes = crafted(&[INSTANCE, &level].concat());
    assert_eq!(found(&bytes), Some([None, None, Some("1.2".to_owned())]));
}

#[test]
fn identifiers_behind_the_first_mebibyte_are_left_out() {
    let bytes = crafted(&[&long_element(2 * 1024 * 1024), INSTANCE].concat());
    assert_eq!(found(&bytes), Some([None, None, None]));
}

#[test]
fn identifiers_behind_a_long_element_are_found() {
    let [short, longer, longest] = LOOKS;
    for len in [short - 100, short, short + 100, longer - 100, longer, longest - 100] {
        let bytes = crafted(&[&long_element(len), INSTANCE].concat());
        assert_eq!(found(&bytes), Some([None, None, Some("1.2".to_owned())]), "{len}");
    }
}

fn long_element(len: usize) -> Vec<u8> {
    let stated = u32::try_from(len).unwrap().to_le_bytes();
    [b"\x08\0\x05\0OB\0\0".as_slice(), &stated, &vec![0; len]].concat()
}

#[test]
fn every_cut_file_is_borne() {
    let bytes = encoded(uids::EXPLICIT_VR_LITTLE_ENDIAN, Length::UNDEFINED);
    for len in 0..bytes.len() {
        let _ = found(&bytes[..len]);
    }
}

#[test]
fn random_files_are_borne() {
    let seed = HpkeIdentity::generate(medsec_crypto::HpkeKind::X25519).unwrap();
    let mut state = u64::from_le_bytes(*seed.expose_secret().first_chunk().unwrap()) | 1;
    let mut bytes = encoded(uids::EXPLICIT_VR_LITTLE_ENDIAN, Length::UNDEFINED);
    for _ in 0..2_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let at = usize::try_from(state % bytes.len() as u64).unwrap();
        bytes[at] = state.to_le_bytes()[5];
        let _ = found(&bytes);
    }
}

#[test]
fn identifiers_are_found_in_every_encoding() {
    for syntax in [
        uids::IMPLICIT_VR_LITTLE_ENDIAN,
        uids::EXPLICIT_VR_LITTLE_ENDIAN,
        "1.2.840.10008.1.2.2",
        uids::JPEG_BASELINE8_BIT,
    ] {
        for items in [Length::UNDEFINED, Length(0)] {
            let expected = ["1.2.34", "1.2.345", "1.2.3"].map(|uid| Some(uid.to_owned()));
            assert_eq!(found(&encoded(syntax, items)), Some(expected), "{syntax}");
        }
    }
}

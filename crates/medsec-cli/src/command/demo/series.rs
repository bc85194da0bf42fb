//! A synthetic CT series: a water cylinder with an insert that moves from slice to slice, and noise. Its
//! patient is invented.

use std::path::{Path, PathBuf};

use dicom_core::value::PrimitiveValue;
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

use crate::exit::Exit;
use crate::failure::Failure;

/// Slices of the series.
pub(super) const SLICES: u16 = 8;
/// Rows and columns of a slice.
pub(super) const SIDE: u16 = 512;
/// The invented patient's number.
pub(super) const PATIENT_ID: &str = "DEMO-0001";
const STUDY_UID: &str = "2.25.307185421975634101";
const SERIES_UID: &str = "2.25.307185421975634102";
/// Stored value of air where the rescale intercept is −1024 HU.
const AIR: i32 = 0;
const WATER: i32 = 1024;
const BONE: i32 = 1924;

/// Writes the series into `folder`.
pub(super) fn write(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    (1..=SLICES).map(|slice| write_slice(folder, slice)).collect()
}

fn write_slice(folder: &Path, slice: u16) -> Result<PathBuf, Failure> {
    let failed = || Failure::new(Exit::Failure, "the synthetic series could not be written");
    let path = folder.join(format!("slice-{slice}.dcm"));
    let instance_uid = format!("{SERIES_UID}.{slice}");
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
        .media_storage_sop_class_uid(uids::CT_IMAGE_STORAGE)
        .media_storage_sop_instance_uid(instance_uid.as_str());
    object(slice, &instance_uid)
        .with_meta(meta)
        .map_err(|_| failed())?
        .write_to_file(&path)
        .map_err(|_| failed())?;
    Ok(path)
}

fn object(slice: u16, instance_uid: &str) -> InMemDicomObject {
    let number = slice.to_string();
    let position = format!("-250\\-250\\{}", i32::from(slice).saturating_mul(5));
    let texts: [(Tag, VR, &str); 22] = [
        (tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\AXIAL"),
        (tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE),
        (tags::SOP_INSTANCE_UID, VR::UI, instance_uid),
        (tags::STUDY_DATE, VR::DA, "20260105"),
        (tags::STUDY_TIME, VR::TM, "101500"),
        (tags::MODALITY, VR::CS, "CT"),
        (tags::MANUFACTURER, VR::LO, "medsec demo"),
        (tags::STUDY_DESCRIPTION, VR::LO, "Synthetic phantom"),
        (tags::PATIENT_NAME, VR::PN, "Phantom^Invented"),
        (tags::PATIENT_ID, VR::LO, PATIENT_ID),
        (tags::PATIENT_BIRTH_DATE, VR::DA, "19700101"),
        (tags::PATIENT_SEX, VR::CS, "O"),
        (tags::SLICE_THICKNESS, VR::DS, "5"),
        (tags::STUDY_INSTANCE_UID, VR::UI, STUDY_UID),
        (tags::SERIES_INSTANCE_UID, VR::UI, SERIES_UID),
        (tags::SERIES_NUMBER, VR::IS, "1"),
        (tags::INSTANCE_NUMBER, VR::IS, &number),
        (tags::IMAGE_POSITION_PATIENT, VR::DS, &position),
        (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        (tags::PIXEL_SPACING, VR::DS, "0.9765625\\0.9765625"),
        (tags::RESCALE_INTERCEPT, VR::DS, "-1024"),
        (tags::RESCALE_SLOPE, VR::DS, "1"),
    ];
    let numbers: [(Tag, u16); 7] = [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, SIDE),
        (tags::COLUMNS, SIDE),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 12),
        (tags::HIGH_BIT, 11),
        (tags::PIXEL_REPRESENTATION, 0),
    ];
    let texts = texts
        .into_iter()
        .map(|(tag, vr, text)| DataElement::new(tag, vr, PrimitiveValue::from(text)));
    let numbers = numbers
        .into_iter()
        .map(|(tag, number)| DataElement::new(tag, VR::US, PrimitiveValue::from(number)));
    let pixels = PrimitiveValue::U16(pixels(slice).into());
    let image = DataElement::new(tags::PIXEL_DATA, VR::OW, pixels);
    InMemDicomObject::from_element_iter(texts.chain(numbers).chain([image]))
}

fn pixels(slice: u16) -> Vec<u16> {
    let mut noise = Noise(u64::from(slice));
    let shift = i32::from(slice).saturating_mul(12);
    let position = |index: u16| i32::from(index).saturating_sub(i32::from(SIDE / 2));
    let rows = (0..SIDE).flat_map(|row| (0..SIDE).map(move |column| (row, column)));
    rows.map(|(row, column)| {
        let (x, y) = (position(column), position(row));
        let body = if within(x.saturating_sub(shift), y, 30) {
            BONE
        } else if within(x, y, 200) {
            WATER
        } else {
            AIR
        };
        u16::try_from(body.saturating_add(noise.next()).clamp(0, 4095)).unwrap_or_default()
    })
    .collect()
}

/// Whether a point lies within a circle around the origin.
const fn within(x: i32, y: i32, radius: i32) -> bool {
    x.saturating_mul(x).saturating_add(y.saturating_mul(y)) <= radius.saturating_mul(radius)
}

/// A multiplicative congruential generator; the picture is the same in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> i32 {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        let high = u8::try_from(self.0 >> 58).unwrap_or_default();
        i32::from(high).saturating_sub(32)
    }
}

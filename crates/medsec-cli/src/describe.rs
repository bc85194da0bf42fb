//! What `seal` writes of an input into the encrypted metadata.

use std::fs::File;
use std::io;

use medsec_crypto::{ContentType, Metadata, PackageSpec};

use crate::dicom;
use crate::failure::Failure;

/// What a file tells of itself, all of it encrypted.
pub(crate) fn describe(metadata: &mut Metadata, name: Option<&str>, len: u64) {
    metadata.file_name = name.map(str::to_owned);
    metadata.size = Some(len);
}

/// What a DICOM file calls itself, encrypted; and in clear that it is one, unless the user said what it is.
pub(crate) fn add_identifiers(spec: &mut PackageSpec, file: &mut File) -> Result<(), Failure> {
    let dicom = dicom::recognise(file);
    let dicom =
        dicom.map_err(|error: io::Error| Failure::io("reading the content failed", &error))?;
    let (Some(found), Some(metadata)) = (dicom, &mut spec.metadata) else {
        return Ok(());
    };
    metadata.study_uid = found.study;
    metadata.series_uid = found.series;
    metadata.instance_uid = found.instance;
    if spec.content_type.is_none() {
        spec.content_type = Some(ContentType::new("application/dicom")?);
    }
    Ok(())
}

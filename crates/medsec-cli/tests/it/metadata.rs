//! What goes into the encrypted metadata, and who gets to see it.

use serde_json::Value;

use crate::ward::{CONTEXT, SCAN, Ward};

/// A DICOM file (explicit little endian) of a study, with a patient's name and some pixels.
fn dicom() -> Vec<u8> {
    let mut bytes = vec![0; 128];
    bytes.extend_from_slice(b"DICM");
    let mut put = |group: u16, element: u16, kind: &[u8; 2], value: &[u8]| {
        bytes.extend_from_slice(&group.to_le_bytes());
        bytes.extend_from_slice(&element.to_le_bytes());
        bytes.extend_from_slice(kind);
        if kind == b"OW" {
            bytes.extend_from_slice(&[0, 0]);
            bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
        } else {
            bytes.extend_from_slice(&(value.len() as u16).to_le_bytes());
        }
        bytes.extend_from_slice(value);
    };
    put(2, 0x10, b"UI", b"1.2.840.10008.1.2.1\0");
    put(0x08, 0x18, b"UI", b"1.2.3.1\0");
    put(0x10, 0x10, b"PN", b"KOWALSKA^JADWIGA");
    put(0x20, 0x0D, b"UI", b"1.2.3.2\0");
    put(0x20, 0x0E, b"UI", b"1.2.3.3\0");
    put(0x7FE0, 0x10, b"OW", &[7; 4096]);
    bytes
}

fn sealed(ward: &Ward, input: &str, rest: &str) {
    ward.line(&format!("seal {input} --to own.key -o scan.msp {rest}")).ok();
}

/// What `open --json` says of the metadata, and `inspect` of the content type.
fn shown(ward: &Ward) -> (Value, Value) {
    let open = "open scan.msp --identity own.key --any-signer -o x --show-metadata --json";
    let opened = ward.line(open).json();
    let inspected = ward.line("inspect scan.msp --json").json();
    std::fs::remove_file(ward.path("x")).unwrap();
    std::fs::remove_file(ward.path("scan.msp")).unwrap();
    let content_type = inspected["results"][0]["content_type"].clone();
    (opened["results"][0]["metadata"].clone(), content_type)
}

#[test]
fn metadata_is_never_shown_unasked() {
    let ward = Ward::with_package();
    let open =
        format!("open scan.msp --identity own.key --any-signer --context-file {CONTEXT} --json");
    let document = ward.line(&format!("{open} -o x")).json();
    assert!(document["results"][0].get("metadata").is_none());
    let both = "open scan.msp --identity own.key --any-signer --stdout --show-metadata";
    assert_eq!(ward.line(both).code, 2);
}

#[test]
fn file_that_is_not_dicom_has_name_and_size_only() {
    let ward = Ward::with_home();
    for content in [b"DICM".to_vec(), vec![0; 200], dicom()[..131].to_vec()] {
        ward.write("plain", &content);
        sealed(&ward, "plain", "");
        let (metadata, content_type) = shown(&ward);
        let keys: Vec<_> = metadata.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["file_name", "size"]);
        assert_eq!(metadata["size"], content.len());
        assert!(content_type.is_null());
    }
}

#[test]
fn dicom_file_keeps_its_identifiers_encrypted() {
    let ward = Ward::with_home();
    ward.write("scan", &dicom());
    sealed(&ward, "scan", "");
    assert!(!ward.read("scan.msp").windows(5).any(|w| w == b"1.2.3"));
    let (metadata, content_type) = shown(&ward);
    assert_eq!(metadata["instance_uid"], "1.2.3.1");
    assert_eq!(metadata["study_uid"], "1.2.3.2");
    assert_eq!(metadata["series_uid"], "1.2.3.3");
    assert_eq!(metadata["file_name"], "scan");
    assert_eq!(content_type, "application/dicom");
    sealed(&ward, "scan", "--content-type image/x");
    assert_eq!(shown(&ward).1, "image/x");
}

#[test]
fn metadata_can_be_left_out() {
    let ward = Ward::with_home();
    ward.write("scan", &dicom());
    sealed(&ward, "scan", "--no-metadata");
    let (metadata, content_type) = shown(&ward);
    assert!(metadata.is_null() && content_type.is_null(), "{metadata}");
}

#[test]
fn sealed_dicom_opens_whole() {
    let ward = Ward::with_home();
    ward.write("scan", &dicom());
    sealed(&ward, "scan", "");
    let open = "open scan.msp --identity own.key --any-signer -o x --show-metadata";
    let run = ward.line(open);
    run.ok();
    assert_eq!(ward.read("x"), dicom());
    for line in ["file name     scan", "study         1.2.3.2"] {
        assert!(run.text().contains(line), "{}", run.text());
    }
}

#[cfg(unix)]
#[test]
fn dicom_through_a_pipe_is_sealed_whole() {
    let ward = Ward::with_home();
    ward.write("scan", &dicom());
    let script = format!(
        "mkfifo pipe && {{ cat scan >pipe & }} && exec {} seal pipe --to own.key -o scan.msp",
        env!("CARGO_BIN_EXE_medsec")
    );
    let status = ward.shell(&script).stdout(std::process::Stdio::null()).status();
    assert!(status.unwrap().success());
    let open = "open scan.msp --identity own.key --any-signer -o x --show-metadata --json";
    let document = ward.line(open).json();
    assert_eq!(document["results"][0]["metadata"], serde_json::json!({}));
    assert_eq!(ward.read("x"), dicom());
}

#[test]
fn names_of_metadata_never_reach_messages() {
    let ward = Ward::with_package();
    let open = format!(
        "open scan.msp scan.msp --identity own.key --any-signer --context-file {CONTEXT} --out-dir ."
    );
    std::fs::remove_file(ward.path(SCAN)).unwrap();
    let run = ward.line(&open);
    assert_eq!(run.code, 8);
    assert!(run.stderr.contains("--opaque-names"), "{}", run.stderr);
    assert_eq!(ward.read(SCAN), ward.content);
}

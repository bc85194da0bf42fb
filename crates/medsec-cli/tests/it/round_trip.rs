//! What is sealed opens again.

use medsec_evidence::{Ev, Proven, evidence};

use crate::ward::{CONTEXT, SCAN, Ward};

#[test]
fn hostile_file_names_are_not_followed() {
    let ward = Ward::with_home();
    std::fs::create_dir(ward.path("out")).unwrap();
    ward.write(".hidden", b"content");
    ward.line("seal .hidden --to own.key -o scan.msp").ok();
    ward.line("open scan.msp --identity own.key --any-signer --out-dir out").ok();
    let names: Vec<_> = std::fs::read_dir(ward.path("out")).unwrap().collect();
    assert_eq!(names.len(), 1);
    assert!(!ward.path("out/.hidden").exists());
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "what the program encrypts it decrypts again, to the same bytes, for the right key",
    polarity = allow,
)]
fn every_way_of_sealing_opens_again(ev: Ev) -> Proven {
    let ward = Ward::with_lax_home();
    ward.line("identity new --no-passphrase --kind x-wing --out wing.key").ok();
    let ways = [
        ("", "own.key"),
        ("--unsigned", "own.key"),
        ("--sign-with sign.key", "own.key"),
        ("--suite chacha20-poly1305 --threads 1", "own.key"),
        ("--blind --no-metadata", "own.key"),
        ("--dataset study-7 --content-type application/dicom --store site=A", "own.key"),
        ("--to partner.key --to wing.key", "wing.key"),
    ];
    for (number, (way, key)) in ways.into_iter().enumerate() {
        let seal =
            format!("seal {SCAN} --to own.key --context-file {CONTEXT} -o {number}.msp {way}");
        ev.allows(ward.line(&seal).result());
        let opened = ward.line(&format!(
            "open {number}.msp --identity {key} --any-signer --context-file {CONTEXT} -o {number}.out"
        ));
        ev.allows(opened.result());
        let same = ward.read(&format!("{number}.out"));
        ev.equal_bytes("opened content equals what was sealed", &same, &ward.content);
        let sealed = ward.read(&format!("{number}.msp"));
        let visible =
            sealed.windows(8).any(|w| w == b"KOWALSKA_JADWIGA" || w == b"KOWALSKA^JADWIGA");
        ev.holds("the package shows no name", !visible);
    }
    ev.proven()
}

#[test]
fn many_files_keep_their_names_encrypted() {
    let ward = Ward::with_home();
    for folder in ["sealed", "opened"] {
        std::fs::create_dir(ward.path(folder)).unwrap();
    }
    ward.write("KOWALSKA_2.dcm", b"");
    let seal = ward.line(&format!("seal {SCAN} KOWALSKA_2.dcm --to own.key --out-dir sealed"));
    seal.ok();
    let packages: Vec<String> = std::fs::read_dir(ward.path("sealed"))
        .unwrap()
        .map(|entry| format!("sealed/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    assert_eq!(packages.len(), 2);
    assert!(packages.iter().all(|name| !name.contains("KOWALSKA") && name.ends_with(".msp")));
    let open =
        format!("open {} --identity own.key --any-signer --out-dir opened", packages.join(" "));
    ward.line(&open).ok();
    assert_eq!(ward.read(&format!("opened/{SCAN}")), ward.content);
    assert_eq!(ward.read("opened/KOWALSKA_2.dcm"), b"");
}

#[test]
fn names_are_kept_only_on_demand() {
    let ward = Ward::with_home();
    std::fs::create_dir(ward.path("out")).unwrap();
    ward.line(&format!("seal {SCAN} --to own.key --out-dir out --keep-names")).ok();
    assert!(ward.exists(&format!("out/{SCAN}.msp")));
}

#[cfg(unix)]
#[test]
fn opened_files_belong_to_their_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let ward = Ward::with_package();
    ward.open("scan.msp", "x").ok();
    for name in ["x", "own.key"] {
        let mode = std::fs::metadata(ward.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn both_forms_of_context_file_open() {
    let ward = Ward::with_package();
    ward.write("KOWALSKA.json", br#"{"birth": "19700131", "patient": "KOWALSKA^JADWIGA"}"#);
    let line = "open scan.msp --identity own.key --any-signer --context-file KOWALSKA.json -o x";
    ward.line(line).ok();
    assert_eq!(ward.read("x"), ward.content);
}

#[test]
fn recipients_are_taken_as_text_or_file() {
    let ward = Ward::with_home();
    let public = ward.line("identity show own.key").text();
    ward.write("own.pub", public.as_bytes());
    for (number, to) in [public.trim(), "own.pub", "own.key"].into_iter().enumerate() {
        ward.line(&format!("seal {SCAN} --to {to} -o {number}.msp")).ok();
        ward.line(&format!("open {number}.msp --identity own.key --any-signer -o {number}.out"))
            .ok();
    }
}

#[evidence(
    hipaa2013::"164.312(c)(2)",
    claim = "anyone can verify who sealed a package and that nobody altered it, without a key",
    polarity = allow,
)]
fn origin_is_verified_without_key(ev: Ev) -> Proven {
    let ward = Ward::with_package();
    let run = ward.line("verify scan.msp --signer sign.key");
    ev.allows(run.result());
    let signer = ward.line("identity show sign.key").text();
    ev.holds("it names the signer", run.text().contains(signer.trim()));
    ev.proven()
}

#[test]
fn whole_package_is_verified_with_key() {
    let ward = Ward::with_package();
    let line = format!("verify scan.msp --identity own.key --context-file {CONTEXT}");
    let run = ward.line(&line);
    run.ok();
    assert!(run.text().contains("opens with this identity"));
    ward.flip_from_end("scan.msp", 100_000);
    assert_eq!(ward.line(&line).code, 6);
}

#[test]
fn inspection_shows_public_facts() {
    let ward = Ward::with_lax_home();
    ward.line(&format!(
        "seal {SCAN} --to own.key --unsigned --store site=A --dataset study-7 --context-file {CONTEXT} -o scan.msp"
    ))
    .ok();
    let shown = ward.line("inspect scan.msp").text();
    for fact in ["site = A", "study-7", "birth, patient", "not signed", "x25519:", "generation 1"] {
        assert!(shown.contains(fact), "{fact}: {shown}");
    }
}

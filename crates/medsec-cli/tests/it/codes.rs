//! Every exit code, and what is left behind.

use std::fs;

use medsec_evidence::{Ev, Proven, evidence};

use crate::ward::{CONTEXT, OTHER_CONTEXT, Refused, SCAN, Ward};

#[test]
fn malformed_command_lines_end_with_2() {
    let ward = Ward::with_home();
    for line in [
        "",
        "KOWALSKA",
        "seal",
        "seal KOWALSKA.dcm --to own.key",
        "seal KOWALSKA.dcm --to msp-x25519:KOWALSKA -o x",
        "seal KOWALSKA.dcm --to sign.key -o x",
        "seal KOWALSKA_JADWIGA_19700131.dcm --to own.key --to own.key -o x",
        "seal KOWALSKA_JADWIGA_19700131.dcm --to own.key --sign-with own.key -o x",
        "seal KOWALSKA_JADWIGA_19700131.dcm --to own.key --store KOWALSKA -o x",
        "seal KOWALSKA_JADWIGA_19700131.dcm --to own.key --dataset KOWALSKA/JADWIGA -o x",
        "seal KOWALSKA_JADWIGA_19700131.dcm --to own.key --content-type KOWALSKA -o x",
        "seal KOWALSKA_JADWIGA_19700131.dcm --to own.key --context-file KOWALSKA_JADWIGA_19700131.dcm -o x",
        "seal KOWALSKA_JADWIGA_19700131.dcm --to own.key --context-file KOWALSKA.ctx --store patient=x -o x",
        "seal KOWALSKA_JADWIGA_19700131.dcm own.key --to own.key -o x",
        "seal - - --to own.key --out-dir .",
        "seal - --to own.key --context-file - -o x",
        "open scan.msp --identity own.key --any-signer --signer sign.key -o x",
        "open - --identity own.key --any-signer --stdout",
        "open scan.msp --identity sign.key --any-signer -o x",
        "verify -",
        "verify scan.msp --context-file KOWALSKA.ctx",
        "rewrap scan.msp --identity own.key",
        "rewrap scan.msp --identity own.key --to partner.key -o -",
        "side-car scan.msp -o -",
        "identity new --no-passphrase --out -",
        "identity new --kind KOWALSKA --out x",
    ] {
        let run = ward.line(line);
        assert_eq!(run.code, 2, "{line}: {}", run.stderr);
        assert!(run.stderr.starts_with("medsec: ") && run.stdout.is_empty(), "{line}");
    }
    assert!(!ward.exists("x"));
}

#[test]
fn foreign_and_cut_files_end_with_3() {
    let ward = Ward::with_package();
    let package = ward.read("scan.msp");
    ward.write("empty", b"");
    ward.write("cut", &package[..100]);
    ward.write("newer", &[&package[..9], &[9], &package[10..]].concat());
    ward.write("text", &String::from_utf8_lossy(&package).into_owned().into_bytes());
    for name in [SCAN, "empty", "cut", "newer", "text", "own.key"] {
        assert_eq!(ward.open(name, "x").code, 3, "{name}");
        assert_eq!(ward.line(&format!("inspect {name}")).code, 3, "{name}");
        assert_eq!(ward.line(&format!("verify {name}")).code, 3, "{name}");
    }
    assert!(!ward.exists("x"));
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "the program opens a package for its recipients only",
    polarity = deny,
)]
fn stranger_opens_nothing(ev: Ev) -> Proven {
    let ward = Ward::with_package();
    let line = format!("open scan.msp --any-signer --context-file {CONTEXT} -o x --identity");
    let stranger = ward.line(&format!("{line} stranger.key"));
    ev.denies(stranger.result(), |e| *e == Refused(4));
    ev.holds("a refused opening leaves no file", !ward.exists("x"));
    ev.allows(ward.line(&format!("{line} own.key")).result());
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "the program takes packages of the signers its user named only",
    polarity = deny,
)]
fn other_signer_ends_with_4(ev: Ev) -> Proven {
    let ward = Ward::with_package();
    ward.line("identity new --no-passphrase --kind signer --out forger.key").ok();
    let line = format!("open scan.msp --identity own.key --context-file {CONTEXT} -o x --signer");
    ev.denies(ward.line(&format!("{line} forger.key")).result(), |e| *e == Refused(4));
    let verified = ward.line("verify scan.msp --signer forger.key");
    ev.denies(verified.result(), |e| *e == Refused(4));
    ev.holds("a refused opening leaves no file", !ward.exists("x"));
    ev.allows(ward.line(&format!("{line} sign.key")).result());
    ev.proven()
}

#[test]
fn unsigned_package_ends_with_4() {
    let ward = Ward::with_lax_home();
    ward.line(&format!("seal {SCAN} --to own.key --unsigned -o scan.msp")).ok();
    let line = "open scan.msp --identity own.key -o x --signer sign.key";
    assert_eq!(ward.line(line).code, 4);
    assert_eq!(ward.line("verify scan.msp --signer sign.key").code, 4);
    assert_eq!(ward.line("verify scan.msp").code, 7);
    assert_eq!(ward.line("side-car scan.msp -o x").code, 7);
    assert!(!ward.exists("x"));
}

#[test]
fn missing_context_names_end_with_4() {
    let ward = Ward::with_package();
    let run = ward.line("open scan.msp --identity own.key --any-signer -o x");
    assert_eq!(run.code, 4);
    assert!(run.stderr.contains("`birth`, `patient`"), "{}", run.stderr);
    let run = ward.line("open scan.msp --identity stranger.key --any-signer -o x");
    assert_eq!(run.code, 4);
    assert!(run.stderr.contains("to your key"), "{}", run.stderr);
    ward.write(
        "KOWALSKA2.ctx",
        b"patient = KOWALSKA^JADWIGA\nbirth = 19700131\njadwiga.kowalska = 1",
    );
    let run = ward
        .line("open scan.msp --identity own.key --any-signer --context-file KOWALSKA2.ctx -o x");
    assert_eq!(run.code, 4);
    assert!(!ward.exists("x"));
}

#[evidence(
    hipaa2013::["164.312(c)(1)", "164.312(c)(2)"],
    claim = "a package of one patient is not opened as another patient's",
    polarity = deny,
)]
fn other_patient_ends_with_5(ev: Ev) -> Proven {
    let ward = Ward::with_package();
    let line = "open scan.msp --identity own.key --any-signer -o x --context-file";
    let other = ward.line(&format!("{line} {OTHER_CONTEXT}"));
    ev.denies(other.result(), |e| *e == Refused(5));
    ev.holds("a refused opening leaves no file", !ward.exists("x"));
    ev.allows(ward.line(&format!("{line} {CONTEXT}")).result());
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(c)(2)",
    claim = "the program writes no file of a package that was altered anywhere",
    polarity = deny,
)]
fn altered_package_leaves_no_file(ev: Ev) -> Proven {
    let ward = Ward::with_package();
    let whole = ward.read("scan.msp");
    let core_len = u32::from_be_bytes(whole[12..16].try_into().unwrap()) as usize;
    let payload = 16 + core_len + 4 + 2 * 2048;
    let places = [
        ("package id", 20, 5),
        ("commitment", payload + 30, 5),
        ("payload", whole.len() / 2, 6),
        ("metadata", whole.len() - 200, 6),
        ("trailer", whole.len() - 100, 7),
        ("signature", whole.len() - 1, 7),
    ];
    for (part, at, code) in places {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        ward.write("altered.msp", &altered);
        let run = ward.open("altered.msp", "x");
        assert_eq!(run.code, code, "{part}");
        ev.denies(run.result(), |e| *e == Refused(code));
        ev.holds("a refused opening leaves no file", !ward.exists("x"));
    }
    ev.holds("the package itself opens", ward.opens("scan.msp"));
    ev.proven()
}

#[test]
fn altered_trailer_ends_with_7() {
    let ward = Ward::with_package();
    ward.flip_from_end("scan.msp", 1);
    assert_eq!(ward.line("verify scan.msp").code, 7);
    assert_eq!(ward.line("side-car scan.msp -o x").code, 7);
    assert_eq!(ward.open("scan.msp", "x").code, 7);
    assert!(!ward.exists("x"));
}

#[test]
fn existing_output_is_left_alone() {
    let ward = Ward::with_package();
    ward.write("old", b"old");
    fs::create_dir(ward.path("folder")).unwrap();
    for out in ["old", "folder", "scan.msp"] {
        assert_eq!(ward.open("scan.msp", out).code, 8, "{out}");
        let sealed = ward.line(&format!("seal {SCAN} --to own.key -o {out}"));
        assert_eq!(sealed.code, 8, "{out}");
        assert_eq!(ward.line(&format!("side-car scan.msp -o {out}")).code, 8);
        let made = ward.line(&format!("identity new --no-passphrase --out {out}"));
        assert_eq!(made.code, 8, "{out}");
        let copied =
            ward.line(&format!("rewrap scan.msp --identity own.key --to partner.key -o {out}"));
        assert_eq!(copied.code, 8, "{out}");
    }
    assert_eq!(ward.read("old"), b"old");
    assert!(ward.opens("scan.msp"));
}

#[test]
fn unreadable_and_missing_files_end_with_9() {
    let ward = Ward::with_package();
    for line in [
        "seal KOWALSKA_JADWIGA_none --to own.key -o x".to_owned(),
        "seal . --to own.key --out-dir KOWALSKA_none/x".to_owned(),
        format!("seal {SCAN} --to KOWALSKA_none.key -o x"),
        format!("seal {SCAN} --to own.key -o KOWALSKA_none/x"),
        format!("seal {SCAN} --to own.key --context-file KOWALSKA_none -o x"),
        "inspect KOWALSKA_none".to_owned(),
        "verify KOWALSKA_none".to_owned(),
        "identity show KOWALSKA_none".to_owned(),
        "open scan.msp --identity KOWALSKA_none --any-signer -o x".to_owned(),
        "demo KOWALSKA_none".to_owned(),
    ] {
        let run = ward.line(&line);
        assert_eq!(run.code, 9, "{line}: {}", run.stderr);
    }
    assert_eq!(ward.open("scan.msp", "KOWALSKA_none/x").code, 9);
    assert!(!ward.exists("x"));
}

#[test]
fn unusable_identity_ends_with_11() {
    let ward = Ward::with_package();
    let bad = [
        ("no.key", b"medsec identity v1\n".to_vec()),
        ("foreign.key", b"AGE-SECRET-KEY-1KOWALSKA".to_vec()),
        ("changed.key", ward.read("own.key").to_ascii_lowercase()),
        ("long.key", vec![b'a'; 100_000]),
    ];
    for (name, bytes) in bad {
        ward.write(name, &bytes);
        private(&ward, name);
        let line = format!("open scan.msp --identity {name} --any-signer -o x");
        assert_eq!(ward.line(&line).code, 11, "{name}");
        assert_eq!(ward.line(&format!("identity show {name}")).code, 11, "{name}");
    }
}

#[cfg(unix)]
fn private(ward: &Ward, name: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(ward.path(name), fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(unix)]
#[evidence(
    hipaa2013::"164.312(d)",
    claim = "an identity file that others may read is not used",
    polarity = deny,
)]
fn shared_identity_is_refused(ev: Ev) -> Proven {
    use std::os::unix::fs::PermissionsExt as _;
    let ward = Ward::with_package();
    for mode in [0o644, 0o640, 0o604, 0o660] {
        fs::set_permissions(ward.path("own.key"), fs::Permissions::from_mode(mode)).unwrap();
        let run = ward.open("scan.msp", "x");
        ev.denies(run.result(), |e| *e == Refused(11));
        ev.holds("the message says how to mend it", run.stderr.contains("chmod 600"));
    }
    private(&ward, "own.key");
    ev.allows(ward.open("scan.msp", "x").result());
    ev.proven()
}

#[test]
fn inputs_that_fail_differently_end_with_1() {
    let ward = Ward::with_package();
    let line = format!("open {SCAN} scan.msp KOWALSKA_none --identity own.key --any-signer");
    let run = ward.line(&format!("{line} --context-file {CONTEXT} --out-dir . --opaque-names"));
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("input 1: ") && run.stderr.contains("input 3: "));
    assert!(run.text().contains("input 2: opened"), "{}", run.text());
    assert!(run.text().contains("3 inputs, 2 failed"), "{}", run.text());
}

#[test]
fn inputs_that_fail_alike_end_with_their_code() {
    let ward = Ward::with_package();
    let line = format!("inspect {SCAN} scan.msp {CONTEXT}");
    assert_eq!(ward.line(&line).code, 3);
}

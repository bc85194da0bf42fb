//! Identity files under a passphrase.

mod change;

use medsec_evidence::{Ev, Proven, evidence};

use crate::ward::{Refused, SCAN, Ward};

/// Makes `locked.key` under a passphrase and a package for it.
fn locked() -> Ward {
    let ward = Ward::with_home();
    ward.piped("identity new --out locked.key --passphrase-fd 0", b"correct horse\n").ok();
    ward.line(&format!("seal {SCAN} --to locked.key -o scan.msp")).ok();
    ward
}

const OPEN: &str = "open scan.msp --identity locked.key --any-signer -o x --passphrase-fd 0";

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "a package opens only for who knows the passphrase of the private key",
    polarity = deny,
)]
fn wrong_passphrase_opens_nothing(ev: Ev) -> Proven {
    let ward = locked();
    for wrong in ["wrong horse\n", "correct horse \n", "Correct horse"] {
        let run = ward.piped(OPEN, wrong.as_bytes());
        ev.denies(run.result(), |e| *e == Refused(11));
        ev.holds("a refused opening leaves no file", !ward.exists("x"));
    }
    ev.allows(ward.piped(OPEN, b"correct horse\r\nand more").result());
    ev.equal_bytes("opened content equals what was sealed", &ward.read("x"), &ward.content);
    ev.proven()
}

#[test]
fn altered_identity_gives_no_key() {
    let ward = locked();
    let text = String::from_utf8(ward.read("locked.key")).unwrap();
    let year = &text[text.find("created: ").unwrap() + 9..][..4];
    let older = text.replace(&format!("created: {year}"), "created: 2001");
    std::fs::remove_file(ward.path("locked.key")).unwrap();
    ward.write("locked.key", older.as_bytes());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(ward.path("locked.key"), mode).unwrap();
    }
    assert_eq!(ward.piped(OPEN, b"correct horse\n").code, 11);
}

#[test]
fn empty_and_long_passphrases_are_refused() {
    let ward = Ward::with_home();
    let new = "identity new --out new.key --passphrase-fd 0";
    for bad in [b"".as_slice(), b"\n", b"\r\n", &[b'a'; 2000], b"\xff\xfe\n"] {
        assert_eq!(ward.piped(new, bad).code, 2);
        assert!(!ward.exists("new.key"));
    }
    let closed = "identity new --out new.key --passphrase-fd 63";
    assert_eq!(ward.line(closed).code, 9);
}

#[test]
fn passphrase_is_never_an_argument() {
    let ward = locked();
    for line in [
        "open scan.msp --identity locked.key --any-signer -o x --passphrase horse",
        "identity new --out y.key --passphrase horse",
    ] {
        assert_eq!(ward.line(line).code, 2);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn passphrase_comes_by_any_descriptor() {
    let ward = locked();
    ward.write("phrase", b"correct horse\n");
    let line = OPEN.replace("-fd 0", "-fd 7");
    let script = format!("exec {} {line} 7<phrase", env!("CARGO_BIN_EXE_medsec"));
    let status = ward.shell(&script).stdout(std::process::Stdio::null()).status().unwrap();
    assert!(status.success());
    assert_eq!(ward.read("x"), ward.content);
}

#[test]
fn signer_under_passphrase_signs() {
    let ward = Ward::with_lax_home();
    let new = "identity new --kind signer --out locked.key --passphrase-fd 0";
    ward.piped(new, b"correct horse\n").ok();
    let seal =
        format!("seal {SCAN} --to own.key --sign-with locked.key --passphrase-fd 0 -o scan.msp");
    assert_eq!(ward.piped(&seal, b"wrong\n").code, 11);
    assert!(!ward.exists("scan.msp"));
    ward.piped(&seal, b"correct horse\n").ok();
    ward.line("verify scan.msp --signer locked.key").ok();
}

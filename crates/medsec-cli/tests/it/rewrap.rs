//! Changing recipients.

use std::fs::{self, File};

use medsec_evidence::{Ev, Proven, evidence};

use crate::ward::{CONTEXT, OTHER_CONTEXT, Refused, Ward};

fn rewrap(ward: &Ward, rest: &str) -> crate::ward::Run {
    ward.line(&format!("rewrap scan.msp {rest}"))
}

fn opens_for(ward: &Ward, key: &str) -> Result<(), Refused> {
    let run = ward.line(&format!(
        "verify scan.msp --identity {key} --signer sign.key --context-file {CONTEXT}"
    ));
    run.result()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "who is removed from a package's recipients no longer opens that package",
    polarity = deny,
)]
fn removed_recipient_opens_nothing(ev: Ev) -> Proven {
    let ward = Ward::with_package();
    ev.allows(rewrap(&ward, "--identity own.key --to partner.key").result());
    ev.allows(opens_for(&ward, "partner.key"));
    ev.allows(opens_for(&ward, "own.key"));
    ev.allows(rewrap(&ward, "--identity own.key --drop own.key").result());
    ev.denies(opens_for(&ward, "own.key"), |e| *e == Refused(4));
    ev.allows(opens_for(&ward, "partner.key"));
    ev.proven()
}

#[test]
fn stranger_cannot_change_recipients() {
    let ward = Ward::with_package();
    let before = ward.read("scan.msp");
    assert_eq!(rewrap(&ward, "--identity stranger.key --to stranger.key").code, 4);
    assert_eq!(ward.read("scan.msp"), before);
}

#[test]
fn last_recipient_cannot_be_removed() {
    let ward = Ward::with_package();
    let before = ward.read("scan.msp");
    assert_eq!(rewrap(&ward, "--identity own.key --drop own.key").code, 2);
    assert_eq!(rewrap(&ward, "--identity own.key --drop stranger.key").code, 4);
    assert_eq!(ward.read("scan.msp"), before);
}

#[test]
fn locked_package_ends_with_12() {
    let ward = Ward::with_package();
    let lock = File::open(ward.path("scan.msp")).unwrap();
    lock.lock().unwrap();
    let before = ward.read("scan.msp");
    assert_eq!(rewrap(&ward, "--identity own.key --to partner.key").code, 12);
    assert_eq!(ward.read("scan.msp"), before);
    drop(lock);
    rewrap(&ward, "--identity own.key --to partner.key").ok();
}

#[test]
fn linked_package_ends_with_12() {
    let ward = Ward::with_package();
    fs::hard_link(ward.path("scan.msp"), ward.path("other.msp")).unwrap();
    let run = rewrap(&ward, "--identity own.key --to partner.key");
    assert_eq!(run.code, 12);
    assert!(run.stderr.contains("-o"), "{}", run.stderr);
    rewrap(&ward, "--identity own.key --to partner.key -o copy.msp").ok();
    assert!(ward.opens("copy.msp"));
}

#[test]
fn rewrap_leaves_the_payload_alone() {
    let ward = Ward::with_package();
    let before = ward.read("scan.msp");
    rewrap(&ward, "--identity own.key --to partner.key").ok();
    let after = ward.read("scan.msp");
    // 200,000 bytes of content make 13 chunks; behind them stand metadata and trailer.
    let payload = 200_000;
    assert_eq!(before.len(), after.len());
    assert_eq!(before[before.len() - payload..], after[after.len() - payload..]);
    assert!(before != after);
}

#[test]
fn list_that_does_not_fit_makes_a_copy() {
    let ward = Ward::with_package();
    let mut rest = "--identity own.key --json".to_owned();
    for number in 0..3 {
        let new = format!("identity new --no-passphrase --kind x-wing --out wing{number}.key");
        ward.line(&new).ok();
        rest.push_str(&format!(" --to wing{number}.key"));
    }
    let names = ward.names();
    let document = rewrap(&ward, &rest).json();
    assert_eq!(document["results"][0]["way"], "copy");
    assert_eq!(document["results"][0]["recipients"], 4);
    assert_eq!(ward.names(), names);
    for key in ["own.key", "wing0.key", "wing2.key"] {
        assert_eq!(opens_for(&ward, key), Ok(()));
    }
    let document = rewrap(&ward, "--identity wing1.key --drop wing0.key --json").json();
    assert_eq!(document["results"][0]["way"], "in-place");
}

#[test]
fn blind_package_is_rewrapped_too() {
    let ward = Ward::with_home();
    let seal = format!("seal {} --to own.key --blind --sign-with sign.key", crate::ward::SCAN);
    ward.line(&format!("{seal} --context-file {CONTEXT} -o scan.msp")).ok();
    let before = ward.read("scan.msp");
    let run = rewrap(&ward, "--identity own.key --to partner.key");
    assert_eq!(run.code, 4);
    assert!(run.stderr.contains("--context-file"), "{}", run.stderr);
    let other = format!("--identity own.key --context-file {OTHER_CONTEXT} --to partner.key");
    assert_eq!(rewrap(&ward, &other).code, 5);
    assert_eq!(ward.read("scan.msp"), before);
    let own = format!("--identity own.key --context-file {CONTEXT} --to partner.key");
    rewrap(&ward, &own).ok();
    assert_eq!(opens_for(&ward, "partner.key"), Ok(()));
}

#[cfg(unix)]
#[test]
fn copy_in_place_keeps_the_mode() {
    use std::os::unix::fs::PermissionsExt as _;
    let ward = Ward::with_package();
    ward.line("identity new --no-passphrase --kind x-wing --out a.key").ok();
    ward.line("identity new --no-passphrase --kind x-wing --out b.key").ok();
    for mode in [0o640, 0o600, 0o664] {
        let package = format!("{mode:o}.msp");
        fs::copy(ward.path("scan.msp"), ward.path(&package)).unwrap();
        fs::set_permissions(ward.path(&package), fs::Permissions::from_mode(mode)).unwrap();
        let line = format!("rewrap {package} --identity own.key --to a.key --to b.key --json");
        assert_eq!(ward.line(&line).json()["results"][0]["way"], "copy");
        let now = fs::metadata(ward.path(&package)).unwrap().permissions().mode();
        assert_eq!(now & 0o777, mode, "{now:o}");
    }
}

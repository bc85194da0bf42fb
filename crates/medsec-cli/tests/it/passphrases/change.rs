//! Changing passphrases.

use std::io::Write as _;
use std::thread::sleep;
use std::time::Instant;

use medsec_evidence::{Ev, Proven, evidence};

use crate::ward::{Refused, SCAN, Ward};

/// A home whose files are under `old horse`.
fn home() -> Ward {
    let ward = Ward::new();
    ward.piped("init --user ada --no-anchor --passphrase-fd 0", b"old horse\n").ok();
    ward
}

const CHANGE: &str = "identity passphrase --passphrase-fd 0 --new-passphrase-fd 0";
const BOTH: &[u8] = b"old horse\nnew horse\n";
const FILES: [&str; 3] = ["ada.identity", "ada.signer", "audit.key"];

fn kept(ward: &Ward) -> Vec<Vec<u8>> {
    FILES.iter().map(|name| ward.read(&format!("home/identities/{name}"))).collect()
}

/// Seals with that passphrase, which takes the identity and the signer.
fn seals(ward: &Ward, passphrase: &[u8]) -> i32 {
    let _ = std::fs::remove_file(ward.path("x.msp"));
    ward.piped(&format!("seal {SCAN} --key default --passphrase-fd 0 -o x.msp"), passphrase).code
}

fn checkpoints(ward: &Ward, passphrase: &[u8]) -> i32 {
    ward.piped("audit checkpoint --passphrase-fd 0", passphrase).code
}

#[evidence(
    hipaa2013::["164.312(d)", "164.308(a)(5)(ii)(D)"],
    claim = "a user's passphrase can be changed; the old one opens nothing from then on, and the keys stay the same",
    polarity = allow,
)]
fn passphrase_of_a_home_is_changed_for_all_its_files(ev: Ev) -> Proven {
    let ward = home();
    let shown = |ward: &Ward| ward.line("identity show home/identities/ada.identity").stdout;
    let before = shown(&ward);
    ev.allows(ward.piped(CHANGE, BOTH).result());
    ev.equal("the key is the same", &shown(&ward), &before);
    ev.equal("the old one seals nothing", &seals(&ward, b"old horse\n"), &11);
    ev.equal("the new one does", &seals(&ward, b"new horse\n"), &0);
    ev.equal("the old one signs no checkpoint", &checkpoints(&ward, b"old horse\n"), &11);
    ev.equal("the new one does", &checkpoints(&ward, b"new horse\n"), &0);
    let again = ward.piped(CHANGE, BOTH);
    ev.holds("done twice is done", again.text().contains("nothing was changed: 3 files"));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(d)"],
    claim = "who does not know the passphrase of every file changes none",
    polarity = deny,
)]
fn wrong_passphrase_changes_no_file(ev: Ev) -> Proven {
    let ward = home();
    ward.piped("identity new --kind signer --out other.key --passphrase-fd 0", b"other horse\n")
        .ok();
    let before = kept(&ward);
    let run = ward.piped(CHANGE, b"wrong horse\nnew horse\n");
    ev.denies(run.result(), |e| *e == Refused(11));
    ev.holds("it says so", run.stderr.contains("no file was changed"));
    let several = format!("{CHANGE} home/identities/ada.identity other.key");
    ev.denies(ward.piped(&several, BOTH).result(), |e| *e == Refused(11));
    ev.holds("no file was changed", kept(&ward) == before);
    ev.proven()
}

#[test]
fn bad_new_passphrases_change_no_file() {
    let ward = home();
    let before = kept(&ward);
    for bad in
        [&b"old horse\n"[..], b"old horse\n\n", &[b"old horse\n", &[b'a'; 2000][..]].concat()]
    {
        assert_eq!(ward.piped(CHANGE, bad).code, 2);
    }
    let same = "identity passphrase --passphrase-fd 3 --new-passphrase-fd 3";
    assert_eq!(ward.line(same).code, 2);
    assert!(kept(&ward) == before);
}

#[test]
fn passphrase_is_taken_away_and_given() {
    let ward = home();
    ward.piped("identity passphrase --no-passphrase --passphrase-fd 0", b"old horse\n").ok();
    assert_eq!(seals(&ward, b""), 0);
    ward.piped("identity passphrase --new-passphrase-fd 0", b"new horse\n").ok();
    assert_eq!(seals(&ward, b""), 2);
    assert_eq!(seals(&ward, b"new horse\n"), 0);
}

#[cfg(unix)]
#[test]
fn folder_that_cannot_be_written_leaves_the_old_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let ward = home();
    let folder = ward.path("home/identities");
    let mode = |mode| std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode));
    let before = kept(&ward);
    mode(0o500).unwrap();
    let writable = std::fs::write(folder.join("probe"), b"").is_ok();
    let run = ward.piped(CHANGE, BOTH);
    mode(0o700).unwrap();
    // The superuser writes everywhere.
    if !writable {
        assert_eq!(run.code, 9);
        assert!(run.stderr.contains("the old one is as it was"), "{}", run.stderr);
        assert!(kept(&ward) == before);
    }
}

/// A process of the program, killed again and again: each file opens by the old passphrase or by the new one, and the
/// same command goes on.
#[test]
fn killed_change_leaves_every_file_with_its_key() {
    let ward = home();
    ward.piped(CHANGE, BOTH).ok();
    let keys: Vec<_> = FILES.iter().map(|name| public(&ward, name)).collect();
    let trial = home();
    let begun = Instant::now();
    trial.piped(CHANGE, BOTH).ok();
    let whole = begun.elapsed();
    for twelfth in 1..=12 {
        let (from, to) = if twelfth % 2 == 0 { ("old", "new") } else { ("new", "old") };
        let input = format!("{from} horse\n{to} horse\n");
        let mut child = ward.spawn(CHANGE);
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        sleep(whole * twelfth / 12);
        child.kill().unwrap();
        child.wait().unwrap();
        let same: Vec<_> = FILES.iter().map(|name| public(&ward, name)).collect();
        assert_eq!(same, keys);
        // Whatever was done before, this brings all to one passphrase.
        ward.piped(CHANGE, input.as_bytes()).ok();
        assert_eq!(seals(&ward, format!("{to} horse\n").as_bytes()), 0);
    }
}

fn public(ward: &Ward, name: &str) -> Vec<u8> {
    let run = ward.line(&format!("identity show home/identities/{name}"));
    run.ok();
    run.stdout
}

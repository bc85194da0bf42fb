//! Key services of the settings, of which none is there.
#![cfg(all(unix, feature = "vault"))]

use medsec_evidence::{Ev, Proven, evidence};

use crate::ward::{Refused, SCAN, Ward};

/// A home whose settings name a service on a port where nobody listens, and a file of its token that is not there.
fn home() -> Ward {
    let ward = Ward::with_home();
    let section = "\n[[service]]\nkind = \"vault\"\nname = \"bao\"\naddress = \"http://127.0.0.1:9\"\n\
        plain_loopback = true\nkeys = [\"ct\"]\nlogin = { method = \"token\", file = \"bao.token\" }\n\
        patience_seconds = 1\n";
    let settings = ward.read("home/config.toml");
    ward.write("home/config.toml", &[&settings, section.as_bytes()].concat());
    ward
}

fn seal_elsewhere(ward: &Ward) -> crate::ward::Run {
    ward.line(&format!("seal {SCAN} --key bao:ct -o y.msp"))
}

#[test]
fn secret_of_a_service_is_needed_for_its_keys_alone() {
    let ward = home();
    ward.line(&format!("seal {SCAN} --key default -o x.msp")).ok();
    ward.line("open x.msp -o out").ok();
    ward.line("login").ok();
    ward.line("open x.msp -o again").ok();
    let missing = "needed to come to the key service is not there; nothing was sent";
    for _ in 0..2 {
        let run = seal_elsewhere(&ward);
        assert!(run.code == 2 && run.stderr.contains(missing), "{}", run.stderr);
    }
    ward.line("logout").ok();
    let run = seal_elsewhere(&ward);
    assert!(run.code == 2 && run.stderr.contains(missing), "{}", run.stderr);
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(d)"],
    claim = "the secret of a key service that other users can read is not used",
    polarity = deny,
)]
fn secret_that_others_can_read_is_not_used(ev: Ev) -> Proven {
    use std::os::unix::fs::PermissionsExt as _;
    let ward = home();
    ward.write_private("home/bao.token", b"a-token\n");
    let shared = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(ward.path("home/bao.token"), shared).unwrap();
    let run = seal_elsewhere(&ward);
    ev.denies(run.result(), |e| *e == Refused(2));
    ev.holds("it says why", run.stderr.contains("can be read by other users"));
    ward.write_private("home/bao.token", b"a-token\n");
    let run = seal_elsewhere(&ward);
    ev.denies(run.result(), |e| *e == Refused(9));
    ev.holds("then the service is asked", run.stderr.contains("cannot be reached"));
    ev.holds("nothing was sealed", !ward.exists("y.msp"));
    ev.proven()
}

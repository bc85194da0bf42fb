//! Who is refused, and what the refusal leaves behind.

use medsec_evidence::{Ev, Proven, evidence};

use super::{ANN, sealed, with_ann};
use crate::ward::{Refused, SCAN, Ward};

#[evidence(
    hipaa2013::"164.312(a)(1)",
    claim = "without a home, and so without a policy and an audit log, the program opens, seals and rewraps nothing",
    polarity = deny,
)]
fn nothing_happens_without_a_home(ev: Ev) -> Proven {
    let ward = Ward::with_package();
    let before = ward.read("scan.msp");
    for line in [
        "open scan.msp --identity own.key --any-signer -o x".to_owned(),
        "open scan.msp --identity own.key --signer sign.key -o x".to_owned(),
        "open scan.msp --identity own.key -o x".to_owned(),
        format!("seal {SCAN} --to own.key --sign-with sign.key -o x"),
        "rewrap scan.msp --identity own.key --to partner.key".to_owned(),
        "verify scan.msp --identity own.key".to_owned(),
    ] {
        let run = ward.line(&format!("{line} --home nowhere"));
        ev.denies(run.result(), |refused| *refused == Refused(14));
        ev.holds("it says how to make one", run.stderr.contains("medsec init"));
    }
    ev.holds("nothing was written", !ward.exists("x") && !ward.exists("nowhere"));
    ev.equal_bytes("the package is as it was", &ward.read("scan.msp"), &before);
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(b)"],
    claim = "who does not say why, or says what the policy does not accept, is refused, and that is on record",
    polarity = deny,
)]
fn purpose_is_stated_and_accepted(ev: Ev) -> Proven {
    let ward = sealed();
    let none = [("MEDSEC_PURPOSE", "")];
    let seal = format!("seal {SCAN} --key default -o x");
    for (line, action, reason) in [
        ("open scan.msp -o x", "open", "purpose"),
        (&*seal, "seal", "purpose"),
        ("verify scan.msp --identity home/identities/ada.identity", "verify", "purpose"),
        // Of the accepted purposes, but no rule permits it; and none that the policy accepts at all.
        ("open scan.msp -o x --purpose HPAYMT", "open", "policy"),
        ("open scan.msp -o x --purpose HMARKT", "open", "purpose"),
        ("open scan.msp -o x --purpose BTG", "open", "policy"),
    ] {
        let run = ward.line_with(&none, line);
        ev.denies(run.result(), |refused| *refused == Refused(24));
        assert_eq!(ward.newest(), [action, "denied", reason], "{line}");
        ev.holds("nothing was written", !ward.exists("x"));
    }
    ev.allows(ward.line_with(&none, "open scan.msp -o x --purpose TREAT").result());
    ev.proven()
}

#[test]
fn purposes_that_are_none_end_with_2() {
    let ward = sealed();
    assert_eq!(ward.line("open scan.msp -o x --purpose KOWALSKA").code, 2);
    let run = ward.line_with(&[("MEDSEC_PURPOSE", "KOWALSKA")], "open scan.msp -o x");
    assert_eq!(run.code, 2);
    let run = ward.line_with(&[("MEDSEC_DATASET", "KOWALSKA/JADWIGA")], "open scan.msp -o x");
    assert_eq!(run.code, 2);
    assert!(!ward.exists("x"));
}

#[evidence(
    hipaa2013::"164.312(a)(1)",
    claim = "a user with the key opens and seals nothing unless the policy names them",
    polarity = deny,
)]
fn user_who_is_not_in_the_policy_is_refused(ev: Ev) -> Proven {
    let ward = with_ann(sealed());
    for (line, action) in [
        (format!("open scan.msp --identity {ANN}.identity -o x"), "open"),
        (
            format!(
                "seal {SCAN} --key default --identity {ANN}.identity --sign-with {ANN}.signer -o x"
            ),
            "seal",
        ),
        (format!("rewrap scan.msp --identity {ANN}.identity --to partner.key"), "rewrap"),
    ] {
        ev.denies(ward.line(&line).result(), |refused| *refused == Refused(24));
        assert_eq!(ward.newest(), [action, "denied", "policy"]);
        assert_eq!(ward.records().last().unwrap()["who"], "ann");
        ev.holds("nothing was written", !ward.exists("x"));
    }
    ev.allows(ward.line("open scan.msp -o x").result());
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(c)(1)",
    claim = "who may open may not therefore seal or change recipients, and the package stays as it was",
    polarity = deny,
)]
fn clinician_neither_seals_nor_rewraps(ev: Ev) -> Proven {
    let ward = Ward::new();
    ward.write_policy("policy", |path, text| match path {
        "roles.toml" => {
            let ann =
                "[people.ann]\nroles = [\"clinician\"]\ngroups = [\"team\"]\n\n[people.\"ada\"]";
            text.replace("[people.\"ada\"]", ann)
        }
        _ => text,
    });
    ward.line("init --user ada --no-passphrase --no-anchor --policy policy").ok();
    let ward = with_ann(ward);
    ward.line(&format!("seal {SCAN} --key default -o scan.msp")).ok();
    let before = ward.read("scan.msp");
    let seal = format!("seal {SCAN} --key default --sign-with {ANN}.signer -o x");
    for line in
        [&*seal, "rewrap scan.msp --to partner.key", "rewrap scan.msp --to partner.key -o x"]
    {
        let run = ward.line(&format!("{line} --identity {ANN}.identity"));
        ev.denies(run.result(), |refused| *refused == Refused(24));
    }
    ev.equal_bytes("the package is as it was", &ward.read("scan.msp"), &before);
    ev.holds("nothing was written", !ward.exists("x"));
    ev.allows(ward.line(&format!("open scan.msp -o x --identity {ANN}.identity")).result());
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "nobody works as a user of the key store without that user's private key, and no removed user does",
    polarity = deny,
)]
fn strangers_and_removed_users_are_nobody_here(ev: Ev) -> Proven {
    let ward = with_ann(sealed());
    // No user of the store, and no user besides whom its key could be one more.
    let stranger = [("MEDSEC_IDENTITY", "stranger.key")];
    for line in ["open scan.msp -o x", "open scan.msp --identity stranger.key -o x"] {
        let run = ward.line_with(&stranger, line);
        ev.denies(run.result(), |refused| *refused == Refused(15));
    }
    // The public half of ada's file with another private half.
    let ada = String::from_utf8(ward.read("home/identities/ada.identity")).unwrap();
    let ann = String::from_utf8(ward.read(&format!("{ANN}.identity"))).unwrap();
    let secret =
        |text: &str| text.lines().find(|line| line.starts_with("secret: ")).map(str::to_owned);
    let (of_ada, of_ann) = (secret(&ada).unwrap(), secret(&ann).unwrap());
    let forged = ward.path("home/identities/ada.identity");
    std::fs::write(&forged, ada.replace(&of_ada, &of_ann)).unwrap();
    ev.denies(ward.line("open scan.msp -o x").result(), |refused| *refused == Refused(11));
    std::fs::write(&forged, ada).unwrap();
    ward.line("user offboard ann").ok();
    let run = ward.line(&format!("open scan.msp --identity {ANN}.identity -o x"));
    ev.denies(run.result(), |refused| *refused == Refused(15));
    ev.holds("nothing was written", !ward.exists("x"));
    ev.allows(ward.line("open scan.msp -o x").result());
    ev.proven()
}

#[test]
fn reserved_and_missing_user_names_make_no_home() {
    let ward = Ward::new();
    for user in ["--user admin", "--user root", "--user user1", "--user nurse-02", ""] {
        let run = ward.line(&format!("init --no-passphrase --no-anchor {user}"));
        assert_eq!(run.code, 2, "{user}: {}", run.stderr);
        assert!(!ward.exists("home"), "{user}");
    }
}

#[test]
fn one_passphrase_serves_the_user_and_another_key() {
    let ward = Ward::new();
    let phrase = b"correct horse\n";
    ward.piped("init --user ada --no-anchor --passphrase-fd 0", phrase).ok();
    ward.piped("identity new --out locked.key --passphrase-fd 0", phrase).ok();
    let seal = format!("seal {SCAN} --to locked.key --passphrase-fd 0 -o scan.msp");
    ward.piped(&seal, phrase).ok();
    let open = "open scan.msp --identity locked.key --passphrase-fd 0 -o x";
    assert_eq!(ward.piped(open, b"wrong horse\n").code, 11);
    ward.piped(open, phrase).ok();
    assert_eq!(ward.read("x"), ward.content);
}

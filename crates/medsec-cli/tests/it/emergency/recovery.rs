//! Opening with the custodians' shares.

use std::fs;

use medsec_evidence::{Ev, Proven, evidence};
use serde_json::Value;

use super::clinic::Clinic;
use super::key::{PASSPHRASES, shares, staged};
use crate::ward::Run;

pub(super) fn recover(
    clinic: &Clinic,
    who: &str,
    files: &[&String],
    typed: &[&str],
    names: &str,
) -> Run {
    let names: String = names.split(' ').map(|name| format!("--custodian {name} ")).collect();
    let line =
        format!("emergency recover scan.msp {} {names} -o out --any-signer --json", shares(files));
    clinic.typed(who, &line, typed)
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "nobody opens with the emergency key outside of an emergency of their own, with fewer shares than are needed, or without naming the users who brought them",
    polarity = deny,
)]
fn recovery_needs_an_emergency_and_enough_custodians(ev: Ev) -> Proven {
    let (clinic, files) = staged();
    let [one, two] = [&files[0], &files[1]];
    let typed = &PASSPHRASES[..2];
    let none = recover(&clinic, "bela", &[one, two], typed, "ada dora");
    ev.denies(none.result(), |refused| refused.0 == 24);
    ev.holds("it is on record", clinic.has_record("bela", "emergency-use", "denied"));
    clinic.claim("");
    let of_another = recover(&clinic, "ada", &[one, two], typed, "bela dora");
    ev.denies(of_another.result(), |refused| refused.0 == 24);
    let too_few = recover(&clinic, "bela", &[one], &typed[..1], "dora");
    ev.denies(too_few.result(), |refused| refused.0 == 11);
    for names in ["dora", "dora Dora", "ada dora cara"] {
        let unnamed = recover(&clinic, "bela", &[one, two], typed, names);
        ev.denies(unnamed.result(), |refused| refused.0 == 2);
    }
    let of_nobody = recover(&clinic, "bela", &[one, two], typed, "dora zeno");
    ev.denies(of_nobody.result(), |refused| refused.0 == 24);
    ev.holds("nothing was opened", !clinic.ward.exists("out"));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "the custodians together open a package in an emergency; none of them reviews it; afterwards the package opens as before",
    polarity = allow,
)]
fn custodians_recover_and_somebody_else_reviews(ev: Ev) -> Proven {
    let (clinic, files) = staged();
    clinic.hook("cat >> told");
    let id = clinic.claim("");
    let run = recover(
        &clinic,
        "bela",
        &[&files[2], &files[0]],
        &["three of dora", "one of bela"],
        "dora bela",
    );
    ev.allows(run.result());
    ev.equal_bytes("the content is as sealed", &clinic.ward.read("out"), &clinic.ward.content);
    let alert = String::from_utf8(clinic.ward.read("told")).unwrap();
    ev.holds("that the key was used is told at once", alert.contains("emergency-key-used"));
    ev.allows(clinic.by("bela", &format!("emergency close {id}")).result());
    ev.denies(clinic.review("dora", &id).result(), |refused| refused.0 == 24);
    ev.allows(clinic.review("cara", &id).result());
    let steps = [
        "bela emergency-start single success -",
        "bela emergency-use intent - key",
        "bela emergency-use outcome success key",
        "bela emergency-use single success -",
        "bela open intent - -",
        "bela open outcome success -",
        "bela emergency-end intent - -",
        "bela emergency-end outcome success -",
        "dora review single denied -",
        "cara review intent - -",
        "cara review outcome success -",
    ];
    ev.equal("every step is on record, in its order", &told(&clinic), &steps.map(str::to_owned));
    let opened = clinic.by("ada", "open scan.msp --purpose TREAT -o ordinary");
    ev.allows(opened.result());
    ev.equal_bytes("as before", &clinic.ward.read("ordinary"), &clinic.ward.content);
    ev.allows(clinic.ward.line("audit verify --content").result());
    ev.proven()
}

/// Who did what, how far it came, how it ended, and whether the emergency key is named, since the first claim.
fn told(clinic: &Clinic) -> Vec<String> {
    let shown = clinic.ward.audit("show --last 10000 --log-records --json").json();
    let row = |record: &Value| {
        let text = |name: &str| record[name].as_str().unwrap_or("-").to_owned();
        let key = if text("key").starts_with("emergency-") { "key" } else { "-" };
        format!("{} {key}", ["who", "action", "phase", "outcome"].map(text).join(" "))
    };
    let rows = shown["records"].as_array().unwrap().iter().map(row);
    let mine =
        |row: &String| ["emergency", " open ", " review "].iter().any(|word| row.contains(word));
    rows.skip_while(|row| !row.contains("emergency-start")).filter(mine).collect()
}

#[evidence(
    hipaa2013::["164.312(a)(2)(ii)", "164.312(b)"],
    claim = "the emergency key is put together on record: not at all where the log cannot be written, and told with its set where the shares make no key",
    polarity = deny,
)]
fn emergency_key_is_not_put_together_without_a_record(ev: Ev) -> Proven {
    let (clinic, files) = staged();
    clinic.claim("");
    let two = [&files[0], &files[1]];
    let wrong = recover(&clinic, "bela", &two, &["one of bela", "wrong"], "ada dora");
    ev.denies(wrong.result(), |refused| refused.0 == 11);
    let tried = ["bela emergency-use intent - key", "bela emergency-use outcome failure key"];
    ev.equal("the attempt is told", &told(&clinic)[1..], &tried.map(str::to_owned));
    let (part, away) = (clinic.ward.path("home/audit/streams/main/key"), clinic.ward.path("away"));
    fs::rename(&part, &away).unwrap();
    let unrecorded = recover(&clinic, "bela", &two, &PASSPHRASES[..2], "ada dora");
    ev.denies(unrecorded.result(), |refused| [9, 17].contains(&refused.0));
    ev.holds("nothing was opened", !clinic.ward.exists("out"));
    fs::rename(&away, &part).unwrap();
    ev.allows(recover(&clinic, "bela", &two, &PASSPHRASES[..2], "ada dora").result());
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(2)(ii)", "164.308(a)(7)(ii)(B)"],
    claim = "with key store, identities, policy and log all gone, the shares and the package are enough for a new home to open it",
    polarity = allow,
)]
fn package_opens_when_the_home_is_lost(ev: Ev) -> Proven {
    let (clinic, files) = staged();
    for home in ["home", "before", "bela", "cara", "dora", "source", "state"] {
        let _ = fs::remove_dir_all(clinic.ward.path(home));
    }
    let two = [&files[1], &files[2]];
    let typed = &PASSPHRASES[1..];
    ev.denies(recover(&clinic, "ada", &two, typed, "cara dora").result(), |r| r.0 == 14);
    clinic.ward.line("init --user eva --no-passphrase --no-anchor").ok();
    let line = "emergency open --reason disaster --dataset default --text-file reason";
    ev.allows(clinic.by("ada", line).result());
    let few = recover(&clinic, "ada", &two[..1], &typed[..1], "cara");
    ev.denies(few.result(), |refused| refused.0 == 11);
    ev.allows(recover(&clinic, "ada", &two, typed, "cara dora").result());
    ev.equal_bytes("the content is as sealed", &clinic.ward.read("out"), &clinic.ward.content);
    ev.holds("it is on record", clinic.has_record("eva", "emergency-use", "success"));
    ev.proven()
}

#[cfg(target_os = "linux")]
#[test]
fn emergencies_work_through_the_agent_too() {
    let (clinic, files) = staged();
    clinic.by("bela", "login").ok();
    let id = clinic.claim("");
    clinic.break_glass("bela").ok();
    fs::remove_file(clinic.ward.path("out")).unwrap();
    recover(
        &clinic,
        "bela",
        &[&files[0], &files[2]],
        &[PASSPHRASES[0], PASSPHRASES[2]],
        "ada dora",
    )
    .ok();
    assert_eq!(clinic.ward.read("out"), clinic.ward.content);
    clinic.by("bela", &format!("emergency close {id}")).ok();
    assert_eq!(clinic.break_glass("bela").code, 24);
    clinic.by("bela", "logout").ok();
    assert_eq!(clinic.review("dora", &id).code, 24);
    clinic.review("cara", &id).ok();
}

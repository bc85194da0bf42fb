//! What the server is asked, what the program says of it, and what it refuses.

use std::time::{Duration, Instant};

use medsec_evidence::{Ev, Proven, evidence};
use medsec_testkit::proxy::{Action, Answer, Rule};
use serde_json::json;

use super::Study;
use crate::program::Refused;
use crate::support::variable;

const REWRAP: &str = "rewrap packages --to-key bao:ct";

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)", "164.312(e)(2)(ii)"],
    claim = "packages move to the newest version of a key of OpenBao without any data key crossing the wire",
    polarity = allow,
)]
fn folder_is_rotated_and_no_data_key_crosses_the_wire(ev: Ev) -> Proven {
    let study = Study::new(300);
    study.rotate();
    let proxy = study.behind(Vec::new());
    let said = study.json(&format!("{REWRAP} --threads 1"));
    ev.equal("all were rewrapped", &said["done"], &json!(300));
    ev.equal("without their data keys", &said["unseen"], &json!(300));
    let record = proxy.recording();
    ev.equal("in few calls", &record.exchanges_of("/rewrap/").len(), &3);
    let others = ["/decrypt/", "/encrypt/", "/datakey/", "\"plaintext\""];
    let asked: Vec<&str> =
        others.into_iter().filter(|other| record.count(other.as_bytes()) > 0).collect();
    ev.equal("and nothing else of data keys", &asked, &Vec::<&str>::new());
    let audited = std::fs::read_to_string(variable("MEDSEC_LIVE_VAULT_AUDIT")).unwrap();
    let path = |operation: &str| format!("\"path\":\"{}/{operation}/ct\"", study.home.scene.mount);
    ev.holds("the server's log has the calls", audited.contains(&path("rewrap")));
    ev.holds("and no unwrapping", !audited.contains(&path("decrypt")));
    ev.equal("all stand under the new version", &study.under(2), &300);
    let again = study.json(REWRAP);
    ev.equal("a second run finds nothing to do", &again["skipped"], &json!(300));
    ev.equal("and asks for no wrap", &record.exchanges_of("/rewrap/").len(), &3);
    ev.holds("everything opens to what was sealed", study.is_whole());
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(a)(2)(iv)"],
    claim = "who rotates packages needs a right to rewrap at the server, and none to open",
    polarity = deny,
)]
fn right_to_rewrap_is_enough_and_opens_nothing(ev: Ev) -> Proven {
    let study = Study::new(3);
    study.rotate();
    let (home, mount) = (&study.home, &study.home.scene.mount);
    let policy = format!(
        "path \"{mount}/rewrap/ct\" {{ capabilities = [\"update\"] }}\n\
         path \"{mount}/keys/ct\" {{ capabilities = [\"read\"] }}\n\
         path \"auth/token/lookup-self\" {{ capabilities = [\"read\"] }}\n"
    );
    home.secret("bao.token", &home.scene.api.token(&policy, &json!({})));
    ev.allows(home.tried(REWRAP));
    ev.equal("all stand under the new version", &study.under(2), &3);
    ev.denies(home.tried("open packages --out-dir opened"), |Refused(code, _)| *code == Some(15));
    let opened = std::fs::read_dir(home.path("opened")).map_or(0, Iterator::count);
    ev.equal("nothing was opened", &opened, &0);
    ev.proven()
}

#[test]
fn report_says_which_needed_their_data_keys() {
    let study = Study::new(4);
    // Their recipient lists have a MAC.
    for number in 0..3 {
        let line = format!("seal study/{number} --key bao:ct -o packages/more{number}.msp");
        study.home.done(&line);
    }
    study.rotate();
    let proxy = study.behind(Vec::new());
    let said = study.home.done(REWRAP);
    assert!(said.contains("rewrapped 7 files"), "{said}");
    assert!(said.contains("4 without their data keys, 3 with them"), "{said}");
    assert_eq!(study.under(2), 7);
    // Each is unwrapped to authenticate its list, and once more to try the new one.
    assert_eq!(proxy.recording().exchanges_of("/decrypt/").len(), 6);
}

#[test]
fn single_package_needs_no_data_key_either() {
    let study = Study::new(1);
    study.rotate();
    let proxy = study.behind(Vec::new());
    let package = study.paths().remove(0);
    let said = study.home.done(&format!("rewrap {} --to-key bao:ct", package.display()));
    assert!(said.contains("without its data key"), "{said}");
    assert_eq!(proxy.recording().exchanges_of("/decrypt/").len(), 0);
    assert_eq!(study.under(2), 1);
}

#[test]
fn server_that_fails_leaves_packages_as_they_were_and_the_report_says_why() {
    let study = Study::new(3);
    study.rotate();
    let before = study.headers();
    let refusal = Answer::new(403, "{\"errors\":[\"permission denied\"]}");
    let _proxy = study.behind(vec![Rule::on("/rewrap/", Action::Answer(refusal))]);
    let said = study.json(REWRAP);
    assert_eq!((&said["failed"], &said["refused"]), (&json!(3), &json!(3)), "{said}");
    assert_eq!(said["reasons"][0]["count"], 3, "{said}");
    assert_eq!(said["reasons"][0]["code"], "key", "{said}");
    let same = |(old, new): (&medsec_crypto::Header, &medsec_crypto::Header)| {
        old.slot_digest() == new.slot_digest()
    };
    assert!(before.iter().zip(&study.headers()).all(same));
}

#[test]
fn list_names_packages_and_the_rate_is_kept() {
    let study = Study::new(12);
    study.rotate();
    let chosen: Vec<_> = study.paths().into_iter().take(8).collect();
    let list: String = chosen.iter().map(|path| format!("{}\n", path.display())).collect();
    std::fs::write(study.home.path("list"), list).unwrap();
    let begun = Instant::now();
    let said = study.json("rewrap --list list --to-key bao:ct --rate 8");
    // The first two go at once, and the last when three quarters of a second are over.
    assert!(begun.elapsed() >= Duration::from_millis(740), "{:?}", begun.elapsed());
    assert_eq!((&said["done"], &said["unseen"]), (&json!(8), &json!(8)), "{said}");
    assert_eq!((study.under(1), study.under(2)), (4, 8));
}

#[test]
fn list_comes_from_standard_input_too() {
    use std::io::Write as _;
    let study = Study::new(2);
    study.rotate();
    let mut program = study.home.command("rewrap --list - --null --to-key bao:ct --json");
    let mut child = program.stdin(std::process::Stdio::piped()).spawn().unwrap();
    let paths = study.paths();
    let list: Vec<u8> = paths
        .iter()
        .flat_map(|path| [path.as_os_str().as_encoded_bytes(), b"\0"].concat())
        .collect();
    child.stdin.take().unwrap().write_all(&list).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(study.under(2), 2);
}

/// Which of the server's keys alone open the packages.
fn opening(study: &Study) -> Vec<&'static str> {
    let opens = |key: &&str| {
        study.home.settings(&study.home.section(&[*key]));
        let _ = std::fs::remove_dir_all(study.home.path("opened"));
        study.home.tried("open packages --out-dir opened").is_ok()
    };
    let found = ["ct", "mri"].into_iter().filter(opens).collect();
    study.home.settings(&study.home.section(&["ct", "mri"]));
    found
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)", "164.312(a)(1)"],
    claim = "packages that were moved from one key of OpenBao to another open through the other alone, with their data keys or without",
    polarity = deny,
)]
fn packages_move_off_a_key(ev: Ev) -> Proven {
    const MOVE: &str = "rewrap packages --to-key bao:mri --drop-key bao:ct";
    // Under one key first, whose service has to show the data keys; under both, and none is seen.
    for (options, unseen) in [("", 0), ("--key bao:mri --blind", 3)] {
        let study = Study::with_keys(3, options);
        let said = study.json(MOVE);
        ev.equal("all were moved", &(&said["done"], &said["unseen"]), &(&json!(3), &json!(unseen)));
        study.home.settings(&study.home.section(&["ct"]));
        let open = "open packages --out-dir opened";
        ev.denies(study.home.tried(open), |Refused(code, _)| *code == Some(4));
        ev.equal("they open through the other key alone", &opening(&study), &vec!["mri"]);
        ev.equal("and a second run finds nothing to do", &study.json(MOVE)["skipped"], &json!(3));
    }
    ev.proven()
}

#[test]
fn without_its_service_no_key_is_dropped() {
    let study = Study::with_keys(1, "--key bao:mri");
    let refused = study.home.tried("rewrap packages --to-key default --drop-key bao:none");
    assert!(matches!(refused, Err(Refused(Some(15), _))), "{refused:?}");
    study.home.settings(&study.home.section_at("127.0.0.1:9", &["ct", "mri"]));
    let Refused(_, said) =
        study.home.tried("rewrap packages --to-key default --drop-key bao:ct").unwrap_err();
    assert!(said.contains("cannot be reached"), "{said}");
    study.home.settings(&study.home.section(&["ct", "mri"]));
    assert_eq!(opening(&study), ["ct", "mri"]);
}

#[test]
fn without_data_keys_nothing_falls_back_to_them() {
    let study = Study::new(2);
    study.home.done("seal study/0 --key bao:ct -o packages/more.msp");
    study.rotate();
    let proxy = study.behind(Vec::new());
    let said = study.json(&format!("{REWRAP} --without-data-keys"));
    assert_eq!((&said["unseen"], &said["failed"]), (&json!(2), &json!(1)), "{said}");
    assert_eq!(said["reasons"][0]["code"], "expectation", "{said}");
    let single = study.home.tried("rewrap packages/more.msp --to-key bao:ct --without-data-keys");
    assert!(matches!(single, Err(Refused(Some(4), _))), "{single:?}");
    assert_eq!(proxy.recording().exchanges_of("/decrypt/").len(), 0);
    assert_eq!(study.under(2), 2);
}

#[test]
fn what_needs_no_change_costs_nothing_of_the_rate() {
    let study = Study::new(12);
    study.rotate();
    study.json(REWRAP);
    let begun = Instant::now();
    let said = study.json(&format!("{REWRAP} --rate 1"));
    assert_eq!(said["skipped"], json!(12), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
}

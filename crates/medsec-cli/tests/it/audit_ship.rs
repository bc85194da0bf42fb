//! `medsec audit ship`: the file of peers, and peers that are there, away, or contradict the log.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use medsec_audit::{Algorithm, Ed25519NoteSigner, KeyName, NoteSigner as _};
use medsec_evidence::{Ev, Proven, evidence};
use rustix::process::{Pid, Signal, kill_process};

use crate::audit_log::{home, home_with, lines};
use crate::ward::Ward;

const DISK: &str = "[[folder]]\nname = \"disk\"\nfolder = \"elsewhere\"\n";
const KEPT: &str = "elsewhere/clinic.example%2Flog%2Fmain";

fn peers(ward: &Ward, text: &str) {
    ward.write("peers.toml", text.as_bytes());
    fs::set_permissions(ward.path("peers.toml"), fs::Permissions::from_mode(0o600)).unwrap();
}

/// The folder that is an anchor appears, ready.
fn mount(ward: &Ward) {
    fs::create_dir(ward.path("elsewhere")).unwrap();
    if !ward.exists("peers.toml") {
        peers(ward, DISK);
    }
    ward.line("audit ship --config peers.toml --prepare").ok();
}

/// A witness that nobody answers for.
fn dead_witness() -> String {
    let name = KeyName::new("witness.example").unwrap();
    let key = Ed25519NoteSigner::generate(name, Algorithm::CosignatureV1).unwrap();
    let key = key.verifier_key();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!(
        "[[witness]]\nname = \"witness\"\nurl = \"http://127.0.0.1:{port}\"\nkeys = [\"{key}\"]\npatience_seconds = 2\n"
    )
}

/// Records of the log about its peers.
fn recorded(ward: &Ward) -> Vec<String> {
    lines(ward).into_iter().filter(|line| line.contains("-lag\"")).collect()
}

fn once(ward: &Ward, more: &str) -> crate::ward::Run {
    ward.line(&format!("audit ship --config peers.toml --once {more}"))
}

#[test]
fn ship_refuses_a_file_that_others_can_change_or_that_says_what_it_cannot() {
    let ward = home();
    peers(&ward, DISK);
    fs::set_permissions(ward.path("peers.toml"), fs::Permissions::from_mode(0o622)).unwrap();
    assert_eq!(once(&ward, "").code, 2);
    for (text, code) in [
        (DISK.replace("folder =", "fodler ="), 2),
        (format!("[log]\nstreams = [\"other\"]\n{DISK}"), 17),
        (format!("[log]\nrecord = \"other\"\n{DISK}"), 17),
        (String::new(), 2),
    ] {
        peers(&ward, &text);
        let run = once(&ward, "");
        assert_eq!(run.code, code, "{text}: {}", run.stderr);
    }
    peers(&ward, DISK);
    assert_eq!(ward.line("audit ship --config peers.toml --json").code, 2);
    assert_eq!(ward.line("audit ship --config absent.toml").code, 9);
}

#[test]
fn ship_refuses_secrets_that_others_can_read_or_that_stand_in_the_file() {
    let ward = home();
    let postgres = "[[postgres]]\nname = \"pg\"\nserver = \"localhost:5432\"\nroots = \"ca.pem\"\ndatabase = \"a\"\nuser = \"b\"\n";
    peers(&ward, &format!("{postgres}password = \"opensesame\"\n"));
    let run = once(&ward, "");
    assert_eq!(run.code, 2);
    assert!(!run.stderr.contains("opensesame"), "{}", run.stderr);
    ward.write("secret", b"opensesame\n");
    fs::set_permissions(ward.path("secret"), fs::Permissions::from_mode(0o644)).unwrap();
    peers(&ward, &format!("{postgres}password_file = \"secret\"\n"));
    let run = once(&ward, "");
    assert!(run.code == 2 && run.stderr.contains("0644"), "{}", run.stderr);
}

#[test]
fn ship_hands_the_newest_checkpoint_over_and_measures() {
    let ward = home_with(3);
    mount(&ward);
    peers(&ward, DISK);
    let document = once(&ward, "--json --checkpoint-every 60 --metrics ship.prom").json();
    let peer = &document["peers"][0];
    assert_eq!(
        [&peer["peer"], &peer["kind"], &peer["state"], &peer["reason"]],
        ["disk", "anchor", "following", ""]
            .map(|word| match word {
                "" => serde_json::Value::Null,
                word => word.into(),
            })
            .each_ref()
    );
    assert_eq!(peer["lag_records"], 0);
    let size = ward.line("audit verify --json").json()["streams"][0]["size"].clone();
    let names: Vec<_> =
        fs::read_dir(ward.path(KEPT)).unwrap().map(|e| e.unwrap().file_name()).collect();
    let newest = format!("{:020}", size.as_u64().unwrap());
    assert!(names.iter().any(|name| *name == *newest), "{names:?}");
    let metrics = String::from_utf8(ward.read("ship.prom")).unwrap();
    for line in [
        "# TYPE medsec_audit_follower_lag_records gauge",
        "medsec_audit_anchor_lag_records{peer=\"disk\",stream=\"main\"} 0",
        "medsec_audit_peer_ok{kind=\"anchor\",peer=\"disk\",stream=\"main\"} 1",
        "# EOF",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{metrics}");
    }
    assert_eq!(recorded(&ward).len(), 0, "nothing to record where all is well");
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "an anchor that cannot be reached is told, ends the command with its code, and is recorded once in the log",
    polarity = deny,
)]
fn an_anchor_that_is_away_is_recorded_once(ev: Ev) -> Proven {
    let ward = home_with(2);
    peers(&ward, &format!("{}{DISK}", dead_witness()));
    let run = once(&ward, "");
    ev.denies(run.result(), |refused| refused.0 == 9);
    ev.holds("both are told", run.text().contains("witness: FAILING: does not answer"));
    ev.holds("a folder that is not there is not made", !ward.exists("elsewhere"));
    let told = recorded(&ward);
    ev.equal("one record each", &told.len(), &2);
    for (peer, line) in ["witness", "disk"].iter().zip(&told) {
        let named = line.contains(&format!("\"peer\":\"{peer}\""));
        let why = line.contains("\"reason\":\"unreachable\"") && line.contains("anchor-lag");
        ev.holds("the record says which and why", named && why);
    }
    ev.denies(once(&ward, "").result(), |refused| refused.0 == 9);
    ev.equal("not again within the hour", &recorded(&ward).len(), &2);
    mount(&ward);
    ev.denies(once(&ward, "").result(), |refused| refused.0 == 9);
    let told = recorded(&ward);
    let back = told.last().is_some_and(|line| {
        line.contains("\"peer\":\"disk\"") && line.contains("\"outcome\":\"success\"")
    });
    ev.holds("its return is recorded", back && told.len() == 3);
    ev.holds("the log is whole", ward.line("audit verify --content --strict").code == 0);
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "an anchor that knows more than the log ends shipping, is recorded, and nothing is signed against it",
    polarity = deny,
)]
fn a_log_that_was_put_back_is_found_by_its_anchor(ev: Ev) -> Proven {
    let ward = home_with(1);
    mount(&ward);
    peers(&ward, DISK);
    let copy = |from: &str, to: &str| {
        let (from, to) = (ward.path(from), ward.path(to));
        let status = std::process::Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap();
        assert!(status.success());
    };
    copy("home/audit", "older");
    ward.line("audit test").ok();
    // The anchor of the settings forgets, so that only the one of the file of peers knows.
    once(&ward, "--checkpoint-every 60").ok();
    fs::remove_dir_all(ward.path("home/audit")).unwrap();
    fs::remove_dir_all(ward.path("state/medsec/anchors/clinic.example%2Flog%2Fmain")).unwrap();
    fs::rename(ward.path("older"), ward.path("home/audit")).unwrap();
    let before = ward.read("home/audit/streams/main/checkpoint");
    let run = once(&ward, "--checkpoint-every 1");
    ev.denies(run.result(), |refused| refused.0 == 20);
    ev.holds("it is told", run.text().contains("disk: STOPPED: has more than the log"));
    ev.holds("why nothing was signed is told", run.stderr.contains("no checkpoint"));
    let after = ward.read("home/audit/streams/main/checkpoint");
    ev.holds("nothing was signed", before == after);
    let told = recorded(&ward);
    let forks = told.iter().filter(|line| line.contains("\"reason\":\"fork\""));
    let named = forks.filter(|line| line.contains("\"peer\":\"disk\"")).count();
    ev.equal("it is recorded once", &named, &1);
    ev.proven()
}

#[test]
fn ship_goes_on_until_a_signal_and_tells_each_change_once() {
    let ward = home_with(1);
    peers(&ward, DISK);
    // Ready, and then not mounted.
    mount(&ward);
    fs::rename(ward.path("elsewhere"), ward.path("away")).unwrap();
    let mut child = ward.spawn("audit ship --config peers.toml --metrics ship.prom");
    let mut told = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || told.next().unwrap().unwrap();
    assert!(next().starts_with("main to disk: FAILING: does not answer"));
    fs::rename(ward.path("away"), ward.path("elsewhere")).unwrap();
    assert!(next().starts_with("main to disk: follows"));
    // Another program writes meanwhile.
    ward.line("audit test").ok();
    let begun = Instant::now();
    while recorded(&ward).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(20));
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(ward.exists(KEPT) && ward.exists("ship.prom"));
    let outcomes: Vec<_> = recorded(&ward).iter().map(|line| line.contains("success")).collect();
    assert_eq!(outcomes, [false, true], "the end of it at the latest with the end of the command");
}

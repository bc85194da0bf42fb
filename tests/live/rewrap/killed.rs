//! A run that is killed, or interrupted, and the next one.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use medsec_evidence::{Ev, Proven, evidence};

use super::Study;
use crate::support::full;

const COUNT: usize = 400;
const REWRAP: &str = "rewrap packages --to-key bao:ct";
/// So slowly that what ends it comes amid its packages.
const SLOWLY: &str = "rewrap packages --to-key bao:ct --rate 200";

fn start(study: &Study) -> Child {
    let mut command = study.home.command(SLOWLY);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)", "164.312(c)(1)"],
    claim = "a rotation that is killed at any moment leaves every package open, and the next run finishes it",
    polarity = allow,
)]
fn killed_rotation_loses_nothing_and_is_gone_on_with(ev: Ev) -> Proven {
    let study = Study::new(COUNT);
    study.rotate();
    let begun = Instant::now();
    study.home.done(SLOWLY);
    let whole = begun.elapsed();
    let moments = if full() { 24 } else { 6 };
    let (mut version, mut partly) = (2, 0);
    for moment in 1..=moments {
        version += 1;
        study.rotate();
        let mut child = start(&study);
        sleep(whole * moment / (moments + 1));
        child.kill().unwrap();
        child.wait().unwrap();
        let (old, new) = (study.under(version - 1), study.under(version));
        ev.equal("each is under the old or the new version", &(old + new), &COUNT);
        partly += usize::from(old > 0 && new > 0);
        study.home.done(REWRAP);
        ev.equal("the next run finishes it", &study.under(version), &COUNT);
    }
    ev.holds("some runs were killed amid their packages", partly > 0);
    ev.holds("everything opens to what was sealed", study.is_whole());
    ev.proven()
}

#[test]
fn interrupted_rotation_ends_in_order_and_is_gone_on_with() {
    let study = Study::new(COUNT);
    study.rotate();
    let mut command = study.home.command(&format!("{SLOWLY} --json"));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    sleep(Duration::from_millis(800));
    let signal = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
    assert!(signal.unwrap().success());
    let begun = Instant::now();
    let ended = child.wait_with_output().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(ended.status.code(), Some(10));
    let said: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    let done = usize::try_from(said["done"].as_u64().unwrap()).unwrap();
    assert!(done > 0 && done < COUNT, "{said}");
    assert_eq!((study.under(2), study.under(1)), (done, COUNT - done));
    study.home.done(REWRAP);
    assert_eq!(study.under(2), COUNT);
    assert!(study.is_whole());
}

//! What stands on the disk in clear: nothing, wherever the program writes.

use std::fs;
use std::path::Path;

use medsec_evidence::{Ev, Proven, evidence};

use super::ANN;
use crate::ward::{Refused, Run, Ward, finished};

/// Stands nowhere else.
const CANARY: &[u8] = b"canary-7f3a-hemoglobin-9.1";

/// Runs the program with a folder for temporary files of its own, which stays.
fn run(ward: &Ward, line: &str) -> Run {
    let mut command = ward.command(line.split_whitespace());
    command.env("TMPDIR", ward.path("tmp"));
    let piped = || std::process::Stdio::piped();
    finished(command.stdout(piped()).stderr(piped()).spawn())
}

/// Files below a folder in which the canary stands, or in whose names.
fn found(folder: &Path) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += found(&path);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let inside = bytes.windows(CANARY.len()).any(|window| window == CANARY);
        count += usize::from(inside || path.to_string_lossy().contains("canary"));
    }
    count
}

/// A home of ada with a folder of files that hold the canary, sealed into `sealed`; and ann, a user of the key store
/// to whom the policy permits what it permits to ada, and who was granted no key.
fn sealed() -> Ward {
    let ward = Ward::with_lax_home();
    for folder in ["tmp", "in"] {
        fs::create_dir(ward.path(folder)).unwrap();
    }
    // A long run of it, and one alone.
    ward.write("in/canary-long", &CANARY.repeat(40_000));
    ward.write("in/canary-short", CANARY);
    run(&ward, "seal in --key default --out-dir sealed").ok();
    ward.line("user keys ann --no-passphrase").ok();
    ward.line(&format!("user add ann --recipient {ANN}.identity --signer {ANN}.signer")).ok();
    ward
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "nothing of what was sealed stands in clear in packages, home, log or temporary files, and it opens to whoever was granted its key and to nobody else",
    polarity = deny,
)]
fn sealed_content_stands_nowhere_in_clear(ev: Ev) -> Proven {
    let ward = sealed();
    let clear = |ward: &Ward| ["sealed", "home", "tmp"].map(|name| found(&ward.path(name)));
    ev.equal("the search finds what is there", &found(&ward.path("in")), &2);
    ev.equal("nothing after sealing", &clear(&ward), &[0; 3]);
    let open = format!("open sealed --identity {ANN}.identity --any-signer --out-dir");
    ev.denies(run(&ward, &format!("{open} not-granted")).result(), |refused| {
        *refused == Refused(15)
    });
    ev.allows(run(&ward, "open sealed --out-dir own").result());
    ev.allows(ward.line("user grant ann default").result());
    ev.allows(run(&ward, &format!("{open} granted")).result());
    for folder in ["own", "granted"] {
        let same = ward.read(&format!("{folder}/canary-long")) == CANARY.repeat(40_000);
        ev.holds("it is the content", same && found(&ward.path(folder)) == 2);
    }
    let none = !ward.exists("not-granted") || found(&ward.path("not-granted")) == 0;
    ev.holds("nothing came to who was not granted it", none);
    ev.equal("nothing after opening", &clear(&ward), &[0; 3]);
    ev.proven()
}

//! Peak memory does not grow with the file.

use std::fs::{self, File};
use std::path::Path;

use medsec_crypto::{Execution, Header, OutputOptions, SignerExpectation};
use tempfile::TempDir;

use crate::support::sample::Plan;
use medsec_testkit::child::{child, number_in, output_of, task};

const HELPER: &str = "memory::peak::helper_reports_its_peak";
const MIB: u64 = 1024 * 1024;
/// What the issue allows, in KiB.
const LIMIT_KIB: u64 = 64 * 1024;

/// 256 MiB, or 4 GiB in the long runs.
fn content_len() -> u64 {
    if std::env::var_os("MEDSEC_FULL").is_some() { 4096 * MIB } else { 256 * MIB }
}

/// The peak of a process that does this to the files of the folder.
fn peak_of(folder: &Path, way: &str, threads: &str) -> u64 {
    let words = [folder.to_str().unwrap(), way, threads];
    let peak = number_in(&output_of(child(HELPER, &words)), "peak");
    println!("{way}, {threads} threads: peak {peak} KiB");
    peak
}

fn stays_small(plan: &str) {
    let folder = TempDir::new().unwrap();
    let content = File::create(folder.path().join("content")).unwrap();
    content.set_len(content_len()).unwrap();
    let base = peak_of(folder.path(), "nothing", "1");
    for threads in ["1", "2"] {
        for way in ["seal", "open", "stream", "verify"] {
            let peak = peak_of(folder.path(), &format!("{plan} {way}"), threads);
            assert!(peak < LIMIT_KIB, "{way}: {peak} KiB");
        }
        assert_eq!(fs::metadata(folder.path().join("out")).unwrap().len(), content_len());
        for name in ["out", "streamed", "package"] {
            fs::remove_file(folder.path().join(name)).unwrap();
        }
    }
    assert!(base < LIMIT_KIB);
}

#[test]
fn peak_memory_of_plain_package_is_small() {
    stays_small("plain");
}

#[test]
fn peak_memory_of_signed_package_is_small() {
    stays_small("signed");
}

fn work(folder: &Path, words: &str, execution: &Execution<'_>) {
    let (plan, way) = words.split_once(' ').unwrap();
    let plan = match plan {
        "signed" => Plan::new(0).signed().with_metadata(),
        _ => Plan::new(0),
    };
    let path = |name: &str| folder.join(name);
    let options = OutputOptions::default();
    if way == "seal" {
        let content = File::open(path("content")).unwrap();
        let sealer = plan.sealer();
        sealer.seal_to_file(content, &path("package"), options, execution).unwrap();
        return;
    }
    let mut package = File::open(path("package")).unwrap();
    if way == "verify" && plan.signed {
        let header = Header::read(&mut package).unwrap();
        let signer = SignerExpectation::NotRequired;
        header.verify_origin(package, &signer, u64::MAX, execution).unwrap();
        return;
    }
    let unlocked = plan.unlock(1, &mut package).unwrap();
    match way {
        "open" => unlocked.open_to_file(package, &path("out"), options, execution),
        "stream" => unlocked.open_stream_to_file(package, &path("streamed"), options, execution),
        _ => unlocked.verify(package, execution),
    }
    .unwrap();
}

/// Folder, plan and way, threads.
#[test]
fn helper_reports_its_peak() {
    let Some(words) = task() else { return };
    let execution = crate::support::threads(words[2].parse().unwrap());
    if words[1] != "nothing" {
        work(Path::new(&words[0]), &words[1], &execution);
    }
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let peak: String = line.chars().filter(char::is_ascii_digit).collect();
    println!("peak={peak}");
}

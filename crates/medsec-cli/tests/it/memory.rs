//! Memory does not grow with the file.
#![cfg(target_os = "linux")]

use std::process::Child;

use crate::ward::{Ward, finished};

const LIMIT_KIB: u64 = 64 * 1024;

/// Peak of resident memory in KiB, as last seen before the program ended.
fn watch(child: &mut Child) -> u64 {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let seen = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
        peak = peak.max(seen.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    peak
}

#[test]
fn large_file_stays_within_64_mib() {
    let ward = Ward::with_home();
    let large = std::fs::File::create(ward.path("large")).unwrap();
    large.set_len(256 << 20).unwrap();
    for line in [
        "seal large --to own.key --sign-with sign.key -o large.msp",
        "verify large.msp",
        "open large.msp --identity own.key --any-signer -o large.out",
    ] {
        let mut child = ward.spawn(line);
        let peak = watch(&mut child);
        finished(Ok(child)).ok();
        assert!((1..LIMIT_KIB).contains(&peak), "{line}: {peak} KiB");
    }
    assert_eq!(std::fs::metadata(ward.path("large.out")).unwrap().len(), 256 << 20);
}

//! Judgement of the machine.

use super::Finding;
use super::facts::Facts;

/// When this version was made: a clock before it is wrong. 2026-11-01.
const RELEASED: u64 = 1_793_491_200;
/// A clock after it is wrong as well: thirty years later.
const IMPLAUSIBLE: u64 = RELEASED + 30 * 365 * 86_400;
/// Below this, a disk is as good as full.
const LITTLE_SPACE: u64 = 64 * 1024 * 1024;
const SOME_SPACE: u64 = 1024 * 1024 * 1024;
const FEW_INODES: u64 = 10_000;
/// Keys, passphrase and buffers of a run fit in this.
const ENOUGH_LOCKED: u64 = 64 * 1024;

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    [clock, core_dumps, swap, memory_locking, disk, inodes, nameless_files, umask]
        .into_iter()
        .filter_map(|check| check(facts))
        .collect()
}

#[expect(clippy::unnecessary_wraps, reason = "one shape for all checks")]
fn clock(facts: &Facts) -> Option<Finding> {
    const CHECK: &str = "clock";
    let now = facts.now.unix_seconds();
    let shown = medsec_kms::UtcTime::from(facts.now);
    Some(if (RELEASED..IMPLAUSIBLE).contains(&now) {
        Finding::good(CHECK, format!("{shown}, which is plausible"))
    } else {
        Finding::problem(
            CHECK,
            format!("{shown} cannot be: packages and keys would carry wrong times"),
            "set the clock, and have it kept by chrony or systemd-timesyncd",
        )
    })
}

fn core_dumps(facts: &Facts) -> Option<Finding> {
    const CHECK: &str = "core dumps";
    let limited = facts.core_limit.map(|limit| limit == 0);
    let hidden = facts.dumpable.map(|dumpable| !dumpable);
    Some(match (limited, hidden) {
        (None, None) => return None,
        (_, Some(true)) | (Some(true), None) => {
            Finding::good(CHECK, "this program leaves none, and others cannot read its memory")
        }
        _ => Finding::problem(
            CHECK,
            "a crash of this program would write keys and plaintext to the disk",
            "set `* hard core 0` in limits.conf, and fs.suid_dumpable=0",
        ),
    })
}

/// Swap in memory, or below a crypt mapping, does not bring keys to the disk in clear.
fn swap(facts: &Facts) -> Option<Finding> {
    const CHECK: &str = "swap";
    let on_disk = |line: &&String| {
        let name = line.split_whitespace().next().unwrap_or_default();
        !(name.starts_with("/dev/zram") || name.contains("crypt"))
    };
    let open = facts.swaps.iter().filter(on_disk).count();
    Some(if open == 0 {
        Finding::good(CHECK, "none that would take keys to the disk in clear")
    } else {
        Finding::warning(
            CHECK,
            format!(
                "{open} swap area(s) that may not be encrypted: keys in memory may reach the disk"
            ),
            "encrypt swap (crypttab with a random key), use zram, or run `swapoff -a`; a device mapper \
             volume that is encrypted below can be named with `crypt` in its name to be known",
        )
    })
}

fn memory_locking(facts: &Facts) -> Option<Finding> {
    const CHECK: &str = "memory locking";
    let limit = facts.memlock_limit?;
    Some(if limit >= ENOUGH_LOCKED {
        Finding::good(
            CHECK,
            "the system lets this user lock memory; medsec erases keys and does not lock them",
        )
    } else {
        Finding::warning(
            CHECK,
            format!(
                "only {limit} bytes may be locked in memory: no program of this user can keep keys from swap"
            ),
            "set `memlock` in limits.conf to at least 64 KiB, or LimitMEMLOCK= in the unit",
        )
    })
}

fn disk(facts: &Facts) -> Option<Finding> {
    const CHECK: &str = "disk";
    const MEND: &str = "make room where the home is";
    let free = facts.free_bytes?;
    let shown = crate::units::size(free);
    Some(match free {
        0..LITTLE_SPACE => Finding::problem(
            CHECK,
            format!("only {shown} free: changes of the key store may fail"),
            MEND,
        ),
        LITTLE_SPACE..SOME_SPACE => Finding::warning(CHECK, format!("only {shown} free"), MEND),
        _ => Finding::good(CHECK, format!("{shown} free")),
    })
}

fn inodes(facts: &Facts) -> Option<Finding> {
    const CHECK: &str = "inodes";
    let free = facts.free_inodes?;
    Some(if free >= FEW_INODES {
        Finding::good(CHECK, format!("{free} free"))
    } else {
        Finding::warning(
            CHECK,
            format!("only {free} files can still be made"),
            "remove small files there",
        )
    })
}

fn nameless_files(facts: &Facts) -> Option<Finding> {
    const CHECK: &str = "files without a name";
    Some(if facts.nameless_files? {
        Finding::good(CHECK, "the file system makes them: a killed run leaves nothing")
    } else {
        Finding::warning(
            CHECK,
            "the file system of the home makes none: a killed run may leave a private `.medsec-….part` file",
            "use ext4, XFS, Btrfs or tmpfs; the next run into the same folder removes such files after a day",
        )
    })
}

fn umask(facts: &Facts) -> Option<Finding> {
    const CHECK: &str = "umask";
    let umask = facts.umask?;
    Some(if umask & 0o002 != 0 {
        Finding::good(CHECK, format!("{umask:04o}"))
    } else {
        Finding::warning(
            CHECK,
            format!("{umask:04o}: everyone may change the packages that this user makes"),
            "set `umask 027` in the profile, or UMask=0027 in the unit",
        )
    })
}

#[cfg(test)]
mod tests {
    use medsec_crypto::Timestamp;

    use super::super::Verdict;
    use super::*;

    fn healthy() -> Facts {
        Facts {
            now: Timestamp::from_unix_seconds(RELEASED + 1),
            core_limit: Some(0),
            dumpable: Some(false),
            memlock_limit: Some(8 << 20),
            swaps: Vec::new(),
            free_bytes: Some(10 << 30),
            free_inodes: Some(1 << 20),
            nameless_files: Some(true),
            umask: Some(0o022),
        }
    }

    fn bad(facts: &Facts) -> Vec<(&'static str, Verdict)> {
        let findings = judge(facts).into_iter().filter(|f| f.verdict != Verdict::Good);
        findings.inspect(|f| assert!(f.mend.is_some())).map(|f| (f.check, f.verdict)).collect()
    }

    #[test]
    fn healthy_machine_has_no_finding() {
        assert_eq!(bad(&healthy()), []);
        assert_eq!(judge(&healthy()).len(), 8);
    }

    #[test]
    fn each_misconfiguration_is_found_alone() {
        let zero = Timestamp::from_unix_seconds(0);
        let late = Timestamp::from_unix_seconds(IMPLAUSIBLE);
        let swap = vec!["/dev/sda2 partition 1000 0 -2".to_owned()];
        let cases = [
            (Facts { now: zero, ..healthy() }, "clock", Verdict::Problem),
            (Facts { now: late, ..healthy() }, "clock", Verdict::Problem),
            (
                Facts { core_limit: Some(1), dumpable: Some(true), ..healthy() },
                "core dumps",
                Verdict::Problem,
            ),
            (Facts { swaps: swap, ..healthy() }, "swap", Verdict::Warning),
            (Facts { memlock_limit: Some(0), ..healthy() }, "memory locking", Verdict::Warning),
            (Facts { free_bytes: Some(1 << 20), ..healthy() }, "disk", Verdict::Problem),
            (Facts { free_bytes: Some(1 << 29), ..healthy() }, "disk", Verdict::Warning),
            (Facts { free_inodes: Some(3), ..healthy() }, "inodes", Verdict::Warning),
            (
                Facts { nameless_files: Some(false), ..healthy() },
                "files without a name",
                Verdict::Warning,
            ),
            (Facts { umask: Some(0), ..healthy() }, "umask", Verdict::Warning),
        ];
        for (facts, check, verdict) in cases {
            assert_eq!(bad(&facts), [(check, verdict)]);
        }
    }

    #[test]
    fn swap_that_keeps_keys_off_the_disk_is_no_finding() {
        let text = "Filename Type Size Used Priority\n/dev/zram0 partition 1 0 5\n\
                    /dev/mapper/cryptswap partition 1 0 5\n";
        let swaps = super::super::facts::swaps(text);
        assert_eq!(swaps.len(), 2);
        assert_eq!(bad(&Facts { swaps, ..healthy() }), []);
    }

    #[test]
    fn umask_is_read_in_octal() {
        assert_eq!(super::super::facts::umask("Name:\tx\nUmask:\t0027\n"), Some(0o027));
        assert_eq!(super::super::facts::umask("Name:\tx\n"), None);
    }
}

//! What cannot be recorded does not happen.

use std::fs;

use medsec_evidence::{Ev, Proven, evidence};

use super::sealed;
use crate::ward::{SCAN, Ward, finished};

/// Runs a line that must fail, and leave nothing.
fn refused(ev: &Ev, ward: &Ward, line: &str, codes: &[i32]) {
    let before = ward.read("scan.msp");
    let run = ward.line(line);
    ev.denies(run.result(), |refused| codes.contains(&refused.0));
    ev.holds("nothing was written", !ward.exists("x"));
    ev.equal_bytes("the package is as it was", &ward.read("scan.msp"), &before);
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "without its audit log the program opens, seals, rewraps and tries nothing",
    polarity = deny,
)]
fn nothing_happens_without_the_log(ev: Ev) -> Proven {
    let ward = sealed();
    let away = ward.path("away");
    for part in ["home/audit", "home/audit.pin", "home/audit/streams/main/key"] {
        fs::rename(ward.path(part), &away).unwrap();
        for line in [
            "open scan.msp -o x",
            &format!("seal {SCAN} --key default -o x"),
            "rewrap scan.msp --to partner.key",
            "verify scan.msp --identity home/identities/ada.identity",
        ] {
            refused(&ev, &ward, line, &[9, 17]);
        }
        fs::rename(&away, ward.path(part)).unwrap();
    }
    ev.allows(ward.line("open scan.msp -o x").result());
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "what the audit log has no room to record is not opened, sealed or rewrapped",
    polarity = deny,
)]
#[cfg(unix)]
fn nothing_happens_where_the_log_cannot_be_written(ev: Ev) -> Proven {
    let ward = Ward::with_home();
    // Packages and contents that are much shorter than the log.
    ward.write("small", b"a finding");
    ward.line("seal small --key default -o scan.msp").ok();
    while fs::metadata(ward.path(crate::audit_log::SEGMENT)).unwrap().len() < 20_000 {
        ward.line("audit test").ok();
    }
    let seal = "seal small --key default -o x";
    for line in ["open scan.msp -o x", seal, "rewrap scan.msp --to partner.key"] {
        let before = ward.read("scan.msp");
        let run = ward.limited(line);
        ev.denies(run.result(), |refused| matches!(refused.0, 9 | 16 | 17));
        ev.holds("nothing was written", !ward.exists("x"));
        ev.equal_bytes("the package is as it was", &ward.read("scan.msp"), &before);
    }
    // It was the log alone: what writes no record still writes its file.
    ev.allows(ward.limited("identity new --no-passphrase --out new.key").result());
    ev.allows(ward.line("open scan.msp -o x").result());
    ev.allows(ward.line("audit verify").result());
    ev.proven()
}

impl Ward {
    /// Runs the line where no file can grow beyond 16 blocks, as on a full disk.
    fn limited(&self, line: &str) -> crate::ward::Run {
        let program = env!("CARGO_BIN_EXE_medsec");
        let script = format!("trap '' XFSZ; ulimit -f 16; exec {program} {line}");
        let mut command = self.shell(&script);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        finished(command.spawn())
    }
}

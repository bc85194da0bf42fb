//! OpenMetrics text, in a file that is replaced in one step: for a collector that reads files.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use medsec_audit::{LogTime, StreamName};

use super::{Rule, State};

/// What there is to measure.
pub(crate) struct Metrics<'a> {
    pub(crate) state: &'a State,
    pub(crate) streams: &'a [StreamName],
    /// By stream, when its newest record was written.
    pub(crate) newest: &'a [Option<LogTime>],
    /// By stream, whether the last verification found it whole; none before the first.
    pub(crate) whole: &'a [Option<bool>],
    /// By stream, whether an anchor vouched for it then.
    pub(crate) anchored: &'a [Option<bool>],
    /// When all was looked at last, and when it was verified last.
    pub(crate) looked: Option<LogTime>,
    pub(crate) verified: Option<LogTime>,
}

impl Metrics<'_> {
    /// The whole text. Values of labels are identifiers and need no escapes.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // A String takes whatever is written to it.
        text.push_str("# TYPE medsec_audit_records counter\n# HELP medsec_audit_records Records seen, by kind and outcome.\n");
        for (kind, outcome, total) in self.state.totals() {
            let _ = writeln!(
                text,
                "medsec_audit_records_total{{kind=\"{kind}\",outcome=\"{outcome}\"}} {total}"
            );
        }
        text.push_str("# TYPE medsec_audit_last_record_seconds gauge\n# UNIT medsec_audit_last_record_seconds seconds\n# HELP medsec_audit_last_record_seconds When the newest record was written, by the writer's clock.\n");
        for (stream, newest) in self.streams.iter().zip(self.newest) {
            if let Some(newest) = newest {
                let seconds = seconds(*newest);
                let _ = writeln!(
                    text,
                    "medsec_audit_last_record_seconds{{stream=\"{stream}\"}} {seconds}"
                );
            }
        }
        text.push_str(
            "# TYPE medsec_audit_alerts counter\n# HELP medsec_audit_alerts Alerts, by rule.\n",
        );
        for rule in Rule::ALL {
            let _ = writeln!(
                text,
                "medsec_audit_alerts_total{{rule=\"{}\"}} {}",
                rule.name(),
                self.state.alerts(rule)
            );
        }
        let flags = [
            ("verify_ok", "Whether the last verification found the stream whole.", self.whole),
            ("anchored", "Whether an anchor vouched for it then.", self.anchored),
        ];
        for (name, help, values) in flags {
            let _ = writeln!(
                text,
                "# TYPE medsec_audit_{name} gauge\n# HELP medsec_audit_{name} {help}"
            );
            for (stream, value) in self.streams.iter().zip(values) {
                if let Some(value) = value.map(u8::from) {
                    let _ = writeln!(text, "medsec_audit_{name}{{stream=\"{stream}\"}} {value}");
                }
            }
        }
        let times = [
            ("last_look", "When all was looked at last.", self.looked),
            ("last_verification", "When the streams were verified last.", self.verified),
        ];
        for (name, help, time) in times {
            let name = format!("medsec_audit_{name}_seconds");
            let _ =
                writeln!(text, "# TYPE {name} gauge\n# UNIT {name} seconds\n# HELP {name} {help}");
            if let Some(time) = time {
                let _ = writeln!(text, "{name} {}", seconds(time));
            }
        }
        text.push_str("# EOF\n");
        text
    }
}

fn seconds(time: LogTime) -> String {
    let millis = time.unix_millis();
    let parts = [millis.checked_div(1000), millis.checked_rem(1000)];
    let [seconds, rest] = parts.map(Option::unwrap_or_default);
    format!("{seconds}.{rest:03}")
}

/// Puts a durable file in the place of another in one step.
pub(crate) fn replace(path: &Path, text: &[u8], mode: u32) -> io::Result<()> {
    let parent = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = parent.unwrap_or_else(|| Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".medsec-watch-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

//! rsyslog as a receiver over TLS. It writes what it understood of each message, so that tests see how it parsed.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::certificates::Certificates;
use super::installed::Installed;
use super::{Record, answers, free_port, live, settle};
use crate::process;
use crate::workspace::Workspace;

/// Starts it with two ports: one takes any sender, the other only those with a certificate of our authority. Returns
/// the variables for tests.
pub(super) fn start(
    ws: &Workspace,
    installed: &Installed,
    certificates: &Certificates,
    run: &Path,
    record: Record<'_>,
) -> Result<Vec<(String, String)>> {
    let folder = run.join("rsyslog");
    std::fs::create_dir(&folder)?;
    let [any, known] = [free_port()?, free_port()?];
    let received = folder.join("received.tsv");
    std::fs::write(&received, "")?;
    let configuration = folder.join("rsyslog.conf");
    let driver = installed.tls_driver;
    std::fs::write(&configuration, text(&folder, certificates, driver, [any, known]))?;
    let mut command = process::command(&installed.rsyslogd, &ws.root);
    command.arg("-n").arg("-f").arg(&configuration).arg("-i").arg(folder.join("pid"));
    let server = live::spawn(&mut command, "rsyslog", any, &folder.join("log"))?;
    settle(&server, Duration::from_secs(20), ws, record, || answers(known))?;
    let variables = [
        ("MEDSEC_LIVE_SYSLOG", format!("127.0.0.1:{any}")),
        ("MEDSEC_LIVE_SYSLOG_MUTUAL", format!("127.0.0.1:{known}")),
        ("MEDSEC_LIVE_SYSLOG_RECEIVED", received.display().to_string()),
    ];
    Ok(variables.map(|(name, value)| (name.to_owned(), value)).to_vec())
}

/// Its configuration. A received message is one line: the fields that RFC 5424 has, with tabs between them.
fn text(folder: &Path, certificates: &Certificates, driver: &str, ports: [u16; 2]) -> String {
    let [any, known] = ports;
    let (folder, ca) = (folder.display(), certificates.certificate("ca"));
    let (certificate, key) = (certificates.certificate("server"), certificates.key("server"));
    let (ca, certificate, key) = (ca.display(), certificate.display(), key.display());
    let tls = format!("StreamDriver.Name=\"{driver}\" StreamDriver.Mode=\"1\"");
    let fields = [
        "property(name=\"pri\")",
        "property(name=\"protocol-version\")",
        "property(name=\"timereported\" dateFormat=\"rfc3339\")",
        "property(name=\"hostname\")",
        "property(name=\"app-name\")",
        "property(name=\"procid\")",
        "property(name=\"msgid\")",
        "property(name=\"structured-data\")",
        "property(name=\"msg\")",
    ];
    let fields = fields.join("\n  constant(value=\"\\t\")\n  ");
    format!(
        "global(workDirectory=\"{folder}\" maxMessageSize=\"128k\"\n  \
         defaultNetstreamDriver=\"{driver}\" defaultNetstreamDriverCAFile=\"{ca}\"\n  \
         defaultNetstreamDriverCertFile=\"{certificate}\" defaultNetstreamDriverKeyFile=\"{key}\")\n\
         module(load=\"imtcp\")\n\
         template(name=\"fields\" type=\"list\") {{\n  {fields}\n  constant(value=\"\\n\")\n}}\n\
         ruleset(name=\"keep\") {{\n  \
         action(type=\"omfile\" file=\"{folder}/received.tsv\" template=\"fields\")\n}}\n\
         input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{any}\" ruleset=\"keep\" {tls}\n  \
         StreamDriver.AuthMode=\"anon\")\n\
         input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{known}\" ruleset=\"keep\" {tls}\n  \
         StreamDriver.AuthMode=\"x509/certvalid\")\n"
    )
}

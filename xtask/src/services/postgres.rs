//! PostgreSQL clusters: fresh, over TLS only, on loopback only, as an unprivileged user.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::certificates::Certificates;
use super::installed::Installed;
use super::state::Server;
use super::user::User;
use super::{Record, free_port, live, private, settle, wait};
use crate::process;
use crate::workspace::Workspace;

/// How long a start may take, recovery after a crash included.
const LIMIT: Duration = Duration::from_secs(60);

/// What a cluster is made with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) ws: &'a Workspace,
    pub(super) installed: &'a Installed,
    pub(super) user: &'a User,
    pub(super) certificates: &'a Certificates,
}

/// A cluster that runs.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) port: u16,
    /// Of the superuser `postgres`.
    pub(super) password: String,
}

/// A cluster that was killed.
#[derive(Debug)]
pub(super) struct Stopped<'a> {
    pub(super) ws: &'a Workspace,
    pub(super) user: &'a User,
    pub(super) data: PathBuf,
}

impl Cluster {
    /// Makes a cluster in a folder of the run and waits until it answers.
    pub(super) fn make(
        place: &Place<'_>,
        run: &Path,
        name: &str,
        record: Record<'_>,
    ) -> Result<Self> {
        let data = run.join(name);
        std::fs::create_dir(&data)?;
        place.user.owns(&data)?;
        let password = password()?;
        initialise(place, run, &data, &password)?;
        let port = free_port()?;
        configure(place, &data, port)?;
        let program = place.installed.postgres.join("postgres");
        std::fs::write(data.join("medsec-program"), program.display().to_string())?;
        let stopped = Stopped { ws: place.ws, user: place.user, data };
        stopped.start(name, port, record)?;
        Ok(Self { port, password })
    }
}

impl Stopped<'_> {
    /// Starts it as it was, under the same port.
    pub(super) fn start_again(&self, was: &Server, record: Record<'_>) -> Result<()> {
        // Processes of a killed server end by themselves, and as long as one lives no new one starts.
        wait("a start after the crash", LIMIT, || self.start(&was.name, was.port, record).is_ok())
    }

    fn start(&self, name: &str, port: u16, record: Record<'_>) -> Result<()> {
        let program = std::fs::read_to_string(self.data.join("medsec-program"))?;
        let bin = Path::new(&program).parent().context("no folder")?.to_path_buf();
        let mut command = process::command(&program, Path::new("/"));
        command.arg("-D").arg(&self.data);
        let log = self.data.with_extension("log");
        let server = live::spawn(self.user.runs(&mut command), name, port, &log)?;
        settle(&server, LIMIT, self.ws, record, || {
            let mut ready = process::command(bin.join("pg_isready"), &self.ws.root);
            ready.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
            ready.status().is_ok_and(|status| status.success())
        })
    }
}

fn initialise(place: &Place<'_>, run: &Path, data: &Path, password: &str) -> Result<()> {
    let file = run.join("password");
    private::write(&file, password)?;
    place.user.owns(&file)?;
    let mut initdb = process::command(place.installed.postgres.join("initdb"), Path::new("/"));
    initdb.args(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8"]);
    // What a crash of the machine would do to throw-away data is of no interest.
    initdb.args(["--locale=C", "--no-sync"]).arg("--pwfile").arg(&file).arg("-D").arg(data);
    process::read(place.user.runs(&mut initdb))?;
    Ok(std::fs::remove_file(file)?)
}

fn configure(place: &Place<'_>, data: &Path, port: u16) -> Result<()> {
    for (from, to) in [
        (place.certificates.certificate("server"), "server.crt"),
        (place.certificates.key("server"), "server.key"),
    ] {
        let to = data.join(to);
        std::fs::copy(from, &to)?;
        std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o600))?;
        place.user.owns(&to)?;
    }
    let settings = format!(
        "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\nssl = on\n\
         fsync = off\nmax_connections = 40\nmax_wal_size = '2GB'\n"
    );
    let file = data.join("postgresql.conf");
    let before = std::fs::read_to_string(&file)?;
    std::fs::write(&file, before + &settings)?;
    let access = "hostssl all all 127.0.0.1/32 scram-sha-256\n";
    Ok(std::fs::write(data.join("pg_hba.conf"), access)?)
}

/// 32 hexadecimal digits from the operating system.
fn password() -> Result<String> {
    use std::io::Read as _;

    let mut bytes = [0_u8; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

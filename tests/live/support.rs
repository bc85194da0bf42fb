//! Where the servers are, and lines to ship.

pub(crate) mod copy;
pub(crate) mod database;
pub(crate) mod home;
pub(crate) mod log;
pub(crate) mod plain_http;
pub(crate) mod stream;
pub(crate) mod vault;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use medsec_audit::PeerName;
use medsec_ship::{Address, Tls, TlsIdentity, TlsSettings};

/// Time for any one call.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A variable that `cargo xtask services` sets.
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("no {name}: run `cargo xtask services run -- cargo nextest run -p medsec-live`")
    })
}

/// Whether the long run is on, as `cargo xtask test --full` sets it.
pub(crate) fn full() -> bool {
    std::env::var_os("MEDSEC_FULL").is_some()
}

/// Runs a future to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().unwrap().block_on(work)
}

pub(crate) fn peer(name: &str) -> PeerName {
    PeerName::new(name).unwrap()
}

/// `localhost` for an address `127.0.0.1:port`: the certificates are for both.
pub(crate) fn local(variable_name: &str) -> Address {
    let port = variable(variable_name).rsplit_once(':').unwrap().1.parse().unwrap();
    Address::new("localhost", port).unwrap()
}

/// A file of `cargo xtask services`' certificates.
pub(crate) fn certificate_file(name: &str) -> PathBuf {
    PathBuf::from(variable("MEDSEC_LIVE_CERTIFICATES")).join(name)
}

/// Copies a folder with all that is in it to a place where nothing is.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let place = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &place),
            false => drop(std::fs::copy(entry.path(), place).unwrap()),
        }
    }
}

/// TLS that trusts an authority and appears as nobody or somebody.
pub(crate) fn tls(authority: &str, client: Option<&str>) -> Tls {
    let read = |name: String| std::fs::read(certificate_file(&name)).unwrap();
    let roots = read(format!("{authority}.pem"));
    let files = client.map(|name| (read(format!("{name}.pem")), read(format!("{name}.key"))));
    let identity =
        files.as_ref().map(|(certificates, key)| TlsIdentity { certificates, key: key.as_slice() });
    Tls::new(&TlsSettings { roots: &roots, identity }).unwrap()
}

//! Throw-away certificates: an authority with a server and a client, and a stranger's authority with a client.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Sections of extensions for `openssl`.
const CONFIGURATION: &str = "\
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost,IP:127.0.0.1
[client]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
subjectAltName = DNS:client.medsec.test
";

/// A folder of certificates and keys in PEM.
#[derive(Debug)]
pub(super) struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Makes them with `openssl`; they live for two days.
    ///
    /// # Errors
    /// `openssl` is missing or failed.
    pub(super) fn make(ws: &Workspace, run: &Path) -> Result<Self> {
        let certificates = Self { folder: run.join("certificates") };
        std::fs::create_dir_all(&certificates.folder)?;
        std::fs::write(certificates.folder.join("openssl.cnf"), CONFIGURATION)?;
        for authority in ["ca", "stranger-ca"] {
            certificates.authority(ws, authority)?;
        }
        for (name, section, authority) in [
            ("server", "server", "ca"),
            ("client", "client", "ca"),
            ("stranger", "client", "stranger-ca"),
        ] {
            certificates.signed(ws, name, section, authority)?;
        }
        Ok(certificates)
    }

    pub(super) fn certificate(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.pem"))
    }

    pub(super) fn key(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.key"))
    }

    pub(super) fn variables(&self) -> Vec<(String, String)> {
        vec![("MEDSEC_LIVE_CERTIFICATES".to_owned(), self.folder.display().to_string())]
    }

    fn authority(&self, ws: &Workspace, name: &str) -> Result<()> {
        let mut request = self.request(ws, name);
        request.args(["-x509", "-days", "2", "-extensions", "authority", "-out"]);
        process::read(request.arg(self.certificate(name))).map(|_| ())
    }

    fn signed(&self, ws: &Workspace, name: &str, section: &str, authority: &str) -> Result<()> {
        let asked = self.folder.join(format!("{name}.csr"));
        process::read(self.request(ws, name).arg("-out").arg(&asked))?;
        let mut sign = process::command("openssl", &ws.root);
        sign.args(["x509", "-req", "-days", "2", "-extensions", section, "-in"]).arg(asked);
        sign.arg("-extfile").arg(self.folder.join("openssl.cnf"));
        sign.arg("-CA").arg(self.certificate(authority));
        sign.arg("-CAkey").arg(self.key(authority)).arg("-CAcreateserial");
        process::read(sign.arg("-out").arg(self.certificate(name))).map(|_| ())
    }

    /// A request with a fresh key.
    fn request(&self, ws: &Workspace, name: &str) -> std::process::Command {
        let mut request = process::command("openssl", &ws.root);
        request.args(["req", "-new", "-nodes", "-newkey", "ec", "-pkeyopt"]);
        request.args(["ec_paramgen_curve:P-256", "-subj", &format!("/CN=medsec live {name}")]);
        request.arg("-config").arg(self.folder.join("openssl.cnf"));
        request.arg("-keyout").arg(self.key(name));
        request
    }
}

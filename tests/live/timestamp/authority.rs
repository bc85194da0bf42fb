//! A time-stamp authority: `openssl ts` behind a small HTTP server.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use crate::support::plain_http::{answer, serve};

/// Which key it signs with.
#[derive(Clone, Copy, Debug)]
pub(super) enum KeyKind {
    P256,
    Rsa,
}

/// What it does with a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trick {
    None,
    /// It stamps another digest.
    OtherDigest,
    /// It answers every request with its first answer.
    Replay,
    /// It damages the last byte, which is one of the signature.
    Damaged,
}

/// An authority with a root of its own.
pub(super) struct Authority {
    folder: tempfile::TempDir,
}

const CONFIGURATION: &str = "\
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[stamps]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = authority
[authority]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
certs = root.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
";

impl Authority {
    pub(super) fn new(kind: KeyKind) -> Self {
        let authority = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(authority.file("openssl.cnf"), CONFIGURATION).unwrap();
        std::fs::write(authority.file("serial"), "01").unwrap();
        let new_key: &[&str] = match kind {
            KeyKind::P256 => &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            KeyKind::Rsa => &["-newkey", "rsa:2048"],
        };
        let request = |name: &str, rest: &[&str]| {
            let subject = format!("/CN=live {name}");
            let key = format!("{name}.key");
            let fixed = [
                "req",
                "-new",
                "-nodes",
                "-config",
                "openssl.cnf",
                "-subj",
                &subject,
                "-keyout",
                &key,
            ];
            authority.must(&[&fixed[..], new_key, rest].concat());
        };
        request("root", &["-x509", "-days", "2", "-extensions", "root", "-out", "root.pem"]);
        request("tsa", &["-out", "tsa.csr"]);
        authority.must(&[
            "x509",
            "-req",
            "-in",
            "tsa.csr",
            "-days",
            "1",
            "-CA",
            "root.pem",
            "-CAkey",
            "root.key",
            "-CAcreateserial",
            "-extfile",
            "openssl.cnf",
            "-extensions",
            "stamps",
            "-out",
            "tsa.pem",
        ]);
        authority
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn openssl(&self, arguments: &[&str]) -> std::process::Output {
        openssl(self.folder.path(), arguments)
    }

    fn must(&self, arguments: &[&str]) {
        let output = self.openssl(arguments);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments:?}: {complaint}");
    }

    pub(super) fn root(&self) -> Vec<u8> {
        std::fs::read(self.file("root.pem")).unwrap()
    }

    /// The same root, in a certificate that ended yesterday.
    pub(super) fn expired_root(&self) -> Vec<u8> {
        self.must(&[
            "x509",
            "-x509toreq",
            "-in",
            "root.pem",
            "-signkey",
            "root.key",
            "-out",
            "root.csr",
        ]);
        self.must(&[
            "x509",
            "-req",
            "-in",
            "root.csr",
            "-days",
            "-1",
            "-signkey",
            "root.key",
            "-extfile",
            "openssl.cnf",
            "-extensions",
            "root",
            "-out",
            "expired.pem",
        ]);
        std::fs::read(self.file("expired.pem")).unwrap()
    }

    /// What `openssl ts -verify` says of a token.
    pub(super) fn openssl_verifies(&self, data: &[u8], token: &[u8]) -> bool {
        std::fs::write(self.file("data"), data).unwrap();
        std::fs::write(self.file("token.der"), token).unwrap();
        let arguments = [
            "ts",
            "-verify",
            "-data",
            "data",
            "-in",
            "token.der",
            "-token_in",
            "-CAfile",
            "root.pem",
        ];
        let output = self.openssl(&arguments);
        output.status.success()
            && String::from_utf8_lossy(&output.stdout).contains("Verification: OK")
    }

    /// Its address.
    pub(super) fn serve(&self, trick: Trick) -> String {
        let folder = self.folder.path().to_path_buf();
        let first = Mutex::new(None);
        serve(move |request| {
            assert!(request.headers.iter().any(|h| h.ends_with("application/timestamp-query")));
            let mut query = request.body;
            if matches!(trick, Trick::OtherDigest) {
                query[24] ^= 1;
            }
            std::fs::write(folder.join("query.tsq"), &query).unwrap();
            let arguments = [
                "ts",
                "-reply",
                "-config",
                "openssl.cnf",
                "-queryfile",
                "query.tsq",
                "-out",
                "reply.tsr",
            ];
            let output = openssl(&folder, &arguments);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let mut reply = std::fs::read(folder.join("reply.tsr")).unwrap();
            if matches!(trick, Trick::Replay) {
                reply = first.lock().unwrap().get_or_insert(reply).clone();
            }
            if matches!(trick, Trick::Damaged) {
                let last = reply.len() - 1;
                reply[last] ^= 1;
            }
            answer("200 OK", "application/timestamp-reply", &reply)
        })
    }
}

fn openssl(folder: &std::path::Path, arguments: &[&str]) -> std::process::Output {
    Command::new("openssl").current_dir(folder).args(arguments).output().unwrap()
}

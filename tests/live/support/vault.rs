//! OpenBao: the one of `cargo xtask services`, and ones of a test's own.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use medsec_crypto::{Bind, Dek, Stanza};
use medsec_kms::{
    KeyAdmin as _, KeyContext, KeyName, KeyService as _, KeyServiceError, KeySpec, Patience,
    SecretText, ServiceAddress, VaultAdmin, VaultKeys, VaultLogin, VaultPlace, VaultSettings,
};
use medsec_testkit::proxy::{Front, Proxy, Rule, Upstream};
use serde_json::{Value, json};

use super::{certificate_file, copy_folder, variable};

/// One runtime for the whole test: a client keeps its connections on the one it was used on first.
static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

/// Runs a future to its end.
pub(crate) fn wait<T>(work: impl Future<Output = T>) -> T {
    RUNTIME.block_on(work)
}

/// A server, asked over plain HTTP on this machine.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
}

impl Api {
    /// The server of `cargo xtask services`.
    pub(crate) fn live() -> Self {
        let address = variable("MEDSEC_LIVE_VAULT_PLAIN");
        let address = address.strip_prefix("http://").unwrap().parse().unwrap();
        Self { address, token: variable("MEDSEC_LIVE_VAULT_TOKEN") }
    }

    /// Asks; the status and what was said.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} /v1/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             X-Vault-Token: {}\r\nContent-Length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        // Longer answers come in pieces with their lengths between; the JSON is one line.
        let json = body.lines().find(|line| line.starts_with('{')).unwrap_or("null");
        (status, serde_json::from_str(json).unwrap_or(Value::Null))
    }

    /// Asks for something that must work.
    pub(crate) fn must(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, said) = self.ask(method, path, body);
        assert!(matches!(status, 200 | 204), "{method} {path}: {status} {said}");
        said
    }

    /// A new transit mount.
    pub(crate) fn mount(&self) -> String {
        let name = fresh("transit");
        self.must("POST", &format!("sys/mounts/{name}"), &json!({"type": "transit"}));
        name
    }

    /// A new token with a policy of this text.
    pub(crate) fn token(&self, policy: &str, more: &Value) -> String {
        let name = self.policy(policy);
        let mut asked = json!({"policies": [name], "ttl": "1h"});
        asked.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        let made = self.must("POST", "auth/token/create", &asked);
        made["auth"]["client_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn policy(&self, text: &str) -> String {
        let name = fresh("policy");
        self.must("POST", &format!("sys/policies/acl/{name}"), &json!({"policy": text}));
        name
    }

    /// An AppRole of a mount of its own, as a login.
    pub(crate) fn approle(&self, policy: &str, more: &Value) -> VaultLogin {
        let (mount, policy) = (fresh("approle"), self.policy(policy));
        self.must("POST", &format!("sys/auth/{mount}"), &json!({"type": "approle"}));
        let role = format!("auth/{mount}/role/tested");
        let mut asked = json!({"token_policies": [policy]});
        asked.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.must("POST", &role, &asked);
        let told = self.must("GET", &format!("{role}/role-id"), &Value::Null);
        let role_id = told["data"]["role_id"].as_str().unwrap().to_owned();
        let told = self.must("POST", &format!("{role}/secret-id"), &json!({}));
        let secret_id = told["data"]["secret_id"].as_str().unwrap().to_owned();
        VaultLogin::AppRole { mount, role_id, secret_id: SecretText::new(secret_id).unwrap() }
    }

    /// Settings for this server over plain HTTP, as root.
    pub(crate) fn settings(&self, mount: &str) -> VaultSettings {
        self.settings_at(self.address, mount)
    }

    /// The same through somebody who listens at `address`.
    pub(crate) fn settings_at(&self, address: SocketAddr, mount: &str) -> VaultSettings {
        let address = format!("http://{address}");
        VaultSettings {
            address: ServiceAddress::allowing_plain_loopback(&address).unwrap(),
            place: VaultPlace::new("", mount).unwrap(),
            roots: Vec::new(),
            identity: None,
            login: token(&self.token),
            patience: Patience::default(),
        }
    }

    /// A mount with the key `ct`, and a service for it.
    pub(crate) fn scene(&self) -> Scene {
        let mount = self.mount();
        let admin = VaultAdmin::new(self.settings(&mount)).unwrap();
        let scene = Scene { api: self.clone(), mount, admin };
        scene.key("ct");
        scene
    }
}

/// Settings for the server of `cargo xtask services` over TLS.
pub(crate) fn tls_settings(address: &str, mount: &str) -> VaultSettings {
    VaultSettings {
        address: ServiceAddress::new(address).unwrap(),
        place: VaultPlace::new("", mount).unwrap(),
        roots: std::fs::read(certificate_file("ca.pem")).unwrap(),
        identity: None,
        login: token(&variable("MEDSEC_LIVE_VAULT_TOKEN")),
        patience: Patience::default(),
    }
}

pub(crate) fn token(text: &str) -> VaultLogin {
    VaultLogin::Token(SecretText::new(text.to_owned()).unwrap())
}

pub(crate) fn name(text: &str) -> KeyName {
    KeyName::new(text).unwrap()
}

/// A name that no other test uses.
pub(crate) fn fresh(what: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{what}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A context of its own for each number.
pub(crate) fn context(number: u8) -> KeyContext {
    KeyContext { bind: Bind::from_bytes([number; 32]), dataset: None }
}

/// A transit mount of this test alone.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) api: Api,
    pub(crate) mount: String,
    pub(crate) admin: VaultAdmin,
}

impl Scene {
    pub(crate) fn key(&self, text: &str) {
        let spec = KeySpec { name: name(text), max_age_days: None };
        wait(self.admin.create_key(&spec)).unwrap();
    }

    /// A service for `ct` with other settings.
    pub(crate) fn keys_with(&self, change: impl FnOnce(&mut VaultSettings)) -> VaultKeys {
        let mut settings = self.api.settings(&self.mount);
        change(&mut settings);
        VaultKeys::new(settings, [name("ct")]).unwrap()
    }

    /// A service for `ct` as root.
    pub(crate) fn keys(&self) -> VaultKeys {
        self.keys_with(|_| {})
    }

    /// A service for `ct` with a login.
    pub(crate) fn keys_as(&self, login: VaultLogin) -> VaultKeys {
        self.keys_with(|settings| settings.login = login)
    }

    /// A proxy before the server that follows rules, and a service for `ct` behind it.
    pub(crate) fn behind(&self, rules: Vec<Rule>) -> (Proxy, VaultKeys) {
        let proxy = Proxy::http(Front::Plain, Upstream::Plain(self.api.address), rules);
        let settings = self.api.settings_at(proxy.address(), &self.mount);
        (proxy, VaultKeys::new(settings, [name("ct")]).unwrap())
    }

    /// A policy that permits everything with the keys of the mount.
    pub(crate) fn everything(&self) -> String {
        let mount = &self.mount;
        format!(
            "path \"{mount}/*\" {{ capabilities = [\"read\", \"update\"] }}\n\
             path \"auth/token/lookup-self\" {{ capabilities = [\"read\"] }}\n\
             path \"auth/token/renew-self\" {{ capabilities = [\"update\"] }}\n\
             path \"auth/token/revoke-self\" {{ capabilities = [\"update\"] }}\n"
        )
    }
}

/// A data key under `ct`, in context 1.
pub(crate) fn generate(keys: &VaultKeys) -> (Dek, Stanza) {
    wait(keys.generate_dek(&name("ct"), &context(1))).unwrap()
}

pub(crate) fn unwrap(keys: &VaultKeys, stanza: &Stanza) -> Result<Dek, KeyServiceError> {
    wait(keys.unwrap_dek(stanza, &context(1)))
}

/// An OpenBao of this test alone.
#[derive(Debug)]
pub(crate) struct OwnServer {
    folder: tempfile::TempDir,
    child: Child,
    pub(crate) api: Api,
    unseal: String,
}

impl OwnServer {
    /// Starts it, initialised and unsealed.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("raft")).unwrap();
        let (port, cluster) = (free_port(), free_port());
        let (place, root) = (format!("127.0.0.1:{port}"), folder.path().display());
        let text = format!(
            "ui = false\nlog_level = \"warn\"\napi_addr = \"http://{place}\"\n\
             cluster_addr = \"https://127.0.0.1:{cluster}\"\n\
             storage \"raft\" {{\n  path = \"{root}/raft\"\n  node_id = \"own\"\n  \
             performance_multiplier = 1\n}}\n\
             listener \"tcp\" {{\n  address = \"{place}\"\n  tls_disable = true\n}}\n"
        );
        std::fs::write(folder.path().join("openbao.hcl"), text).unwrap();
        let api = Api { address: place.parse().unwrap(), token: String::new() };
        let child = spawn(folder.path(), api.address);
        let mut server = Self { folder, child, api, unseal: String::new() };
        let asked = json!({"secret_shares": 1, "secret_threshold": 1});
        let told = eventually(|| {
            let (status, told) = server.api.ask("POST", "sys/init", &asked);
            (status == 200).then_some(told)
        });
        server.unseal = told["keys_base64"][0].as_str().unwrap().to_owned();
        server.api.token = told["root_token"].as_str().unwrap().to_owned();
        server.unseal();
        server
    }

    pub(crate) fn unseal(&self) {
        let key = json!({"key": self.unseal});
        eventually(|| (self.api.ask("POST", "sys/unseal", &key).0 == 200).then_some(()));
        eventually(|| (self.api.ask("GET", "sys/health", &Value::Null).0 == 200).then_some(()));
    }

    pub(crate) fn seal(&self) {
        self.api.must("POST", "sys/seal", &json!({}));
    }

    /// Ends it without warning.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// A copy of what it has on its disk. It is ended for that and started again.
    pub(crate) fn keep_state(&mut self) -> tempfile::TempDir {
        self.kill();
        let kept = tempfile::tempdir().unwrap();
        copy_folder(&self.folder.path().join("raft"), &kept.path().join("raft"));
        self.start_again();
        self.unseal();
        kept
    }

    /// Puts such a copy in the place of what it has by now.
    pub(crate) fn put_back(&mut self, kept: &tempfile::TempDir) {
        self.kill();
        let raft = self.folder.path().join("raft");
        std::fs::remove_dir_all(&raft).unwrap();
        copy_folder(&kept.path().join("raft"), &raft);
        self.start_again();
        self.unseal();
    }

    /// Its process, for somebody who kills it from elsewhere.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Starts it again on the same port and storage, still sealed.
    pub(crate) fn start_again(&mut self) {
        self.child.wait().unwrap();
        self.child = spawn(self.folder.path(), self.api.address);
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &Path, address: SocketAddr) -> Child {
    let log = std::fs::File::create(folder.join("log")).unwrap();
    let mut command = Command::new(variable("MEDSEC_LIVE_VAULT_PROGRAM"));
    command.arg("server").arg("-config").arg(folder.join("openbao.hcl"));
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    let child = command.env("HOME", folder).spawn().unwrap();
    eventually(|| TcpStream::connect(address).ok());
    child
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Tries until there is something.
pub(crate) fn eventually<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(done) = attempt() {
            return done;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "it did not happen in time");
        std::thread::sleep(Duration::from_millis(50));
    }
}

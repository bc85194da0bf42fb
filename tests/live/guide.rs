//! The guide's page about Vault and OpenBao does what it says, on a real server.
#![cfg(target_os = "linux")]

#[path = "../../crates/medsec-cli/tests/it/guide/compare.rs"]
mod compare;
#[expect(dead_code, reason = "what looks at pages without playing them is the other guide test's")]
#[path = "../../crates/medsec-cli/tests/it/guide/page.rs"]
mod page;
#[path = "../../crates/medsec-cli/tests/it/guide/player.rs"]
mod player;
#[path = "../../crates/medsec-cli/tests/it/guide/terminal.rs"]
mod terminal;

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::json;

use crate::support::vault::Api;
use crate::support::{certificate_file, variable};

/// A folder with `medsec`, built with everything, and `bao`.
fn programs() -> PathBuf {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let medsec = env!("CARGO_BIN_EXE_medsec-live-program");
        symlink(medsec, folder.path().join("medsec")).unwrap();
        symlink(variable("MEDSEC_LIVE_VAULT_PROGRAM"), folder.path().join("bao")).unwrap();
        folder
    });
    folder.path().to_owned()
}

/// The administrator's token, and who may have issued the server's certificate.
fn furnish(home: &Path) {
    let token = home.join("admin.token");
    std::fs::write(&token, variable("MEDSEC_LIVE_VAULT_TOKEN")).unwrap();
    std::fs::set_permissions(token, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::copy(certificate_file("ca.pem"), home.join("bao-ca.pem")).unwrap();
}

fn variables() -> [(String, String); 2] {
    let authority = certificate_file("ca.pem").display().to_string();
    [("BAO_ADDR", variable("MEDSEC_LIVE_VAULT")), ("BAO_CACERT", authority)]
        .map(|(name, value)| (name.to_owned(), value))
}

#[test]
fn vault_page_does_what_it_says() {
    // A server that a page was played on before has its mount, its role and its policies.
    let api = Api::live();
    for made in ["mounts/research", "auth/approle"] {
        api.ask("DELETE", &format!("sys/{made}"), &json!(null));
    }
    for role in ["seal", "open", "rewrap"] {
        api.ask("DELETE", &format!("sys/policies/acl/research-{role}"), &json!(null));
    }
    let text = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/src/vault.md");
    player::play(&page::Page::parse(&std::fs::read_to_string(text).unwrap()));
}

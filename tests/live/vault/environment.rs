//! What a process with an environment of its own does.

use medsec_kms::{ConnectionFault, KeyService as _, KeyServiceError, VaultKeys};
use medsec_testkit::child::task;

use crate::support::vault::{context, name, tls_settings, wait};

/// Asks the server at an address, trusting the authorities of a file: its certificate was issued by none of them.
#[test]
fn helper() {
    let Some(words) = task() else { return };
    let mut settings = tls_settings(&words[0], "transit");
    settings.roots = std::fs::read(&words[1]).unwrap();
    let keys = VaultKeys::new(settings, [name("ct")]).unwrap();
    let refused = wait(keys.generate_dek(&name("ct"), &context(1))).unwrap_err();
    let unknown = KeyServiceError::Connection(ConnectionFault::UnknownIssuer);
    assert_eq!(refused.to_string(), unknown.to_string());
}

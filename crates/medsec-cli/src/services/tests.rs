//! What services are asked, and how long they are waited for.

use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use medsec_crypto::{KeyRef, StanzaKind};
use medsec_kms::{KeyServiceError, VaultPlace};
use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize)]
struct Whole {
    service: Vec<ServiceSection>,
}

/// A service of the settings with the key `mri`, its token in that folder, and more settings.
fn section(address: &str, folder: &Path, more: &str) -> ServiceSection {
    let token = folder.join("bao.token");
    std::fs::write(&token, "hvs.token").unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let text = format!(
        "[[service]]\nkind = \"vault\"\nname = \"bao\"\naddress = \"{address}\"\nplain_loopback = true\n\
         keys = [\"mri\"]\nlogin = {{ method = \"token\", file = \"{}\" }}\n{more}",
        token.display()
    );
    let whole: Whole = toml::from_str(&text).unwrap();
    whole.service.into_iter().next().unwrap()
}

#[test]
fn deadline_of_a_call_is_the_patience_of_its_service() {
    let folder = tempfile::tempdir().unwrap();
    for (more, seconds) in
        [("", 10), ("patience_seconds = 1\n", 1), ("patience_seconds = 50\n", 50)]
    {
        let section = section("http://127.0.0.1:8200", folder.path(), more);
        assert_eq!(guards(&section).deadline, Some(Duration::from_secs(seconds)), "{more}");
    }
}

#[test]
fn settings_tell_which_keys_are_admitted_and_nobody_is_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let section = section(&address, folder.path(), "");
    let timer: Arc<dyn Timer> = Arc::new(ThreadTimer);
    let service = guards(&section).around(unguarded(&section).unwrap(), &timer);
    let key = |name: &str| {
        VaultPlace::new("", "transit").unwrap().key_ref(&KeyName::new(name).unwrap()).unwrap()
    };
    service.admits(&key("mri")).unwrap();
    let arn = b"arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let other_kind = KeyRef::new(StanzaKind::AwsKms, arn).unwrap();
    for foreign in [key("ct"), other_kind] {
        let refused = service.admits(&foreign).unwrap_err();
        assert!(matches!(refused, KeyServiceError::ForeignStanza), "{refused:?}");
    }
    let nobody = listener.accept().unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn service_is_not_reached_for_what_the_settings_tell() {
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let key = VaultPlace::new("", "transit").unwrap();
    let key = key.key_ref(&KeyName::new("mri").unwrap()).unwrap();
    let named = key.clone();
    let lazy = Lazy::new(
        Box::new(move |key| *key == named),
        Box::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
            Box::pin(async { Err(KeyServiceError::Unavailable(std::io::ErrorKind::Other.into())) })
        }),
    );
    lazy.admits(&key).unwrap();
    let _ = lazy.assurance();
    assert!(!lazy.rewraps_unseen(&key, &KeyName::new("mri").unwrap()));
    assert_eq!(opened.load(Ordering::SeqCst), 0);
    // It is for the first use.
    assert!(pollster::block_on(lazy.describe_key(&KeyName::new("mri").unwrap())).is_err());
    assert_eq!(opened.load(Ordering::SeqCst), 1);
}

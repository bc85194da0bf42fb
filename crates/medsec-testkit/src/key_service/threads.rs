//! One service, many callers.

use medsec_kms::{KeyName, KeyService};

use super::{Drive, KeyServiceHarness, assert_same, context, key};

const NAMES: [&str; 3] = ["ct", "mri", "us"];

/// Eight threads wrap and unwrap at the same time, with keys that are used for the first time.
pub fn eight_threads_use_one_service(harness: &dyn KeyServiceHarness, drive: Drive<'_>) {
    drive(Box::pin(async {
        for name in NAMES {
            key(harness, name).await;
        }
    }));
    let service = harness.service();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let service = service.as_ref();
            scope.spawn(move || drive(Box::pin(use_every_key(service, number))));
        }
    });
}

async fn use_every_key(service: &dyn KeyService, number: u8) {
    for name in NAMES.iter().cycle().take(60) {
        let key = KeyName::new(name).unwrap();
        let (dek, stanza) = service.generate_dek(&key, &context(number)).await.unwrap();
        assert_same(service.unwrap_dek(&stanza, &context(number)).await, &dek);
        let other = context(number.wrapping_add(1));
        assert!(service.unwrap_dek(&stanza, &other).await.is_err());
    }
}

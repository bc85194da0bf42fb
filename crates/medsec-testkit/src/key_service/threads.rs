//! One service, many callers.

use std::sync::Mutex;

use medsec_kms::{KeyName, KeyService};

use super::{Drive, KeyServiceHarness, assert_same, context, key};

const NAMES: [&str; 3] = ["ct", "mri", "us"];

/// Eight threads wrap and unwrap at the same time, with keys that are used for the first time.
pub fn eight_threads_use_one_service(harness: &dyn KeyServiceHarness, drive: Drive<'_>) {
    let keys = Mutex::new(Vec::new());
    drive(Box::pin(async {
        for name in NAMES {
            let made = key(harness, name).await;
            keys.lock().unwrap().push(made);
        }
    }));
    let (keys, service) = (keys.into_inner().unwrap(), harness.service());
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (keys, service) = (&keys, service.as_ref());
            scope.spawn(move || drive(Box::pin(use_every_key(keys, service, number))));
        }
    });
}

async fn use_every_key(keys: &[KeyName], service: &dyn KeyService, number: u8) {
    for key in keys.iter().cycle().take(60) {
        let (dek, stanza) = service.generate_dek(key, &context(number)).await.unwrap();
        assert_same(service.unwrap_dek(&stanza, &context(number)).await, &dek);
        let other = context(number.wrapping_add(1));
        assert!(service.unwrap_dek(&stanza, &other).await.is_err());
    }
}

//! SoftHSM2 under the suite that every key service passes.

use std::time::Duration;

use medsec_kms::{KeyAdmin, KeyService, Pkcs11Admin, Pkcs11Keys, SystemClock};
use medsec_testkit::KeyServiceHarness;
use pollster::block_on;

use super::token::Token;

#[derive(Debug)]
struct OnToken {
    token: Token,
    admin: Pkcs11Admin<SystemClock>,
}

impl OnToken {
    fn new() -> Self {
        let token = Token::new();
        let admin = token.admin();
        Self { token, admin }
    }
}

impl KeyServiceHarness for OnToken {
    fn admin(&self) -> &dyn KeyAdmin {
        &self.admin
    }

    fn service(&self) -> Box<dyn KeyService> {
        let names = block_on(self.admin.list_keys()).unwrap().into_iter().map(|told| told.name);
        let opened = Pkcs11Keys::open(self.token.settings(), names.collect::<Vec<_>>());
        Box::new(block_on(opened).unwrap())
    }

    /// Has the PIN, as everybody who uses the token, and was told of no key.
    fn stranger(&self) -> Box<dyn KeyService> {
        let opened = Pkcs11Keys::open(self.token.settings(), Vec::new());
        Box::new(block_on(opened).unwrap())
    }

    fn another(&self) -> Box<dyn KeyServiceHarness> {
        Box::new(Self::new())
    }

    fn advance(&self, _: Duration) -> bool {
        false
    }

    fn binds_dataset(&self) -> bool {
        false
    }

    fn names_versions(&self) -> bool {
        true
    }

    fn schedules_destruction(&self) -> bool {
        false
    }

    fn wraps_differently_each_time(&self) -> bool {
        // AES-KWP has no nonce: the data key is random enough.
        false
    }
}

medsec_testkit::key_service_conformance!(OnToken::new, block_on);

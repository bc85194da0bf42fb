//! OpenBao's transit under the suite that every key service passes.

use std::time::Duration;

use medsec_kms::{KeyAdmin, KeyService, VaultAdmin, VaultKeys};
use medsec_testkit::{Deviation, KeyServiceHarness};

use crate::support::vault::{Api, name, token, wait};

/// All names that the suite gives.
const NAMES: [&str; 4] = ["afterwards", "ct", "mri", "us"];

#[derive(Debug)]
struct Transit {
    api: Api,
    mount: String,
    admin: VaultAdmin,
    stranger: String,
}

impl Transit {
    fn new() -> Self {
        let api = Api::live();
        let mount = api.mount();
        let admin = VaultAdmin::new(api.settings(&mount)).unwrap();
        // Sees that there are keys, and may use none.
        let policy = format!(
            "path \"{mount}/keys/*\" {{ capabilities = [\"read\"] }}\n\
             path \"auth/token/lookup-self\" {{ capabilities = [\"read\"] }}\n"
        );
        let stranger = api.token(&policy, &serde_json::json!({}));
        Self { api, mount, admin, stranger }
    }

    fn with_token(&self, text: &str) -> Box<dyn KeyService> {
        let mut settings = self.api.settings(&self.mount);
        settings.login = token(text);
        Box::new(VaultKeys::new(settings, NAMES.map(name)).unwrap())
    }
}

impl KeyServiceHarness for Transit {
    fn admin(&self) -> &dyn KeyAdmin {
        &self.admin
    }

    fn service(&self) -> Box<dyn KeyService> {
        self.with_token(&self.api.token)
    }

    fn stranger(&self) -> Box<dyn KeyService> {
        self.with_token(&self.stranger)
    }

    fn another(&self) -> Box<dyn KeyServiceHarness> {
        Box::new(Self::new())
    }

    fn advance(&self, _time: Duration) -> bool {
        false
    }

    fn binds_dataset(&self) -> bool {
        // The bind binds the package's.
        false
    }

    fn names_versions(&self) -> bool {
        // The version stands in the wrapped text.
        false
    }

    fn schedules_destruction(&self) -> bool {
        false
    }

    fn deviations(&self) -> &'static [Deviation] {
        &[Deviation::TellsVersionsOfAlteredTexts]
    }
}

medsec_testkit::key_service_conformance!(Transit::new, wait);

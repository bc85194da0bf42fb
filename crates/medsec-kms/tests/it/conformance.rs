//! The local store under the suite that every key service passes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use medsec_crypto::Timestamp;
use medsec_kms::{Clock, KeyAdmin, KeyService, LocalStore, Role, StoreAdmin};
use medsec_testkit::KeyServiceHarness;

use crate::support::{Person, Scene, at};

/// A clock that stands still unless told.
#[derive(Clone, Debug, Default)]
struct Hands(Arc<AtomicU64>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        at(1_000_000 + self.0.load(Ordering::SeqCst))
    }
}

#[derive(Debug)]
pub(crate) struct Local {
    scene: Scene,
    admin: StoreAdmin<Hands>,
    hands: Hands,
    stranger: Person,
}

impl Local {
    pub(crate) fn new() -> Self {
        let mut scene = Scene::new();
        let (stranger, hands) = (Person::new("stranger"), Hands::default());
        scene.change(|change| change.add_user(stranger.as_new(Role::User)));
        let (identity, signer) = (scene.root.identity(), scene.root.signer());
        let admin = StoreAdmin::new(scene.store.clone(), identity, signer, hands.clone());
        Self { scene, admin, hands, stranger }
    }

    fn as_user(&self, person: &Person) -> Box<dyn KeyService> {
        let store = LocalStore::open(self.scene.place()).unwrap();
        Box::new(store.unlock(person.identity()).unwrap())
    }
}

impl KeyServiceHarness for Local {
    fn admin(&self) -> &dyn KeyAdmin {
        &self.admin
    }

    fn service(&self) -> Box<dyn KeyService> {
        self.as_user(&self.scene.root)
    }

    fn stranger(&self) -> Box<dyn KeyService> {
        self.as_user(&self.stranger)
    }

    fn another(&self) -> Box<dyn KeyServiceHarness> {
        Box::new(Self::new())
    }

    fn advance(&self, time: Duration) -> bool {
        self.hands.0.fetch_add(time.as_secs(), Ordering::SeqCst);
        true
    }

    fn binds_dataset(&self) -> bool {
        // A key is a dataset's; the bind binds the package's.
        false
    }

    fn names_versions(&self) -> bool {
        true
    }
}

medsec_testkit::key_service_conformance!(Local::new, pollster::block_on);

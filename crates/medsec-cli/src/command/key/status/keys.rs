//! The keys of the store and of the services that the settings name.

use std::sync::Arc;

use medsec_kms::{KeyDescription, KeyName, KeyService, KeyServiceError, LocalStore, ServiceName};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::services::Services;
use crate::settings::ServiceSection;

/// Where a key is.
pub(super) enum Place {
    Store,
    Service { name: String, kind: &'static str },
}

/// A key, and what is told of it.
pub(super) struct Found {
    /// With its service.
    pub(super) name: KeyName,
    pub(super) place: Place,
    pub(super) about: Result<KeyDescription, Failure>,
}

/// All keys, and the services that were reached.
pub(super) struct All {
    pub(super) keys: Vec<Found>,
    pub(super) services: Vec<(ServiceName, Arc<dyn KeyService>)>,
}

/// The keys of a service by their whole names.
pub(super) fn of(section: &ServiceSection) -> impl Iterator<Item = String> {
    section.keys().iter().map(|key| format!("{}:{key}", section.name()))
}

/// Asks every service of which a key is asked for; one that cannot tell keeps the others from nothing.
pub(super) fn all(
    store: &LocalStore,
    sections: &[ServiceSection],
    is_asked: impl Fn(&KeyName) -> bool,
) -> Result<All, Failure> {
    let stored = store.keys().filter(|key| is_asked(key.name()));
    let keys = stored.map(|key| Found {
        name: key.name().clone(),
        place: Place::Store,
        about: Ok(key.describe()),
    });
    let mut all = All { keys: keys.collect(), services: Vec::new() };
    for section in sections {
        let names: Result<Vec<_>, _> = of(section).map(|name| KeyName::new(&name)).collect();
        let unfit =
            || Failure::usage("a service of the settings has a key whose name cannot be one");
        let names = names.map_err(|_| unfit())?;
        if names.iter().any(&is_asked) {
            all.add(section, names.into_iter().filter(|name| is_asked(name)));
        }
    }
    Ok(all)
}

impl All {
    fn add(&mut self, section: &ServiceSection, names: impl Iterator<Item = KeyName>) {
        let service = Services::one(section);
        let prefix = section.name().len().saturating_add(1);
        for name in names {
            let inner = name.as_str().get(prefix..).and_then(|inner| KeyName::new(inner).ok());
            let about = match (&service, inner) {
                (Ok((_, service)), Some(inner)) => told(&**service, &inner),
                (Err(failure), _) => Err(failure.clone()),
                (_, None) => Err(KeyServiceError::NoSuchKey.into()),
            };
            let place = Place::Service { name: section.name().to_owned(), kind: section.kind() };
            self.keys.push(Found { name, place, about });
        }
        self.services.extend(service.ok());
    }
}

fn told(service: &dyn KeyService, key: &KeyName) -> Result<KeyDescription, Failure> {
    pollster::block_on(service.describe_key(key)).map_err(|error| match error {
        // Those of the store know who granted what; a service's administrators do, not the store's.
        KeyServiceError::NotPermitted => {
            Failure::new(Exit::Key, "the service does not permit to look at the key")
        }
        KeyServiceError::NoSuchKey => Failure::new(Exit::Key, error.to_string()),
        error => error.into(),
    })
}

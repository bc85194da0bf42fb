//! The keys of the store and of the services that the settings name.

use medsec_kms::{
    KeyDescription, KeyName, KeyService as _, KeyServiceError, KeyServices, LocalStore,
};

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

/// All keys, and the services that could be asked for them.
pub(super) struct All {
    pub(super) keys: Vec<Found>,
    pub(super) services: KeyServices,
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
    let mut all = All { keys: keys.collect(), services: KeyServices::new(None) };
    for section in sections {
        let names: Result<Vec<_>, _> =
            section.whole_keys().map(|name| KeyName::new(&name)).collect();
        let unfit =
            || Failure::usage("a service of the settings has a key whose name cannot be one");
        let names = names.map_err(|_| unfit())?;
        if names.iter().any(&is_asked) {
            all = all.with(section, names.into_iter().filter(|name| is_asked(name)))?;
        }
    }
    Ok(all)
}

impl All {
    /// With these keys of a service.
    fn with(
        self,
        section: &ServiceSection,
        names: impl Iterator<Item = KeyName>,
    ) -> Result<Self, Failure> {
        let Self { mut keys, mut services } = self;
        let mut missing = None;
        match Services::one(section) {
            Ok((name, service)) => {
                let joined = services.with(name, service);
                services = joined.map_err(|error| Failure::usage(error.to_string()))?;
            }
            Err(failure) => missing = Some(failure),
        }
        keys.extend(names.map(|name| {
            let about = missing.clone().map_or_else(|| told(&services, &name), Err);
            let place = Place::Service { name: section.name().to_owned(), kind: section.kind() };
            Found { name, place, about }
        }));
        Ok(Self { keys, services })
    }
}

fn told(services: &KeyServices, key: &KeyName) -> Result<KeyDescription, Failure> {
    pollster::block_on(services.describe_key(key)).map_err(|error| match error {
        // Those of the store know who granted what; a service's administrators do, not the store's.
        KeyServiceError::NotPermitted => {
            Failure::new(Exit::Key, "the service does not permit to look at the key")
        }
        KeyServiceError::NoSuchKey => Failure::new(Exit::Key, error.to_string()),
        error => error.into(),
    })
}

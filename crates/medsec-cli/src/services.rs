//! The key services of the settings, joined with the user's own keys.
//!
//! A service is reached when one of its keys is first used, and not before: a command that needs none works without a
//! network, and without the files that hold the service's secrets. What the settings name and this program was built
//! without is an error, never passed over.

#[cfg(feature = "aws")]
mod aws;
mod lazy;
#[cfg(feature = "pkcs11")]
mod pkcs11;
#[cfg(any(feature = "aws", feature = "vault"))]
mod runtime;
#[cfg(test)]
#[cfg(feature = "vault")]
mod tests;
#[cfg(feature = "vault")]
mod vault;

#[cfg(any(feature = "aws", feature = "pkcs11", feature = "vault"))]
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

#[cfg(any(feature = "aws", feature = "pkcs11", feature = "vault"))]
use medsec_kms::KeyName;
#[cfg(any(feature = "aws", feature = "vault"))]
use medsec_kms::ServiceAddress;
#[cfg(any(feature = "aws", feature = "pkcs11", feature = "vault"))]
use medsec_kms::{FileFault, KeyServiceError};
use medsec_kms::{Guards, KeyService, KeyServices, ServiceName, ThreadTimer, Timer};

#[cfg(any(feature = "pkcs11", feature = "vault"))]
use zeroize::Zeroizing;

use self::lazy::{Lazy, Named, Opening};
#[cfg(feature = "vault")]
pub(crate) use self::vault::VaultAdministration;
#[cfg(any(feature = "aws", feature = "vault"))]
use crate::exit::Exit;
use crate::failure::Failure;
#[cfg(any(feature = "aws", feature = "vault"))]
use crate::files::read_small;
#[cfg(any(feature = "pkcs11", feature = "vault"))]
use crate::secret_file::{self, Fault};
use crate::settings::{ServiceSection, Settings};

/// Longest time of a call with all its attempts: whoever asks through the agent waits a minute.
const ALL_ATTEMPTS: Duration = Duration::from_secs(55);

/// Services by their names, each with its guards.
#[derive(Clone, Debug, Default)]
pub(crate) struct Services {
    named: Vec<(ServiceName, Arc<dyn KeyService>)>,
}

impl Services {
    /// Those of the settings.
    pub(crate) fn of(settings: &Settings) -> Result<Self, Failure> {
        let named = settings.services.value.iter().map(Self::one);
        Ok(Self { named: named.collect::<Result<_, Failure>>()? })
    }

    /// One of them.
    pub(crate) fn one(
        section: &ServiceSection,
    ) -> Result<(ServiceName, Arc<dyn KeyService>), Failure> {
        let timer: Arc<dyn Timer> = Arc::new(ThreadTimer);
        let name = ServiceName::new(section.name());
        let name = name.map_err(|error| Failure::usage(error.to_string()))?;
        Ok((name, guards(section).around(unguarded(section)?, &timer)))
    }

    /// All of them as one service with the user's own keys.
    pub(crate) fn with(&self, own: Arc<dyn KeyService>) -> Result<Arc<dyn KeyService>, Failure> {
        match self.named.is_empty() {
            true => Ok(own),
            false => self.joined(Some(own)),
        }
    }

    /// All of them as one service, if there are any: to ask what can be known without the user's own keys.
    pub(crate) fn alone(&self) -> Result<Option<Arc<dyn KeyService>>, Failure> {
        let any = !self.named.is_empty();
        any.then(|| self.joined(None)).transpose()
    }

    fn joined(&self, own: Option<Arc<dyn KeyService>>) -> Result<Arc<dyn KeyService>, Failure> {
        let mut joined = KeyServices::new(own);
        for (name, service) in &self.named {
            let with = joined.with(name.clone(), Arc::clone(service));
            joined = with.map_err(|error| Failure::usage(error.to_string()))?;
        }
        Ok(Arc::new(joined))
    }
}

/// Those of every service, with the patience that the settings have for this one.
fn guards(section: &ServiceSection) -> Guards {
    let mut guards = Guards::default();
    if let Some(patience) = section.patience() {
        let deadline = Duration::from_secs(patience.0);
        guards.deadline = Some(deadline);
        if let Some(retry) = &mut guards.retry {
            retry.elapsed = ALL_ATTEMPTS.saturating_sub(deadline);
        }
    }
    guards
}

fn unguarded(section: &ServiceSection) -> Result<Arc<dyn KeyService>, Failure> {
    let (named, opening) = opening(section)?;
    Ok(Arc::new(Lazy::new(named, opening)))
}

fn opening(section: &ServiceSection) -> Result<(Named, Opening), Failure> {
    match section {
        #[cfg(feature = "vault")]
        ServiceSection::Vault(section) => vault::opening(section),
        #[cfg(feature = "aws")]
        ServiceSection::AwsKms(section) => aws::opening(section),
        #[cfg(feature = "pkcs11")]
        ServiceSection::Pkcs11(section) => pkcs11::opening(section),
        #[cfg(not(all(feature = "aws", feature = "pkcs11", feature = "vault")))]
        other => Err(not_built_in(other)),
    }
}

/// The keys that a service may be asked for.
#[cfg(any(feature = "aws", feature = "pkcs11", feature = "vault"))]
fn named(service: &str, keys: &[String]) -> Result<Vec<KeyName>, Failure> {
    let keys = keys.iter().map(|key| KeyName::new(key));
    keys.collect::<Result<_, _>>().map_err(|_| {
        Failure::usage(format!("service `{service}` has a key whose name cannot be one"))
    })
}

#[cfg(not(all(feature = "aws", feature = "pkcs11", feature = "vault")))]
fn not_built_in(section: &ServiceSection) -> Failure {
    let feature = match section {
        ServiceSection::Vault(_) => "vault",
        ServiceSection::AwsKms(_) => "aws",
        ServiceSection::Pkcs11(_) => "pkcs11",
    };
    let message = format!(
        "service `{}` of the configuration file: this program was built without the cargo feature `{feature}`",
        section.name()
    );
    Failure::usage(message).next("build it with the feature, or take the service out")
}

/// An address of the settings.
#[cfg(any(feature = "aws", feature = "vault"))]
fn address_of(name: &str, text: &str, plain_loopback: bool) -> Result<ServiceAddress, Failure> {
    let parsed = match plain_loopback {
        true => ServiceAddress::allowing_plain_loopback(text),
        false => ServiceAddress::new(text),
    };
    parsed.map_err(|error| Failure::usage(format!("the address of service `{name}`: {error}")))
}

/// Longest file of certificates in bytes.
#[cfg(any(feature = "aws", feature = "vault"))]
const MAX_CERTIFICATES_LEN: usize = 1024 * 1024;

/// Certificates in PEM.
#[cfg(any(feature = "aws", feature = "vault"))]
fn certificates(path: &Path) -> Result<Vec<u8>, KeyServiceError> {
    let read = read_small(path, "a file of certificates", MAX_CERTIFICATES_LEN);
    read.map_err(|failure| {
        KeyServiceError::File(match failure.exit {
            Exit::Usage => FileFault::TooLong,
            _ if !path.exists() => FileFault::Missing,
            _ => FileFault::Unreadable,
        })
    })
}

/// A secret of a service as its file holds it now, without the white space behind it.
#[cfg(any(feature = "pkcs11", feature = "vault"))]
fn secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyServiceError> {
    let read = secret_file::open(path).and_then(secret_file::read);
    let mut bytes = read.map_err(|fault| {
        KeyServiceError::File(match fault {
            Fault::Io(std::io::ErrorKind::NotFound) => FileFault::Missing,
            Fault::Shared { .. } => FileFault::Shared,
            Fault::Io(_) | Fault::NotRegular => FileFault::Unreadable,
            Fault::TooLong => FileFault::TooLong,
        })
    })?;
    while bytes.last().is_some_and(u8::is_ascii_whitespace) {
        bytes.pop();
    }
    Ok(bytes)
}

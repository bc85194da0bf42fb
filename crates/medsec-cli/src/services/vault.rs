//! Vault and OpenBao.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use medsec_kms::{
    BootstrapError, BootstrapPlan, BootstrapSpec, FileFault, KeyService, KeyServiceError, Patience,
    SecretText, ServiceAddress, VaultAdmin, VaultIdentity, VaultKeys, VaultLogin, VaultPlace,
    VaultSettings,
};
use tokio::runtime::Runtime;

use super::lazy::{Named, Opening};
use super::runtime::{OnRuntime, inside, runtime};
use super::{address_of, certificates, named, secret};
use crate::failure::Failure;
use crate::settings::{VaultLoginSection, VaultSection};

/// Where Kubernetes puts the token of a pod's service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Whoever sets a server up, and the runtime for their calls.
pub(crate) struct VaultAdministration {
    admin: VaultAdmin,
    runtime: &'static Runtime,
}

impl VaultAdministration {
    /// With the login of that section. Asks nothing yet.
    pub(crate) fn new(section: &VaultSection) -> Result<Self, Failure> {
        let started = runtime();
        let runtime =
            started.map_err(|error| Failure::io("no network client can be started", &error))?;
        identity_files(section)?;
        let (address, place) = reach(section)?;
        let settings = settings(section, address, place)?;
        let admin = pollster::block_on(inside(runtime, async { VaultAdmin::new(settings) }))?;
        Ok(Self { admin, runtime })
    }

    /// What is missing. Changes nothing.
    pub(crate) fn plan(&self, spec: &BootstrapSpec) -> Result<BootstrapPlan, BootstrapError> {
        pollster::block_on(inside(self.runtime, BootstrapPlan::make(&self.admin, spec)))
    }

    /// Makes it.
    pub(crate) fn apply(&self, plan: BootstrapPlan) -> Result<(), BootstrapError> {
        pollster::block_on(inside(self.runtime, plan.apply(&self.admin)))
    }
}

pub(super) fn opening(section: &VaultSection) -> Result<(Named, Opening), Failure> {
    let keys = named(&section.name, &section.keys)?;
    let (address, place) = reach(section)?;
    let refs = keys.iter().map(|key| place.key_ref(key)).collect::<Result<Vec<_>, _>>()?;
    identity_files(section)?;
    let (section, named): (_, Named) = (section.clone(), Box::new(move |key| refs.contains(key)));
    let opening: Opening = Box::new(move || {
        let settings = settings(&section, address.clone(), place.clone());
        let keys = keys.clone();
        Box::pin(async move {
            let settings = settings?;
            let runtime = runtime().map_err(KeyServiceError::Unavailable)?;
            let service = inside(runtime, async { VaultKeys::new(settings, keys) }).await?;
            Ok(Arc::new(OnRuntime::new(service, runtime)) as Arc<dyn KeyService>)
        })
    });
    Ok((named, opening))
}

/// Where the server is, and the mount.
fn reach(section: &VaultSection) -> Result<(ServiceAddress, VaultPlace), Failure> {
    let unfit = |what: &str| Failure::usage(format!("service `{}`: {what}", section.name));
    let VaultSection { name, address: text, plain_loopback, .. } = section;
    let address = address_of(name, text, *plain_loopback)?;
    if address.is_encrypted() && section.roots.is_none() {
        return Err(unfit("`roots` names no file with the certificates that are trusted for it"));
    }
    let place = VaultPlace::new(&section.namespace, &section.mount);
    Ok((address, place.map_err(|error| unfit(&error.to_string()))?))
}

/// With what its files hold now.
fn settings(
    section: &VaultSection,
    address: ServiceAddress,
    place: VaultPlace,
) -> Result<VaultSettings, KeyServiceError> {
    let mut patience = Patience::default();
    patience.call = Duration::from_secs(section.patience_seconds.0);
    Ok(VaultSettings {
        address,
        place,
        roots: section.roots.as_deref().map(certificates).transpose()?.unwrap_or_default(),
        identity: identity(section)?,
        login: login(&section.login)?,
        patience,
    })
}

/// Certificate and key of this client belong together.
fn identity_files(section: &VaultSection) -> Result<(), Failure> {
    match section.certificate.is_some() == section.certificate_key.is_some() {
        true => Ok(()),
        false => Err(Failure::usage(format!(
            "service `{}` has a client certificate or its key, but not both",
            section.name
        ))
        .next("name both files, or neither")),
    }
}

fn identity(section: &VaultSection) -> Result<Option<VaultIdentity>, KeyServiceError> {
    let (Some(certificate), Some(key)) = (&section.certificate, &section.certificate_key) else {
        return Ok(None);
    };
    Ok(Some(VaultIdentity::new(certificates(certificate)?, secret(key)?.to_vec())))
}

fn login(section: &VaultLoginSection) -> Result<VaultLogin, KeyServiceError> {
    let or =
        |mount: &Option<String>, usual: &str| mount.clone().unwrap_or_else(|| usual.to_owned());
    Ok(match section {
        VaultLoginSection::Token { file } => VaultLogin::Token(secret_text(file)?),
        VaultLoginSection::Approle { role_id, secret_id_file, mount } => VaultLogin::AppRole {
            mount: or(mount, "approle"),
            role_id: role_id.clone(),
            secret_id: secret_text(secret_id_file)?,
        },
        VaultLoginSection::Jwt { role, file, mount } => {
            VaultLogin::Jwt { mount: or(mount, "jwt"), role: role.clone(), file: file.clone() }
        }
        VaultLoginSection::Kubernetes { role, file, mount } => VaultLogin::Kubernetes {
            mount: or(mount, "kubernetes"),
            role: role.clone(),
            file: file.clone().unwrap_or_else(|| PathBuf::from(SERVICE_ACCOUNT)),
        },
    })
}

fn secret_text(file: &Path) -> Result<SecretText, KeyServiceError> {
    let bytes = secret(file)?;
    let text = str::from_utf8(&bytes).ok().map(|text| SecretText::new(text.to_owned()));
    match text {
        Some(Ok(secret)) => Ok(secret),
        _ => Err(KeyServiceError::File(FileFault::Malformed)),
    }
}

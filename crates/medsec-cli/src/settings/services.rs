//! The key services elsewhere, `[[service]]` of `config.toml`.
//!
//! No secret stands there: a token, a password or a PIN is in a file of its own.

use std::path::{Path, PathBuf};

use medsec_kms::ServiceName;
use serde::Deserialize;

use crate::failure::Failure;

/// Most services of a home.
const MAX_SERVICES: usize = 16;
/// Most keys of one service.
const MAX_KEYS: usize = 1024;
/// Longest time for one call, in seconds: less than who asks the agent waits for it.
const MAX_PATIENCE: u64 = 50;

/// One key service.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum ServiceSection {
    /// The transit engine of Vault or OpenBao.
    Vault(VaultSection),
    /// AWS KMS.
    AwsKms(AwsSection),
    /// A token behind PKCS#11.
    Pkcs11(Pkcs11Section),
}

/// Which service, and which of its keys. Unknown names are refused: a slip of the pen must not leave a protection
/// out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VaultSection {
    /// What keys of it are called by here: `NAME:KEY`.
    pub(crate) name: String,
    /// `https://host:port`.
    pub(crate) address: String,
    /// Plain HTTP to this machine is meant.
    #[serde(default)]
    pub(crate) plain_loopback: bool,
    #[serde(default)]
    pub(crate) namespace: String,
    #[serde(default = "transit")]
    pub(crate) mount: String,
    /// The keys that it may be asked for.
    pub(crate) keys: Vec<String>,
    /// Certificates of who may have issued the server's. Needed with HTTPS; the system's do not count.
    pub(crate) roots: Option<PathBuf>,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) certificate_key: Option<PathBuf>,
    pub(crate) login: VaultLoginSection,
    #[serde(default)]
    pub(crate) patience_seconds: Patience,
}

/// How the program shows Vault who it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, tag = "method", rename_all = "kebab-case")]
pub(crate) enum VaultLoginSection {
    /// A token.
    Token { file: PathBuf },
    /// A role with a secret.
    Approle { role_id: String, secret_id_file: PathBuf, mount: Option<String> },
    /// A JSON web token of another service.
    Jwt { role: String, file: PathBuf, mount: Option<String> },
    /// A pod's service account.
    Kubernetes { role: String, file: Option<PathBuf>, mount: Option<String> },
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AwsSection {
    pub(crate) name: String,
    /// That of the SDK's default chain, if it is not said here.
    pub(crate) region: Option<String>,
    /// The keys that it may be asked for: ARNs, key ids or aliases.
    pub(crate) keys: Vec<String>,
    /// Another endpoint than the region's own.
    pub(crate) endpoint: Option<String>,
    #[serde(default)]
    pub(crate) plain_loopback: bool,
    pub(crate) roots: Option<PathBuf>,
    #[serde(default)]
    pub(crate) patience_seconds: Patience,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pkcs11Section {
    pub(crate) name: String,
    /// The library that the token's maker gives.
    pub(crate) module: PathBuf,
    /// Serial number of the token.
    pub(crate) token: String,
    pub(crate) pin_file: PathBuf,
    /// The keys that it may be asked for, by their labels.
    pub(crate) keys: Vec<String>,
}

/// How long one call may take, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Patience(pub(crate) u64);

impl Default for Patience {
    fn default() -> Self {
        Self(10)
    }
}

fn transit() -> String {
    "transit".to_owned()
}

impl ServiceSection {
    /// What keys of it are called by here.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Vault(VaultSection { name, .. })
            | Self::AwsKms(AwsSection { name, .. })
            | Self::Pkcs11(Pkcs11Section { name, .. }) => name,
        }
    }

    /// The keys that it may be asked for, as it calls them.
    pub(crate) fn keys(&self) -> &[String] {
        match self {
            Self::Vault(VaultSection { keys, .. })
            | Self::AwsKms(AwsSection { keys, .. })
            | Self::Pkcs11(Pkcs11Section { keys, .. }) => keys,
        }
    }

    /// The same keys as they are called here, with the service's name before them.
    pub(crate) fn whole_keys(&self) -> impl Iterator<Item = String> {
        self.keys().iter().map(|key| format!("{}:{key}", self.name()))
    }

    /// What kind of service it is, as the file says it.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Vault(_) => "vault",
            Self::AwsKms(_) => "aws-kms",
            Self::Pkcs11(_) => "pkcs11",
        }
    }

    /// The files it names, which start at the home.
    fn files(&mut self) -> Vec<&mut PathBuf> {
        match self {
            Self::Vault(vault) => {
                let VaultSection { roots, certificate, certificate_key, login, .. } = vault;
                let login = match login {
                    VaultLoginSection::Token { file } | VaultLoginSection::Jwt { file, .. } => {
                        Some(file)
                    }
                    VaultLoginSection::Approle { secret_id_file, .. } => Some(secret_id_file),
                    VaultLoginSection::Kubernetes { file, .. } => file.as_mut(),
                };
                [roots, certificate, certificate_key].into_iter().flatten().chain(login).collect()
            }
            Self::AwsKms(AwsSection { roots, .. }) => roots.iter_mut().collect(),
            Self::Pkcs11(Pkcs11Section { module, pin_file, .. }) => vec![module, pin_file],
        }
    }

    /// How long one call may take, if it is said.
    pub(crate) const fn patience(&self) -> Option<Patience> {
        match self {
            Self::Vault(VaultSection { patience_seconds, .. })
            | Self::AwsKms(AwsSection { patience_seconds, .. }) => Some(*patience_seconds),
            Self::Pkcs11(_) => None,
        }
    }
}

/// Checks what the file says of services, and finds the files they name.
pub(super) fn checked(
    home: &Path,
    mut services: Vec<ServiceSection>,
) -> Result<Vec<ServiceSection>, Failure> {
    let wrong = |what: String| Err(Failure::usage(what).next("docs/key-services.md shows each"));
    if services.len() > MAX_SERVICES {
        return wrong(format!("the configuration file names more than {MAX_SERVICES} services"));
    }
    for (index, service) in services.iter_mut().enumerate() {
        let number = index.saturating_add(1);
        if let Err(error) = ServiceName::new(service.name()) {
            return wrong(format!("service no. {number} of the configuration file: {error}"));
        }
        if service.keys().is_empty() || service.keys().len() > MAX_KEYS {
            return wrong(format!("service `{}` names no key, or too many", service.name()));
        }
        if service.patience().is_some_and(|Patience(n)| !(1..=MAX_PATIENCE).contains(&n)) {
            return wrong(format!(
                "service `{}` waits for another time than 1 to {MAX_PATIENCE} seconds",
                service.name()
            ));
        }
        service.files().into_iter().for_each(|file| *file = home.join(&*file));
    }
    let mut names: Vec<&str> = services.iter().map(ServiceSection::name).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(_) => wrong("two services of the configuration file have the same name".to_owned()),
        None => Ok(services),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Whole {
        service: Vec<ServiceSection>,
    }

    const VAULT: &str = "[[service]]\nkind = \"vault\"\nname = \"bao\"\naddress = \"https://bao:8200\"\nkeys = [\"mri\"]\nlogin = { method = \"token\", file = \"bao.token\" }\n";
    const HSM: &str = "[[service]]\nkind = \"pkcs11\"\nname = \"hsm\"\nmodule = \"/usr/lib/p11.so\"\ntoken = \"4711\"\npin_file = \"hsm.pin\"\nkeys = [\"mri\"]\n";

    fn read(text: &str) -> Result<Vec<ServiceSection>, Option<Failure>> {
        let whole: Whole = toml::from_str(text).map_err(|_| None)?;
        checked(Path::new("/data"), whole.service).map_err(Some)
    }

    #[test]
    fn unknown_settings_of_a_service_are_refused() {
        for more in ["adress = \"x\"\n", "verify = false\n", "token = \"s.secret\"\n"] {
            assert!(read(&format!("{VAULT}{more}")).unwrap_err().is_none(), "{more}");
        }
        assert!(read(&VAULT.replace("vault", "kes")).unwrap_err().is_none());
        assert!(read(&VAULT.replace("file =", "value =")).unwrap_err().is_none());
    }

    #[test]
    fn names_that_could_mean_something_else_are_refused() {
        for name in ["", "arn", "Bao", "a:b", "a b", &"x".repeat(33)] {
            assert!(read(&VAULT.replace("\"bao\"", &format!("\"{name}\""))).is_err(), "{name}");
        }
        assert!(read(&format!("{VAULT}{VAULT}")).is_err());
    }

    #[test]
    fn limits_are_held() {
        assert!(read(&VAULT.replace("[\"mri\"]", "[]")).is_err());
        assert!(read(&format!("{VAULT}patience_seconds = 0\n")).is_err());
        assert!(read(&format!("{VAULT}patience_seconds = 51\n")).is_err());
        let many: String =
            (0..=MAX_SERVICES).map(|n| VAULT.replace("\"bao\"", &format!("\"b{n}\""))).collect();
        assert!(read(&many).is_err());
    }

    #[test]
    fn files_start_at_the_home() {
        let services = read(&format!("{VAULT}roots = \"ca.pem\"\n{HSM}")).unwrap();
        let [ServiceSection::Vault(vault), ServiceSection::Pkcs11(hsm)] = &services[..] else {
            panic!("{services:?}");
        };
        assert_eq!(vault.roots.as_deref(), Some(Path::new("/data/ca.pem")));
        let token = VaultLoginSection::Token { file: "/data/bao.token".into() };
        assert_eq!((&vault.login, vault.mount.as_str()), (&token, "transit"));
        assert_eq!(hsm.pin_file, Path::new("/data/hsm.pin"));
        assert_eq!(hsm.module, Path::new("/usr/lib/p11.so"));
    }
}

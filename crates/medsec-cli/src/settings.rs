//! Settings: the command line before the environment before `config.toml` before the defaults.
//!
//! All that belongs to one user lies in one folder, the *home*: `--home`, `MEDSEC_HOME`, or `medsec` in the
//! user's data folder. Paths in the file that are not absolute start there.

mod file;
mod services;
mod shared;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use medsec_audit::StreamName;
use medsec_crypto::DatasetId;
use medsec_kms::{StoreId, StorePlace};
use medsec_policy::Purpose;

pub(crate) use self::file::{
    AUDIT_FOLDER, AUDIT_KEY, AUDIT_PIN, AuditTemplate, FILE_NAME, POLICY_FOLDER, Template, template,
};

#[cfg(feature = "aws")]
pub(crate) use self::services::AwsSection;
#[cfg(feature = "pkcs11")]
pub(crate) use self::services::Pkcs11Section;
pub(crate) use self::services::ServiceSection;
#[cfg(feature = "vault")]
pub(crate) use self::services::{Patience, VaultLoginSection, VaultSection};
pub(crate) use self::shared::SharedSection;

use self::file::ConfigFile;
use crate::args::Options;
use crate::failure::Failure;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Default,
    File,
    Environment(&'static str),
    CommandLine(&'static str),
}

impl Source {
    pub(crate) fn describe(self) -> String {
        match self {
            Self::Default => "default".to_owned(),
            Self::File => FILE_NAME.to_owned(),
            Self::Environment(name) => format!("environment {name}"),
            Self::CommandLine(option) => format!("option {option}"),
        }
    }
}

/// Whether environment variables count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Environment {
    Heeded,
    /// For a home that is made for the moment, and must not touch what the variables name.
    Ignored,
}

impl Environment {
    fn get(self, name: &str) -> Option<OsString> {
        environment(name).filter(|_| self == Self::Heeded)
    }
}

/// A value and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) source: Source,
}

/// All settings.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) home: Setting<PathBuf>,
    pub(crate) store: Setting<PathBuf>,
    pub(crate) mark: Setting<PathBuf>,
    pub(crate) store_id: Setting<Option<StoreId>>,
    pub(crate) identity: Setting<Option<PathBuf>>,
    pub(crate) signer: Setting<Option<PathBuf>>,
    pub(crate) threads: Setting<Option<u16>>,
    /// Why packages are sealed and opened, where nothing else is said.
    pub(crate) purpose: Setting<Option<Purpose>>,
    /// The data set that packages are sealed into, where nothing else is said.
    pub(crate) dataset: Setting<Option<DatasetId>>,
    /// The folder of the policy in force.
    pub(crate) policy: Setting<PathBuf>,
    /// Remembers which policy was in force last.
    pub(crate) policy_mark: Setting<PathBuf>,
    /// The audit log.
    pub(crate) audit: Setting<PathBuf>,
    /// The stream of it that this home writes.
    pub(crate) audit_stream: Setting<StreamName>,
    /// What it is verified with.
    pub(crate) audit_pin: Setting<PathBuf>,
    /// What signs its checkpoints.
    pub(crate) audit_key: Setting<Option<PathBuf>>,
    /// A folder elsewhere that keeps its checkpoints.
    pub(crate) audit_anchor: Setting<Option<PathBuf>>,
    /// The records of emergencies.
    pub(crate) emergencies: Setting<PathBuf>,
    /// The program that is told of an emergency at once.
    pub(crate) emergency_hook: Setting<Option<PathBuf>>,
    /// The key services elsewhere.
    pub(crate) services: Setting<Vec<ServiceSection>>,
    /// Whether a session may use one data key for several packages.
    pub(crate) shared_data_keys: Setting<Option<SharedSection>>,
}

impl Settings {
    /// Finds the home and reads its file, if there is one; none if nothing says where a home could be.
    pub(crate) fn load(options: &Options, variables: Environment) -> Result<Option<Self>, Failure> {
        let Some(home) = home(options) else {
            return Ok(None);
        };
        let file = ConfigFile::load(&home.value.join(FILE_NAME))?;
        Self::join(options, variables, home, file).map(Some)
    }

    fn join(
        options: &Options,
        variables: Environment,
        home: Setting<PathBuf>,
        file: ConfigFile,
    ) -> Result<Self, Failure> {
        let at_home = |path: PathBuf| home.value.join(path);
        let path = |name: &'static str, written: Option<PathBuf>| {
            let named =
                variables.get(name).map(|value| (PathBuf::from(value), Source::Environment(name)));
            named.or_else(|| written.map(|path| (at_home(path), Source::File)))
        };
        let or_default = |found: Option<(PathBuf, Source)>, default: PathBuf| match found {
            Some((value, source)) => Setting { value, source },
            None => Setting { value: default, source: Source::Default },
        };
        let optional = |found: Option<(PathBuf, Source)>| match found {
            Some((value, source)) => Setting { value: Some(value), source },
            None => Setting { value: None, source: Source::Default },
        };
        let audit =
            or_default(path("MEDSEC_AUDIT", file.audit.folder), home.value.join(AUDIT_FOLDER));
        // Beside the log: homes that share a log share the emergencies that it tells of.
        let beside = audit.value.parent().unwrap_or(&home.value).join(EMERGENCIES_FOLDER);
        Ok(Self {
            emergencies: or_default(path("MEDSEC_EMERGENCIES", file.emergency.folder), beside),
            emergency_hook: optional(path("MEDSEC_EMERGENCY_HOOK", file.emergency.hook)),
            store: or_default(path("MEDSEC_STORE", file.store.folder), home.value.join("store")),
            mark: or_default(
                path("MEDSEC_STORE_MARK", file.store.mark),
                default_mark(&home, "store.mark"),
            ),
            store_id: store_id(variables, file.store.id.as_deref())?,
            identity: optional(path("MEDSEC_IDENTITY", file.user.identity)),
            signer: optional(path("MEDSEC_SIGNER", file.user.signer)),
            threads: threads(options, variables, file.work.threads)?,
            purpose: named(variables, "MEDSEC_PURPOSE", file.user.purpose, "purpose", |text| {
                text.parse().ok()
            })?,
            dataset: named(variables, "MEDSEC_DATASET", file.user.dataset, "data set", |text| {
                DatasetId::new(text).ok()
            })?,
            policy: or_default(
                path("MEDSEC_POLICY", file.policy.folder),
                home.value.join(POLICY_FOLDER),
            ),
            policy_mark: or_default(
                path("MEDSEC_POLICY_MARK", file.policy.mark),
                default_mark(&home, "policy.mark"),
            ),
            audit_stream: stream(variables, file.audit.stream)?,
            audit,
            audit_pin: or_default(
                path("MEDSEC_AUDIT_PIN", file.audit.pin),
                home.value.join(AUDIT_PIN),
            ),
            audit_key: optional(path("MEDSEC_AUDIT_KEY", file.audit.key)),
            audit_anchor: optional(path("MEDSEC_AUDIT_ANCHOR", file.audit.anchor)),
            services: Setting {
                source: if file.service.is_empty() { Source::Default } else { Source::File },
                value: services::checked(&home.value, file.service)?,
            },
            shared_data_keys: Setting {
                source: match file.shared_data_keys {
                    Some(_) => Source::File,
                    None => Source::Default,
                },
                value: file.shared_data_keys.map(SharedSection::checked).transpose()?,
            },
            home,
        })
    }

    /// Where the key store is.
    pub(crate) fn store_place(&self) -> StorePlace {
        StorePlace {
            folder: self.store.value.clone(),
            mark: Some(self.mark.value.clone()),
            expected: self.store_id.value,
        }
    }

    /// Where the identities of the store's users lie unless something else is said.
    pub(crate) fn identities(&self) -> PathBuf {
        self.home.value.join("identities")
    }
}

fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn home(options: &Options) -> Option<Setting<PathBuf>> {
    if let Some(home) = &options.home {
        return Some(Setting { value: home.clone(), source: Source::CommandLine("--home") });
    }
    if let Some(home) = environment("MEDSEC_HOME") {
        return Some(Setting { value: home.into(), source: Source::Environment("MEDSEC_HOME") });
    }
    let data = user_folder("XDG_DATA_HOME", ".local/share")?;
    Some(Setting { value: data.join("medsec"), source: Source::Default })
}

/// A folder of the XDG base directory specification; relative values do not count there.
fn user_folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let named = environment(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| Some(Path::new(&environment("HOME")?).join(below_home)))
}

/// Outside the default home, so that a backup put back whole does not take the mark along.
fn default_mark(home: &Setting<PathBuf>, name: &str) -> PathBuf {
    let apart = || user_folder("XDG_STATE_HOME", ".local/state");
    match (home.source, apart()) {
        (Source::Default, Some(state)) => state.join("medsec").join(name),
        _ => home.value.join(name),
    }
}

/// Where anchors are unless something else is said: outside every home, so that a home put back whole, or
/// removed, does not take along what remembers its audit log.
pub(crate) fn default_anchor() -> Option<PathBuf> {
    Some(user_folder("XDG_STATE_HOME", ".local/state")?.join("medsec").join("anchors"))
}

fn store_id(
    variables: Environment,
    written: Option<&str>,
) -> Result<Setting<Option<StoreId>>, Failure> {
    const NAME: &str = "MEDSEC_STORE_ID";
    let parse = |text: &str, source| {
        let id = text.parse().map_err(|_| {
            let place = Source::describe(source);
            Failure::usage(format!("the store id of {place} is not 32 hexadecimal digits"))
                .next("correct it, or take it away; `medsec store status` shows the id of a store")
        })?;
        Ok(Setting { value: Some(id), source })
    };
    if let Some(text) = variables.get(NAME) {
        return parse(text.to_str().unwrap_or_default(), Source::Environment(NAME));
    }
    match written {
        Some(text) => parse(text, Source::File),
        None => Ok(Setting { value: None, source: Source::Default }),
    }
}

/// A name from the environment, or else from the file.
fn named<T>(
    variables: Environment,
    variable: &'static str,
    written: Option<String>,
    what: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Setting<Option<T>>, Failure> {
    let set = variables.get(variable).map(|value| value.to_string_lossy().into_owned());
    let found = set.map(|text| (text, Source::Environment(variable)));
    let Some((text, source)) = found.or_else(|| written.map(|text| (text, Source::File))) else {
        return Ok(Setting { value: None, source: Source::Default });
    };
    let value = parse(&text).ok_or_else(|| {
        let place = source.describe();
        Failure::usage(format!("the {what} of {place} is none that medsec knows"))
            .next("correct it, or take it away; docs/cli.md lists what can stand there")
    })?;
    Ok(Setting { value: Some(value), source })
}

/// Where the records of emergencies are, beside the audit log.
const EMERGENCIES_FOLDER: &str = "emergencies";

/// The one stream that a log has at first.
pub(crate) const STREAM: &str = "main";

fn stream(variables: Environment, written: Option<String>) -> Result<Setting<StreamName>, Failure> {
    let named = named(variables, "MEDSEC_AUDIT_STREAM", written, "stream", |text| {
        StreamName::new(text).ok()
    })?;
    let default = StreamName::new(STREAM).map_err(|error| Failure::usage(error.to_string()))?;
    Ok(Setting { value: named.value.unwrap_or(default), source: named.source })
}

fn threads(
    options: &Options,
    variables: Environment,
    written: Option<u16>,
) -> Result<Setting<Option<u16>>, Failure> {
    const NAME: &str = "MEDSEC_THREADS";
    let named = variables.get(NAME).map(|text| text.to_str().and_then(|text| text.parse().ok()));
    let (value, source) = match (options.threads, named, written) {
        (Some(count), ..) => (Some(count), Source::CommandLine("--threads")),
        (None, Some(count), _) => (Some(count.unwrap_or(0)), Source::Environment(NAME)),
        (None, None, Some(count)) => (Some(count), Source::File),
        (None, None, None) => (None, Source::Default),
    };
    let fits = value.is_none_or(|count| (1..=256).contains(&count));
    fits.then_some(Setting { value, source }).ok_or_else(|| {
        let place = source.describe();
        Failure::usage(format!("the number of threads of {place} is not 1 to 256"))
            .next("correct it, or take it away")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(home: &Path) -> Options {
        Options { json: false, threads: None, home: Some(home.to_owned()), no_agent: false }
    }

    #[test]
    fn unknown_settings_are_refused() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(FILE_NAME), "[store]\nfoldr = \"x\"\n").unwrap();
        let failure = Settings::load(&options(home.path()), Environment::Ignored).unwrap_err();
        assert!(failure.message.contains("line 2"), "{}", failure.message);
    }

    #[test]
    fn paths_of_the_file_start_at_home() {
        let home = tempfile::tempdir().unwrap();
        let text = "[store]\nfolder = \"vault\"\n[work]\nthreads = 3\n";
        std::fs::write(home.path().join(FILE_NAME), text).unwrap();
        let settings =
            Settings::load(&options(home.path()), Environment::Ignored).unwrap().unwrap();
        assert_eq!(settings.store.value, home.path().join("vault"));
        assert_eq!(settings.store.source, Source::File);
        assert_eq!(settings.mark.source, Source::Default);
        assert_eq!(settings.threads.value, Some(3));
    }

    #[test]
    fn command_line_wins_over_the_file() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(FILE_NAME), "[work]\nthreads = 3\n").unwrap();
        let options = Options { threads: Some(1), ..options(home.path()) };
        let settings = Settings::load(&options, Environment::Ignored).unwrap().unwrap();
        assert_eq!(settings.threads.value, Some(1));
        assert_eq!(settings.threads.source, Source::CommandLine("--threads"));
    }

    #[test]
    fn written_template_is_understood() {
        let home = tempfile::tempdir().unwrap();
        let text = template(Template {
            store: Path::new("store"),
            mark: Path::new("store.mark"),
            id: StoreId::from_bytes([7; 16]),
            user: "ada",
            dataset: Some("default"),
            policy: None,
            audit: Some(AuditTemplate {
                folder: Path::new(AUDIT_FOLDER),
                pin: Path::new(AUDIT_PIN),
                key: Some(Path::new(AUDIT_KEY)),
                anchor: Some(Path::new("/elsewhere")),
            }),
        });
        std::fs::write(home.path().join(FILE_NAME), text).unwrap();
        let settings =
            Settings::load(&options(home.path()), Environment::Ignored).unwrap().unwrap();
        assert_eq!(settings.store_id.value, Some(StoreId::from_bytes([7; 16])));
        assert_eq!(settings.mark.value, home.path().join("store.mark"));
        assert_eq!(settings.audit.source, Source::File);
        assert_eq!(settings.audit_key.value, Some(home.path().join(AUDIT_KEY)));
        assert_eq!(settings.audit_anchor.value, Some(PathBuf::from("/elsewhere")));
    }
}

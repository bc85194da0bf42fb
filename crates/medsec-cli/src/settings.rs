//! Settings: the command line before the environment before `config.toml` before the defaults.
//!
//! All that belongs to one user lies in one folder, the *home*: `--home`, `MEDSEC_HOME`, or `medsec` in the
//! user's data folder. Paths in the file that are not absolute start there.

mod file;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use medsec_kms::{StoreId, StorePlace};

pub(crate) use self::file::{
    AUDIT_FOLDER, AUDIT_KEY, AUDIT_PIN, AuditTemplate, FILE_NAME, Template, template,
};

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
    /// The audit log.
    pub(crate) audit: Setting<PathBuf>,
    /// What it is verified with.
    pub(crate) audit_pin: Setting<PathBuf>,
    /// What signs its checkpoints.
    pub(crate) audit_key: Setting<Option<PathBuf>>,
    /// A folder elsewhere that keeps its checkpoints.
    pub(crate) audit_anchor: Setting<Option<PathBuf>>,
}

impl Settings {
    /// Finds the home and reads its file, if there is one; none if nothing says where a home could be.
    pub(crate) fn load(options: &Options) -> Result<Option<Self>, Failure> {
        let Some(home) = home(options) else {
            return Ok(None);
        };
        let file = ConfigFile::load(&home.value.join(FILE_NAME))?;
        Self::join(options, home, file).map(Some)
    }

    fn join(options: &Options, home: Setting<PathBuf>, file: ConfigFile) -> Result<Self, Failure> {
        let at_home = |path: PathBuf| home.value.join(path);
        let path = |name: &'static str, written: Option<PathBuf>| {
            let named =
                environment(name).map(|value| (PathBuf::from(value), Source::Environment(name)));
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
        Ok(Self {
            store: or_default(path("MEDSEC_STORE", file.store.folder), home.value.join("store")),
            mark: or_default(path("MEDSEC_STORE_MARK", file.store.mark), default_mark(&home)),
            store_id: store_id(file.store.id.as_deref())?,
            identity: optional(path("MEDSEC_IDENTITY", file.user.identity)),
            signer: optional(path("MEDSEC_SIGNER", file.user.signer)),
            threads: threads(options, file.work.threads)?,
            audit: or_default(
                path("MEDSEC_AUDIT", file.audit.folder),
                home.value.join(AUDIT_FOLDER),
            ),
            audit_pin: or_default(
                path("MEDSEC_AUDIT_PIN", file.audit.pin),
                home.value.join(AUDIT_PIN),
            ),
            audit_key: optional(path("MEDSEC_AUDIT_KEY", file.audit.key)),
            audit_anchor: optional(path("MEDSEC_AUDIT_ANCHOR", file.audit.anchor)),
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
fn default_mark(home: &Setting<PathBuf>) -> PathBuf {
    let apart = || user_folder("XDG_STATE_HOME", ".local/state");
    match (home.source, apart()) {
        (Source::Default, Some(state)) => state.join("medsec").join("store.mark"),
        _ => home.value.join("store.mark"),
    }
}

/// Where anchors are unless something else is said: outside every home, so that a home put back whole, or
/// removed, does not take along what remembers its audit log.
pub(crate) fn default_anchor() -> Option<PathBuf> {
    Some(user_folder("XDG_STATE_HOME", ".local/state")?.join("medsec").join("anchors"))
}

fn store_id(written: Option<&str>) -> Result<Setting<Option<StoreId>>, Failure> {
    const NAME: &str = "MEDSEC_STORE_ID";
    let parse = |text: &str, source| {
        let id = text.parse().map_err(|_| {
            let place = Source::describe(source);
            Failure::usage(format!("the store id of {place} is not 32 hexadecimal digits"))
                .next("correct it, or take it away; `medsec store status` shows the id of a store")
        })?;
        Ok(Setting { value: Some(id), source })
    };
    if let Some(text) = environment(NAME) {
        return parse(text.to_str().unwrap_or_default(), Source::Environment(NAME));
    }
    match written {
        Some(text) => parse(text, Source::File),
        None => Ok(Setting { value: None, source: Source::Default }),
    }
}

fn threads(options: &Options, written: Option<u16>) -> Result<Setting<Option<u16>>, Failure> {
    const NAME: &str = "MEDSEC_THREADS";
    let named = environment(NAME).map(|text| text.to_str().and_then(|text| text.parse().ok()));
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
        Options { json: false, threads: None, home: Some(home.to_owned()) }
    }

    #[test]
    fn unknown_settings_are_refused() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(FILE_NAME), "[store]\nfoldr = \"x\"\n").unwrap();
        let failure = Settings::load(&options(home.path())).unwrap_err();
        assert!(failure.message.contains("line 2"), "{}", failure.message);
    }

    #[test]
    fn paths_of_the_file_start_at_home() {
        let home = tempfile::tempdir().unwrap();
        let text = "[store]\nfolder = \"vault\"\n[work]\nthreads = 3\n";
        std::fs::write(home.path().join(FILE_NAME), text).unwrap();
        let settings = Settings::load(&options(home.path())).unwrap().unwrap();
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
        let settings = Settings::load(&options).unwrap().unwrap();
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
            user: "root",
            audit: Some(AuditTemplate { anchor: Some(Path::new("/elsewhere")) }),
        });
        std::fs::write(home.path().join(FILE_NAME), text).unwrap();
        let settings = Settings::load(&options(home.path())).unwrap().unwrap();
        assert_eq!(settings.store_id.value, Some(StoreId::from_bytes([7; 16])));
        assert_eq!(settings.mark.value, home.path().join("store.mark"));
        assert_eq!(settings.audit.source, Source::File);
        assert_eq!(settings.audit_key.value, Some(home.path().join(AUDIT_KEY)));
        assert_eq!(settings.audit_anchor.value, Some(PathBuf::from("/elsewhere")));
    }
}

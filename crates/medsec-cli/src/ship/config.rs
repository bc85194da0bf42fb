//! The file of peers.

use std::path::{Path, PathBuf};

use medsec_audit::{PeerName, StreamName};
use serde::Deserialize;

use crate::failure::Failure;

/// Longest file in bytes.
const MAX_LEN: usize = 64 * 1024;
/// Most peers of a file.
const MAX_PEERS: usize = 64;
/// Longest time that can be asked for, in seconds and in minutes.
const MAX_SECONDS: u64 = 3600;
const MAX_MINUTES: u64 = 525_600;

/// All of it. Unknown names are refused: a slip of the pen must not silently leave a peer out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    #[serde(default)]
    pub(super) log: LogSection,
    #[serde(default)]
    pub(super) syslog: Vec<Syslog>,
    #[serde(default)]
    pub(super) postgres: Vec<Postgres>,
    #[serde(default)]
    pub(super) witness: Vec<Witness>,
    #[serde(default)]
    pub(super) timestamp: Vec<TimeStamp>,
    #[serde(default)]
    pub(super) s3: Vec<S3>,
    #[serde(default)]
    pub(super) folder: Vec<Folder>,
    /// The folder that paths start at.
    #[serde(skip)]
    pub(super) home: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LogSection {
    pub(super) streams: Option<Vec<String>>,
    pub(super) record: Option<String>,
}

/// How long one call may take, as each kind of peer has it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Seconds(pub(super) u64);

impl Default for Seconds {
    fn default() -> Self {
        Self(30)
    }
}

/// How often an anchor gets a checkpoint.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Minutes(pub(super) u64);

impl Default for Minutes {
    fn default() -> Self {
        Self(10)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Syslog {
    pub(super) name: String,
    pub(super) server: String,
    pub(super) roots: PathBuf,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) host: Option<String>,
    pub(super) enterprise: Option<u32>,
    #[serde(default)]
    pub(super) patience_seconds: Seconds,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Postgres {
    pub(super) name: String,
    pub(super) server: String,
    pub(super) roots: PathBuf,
    pub(super) database: String,
    pub(super) user: String,
    pub(super) password_file: Option<PathBuf>,
    pub(super) password_fd: Option<u32>,
    #[serde(default)]
    pub(super) patience_seconds: Seconds,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Witness {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) roots: Option<PathBuf>,
    pub(super) keys: Vec<String>,
    #[serde(default)]
    pub(super) every_minutes: Minutes,
    #[serde(default)]
    pub(super) patience_seconds: Seconds,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimeStamp {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) roots: Option<PathBuf>,
    pub(super) authority: PathBuf,
    #[serde(default)]
    pub(super) every_minutes: Minutes,
    #[serde(default)]
    pub(super) patience_seconds: Seconds,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct S3 {
    pub(super) name: String,
    pub(super) bucket: String,
    pub(super) region: String,
    pub(super) endpoint: Option<String>,
    pub(super) access_key_id: Option<String>,
    pub(super) secret_file: Option<PathBuf>,
    pub(super) secret_fd: Option<u32>,
    pub(super) min_retention_days: u32,
    #[serde(default)]
    pub(super) every_minutes: Minutes,
    #[serde(default)]
    pub(super) patience_seconds: Seconds,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Folder {
    pub(super) name: String,
    pub(super) folder: PathBuf,
    #[serde(default)]
    pub(super) every_minutes: Minutes,
    #[serde(default)]
    pub(super) patience_seconds: Seconds,
}

impl Config {
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let bytes = crate::files::read_small(path, "the file of peers", MAX_LEN)?;
        super::secret::refuse_writable(path)?;
        let text = str::from_utf8(&bytes).map_err(|_| malformed(None))?;
        let home = path.parent().map(Path::to_owned).unwrap_or_default();
        Self::parse(text, home)
    }

    fn parse(text: &str, home: PathBuf) -> Result<Self, Failure> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            malformed(Some(before.matches('\n').count().saturating_add(1)))
        })?;
        config.check()?;
        Ok(Self { home, ..config })
    }

    /// Names are names and there are no two alike, numbers are neither zero nor without an end.
    fn check(&self) -> Result<(), Failure> {
        let names = self.names();
        if names.is_empty() || names.len() > MAX_PEERS {
            return Err(Failure::usage("the file of peers names none, or more than 64")
                .next("docs/shipping.md has an example"));
        }
        let mut seen = std::collections::BTreeSet::new();
        for name in names {
            let unique = PeerName::new(name).is_ok() && seen.insert(name);
            if !unique {
                let what = "a peer's name is not one of 1 to 64 of `a-z 0-9 . -`, or stands twice";
                return Err(Failure::usage(what).next("give each peer a name of its own"));
            }
        }
        let seconds = self.seconds().iter().all(|n| (1..=MAX_SECONDS).contains(&n.0));
        let minutes = self.minutes().iter().all(|n| (1..=MAX_MINUTES).contains(&n.0));
        if !(seconds && minutes) {
            return Err(Failure::usage("a number in the file of peers is zero, or too large")
                .next("patience is 1 to 3,600 seconds, `every_minutes` at most a year"));
        }
        self.streams()?;
        self.record().map(drop)
    }

    fn names(&self) -> Vec<&str> {
        let Self { log: _, syslog, postgres, witness, timestamp, s3, folder, home: _ } = self;
        let followers = syslog.iter().map(|p| &p.name).chain(postgres.iter().map(|p| &p.name));
        let signers = witness.iter().map(|p| &p.name).chain(timestamp.iter().map(|p| &p.name));
        let keepers = s3.iter().map(|p| &p.name).chain(folder.iter().map(|p| &p.name));
        followers.chain(signers).chain(keepers).map(String::as_str).collect()
    }

    fn seconds(&self) -> Vec<Seconds> {
        let Self { log: _, syslog, postgres, witness, timestamp, s3, folder, home: _ } = self;
        let mut all: Vec<_> = syslog.iter().map(|peer| peer.patience_seconds).collect();
        all.extend(postgres.iter().map(|peer| peer.patience_seconds));
        all.extend(witness.iter().map(|peer| peer.patience_seconds));
        all.extend(timestamp.iter().map(|peer| peer.patience_seconds));
        all.extend(s3.iter().map(|peer| peer.patience_seconds));
        all.extend(folder.iter().map(|peer| peer.patience_seconds));
        all
    }

    fn minutes(&self) -> Vec<Minutes> {
        let Self { witness, timestamp, s3, folder, .. } = self;
        let mut all: Vec<_> = witness.iter().map(|peer| peer.every_minutes).collect();
        all.extend(timestamp.iter().map(|peer| peer.every_minutes));
        all.extend(s3.iter().map(|peer| peer.every_minutes));
        all.extend(folder.iter().map(|peer| peer.every_minutes));
        all
    }

    /// The streams to ship; none for all of them.
    pub(crate) fn streams(&self) -> Result<Option<Vec<StreamName>>, Failure> {
        let names = self.log.streams.as_ref();
        let parsed = names.map(|names| names.iter().map(|name| stream(name)).collect());
        parsed.transpose()
    }

    /// The stream that says how peers fare; none for the one that is shipped.
    pub(crate) fn record(&self) -> Result<Option<StreamName>, Failure> {
        self.log.record.as_deref().map(stream).transpose()
    }
}

fn stream(name: &str) -> Result<StreamName, Failure> {
    StreamName::new(name).map_err(|_| {
        Failure::usage("the file of peers names a stream that cannot be one")
            .next("`medsec audit stream list` shows the streams of the log")
    })
}

/// Where it is malformed, without repeating what stands there.
fn malformed(line: Option<usize>) -> Failure {
    let place = line.map_or_else(String::new, |line| format!("line {line} of "));
    Failure::usage(format!("{place}the file of peers is not understood"))
        .next("docs/shipping.md lists what can stand there")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[[folder]]\nname = \"disk\"\nfolder = \"anchors\"\n";

    fn parse(text: &str) -> Result<Config, Failure> {
        Config::parse(text, PathBuf::new())
    }

    #[test]
    fn parse_refuses_slips_of_the_pen() {
        for bad in [
            "",
            "[log]\n",
            "[[folders]]\nname = \"disk\"\nfolder = \"anchors\"\n",
            "[[folder]]\nname = \"Disk\"\nfolder = \"anchors\"\n",
            "[[folder]]\nname = \"../x\"\nfolder = \"anchors\"\n",
            &format!("{GOOD}{GOOD}"),
            &format!("{GOOD}every_minute = 5\n"),
            &format!("{GOOD}every_minutes = 0\n"),
            &format!("{GOOD}patience_seconds = 3601\n"),
            &format!("[log]\nstreams = [\"a b\"]\n{GOOD}"),
            &format!("[log]\nrecords = \"main\"\n{GOOD}"),
            &format!("{GOOD}[[postgres]]\nname = \"pg\"\npassword = \"secret\"\n"),
        ] {
            let failure = parse(bad).err().unwrap_or_else(|| panic!("{bad}"));
            assert_eq!(failure.exit, crate::exit::Exit::Usage, "{bad}");
            assert!(!failure.message.contains("secret"), "{}", failure.message);
        }
        let config = parse(GOOD).unwrap();
        assert_eq!(config.minutes().first().unwrap().0, 10);
        assert_eq!(config.streams().unwrap(), None);
    }

    #[test]
    fn example_of_the_manual_is_understood() {
        let page = include_str!("../../../../docs/shipping.md");
        let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
        let config = parse(example).unwrap();
        assert_eq!(config.names().len(), 6, "one of each kind");
    }
}

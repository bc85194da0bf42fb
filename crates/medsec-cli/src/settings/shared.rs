//! Data keys that a session keeps for several packages, `[shared_data_keys]` of `config.toml`.

use std::fmt;
use std::time::Duration;

use medsec::Sharing;
use medsec_kms::SharedKeyLimits;
use serde::Deserialize;

use crate::failure::Failure;

/// What they are kept for, and how long. What is not said stays off, or at the hard limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SharedSection {
    /// Seal packages under shared data keys.
    #[serde(default)]
    seal: bool,
    /// Keep what was unwrapped for the next package under it.
    #[serde(default)]
    open: bool,
    /// Packages under one data key.
    packages: Option<u64>,
    /// Content and metadata under one data key.
    mebibytes: Option<u64>,
    /// How long one data key is kept.
    seconds: Option<u64>,
}

const MEBIBYTE: u64 = 1024 * 1024;

impl SharedSection {
    /// No limit may be above the hard one: it would promise what does not hold.
    pub(super) fn checked(self) -> Result<Self, Failure> {
        let most = [
            ("packages", self.packages, SharedKeyLimits::MAX_PACKAGES),
            ("mebibytes", self.mebibytes, SharedKeyLimits::MAX_BYTES / MEBIBYTE),
            ("seconds", self.seconds, SharedKeyLimits::MAX_AGE.as_secs()),
        ];
        let wrong = |(_, value, most): &(&str, Option<u64>, u64)| {
            value.is_some_and(|value| !(1..=*most).contains(&value))
        };
        match most.into_iter().find(wrong) {
            Some((name, _, most)) => Err(Failure::usage(format!(
                "shared_data_keys.{name} of the configuration file is not 1 to {most}"
            ))
            .next("docs/key-services.md tells what the limits are for")),
            None => Ok(self),
        }
    }

    /// What a session is to do, if anything.
    pub(crate) fn sharing(self) -> Option<Sharing> {
        let Self { seal, open, packages, mebibytes, seconds } = self;
        let mut limits = SharedKeyLimits::default();
        if let Some(packages) = packages {
            limits = limits.with_packages(packages);
        }
        if let Some(mebibytes) = mebibytes {
            limits = limits.with_bytes(mebibytes.saturating_mul(MEBIBYTE));
        }
        if let Some(seconds) = seconds {
            limits = limits.with_age(Duration::from_secs(seconds));
        }
        (seal || open).then_some(Sharing { seal, open, limits })
    }
}

/// For `config show`.
impl fmt::Display for SharedSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sharing() {
            None => f.write_str("off"),
            Some(Sharing { seal, open, limits }) => {
                let uses = [(seal, "seal"), (open, "open")];
                let uses: Vec<_> =
                    uses.iter().filter(|(on, _)| *on).map(|(_, use_)| *use_).collect();
                let (packages, age) = (limits.packages(), limits.age().as_secs());
                let mebibytes = limits.bytes() / MEBIBYTE;
                let uses = uses.join(" and ");
                write!(f, "{uses}, up to {packages} packages, {mebibytes} MiB, {age} s")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SharedSection, ()> {
        let section: SharedSection = toml::from_str(text).map_err(drop)?;
        section.checked().map_err(drop)
    }

    #[test]
    fn limits_above_the_hard_ones_and_unknown_words_are_refused() {
        for bad in [
            "seal = true\npackages = 1048577",
            "seal = true\npackages = 0",
            "open = true\nseconds = 3601",
            "open = true\nmebibytes = 1048577",
            "keep = true",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_is_shared_unless_it_is_asked_for() {
        assert!(read("packages = 7").unwrap().sharing().is_none());
        let sharing = read("open = true\nseconds = 60").unwrap().sharing().unwrap();
        assert!(sharing.open && !sharing.seal);
        assert_eq!(sharing.limits.age(), Duration::from_secs(60));
        assert_eq!(sharing.limits.packages(), SharedKeyLimits::MAX_PACKAGES);
    }
}

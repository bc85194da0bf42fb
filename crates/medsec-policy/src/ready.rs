//! Policies to begin with. Each is a folder of source files, as people edit them; `docs/policies.md` explains every
//! rule and setting.

use std::fmt::Write as _;

use crate::ids::{DatasetId, PrincipalId};
use crate::text::codes;

codes!(
    /// A policy to begin with.
    Ready, "ready policy" {
        /// Minimum necessary by groups, purpose of use, separation of duties, emergency access.
        HipaaDefault => "hipaa-default",
        /// Data sets of projects, for research and tests only; handing out needs two factors.
        Research => "research",
        /// The rules of `hipaa-default` with short sessions, two factors, signatures and named keys.
        Strict => "strict",
    }
);

/// A file of a policy's source: its path in the folder, with `/`, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a file has these two")]
pub struct ReadyFile {
    /// Such as `rules/care.cedar`.
    pub path: &'static str,
    /// The whole text.
    pub text: String,
}

/// The group that the owner's data set is given to.
const TEAM: &str = "team";

macro_rules! files {
    ($name:literal: $($path:literal),+) => {
        &[$(($path, include_str!(concat!("../bundles/", $name, "/", $path)))),+]
    };
}

const HIPAA_DEFAULT: &[(&str, &str)] = files!(
    "hipaa-default": "policy.toml", "roles.toml", "rules/care.cedar", "rules/emergency.cedar",
    "rules/oversight.cedar", "rules/services.cedar"
);
const RESEARCH: &[(&str, &str)] = files!("research": "policy.toml", "roles.toml", "rules/oversight.cedar", "rules/projects.cedar");
const STRICT: &[(&str, &str)] = files!(
    "strict": "policy.toml", "roles.toml", "rules/care.cedar", "rules/emergency.cedar",
    "rules/oversight.cedar", "rules/services.cedar"
);

impl Ready {
    /// Its source files, without any principal, group or data set.
    #[must_use]
    pub fn sources(self) -> Vec<ReadyFile> {
        let file =
            |(path, text): &(&'static str, &str)| ReadyFile { path, text: (*text).to_owned() };
        self.files().iter().map(file).collect()
    }

    /// Its source files with one person and one data set: the person is in the group that works with the data set
    /// and has all roles of persons but the auditor's, which whoever administers must not have.
    #[must_use]
    pub fn for_owner(self, owner: &PrincipalId, dataset: &DatasetId) -> Vec<ReadyFile> {
        let mut files = self.sources();
        for file in files.iter_mut().filter(|file| file.path == "roles.toml") {
            let roles: Vec<_> =
                self.owner_roles().iter().map(|role| format!("\"{role}\"")).collect();
            // Writing to a text does not fail. Identifiers have no character that TOML would need escaped.
            let _ = write!(
                file.text,
                "\n[groups.{TEAM}]\nroles = []\n\n[people.\"{owner}\"]\nroles = [{}]\ngroups = [\"{TEAM}\"]\n\n\
                 [datasets.\"{dataset}\"]\nwithin = []\npurposes = \"any\"\ngroups = [\"{TEAM}\"]\n",
                roles.join(", "),
            );
        }
        files
    }

    const fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::HipaaDefault => HIPAA_DEFAULT,
            Self::Research => RESEARCH,
            Self::Strict => STRICT,
        }
    }

    const fn owner_roles(self) -> &'static [&'static str] {
        match self {
            Self::HipaaDefault | Self::Strict => {
                &["administrator", "clinician", "data-steward", "emergency-initiator", "researcher"]
            }
            Self::Research => &["administrator", "data-steward", "researcher"],
        }
    }
}

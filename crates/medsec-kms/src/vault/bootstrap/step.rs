//! One step of a plan.

use std::fmt;

use crate::name::KeyName;
use crate::service::KeySpec;

const DAY: u64 = 86_400;

/// Something that will be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BootstrapStep {
    /// A transit mount.
    Mount {
        /// Where.
        path: String,
    },
    /// A key, `derived` and not to be exported.
    Key(KeySpec),
    /// Another rotation period of a key that is there.
    Rotation {
        /// The key.
        key: KeyName,
        /// Days after which the server is to make a new version by itself.
        days: u32,
        /// Seconds after which it does now; 0 for never.
        present: u64,
    },
    /// A policy.
    Policy {
        /// What it is called.
        name: String,
        /// All of it.
        text: String,
        /// The text of that name that is there now.
        present: Option<String>,
    },
}

/// One line, and one more for each line that a policy loses; with `{:#}` a policy's text follows.
impl fmt::Display for BootstrapStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mount { path } => write!(f, "mount the transit engine at {path}/"),
            Self::Key(spec) => {
                write!(f, "make the key {} (aes256-gcm96, derived", spec.name)?;
                match spec.max_age_days {
                    Some(days) => write!(f, ", rotated by the server every {days} days)"),
                    None => f.write_str(")"),
                }
            }
            Self::Rotation { key, days, present } => {
                write!(f, "have the server rotate the key {key} every {days} days")?;
                match (*present, present / DAY) {
                    (0, _) => f.write_str(" (now: never)"),
                    (seconds, 0) => write!(f, " (now: every {seconds} seconds)"),
                    (_, days) => write!(f, " (now: every {days} days)"),
                }
            }
            Self::Policy { name, text, present } => policy(f, name, text, present.as_deref()),
        }
    }
}

/// What the policy loses is told in any case.
fn policy(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    text: &str,
    present: Option<&str>,
) -> fmt::Result {
    let old = present.unwrap_or_default();
    let lost: Vec<&str> = old.lines().filter(|old| !text.lines().any(|new| new == *old)).collect();
    match (present, lost.len()) {
        (None, _) => write!(f, "write the policy {name}")?,
        (Some(_), 0) => write!(f, "extend the policy {name}")?,
        (Some(_), _) => write!(f, "replace the policy {name}")?,
    }
    lost.iter().try_for_each(|line| write!(f, "\n  - {line}"))?;
    if !f.alternate() {
        return Ok(());
    }
    text.lines().try_for_each(|line| match present {
        Some(old) if !old.lines().any(|old| old == line) => write!(f, "\n  + {line}"),
        _ => write!(f, "\n    {line}"),
    })
}

//! One step of a plan.

use std::fmt;

use crate::service::KeySpec;

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
    /// How often the server rotates a key that is there.
    Rotation(KeySpec),
    /// A policy.
    Policy {
        /// What it is called.
        name: String,
        /// All of it.
        text: String,
        /// Whether another text of that name is there now.
        replaces: bool,
    },
}

/// One line; with `{:#}` a policy's text follows.
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
            Self::Rotation(spec) => {
                let days = spec.max_age_days.unwrap_or_default();
                write!(f, "have the server rotate the key {} every {days} days", spec.name)
            }
            Self::Policy { name, text, replaces } => {
                let verb = if *replaces { "replace" } else { "write" };
                write!(f, "{verb} the policy {name}")?;
                if f.alternate() {
                    text.lines().try_for_each(|line| write!(f, "\n    {line}"))?;
                }
                Ok(())
            }
        }
    }
}

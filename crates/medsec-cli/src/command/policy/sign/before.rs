//! What was in force before, and how far that can be believed.

use medsec_kms::LocalStore;
use medsec_policy::{Bundle, BundleMark, MarkError, SignedBundle, Source};

use super::super::which;
use crate::custody::{InForce, engine_of, read_mark, read_signed, trusted};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::Settings;

/// What a new policy follows.
pub(super) enum Before {
    /// The policy in force.
    InForce(InForce),
    /// A policy that no present administrator has signed, but that the mark knows as the last in force: its signer
    /// is gone.
    Remembered(InForce),
    /// None that can be believed; the mark, if there is one, says what the new one must follow.
    None(Option<BundleMark>),
}

impl Before {
    pub(super) fn find(settings: &Settings, store: &LocalStore) -> Result<Self, Failure> {
        let mark = read_mark(&settings.policy_mark.value)?;
        let signed = match read_signed(settings) {
            Ok(signed) => signed,
            // What cannot be read may be readable tomorrow; what is missing or no policy will not be one.
            Err(failure) if failure.exit == Exit::Policy => return Ok(Self::None(mark)),
            Err(failure) => return Err(failure),
        };
        Ok(match signed.verify(&trusted(store), 1) {
            Ok(bundle) if mark.is_none_or(|mark| mark.admits(&bundle).is_ok()) => {
                Self::InForce(loaded(bundle)?)
            }
            Ok(_) => Self::None(mark),
            Err(_) => match remembered(&signed, mark) {
                Some(bundle) => Self::Remembered(loaded(bundle)?),
                None => Self::None(mark),
            },
        })
    }

    pub(super) const fn is_in_force(&self) -> bool {
        matches!(self, Self::InForce(_))
    }

    /// What the new policy can be compared with.
    pub(super) const fn previous(&self) -> Option<&InForce> {
        match self {
            Self::InForce(policy) | Self::Remembered(policy) => Some(policy),
            Self::None(_) => None,
        }
    }

    /// The policy that the source makes, following this one.
    pub(super) fn next(&self, source: &Source) -> Result<InForce, Failure> {
        let bundle = match self {
            Self::InForce(old) | Self::Remembered(old) => Bundle::succeed(source, &old.bundle)?,
            Self::None(mark) => {
                let bundle = Bundle::compile(source)?;
                if let Some(mark) = mark {
                    mark.admits(&bundle).map_err(|error| not_following(*mark, error))?;
                }
                bundle
            }
        };
        let engine = which::engine_of_source(&bundle)?;
        Ok(InForce { bundle, engine })
    }

    /// The policy that decides whether the new one may come into force: the one before it, or, where there is none,
    /// itself.
    pub(super) fn rules_by(&self, next: &InForce) -> Result<InForce, Failure> {
        which::again(self.previous().unwrap_or(next))
    }
}

fn loaded(bundle: Bundle) -> Result<InForce, Failure> {
    let engine = engine_of(&bundle)?;
    Ok(InForce { bundle, engine })
}

/// The mark names the document by its hash: it vouches for it as a signature does.
fn remembered(signed: &SignedBundle, mark: Option<BundleMark>) -> Option<Bundle> {
    let known = mark.is_some_and(|mark| mark.hash() == signed.hash());
    known.then(|| which::claimed(signed).ok()).flatten()
}

fn not_following(mark: BundleMark, error: MarkError) -> Failure {
    let next = mark.sequence().saturating_add(1);
    let what = format!(
        "the policy that was last in force, {}, is not there, and this source does not follow it ({error}); nothing was changed",
        mark.hash()
    );
    Failure::new(Exit::Policy, what).next(format!(
        "put that policy back from a copy, or write `sequence = {next}` and `supersedes = [\"{}\"]` into policy.toml, with all that it superseded",
        mark.hash()
    ))
}

//! Which policy is meant: the one in force, a folder with a source, or a file as `export` writes it.

use std::path::{Path, PathBuf};

use medsec_policy::{Bundle, SignedBundle, SignerKey, SignerName, Source};

use super::finding;
use crate::command::init::policy::SOURCE;
use crate::custody::{InForce, engine_of};
use crate::failure::Failure;
use crate::files::read_small;
use crate::own;
use crate::session::Session;
use crate::settings::Settings;

/// The folder that the source of the policy in force is kept in.
pub(crate) fn source_of(settings: &Settings) -> PathBuf {
    settings.policy.value.join(SOURCE)
}

/// The policy in force. What is remembered of it stays as it is.
pub(super) fn in_force(session: &Session) -> Result<InForce, Failure> {
    InForce::inspect(session.settings()?, &own::open_store(session)?)
}

/// The policy that is named, else the one in force.
pub(super) fn named(session: &Session, path: Option<&Path>) -> Result<InForce, Failure> {
    path.map_or_else(|| in_force(session), at)
}

/// The policy in a place. It is looked at only, so whoever signed a file may have done so.
pub(super) fn at(path: &Path) -> Result<InForce, Failure> {
    let bundle = match path.is_dir() {
        true => Bundle::compile(&Source::read(path)?)?,
        false => {
            claimed(&SignedBundle::read(&read_small(path, "the policy", SignedBundle::MAX_LEN)?)?)?
        }
    };
    let engine = engine_of_source(&bundle)?;
    Ok(InForce { bundle, engine })
}

/// The engine of a policy that is to be in force, with every finding at its place in the source.
pub(super) fn engine_of_source(bundle: &Bundle) -> Result<medsec_policy::Engine, Failure> {
    let rules: Vec<(&str, &str)> = bundle.rules().collect();
    let engine =
        medsec_policy::Engine::new(&rules, bundle.assignments(), bundle.settings(), bundle.hash());
    engine.map_err(|error| finding::refused(&error))
}

/// A policy whose signatures verify with the keys that they name, whosever those are.
pub(super) fn claimed(signed: &SignedBundle) -> Result<Bundle, Failure> {
    let keys = signed
        .claimed_signers()
        .filter_map(|key| SignerKey::new(SignerName::new("claimed").ok()?, *key).ok());
    let keys: Vec<_> = keys.collect();
    Ok(signed.verify(&keys, 1)?)
}

/// The same policy once more: an engine is not copied.
pub(super) fn again(policy: &InForce) -> Result<InForce, Failure> {
    Ok(InForce { bundle: policy.bundle.clone(), engine: engine_of(&policy.bundle)? })
}

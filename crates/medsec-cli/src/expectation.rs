//! What the user expects of packages.

use std::ffi::OsString;

use clap::Args;
use medsec_crypto::{
    Context, ContextKey, Header, Limits, SharedDataKey, SignerExpectation, VerifyingKey,
    context_difference,
};

use medsec_kms::LocalStore;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys::signers;
use crate::session::Session;

/// How packages may be made. Whether one data key may serve several of them is the policy's to say.
pub(crate) fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.shared_data_key = SharedDataKey::Accepted;
    limits
}

/// Whose signature is required.
#[derive(Clone, Debug, Args)]
pub(crate) struct SignerOption {
    /// Public key, or file with one, of a signer who is accepted. May be repeated. Where a key store is,
    /// its users by default.
    #[arg(long = "signer", value_name = "PUBKEY|FILE")]
    pub(crate) signers: Vec<OsString>,
}

impl SignerOption {
    /// For commands where the user must decide. Who has a key store has decided for its users, removed
    /// ones included: what they signed before stays signed.
    pub(crate) fn decided(
        &self,
        session: &Session,
        any: bool,
    ) -> Result<SignerExpectation, Failure> {
        if any || !self.signers.is_empty() {
            return self.or_any();
        }
        let undecided = || {
            Failure::usage("who must have signed? that is for you to say")
                .next("give --signer PUBKEY, or --any-signer")
        };
        Ok(SignerExpectation::OneOf(store_signers(session)?.ok_or_else(undecided)?))
    }

    /// For commands that ask who signed.
    pub(crate) fn or_any(&self) -> Result<SignerExpectation, Failure> {
        Ok(if self.signers.is_empty() {
            SignerExpectation::NotRequired
        } else {
            SignerExpectation::OneOf(signers("--signer", &self.signers)?)
        })
    }
}

/// The signers of the key store's users, removed ones included, where a store is.
pub(crate) fn store_signers(session: &Session) -> Result<Option<Vec<VerifyingKey>>, Failure> {
    let Some(settings) = session.any_settings()? else { return Ok(None) };
    let place = settings.store_place();
    if place.expected.is_none() && !place.folder.exists() {
        return Ok(None);
    }
    let store = LocalStore::open(place)?;
    let keys = store.users().filter_map(|user| user.signer()?.as_signer().copied());
    Ok(Some(keys.collect()))
}

/// Where something was refused because it is not as expected, the context names that differ say it better.
pub(crate) fn explained<T>(
    result: Result<T, Failure>,
    names: Result<(), Failure>,
) -> Result<T, Failure> {
    match (result, names) {
        (Err(refused), Err(names)) if refused.exit == Exit::Expectation => Err(names),
        (result, _) => result,
    }
}

/// Says which context names a package needs; they are public, what the user supplied is not.
pub(crate) fn check_context_names(header: &Header, supplied: &Context) -> Result<(), Failure> {
    let (missing, surplus) = context_difference(header, supplied);
    if missing.is_empty() && surplus.is_empty() {
        return Ok(());
    }
    let needed = header.core().reproduced_names.iter();
    let needed: Vec<&str> = needed.map(ContextKey::as_str).collect();
    let missing: Vec<&str> = missing.into_iter().map(ContextKey::as_str).collect();
    let list = |names: &[&str]| match names {
        [] => "nothing".to_owned(),
        names => format!("`{}`", names.join("`, `")),
    };
    Err(Failure::new(
        Exit::Expectation,
        format!(
            "the package needs as context exactly {}; missing: {}; given in vain: {}; nothing was opened",
            list(&needed),
            list(&missing),
            surplus.len()
        ),
    )
    .next("correct the file given with --context-file"))
}

//! The policy of a new home.

use std::path::{Path, PathBuf};

use clap::Args;
use medsec_crypto::{OutputOptions, SigningKey};
use medsec_kms::{KeyName, UserName};
use medsec_policy::{
    Bundle, BundleSigner, DatasetId, PrincipalId, Ready, ReadyFile, SignedBundle, Source,
};

use super::make_private;
use crate::custody::{BUNDLE_FILE, engine_of};
use crate::failure::Failure;
use crate::settings::POLICY_FOLDER;

/// The folder of the sources, in the policy's folder.
pub(crate) const SOURCE: &str = "source";

#[derive(Debug, Args)]
pub(super) struct PolicyOptions {
    /// The policy to begin with: `hipaa-default`, `research` or `strict`, in which the user has all roles that may
    /// go together; or a folder with the source of one.
    #[arg(
        long,
        value_name = "NAME|FOLDER",
        default_value = "hipaa-default",
        conflicts_with = "join"
    )]
    policy: PathBuf,
}

impl PolicyOptions {
    pub(super) fn ready(policy: Ready) -> Self {
        Self { policy: policy.name().into() }
    }

    /// Compiles and signs the policy in a home that is being built.
    pub(super) fn build(
        &self,
        home: &Path,
        user: &UserName,
        dataset: &KeyName,
        signer: &SigningKey,
    ) -> Result<Bundle, Failure> {
        let folder = home.join(POLICY_FOLDER);
        let source = match self.ready_policy() {
            Some(ready) => {
                let files = ready.for_owner(&owner(user)?, &dataset_of(dataset)?);
                write_source(&folder.join(SOURCE), &files)?
            }
            None => Source::read(&self.policy)?,
        };
        let bundle = Bundle::compile(&source)?;
        engine_of(&bundle)?;
        make_private(&folder)?;
        let signed = SignedBundle::sign(&bundle, &Signer(signer))?.to_bytes();
        let options = OutputOptions::default();
        medsec_crypto::write_file(&folder.join(BUNDLE_FILE), &signed, options)?;
        Ok(bundle)
    }

    /// Whether it is one that the program has, whose source then lies in the home.
    pub(super) fn is_ready(&self) -> bool {
        self.ready_policy().is_some()
    }

    fn ready_policy(&self) -> Option<Ready> {
        self.policy.to_str()?.parse().ok()
    }
}

/// Signs policies with a signer's key of the key store.
pub(crate) struct Signer<'a>(pub(crate) &'a SigningKey);

impl BundleSigner for Signer<'_> {
    fn public_key(&self) -> [u8; 32] {
        *self.0.verifying_key().as_bytes()
    }

    fn sign(&self, label: &str, message: &[u8]) -> [u8; 64] {
        self.0.sign_labelled(label, message)
    }
}

/// Writes the source of a policy into a new folder, and reads it as it will be read from there.
pub(crate) fn write_source(folder: &Path, files: &[ReadyFile]) -> Result<Source, Failure> {
    make_private(&folder.join("rules"))?;
    for file in files {
        let path = folder.join(file.path);
        medsec_crypto::write_file(&path, file.text.as_bytes(), OutputOptions::default())?;
    }
    Ok(Source::read(folder)?)
}

fn owner(user: &UserName) -> Result<PrincipalId, Failure> {
    let unfit = |error: &dyn std::error::Error| {
        Failure::usage(format!("the user cannot be called so: {error}; nothing was made")).next(
            "give --user with the name of a person, such as `ada`: everyone needs one of their own",
        )
    };
    let id = PrincipalId::new(user.as_str()).map_err(|error| unfit(&error))?;
    medsec_policy::LocalUser::verified_by_store(user.as_str()).map_err(|error| unfit(&error))?;
    Ok(id)
}

fn dataset_of(key: &KeyName) -> Result<DatasetId, Failure> {
    DatasetId::new(key.as_str()).map_err(|error| {
        Failure::usage(format!("no data set can be called as the key: {error}; nothing was made"))
            .next("give --key with letters, digits, `.`, `_` and `-` only")
    })
}

//! A signed policy takes its place: one at a time, in one step, behind its record.

use std::fs::{File, TryLockError};
use std::path::Path;

use medsec::{Refused, Signer};
use medsec_crypto::{Existing, OutputError, OutputOptions, PendingFile};
use medsec_kms::PublicKey;
use medsec_policy::{Bundle, SignedBundle};

use crate::custody::{BUNDLE_FILE, Custody, HeldMark};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::own;
use crate::settings::Settings;

/// Keeps other changes of the policy away, where the file system can do that.
pub(in crate::command::policy) fn lock(folder: &Path) -> Result<Option<File>, Failure> {
    let Ok(folder) = File::open(folder) else {
        return Ok(None);
    };
    match folder.try_lock() {
        Err(TryLockError::WouldBlock) => {
            Err(Failure::new(Exit::Io, "another run is changing the policy; nothing was changed")
                .next("run the command again when the other one has ended"))
        }
        Err(TryLockError::Error(_)) => Ok(None),
        Ok(()) => Ok(Some(folder)),
    }
}

/// The signer key of who is logged in, an administrator of the key store.
pub(in crate::command::policy) fn administrator(custody: &Custody) -> Result<Signer, Failure> {
    let signer = custody.signer()?.ok_or_else(own::unnamed)?;
    let who = custody.login().current().map_err(Refused::from)?.principal;
    let key = PublicKey::from(signer.verifying_key());
    let is_own = custody.store().users().any(|user| {
        user.name().as_str() == who.id.as_str()
            && user.is_administrator()
            && user.signer() == Some(&key)
    });
    match is_own {
        true => Ok(signer),
        false => Err(custody.policy_refused(Failure::new(
            Exit::Key,
            "only an administrator of the key store signs policies, with the signer key of their own; nothing was changed",
        )
        .next("let an administrator run it, or be appointed: `medsec user appoint`"))),
    }
}

/// Asks the Custodian, records, and puts the policy in its place.
pub(super) fn put(
    settings: &Settings,
    custody: &Custody,
    signed: &SignedBundle,
    bundle: &Bundle,
) -> Result<(), Failure> {
    let place = settings.policy.value.join(BUNDLE_FILE);
    let mut options = OutputOptions::default();
    options.existing = Existing::Replace;
    // Complete and durable but for its name: after the record little is left that could fail.
    let mut pending = PendingFile::create(&place, options).map_err(|error| unwritten(&error))?;
    pending.append(&signed.to_bytes()).map_err(|error| unwritten(&error))?;
    let mode = group_mode(&place);
    // Whoever sees the new policy waits for the mark, and then knows that its change is on record.
    let mark = HeldMark::hold(&settings.policy_mark.value)?;
    custody.change_policy(bundle.hash())?;
    pending.publish().map_err(|error| unplaced(&error))?;
    keep_mode(&place, mode)?;
    mark.advance(bundle).map_err(|failure| {
        unfinished(format!("the policy is in force, but what remembers it could not be written: {}", failure.message))
            .next("the next command that uses the policy makes it good; `medsec doctor` tells whether it did")
    })
}

fn unwritten(error: &OutputError) -> Failure {
    let exit = if matches!(error, OutputError::Io(_)) { Exit::Io } else { Exit::Output };
    Failure::new(exit, format!("the policy could not be written: {error}; nothing was changed"))
        .next("see who may write into the policy's folder, and what stands there")
}

fn unplaced(error: &OutputError) -> Failure {
    match error {
        OutputError::NameNotDurable(_) => unfinished(
            "the policy is in force, but after a power failure the one before it may be there again".to_owned(),
        )
        .next("see to the disk, and look with `medsec policy show`"),
        _ => unfinished(format!(
            "the change is on record, but the policy could not be put in its place: {error}; the one before it is in force still"
        ))
        .next("see to the disk, and run `medsec policy sign` again; that makes another record"),
    }
}

fn unfinished(what: String) -> Failure {
    Failure::new(Exit::Unfinished, what)
}

/// The mode of a policy that a group may read, as homes that share a store have it.
#[cfg(unix)]
fn group_mode(place: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    let mode = std::fs::metadata(place).ok()?.mode() & 0o640;
    (mode & 0o040 != 0).then_some(mode)
}

#[cfg(unix)]
fn keep_mode(place: &Path, mode: Option<u32>) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(mode) = mode else { return Ok(()) };
    std::fs::set_permissions(place, std::fs::Permissions::from_mode(mode)).map_err(|error| {
        let kind = error.kind();
        unfinished(format!("the policy is in force, but its group cannot read it: {kind}"))
            .next("run `chmod g+r` on it")
    })
}

#[cfg(not(unix))]
const fn group_mode(_: &Path) -> Option<u32> {
    None
}

#[cfg(not(unix))]
const fn keep_mode(_: &Path, _: Option<u32>) -> Result<(), Failure> {
    Ok(())
}

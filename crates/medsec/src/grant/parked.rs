//! A grant put aside.

use std::fmt;

use medsec_audit::Outcome;
use medsec_crypto::{
    Dek, Expectation, Header, NotAuthentic, OpenError, Unlocked, UnlockedRecipients,
    VerifiedSignature,
};
use zeroize::Zeroizing;

use super::{Bounds, Grant};
use crate::conclusion::Conclusion;
use crate::error::ReleaseError;
use crate::hold::Kept;

/// A grant put aside. Its key is erased when its session ends, as that of a grant is.
pub struct Parked {
    dek: Kept<Dek>,
    signature: Option<VerifiedSignature>,
    expectation: Expectation,
    bounds: Bounds,
    conclusion: Conclusion,
}

impl Grant {
    /// Puts it aside: what is kept takes little memory, and the package need not be there.
    ///
    /// # Errors
    /// [`ReleaseError::Login`] if the session is over.
    pub fn park(self) -> Result<Parked, ReleaseError> {
        let Self { kept, expectation, bounds, conclusion, .. } = self;
        match kept.take().map_err(ReleaseError::from).and_then(|open| parted(open, &conclusion)) {
            Ok((dek, signature)) => Ok(Parked { dek, signature, expectation, bounds, conclusion }),
            Err(error) => {
                conclusion.fail(error.outcome());
                Err(error)
            }
        }
    }
}

/// The data key alone, and whether the signature was verified.
fn parted(
    unlocked: Unlocked,
    conclusion: &Conclusion,
) -> Result<(Kept<Dek>, Option<VerifiedSignature>), ReleaseError> {
    let signature = unlocked.verified_signature();
    let recipients = UnlockedRecipients::from(unlocked);
    let mut copy = Zeroizing::new(*recipients.dek().expose_secret());
    let dek = Dek::take_from(copy.as_mut_slice()).map_err(|_| OpenError::from(NotAuthentic))?;
    Ok((Kept::new(conclusion.tether(), dek)?, signature))
}

impl Parked {
    /// Goes on with it: the header must be that of the same package.
    ///
    /// # Errors
    /// [`ReleaseError::Open`] if it is another; [`ReleaseError::Login`] if the session is over.
    pub fn resume(self, header: Header) -> Result<Grant, ReleaseError> {
        let Self { dek, signature, expectation, bounds, conclusion } = self;
        let unlocked = resumed(dek, signature, header.clone(), &expectation);
        let kept = unlocked.and_then(|open| Ok(Kept::new(conclusion.tether(), open)?));
        match kept {
            Ok(kept) => Ok(Grant::new(header, kept, expectation, bounds, conclusion)),
            Err(error) => {
                conclusion.fail(error.outcome());
                Err(error)
            }
        }
    }

    /// Ends several that are not needed any more. What was read of them before they were put aside is told.
    ///
    /// # Errors
    /// [`ReleaseError::Record`] if that could not be recorded.
    pub fn close_all(parked: Vec<Self>) -> Result<(), ReleaseError> {
        let mut parked = parked;
        parked.iter_mut().for_each(|one| one.conclusion.account_mut().add_extent(0, 0));
        let conclusions = parked.iter_mut().map(|one| &mut one.conclusion);
        Ok(Conclusion::conclude_all(conclusions, Outcome::Success)?)
    }
}

fn resumed(
    dek: Kept<Dek>,
    signature: Option<VerifiedSignature>,
    header: Header,
    expectation: &Expectation,
) -> Result<Unlocked, ReleaseError> {
    let dek = dek.take()?;
    let unlocked = header.check(expectation.clone())?.unlock(dek).map_err(OpenError::from)?;
    Ok(match signature {
        Some(signature) => unlocked.with_verified_signature(signature),
        None => unlocked,
    })
}

impl fmt::Debug for Parked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parked")
            .field("admission", self.conclusion.admission())
            .finish_non_exhaustive()
    }
}

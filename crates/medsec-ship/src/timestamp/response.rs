//! TimeStampResp: whether there is a token, and where.

use medsec_audit::OutsideError;

use super::der::{INTEGER, Parts, SEQUENCE, number};
use super::{TimeStampError, unusable};

/// PKIStatus `granted` and `grantedWithMods`.
const GRANTED: [u64; 2] = [0, 1];

/// The token of an answer, as it stands there.
pub(super) fn token(answer: &[u8]) -> Result<&[u8], OutsideError> {
    let (status, token) = parts(answer).map_err(unusable)?;
    if !GRANTED.contains(&status) {
        return Err(OutsideError::Refused(Box::new(TimeStampError::NotGranted(status))));
    }
    token.ok_or_else(|| unusable(TimeStampError::Malformed))
}

fn parts(answer: &[u8]) -> Result<(u64, Option<&[u8]>), TimeStampError> {
    let mut response = Parts::only(answer, SEQUENCE)?;
    let status = response.parts(SEQUENCE)?.value(INTEGER)?;
    let token = response.optional(SEQUENCE)?;
    response.end()?;
    Ok((number(status.content)?, token.map(|token| token.whole)))
}

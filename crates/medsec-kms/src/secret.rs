//! Copies of data keys.

use medsec_crypto::{Dek, KEY_LEN};
use zeroize::Zeroizing;

use crate::service::KeyServiceError;

/// The same key once more. Each copy is erased by itself.
pub(crate) fn copy(dek: &Dek) -> Result<Dek, KeyServiceError> {
    let mut bytes: Zeroizing<[u8; KEY_LEN]> = Zeroizing::new(*dek.expose_secret());
    let length = |_| KeyServiceError::Answer("a data key of another length");
    Dek::take_from(bytes.as_mut_slice()).map_err(length)
}

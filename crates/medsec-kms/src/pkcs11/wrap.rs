//! Wrapping and unwrapping on the token, by objects that live as long as one call.
//!
//! What a module gives back is copied by the `cryptoki` crate, which frees one of its buffers without erasing it: after
//! an unwrap, 64 bytes with the data key stay in freed memory of this process until they are used again.

use cryptoki::error::Error;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use medsec_crypto::{Bind, Dek, KEY_LEN};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::fault::{Fault, General};
use crate::service::KeyServiceError;

/// A data key and what it is bound to.
const CONTENT_LEN: usize = 64;
/// The same, wrapped.
const WRAPPED_LEN: usize = 72;

/// An object of the session, destroyed when it is dropped.
struct Passing<'s>(&'s Session, ObjectHandle);

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        // If the token refuses, the object ends with the session.
        let _ended = self.0.destroy_object(self.1);
    }
}

/// A template whose values are erased.
struct Template(Vec<Attribute>);

impl Drop for Template {
    fn drop(&mut self) {
        for attribute in &mut self.0 {
            if let Attribute::Value(value) = attribute {
                value.zeroize();
            }
        }
    }
}

/// `AES-KWP(data key ‖ bind)`.
pub(super) fn wrap(
    session: &Session,
    key: ObjectHandle,
    dek: &Dek,
    bind: &Bind,
) -> Result<Vec<u8>, Fault> {
    let mut value = Vec::with_capacity(CONTENT_LEN);
    value.extend_from_slice(dek.expose_secret());
    value.extend_from_slice(bind.as_bytes());
    let mut attributes = passing(Readable::No);
    attributes.push(Attribute::Value(value));
    let template = Template(attributes);
    let object = Passing(session, session.create_object(&template.0)?);
    let wrapped = session.wrap_key(&Mechanism::AesKeyWrapPad, key, object.1)?;
    // A module that pads otherwise than RFC 5649 gives another length.
    let unfit = KeyServiceError::Unsuitable("CKM_AES_KEY_WRAP_PAD of this token is not RFC 5649");
    if wrapped.len() == WRAPPED_LEN { Ok(wrapped) } else { Err(unfit.into()) }
}

/// The data key of what [`wrap`] made with that bind.
pub(super) fn unwrap(
    session: &Session,
    key: ObjectHandle,
    wrapped: &[u8],
    bind: &Bind,
    general: General,
) -> Result<Dek, Fault> {
    let object = session
        .unwrap_key(&Mechanism::AesKeyWrapPad, key, wrapped, &passing(Readable::Yes))
        .map_err(|error| Fault::of_unwrap(error, general))?;
    let object = Passing(session, object);
    let mut content = value_of(session, object.1)?;
    let (dek, bound) = content.split_at_mut_checked(KEY_LEN).ok_or(NOT_AUTHENTIC)?;
    let same = bool::from((*bound).ct_eq(bind.as_bytes().as_slice()));
    let dek = Dek::take_from(dek).map_err(|_| NOT_AUTHENTIC)?;
    if same { Ok(dek) } else { Err(NOT_AUTHENTIC.into()) }
}

const NOT_AUTHENTIC: KeyServiceError = KeyServiceError::NotAuthentic;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Readable {
    Yes,
    No,
}

/// An object that ends with its session at the latest.
fn passing(readable: Readable) -> Vec<Attribute> {
    let mut attributes = vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(readable == Readable::No),
        Attribute::Extractable(true),
    ];
    let uses = [Attribute::Wrap, Attribute::Unwrap, Attribute::Encrypt, Attribute::Decrypt];
    attributes.extend(uses.map(|of| of(false)));
    attributes
}

fn value_of(session: &Session, object: ObjectHandle) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut read = Template(session.get_attributes(object, &[AttributeType::Value])?);
    match read.0.first_mut() {
        Some(Attribute::Value(value)) => Ok(Zeroizing::new(std::mem::take(value))),
        _ => Err(Error::InvalidValue.into()),
    }
}

//! Key material: boxed, erased on drop, redacted in `Debug`, neither `Clone` nor comparable.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::error::{InvalidKeyLength, RandomError};

/// Length in bytes of every symmetric key in this crate.
pub const KEY_LEN: usize = 32;

/// A data encryption key (DEK): 32 uniformly random bytes that protect one package, or, as a shared
/// data key, a bounded number of them.
///
/// The bytes live in one heap allocation that is erased when the value is dropped; moving the value
/// does not copy them.
pub struct Dek(Box<[u8; KEY_LEN]>);

/// A key encryption key (KEK): 32 uniformly random bytes that wrap data keys or small secrets.
///
/// Held like a [`Dek`]; a type of its own so that neither is used in the other's place.
pub struct Kek(Box<[u8; KEY_LEN]>);

macro_rules! key_type {
    ($name:ident) => {
        impl $name {
            /// Draws a fresh key from the operating system.
            ///
            /// # Errors
            /// [`RandomError`] if the operating system gives no randomness; nothing was made.
            pub fn generate() -> Result<Self, RandomError> {
                let mut key = Self(Box::new([0; KEY_LEN]));
                fill_random(key.0.as_mut_slice())?;
                Ok(key)
            }

            /// Takes over a key and erases the caller's copy, also when the length is wrong.
            ///
            /// # Errors
            /// [`InvalidKeyLength`] unless `bytes` is exactly 32 bytes long.
            pub fn take_from(bytes: &mut [u8]) -> Result<Self, InvalidKeyLength> {
                let mut key = Self(Box::new([0; KEY_LEN]));
                let fits = bytes.len() == KEY_LEN;
                if fits {
                    key.0.copy_from_slice(bytes);
                }
                bytes.zeroize();
                fits.then_some(key).ok_or(InvalidKeyLength)
            }

            /// The raw key, for wrapping it. The one way to see it.
            #[must_use]
            pub fn expose_secret(&self) -> &[u8; KEY_LEN] {
                &self.0
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                self.0.zeroize();
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    };
}

key_type!(Dek);
key_type!(Kek);

/// Fills `out` from the operating system's generator.
pub(crate) fn fill_random(out: &mut [u8]) -> Result<(), RandomError> {
    getrandom::fill(out).map_err(|_| RandomError)
}

/// `N` random bytes that are not secret: identifiers and salts.
pub(crate) fn random_array<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut out = [0; N];
    fill_random(&mut out)?;
    Ok(out)
}

/// A heap buffer of `len` zeros that is erased on drop.
pub(crate) fn secret_buffer(len: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(vec![0; len])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_of_wrong_length_is_refused_and_erased() {
        for len in [0, 16, 31, 33, 64] {
            let mut bytes = vec![7; len];
            assert!(Dek::take_from(&mut bytes).is_err());
            assert!(bytes.iter().all(|b| *b == 0));
        }
    }

    #[test]
    fn taking_a_key_erases_the_source() {
        let mut bytes = [7; KEY_LEN];
        let key = Kek::take_from(&mut bytes).unwrap();
        assert_eq!((key.expose_secret(), bytes), (&[7; KEY_LEN], [0; KEY_LEN]));
    }

    #[test]
    fn debug_output_shows_no_key() {
        let mut bytes = [0xAB; KEY_LEN];
        let dek = Dek::take_from(&mut bytes).unwrap();
        assert_eq!(format!("{dek:?}"), "Dek(redacted)");
    }
}

//! A package whose public facts are as expected; its data key is not unwrapped yet.

use std::io::Read;
use std::sync::OnceLock;

use crate::cobblestone::MessageKeys;
use crate::error::NotAuthentic;
use crate::expectation::Expectation;
use crate::header::Header;
use crate::header::stanza::Stanza;
use crate::ids::Bind;
use crate::label::labelled;
use crate::open::{OpenError, Unlocked};
use crate::recipient::{Identity, unwrap_first};
use crate::seal::recipients_mac_key;
use crate::secret::Dek;
use crate::suite::Backend;

/// A header that met an [`Expectation`]. Unwrap one of [`Self::candidates`] and call
/// [`Self::unlock`], or let [`Self::unlock_with`] do both with keys in memory.
#[derive(Debug)]
pub struct Checked {
    header: Header,
    expectation: Expectation,
}

impl Header {
    /// Compares the public facts with what is expected. No key is used and none is contacted.
    ///
    /// # Errors
    /// [`ExpectationError`](crate::ExpectationError) in [`OpenError::Expectation`].
    pub fn check(self, expectation: Expectation) -> Result<Checked, OpenError> {
        expectation.check(&self)?;
        Ok(Checked { header: self, expectation })
    }
}

impl Checked {
    /// Reads a header and compares it.
    ///
    /// # Errors
    /// [`OpenError`]; nothing was decrypted.
    pub fn read(reader: &mut impl Read, expectation: Expectation) -> Result<Self, OpenError> {
        Header::read(reader)?.check(expectation)
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The stanzas that may be tried, in file order, at most eight. One that cannot be unwrapped moves
    /// on to the next; the first that yields a key decides.
    pub fn candidates(&self) -> impl Iterator<Item = &Stanza> {
        self.expectation.allowed(self.header.stanzas())
    }

    /// What the data key is bound to.
    #[must_use]
    pub fn bind(&self) -> Bind {
        self.header.bind()
    }

    /// Unwraps with the first identity that can.
    ///
    /// # Errors
    /// [`NotAuthentic`] in [`OpenError`] if none can, or what came out is not this package's key.
    pub fn unlock_with(self, identities: &[&dyn Identity]) -> Result<Unlocked, OpenError> {
        let dek = unwrap_first(self.candidates(), identities, &self.bind())?;
        Ok(self.unlock(dek)?)
    }

    /// Checks that `dek` is this package's key, and by it the recipients' MAC, the header and the
    /// reproduced context.
    ///
    /// # Errors
    /// [`NotAuthentic`], whichever of them is wrong; nothing was decrypted.
    pub fn unlock(self, dek: Dek) -> Result<Unlocked, NotAuthentic> {
        let Self { header, expectation } = self;
        let hash = header.hash();
        if let Some(key) = recipients_mac_key(header.core().profile, &dek, &hash)? {
            header.slots.active().check_mac(&key)?;
        }
        let digest = expectation.reproduced.digest();
        let context = labelled("payload", &[hash.as_bytes(), &digest]);
        let keys = MessageKeys::derive(
            Backend::default(),
            header.suite(),
            dek.expose_secret(),
            &header.prefix.salt,
            &context,
        )?;
        keys.check(&header.prefix)?;
        Ok(Unlocked { header, dek, keys, expectation, signature: OnceLock::new() })
    }
}

//! What a rewrap needs of a package: its data key and an authentic recipient list, not its content.

use crate::error::NotAuthentic;
use crate::expectation::ExpectationError;
use crate::header::Header;
use crate::header::stanza::Stanza;
use crate::open::{OpenError, Unlocked};
use crate::recipient::{Identity, Recipient, WrapError, unwrap_first};
use crate::seal::recipients_mac_key;
use crate::secret::Dek;

/// A package whose data key is known and whose recipient list is authentic under it. The reproduced context
/// is not needed, so that keys can be rotated without anybody's identity. It does open metadata, and, to
/// who knows the context, content: hold it no longer than needed.
#[derive(Debug)]
pub struct UnlockedRecipients {
    header: Header,
    dek: Dek,
}

impl Header {
    /// Checks the recipients' MAC with `dek`. A blind package has none, and who writes to the storage could
    /// plant a stanza with a key of his own: it must be unlocked with its context, which checks the
    /// payload's commitment ([`UnlockedRecipients::from`] an [`Unlocked`]).
    ///
    /// # Errors
    /// [`NotAuthentic`] if key, header or list is another, or the package is blind.
    pub fn unlock_recipients(self, dek: Dek) -> Result<UnlockedRecipients, NotAuthentic> {
        let key = recipients_mac_key(self.core().profile, &dek, &self.hash())?;
        self.slots.active().check_mac(&*key.ok_or(NotAuthentic)?)?;
        Ok(UnlockedRecipients { header: self, dek })
    }

    /// Unwraps with the first identity that can, and checks the recipients' MAC. The identities are the
    /// allow-list.
    ///
    /// # Errors
    /// [`ExpectationError::NotARecipient`] if the package is sealed to none of them, [`NotAuthentic`] if
    /// none can unwrap, or key, header or list is another.
    pub fn unlock_recipients_with(
        self,
        identities: &[&dyn Identity],
    ) -> Result<UnlockedRecipients, OpenError> {
        let allowed = identities.iter().map(|identity| identity.key_ref()).collect::<Vec<_>>();
        let stanzas = self.stanzas().iter().filter(|stanza| allowed.contains(stanza.key_ref()));
        let mut stanzas = stanzas.peekable();
        stanzas.peek().ok_or(ExpectationError::NotARecipient)?;
        let dek = unwrap_first(stanzas, identities, &self.bind())?;
        Ok(self.unlock_recipients(dek)?)
    }
}

impl UnlockedRecipients {
    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The data key, for a key service to wrap for [`Header::bind`].
    #[must_use]
    pub const fn dek(&self) -> &Dek {
        &self.dek
    }

    /// Wraps the data key for recipients whose keys are in memory.
    ///
    /// # Errors
    /// [`WrapError`]; nothing was changed.
    pub fn wrap_for(&self, recipients: &[&dyn Recipient]) -> Result<Vec<Stanza>, WrapError> {
        let bind = self.header.bind();
        recipients.iter().map(|recipient| recipient.wrap_dek(&self.dek, &bind)).collect()
    }
}

impl From<Unlocked> for UnlockedRecipients {
    fn from(unlocked: Unlocked) -> Self {
        Self { header: unlocked.header, dek: unlocked.dek }
    }
}

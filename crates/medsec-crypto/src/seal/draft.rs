//! A package whose header is fixed and whose data key is not wrapped yet.

use std::sync::Arc;

use crate::backend::hkdf_expand_sha512;
use crate::context::Context;
use crate::error::InvalidValue;
use crate::header::bind_of;
use crate::header::core::{Core, RecipientProfile};
use crate::header::preamble::{MAX_CORE_LEN, Preamble};
use crate::header::slot::{Recipients, encode_slot};
use crate::header::stanza::Stanza;
use crate::ids::Timestamp;
use crate::ids::{Bind, ContentType, DatasetId, DekId, HeaderHash, PackageId, PolicyHash};
use crate::label::labelled;
use crate::metadata::Metadata;
use crate::recipient::Recipient;
use crate::seal::{SealError, Sealer};
use crate::secret::{Dek, KEY_LEN};
use crate::signature::SigningKey;
use crate::suite::{Backend, Suite};
use zeroize::Zeroizing;

/// What a package is to be. Start from the default and set what applies.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PackageSpec {
    /// How it is encrypted.
    pub suite: Suite,
    /// Whether the recipient list carries a MAC.
    pub profile: RecipientProfile,
    /// The policy it is bound to.
    pub policy: Option<PolicyHash>,
    /// Opaque name of its dataset.
    pub dataset: Option<DatasetId>,
    /// Context that is authenticated and stored in clear: nothing that identifies a patient.
    pub stored: Context,
    /// Context that is authenticated and not stored: the opener must supply the same pairs.
    pub reproduced: Context,
    /// Media type in clear.
    pub content_type: Option<ContentType>,
    /// Encrypted metadata.
    pub metadata: Option<Metadata>,
    /// Names the shared data key it is sealed under, if it is. Needs dataset, policy and a signer.
    pub shared_data_key: Option<DekId>,
}

/// A package whose header is fixed. Wrap its data key for [`Draft::bind`], then call
/// [`Draft::address`]; or let [`Draft::seal_to`] do both with keys in memory.
#[derive(Debug)]
pub struct Draft {
    suite: Suite,
    core: Core,
    immutable: Vec<u8>,
    hash: HeaderHash,
    context_digest: [u8; 64],
    metadata: Option<Metadata>,
    signer: Option<Arc<SigningKey>>,
}

impl Draft {
    /// Fixes the header under a fresh package identifier. `created_at` comes from the caller's clock; the
    /// signing key is shared, so that one key in memory serves many packages.
    ///
    /// # Errors
    /// [`SealError`] if values contradict each other, the header would be too long, or there is no
    /// randomness.
    pub fn new(
        spec: PackageSpec,
        created_at: Timestamp,
        signer: Option<Arc<SigningKey>>,
    ) -> Result<Self, SealError> {
        Self::with_id(spec, PackageId::generate()?, created_at, signer)
    }

    pub(crate) fn with_id(
        spec: PackageSpec,
        package_id: PackageId,
        created_at: Timestamp,
        signer: Option<Arc<SigningKey>>,
    ) -> Result<Self, SealError> {
        let core = Core {
            package_id,
            profile: spec.profile,
            has_metadata: spec.metadata.is_some(),
            policy: spec.policy,
            dataset: spec.dataset,
            stored: spec.stored,
            reproduced_names: spec.reproduced.keys().cloned().collect(),
            dek_id: spec.shared_data_key,
            signer: signer.as_ref().map(|key| key.verifying_key()),
            created_at,
            content_type: spec.content_type,
        };
        let (immutable, hash) = fixed(spec.suite, &core)?;
        Ok(Self {
            suite: spec.suite,
            core,
            immutable,
            hash,
            context_digest: spec.reproduced.digest(),
            metadata: spec.metadata,
            signer,
        })
    }

    /// The same package, of the same identifier, under a shared data key of that name. It needs dataset, policy and a
    /// signer.
    ///
    /// # Errors
    /// [`SealError::Value`] if it lacks one of them, or the header would be too long.
    pub fn under_shared_key(mut self, name: DekId) -> Result<Self, SealError> {
        self.core.dek_id = Some(name);
        (self.immutable, self.hash) = fixed(self.suite, &self.core)?;
        Ok(self)
    }

    /// The public fields as they will stand in the package.
    #[must_use]
    pub const fn core(&self) -> &Core {
        &self.core
    }

    /// How its content will be encrypted.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// What the data key must be bound to when it is wrapped.
    #[must_use]
    pub fn bind(&self) -> Bind {
        bind_of(self.suite, &self.core, &self.hash)
    }

    /// Draws a data key and wraps it for recipients whose keys are in memory.
    ///
    /// # Errors
    /// [`SealError`] if there is no randomness, a recipient's key is unusable, the list is empty, too
    /// long or has duplicates, or the package is to be under a shared data key, which is not a fresh one.
    pub fn seal_to(self, recipients: &[&dyn Recipient]) -> Result<Sealer, SealError> {
        if self.core.dek_id.is_some() {
            return Err(InvalidValue { field: "shared data key" }.into());
        }
        let dek = Dek::generate()?;
        let bind = self.bind();
        let stanzas = recipients
            .iter()
            .map(|recipient| recipient.wrap_dek(&dek, &bind))
            .collect::<Result<Vec<_>, _>>()?;
        self.address(dek, stanzas)
    }

    /// Completes the header with stanzas that wrap `dek` for [`Self::bind`].
    ///
    /// Under a data key of its own `dek` must be fresh: drawn for this package, by this crate or by the
    /// key service that wrapped it. Who shares a data key keeps count: at most 2^20 packages and 1 TiB.
    ///
    /// # Errors
    /// [`SealError::Format`] if the list is empty, too long or has duplicates.
    pub fn address(self, dek: Dek, stanzas: Vec<Stanza>) -> Result<Sealer, SealError> {
        self.address_up_to(dek, stanzas, None)
    }

    /// The same under a shared data key, for at most `longest` bytes of content: what its user has counted.
    ///
    /// # Errors
    /// [`SealError::Format`] as with [`Self::address`], and [`SealError::Value`] if the package is not under a shared
    /// data key.
    pub fn address_shared(
        self,
        dek: Dek,
        stanzas: Vec<Stanza>,
        longest: u64,
    ) -> Result<Sealer, SealError> {
        if self.core.dek_id.is_none() {
            return Err(InvalidValue { field: "shared data key" }.into());
        }
        self.address_up_to(dek, stanzas, Some(longest))
    }

    fn address_up_to(
        self,
        dek: Dek,
        stanzas: Vec<Stanza>,
        longest: Option<u64>,
    ) -> Result<Sealer, SealError> {
        let recipients = Recipients::new(stanzas)?;
        let slot_len = recipients.preferred_slot_len()?;
        let mac_key = recipients_mac_key(self.core.profile, &dek, &self.hash)?;
        let slot = encode_slot(slot_len, 1, &recipients, mac_key.as_deref())?;
        let mut header = self.immutable;
        header.reserve_exact(slot_len.saturating_mul(2).saturating_add(4));
        header.extend_from_slice(&u32::try_from(slot_len).unwrap_or(u32::MAX).to_be_bytes());
        header.extend_from_slice(&slot);
        header.resize(header.len().saturating_add(slot_len), 0);
        Ok(Sealer {
            suite: self.suite,
            package_id: self.core.package_id,
            header,
            hash: self.hash,
            context_digest: self.context_digest,
            dek,
            longest,
            metadata: self.metadata,
            signer: self.signer,
        })
    }
}

/// What never changes of a header: its bytes and their hash.
fn fixed(suite: Suite, core: &Core) -> Result<(Vec<u8>, HeaderHash), SealError> {
    core.check()?;
    let core = core.encode();
    if core.len() > MAX_CORE_LEN {
        return Err(InvalidValue { field: "core" }.into());
    }
    let preamble = Preamble { suite, core_len: core.len() };
    let immutable = [preamble.to_bytes().as_slice(), &core].concat();
    let hash = HeaderHash::from_bytes(crate::backend::sha512(&[&immutable]));
    Ok((immutable, hash))
}

/// The key of the recipient list's MAC; none for blind packages. It does not depend on the reproduced
/// context, so that rotation needs nobody's identity.
pub(crate) fn recipients_mac_key(
    profile: RecipientProfile,
    dek: &Dek,
    hash: &HeaderHash,
) -> Result<Option<Zeroizing<[u8; KEY_LEN]>>, crate::error::NotAuthentic> {
    if profile == RecipientProfile::Blind {
        return Ok(None);
    }
    let mut key = Zeroizing::new([0; KEY_LEN]);
    let info = labelled("recipients", &[hash.as_bytes()]);
    hkdf_expand_sha512(Backend::default(), dek.expose_secret(), &info, key.as_mut_slice())?;
    Ok(Some(key))
}

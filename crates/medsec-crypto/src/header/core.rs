//! The core: what never changes after sealing and is bound into every key of the package.
//!
//! ```text
//! package_id(16) ‖ flags u32 ‖ fields
//! ```

use crate::context::{Context, ContextKey, encode_names, parse_names};
use crate::error::{FormatError, Part};
use crate::header::tlv::{FIRST_OPTIONAL_TAG, ascii, fixed, parse_fields, put_field};
use crate::ids::{ContentType, DatasetId, DekId, PackageId, PolicyHash, Timestamp};
use crate::signature::VerifyingKey;
use crate::wire::Wire;

mod flag {
    pub(super) const SIGNED: u32 = 1;
    pub(super) const RECIPIENTS_MAC: u32 = 1 << 1;
    pub(super) const METADATA: u32 = 1 << 2;
    pub(super) const ALL: u32 = SIGNED | RECIPIENTS_MAC | METADATA;
}

mod tag {
    pub(super) const POLICY_HASH: u16 = 0x0001;
    pub(super) const DATASET_ID: u16 = 0x0002;
    pub(super) const STORED_CONTEXT: u16 = 0x0003;
    pub(super) const REPRODUCED_NAMES: u16 = 0x0004;
    pub(super) const DEK_ID: u16 = 0x0005;
    pub(super) const SIGNER: u16 = 0x0006;
    pub(super) const CREATED_AT: u16 = 0x0007;
    pub(super) const CONTENT_TYPE: u16 = 0x0008;
}

/// Whether the recipient list is authenticated under the data key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecipientProfile {
    /// A MAC under the data key covers the list: whoever rewraps must be able to unwrap. The default.
    #[default]
    Authenticated,
    /// No MAC: a job that may only ask a key service to re-encrypt can rotate the package without ever
    /// seeing its data key. The list's integrity is given up.
    Blind,
}

/// The core of a package: public, immutable, authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Core {
    /// Random name of this package.
    pub package_id: PackageId,
    /// Whether the recipient list carries a MAC.
    pub profile: RecipientProfile,
    /// Whether there is an encrypted metadata section.
    pub has_metadata: bool,
    /// Hash of the policy bundle it was sealed under.
    pub policy: Option<PolicyHash>,
    /// Opaque name of the dataset it belongs to.
    pub dataset: Option<DatasetId>,
    /// Stored context: authenticated and readable by anyone.
    pub stored: Context,
    /// Names of the context values that the opener must supply.
    pub reproduced_names: Vec<ContextKey>,
    /// Set if the data key is shared with other packages.
    pub dek_id: Option<DekId>,
    /// The signer's key; present exactly if the package is signed.
    pub signer: Option<VerifyingKey>,
    /// When it was sealed, by the sealer's clock.
    pub created_at: Timestamp,
    /// Media type of the content.
    pub content_type: Option<ContentType>,
}

impl Core {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let part = Part::Core;
        let mut wire = Wire::new(bytes);
        let package_id = wire.array().ok_or(FormatError::Truncated { part })?;
        let flags = wire.u32().ok_or(FormatError::Truncated { part })?;
        if flags & !flag::ALL != 0 {
            return Err(FormatError::ReservedFlags { flags });
        }
        let mut fields = Fields::default();
        for (tag, value) in parse_fields(wire.rest(), part)? {
            fields.read(tag, value)?;
        }
        let core = fields.into_core(PackageId::from_bytes(package_id), flags)?;
        core.check()?;
        Ok(core)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        // Room for a usual one.
        let mut out = Vec::with_capacity(256);
        out.extend_from_slice(self.package_id.as_bytes());
        out.extend_from_slice(&self.flags().to_be_bytes());
        if let Some(policy) = &self.policy {
            put_field(&mut out, tag::POLICY_HASH, policy.as_bytes());
        }
        if let Some(dataset) = &self.dataset {
            put_field(&mut out, tag::DATASET_ID, dataset.as_str().as_bytes());
        }
        if !self.stored.is_empty() {
            put_field(&mut out, tag::STORED_CONTEXT, &self.stored.encode());
        }
        if !self.reproduced_names.is_empty() {
            let names = encode_names(self.reproduced_names.iter());
            put_field(&mut out, tag::REPRODUCED_NAMES, &names);
        }
        if let Some(id) = &self.dek_id {
            put_field(&mut out, tag::DEK_ID, id.as_bytes());
        }
        if let Some(signer) = &self.signer {
            put_field(&mut out, tag::SIGNER, signer.as_bytes());
        }
        put_field(&mut out, tag::CREATED_AT, &self.created_at.unix_seconds().to_be_bytes());
        if let Some(content_type) = &self.content_type {
            put_field(&mut out, tag::CONTENT_TYPE, content_type.as_str().as_bytes());
        }
        out
    }

    fn flags(&self) -> u32 {
        let signed = if self.signer.is_some() { flag::SIGNED } else { 0 };
        let mac = match self.profile {
            RecipientProfile::Authenticated => flag::RECIPIENTS_MAC,
            RecipientProfile::Blind => 0,
        };
        signed | mac | if self.has_metadata { flag::METADATA } else { 0 }
    }

    /// What must hold between fields, whoever made them.
    pub(crate) fn check(&self) -> Result<(), FormatError> {
        let twice = |(key, _): (&ContextKey, &str)| self.reproduced_names.contains(key);
        if self.stored.iter().any(twice) {
            return Err(FormatError::Value { field: "context key both stored and reproduced" });
        }
        let shareable = self.dataset.is_some() && self.policy.is_some() && self.signer.is_some();
        if self.dek_id.is_some() && !shareable {
            return Err(FormatError::Disagreement { field: "shared data key" });
        }
        Ok(())
    }
}

/// The fields as they come in.
#[derive(Default)]
struct Fields {
    policy: Option<PolicyHash>,
    dataset: Option<DatasetId>,
    stored: Context,
    reproduced_names: Vec<ContextKey>,
    dek_id: Option<DekId>,
    signer: Option<VerifyingKey>,
    created_at: Option<Timestamp>,
    content_type: Option<ContentType>,
}

impl Fields {
    fn read(&mut self, tag: u16, value: &[u8]) -> Result<(), FormatError> {
        match tag {
            tag::POLICY_HASH => {
                self.policy = Some(PolicyHash::from_bytes(fixed(value, "policy hash")?));
            }
            tag::DATASET_ID => self.dataset = Some(DatasetId::new(ascii(value, "dataset id")?)?),
            tag::STORED_CONTEXT => {
                self.stored = Context::parse(value)?;
                if self.stored.is_empty() {
                    return Err(FormatError::Length { field: "stored context" });
                }
            }
            tag::REPRODUCED_NAMES => self.reproduced_names = parse_names(value)?,
            tag::DEK_ID => self.dek_id = Some(DekId::from_bytes(fixed(value, "data key id")?)),
            tag::SIGNER => {
                self.signer = Some(VerifyingKey::from_bytes(&fixed(value, "signer key")?)?);
            }
            tag::CREATED_AT => {
                let seconds = u64::from_be_bytes(fixed(value, "creation time")?);
                self.created_at = Some(Timestamp::from_unix_seconds(seconds));
            }
            tag::CONTENT_TYPE => {
                self.content_type = Some(ContentType::new(ascii(value, "content type")?)?);
            }
            unknown if unknown < FIRST_OPTIONAL_TAG => {
                return Err(FormatError::UnknownField { tag: unknown });
            }
            _ => {}
        }
        Ok(())
    }

    fn into_core(self, package_id: PackageId, flags: u32) -> Result<Core, FormatError> {
        if (flags & flag::SIGNED != 0) != self.signer.is_some() {
            return Err(FormatError::Disagreement { field: "signer key" });
        }
        let authenticated = flags & flag::RECIPIENTS_MAC != 0;
        Ok(Core {
            package_id,
            profile: if authenticated {
                RecipientProfile::Authenticated
            } else {
                RecipientProfile::Blind
            },
            has_metadata: flags & flag::METADATA != 0,
            policy: self.policy,
            dataset: self.dataset,
            stored: self.stored,
            reproduced_names: self.reproduced_names,
            dek_id: self.dek_id,
            signer: self.signer,
            created_at: self
                .created_at
                .ok_or(FormatError::Disagreement { field: "creation time" })?,
            content_type: self.content_type,
        })
    }
}

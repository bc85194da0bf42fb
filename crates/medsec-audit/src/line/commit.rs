//! The line that ends a durable batch.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::LineError;
use super::scan::Scan;
use crate::count::Count;
use crate::tree::Hash;

/// What only a commit line starts with.
pub(super) const START: &[u8] = b"{\"commit\":";
/// Length in bytes of a signature in base64.
const SIGNATURE_TEXT_LEN: usize = 88;

/// An epoch key's signature under the tree of a size. What is signed is more than the line shows: it also
/// covers the log's origin and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitLine {
    /// Number of the epoch whose key signed.
    pub epoch: Count,
    /// Counts the commits of the epoch, without a gap.
    pub counter: Count,
    /// Number of records before this line, in the whole stream.
    pub size: Count,
    /// Root hash of the tree of that size.
    pub root: Hash,
    /// Ed25519.
    pub signature: [u8; 64],
}

impl CommitLine {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, LineError> {
        let mut scan = Scan::new(bytes);
        scan.literal(START)?;
        scan.literal(b"{\"e\":")?;
        let epoch = scan.count()?;
        scan.literal(b",\"c\":")?;
        let counter = scan.count()?;
        scan.literal(b",\"n\":")?;
        let size = scan.count()?;
        scan.literal(b",\"root\":\"")?;
        let root = Hash::from_bytes(scan.base64::<{ Hash::TEXT_LEN }, { Hash::LEN }>()?);
        scan.literal(b"\",\"sig\":\"")?;
        let signature = scan.base64::<SIGNATURE_TEXT_LEN, 64>()?;
        scan.literal(b"\"}}")?;
        scan.end()?;
        Ok(Self { epoch, counter, size, root, signature })
    }

    /// The line without its LF. Every commit has one form only, of at most 230 bytes.
    #[must_use]
    pub fn render(&self) -> Vec<u8> {
        let Self { epoch, counter, size, root, signature } = self;
        let signature = STANDARD.encode(signature);
        format!(
            "{{\"commit\":{{\"e\":{epoch},\"c\":{counter},\"n\":{size},\"root\":\"{root}\",\"sig\":\"{signature}\"}}}}"
        )
        .into_bytes()
    }
}

//! What a manifest still has room for, so that it need not be found full when everything is sealed.

use super::entry::payload_len;
use super::text::{HEAD_LEN, MIN_ENTRY_LINE, SIGNATURE_LINE_LEN};
use super::{MAX_MANIFEST_LEN, MAX_MANIFEST_PACKAGES, ManifestEntry, SignManifestError};

/// Packages and bytes that a manifest still has room for.
///
/// A package under an opaque name takes some 270 bytes, so that about 990,000 of them fill a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManifestRoom {
    packages: usize,
    bytes: usize,
}

impl ManifestRoom {
    /// That of a manifest without packages.
    #[must_use]
    pub const fn new() -> Self {
        let bytes = MAX_MANIFEST_LEN.saturating_sub(HEAD_LEN).saturating_sub(SIGNATURE_LINE_LEN);
        Self { packages: MAX_MANIFEST_PACKAGES, bytes }
    }

    /// Takes the room of a package that is listed.
    ///
    /// # Errors
    /// [`SignManifestError`] if there is no room; nothing was taken.
    pub fn take(&mut self, entry: &ManifestEntry) -> Result<(), SignManifestError> {
        self.take_line(entry.name.as_str().len(), entry.payload_len)
    }

    /// Takes the room of a package to be sealed of `plain_len` bytes, under a name of `name_len` bytes.
    ///
    /// # Errors
    /// [`SignManifestError`] if there is no room; nothing was taken.
    pub fn take_sealed(
        &mut self,
        name_len: usize,
        plain_len: u64,
    ) -> Result<(), SignManifestError> {
        self.take_line(name_len, payload_len(plain_len))
    }

    fn take_line(&mut self, name_len: usize, payload_len: u64) -> Result<(), SignManifestError> {
        let digits = payload_len.checked_ilog10().unwrap_or_default() as usize;
        // The shortest line has one digit and one byte of a name.
        let line = MIN_ENTRY_LINE.saturating_add(digits).saturating_add(name_len.saturating_sub(1));
        let packages = self.packages.checked_sub(1).ok_or(SignManifestError::TooManyPackages)?;
        let bytes = self.bytes.checked_sub(line).ok_or(SignManifestError::TooLong)?;
        *self = Self { packages, bytes };
        Ok(())
    }
}

impl Default for ManifestRoom {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{HeaderHash, MerkleRoot, PackageId, Timestamp};
    use crate::manifest::{Manifest, PackageName};
    use crate::signature::SigningKey;

    fn rendered_len(entries: Vec<ManifestEntry>) -> usize {
        let key = SigningKey::take_from(&mut [77; 32]).unwrap();
        let created = Timestamp::from_unix_seconds(1_790_000_000);
        Manifest::sign(None, entries, created, &key).unwrap().render().len()
    }

    #[test]
    fn a_package_takes_as_much_room_as_its_line_is_long() {
        for (name, payload_len) in [("a", 7), ("0001.medsec", 123_456), ("ä b", 10)] {
            let entry = ManifestEntry {
                name: PackageName::new(name).unwrap(),
                package_id: PackageId::from_bytes([1; 16]),
                payload_len,
                root: MerkleRoot::from_bytes([7; 32]),
                header_hash: HeaderHash::from_bytes([8; 64]),
            };
            let mut room = ManifestRoom::new();
            room.take(&entry).unwrap();
            let taken = ManifestRoom::new().bytes - room.bytes;
            assert_eq!(taken, rendered_len(vec![entry]) - rendered_len(Vec::new()), "{name}");
        }
    }

    #[test]
    fn room_ends_with_packages_or_bytes() {
        let mut few = ManifestRoom { packages: 1, bytes: 1000 };
        few.take_sealed(36, 1).unwrap();
        assert_eq!(few.take_sealed(36, 1), Err(SignManifestError::TooManyPackages));
        let mut short = ManifestRoom { packages: 5, bytes: MIN_ENTRY_LINE + 35 };
        assert_eq!(short.take_sealed(36, 1000), Err(SignManifestError::TooLong));
        assert_eq!(short, ManifestRoom { packages: 5, bytes: MIN_ENTRY_LINE + 35 });
    }

    #[test]
    fn opaque_names_leave_room_for_some_990_000_packages() {
        let mut room = ManifestRoom::new();
        let fitting = (0..).take_while(|_| room.take_sealed(36, 500_000).is_ok()).count();
        assert!((985_000..995_000).contains(&fitting), "{fitting}");
    }
}

//! Argon2id (RFC 9106) from a passphrase to a key encryption key.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use medsec_crypto::{KEY_LEN, Kek, RandomError};
use zeroize::Zeroizing;

use super::{Passphrase, SlotError};

/// How much Argon2id costs. The limits keep a foreign file from exhausting the machine that reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Params {
    memory_kib: u32,
    passes: u8,
    lanes: u8,
}

impl Argon2Params {
    /// Most memory in KiB: 1 GiB.
    pub const MAX_MEMORY_KIB: u32 = 1024 * 1024;
    /// Most passes.
    pub const MAX_PASSES: u8 = 16;
    /// Most lanes.
    pub const MAX_LANES: u8 = 16;
    /// Least memory in KiB for each lane, which Argon2 itself demands.
    const MEMORY_PER_LANE: u32 = 8;

    /// Checks the limits.
    ///
    /// # Errors
    /// [`SlotError::Parameters`] if one is outside.
    pub fn new(memory_kib: u32, passes: u8, lanes: u8) -> Result<Self, SlotError> {
        let least = u32::from(lanes).saturating_mul(Self::MEMORY_PER_LANE);
        let fits = (least..=Self::MAX_MEMORY_KIB).contains(&memory_kib)
            && (1..=Self::MAX_PASSES).contains(&passes)
            && (1..=Self::MAX_LANES).contains(&lanes);
        fits.then_some(Self { memory_kib, passes, lanes }).ok_or(SlotError::Parameters)
    }

    /// Memory in KiB.
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    #[must_use]
    pub const fn passes(self) -> u8 {
        self.passes
    }

    /// Lanes.
    #[must_use]
    pub const fn lanes(self) -> u8 {
        self.lanes
    }
}

impl Default for Argon2Params {
    /// The second recommended option of RFC 9106, section 4: 64 MiB, 3 passes, 4 lanes. The first
    /// needs 2 GiB, which a container often does not have.
    fn default() -> Self {
        Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 }
    }
}

/// Argon2id with its parameters and a salt of its own: what must be stored to make the key again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassphraseKdf {
    params: Argon2Params,
    salt: [u8; Self::SALT_LEN],
}

impl PassphraseKdf {
    /// Length of the salt in bytes.
    pub const SALT_LEN: usize = 16;

    /// Draws a fresh salt.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system gives none.
    pub fn generate(params: Argon2Params) -> Result<Self, RandomError> {
        let mut salt = [0; Self::SALT_LEN];
        getrandom::fill(&mut salt).map_err(|_| RandomError)?;
        Ok(Self { params, salt })
    }

    /// As read from a file.
    #[must_use]
    pub const fn new(params: Argon2Params, salt: [u8; Self::SALT_LEN]) -> Self {
        Self { params, salt }
    }

    /// The cost.
    #[must_use]
    pub const fn params(&self) -> Argon2Params {
        self.params
    }

    /// The salt.
    #[must_use]
    pub const fn salt(&self) -> &[u8; Self::SALT_LEN] {
        &self.salt
    }

    /// Makes the key. Takes the memory that the parameters state, and erases it.
    pub(super) fn derive(&self, passphrase: &Passphrase) -> Result<Kek, SlotError> {
        let Argon2Params { memory_kib, passes, lanes } = self.params;
        let params = Params::new(memory_kib, passes.into(), lanes.into(), Some(KEY_LEN))
            .map_err(|_| SlotError::Parameters)?;
        let mut memory = Zeroizing::new(Vec::new());
        memory.try_reserve_exact(params.block_count()).map_err(|_| SlotError::Memory)?;
        memory.resize(params.block_count(), Block::new());
        let mut key = Zeroizing::new([0; KEY_LEN]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(
                passphrase.expose(),
                &self.salt,
                key.as_mut_slice(),
                memory.as_mut_slice(),
            )
            .map_err(|_| SlotError::Parameters)?;
        Kek::take_from(key.as_mut_slice()).map_err(|_| SlotError::Parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_outside_limits_are_refused() {
        for (memory, passes, lanes) in [
            (0, 1, 1),
            (7, 1, 1),
            (15, 1, 2),
            (1024 * 1024 + 1, 1, 1),
            (u32::MAX, 1, 1),
            (64, 0, 1),
            (64, 17, 1),
            (64, 1, 0),
            (1024, 1, 17),
        ] {
            assert_eq!(Argon2Params::new(memory, passes, lanes), Err(SlotError::Parameters));
        }
    }

    /// Computed with OpenSSL: Argon2id, version 0x13, the default parameters.
    #[test]
    fn key_matches_that_of_openssl() {
        let kdf = PassphraseKdf::new(Argon2Params::default(), *b"somesaltsomesalt");
        let passphrase = Passphrase::take_from(&mut b"password".to_vec()).unwrap();
        let key = kdf.derive(&passphrase).unwrap();
        let hex: String = key.expose_secret().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "81db97a7e67a891784a2599bc879f957cb3512d273984bd97d8a18fc59ff01e2");
    }
}

//! Shamir's secret sharing over GF(256), byte by byte: share number x is the value at x of one polynomial a byte,
//! whose value at 0 is the byte. The arithmetic is that of `vsss-rs`.

use std::convert::Infallible;

use medsec_crypto::RandomError;
use rand_core::{TryCryptoRng, TryRng};
use vsss_rs::Gf256;
use zeroize::{Zeroize, Zeroizing};

use super::{SECRET_LEN, ShareScheme, ShareSecret};

/// Splits a key. The shares are numbered from 1, as they stand in the answer.
pub(super) fn split(
    key: &[u8; SECRET_LEN],
    scheme: ShareScheme,
) -> Result<Vec<ShareSecret>, RandomError> {
    // One byte more than the key: the library leaves the polynomial of the last byte in freed memory.
    let mut padded = Zeroizing::new([0; SECRET_LEN + 1]);
    for (to, from) in padded.iter_mut().zip(key) {
        *to = *from;
    }
    let mut random = SystemRandom { failed: false };
    let (needed, count) = (scheme.needed.into(), scheme.count.into());
    let shares = Gf256::split_bytes(needed, count, padded.as_slice(), &mut random);
    let mut shares = Zeroizing::new(shares.map_err(|_| RandomError)?);
    if random.failed {
        return Err(RandomError);
    }
    Ok(shares.iter_mut().zip(1..).map(|(share, index)| secret_of(share, index)).collect())
}

/// What stands between the number of a share and its surplus byte.
fn secret_of(share: &mut [u8], index: u8) -> ShareSecret {
    debug_assert_eq!(share.first(), Some(&index));
    let mut secret = Zeroizing::new([0; SECRET_LEN]);
    for (to, from) in secret.iter_mut().zip(share.iter().skip(1)) {
        *to = *from;
    }
    share.zeroize();
    secret
}

/// Makes the key again of exactly as many shares as it needs; garbage of others. None if it cannot be: fewer than
/// two shares, or two of the same number.
pub(super) fn join<'a>(
    shares: impl Iterator<Item = (u8, &'a ShareSecret)>,
) -> Option<Zeroizing<Vec<u8>>> {
    let shares: Vec<Vec<u8>> =
        shares.map(|(index, secret)| [&[index], secret.as_slice()].concat()).collect();
    let shares = Zeroizing::new(shares);
    Gf256::combine_bytes(&*shares).ok().map(Zeroizing::new)
}

/// The operating system's randomness, for an interface that cannot fail: a failure is remembered, and what was made
/// with it must be thrown away.
struct SystemRandom {
    failed: bool,
}

impl TryRng for SystemRandom {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = Zeroizing::new([0; 4]);
        self.try_fill_bytes(bytes.as_mut_slice())?;
        Ok(u32::from_ne_bytes(*bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = Zeroizing::new([0; 8]);
        self.try_fill_bytes(bytes.as_mut_slice())?;
        Ok(u64::from_ne_bytes(*bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.failed |= getrandom::fill(bytes).is_err();
        Ok(())
    }
}

impl TryCryptoRng for SystemRandom {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_and_single_shares_join_to_nothing() {
        let shares = split(&[7; 32], ShareScheme::new(2, 3).unwrap()).unwrap();
        assert!(join([(1, &shares[0])].into_iter()).is_none());
        assert!(join([(1, &shares[0]), (1, &shares[1])].into_iter()).is_none());
        assert!(join([(0, &shares[0]), (1, &shares[1])].into_iter()).is_none());
    }

    /// A bias of the coefficients is what went wrong in two libraries: zero never drawn, even values never drawn.
    #[test]
    fn every_value_of_a_coefficient_is_drawn() {
        let scheme = ShareScheme::new(2, 2).unwrap();
        let mut seen = [false; 256];
        for _ in 0..400 {
            // With the secret 0 and two shares needed, share number 1 is the coefficient.
            split(&[0; 32], scheme).unwrap()[0].iter().for_each(|b| seen[usize::from(*b)] = true);
        }
        assert!(seen.iter().all(|seen| *seen));
    }
}

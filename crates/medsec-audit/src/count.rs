//! Numbers that every JSON reader keeps exactly.

use std::fmt;

use crate::text::InvalidValue;

/// A number from 0 to 2^53 − 1, the range of RFC 7493, section 2.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Count(u64);

impl Count {
    /// The largest.
    pub const MAX: Self = Self((1 << 53) - 1);
    /// Most digits.
    pub(crate) const MAX_DIGITS: usize = 16;

    /// Checks the range.
    ///
    /// # Errors
    /// [`InvalidValue`] if `number` is 2^53 or above.
    pub fn new(number: u64) -> Result<Self, InvalidValue> {
        let fits = number <= Self::MAX.0;
        fits.then_some(Self(number)).ok_or(InvalidValue { field: "number" })
    }

    /// A number that always fits, also where constants are made.
    pub(crate) const fn from_u32(number: u32) -> Self {
        // Widening; `From` is not const.
        Self(number as u64)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Reads decimal digits: at least one, no sign, no zero in front of another digit.
    pub(crate) fn from_digits(digits: &[u8]) -> Option<Self> {
        let shaped = match digits {
            [] => false,
            [b'0', _, ..] => false,
            _ => digits.len() <= Self::MAX_DIGITS,
        };
        let add = |sum: u64, byte: &u8| {
            let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
            sum.checked_mul(10)?.checked_add(digit.into())
        };
        let number = shaped.then(|| digits.iter().try_fold(0, add)).flatten()?;
        Self::new(number).ok()
    }
}

impl From<u32> for Count {
    fn from(number: u32) -> Self {
        Self(number.into())
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn count_rejects_other_forms() {
        let long = "1".repeat(17);
        for bad in ["", "00", "01", "+1", "-1", " 1", "1 ", "1.0", "1e3", "9007199254740992", &long]
        {
            assert_eq!(Count::from_digits(bad.as_bytes()), None, "{bad}");
        }
        assert!(Count::new(1 << 53).is_err());
        assert_eq!(Count::from_digits(b"9007199254740991"), Some(Count::MAX));
    }

    proptest! {
        #[test]
        fn every_count_reads_back(number in 0..1_u64 << 53) {
            let count = Count::new(number).unwrap();
            prop_assert_eq!(Count::from_digits(count.to_string().as_bytes()), Some(count));
        }
    }
}

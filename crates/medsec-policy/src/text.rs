//! What names and codes of a policy are made of.

/// A value does not fit its field. The value is not in the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is not valid")]
pub struct InvalidValue {
    /// Which field.
    pub field: &'static str,
}

/// The operating system gave no randomness; nothing was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no randomness")]
pub struct RandomError;

/// `N` bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| RandomError)?;
    Ok(bytes)
}

/// Reads exactly `N` bytes in lower-case hexadecimal.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a').wrapping_add(10)),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An identifier: 1 to `$max` of the bytes of `$allowed`, the first a letter or digit.
macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $max:literal, $field:literal, $allowed:pat) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Longest in bytes.
            pub const MAX_LEN: usize = $max;

            /// Checks length and characters.
            ///
            /// # Errors
            /// [`InvalidValue`](crate::InvalidValue) if `text` is empty, too long, starts with neither letter
            /// nor digit, or has a byte outside of the character set.
            pub fn new(text: &str) -> Result<Self, $crate::text::InvalidValue> {
                let fits = (1..=Self::MAX_LEN).contains(&text.len());
                let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
                let allowed = |byte: u8| matches!(byte, $allowed);
                (fits && first && text.bytes().all(allowed))
                    .then(|| Self(text.to_owned()))
                    .ok_or($crate::text::InvalidValue { field: $field })
            }

            /// The identifier.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::text::InvalidValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }
    };
}

/// `$len` bytes, written in lower-case hexadecimal.
macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $len:literal, $field:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Takes the bytes as they are.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::text::InvalidValue;

            /// Accepts exactly the form that `Display` writes.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let invalid = $crate::text::InvalidValue { field: $field };
                $crate::text::from_hex(text).map(Self).ok_or(invalid)
            }
        }
    };
}

/// A closed list of codes. A code keeps its meaning for ever; new ones may be added.
macro_rules! codes {
    (
        $(#[$doc:meta])* $name:ident, $field:literal
        { $($(#[$variant_doc:meta])* $variant:ident => $code:literal,)+ }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::text::InvalidValue;

            /// Accepts the names exactly as they are.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($code => Ok(Self::$variant),)+
                    _ => Err($crate::text::InvalidValue { field: $field }),
                }
            }
        }
    };
}

pub(crate) use {codes, hex_id, identifier};

//! Cipher suites and the implementations ("backends") that can run them.

/// How a package's payload and metadata are encrypted. Both suites commit to the key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Suite {
    /// Cobblestone-256: C2SP chunked encryption with AES-256-GCM and HKDF-Expand-SHA-512. The only
    /// suite made of approved algorithms, therefore the default.
    #[default]
    Aes256Gcm,
    /// The same construction over ChaCha20-Poly1305, for machines without AES hardware.
    ChaCha20Poly1305,
}

impl Suite {
    /// The number in the preamble.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Aes256Gcm => 0x0001,
            Self::ChaCha20Poly1305 => 0x0002,
        }
    }

    /// The suite with this number, if this crate knows it.
    #[must_use]
    pub const fn from_number(number: u16) -> Option<Self> {
        match number {
            0x0001 => Some(Self::Aes256Gcm),
            0x0002 => Some(Self::ChaCha20Poly1305),
            _ => None,
        }
    }

    /// Name in the IANA registry of AEAD algorithms, which enters the key derivation.
    #[must_use]
    pub const fn aead_name(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "AEAD_AES_256_GCM",
            Self::ChaCha20Poly1305 => "AEAD_CHACHA20_POLY1305",
        }
    }
}

/// The implementation that computes. All backends read and write the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// RustCrypto: portable Rust.
    RustCrypto,
    /// AWS-LC, or its validated module with feature `fips`.
    #[cfg(feature = "aws-lc")]
    AwsLc,
}

impl Backend {
    /// All backends of this build.
    pub const ALL: &'static [Self] = &[
        Self::RustCrypto,
        #[cfg(feature = "aws-lc")]
        Self::AwsLc,
    ];

    /// A short name for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RustCrypto => "rustcrypto",
            #[cfg(all(feature = "aws-lc", not(feature = "fips")))]
            Self::AwsLc => "aws-lc",
            #[cfg(feature = "fips")]
            Self::AwsLc => "aws-lc-fips",
        }
    }
}

impl Default for Backend {
    /// AWS-LC where it is built in, because it is the faster one; else RustCrypto.
    fn default() -> Self {
        #[cfg(feature = "aws-lc")]
        return Self::AwsLc;
        #[cfg(not(feature = "aws-lc"))]
        return Self::RustCrypto;
    }
}

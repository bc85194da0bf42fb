//! The sections of subpart C.

use core::fmt;

/// A section of 45 CFR 164 subpart C, in the order of the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Section {
    /// 164.302, applicability.
    Applicability,
    /// 164.304, definitions.
    Definitions,
    /// 164.306, the general rules; (d)(3) says what *addressable* means.
    GeneralRules,
    /// 164.308, administrative safeguards.
    Administrative,
    /// 164.310, physical safeguards.
    Physical,
    /// 164.312, technical safeguards.
    Technical,
    /// 164.314, organizational requirements.
    Organizational,
    /// 164.316, policies and procedures and documentation requirements.
    Documentation,
    /// 164.318, compliance dates.
    ComplianceDates,
}

impl Section {
    /// The number after `164.`, such as 312.
    pub const fn number(self) -> u16 {
        match self {
            Self::Applicability => 302,
            Self::Definitions => 304,
            Self::GeneralRules => 306,
            Self::Administrative => 308,
            Self::Physical => 310,
            Self::Technical => 312,
            Self::Organizational => 314,
            Self::Documentation => 316,
            Self::ComplianceDates => 318,
        }
    }

    /// The title the rule gives it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Applicability => "Applicability",
            Self::Definitions => "Definitions",
            Self::GeneralRules => "Security standards: General rules",
            Self::Administrative => "Administrative safeguards",
            Self::Physical => "Physical safeguards",
            Self::Technical => "Technical safeguards",
            Self::Organizational => "Organizational requirements",
            Self::Documentation => "Policies and procedures and documentation requirements",
            Self::ComplianceDates => {
                "Compliance dates for the initial implementation of the security standards"
            }
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "164.{}", self.number())
    }
}

/// Splits `164.3nn` off the front.
pub(super) const fn split(text: &[u8]) -> Option<(Section, &[u8])> {
    let [b'1', b'6', b'4', b'.', b'3', tens, ones, rest @ ..] = text else {
        return None;
    };
    let section = match (*tens, *ones) {
        (b'0', b'2') => Section::Applicability,
        (b'0', b'4') => Section::Definitions,
        (b'0', b'6') => Section::GeneralRules,
        (b'0', b'8') => Section::Administrative,
        (b'1', b'0') => Section::Physical,
        (b'1', b'2') => Section::Technical,
        (b'1', b'4') => Section::Organizational,
        (b'1', b'6') => Section::Documentation,
        (b'1', b'8') => Section::ComplianceDates,
        _ => return None,
    };
    Some((section, rest))
}

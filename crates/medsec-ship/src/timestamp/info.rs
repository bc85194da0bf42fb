//! TSTInfo: what the authority says.

use medsec_audit::LogTime;

use super::TimeStampError;
use super::der::{
    BOOLEAN, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, Parts, SEQUENCE, algorithm, number,
    tagged,
};
use super::token::SHA_256;

/// What of it we use.
#[derive(Debug)]
pub(super) struct Info<'a> {
    /// SHA-256 of what was stamped.
    pub(super) digest: &'a [u8],
    pub(super) time: LogTime,
    pub(super) nonce: Option<&'a [u8]>,
}

impl<'a> Info<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, TimeStampError> {
        let mut parts = Parts::only(bytes, SEQUENCE)?;
        if number(parts.value(INTEGER)?.content)? != 1 {
            return Err(TimeStampError::Malformed);
        }
        parts.value(OID)?;
        let mut imprint = parts.parts(SEQUENCE)?;
        if algorithm(&mut imprint)? != SHA_256 {
            return Err(TimeStampError::OtherBytes);
        }
        let digest = imprint.value(OCTET_STRING)?.content;
        imprint.end()?;
        parts.value(INTEGER)?;
        let time = time(parts.value(GENERALIZED_TIME)?.content);
        // Accuracy and ordering.
        parts.optional(SEQUENCE)?;
        parts.optional(BOOLEAN)?;
        let nonce = parts.optional(INTEGER)?.map(|nonce| nonce.content);
        // The authority's name, and extensions.
        parts.optional(tagged(0))?;
        parts.optional(tagged(1))?;
        parts.end()?;
        Ok(Self { digest, time: time.ok_or(TimeStampError::Malformed)?, nonce })
    }
}

/// `YYYYMMDDhhmmss[.f…]Z`; what is finer than a millisecond is cut off.
fn time(text: &[u8]) -> Option<LogTime> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let part = |from: usize, to: usize| whole.get(from..to);
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    let millis: String = fraction.chars().chain("000".chars()).take(3).collect();
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}.{millis}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_has_one_form_with_or_without_fraction() {
        for (text, shown) in [
            ("20261103120000Z", "2026-11-03T12:00:00.000Z"),
            ("20261103120000.5Z", "2026-11-03T12:00:00.500Z"),
            ("20261103120000.123456Z", "2026-11-03T12:00:00.123Z"),
        ] {
            assert_eq!(time(text.as_bytes()).unwrap().to_string(), shown);
        }
        for bad in [
            "",
            "Z",
            "20261103120000",
            "20261303120000Z",
            "20261103120000.Z",
            "202611031200Z",
            "+0261103120000Z",
        ] {
            assert_eq!(time(bad.as_bytes()), None, "{bad}");
        }
    }
}

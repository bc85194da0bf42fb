//! Identities that stand for nobody in particular: generic, shared and reserved names.
//!
//! 164.312(a)(2)(i) asks for a name that identifies one user. A name is compared in lower case, without `.`, `_`
//! and `-`, and without the digits at its end: `User-01` is `user`, since numbered accounts are how shared ones
//! are usually made. A generic word is refused as the whole name, before an `@`, and after the last `:`;
//! a reserved word only as the whole name.

use std::collections::BTreeSet;

use crate::ids::PrincipalId;

/// Words for anybody who has some function.
const GENERIC: [&str; 52] = [
    "account",
    "admin",
    "administrator",
    "anonymous",
    "anyone",
    "backup",
    "clinician",
    "default",
    "demo",
    "dev",
    "developer",
    "doctor",
    "emergency",
    "everybody",
    "everyone",
    "frontdesk",
    "generic",
    "guest",
    "info",
    "it",
    "itsupport",
    "kiosk",
    "login",
    "me",
    "nobody",
    "nurse",
    "nurses",
    "office",
    "operator",
    "patient",
    "pharmacy",
    "physician",
    "public",
    "reception",
    "root",
    "self",
    "service",
    "shared",
    "somebody",
    "someone",
    "staff",
    "student",
    "superuser",
    "support",
    "sysadmin",
    "temp",
    "test",
    "testuser",
    "unknown",
    "user",
    "username",
    "users",
];

/// Words that mean something to programs.
const RESERVED: [&str; 15] = [
    "all",
    "any",
    "daemon",
    "false",
    "localhost",
    "localsystem",
    "medsec",
    "na",
    "nil",
    "none",
    "null",
    "system",
    "true",
    "undefined",
    "void",
];

/// An identity that cannot be a principal's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPrincipal {
    /// Blank, too long, or not of the characters of a principal.
    #[error("the name cannot be that of a principal")]
    Form,
    /// It stands for nobody in particular.
    #[error(
        "the name is generic, shared or reserved; each person and each program needs a name of their own"
    )]
    Reserved,
    /// Two principals have names that differ in upper and lower case only.
    #[error("two principals have the same name, but for upper and lower case")]
    Duplicate,
}

/// Refuses identities that stand for nobody in particular.
///
/// # Errors
/// [`InvalidPrincipal::Reserved`] if it is one.
pub fn check(id: &PrincipalId) -> Result<(), InvalidPrincipal> {
    let whole = plain(id.as_str());
    let last = id.as_str().rsplit(':').next().unwrap_or_default();
    let own = plain(last.split('@').next().unwrap_or_default());
    let first = plain(id.as_str().split('@').next().unwrap_or_default());
    let generic = [&whole, &own, &first].into_iter().any(|name| GENERIC.contains(&name.as_str()));
    if generic || RESERVED.contains(&whole.as_str()) {
        return Err(InvalidPrincipal::Reserved);
    }
    Ok(())
}

/// Checks each of a set of identities, and that no two differ in case only.
///
/// # Errors
/// [`InvalidPrincipal`]: the first that is wrong.
pub fn check_all<'i>(
    ids: impl IntoIterator<Item = &'i PrincipalId>,
) -> Result<(), InvalidPrincipal> {
    let mut seen = BTreeSet::new();
    for id in ids {
        check(id)?;
        if !seen.insert(id.as_str().to_ascii_lowercase()) {
            return Err(InvalidPrincipal::Duplicate);
        }
    }
    Ok(())
}

/// In lower case, without what makes many names out of one.
fn plain(name: &str) -> String {
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '_' | '-'));
    let letters = name.chars().filter(|c| !matches!(c, '.' | '_' | '-'));
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests;

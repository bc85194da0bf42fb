//! Identity policies of the three roles.

use super::Parts;
use super::policy::{Policy, Statement};

/// Makes data keys, or wraps one for a further recipient.
pub(super) const SEAL: [&str; 2] = ["kms:Encrypt", "kms:GenerateDataKey"];
pub(super) const OPEN: [&str; 1] = ["kms:Decrypt"];
pub(super) const FROM: [&str; 1] = ["kms:ReEncryptFrom"];
pub(super) const TO: [&str; 1] = ["kms:ReEncryptTo"];
/// Says which key a name means, and how old it is.
pub(super) const LOOK: [&str; 3] =
    ["kms:DescribeKey", "kms:ListKeyRotations", "kms:ListResourceTags"];
/// Everything that makes data keys, with those that show none.
pub(super) const MAKES: [&str; 2] = ["kms:Encrypt", "kms:GenerateDataKey*"];
pub(super) const REWRAPS: [&str; 1] = ["kms:ReEncrypt*"];

pub(super) fn sealing(parts: &Parts<'_>) -> Policy {
    let never = [OPEN, REWRAPS].concat();
    Policy(vec![
        Statement::allow("Seal", &SEAL, [&parts.destination]).in_context(parts),
        Statement::allow("Look", &LOOK, [&parts.destination]),
        Statement::deny("NeverOpen", &never, parts.all_keys()),
    ])
}

pub(super) fn opening(parts: &Parts<'_>) -> Policy {
    let never = [MAKES.as_slice(), &REWRAPS].concat();
    Policy(vec![
        Statement::allow("Open", &OPEN, parts.all_keys()).in_context(parts),
        Statement::allow("Look", &LOOK, parts.all_keys()),
        Statement::deny("NeverSeal", &never, parts.all_keys()),
    ])
}

/// From the sources to the destination, and within the destination once its material was rotated.
pub(super) fn rewrapping(parts: &Parts<'_>) -> Policy {
    let never = [OPEN.as_slice(), &MAKES].concat();
    let (destination, all) = ([&parts.destination], parts.all_keys());
    let from_sources = Statement::allow("FromSources", &FROM, &parts.sources).in_context(parts);
    let statements = vec![
        Statement::allow("FromItself", &FROM, destination).in_context(parts).on_same_key(true),
        Statement::allow("ToDestination", &TO, destination).in_context(parts),
        Statement::allow("Look", &LOOK, &all),
        Statement::deny("NeverOpen", &never, ["*"]),
        Statement::deny_elsewhere("NowhereElseFrom", &FROM, &all),
        Statement::deny_elsewhere("NowhereElseTo", &TO, destination),
        Statement::deny("NotAway", &FROM, destination).on_same_key(false),
    ];
    let first = (!parts.sources.is_empty()).then_some(from_sources);
    Policy(first.into_iter().chain(statements).collect())
}

//! The policy of a key: who may do what with it, whatever their own policies say.
//!
//! The account's identity policies get no say of their own: there is no statement for its root. The administrators can
//! change the policy, and that is how a mistake is mended.

use super::Parts;
use super::policy::{Policy, Statement, Values};
use super::roles::{FROM, LOOK, MAKES, OPEN, REWRAPS, SEAL, TO};

/// What administers a key. Not among them: grants, which would give its use away past this policy.
const ADMINISTER: [&str; 18] = [
    "kms:CancelKeyDeletion",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
];

/// Of the destination, or of a source.
pub(super) fn policy(parts: &Parts<'_>, is_destination: bool) -> Policy {
    let who = parts.principals;
    let one = |arn: &String| Values::new([arn]);
    let here = ["*"];
    let mut statements = vec![
        Statement::allow("Administer", &ADMINISTER, here).of_key(Values::new(&who.administrators)),
        Statement::allow("Open", &OPEN, here).in_context(parts).of_key(one(&who.opening)),
        Statement::allow("Look", &LOOK, here).of_key(Values::new(users(parts, is_destination))),
    ];
    let from = Statement::allow("RewrapFrom", &FROM, here).in_context(parts);
    statements.push(
        if is_destination { from.on_same_key(true) } else { from }.of_key(one(&who.rewrapping)),
    );
    if is_destination {
        statements.extend([
            Statement::allow("Seal", &SEAL, here).in_context(parts).of_key(one(&who.sealing)),
            Statement::allow("RewrapTo", &TO, here).in_context(parts).of_key(one(&who.rewrapping)),
        ]);
    }
    statements.extend(denials(parts, is_destination));
    Policy(statements)
}

fn users<'p>(parts: &'p Parts<'_>, is_destination: bool) -> Vec<&'p String> {
    let who = parts.principals;
    let sealing = is_destination.then_some(&who.sealing);
    sealing.into_iter().chain([&who.opening, &who.rewrapping]).collect()
}

/// Hold against grants and against statements that are added later.
fn denials(parts: &Parts<'_>, is_destination: bool) -> Vec<Statement> {
    let who = parts.principals;
    let one = |arn: &String| Values::new([arn]);
    let here = ["*"];
    let uses = [OPEN.as_slice(), &MAKES, &REWRAPS].concat();
    let makes = Statement::deny("NobodyElseSeals", &MAKES, here);
    let to = Statement::deny("NobodyElseRewrapsTo", &TO, here);
    vec![
        Statement::deny("NobodyElseOpens", &OPEN, here).of_key_but_for(one(&who.opening)),
        Statement::deny("NobodyElseRewraps", &FROM, here).of_key_but_for(one(&who.rewrapping)),
        if is_destination {
            makes.of_key_but_for(one(&who.sealing))
        } else {
            makes.of_key_for_all()
        },
        if is_destination { to.of_key_but_for(one(&who.rewrapping)) } else { to.of_key_for_all() },
        Statement::deny("NoGrants", &["kms:CreateGrant"], here).of_key_for_all(),
        Statement::deny("NeverUnbound", &uses, here).of_key_for_all().without_bind(),
    ]
}

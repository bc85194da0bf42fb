//! Who may do what only a few should, asked of a policy.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use medsec_kms::LocalStore;
use medsec_policy::{
    Action, Assigned, Bundle, Circumstances, Decider as _, EmergencyId, Engine, Factors, Method,
    Principal, PrincipalId, Request, Resource,
};

/// The principal as the policy has it, who has proved just now, with two factors, who they are.
pub(super) fn principal(id: &PrincipalId, assigned: &Assigned) -> Principal {
    Principal {
        id: id.clone(),
        kind: assigned.kind,
        method: Method::PrivateKey,
        factors: Factors::Two,
        authenticated_at: SystemTime::UNIX_EPOCH,
        groups: BTreeSet::new(),
    }
}

/// Somebody whom the policy does not know.
pub(super) fn somebody_else(bundle: &Bundle) -> Option<PrincipalId> {
    let names = (0_u32..).map(|number| format!("somebody-else-{number}"));
    let mut ids = names.filter_map(|name| PrincipalId::new(&name).ok());
    ids.find(|id| !bundle.assignments().principals.contains_key(id))
}

/// Who may do that without a purpose, best proven. Asked for one after the other.
pub(crate) fn who_may<'a>(
    engine: &'a Engine,
    bundle: &'a Bundle,
    action: Action,
) -> impl Iterator<Item = &'a PrincipalId> {
    let resource = resource_of(action, bundle);
    let circumstances =
        Circumstances { purpose: None, authentication_age: Duration::ZERO, emergency: None };
    let may = move |id: &PrincipalId, assigned: &Assigned| {
        let principal = principal(id, assigned);
        let request = Request {
            principal: &principal,
            action,
            resource: resource.as_ref()?,
            circumstances: &circumstances,
        };
        engine.decide(&request).ok().filter(|decision| decision.is_permit())
    };
    let principals = bundle.assignments().principals.iter();
    principals.filter(move |(id, assigned)| may(id, assigned).is_some()).map(|(id, _)| id)
}

/// What such an action is done to, as somebody else left it.
fn resource_of(action: Action, bundle: &Bundle) -> Option<Resource> {
    match action {
        Action::ReadAudit => Some(Resource::AuditTrail),
        Action::ChangePolicy => Some(Resource::Policy),
        Action::CloseReview => Some(Resource::Emergency {
            id: EmergencyId::from_bytes([0; EmergencyId::LEN]),
            initiator: somebody_else(bundle)?,
            dataset: None,
        }),
        _ => None,
    }
}

/// Whether the policy would count that this principal signs: a present administrator of the key store.
pub(crate) fn can_sign(store: &LocalStore, id: &PrincipalId) -> bool {
    let mut users = store.users();
    users.any(|user| {
        user.name().as_str() == id.as_str() && user.is_administrator() && user.signer().is_some()
    })
}

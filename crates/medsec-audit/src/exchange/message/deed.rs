//! From our action to type, subtypes and action of an audit event.

use super::super::balp::Profile;
use super::super::code::{self as c, Code};
use crate::event::Action;

/// What an action is called elsewhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deed {
    pub(super) kind: Code,
    pub(super) subtypes: &'static [Code],
    /// `C`, `R`, `U`, `D` or `E`.
    pub(super) action: &'static str,
    /// Which way content went, where BALP has a profile for it.
    pub(super) way: Option<Way>,
}

/// What BALP's profiles of access tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Create,
    Read,
    Update,
}

impl Way {
    pub(super) const fn profile(self, patient: bool) -> Profile {
        match (self, patient) {
            (Self::Create, false) => Profile::Create,
            (Self::Create, true) => Profile::PatientCreate,
            (Self::Read, false) => Profile::Read,
            (Self::Read, true) => Profile::PatientRead,
            (Self::Update, false) => Profile::Update,
            (Self::Update, true) => Profile::PatientUpdate,
        }
    }
}

const fn deed(kind: Code, subtypes: &'static [Code], action: &'static str) -> Deed {
    Deed { kind, subtypes, action, way: None }
}

const fn access(way: Way, subtypes: &'static [Code], action: &'static str) -> Deed {
    Deed { kind: c::REST, subtypes, action, way: Some(way) }
}

/// Success makes an alert an informative one (PS3.15 A.5.3.11): so what changes the security of the system is one,
/// also where all is well.
pub(super) const fn of(action: Action) -> Deed {
    use Action as A;
    match action {
        A::Seal => access(Way::Create, &[c::CREATE], "C"),
        A::Open | A::ReadRange => access(Way::Read, &[c::READ], "R"),
        A::Rewrap => access(Way::Update, &[c::UPDATE], "U"),
        A::Verify => deed(c::REST, &[c::OPERATION], "E"),
        A::Export => deed(c::EXPORT, &[], "R"),
        A::Enrol => deed(c::SECURITY_ALERT, &[c::USER_ATTRIBUTES_CHANGED], "C"),
        A::Grant | A::Revoke => deed(c::SECURITY_ALERT, &[c::USER_ATTRIBUTES_CHANGED], "U"),
        A::Offboard => deed(c::SECURITY_ALERT, &[c::USER_ATTRIBUTES_CHANGED], "D"),
        A::KeyCreate => deed(c::SECURITY_ALERT, &[c::SECURITY_CONFIGURATION], "C"),
        A::KeyDestroy => deed(c::SECURITY_ALERT, &[c::SECURITY_CONFIGURATION], "D"),
        A::KeyRotate | A::KeyEnable | A::KeyDisable | A::PolicyChange => {
            deed(c::SECURITY_ALERT, &[c::SECURITY_CONFIGURATION], "U")
        }
        A::SessionStart | A::LoginFailure => deed(c::USER_AUTHENTICATION, &[c::LOGIN], "E"),
        A::SessionEnd | A::AutomaticLogoff => deed(c::USER_AUTHENTICATION, &[c::LOGOUT], "E"),
        A::EmergencyStart => deed(c::SECURITY_ALERT, &[c::EMERGENCY_STARTED], "E"),
        A::EmergencyUse => deed(c::SECURITY_ALERT, &[c::RESTRICTED_FUNCTION], "E"),
        A::EmergencyEnd => deed(c::SECURITY_ALERT, &[c::EMERGENCY_STOPPED], "E"),
        other => of_log(other),
    }
}

/// What the log says about itself.
const fn of_log(action: Action) -> Deed {
    use Action as A;
    match action {
        A::LogStart => {
            deed(c::APPLICATION_ACTIVITY, &[c::APPLICATION_START, c::RECORDING_STARTED], "E")
        }
        A::LogStop => {
            deed(c::APPLICATION_ACTIVITY, &[c::APPLICATION_STOP, c::RECORDING_STOPPED], "E")
        }
        A::LogRotate | A::LogRekey => deed(c::SECURITY_ALERT, &[c::SECURITY_CONFIGURATION], "U"),
        A::LogRecover => deed(c::SECURITY_ALERT, &[c::RECORDING_STARTED], "E"),
        A::LogRetire => deed(c::AUDIT_LOG_USED, &[], "D"),
        A::Review => deed(c::AUDIT_LOG_USED, &[], "R"),
        A::Test => deed(c::APPLICATION_ACTIVITY, &[], "E"),
        // The clock, a follower or an anchor.
        _ => deed(c::SECURITY_ALERT, &[], "E"),
    }
}

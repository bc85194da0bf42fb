//! What was done.

use crate::line::Kind;
use crate::text::codes;

codes!(
    /// What was done, or tried.
    Action, "action" {
        /// Content was sealed into a package.
        Seal => "seal",
        /// A whole package was opened.
        Open => "open",
        /// Parts of a package were read, however many, under one grant.
        ReadRange => "read-range",
        /// The recipients of a package were changed.
        Rewrap => "rewrap",
        /// A package or a set of them was checked without a key.
        Verify => "verify",
        /// Content or records were handed to another system.
        Export => "export",
        /// A principal was made known.
        Enrol => "enrol",
        /// A principal was given a key or data set.
        Grant => "grant",
        /// A key or data set was taken from a principal.
        Revoke => "revoke",
        /// All was taken from a principal, for good.
        Offboard => "offboard",
        /// A key was made.
        KeyCreate => "key-create",
        /// A key got a new version.
        KeyRotate => "key-rotate",
        /// A key was put back into use.
        KeyEnable => "key-enable",
        /// A key was put out of use.
        KeyDisable => "key-disable",
        /// A key, or a version of it, was destroyed.
        KeyDestroy => "key-destroy",
        /// A session began.
        SessionStart => "session-start",
        /// A session was ended by its user.
        SessionEnd => "session-end",
        /// A session was ended by the clock: idle, or too old.
        AutomaticLogoff => "automatic-logoff",
        /// Somebody was not let in.
        LoginFailure => "login-failure",
        /// Emergency access was claimed.
        EmergencyStart => "emergency-start",
        /// Something was done that only the emergency permits.
        EmergencyUse => "emergency-use",
        /// Emergency access ended.
        EmergencyEnd => "emergency-end",
        /// Another policy came into force.
        PolicyChange => "policy-change",
        /// The log began to be written, by a new process.
        LogStart => "log-start",
        /// The log was closed.
        LogStop => "log-stop",
        /// The log changed its epoch key.
        LogRotate => "log-rotate",
        /// The log was found damaged and continued from its longest whole part.
        LogRecover => "log-recover",
        /// The log lost its epoch key and was given another by the log key.
        LogRekey => "log-rekey",
        /// Old segments of the log were removed.
        LogRetire => "log-retire",
        /// The wall clock jumped.
        ClockStep => "clock-step",
        /// A follower fell behind, stopped, or (with success) caught up again.
        FollowerLag => "follower-lag",
        /// An anchor fell behind, could not be reached, or (with success) caught up again.
        AnchorLag => "anchor-lag",
        /// A person examined a part of the log.
        Review => "review",
        /// A record that says nothing, to try the log.
        Test => "test",
    }
);

impl Action {
    /// The kind of record it stands in: the member `t` of its line.
    #[must_use]
    pub fn kind(self) -> Kind<'static> {
        Group::of(self).kind()
    }
}

/// Actions that are recorded alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Access,
    Rights,
    Key,
    Session,
    Emergency,
    Policy,
    Log,
    Review,
    Test,
}

impl Group {
    pub(super) const fn of(action: Action) -> Self {
        use Action as A;
        match action {
            A::Seal | A::Open | A::ReadRange | A::Rewrap | A::Verify | A::Export => Self::Access,
            A::Enrol | A::Grant | A::Revoke | A::Offboard => Self::Rights,
            A::KeyCreate | A::KeyRotate | A::KeyEnable | A::KeyDisable | A::KeyDestroy => Self::Key,
            A::SessionStart | A::SessionEnd | A::AutomaticLogoff | A::LoginFailure => Self::Session,
            A::EmergencyStart | A::EmergencyUse | A::EmergencyEnd => Self::Emergency,
            A::PolicyChange => Self::Policy,
            A::LogStart | A::LogStop | A::LogRotate | A::LogRecover | A::LogRekey => Self::Log,
            A::LogRetire | A::ClockStep | A::FollowerLag | A::AnchorLag => Self::Log,
            A::Review => Self::Review,
            A::Test => Self::Test,
        }
    }

    const fn kind(self) -> Kind<'static> {
        match self {
            Self::Access => Kind::ACCESS,
            Self::Rights => Kind::RIGHTS,
            Self::Key => Kind::KEY,
            Self::Session => Kind::SESSION,
            Self::Emergency => Kind::EMERGENCY,
            Self::Policy => Kind::POLICY,
            Self::Log => Kind::LOG,
            Self::Review => Kind::REVIEW,
            Self::Test => Kind::TEST,
        }
    }
}

impl Kind<'static> {
    /// Seal, open, read, rewrap, verify, export.
    pub const ACCESS: Self = Self::known("access");
    /// Who may use what.
    pub const RIGHTS: Self = Self::known("rights");
    /// The life of keys.
    pub const KEY: Self = Self::known("key");
    /// Sessions and failed logins.
    pub const SESSION: Self = Self::known("session");
    /// Emergency access.
    pub const EMERGENCY: Self = Self::known("emergency");
    /// Changes of the policy.
    pub const POLICY: Self = Self::known("policy");
    /// The log about itself.
    pub const LOG: Self = Self::known("log");
    /// Reviews of the log.
    pub const REVIEW: Self = Self::known("review");
    /// Tests of the log.
    pub const TEST: Self = Self::known("test");
}

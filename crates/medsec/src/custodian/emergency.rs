//! What is recorded of emergencies besides their beginning, their end and their review.

mod step;

use medsec_audit::{Action, Denial, Failure, Outcome, PeerName, Subject};
use medsec_kms::EmergencySetId;
use medsec_policy::Resource;

use self::step::key_of;
pub use self::step::{EmergencyKeyUse, EmergencyStep};
use super::Custodian;
use super::duties::about;
use crate::error::Refused;
use crate::login::Login;

/// Something that nobody decides and that belongs on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmergencyNote {
    /// A claim was refused before the policy was asked: its reason, its time, or the age of the proof of identity.
    ClaimRefused,
    /// A review was refused to somebody who had a part in the emergency, or before it had ended.
    ReviewRefused,
    /// An emergency key was made and handed out in shares.
    KeyStaged(EmergencySetId),
    /// The emergency key was to be used without an open emergency.
    UseRefused,
    /// What was brought as shares cannot be read, so that no emergency key was tried.
    KeyNotMade(EmergencyKeyUse),
    /// Whoever is to be told at once of an emergency was not reached.
    NobodyTold,
}

impl EmergencyNote {
    const fn event(self) -> (Action, Outcome) {
        match self {
            Self::ClaimRefused => (Action::EmergencyStart, Outcome::Denied(Denial::Policy)),
            Self::ReviewRefused => (Action::Review, Outcome::Denied(Denial::Policy)),
            Self::KeyStaged(_) => (Action::KeyCreate, Outcome::Success),
            Self::UseRefused => (Action::EmergencyUse, Outcome::Denied(Denial::Policy)),
            Self::KeyNotMade(aim) => (aim.action(), Outcome::Failure(Failure::Identity)),
            // The alert was to be handed to another system.
            Self::NobodyTold => (Action::Export, Outcome::Failure(Failure::Unreachable)),
        }
    }
}

impl Custodian {
    /// Records it, under the name of whoever is logged in.
    ///
    /// # Errors
    /// [`Refused`] if nobody is logged in, or it could not be recorded.
    pub async fn note_emergency(
        &self,
        login: &dyn Login,
        emergency: Option<&Resource>,
        note: EmergencyNote,
    ) -> Result<(), Refused> {
        let mut subject = emergency.map_or_else(Subject::default, about);
        match note {
            EmergencyNote::KeyStaged(set) => subject.key = Some(key_of(set)?),
            EmergencyNote::NobodyTold => {
                let peer = PeerName::new("emergency-hook").map_err(|_| Refused::Unrecordable)?;
                subject.peer = Some(peer);
            }
            _ => {}
        }
        let (action, outcome) = note.event();
        let mut account = self.account(action, subject)?;
        self.identify(login, &mut account)?;
        self.single(&account, outcome).await
    }
}

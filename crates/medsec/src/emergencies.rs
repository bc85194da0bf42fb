//! Which emergencies are open: the seam to whatever keeps them, and a folder that does.

mod book;
mod files;

use std::fmt;
use std::time::SystemTime;

use medsec_audit::Patient;
use medsec_policy::{DatasetId, EmergencyId, PrincipalId};

pub use self::book::{BookEntry, EmergencyBook};
pub use self::files::BookError;

/// Tells whether an emergency covers what somebody wants to open.
pub trait Emergencies: fmt::Debug + Send + Sync {
    /// The open emergency of that principal that covers the data set and patient, if there is one at that time.
    fn covering(
        &self,
        principal: &PrincipalId,
        dataset: Option<&DatasetId>,
        patient: Option<&Patient>,
        now: SystemTime,
    ) -> Option<EmergencyId>;
}

/// There are none, for those who have no such procedure here.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it has no parts")]
pub struct NoEmergencies;

impl Emergencies for NoEmergencies {
    fn covering(
        &self,
        _: &PrincipalId,
        _: Option<&DatasetId>,
        _: Option<&Patient>,
        _: SystemTime,
    ) -> Option<EmergencyId> {
        None
    }
}

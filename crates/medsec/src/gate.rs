//! What stands between a request and a key: a [`Permit`] comes only of a decision that permits, a [`Receipt`] only
//! of a durable record, and only who holds both is let through.
//!
//! Library traits answer plain data, a [`Decision`] and a [`Recorded`]. Here, and nowhere else, they become what
//! the rest of this crate demands before it asks a key service for anything. None of the types here can be made,
//! copied or changed outside of this module:
//!
//! ```compile_fail,E0451
//! // A receipt made by hand.
//! let receipt = medsec::gate::Receipt { request: todo!(), recorded: todo!() };
//! ```
//!
//! ```compile_fail,E0599
//! // A permit used twice would have to be copied.
//! fn twice(permit: medsec::gate::Permit) -> (medsec::gate::Permit, medsec::gate::Permit) {
//!     (permit.clone(), permit)
//! }
//! ```
//!
//! ```compile_fail,E0382
//! // A permit is used up.
//! fn twice(permit: medsec::gate::Permit) {
//!     drop(permit);
//!     drop(permit);
//! }
//! ```
//!
//! ```compile_fail,E0624
//! // Nobody is let through with a permit and no receipt, or with both but past the Custodian.
//! fn past(permit: medsec::gate::Permit, receipt: medsec::gate::Receipt) -> medsec::gate::Admission {
//!     medsec::gate::Admission::new(permit, receipt)
//! }
//! ```
//!
//! ```compile_fail,E0451
//! // A permit made by hand.
//! fn permit(decision: medsec_policy::Decision) -> medsec::gate::Permit {
//!     medsec::gate::Permit { decision }
//! }
//! ```
//!
//! ```compile_fail,E0451
//! // A decision alone, permitting or not, lets nobody through.
//! let admission = medsec::gate::Admission { permit: todo!(), receipt: todo!() };
//! ```
//!
//! ```compile_fail,E0599
//! // What was let through once is not let through again.
//! fn twice(admission: medsec::gate::Admission) -> [medsec::gate::Admission; 2] {
//!     [admission.clone(), admission]
//! }
//! ```
//!
//! Grants are made of an admission, by the Custodian and by nobody else, and are used up:
//!
//! ```compile_fail,E0624
//! // Opening without a permit.
//! fn open(header: medsec_crypto::Header) -> medsec::Grant {
//!     medsec::Grant::new(header, todo!(), todo!(), todo!(), todo!())
//! }
//! ```
//!
//! ```compile_fail,E0382
//! // Opening twice.
//! fn twice(grant: medsec::Grant, source: std::fs::File, again: std::fs::File) {
//!     let execution = medsec_crypto::Execution::default();
//!     let _ = grant.open_to_memory(source, 1, &execution);
//!     let _ = grant.open_to_memory(again, 1, &execution);
//! }
//! ```
//!
//! ```compile_fail,E0624
//! // Sealing without a permit.
//! fn seal(package: medsec_crypto::PackageId) -> medsec::SealGrant {
//!     medsec::SealGrant::new(package, todo!(), todo!())
//! }
//! ```
//!
//! ```compile_fail,E0451
//! // Changing recipients without a permit.
//! fn rewrap(header: medsec_crypto::Header) -> medsec::RewrapGrant {
//!     medsec::RewrapGrant { header, kept: todo!(), conclusion: todo!() }
//! }
//! ```
//!
//! ```compile_fail,E0423
//! // Keeping a package's key beyond its session: nobody but the Custodian reaches into what is kept.
//! let handle = medsec::KeyHandle(todo!());
//! ```
//!
//! ```compile_fail,E0624
//! // Taking the key that packages are signed with out of its session.
//! fn taken(signer: &medsec::Signer) -> Option<std::sync::Arc<medsec_crypto::SigningKey>> {
//!     signer.lend()
//! }
//! ```
//!
//! ```compile_fail,E0423
//! // Handing on without a permit.
//! let export = medsec::ExportGrant(todo!());
//! ```
//!
//! ```compile_fail,E0624
//! // Giving an output its name without its record.
//! fn release(file: medsec_crypto::PendingFile) -> medsec::Release {
//!     medsec::Release::new(file, 0, todo!())
//! }
//! ```

use medsec_audit::{Appended, Event, RequestId};
use medsec_policy::{DecideError, Decider, Decision, Request};

use crate::journal::{JournalError, Recorded, Recorder};

/// One thing that was permitted, once.
#[derive(Debug)]
#[must_use = "it permits something that has not been done"]
pub struct Permit {
    // INVARIANT: it permits.
    decision: Decision,
}

/// One durable record that something is about to happen.
#[derive(Debug)]
#[must_use = "it stands for a record of something that has not been done"]
pub struct Receipt {
    request: RequestId,
    recorded: Recorded,
}

/// Both: what was permitted is on record. Only with one of these does this crate ask for a data key.
#[derive(Debug)]
pub struct Admission {
    permit: Permit,
    receipt: Receipt,
}

/// What the policy said.
#[derive(Debug)]
pub(crate) enum Verdict {
    Permitted(Permit),
    Denied(Decision),
}

/// Asks the policy.
pub(crate) fn decide(decider: &dyn Decider, request: &Request<'_>) -> Result<Verdict, DecideError> {
    let decision = decider.decide(request)?;
    Ok(match decision.is_permit() {
        true => Verdict::Permitted(Permit { decision }),
        false => Verdict::Denied(decision),
    })
}

/// What is about to happen.
pub(crate) struct Intent {
    pub(crate) request: RequestId,
    /// What is recorded of it: the intent last.
    pub(crate) events: Vec<Event>,
    /// What is recorded behind it if the request is given up before its receipt is taken.
    pub(crate) given_up: Event,
}

/// Records intents, all of them or none, and gives a receipt for each.
pub(crate) async fn announce(
    recorder: &Recorder,
    intents: Vec<Intent>,
) -> Result<Vec<Receipt>, JournalError> {
    let (mut events, mut ends, mut announced) = (Vec::new(), Vec::new(), Vec::new());
    for Intent { request, events: own, given_up } in intents {
        announced.push((request, own.len()));
        events.extend(own);
        ends.push(given_up);
    }
    let mut recorded = recorder.announce(events, ends).await?.into_iter();
    let mut last = |len: usize| recorded.by_ref().take(len).last();
    let receipts = announced.into_iter().map(|(request, len)| {
        let recorded = last(len).ok_or(JournalError::Stopped)?;
        Ok(Receipt { request, recorded })
    });
    receipts.collect()
}

impl Permit {
    /// What was decided.
    #[must_use]
    pub const fn decision(&self) -> &Decision {
        &self.decision
    }
}

impl Receipt {
    /// What the intent and its outcome share.
    #[must_use]
    pub const fn request(&self) -> RequestId {
        self.request
    }

    /// Which record it is.
    #[must_use]
    pub const fn recorded(&self) -> Recorded {
        self.recorded
    }
}

impl Admission {
    pub(crate) const fn new(permit: Permit, receipt: Receipt) -> Self {
        Self { permit, receipt }
    }

    /// What was permitted.
    pub const fn permit(&self) -> &Permit {
        &self.permit
    }

    /// What was recorded.
    pub const fn receipt(&self) -> &Receipt {
        &self.receipt
    }
}

impl From<Appended> for Recorded {
    fn from(appended: Appended) -> Self {
        Self { seq: appended.seq(), leaf: *appended.leaf() }
    }
}

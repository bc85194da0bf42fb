//! Emergencies that another system keeps, such as the one that pages the resuscitation team. It says which are open and
//! what they cover; the policy says who may open what under one; and the log tells of each use.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use medsec::{Custodian, Emergencies, Parts};
use medsec_audit::Patient;
use medsec_examples::clinic::{Clinic, DATASET, Failed, read};
use medsec_policy::{DatasetId, EmergencyId, PrincipalId, Purpose};

/// Who was paged, for which data set, and until when.
#[derive(Debug, Default)]
struct Pager {
    calls: Mutex<Vec<(PrincipalId, DatasetId, SystemTime, EmergencyId)>>,
}

impl Emergencies for Pager {
    fn covering(
        &self,
        principal: &PrincipalId,
        dataset: Option<&DatasetId>,
        _patient: Option<&Patient>,
        now: SystemTime,
    ) -> Option<EmergencyId> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let mut calls = calls.iter();
        let covers =
            |(who, what, until, _): &&(PrincipalId, DatasetId, SystemTime, EmergencyId)| {
                who == principal && Some(what) == dataset && now < *until
            };
        calls.find(covers).map(|(.., id)| *id)
    }
}

fn main() -> Result<(), Failed> {
    let clinic = Clinic::found()?;
    let pager = Arc::new(Pager::default());
    let parts = Parts { emergencies: Arc::clone(&pager) as _, ..clinic.parts.clone() };
    let custodian = Custodian::new(parts)?;
    let login = clinic.ada()?;
    let package = clinic.seal(&custodian, &login, b"allergic to penicillin")?;
    match read(&custodian, &login, &package, Purpose::BreakTheGlass) {
        Err(refused) => println!("without an emergency: {refused}"),
        Ok(_) => return Err("opened".into()),
    }
    let until = SystemTime::now().checked_add(Duration::from_secs(600)).ok_or("no such time")?;
    let call =
        (PrincipalId::new("ada")?, DatasetId::new(DATASET)?, until, EmergencyId::generate()?);
    pager.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    println!("paged: {} bytes", read(&custodian, &login, &package, Purpose::BreakTheGlass)?);
    let used = clinic.told()?.into_iter().find(|told| told.starts_with("emergency"));
    println!("on record: {}", used.ok_or("nothing")?);
    Ok(())
}

//! A policy of one's own before the one that is there: during a stock-taking nothing is handed out, whatever the rules
//! permit. A decider can only be asked; what it answers is recorded and enforced by the Custodian.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use medsec::{Custodian, Parts};
use medsec_examples::clinic::{Clinic, Failed, read};
use medsec_policy::{
    DecideError, Decider, Decision, Effect, PolicyHash, Purpose, Refusal, Request, RuleName,
};

/// Denies while stock is taken, and else answers as the other.
#[derive(Debug)]
struct StockTaking {
    rules: Arc<dyn Decider>,
    name: RuleName,
    under_way: AtomicBool,
}

impl Decider for StockTaking {
    fn decide(&self, request: &Request<'_>) -> Result<Decision, DecideError> {
        let mut decision = self.rules.decide(request)?;
        if self.under_way.load(Ordering::SeqCst) {
            decision.effect = Effect::Deny(Refusal::Forbidden);
            decision.rules = vec![self.name.clone()];
        }
        Ok(decision)
    }

    fn policy(&self) -> PolicyHash {
        self.rules.policy()
    }
}

fn main() -> Result<(), Failed> {
    let clinic = Clinic::found()?;
    let decider = Arc::new(StockTaking {
        rules: Arc::clone(&clinic.parts.policy.decider),
        name: RuleName::new("stock-taking")?,
        under_way: AtomicBool::new(false),
    });
    let mut policy = clinic.parts.policy.clone();
    policy.decider = Arc::clone(&decider) as Arc<dyn Decider>;
    let custodian = Custodian::new(Parts { policy, ..clinic.parts.clone() })?;
    let login = clinic.ada()?;
    let package = clinic.seal(&custodian, &login, b"no abnormality detected")?;
    println!("opened: {} bytes", read(&custodian, &login, &package, Purpose::Treatment)?);
    decider.under_way.store(true, Ordering::SeqCst);
    match read(&custodian, &login, &package, Purpose::Treatment) {
        Err(refused) => println!("while stock is taken: {refused}"),
        Ok(_) => return Err("opened".into()),
    }
    println!("on record: {}", clinic.told()?.last().ok_or("nothing")?);
    Ok(())
}

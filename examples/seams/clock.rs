//! A clock of one's own, such as one that is disciplined by a time server. The Custodian asks for two times: what the
//! wall clock shows, and how long the machine has been up; when the first falls behind the second, nothing opens.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use medsec::{Custodian, Parts};
use medsec_examples::clinic::{Clinic, Failed, read};
use medsec_policy::{Clock, ClockError, Moment, Purpose, SystemClock};

/// The machine's clock, as far behind as somebody has set it.
#[derive(Debug, Default)]
struct Behind {
    seconds: AtomicU64,
}

impl Clock for Behind {
    fn wall(&self) -> SystemTime {
        let behind = Duration::from_secs(self.seconds.load(Ordering::SeqCst));
        SystemClock.wall().checked_sub(behind).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    fn boot(&self) -> Result<Moment, ClockError> {
        SystemClock.boot()
    }
}

fn main() -> Result<(), Failed> {
    let clinic = Clinic::found()?;
    let clock = Arc::new(Behind::default());
    let parts = Parts { clock: Arc::clone(&clock) as _, ..clinic.parts.clone() };
    let custodian = Custodian::new(parts)?;
    let login = clinic.ada()?;
    let package = clinic.seal(&custodian, &login, b"no abnormality detected")?;
    println!("opened: {} bytes", read(&custodian, &login, &package, Purpose::Treatment)?);
    clock.seconds.store(3_600, Ordering::SeqCst);
    match read(&custodian, &login, &package, Purpose::Treatment) {
        Err(refused) => println!("set back by an hour: {refused}"),
        Ok(_) => return Err("opened".into()),
    }
    clock.seconds.store(0, Ordering::SeqCst);
    println!("set right: {} bytes", read(&custodian, &login, &package, Purpose::Treatment)?);
    Ok(())
}

//! Nothing is opened, sealed or rewrapped without a home, a decision of its policy and a record in its audit log.

mod administration;
mod attempts;
mod clear;
mod log;
mod partner;
mod policy;
mod reading;
mod records;
mod refusals;
mod seen;

use crate::ward::{SCAN, Ward};

/// A home with the package `scan.msp` under the key `default`.
fn sealed() -> Ward {
    let ward = Ward::with_home();
    ward.line(&format!("seal {SCAN} --key default -o scan.msp")).ok();
    ward
}

/// As [`sealed`], with ann as a user of the key store who was granted the key, of whom the policy knows nothing.
fn with_ann(ward: Ward) -> Ward {
    ward.line("user keys ann --no-passphrase").ok();
    ward.line(&format!(
        "user add ann --recipient {ANN}.identity --signer {ANN}.signer --grant default"
    ))
    .ok();
    ward
}

/// Where the private keys of ann are.
const ANN: &str = "home/identities/ann";

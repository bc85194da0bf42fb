//! Keys on SoftHSM2, a PKCS#11 token in software.

mod conformance;
mod faults;
mod mechanism;
mod objects;
mod packages;
mod token;

//! Keys on SoftHSM2, a PKCS#11 token in software.

mod conformance;
pub(crate) mod mechanism;
mod objects;
mod packages;
pub(crate) mod token;

//! The attribute macro of medsec-evidence; use it through that crate

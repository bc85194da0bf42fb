//! See `medsec_audit::fuzz::audit_epoch`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_audit::fuzz::audit_epoch(data));

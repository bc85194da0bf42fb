//! See `medsec_audit::fuzz::audit_root`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_audit::fuzz::audit_root(data));

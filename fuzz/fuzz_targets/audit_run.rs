//! See `medsec_audit::fuzz::audit_run`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_audit::fuzz::audit_run(data));

//! See `medsec_audit::fuzz::audit_line`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_audit::fuzz::audit_line(data));

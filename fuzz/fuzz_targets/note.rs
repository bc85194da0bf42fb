//! See `medsec_audit::fuzz::note`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_audit::fuzz::note(data));

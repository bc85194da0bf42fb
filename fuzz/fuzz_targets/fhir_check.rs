//! See `medsec_audit::fuzz::fhir_check`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_audit::fuzz::fhir_check(data));

//! See `medsec_policy::fuzz::policy_certificate`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_policy::fuzz::policy_certificate(data));

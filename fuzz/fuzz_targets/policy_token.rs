//! See `medsec_policy::fuzz::policy_token`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_policy::fuzz::policy_token(data));

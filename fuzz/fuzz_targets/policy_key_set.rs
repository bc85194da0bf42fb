//! See `medsec_policy::fuzz::policy_key_set`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_policy::fuzz::policy_key_set(data));

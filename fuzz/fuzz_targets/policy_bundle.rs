//! See `medsec_policy::fuzz::policy_bundle`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_policy::fuzz::policy_bundle(data));

//! See `medsec_crypto::fuzz::context`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_crypto::fuzz::context(data));

//! See `medsec_crypto::fuzz::backend_differential`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_crypto::fuzz::backend_differential(data));

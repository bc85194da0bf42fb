//! See `medsec_crypto::fuzz::range_open`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_crypto::fuzz::range_open(data));

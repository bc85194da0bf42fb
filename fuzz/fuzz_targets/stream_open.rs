//! See `medsec_crypto::fuzz::stream_open`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_crypto::fuzz::stream_open(data));

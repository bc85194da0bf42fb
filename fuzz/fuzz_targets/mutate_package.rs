//! See `medsec_crypto::fuzz::mutate_package`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_crypto::fuzz::mutate_package(data));

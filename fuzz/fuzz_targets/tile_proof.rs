//! See `medsec_audit::fuzz::tile_proof`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_audit::fuzz::tile_proof(data));

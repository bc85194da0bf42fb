//! See `medsec_cli::fuzz::agent_frame`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_cli::fuzz::agent_frame(data));

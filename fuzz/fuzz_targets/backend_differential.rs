//! See `medsec_crypto::fuzz::backend_differential`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| medsec_crypto::fuzz::backend_differential(data));

/// Without the search for leaks: a worker of a parallel open may still be ending while libFuzzer looks,
/// and what the C library holds for its end then counts as leaked.
#[unsafe(no_mangle)]
extern "C" fn __asan_default_options() -> *const std::ffi::c_char {
    c"detect_leaks=0".as_ptr()
}

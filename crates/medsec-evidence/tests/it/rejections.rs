//! What does not compile, one file each under `tests/ui`, with the message it causes.

#[test]
fn unsound_evidence_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

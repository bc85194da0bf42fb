//! Every example runs and says what it promises.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use std::process::Command;

fn output_of(program: &str) -> String {
    let output = Command::new(program).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn partner_exchange_refuses_the_wrong_patient() {
    let shown = output_of(env!("CARGO_BIN_EXE_partner-exchange"));
    assert!(shown.contains("as another patient's: not authentic"), "{shown}");
}

#[test]
fn own_key_service_opens_what_it_sealed() {
    let shown = output_of(env!("CARGO_BIN_EXE_own-key-service"));
    assert!(shown.contains("opened: 46 bytes"), "{shown}");
}

#[test]
fn range_of_a_signed_package_needs_its_side_car() {
    let shown = output_of(env!("CARGO_BIN_EXE_read-a-range"));
    assert!(shown.contains("without a side-car refused: true"), "{shown}");
    assert!(shown.contains("[0, 32, 0, 0, 0, 32, 0, 1]"), "{shown}");
}

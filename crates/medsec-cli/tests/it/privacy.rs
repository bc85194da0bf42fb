//! Nothing that is printed names a patient. Every run of these tests is checked for that; here are the
//! ones whose own point it is.

use crate::ward::{CONTEXT, OTHER_CONTEXT, SCAN, Ward};

#[test]
fn no_output_names_the_patient() {
    let ward = Ward::with_package();
    ward.write("KOWALSKA_JADWIGA.msp", &ward.read("scan.msp"));
    ward.flip_from_end("KOWALSKA_JADWIGA.msp", 50_000);
    ward.write("KOWALSKA_BAD.ctx", b"patient: KOWALSKA^JADWIGA");
    for flag in ["", "--json"] {
        for line in [
            format!("seal {SCAN} --to KOWALSKA_JADWIGA.pub -o KOWALSKA.msp"),
            format!("seal {SCAN} --to {SCAN} -o KOWALSKA.msp"),
            format!("seal {SCAN} --to own.key --context-file KOWALSKA_BAD.ctx -o KOWALSKA.msp"),
            format!("seal {SCAN} KOWALSKA_JADWIGA_none --to own.key -o KOWALSKA.msp"),
            format!("seal {SCAN} --to own.key --KOWALSKA=JADWIGA -o KOWALSKA.msp"),
            format!("seal {SCAN} --too own.key -o KOWALSKA.msp"),
            format!(
                "open {SCAN} KOWALSKA_JADWIGA.msp --identity own.key --any-signer --context-file {CONTEXT} --out-dir KOWALSKA"
            ),
            format!("open KOWALSKA_JADWIGA.msp --identity {SCAN} --any-signer -o KOWALSKA"),
            format!(
                "open KOWALSKA_JADWIGA.msp --identity own.key --any-signer --context-file {OTHER_CONTEXT} -o KOWALSKA"
            ),
            format!(
                "open KOWALSKA_JADWIGA.msp --identity own.key --any-signer --context-file {CONTEXT} -o {SCAN}"
            ),
            "verify KOWALSKA_JADWIGA.msp --signer KOWALSKA_JADWIGA".to_owned(),
            "inspect KOWALSKA_JADWIGA KOWALSKA".to_owned(),
            "rewrap KOWALSKA_JADWIGA.msp --identity stranger.key --to partner.key".to_owned(),
            "side-car KOWALSKA_JADWIGA.msp -o KOWALSKA_JADWIGA/x".to_owned(),
            "demo KOWALSKA_JADWIGA".to_owned(),
            "KOWALSKA_JADWIGA".to_owned(),
        ] {
            let run = ward.line(&format!("{line} {flag}"));
            assert_ne!(run.code, 0, "{line}");
            assert!(!run.stderr.is_empty() || flag == "--json", "{line}");
        }
    }
}

#[test]
fn successful_runs_name_nobody_either() {
    let ward = Ward::with_package();
    for flag in ["", "--json"] {
        for line in [
            format!("seal {SCAN} --to own.key --context-file {CONTEXT} --out-dir ."),
            "inspect scan.msp".to_owned(),
            "verify scan.msp".to_owned(),
            format!(
                "open scan.msp --identity own.key --any-signer --context-file {CONTEXT} -o KOWALSKA{flag}"
            ),
            format!("demo {SCAN}"),
        ] {
            ward.line(&format!("{line} {flag}")).ok();
        }
    }
}

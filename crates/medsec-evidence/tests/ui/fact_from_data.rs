use medsec_evidence::Ev;

fn names_a_patient(ev: &Ev, patient: &str) {
    ev.holds(&format!("{patient} is admitted"), true);
}

fn main() {
    let _ = names_a_patient;
}

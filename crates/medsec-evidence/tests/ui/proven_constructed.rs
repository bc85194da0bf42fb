use medsec_evidence::Proven;

fn proven_by_hand() -> Proven {
    Proven { serial: 0, checks: Default::default() }
}

fn main() {
    let _ = proven_by_hand();
}

use medsec_evidence::{Ev, Proven};

fn returns_early(ev: Ev) -> Proven {
    if std::env::args().count() > 1 {
        return;
    }
    ev.proven()
}

fn main() {
    let _ = returns_early;
}

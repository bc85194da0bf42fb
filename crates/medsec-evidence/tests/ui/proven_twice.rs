use medsec_evidence::{Ev, Proven};

fn proven_twice(ev: Ev) -> (Proven, Proven) {
    (ev.proven(), ev.proven())
}

fn main() {
    let _ = proven_twice;
}

use medsec_evidence::{Ev, Polarity};

fn main() {
    let _ = Ev::new(0, Polarity::Deny);
}

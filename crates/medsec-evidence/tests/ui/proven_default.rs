use medsec_evidence::Proven;

fn main() {
    let _: Proven = Default::default();
}

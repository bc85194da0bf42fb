use medsec_evidence::evidence;

#[evidence(hipaa2013::"164.312(b)", claim = "a refusal is recorded", polarity = deny)]
fn refusal_is_recorded(ev: Ev) -> Proven {
    ev.denies("x".parse::<u8>(), |_: &std::num::ParseIntError| true);
    ev.proven()
}

fn main() {}

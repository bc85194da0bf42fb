use medsec_evidence::evidence;

#[evidence(hipaa2013::"164.312(b)", claim = "a refusal is recorded", polarity = deny)]
#[rstest]
#[case("x")]
fn refusal_is_recorded(ev: Ev) -> Proven {
    ev.denies("x".parse::<u8>(), |e| !e.to_string().is_empty());
    ev.proven()
}

fn main() {}

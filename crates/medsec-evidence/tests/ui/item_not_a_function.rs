use medsec_evidence::evidence;

#[evidence(hipaa2013::"164.312(b)", claim = "a refusal is recorded", polarity = deny)]
struct Refusal;

fn main() {}

use medsec_evidence::evidence;

#[evidence(hipaa2013::[
    "164.312(a)(1)",
    "164.312(a)(2)(i)",
    "164.312(a)(2)(ii)",
    "164.312(a)(2)(iii)",
    "164.312(a)(2)(iv)",
    "164.312(b)",
    "164.312(c)(1)",
    "164.312(c)(2)",
    "164.312(d)",
], claim = "a refusal is recorded", polarity = deny)]
fn refusal_is_recorded(ev: Ev) -> Proven {
    ev.denies("x".parse::<u8>(), |e| !e.to_string().is_empty());
    ev.proven()
}

fn main() {}

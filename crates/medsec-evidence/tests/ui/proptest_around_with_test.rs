use medsec_evidence::evidence;
use proptest::prelude::*;

proptest! {
    #[evidence(hipaa2013::"164.312(b)", claim = "a refusal is recorded", polarity = deny)]
    #[test]
    fn refusal_is_recorded(number in 0u8..3) {
        let _ = number;
    }
}

fn main() {}

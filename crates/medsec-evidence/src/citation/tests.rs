use proptest::prelude::*;

use super::*;

#[test]
fn parse_refuses_sections_outside_the_subpart() {
    for text in ["", "164", "164.3", "164.300", "164.313(a)", "164.504(e)", "165.312(a)"] {
        assert_eq!(Citation::parse(text), Err(ParseCitationError::UnknownSection), "{text}");
    }
}

#[test]
fn parse_refuses_any_second_spelling() {
    for (text, level) in [
        ("164.312(A)", 1),
        ("164.312 (a)", 1),
        ("164.312(a)(02)", 2),
        ("164.312(a)(0)", 2),
        ("164.312(a)(100)", 2),
        ("164.312(a)(2)(iiii)", 3),
        ("164.312(a)(2)(III)", 3),
        ("164.308(a)(1)(ii)(a)", 4),
        ("164.312(a)(1) ", 3),
        ("164.312(a", 1),
        ("164.312()", 1),
        ("164.312(\u{e9})", 1),
    ] {
        assert_eq!(Citation::parse(text), Err(ParseCitationError::Paragraph { level }), "{text}");
    }
}

#[test]
fn parse_refuses_too_deep_or_long() {
    let deep = "164.306(d)(3)(ii)(B)(1)(i)";
    assert_eq!(Citation::parse(deep), Err(ParseCitationError::TooDeep));
    let long = "164.312".repeat(10);
    assert_eq!(Citation::parse(&long), Err(ParseCitationError::TooLong { len: 70 }));
}

#[test]
fn every_truncation_parses_shorter_or_fails() {
    let whole = "164.306(d)(3)(ii)(B)(1)";
    let citation = Citation::parse(whole).unwrap();
    for end in 0..whole.len() {
        if let Ok(shorter) = Citation::parse(&whole[..end]) {
            assert!(shorter < citation);
            assert_eq!(shorter.to_string(), whole[..end]);
        }
    }
}

#[test]
fn order_follows_the_rule() {
    let sorted = ["164.308(b)(3)", "164.312(a)(2)(iv)", "164.312(a)(2)(ix)", "164.312(b)"];
    let parsed: Vec<_> = sorted.iter().map(|text| Citation::parse(text).unwrap()).collect();
    assert!(parsed.is_sorted());
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "(164\\.3(08|12))?[()a-cA-C0-3ivx]{0,24}|\\PC{0,50}") {
        if let Ok(citation) = Citation::parse(&text) {
            prop_assert_eq!(citation.to_string(), text);
        }
    }

    #[test]
    fn every_citation_survives_its_spelling(
        letter in 1u8..=26, number in 1u8..=99, roman in 1u8..=20, upper in 1u8..=26,
        last in 1u8..=99, depth in 0usize..=LEVELS,
    ) {
        let mut levels = [letter, number, roman, upper, last];
        levels[depth..].fill(0);
        let citation = Citation { section: Section::GeneralRules, levels };
        prop_assert_eq!(citation.to_string().parse(), Ok(citation));
    }
}

use proptest::prelude::*;

use super::*;

const TEXT: &str = "Unconscious, referring physician not reachable";

/// The example of `docs/formats/audit-log.md`, also computed with Python's `hashlib`.
const EXAMPLE: &str = "sha256:08357616407d45838846be7392f3aac48b2bafd862043810237fba84a0d555a9";

fn example_file() -> String {
    format!(
        "medsec audit opening v1\nsalt: AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n\n{TEXT}\n"
    )
}

#[test]
fn opening_rejects_texts_out_of_bounds() {
    let long = "ä".repeat(2049);
    for (bad, error) in [
        ("", OpeningError::Empty),
        (&long, OpeningError::TooLong),
        ("a\0b", OpeningError::ControlCharacter),
        ("a\rb", OpeningError::ControlCharacter),
        ("a\u{1b}[2J", OpeningError::ControlCharacter),
        ("a\u{85}b", OpeningError::ControlCharacter),
    ] {
        assert_eq!(Opening::new(bad).unwrap_err(), error);
    }
    assert!(Opening::new(&long[2..]).is_ok());
}

#[test]
fn opening_file_has_one_form() {
    let file = example_file();
    for end in 0..file.len() {
        assert!(Opening::parse(&file.as_bytes()[..end]).is_err(), "{end}");
    }
    for (from, to) in [
        ("v1", "v2"),
        ("salt:", "Salt:"),
        ("salt: ", "salt:"),
        ("=\n\n", "=\n"),
        ("=\n\n", "\n\n"),
        ("AQE=", "AQF="),
        ("\n", "\r\n"),
    ] {
        assert!(Opening::parse(file.replace(from, to).as_bytes()).is_err(), "{from:?}");
    }
    let long = [file.as_bytes(), &[b'a'; MAX_OPENING_LEN]].concat();
    assert_eq!(Opening::parse(&long).unwrap_err(), OpeningError::TooLong);
}

#[test]
fn commitment_is_not_opened_by_other_text_or_salt() {
    let opening = Opening::new(TEXT).unwrap();
    let commitment = opening.commitment();
    assert!(commitment.is_opened_by(&opening));
    assert!(!commitment.is_opened_by(&Opening::new(TEXT).unwrap()), "another salt");
    let file = opening.render();
    for at in 30..file.len() - 1 {
        let mut other = file.clone();
        other[at] ^= 1;
        let opened = Opening::parse(&other).is_ok_and(|other| commitment.is_opened_by(&other));
        assert!(!opened, "byte {at}");
    }
}

#[test]
fn commitments_to_one_text_have_nothing_in_common() {
    let all: std::collections::HashSet<_> =
        (0..100).map(|_| Opening::new(TEXT).unwrap().commitment()).collect();
    assert_eq!(all.len(), 100);
}

#[test]
fn opening_shows_its_text_on_demand_only() {
    let opening = Opening::new(TEXT).unwrap();
    assert_eq!(format!("{opening:?}"), "Opening(redacted)");
    assert_eq!(opening.expose_text(), TEXT);
}

#[test]
fn commitment_rejects_what_is_no_digest() {
    for bad in ["", TEXT, "sha256:", &EXAMPLE[7..], &EXAMPLE.to_uppercase(), &EXAMPLE[..70]] {
        assert!(bad.parse::<Commitment>().is_err(), "{bad}");
    }
    assert_eq!(EXAMPLE.parse::<Commitment>().unwrap().to_string(), EXAMPLE);
}

#[test]
fn commitment_matches_the_page() {
    let opening = Opening::parse(example_file().as_bytes()).unwrap();
    assert_eq!(opening.commitment().to_string(), EXAMPLE);
    let page = include_str!("../../../../docs/formats/audit-log.md");
    assert_eq!(MAX_OPENING_LEN, 4_173);
    assert!(page.contains(EXAMPLE) && page.contains(&example_file()));
}

proptest! {
    #[test]
    fn every_opening_reads_back(text in "[^\\p{Cc}]{0,64}[\n\t]{0,3}[^\\p{Cc}]{1,64}\n?") {
        let opening = Opening::new(&text).unwrap();
        let read = Opening::parse(&opening.render()).unwrap();
        prop_assert_eq!(read.expose_text(), &text);
        prop_assert_eq!(read.commitment(), opening.commitment());
    }

    #[test]
    fn what_parses_is_rendered_alike(tail in "[ -~\n]{0,80}", salt: [u8; 32]) {
        use base64::Engine as _;
        let salt = base64::engine::general_purpose::STANDARD.encode(salt);
        let file = format!("medsec audit opening v1\nsalt: {salt}\n\n{tail}");
        if let Ok(opening) = Opening::parse(file.as_bytes()) {
            let again = opening.render();
            prop_assert_eq!(again.as_slice(), file.as_bytes());
        }
    }
}

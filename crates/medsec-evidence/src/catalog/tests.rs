use std::collections::BTreeSet;

use super::*;

fn count(of: impl Fn(&Item) -> bool) -> usize {
    Catalog::hipaa2013().items().filter(|item| of(item)).count()
}

#[test]
fn find_refuses_what_is_no_item() {
    let catalog = Catalog::hipaa2013();
    for text in ["164.312(a)", "164.312(a)(2)", "164.312(c)(3)", "164.306(d)(3)", "164.312"] {
        let citation = text.parse().unwrap();
        let unknown = FindItemError::Unknown { citation, edition: Edition::Hipaa2013 };
        assert_eq!(catalog.find(text), Err(unknown));
    }
    let malformed = FindItemError::Citation(ParseCitationError::UnknownSection);
    assert_eq!(catalog.find("automatic logoff"), Err(malformed));
}

#[test]
fn attribute_and_catalog_know_the_same_citations() {
    let attribute = medsec_evidence_macros::hipaa2013_citations!();
    let catalog: Vec<_> =
        Catalog::hipaa2013().items().map(|item| item.citation.to_string()).collect();
    assert_eq!(catalog, attribute);
}

#[test]
fn every_item_is_found_by_its_citation() {
    let catalog = Catalog::hipaa2013();
    let citations: Vec<_> = catalog.items().map(|item| item.citation).collect();
    assert_eq!(citations.len(), 71);
    assert!(citations.is_sorted_by(|a, b| a < b));
    for item in catalog.items() {
        assert_eq!(catalog.find(&item.citation.to_string()), Ok(item));
        assert_eq!(item.oscal_id, item.citation.oscal_id());
    }
}

#[test]
fn oscal_ids_stay_distinct() {
    let ids: BTreeSet<_> = Catalog::hipaa2013().items().map(|item| item.oscal_id).collect();
    assert_eq!(ids.len(), 71);
}

#[test]
fn technical_safeguards_are_the_twelve() {
    use Designation::{Addressable, Required};
    let rows = [
        ("164.312(a)(1)", "Access control", None),
        ("164.312(a)(2)(i)", "Unique user identification", Some(Required)),
        ("164.312(a)(2)(ii)", "Emergency access procedure", Some(Required)),
        ("164.312(a)(2)(iii)", "Automatic logoff", Some(Addressable)),
        ("164.312(a)(2)(iv)", "Encryption and decryption", Some(Addressable)),
        ("164.312(b)", "Audit controls", None),
        ("164.312(c)(1)", "Integrity", None),
        (
            "164.312(c)(2)",
            "Mechanism to authenticate electronic protected health information",
            Some(Addressable),
        ),
        ("164.312(d)", "Person or entity authentication", None),
        ("164.312(e)(1)", "Transmission security", None),
        ("164.312(e)(2)(i)", "Integrity controls", Some(Addressable)),
        ("164.312(e)(2)(ii)", "Encryption", Some(Addressable)),
    ];
    let technical = Catalog::hipaa2013().section(Section::Technical);
    let found: Vec<_> = technical
        .iter()
        .map(|item| (item.citation.to_string(), item.title, item.designation))
        .collect();
    assert_eq!(found, rows.map(|(citation, title, d)| (citation.to_owned(), title, d)));
}

#[test]
fn addressable_items_are_the_rules_own() {
    let addressable: Vec<_> = Catalog::hipaa2013()
        .items()
        .filter(|item| item.designation == Some(Designation::Addressable))
        .map(|item| item.citation.to_string().replace("164.", ""))
        .collect();
    let rule = "308(a)(3)(ii)(A) 308(a)(3)(ii)(B) 308(a)(3)(ii)(C) 308(a)(4)(ii)(B) \
        308(a)(4)(ii)(C) 308(a)(5)(ii)(A) 308(a)(5)(ii)(B) 308(a)(5)(ii)(C) 308(a)(5)(ii)(D) \
        308(a)(7)(ii)(D) 308(a)(7)(ii)(E) 310(a)(2)(i) 310(a)(2)(ii) 310(a)(2)(iii) 310(a)(2)(iv) \
        310(d)(2)(iii) 310(d)(2)(iv) 312(a)(2)(iii) 312(a)(2)(iv) 312(c)(2) 312(e)(2)(i) \
        312(e)(2)(ii)";
    assert_eq!(addressable, rule.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn kinds_and_designations_add_up() {
    assert_eq!(count(|item| item.kind == Kind::Standard), 22);
    assert_eq!(count(|item| item.kind == Kind::StandardContinued), 1);
    assert_eq!(count(|item| item.designation == Some(Designation::Required)), 26);
    assert_eq!(count(|item| item.designation == Some(Designation::Addressable)), 22);
    let specification = |item: &Item| item.kind == Kind::ImplementationSpecification;
    assert_eq!(count(|item| specification(item) != item.designation.is_some()), 0);
}

#[test]
fn every_text_is_a_whole_sentence() {
    for item in Catalog::hipaa2013().items() {
        assert!(!item.title.is_empty());
        // A list item keeps the punctuation the rule gives it.
        assert!(item.text.ends_with(['.', ';']) || item.text.ends_with("; and"), "{item:?}");
        assert!(!item.text.contains("  ") && !item.text.contains(['’', '\n']), "{item:?}");
    }
}

#[test]
fn crosswalk_has_the_published_extent() {
    // NIST's crosswalk has 279 entries for 68 citations, which name 108 controls.
    let items = || Catalog::hipaa2013().items();
    let controls: Vec<_> = items().flat_map(|item| item.sp800_53r5).collect();
    assert_eq!(controls.len(), 279);
    assert_eq!(controls.iter().collect::<BTreeSet<_>>().len(), 108);
    assert_eq!(items().filter(|item| !item.sp800_53r5.is_empty()).count(), 68);
}

#[test]
fn csf_1_1_names_existing_subcategories() {
    let existing = [
        ("ID.AM", 6),
        ("ID.BE", 5),
        ("ID.GV", 4),
        ("ID.RA", 6),
        ("ID.RM", 3),
        ("ID.SC", 5),
        ("PR.AC", 7),
        ("PR.AT", 5),
        ("PR.DS", 8),
        ("PR.IP", 12),
        ("PR.MA", 2),
        ("PR.PT", 5),
        ("DE.AE", 5),
        ("DE.CM", 8),
        ("DE.DP", 5),
        ("RS.RP", 1),
        ("RS.CO", 5),
        ("RS.AN", 5),
        ("RS.MI", 3),
        ("RS.IM", 2),
        ("RC.RP", 1),
        ("RC.IM", 2),
        ("RC.CO", 3),
    ];
    for id in Catalog::hipaa2013().items().flat_map(|item| item.csf_1_1) {
        let (category, number) = id.split_once('-').unwrap();
        let (_, last) = existing.iter().find(|(known, _)| *known == category).unwrap();
        assert!((1..=*last).contains(&number.parse().unwrap()), "{id}");
    }
}

#[test]
fn csf_2_0_covers_technical_items_only() {
    for item in Catalog::hipaa2013().items() {
        let technical = item.citation.section() == Section::Technical;
        assert_eq!(!item.csf_2_0_ours.is_empty(), technical, "{item:?}");
    }
}

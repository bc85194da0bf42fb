//! The citations of the 2013 edition, as the attribute accepts them.
//!
//! INVARIANT: equal to medsec-evidence's catalog, item for item and in its order. A test there compares
//! the two; the list stands here so that compiling the macro needs no more than these strings.

/// Every item of 164.308, 310, 312, 314 and 316.
pub(crate) const HIPAA2013: [&str; 71] = [
    "164.308(a)(1)(i)",
    "164.308(a)(1)(ii)(A)",
    "164.308(a)(1)(ii)(B)",
    "164.308(a)(1)(ii)(C)",
    "164.308(a)(1)(ii)(D)",
    "164.308(a)(2)",
    "164.308(a)(3)(i)",
    "164.308(a)(3)(ii)(A)",
    "164.308(a)(3)(ii)(B)",
    "164.308(a)(3)(ii)(C)",
    "164.308(a)(4)(i)",
    "164.308(a)(4)(ii)(A)",
    "164.308(a)(4)(ii)(B)",
    "164.308(a)(4)(ii)(C)",
    "164.308(a)(5)(i)",
    "164.308(a)(5)(ii)(A)",
    "164.308(a)(5)(ii)(B)",
    "164.308(a)(5)(ii)(C)",
    "164.308(a)(5)(ii)(D)",
    "164.308(a)(6)(i)",
    "164.308(a)(6)(ii)",
    "164.308(a)(7)(i)",
    "164.308(a)(7)(ii)(A)",
    "164.308(a)(7)(ii)(B)",
    "164.308(a)(7)(ii)(C)",
    "164.308(a)(7)(ii)(D)",
    "164.308(a)(7)(ii)(E)",
    "164.308(a)(8)",
    "164.308(b)(1)",
    "164.308(b)(2)",
    "164.308(b)(3)",
    "164.310(a)(1)",
    "164.310(a)(2)(i)",
    "164.310(a)(2)(ii)",
    "164.310(a)(2)(iii)",
    "164.310(a)(2)(iv)",
    "164.310(b)",
    "164.310(c)",
    "164.310(d)(1)",
    "164.310(d)(2)(i)",
    "164.310(d)(2)(ii)",
    "164.310(d)(2)(iii)",
    "164.310(d)(2)(iv)",
    "164.312(a)(1)",
    "164.312(a)(2)(i)",
    "164.312(a)(2)(ii)",
    "164.312(a)(2)(iii)",
    "164.312(a)(2)(iv)",
    "164.312(b)",
    "164.312(c)(1)",
    "164.312(c)(2)",
    "164.312(d)",
    "164.312(e)(1)",
    "164.312(e)(2)(i)",
    "164.312(e)(2)(ii)",
    "164.314(a)(1)",
    "164.314(a)(2)(i)(A)",
    "164.314(a)(2)(i)(B)",
    "164.314(a)(2)(i)(C)",
    "164.314(a)(2)(ii)",
    "164.314(a)(2)(iii)",
    "164.314(b)(1)",
    "164.314(b)(2)(i)",
    "164.314(b)(2)(ii)",
    "164.314(b)(2)(iii)",
    "164.314(b)(2)(iv)",
    "164.316(a)",
    "164.316(b)(1)",
    "164.316(b)(2)(i)",
    "164.316(b)(2)(ii)",
    "164.316(b)(2)(iii)",
];

/// How many citations a message proposes.
const MAX_PROPOSED: usize = 5;

pub(crate) fn is_known(citation: &str) -> bool {
    HIPAA2013.contains(&citation)
}

/// Known citations that the writer of an unknown one may have meant: those below it, else its siblings,
/// else those in its section.
pub(crate) fn proposed_for(unknown: &str) -> Vec<&'static str> {
    let mut start = unknown;
    while start.len() >= "164.312".len() {
        let mut near = HIPAA2013.iter().filter(|known| known.starts_with(start)).peekable();
        if near.peek().is_some() {
            return near.take(MAX_PROPOSED).copied().collect();
        }
        start = start.rfind('(').and_then(|end| start.get(..end)).unwrap_or_default();
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_section_proposes_nothing() {
        assert!(proposed_for("164.502(e)").is_empty());
        assert!(proposed_for("").is_empty());
    }

    #[test]
    fn unknown_citation_proposes_what_lies_below() {
        assert_eq!(proposed_for("164.312(c)"), ["164.312(c)(1)", "164.312(c)(2)"]);
        assert_eq!(proposed_for("164.312(e)(2)(iii)"), ["164.312(e)(2)(i)", "164.312(e)(2)(ii)"]);
    }

    #[test]
    fn every_known_citation_stands_once() {
        let distinct: std::collections::BTreeSet<_> = HIPAA2013.iter().collect();
        assert_eq!(distinct.len(), HIPAA2013.len());
    }
}

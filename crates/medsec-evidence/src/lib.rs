//! Tests as evidence for 45 CFR 164 subpart C: the catalog of the rule and the evidence attribute

//! The crosswalks. Two are NIST's; the one to CSF 2.0 is ours and says so.

use serde_json::{Value, json};

use super::{id, lasting, metadata};
use crate::report::{Report, Row};

/// A crosswalk.
#[derive(Debug)]
pub(super) struct Crosswalk {
    name: &'static str,
    /// NIST's catalog in OSCAL; of CSF 1.1, which has none, its page.
    href: &'static str,
    /// How that catalog spells the id of what our tables name.
    spell: fn(&str) -> String,
    description: &'static str,
    method: &'static str,
    status: &'static str,
    of: fn(&Row) -> &'static [&'static str],
}

pub(super) const SP800_53R5: Crosswalk = Crosswalk {
    name: "NIST SP 800-53r5",
    href: "https://raw.githubusercontent.com/usnistgov/oscal-content/main/nist.gov/SP800-53/rev5/json/NIST_SP-800-53_rev5_catalog.json",
    spell: enhancement,
    description: "As NIST SP 800-66r2 maps the items to controls.",
    method: "human",
    status: "complete",
    of: |row| row.sp800_53r5,
};

pub(super) const CSF_1_1: Crosswalk = Crosswalk {
    name: "NIST CSF 1.1",
    href: "https://www.nist.gov/cyberframework/framework",
    spell: str::to_owned,
    description: "As NIST SP 800-66r2 maps the items to subcategories.",
    method: "human",
    status: "complete",
    of: |row| row.csf_1_1,
};

pub(super) const CSF_2_0: Crosswalk = Crosswalk {
    name: "NIST CSF 2.0",
    href: "https://raw.githubusercontent.com/usnistgov/oscal-content/main/nist.gov/CSF/v2.0/json/NIST_CSF_v2.0_catalog.json",
    spell: str::to_owned,
    description: "Chosen by the makers of this report for 164.312 only; published by nobody else.",
    method: "human",
    status: "draft",
    of: |row| row.csf_2_0_ours,
};

/// `CP-9(1)` is `cp-9.1` in the catalog of SP 800-53.
fn enhancement(control: &str) -> String {
    control.to_lowercase().replace('(', ".").replace(')', "")
}

pub(super) fn document(report: &Report, crosswalk: &Crosswalk) -> Value {
    let name = crosswalk.name;
    let rows = report.rows.iter().filter(|row| !(crosswalk.of)(row).is_empty());
    let map = |row: &Row| {
        let targets: Vec<_> = (crosswalk.of)(row)
            .iter()
            .map(|target| json!({ "type": "control", "id-ref": (crosswalk.spell)(target) }))
            .collect();
        json!({
            "uuid": lasting(report, &format!("map/{name}/{}", row.citation)),
            "relationship": "intersects-with",
            "sources": [{ "type": "control", "id-ref": row.oscal_id }],
            "targets": targets,
        })
    };
    let maps: Vec<_> = rows.map(map).collect();
    json!({ "mapping-collection": {
        "uuid": id(report, &format!("mapping/{name}")),
        "metadata": metadata(report, &format!("45 CFR 164 subpart C to {name}")),
        "provenance": {
            "method": crosswalk.method,
            "matching-rationale": "semantic",
            "status": crosswalk.status,
            "mapping-description": crosswalk.description,
        },
        "mappings": [{
            "uuid": lasting(report, &format!("mapping-of/{name}")),
            "source-resource": { "type": "catalog", "href": "catalog.json" },
            "target-resource": { "type": "catalog", "href": crosswalk.href },
            "maps": maps,
        }],
    } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_spelled_as_their_catalogs_spell_them() {
        assert_eq!((SP800_53R5.spell)("CP-9(1)"), "cp-9.1");
        assert_eq!((CSF_2_0.spell)("GV.OC-01"), "GV.OC-01");
    }
}

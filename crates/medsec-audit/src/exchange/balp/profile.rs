//! The profiles of BALP, and the check of an event against one of them.

use serde_json::Value;

use super::Rule;
use super::profiles::{self, Rules};
use super::report::{ElementPath, Report, Step};
use super::slice::{is, items};
use crate::text::codes;

codes!(
    /// A profile of IHE BALP whose rules are checked.
    Profile, "profile" {
        /// Something was created.
        Create => "IHE.BasicAudit.Create",
        /// Something of a patient was created.
        PatientCreate => "IHE.BasicAudit.PatientCreate",
        /// Something was read.
        Read => "IHE.BasicAudit.Read",
        /// Something of a patient was read.
        PatientRead => "IHE.BasicAudit.PatientRead",
        /// Something was changed.
        Update => "IHE.BasicAudit.Update",
        /// Something of a patient was changed.
        PatientUpdate => "IHE.BasicAudit.PatientUpdate",
        /// Something was deleted.
        Delete => "IHE.BasicAudit.Delete",
        /// Something of a patient was deleted.
        PatientDelete => "IHE.BasicAudit.PatientDelete",
        /// A search.
        Query => "IHE.BasicAudit.Query",
        /// A search for a patient.
        PatientQuery => "IHE.BasicAudit.PatientQuery",
        /// A disclosure, as its source records it.
        DisclosureSource => "IHE.BasicAudit.PrivacyDisclosure.Source",
        /// A disclosure, as its recipient records it.
        DisclosureRecipient => "IHE.BasicAudit.PrivacyDisclosure.Recipient",
    }
);

/// Where BALP's definitions stand.
const DEFINITIONS: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/";

impl Profile {
    /// Its canonical URL.
    #[must_use]
    pub fn url(self) -> String {
        format!("{DEFINITIONS}{self}")
    }
}

/// Checks an event against every profile of BALP that it names.
pub(super) fn check_named(event: &Value, report: &mut Report) {
    let names = event.get("meta").map_or(&[][..], |meta| items(meta, "profile"));
    let mut any = false;
    for (index, name) in names.iter().filter_map(Value::as_str).enumerate() {
        // A version may stand behind the URL.
        let url = name.split('|').next().unwrap_or(name);
        let Some(id) = url.strip_prefix(DEFINITIONS) else { continue };
        any = true;
        match id.parse() {
            // Named twice, it is checked once.
            Ok(profile) if report.profiles().contains(&profile) => {}
            Ok(profile) => check_as(event, profile, report),
            Err(_) => report.add(named(Some(index)), Rule::ProfileNotChecked),
        }
    }
    if !any {
        report.add(named(None), Rule::NoProfile);
    }
}

fn named(index: Option<usize>) -> ElementPath {
    let path = ElementPath::default().below(&[Step::Element("meta"), Step::Element("profile")]);
    index.map_or_else(|| path.clone(), |index| path.below(&[Step::Index(index)]))
}

/// Checks an event against one profile.
pub(super) fn check_as(event: &Value, profile: Profile, report: &mut Report) {
    let rules = profiles::rules(profile);
    report.add_profile(profile);
    rules.check_head(event, report);
    for (list, least, rule) in
        [("agent", 2, Rule::AgentCount), ("entity", rules.min_entities, Rule::EntityCount)]
    {
        if items(event, list).len() < least {
            report.add(element(list), rule);
        }
    }
    rules.agents.iter().for_each(|slice| slice.check(event, "agent", report));
    rules.entities.iter().for_each(|slice| slice.check(event, "entity", report));
}

fn element(name: &'static str) -> ElementPath {
    ElementPath::default().below(&[Step::Element(name)])
}

impl Rules {
    /// Type, subtypes, action and outcome.
    fn check_head(&self, event: &Value, report: &mut Report) {
        if !event.get("type").is_some_and(|kind| is(kind, &self.kind)) {
            report.add(element("type"), Rule::Type);
        }
        let subtypes = items(event, "subtype");
        let fits = |subtype: &Value| self.subtypes.iter().any(|code| is(subtype, code));
        if !subtypes.iter().any(fits) {
            report.add(element("subtype"), Rule::Subtype);
        }
        if subtypes.len() > 1 && !self.more_subtypes {
            report.add(element("subtype"), Rule::SubtypeCount);
        }
        // BALP fixes the code, and leaves open whether there is one.
        match event.get("action").and_then(Value::as_str) {
            None => report.add(element("action"), Rule::ActionMissing),
            Some(action) if action != self.action => report.add(element("action"), Rule::Action),
            Some(_) => {}
        }
        let outcome = event.get("outcome").and_then(Value::as_str);
        if self.success_only && outcome != Some("0") {
            report.add(element("outcome"), Rule::Outcome);
        } else if outcome.is_none() {
            report.add(element("outcome"), Rule::OutcomeMissing);
        }
        if !self.modifier_extension && event.get("modifierExtension").is_some() {
            report.add(element("modifierExtension"), Rule::ModifierExtension);
        }
    }
}

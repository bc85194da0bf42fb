//! The rules, each with a stable name, its weight and where it comes from.

use std::fmt;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "valid or not; anything else is a remark")]
pub enum Severity {
    /// The event does not follow the rule's source.
    Error,
    /// It may be right, and a reviewer should look.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

macro_rules! rules {
    ($($variant:ident $name:literal $severity:ident $section:literal $text:literal;)+) => {
        /// A rule that an event can break. A rule keeps its name for ever; new ones may be added.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = $text] $variant,)+
        }

        impl Rule {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// How much breaking it weighs.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }

            /// Where it comes from: a section of FHIR R4 or of BALP.
            #[must_use]
            pub const fn section(self) -> &'static str {
                match self { $(Self::$variant => $section,)+ }
            }

            /// What is wrong when it is broken.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

rules! {
    ResourceType "resource-type" Error "R4 JSON" "the resource is not an AuditEvent";
    UnknownElement "unknown-element" Error "R4 JSON" "an element that does not exist here";
    WrongType "wrong-type" Error "R4 JSON" "another JSON type than the element has";
    ListExpected "list-expected" Error "R4 JSON" "an element that may repeat is not in a list";
    NotAList "not-a-list" Error "R4 JSON" "an element that does not repeat is in a list";
    Empty "empty" Error "R4 ele-1" "nothing where there must be a value or members";
    Missing "missing" Error "R4 AuditEvent" "an element that must be there is missing";
    Form "form" Error "R4 datatypes" "the value is not of the form of its type";
    RequiredBinding "required-binding" Error "R4 terminologies" "the code is none of its required list";
    ChoiceTwice "choice-twice" Error "R4 formats" "an element of a choice stands there in two types";
    NameAndQuery "name-and-query" Error "R4 sev-1" "an entity has both a name and a query";
    ExtensionValue "extension-value" Error "R4 ext-1" "an extension has a value or extensions, not both";
    Contained "contained" Error "R4 dom-2, dom-4" "a contained resource contains another or has a version";
    ReferenceForm "reference-form" Error "R4 references" "the reference is none to a resource";
    ReferenceTarget "reference-target" Error "R4 references" "the reference is to a kind of resource it may not be to";
    LocalReference "local-reference" Error "R4 ref-1" "the reference is to a contained resource that is not there";
    TooDeep "too-deep" Error "limit" "nested deeper than is looked at";
    Requestors "requestors" Warning "R4 AuditEvent.agent.requestor" "more than one agent is the requestor";
    NoProfile "no-profile" Error "BALP 3:5.7.2" "the event names no profile of BALP";
    ProfileNotChecked "profile-not-checked" Warning "BALP 3:5.7.2" "a profile of BALP whose rules are not checked";
    Type "type" Error "BALP 3:5.7.3, 3:5.7.7" "the type is not that of the profile";
    Subtype "subtype" Error "BALP 3:5.7.3, 3:5.7.7" "no subtype is one of the profile";
    SubtypeCount "subtype-count" Error "BALP 3:5.7.3, 3:5.7.7" "more subtypes than the profile allows";
    Action "action" Error "BALP 3:5.7.3, 3:5.7.7" "the action is not that of the profile";
    ActionMissing "action-missing" Warning "BALP 3:5.7.3, 3:5.7.7" "the action is missing";
    Outcome "outcome" Error "BALP 3:5.7.3" "the profile is of success, and the outcome is not 0";
    OutcomeMissing "outcome-missing" Error "BALP 3:5.7.7" "the outcome is missing";
    ModifierExtension "modifier-extension" Error "BALP 3:5.7.7" "the profile allows no modifier extension";
    AgentCount "agent-count" Error "BALP 3:5.7.3, 3:5.7.7" "fewer than two agents";
    ClientMissing "client-missing" Error "BALP 3:5.7.3" "no agent is the client";
    ServerMissing "server-missing" Error "BALP 3:5.7.3" "no agent is the server";
    DisclosingMissing "disclosing-missing" Error "BALP 3:5.7.7" "no agent is the source of the disclosure";
    ReceivingMissing "receiving-missing" Error "BALP 3:5.7.7" "no agent is the recipient of the disclosure";
    SliceRepeated "repeated" Error "BALP 3:5.7.3, 3:5.7.7" "more of this agent or entity than the profile allows";
    AgentWho "agent-who" Error "BALP 3:5.7.3, 3:5.7.7" "the agent does not say who it is";
    AgentNetwork "agent-network" Error "BALP 3:5.7.3, 3:5.7.7" "the agent does not say where in the network it is";
    AgentNever "agent-never" Error "BALP 3:5.7.3" "the profile does not allow this element on this agent";
    UserRequestor "user-requestor" Error "BALP 3:5.7.3" "the user is not the requestor";
    Observer "observer" Error "BALP 3:5.7.7 val-audit-source" "the agent that reports is not the observer of the source";
    EntityCount "entity-count" Error "BALP 3:5.7.3, 3:5.7.7" "fewer entities than the profile asks for";
    DataMissing "data-missing" Error "BALP 3:5.7.3" "no entity is the resource";
    DataRole "data-role" Error "BALP 3:5.7.3" "the role of the resource is none of report, domain resource or job";
    EntityWhat "entity-what" Error "BALP 3:5.7.3, 3:5.7.7" "the entity does not say what it is";
    EntityNever "entity-never" Error "BALP 3:5.7.3" "the profile does not allow this element on this entity";
    QueryMissing "query-missing" Error "BALP 3:5.7.3" "no entity is the query";
    QueryRole "query-role" Error "BALP 3:5.7.3" "the system object of a query is not in the role of one";
    QueryText "query-text" Error "BALP 3:5.7.3" "the query itself is missing";
    PatientMissing "patient-missing" Error "BALP 3:5.7.3, 3:5.7.7" "no entity is the patient";
    PatientRole "patient-role" Error "BALP 3:5.7.3, 3:5.7.7" "the person is not in the role of the patient";
    PatientReference "patient-reference" Error "BALP 3:5.7.3, 3:5.7.7" "the patient is referred to as another kind of resource";
    TransactionId "transaction-id" Error "BALP 3:5.7.3.1" "the entity of the X-Request-Id has none";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rules_are_different() {
        let mut names: Vec<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Rule::ALL.len());
    }

    #[test]
    fn every_rule_is_on_the_page() {
        let page = include_str!("../../../../../docs/formats/audit-exchange.md");
        for rule in Rule::ALL {
            let row = page.lines().find(|line| line.starts_with(&format!("| `{rule}` |")));
            let row = row.unwrap_or_else(|| panic!("no row of {rule}"));
            assert!(row.contains(rule.section()), "{rule} comes from {}", rule.section());
        }
    }
}

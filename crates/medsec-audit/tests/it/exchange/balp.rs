//! The rules of BALP: events of others that follow them, and one violation a test.

use medsec_audit::balp::{Mode, Profile, Rule, Severity, check};
use serde_json::{Value, json};

use super::elsewhere::{event, patient};

/// A valid event of the profile, changed.
pub(super) fn changed(profile: Profile, change: impl FnOnce(&mut Value)) -> Value {
    let mut event = event(profile);
    change(&mut event);
    event
}

fn remove(object: &mut Value, name: &str) {
    object.as_object_mut().unwrap().remove(name).unwrap();
}

type Change = fn(&mut Value);

macro_rules! violations {
    ($($name:ident: $profile:ident, $rule:ident at $path:literal, $change:expr;)+) => {
        /// Every violation here: what it is of, and how it is made.
        pub(super) const VIOLATIONS: &[(Profile, Change)] = &[$((Profile::$profile, $change)),+];

        $(
            #[test]
            fn $name() {
                named_alone(Profile::$profile, Rule::$rule, $path, $change);
            }
        )+
    };
}

/// The change breaks exactly this rule at this place, whether the profile is named or asked for.
fn named_alone(profile: Profile, rule: Rule, path: &str, change: Change) {
    let event = changed(profile, change);
    for mode in [Mode::Balp, Mode::BalpAs(profile)] {
        let report = check(&event, mode);
        let found: Vec<_> = report
            .findings()
            .iter()
            .map(|finding| (finding.rule(), finding.path().to_string()))
            .collect();
        assert_eq!(found, [(rule, path.to_owned())], "{mode:?}");
        assert_eq!(report.is_valid(), rule.severity() != Severity::Error);
        assert_eq!(report.profiles(), [profile]);
    }
    assert!(check(&event, Mode::Base).findings().is_empty(), "FHIR alone has something against it");
}

violations! {
    type_other_than_rest_is_named: Read, Type at "AuditEvent.type", |event| {
        event["type"] = json!({ "system": "http://dicom.nema.org/resources/ontology/DCM", "code": "110112" });
    };
    subtype_of_another_interaction_is_named: PatientRead, Subtype at "AuditEvent.subtype", |event| {
        event["subtype"][1]["code"] = json!("search");
    };
    subtype_of_another_system_is_named: Create, Subtype at "AuditEvent.subtype", |event| {
        event["subtype"][1]["system"] = json!("https://elsewhere.example");
    };
    second_subtype_of_a_delete_is_named: Delete, SubtypeCount at "AuditEvent.subtype", |event| {
        event["subtype"].as_array_mut().unwrap().push(json!({ "code": "x" }));
    };
    action_of_another_profile_is_named: Update, Action at "AuditEvent.action", |event| {
        event["action"] = json!("R");
    };
    missing_action_is_a_warning: Update, ActionMissing at "AuditEvent.action", |event| {
        remove(event, "action");
    };
    failure_under_a_profile_of_success_is_named: PatientRead, Outcome at "AuditEvent.outcome", |event| {
        event["outcome"] = json!("8");
    };
    missing_outcome_is_named: Read, Outcome at "AuditEvent.outcome", |event| remove(event, "outcome");
    missing_outcome_of_a_disclosure_is_named: DisclosureSource, OutcomeMissing at "AuditEvent.outcome", |event| {
        remove(event, "outcome");
    };
    modifier_extension_of_a_disclosure_is_named: DisclosureRecipient, ModifierExtension at "AuditEvent.modifierExtension", |event| {
        event["modifierExtension"] = json!([{ "url": "https://elsewhere.example/m", "valueBoolean": true }]);
    };
    client_in_no_role_is_named: PatientRead, ClientMissing at "AuditEvent.agent", |event| {
        event["agent"][0]["type"]["coding"][0]["code"] = json!("110150");
    };
    server_without_a_type_is_named: Query, ServerMissing at "AuditEvent.agent", |event| {
        remove(&mut event["agent"][1], "type");
    };
    second_server_is_named: Read, SliceRepeated at "AuditEvent.agent[3]", |event| {
        let second = event["agent"][1].clone();
        event["agent"].as_array_mut().unwrap().push(second);
    };
    client_that_is_nobody_is_named: PatientCreate, AgentWho at "AuditEvent.agent[0].who", |event| {
        remove(&mut event["agent"][0], "who");
    };
    server_without_network_is_named: PatientUpdate, AgentNetwork at "AuditEvent.agent[1].network", |event| {
        remove(&mut event["agent"][1], "network");
    };
    user_in_a_network_is_named: PatientRead, AgentNever at "AuditEvent.agent[2].network", |event| {
        event["agent"][2]["network"] = json!({ "address": "10.0.0.1", "type": "2" });
    };
    user_who_does_not_request_is_named: PatientRead, UserRequestor at "AuditEvent.agent[2].requestor", |event| {
        event["agent"][2]["requestor"] = json!(false);
    };
    client_of_a_delete_with_a_name_is_named: Delete, AgentNever at "AuditEvent.agent[0].name", |event| {
        event["agent"][0]["name"] = json!("gateway");
    };
    source_of_a_disclosure_is_its_observer: DisclosureSource, Observer at "AuditEvent.agent[0].who", |event| {
        event["source"]["observer"] = json!({ "reference": "Device/other" });
    };
    recipient_of_a_disclosure_is_named_if_missing: DisclosureSource, ReceivingMissing at "AuditEvent.agent", |event| {
        event["agent"][1]["type"]["coding"][0]["code"] = json!("110150");
    };
    source_of_a_disclosure_is_named_if_missing: DisclosureRecipient, DisclosingMissing at "AuditEvent.agent", |event| {
        event["agent"][0]["type"]["coding"][0]["code"] = json!("110150");
    };
    missing_resource_is_named: PatientRead, DataMissing at "AuditEvent.entity", |event| {
        event["entity"][1]["type"]["code"] = json!("4");
    };
    second_system_object_is_named: Create, SliceRepeated at "AuditEvent.entity[2]", |event| {
        let second = event["entity"][1].clone();
        event["entity"].as_array_mut().unwrap().push(second);
    };
    resource_in_another_role_is_named: PatientUpdate, DataRole at "AuditEvent.entity[1].role", |event| {
        event["entity"][1]["role"]["code"] = json!("24");
    };
    resource_that_is_nothing_is_named: Read, EntityWhat at "AuditEvent.entity[1].what", |event| {
        remove(&mut event["entity"][1], "what");
    };
    missing_patient_is_named: PatientQuery, PatientMissing at "AuditEvent.entity", |event| {
        event["entity"].as_array_mut().unwrap().pop();
    };
    second_patient_is_named: PatientRead, SliceRepeated at "AuditEvent.entity[3]", |event| {
        event["entity"].as_array_mut().unwrap().push(patient());
    };
    person_in_another_role_is_named: PatientRead, PatientRole at "AuditEvent.entity[2].role", |event| {
        event["entity"][2]["role"]["code"] = json!("6");
    };
    patient_that_is_another_resource_is_named: PatientRead, PatientReference at "AuditEvent.entity[2].what", |event| {
        event["entity"][2]["what"] = json!({ "reference": "Practitioner/7" });
    };
    patient_that_is_said_to_be_a_group_is_named: PatientCreate, PatientReference at "AuditEvent.entity[2].what", |event| {
        event["entity"][2]["what"] = json!({ "type": "Group", "identifier": { "value": "7" } });
    };
    request_without_an_id_is_named: Read, TransactionId at "AuditEvent.entity[0].what", |event| {
        event["entity"][0]["what"] = json!({ "reference": "Bundle/1" });
    };
    query_without_its_text_is_named: PatientQuery, QueryText at "AuditEvent.entity[1].query", |event| {
        remove(&mut event["entity"][1], "query");
    };
    query_that_is_a_resource_is_named: Query, EntityNever at "AuditEvent.entity[1].what", |event| {
        event["entity"][1]["what"] = json!({ "reference": "Bundle/1" });
    };
    query_in_another_role_is_named: Query, QueryRole at "AuditEvent.entity[1].role", |event| {
        event["entity"][1]["role"]["code"] = json!("4");
    };
    missing_query_is_named: Query, QueryMissing at "AuditEvent.entity", |event| {
        event["entity"][1]["type"]["code"] = json!("4");
    };
    deleted_resource_with_a_name_is_named: PatientDelete, EntityNever at "AuditEvent.entity[1].name", |event| {
        event["entity"][1]["name"] = json!("report");
    };
}

#[test]
fn too_few_agents_and_entities_are_named() {
    let few = changed(Profile::PatientRead, |event| {
        event["agent"].as_array_mut().unwrap().truncate(1);
        event["entity"].as_array_mut().unwrap().truncate(1);
    });
    let report = check(&few, Mode::Balp);
    let found: Vec<_> = report.findings().iter().map(|finding| finding.rule()).collect();
    let wanted = [
        Rule::AgentCount,
        Rule::EntityCount,
        Rule::ServerMissing,
        Rule::DataMissing,
        Rule::PatientMissing,
    ];
    assert_eq!(found, wanted);
}

#[test]
fn event_without_a_profile_of_balp_is_named() {
    for profiles in [json!(["https://elsewhere.example/StructureDefinition/x"]), json!(["x"])] {
        let event = changed(Profile::Read, |event| event["meta"]["profile"] = profiles);
        let report = check(&event, Mode::Balp);
        assert_eq!(report.findings()[0].rule(), Rule::NoProfile);
        assert!(!report.is_valid() && report.profiles().is_empty());
        assert!(check(&event, Mode::BalpAs(Profile::Read)).findings().is_empty());
    }
}

#[test]
fn profile_that_is_not_checked_is_a_warning() {
    let url = Profile::Read.url().replace("Read", "SAMLaccessTokenUse.Minimal");
    let event = changed(Profile::Read, |event| {
        event["meta"]["profile"].as_array_mut().unwrap().push(json!(url));
    });
    let report = check(&event, Mode::Balp);
    assert_eq!(report.findings().len(), 1);
    assert_eq!(report.findings()[0].rule(), Rule::ProfileNotChecked);
    assert_eq!(report.findings()[0].path().to_string(), "AuditEvent.meta.profile[1]");
    assert!(report.is_valid());
}

#[test]
fn events_of_every_profile_pass() {
    for profile in Profile::ALL {
        let event = event(*profile);
        for mode in [Mode::Base, Mode::Balp, Mode::BalpAs(*profile)] {
            let report = check(&event, mode);
            assert!(report.findings().is_empty(), "{profile}: {:?}", report.findings());
        }
    }
}

#[test]
fn version_behind_a_profile_does_not_hide_it() {
    let versioned = json!([format!("{}|1.1.3", Profile::Read.url())]);
    let event = changed(Profile::Read, |event| event["meta"]["profile"] = versioned);
    assert_eq!(check(&event, Mode::Balp).profiles(), [Profile::Read]);
}

#[test]
fn every_profile_that_is_named_is_checked() {
    let event = changed(Profile::PatientRead, |event| {
        event["meta"]["profile"] = json!([Profile::Read.url(), Profile::PatientCreate.url()]);
    });
    let report = check(&event, Mode::Balp);
    assert_eq!(report.profiles(), [Profile::Read, Profile::PatientCreate]);
    let rules: Vec<_> = report.findings().iter().map(|finding| finding.rule()).collect();
    assert_eq!(rules, [Rule::Subtype, Rule::Action]);
}

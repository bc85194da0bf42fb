//! What the profiles of BALP ask for, after its version 1.1.3.

use super::super::code::{self as c, Code};
use super::slice::{More, Slice};
use super::{Profile, Rule};

/// The rules of one profile.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) kind: Code,
    /// One of these must be there.
    pub(super) subtypes: &'static [Code],
    /// Whether there may be others besides.
    pub(super) more_subtypes: bool,
    pub(super) action: &'static str,
    pub(super) success_only: bool,
    pub(super) modifier_extension: bool,
    pub(super) agents: &'static [&'static Slice],
    pub(super) entities: &'static [&'static Slice],
    pub(super) min_entities: usize,
}

const WHO: (&str, Rule) = ("who", Rule::AgentWho);
const NETWORK: (&str, Rule) = ("network", Rule::AgentNetwork);
const WHAT: (&str, Rule) = ("what", Rule::EntityWhat);

const fn peer(types: &'static [Code], missing: Rule) -> Slice {
    let needs = &[WHO, NETWORK];
    Slice { types, missing: Some(missing), needs, never: &["media"], more: More::Nothing }
}

const fn user(types: &'static [Code]) -> Slice {
    let never = &["media", "network"];
    Slice { types, missing: None, needs: &[WHO], never, more: More::Requestor }
}

/// Client and server of a Delete, which has roles of its own and keeps these two bare.
const fn bare_peer(types: &'static [Code], missing: Rule) -> Slice {
    let never = &["role", "altId", "name", "location", "policy", "media", "purposeOfUse"];
    Slice { never, ..peer(types, missing) }
}

const fn disclosing(types: &'static [Code], missing: Rule, more: More) -> Slice {
    Slice { types, missing: Some(missing), needs: &[WHO, NETWORK], never: &[], more }
}

const AUTHORS: &[Code] = &[c::AUTHOR, c::INFORMANT, c::CUSTODIAN];
const DATA_ROLES: &[Code] = &[c::ROLE_DOMAIN_RESOURCE, c::ROLE_REPORT, c::ROLE_JOB];

static CLIENT_SOURCE: Slice = peer(&[c::SOURCE], Rule::ClientMissing);
static CLIENT_DESTINATION: Slice = peer(&[c::DESTINATION], Rule::ClientMissing);
static CLIENT_BARE: Slice = bare_peer(&[c::APPLICATION], Rule::ClientMissing);
static SERVER_SOURCE: Slice = peer(&[c::SOURCE], Rule::ServerMissing);
static SERVER_DESTINATION: Slice = peer(&[c::DESTINATION], Rule::ServerMissing);
static SERVER_BARE: Slice = bare_peer(&[c::PROVENANCE_CUSTODIAN], Rule::ServerMissing);
static RECIPIENT: Slice = user(&[c::RECIPIENT]);
static AUTHOR: Slice = user(AUTHORS);
static AUTHOR_BARE: Slice =
    Slice { never: &["altId", "location", "policy", "media", "network"], ..user(AUTHORS) };

static DISCLOSING: Slice = disclosing(&[c::SOURCE], Rule::DisclosingMissing, More::Nothing);
static DISCLOSING_OBSERVER: Slice =
    disclosing(&[c::SOURCE], Rule::DisclosingMissing, More::Observer);
static RECEIVING: Slice = disclosing(&[c::DESTINATION], Rule::ReceivingMissing, More::Nothing);
static RECEIVING_OBSERVER: Slice =
    disclosing(&[c::DESTINATION], Rule::ReceivingMissing, More::Observer);

const DATA_SLICE: Slice = Slice {
    types: &[c::SYSTEM_OBJECT],
    missing: Some(Rule::DataMissing),
    needs: &[WHAT],
    never: &[],
    more: More::Role(DATA_ROLES, Rule::DataRole),
};
static DATA: Slice = DATA_SLICE;
static DATA_BARE: Slice = Slice { never: &["lifecycle", "name", "query", "detail"], ..DATA_SLICE };
static QUERY: Slice = Slice {
    types: &[c::SYSTEM_OBJECT],
    missing: Some(Rule::QueryMissing),
    needs: &[("query", Rule::QueryText)],
    never: &["what", "lifecycle", "detail"],
    more: More::Role(&[c::ROLE_QUERY], Rule::QueryRole),
};
const PATIENT_SLICE: Slice = Slice {
    types: &[c::PERSON],
    missing: Some(Rule::PatientMissing),
    needs: &[WHAT],
    never: &[],
    more: More::Patient(c::ROLE_PATIENT),
};
static PATIENT: Slice = PATIENT_SLICE;
static PATIENT_BARE: Slice =
    Slice { never: &["lifecycle", "securityLabel", "name", "query", "detail"], ..PATIENT_SLICE };
const TRANSACTION_SLICE: Slice = Slice {
    types: &[c::REQUEST_ID],
    missing: None,
    needs: &[],
    never: &[],
    more: More::Transaction,
};
static TRANSACTION: Slice = TRANSACTION_SLICE;
static TRANSACTION_BARE: Slice = Slice {
    never: &["lifecycle", "securityLabel", "name", "query", "detail"],
    ..TRANSACTION_SLICE
};

/// What the profiles of one kind of access share.
const REST: Rules = Rules {
    kind: c::REST,
    subtypes: &[c::READ, c::VREAD],
    more_subtypes: true,
    action: "R",
    success_only: true,
    modifier_extension: true,
    agents: &[&CLIENT_DESTINATION, &SERVER_SOURCE, &RECIPIENT],
    entities: &[&TRANSACTION, &DATA],
    min_entities: 1,
};

const WITH_PATIENT: &[&Slice] = &[&TRANSACTION, &DATA, &PATIENT];

static READ: Rules = REST;
static PATIENT_READ: Rules = Rules { entities: WITH_PATIENT, min_entities: 2, ..REST };
const CREATE_RULES: Rules = Rules {
    subtypes: &[c::CREATE],
    action: "C",
    agents: &[&CLIENT_SOURCE, &SERVER_DESTINATION, &AUTHOR],
    ..REST
};
static CREATE: Rules = CREATE_RULES;
static PATIENT_CREATE: Rules = Rules { entities: WITH_PATIENT, min_entities: 2, ..CREATE_RULES };
const UPDATE_RULES: Rules = Rules { subtypes: &[c::UPDATE, c::PATCH], action: "U", ..CREATE_RULES };
static UPDATE: Rules = UPDATE_RULES;
static PATIENT_UPDATE: Rules = Rules { entities: WITH_PATIENT, min_entities: 2, ..UPDATE_RULES };
const QUERY_RULES: Rules = Rules {
    subtypes: &[c::SEARCH, c::SEARCH_TYPE, c::SEARCH_SYSTEM],
    action: "E",
    agents: &[&CLIENT_SOURCE, &SERVER_DESTINATION, &RECIPIENT],
    entities: &[&TRANSACTION, &QUERY],
    ..REST
};
static SEARCH: Rules = QUERY_RULES;
static PATIENT_SEARCH: Rules = Rules { entities: &[&TRANSACTION, &QUERY, &PATIENT], ..QUERY_RULES };
const DELETE_RULES: Rules = Rules {
    subtypes: &[c::DELETE],
    more_subtypes: false,
    action: "D",
    agents: &[&CLIENT_BARE, &SERVER_BARE, &AUTHOR_BARE],
    entities: &[&TRANSACTION_BARE, &DATA_BARE],
    ..REST
};
static DELETE: Rules = DELETE_RULES;
static PATIENT_DELETE: Rules = Rules {
    entities: &[&TRANSACTION_BARE, &DATA_BARE, &PATIENT_BARE],
    min_entities: 2,
    ..DELETE_RULES
};
const DISCLOSURE_RULES: Rules = Rules {
    kind: c::EXPORT,
    subtypes: &[c::DISCLOSE],
    action: "R",
    success_only: false,
    modifier_extension: false,
    agents: &[&DISCLOSING_OBSERVER, &RECEIVING],
    entities: &[&PATIENT],
    min_entities: 2,
    ..REST
};
static DISCLOSURE_SOURCE: Rules = DISCLOSURE_RULES;
static DISCLOSURE_RECIPIENT: Rules = Rules {
    kind: c::IMPORT,
    action: "C",
    agents: &[&DISCLOSING, &RECEIVING_OBSERVER],
    ..DISCLOSURE_RULES
};

pub(super) const fn rules(profile: Profile) -> &'static Rules {
    match profile {
        Profile::Create => &CREATE,
        Profile::PatientCreate => &PATIENT_CREATE,
        Profile::Read => &READ,
        Profile::PatientRead => &PATIENT_READ,
        Profile::Update => &UPDATE,
        Profile::PatientUpdate => &PATIENT_UPDATE,
        Profile::Delete => &DELETE,
        Profile::PatientDelete => &PATIENT_DELETE,
        Profile::Query => &SEARCH,
        Profile::PatientQuery => &PATIENT_SEARCH,
        Profile::DisclosureSource => &DISCLOSURE_SOURCE,
        Profile::DisclosureRecipient => &DISCLOSURE_RECIPIENT,
    }
}

//! Codes of other people's systems, and the few of our own.

/// A code, the system that defines it, and the name it has there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) system: &'static str,
    pub(super) code: &'static str,
    pub(super) display: &'static str,
}

/// The code systems, by the URIs that FHIR has for them.
pub(super) mod system {
    pub(in super::super) const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
    pub(super) const EVENT_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-event-type";
    pub(super) const INTERACTION: &str = "http://hl7.org/fhir/restful-interaction";
    pub(super) const LIFECYCLE: &str = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
    pub(super) const PARTICIPATION: &str =
        "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
    pub(super) const ROLE_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";
    pub(super) const SECURITY_ROLE: &str =
        "http://terminology.hl7.org/CodeSystem/extra-security-role-type";
    pub(super) const PROVENANCE: &str =
        "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
    pub(super) const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
    pub(super) const OBJECT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
    pub(super) const SOURCE_TYPE: &str =
        "http://terminology.hl7.org/CodeSystem/security-source-type";
    pub(super) const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
    pub(super) const BALP_ENTITY: &str =
        "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType";
    /// Our own, the actions of the log's page: the same whoever runs medsec, so that receivers can filter.
    pub(super) const ACTION: &str = "https://github.com/medsec/medsec/audit-action";
}

macro_rules! codes_of {
    ($system:ident: $($name:ident = $code:literal $display:literal;)+) => {
        $(pub(super) const $name: Code =
            Code { system: system::$system, code: $code, display: $display };)+
    };
}

codes_of! { DCM:
    APPLICATION_ACTIVITY = "110100" "Application Activity";
    AUDIT_LOG_USED = "110101" "Audit Log Used";
    EXPORT = "110106" "Export";
    IMPORT = "110107" "Import";
    PATIENT_RECORD = "110110" "Patient Record";
    SECURITY_ALERT = "110113" "Security Alert";
    USER_AUTHENTICATION = "110114" "User Authentication";
    APPLICATION_START = "110120" "Application Start";
    APPLICATION_STOP = "110121" "Application Stop";
    LOGIN = "110122" "Login";
    LOGOUT = "110123" "Logout";
    EMERGENCY_STARTED = "110127" "Emergency Override Started";
    SECURITY_CONFIGURATION = "110129" "Security Configuration";
    RESTRICTED_FUNCTION = "110132" "Use of Restricted Function";
    RECORDING_STOPPED = "110133" "Audit Recording Stopped";
    RECORDING_STARTED = "110134" "Audit Recording Started";
    USER_ATTRIBUTES_CHANGED = "110137" "User Security Attributes Changed";
    EMERGENCY_STOPPED = "110138" "Emergency Override Stopped";
    APPLICATION = "110150" "Application";
    DESTINATION = "110152" "Destination Role ID";
    SOURCE = "110153" "Source Role ID";
}

codes_of! { EVENT_TYPE: REST = "rest" "RESTful Operation"; }

codes_of! { INTERACTION:
    READ = "read" "read";
    VREAD = "vread" "vread";
    CREATE = "create" "create";
    UPDATE = "update" "update";
    PATCH = "patch" "patch";
    DELETE = "delete" "delete";
    SEARCH = "search" "search";
    SEARCH_TYPE = "search-type" "search-type";
    SEARCH_SYSTEM = "search-system" "search-system";
    OPERATION = "operation" "operation";
}

codes_of! { LIFECYCLE: DISCLOSE = "disclose" "Disclose Record Lifecycle Event"; }

codes_of! { PARTICIPATION:
    RECIPIENT = "IRCP" "information recipient";
    AUTHOR = "AUT" "author (originator)";
    INFORMANT = "INF" "informant";
    CUSTODIAN = "CST" "custodian";
}

codes_of! { ROLE_CODE: DELEGATOR = "DELEGATOR" "delegator"; }

codes_of! { SECURITY_ROLE:
    HUMAN_USER = "humanuser" "human user";
    DATA_PROCESSOR = "dataprocessor" "data processor";
}

codes_of! { PROVENANCE: PROVENANCE_CUSTODIAN = "custodian" "Custodian"; }

codes_of! { ENTITY_TYPE:
    PERSON = "1" "Person";
    SYSTEM_OBJECT = "2" "System Object";
    OTHER = "4" "Other";
}

codes_of! { OBJECT_ROLE:
    ROLE_PATIENT = "1" "Patient";
    ROLE_REPORT = "3" "Report";
    ROLE_DOMAIN_RESOURCE = "4" "Domain Resource";
    ROLE_SECURITY_USER = "11" "Security User Entity";
    ROLE_SECURITY_RESOURCE = "13" "Security Resource";
    ROLE_DATA_DESTINATION = "16" "Data Destination";
    ROLE_JOB = "20" "Job";
    ROLE_QUERY = "24" "Query";
}

codes_of! { SOURCE_TYPE: APPLICATION_SERVER = "4" "Application Server"; }

codes_of! { BALP_ENTITY: REQUEST_ID = "XrequestId" "X-Request-Id"; }

/// The action as the line names it.
pub(super) const fn action(action: crate::Action) -> Code {
    Code { system: system::ACTION, code: action.name(), display: action.name() }
}

/// The purpose of use.
pub(super) const fn purpose(purpose: crate::Purpose) -> Code {
    use crate::Purpose as P;
    let display = match purpose {
        P::Treatment => "treatment",
        P::EmergencyTreatment => "Emergency Treatment",
        P::BreakTheGlass => "break the glass",
        P::CareCoordination => "coordination of care",
        P::Payment => "healthcare payment",
        P::Operations => "healthcare operations",
        P::CareManagement => "care management",
        P::QualityImprovement => "health quality improvement",
        P::PatientSafety => "patient safety",
        P::PatientAdministration => "patient administration",
        P::RecordsManagement => "records management",
        P::SystemAdministration => "health system administration",
        P::Compliance => "health compliance",
        P::Legal => "legal",
        P::Training => "training",
        P::TestData => "test health data",
        P::Research => "healthcare research",
        P::PatientRequest => "patient requested",
        P::FamilyRequest => "family requested",
        P::PublicHealth => "public health",
        P::Marketing => "healthcare marketing",
    };
    Code { system: system::ACT_REASON, code: purpose.name(), display }
}

//! Why somebody wants to do something.

use crate::text::codes;

codes!(
    /// Purpose of use: codes of HL7 v3 ActReason, under `PurposeOfUse`.
    Purpose, "purpose of use" {
        /// Treatment.
        Treatment => "TREAT",
        /// Emergency treatment.
        EmergencyTreatment => "ETREAT",
        /// Break the glass: emergency treatment that overrides the rules.
        BreakTheGlass => "BTG",
        /// Coordination of care.
        CareCoordination => "COC",
        /// Payment.
        Payment => "HPAYMT",
        /// Health care operations.
        Operations => "HOPERAT",
        /// Care management.
        CareManagement => "CAREMGT",
        /// Quality improvement.
        QualityImprovement => "HQUALIMP",
        /// Patient safety.
        PatientSafety => "PATSFTY",
        /// Administration of patients.
        PatientAdministration => "PATADMIN",
        /// Management of records.
        RecordsManagement => "RECORDMGT",
        /// Administration of systems.
        SystemAdministration => "HSYSADMIN",
        /// Compliance.
        Compliance => "HCOMPL",
        /// Legal.
        Legal => "HLEGAL",
        /// Training.
        Training => "TRAIN",
        /// Tests with data that is not real.
        TestData => "HTEST",
        /// Research.
        Research => "HRESCH",
        /// Request of the patient.
        PatientRequest => "PATRQT",
        /// Request of the patient's family.
        FamilyRequest => "FAMRQT",
        /// Public health.
        PublicHealth => "PUBHLTH",
        /// Marketing.
        Marketing => "HMARKT",
    }
);

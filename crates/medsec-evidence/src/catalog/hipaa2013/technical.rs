//! 45 CFR 164.312: technical safeguards, 2013 text.

use super::{ADDRESSABLE, REQUIRED, STANDARD, known};
use crate::catalog::Item;

pub(super) static ITEMS: [Item; 12] = [
    Item {
        citation: known("164.312(a)(1)"),
        oscal_id: "hipaa-164.312.a.1",
        title: "Access control",
        text: "Implement technical policies and procedures for electronic information systems that \
               maintain electronic protected health information to allow access only to those \
               persons or software programs that have been granted access rights as specified in § \
               164.308(a)(4).",
        sp800_53r5: &["AC-1", "AC-3", "AC-5", "AC-6"],
        csf_1_1: &[
            "DE.DP-1", "ID.GV-3", "ID.RA-1", "ID.RA-3", "PR.AC-4", "PR.AC-5", "PR.AC-6", "PR.AC-7",
            "PR.DS-1", "PR.DS-5", "PR.MA-2", "PR.PT-2", "PR.PT-3", "PR.PT-4",
        ],
        csf_2_0_ours: &["PR.AA-05"],
        ..STANDARD
    },
    Item {
        citation: known("164.312(a)(2)(i)"),
        oscal_id: "hipaa-164.312.a.2.i",
        title: "Unique user identification",
        text: "Assign a unique name and/or number for identifying and tracking user identity.",
        sp800_53r5: &["AC-2", "AC-3", "IA-2", "IA-3", "IA-4", "IA-8"],
        csf_1_1: &[
            "DE.CM-3", "ID.GV-3", "PR.AC-1", "PR.AC-4", "PR.AC-6", "PR.DS-5", "PR.MA-2", "PR.PT-3",
        ],
        csf_2_0_ours: &["PR.AA-01"],
        ..REQUIRED
    },
    Item {
        citation: known("164.312(a)(2)(ii)"),
        oscal_id: "hipaa-164.312.a.2.ii",
        title: "Emergency access procedure",
        text: "Establish (and implement as needed) procedures for obtaining necessary electronic \
               protected health information during an emergency.",
        sp800_53r5: &["AC-2", "AC-3", "CP-2"],
        csf_1_1: &[
            "DE.DP-1", "ID.BE-4", "ID.BE-5", "ID.GV-3", "PR.AC-1", "PR.AC-4", "PR.AC-7", "PR.DS-4",
            "PR.DS-5", "PR.IP-9", "PR.MA-2", "PR.PT-3", "PR.PT-5", "RS.CO-1", "RS.CO-4", "RS.RP-1",
        ],
        csf_2_0_ours: &["PR.AA-05", "PR.IR-03"],
        ..REQUIRED
    },
    Item {
        citation: known("164.312(a)(2)(iii)"),
        oscal_id: "hipaa-164.312.a.2.iii",
        title: "Automatic logoff",
        text: "Implement electronic procedures that terminate an electronic session after a \
               predetermined time of inactivity.",
        sp800_53r5: &["AC-12"],
        csf_1_1: &["ID.GV-3", "PR.AC-1", "PR.DS-1", "PR.DS-5", "PR.MA-2"],
        csf_2_0_ours: &["PR.AA-05"],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.312(a)(2)(iv)"),
        oscal_id: "hipaa-164.312.a.2.iv",
        title: "Encryption and decryption",
        text: "Implement a mechanism to encrypt and decrypt electronic protected health \
               information.",
        sp800_53r5: &["SC-13"],
        csf_1_1: &["ID.GV-3", "PR.DS-1", "PR.DS-5", "PR.MA-2", "PR.PT-2", "PR.PT-3"],
        csf_2_0_ours: &["PR.DS-01"],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.312(b)"),
        oscal_id: "hipaa-164.312.b",
        title: "Audit controls",
        text: "Implement hardware, software, and/or procedural mechanisms that record and examine \
               activity in information systems that contain or use electronic protected health \
               information.",
        sp800_53r5: &["AU-1", "AU-2", "AU-3", "AU-4", "AU-6", "AU-7", "AU-8"],
        csf_1_1: &[
            "DE.AE-1", "DE.AE-3", "DE.CM-1", "DE.CM-3", "DE.CM-7", "ID.GV-3", "PR.AC-5", "PR.AC-6",
            "PR.DS-1", "PR.DS-6", "PR.MA-2", "PR.PT-1", "PR.PT-2", "PR.PT-4", "RS.AN-1",
        ],
        csf_2_0_ours: &["PR.PS-04"],
        ..STANDARD
    },
    Item {
        citation: known("164.312(c)(1)"),
        oscal_id: "hipaa-164.312.c.1",
        title: "Integrity",
        text: "Implement policies and procedures to protect electronic protected health information \
               from improper alteration or destruction.",
        sp800_53r5: &["CP-9", "MP-2", "MP-5", "SC-8", "SI-1", "SI-7"],
        csf_1_1: &["ID.GV-3", "ID.RA-3", "PR.AC-5", "PR.DS-1", "PR.DS-6", "PR.DS-8"],
        csf_2_0_ours: &["PR.DS-01"],
        ..STANDARD
    },
    Item {
        citation: known("164.312(c)(2)"),
        oscal_id: "hipaa-164.312.c.2",
        title: "Mechanism to authenticate electronic protected health information",
        text: "Implement electronic mechanisms to corroborate that electronic protected health \
               information has not been altered or destroyed in an unauthorized manner.",
        sp800_53r5: &["SC-8", "SI-7"],
        csf_1_1: &["ID.GV-3", "ID.RA-3", "PR.AC-5", "PR.DS-1", "PR.DS-6"],
        csf_2_0_ours: &["PR.DS-01"],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.312(d)"),
        oscal_id: "hipaa-164.312.d",
        title: "Person or entity authentication",
        text: "Implement procedures to verify that a person or entity seeking access to electronic \
               protected health information is the one claimed.",
        sp800_53r5: &["IA-2", "IA-3", "IA-4", "IA-8", "IA-9"],
        csf_1_1: &["DE.CM-3", "ID.GV-3", "PR.AC-1", "PR.AC-6", "PR.AC-7", "PR.DS-1", "PR.MA-2"],
        csf_2_0_ours: &["PR.AA-03"],
        ..STANDARD
    },
    Item {
        citation: known("164.312(e)(1)"),
        oscal_id: "hipaa-164.312.e.1",
        title: "Transmission security",
        text: "Implement technical security measures to guard against unauthorized access to \
               electronic protected health information that is being transmitted over an electronic \
               communications network.",
        sp800_53r5: &["SC-8"],
        csf_1_1: &[
            "DE.CM-3", "ID.GV-3", "ID.RA-3", "PR.AC-3", "PR.AC-5", "PR.DS-2", "PR.DS-5", "PR.MA-2",
            "PR.PT-4",
        ],
        csf_2_0_ours: &["PR.DS-02"],
        ..STANDARD
    },
    Item {
        citation: known("164.312(e)(2)(i)"),
        oscal_id: "hipaa-164.312.e.2.i",
        title: "Integrity controls",
        text: "Implement security measures to ensure that electronically transmitted electronic \
               protected health information is not improperly modified without detection until \
               disposed of.",
        sp800_53r5: &["SC-8", "SI-7"],
        csf_1_1: &[
            "DE.CM-1", "DE.CM-3", "ID.GV-3", "ID.RA-3", "PR.AC-5", "PR.DS-2", "PR.DS-5", "PR.DS-6",
            "PR.MA-2", "PR.PT-4",
        ],
        csf_2_0_ours: &["PR.DS-02"],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.312(e)(2)(ii)"),
        oscal_id: "hipaa-164.312.e.2.ii",
        title: "Encryption",
        text: "Implement a mechanism to encrypt electronic protected health information whenever \
               deemed appropriate.",
        sp800_53r5: &["SC-8", "SC-12", "SC-13"],
        csf_1_1: &[
            "DE.CM-3", "ID.GV-3", "ID.RA-3", "PR.AC-3", "PR.AC-5", "PR.DS-2", "PR.DS-5", "PR.MA-2",
            "PR.PT-4",
        ],
        csf_2_0_ours: &["PR.DS-02"],
        ..ADDRESSABLE
    },
];

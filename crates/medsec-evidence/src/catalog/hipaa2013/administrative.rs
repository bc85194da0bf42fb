//! 45 CFR 164.308: administrative safeguards, 2013 text.

use super::{ADDRESSABLE, CONTINUED, REQUIRED, STANDARD, known};
use crate::catalog::Item;

pub(super) static ITEMS: [Item; 31] = [
    Item {
        citation: known("164.308(a)(1)(i)"),
        oscal_id: "hipaa-164.308.a.1.i",
        title: "Security management process",
        text: "Implement policies and procedures to prevent, detect, contain, and correct security \
               violations.",
        sp800_53r5: &["RA-1"],
        csf_1_1: &[
            "DE.CM-8", "DE.DP-2", "ID.GV-1", "ID.GV-2", "ID.GV-3", "ID.GV-4", "ID.RA-4", "ID.SC-1",
            "ID.SC-2", "PR.IP-2", "PR.IP-12", "RS.AN-1", "RS.AN-5",
        ],
        ..STANDARD
    },
    Item {
        citation: known("164.308(a)(1)(ii)(A)"),
        oscal_id: "hipaa-164.308.a.1.ii.a",
        title: "Risk analysis",
        text: "Conduct an accurate and thorough assessment of the potential risks and \
               vulnerabilities to the confidentiality, integrity, and availability of electronic \
               protected health information held by the covered entity or business associate.",
        sp800_53r5: &["RA-2", "RA-3"],
        csf_1_1: &[
            "ID.AM-1", "ID.AM-2", "ID.AM-3", "ID.BE-1", "ID.BE-2", "ID.GV-3", "ID.GV-4", "ID.RA-1",
            "ID.RA-3", "ID.RA-4", "ID.RA-5", "ID.SC-1", "ID.SC-2", "PR.DS-3", "PR.DS-4",
            "PR.IP-12", "RS.AN-5", "RS.MI-3",
        ],
        ..REQUIRED
    },
    Item {
        citation: known("164.308(a)(1)(ii)(B)"),
        oscal_id: "hipaa-164.308.a.1.ii.b",
        title: "Risk management",
        text: "Implement security measures sufficient to reduce risks and vulnerabilities to a \
               reasonable and appropriate level to comply with § 164.306(a).",
        sp800_53r5: &["PL-2", "RA-2", "RA-3"],
        csf_1_1: &[
            "ID.BE-5", "ID.GV-3", "ID.GV-4", "ID.RA-4", "ID.RA-5", "ID.RA-6", "ID.RM-1", "ID.RM-2",
            "ID.RM-3", "ID.SC-1", "PR.AC-2", "PR.DS-4", "PR.IP-12", "RS.AN-5", "RS.MI-3",
        ],
        ..REQUIRED
    },
    Item {
        citation: known("164.308(a)(1)(ii)(C)"),
        oscal_id: "hipaa-164.308.a.1.ii.c",
        title: "Sanction policy",
        text: "Apply appropriate sanctions against workforce members who fail to comply with the \
               security policies and procedures of the covered entity or business associate.",
        sp800_53r5: &["PS-8"],
        csf_1_1: &["ID.GV-3", "ID.GV-4", "PR.IP-11"],
        ..REQUIRED
    },
    Item {
        citation: known("164.308(a)(1)(ii)(D)"),
        oscal_id: "hipaa-164.308.a.1.ii.d",
        title: "Information system activity review",
        text: "Implement procedures to regularly review records of information system activity, \
               such as audit logs, access reports, and security incident tracking reports.",
        sp800_53r5: &["AU-6", "AU-7", "CA-7", "IR-5", "IR-6", "SI-4"],
        csf_1_1: &[
            "DE.AE-1", "DE.AE-3", "DE.CM-1", "DE.CM-3", "DE.CM-4", "DE.CM-5", "DE.CM-6", "DE.CM-7",
            "ID.GV-3", "ID.GV-4", "ID.RA-3", "ID.RA-5", "ID.SC-4", "PR.DS-1", "PR.DS-5", "PR.DS-6",
            "PR.MA-2", "PR.PT-1", "PR.PT-4", "RS.AN-1",
        ],
        ..REQUIRED
    },
    Item {
        citation: known("164.308(a)(2)"),
        oscal_id: "hipaa-164.308.a.2",
        title: "Assigned security responsibility",
        text: "Identify the security official who is responsible for the development and \
               implementation of the policies and procedures required by this subpart for the \
               covered entity or business associate.",
        sp800_53r5: &["CA-6", "PM-2"],
        csf_1_1: &[
            "DE.DP-1", "ID.AM-6", "ID.GV-2", "ID.GV-3", "ID.SC-1", "PR.AT-2", "PR.AT-4", "PR.AT-5",
            "RS.CO-1",
        ],
        ..STANDARD
    },
    Item {
        citation: known("164.308(a)(3)(i)"),
        oscal_id: "hipaa-164.308.a.3.i",
        title: "Workforce security",
        text: "Implement policies and procedures to ensure that all members of its workforce have \
               appropriate access to electronic protected health information, as provided under \
               paragraph (a)(4) of this section, and to prevent those workforce members who do not \
               have access under paragraph (a)(4) of this section from obtaining access to \
               electronic protected health information.",
        sp800_53r5: &["AC-1", "AC-2", "AC-3", "AC-5", "AC-6"],
        csf_1_1: &[
            "ID.AM-6", "ID.GV-2", "ID.GV-3", "ID.RA-3", "PR.AC-4", "PR.AT-2", "PR.AT-4", "PR.AT-5",
            "PR.DS-5", "PR.IP-11", "PR.PT-2", "PR.PT-3",
        ],
        ..STANDARD
    },
    Item {
        citation: known("164.308(a)(3)(ii)(A)"),
        oscal_id: "hipaa-164.308.a.3.ii.a",
        title: "Authorization and/or supervision",
        text: "Implement procedures for the authorization and/or supervision of workforce members \
               who work with electronic protected health information or in locations where it might \
               be accessed.",
        sp800_53r5: &["AC-1", "AC-2", "AC-3", "AC-4", "MA-5", "MP-2", "PS-1", "PS-6", "PS-7"],
        csf_1_1: &[
            "DE.CM-3", "DE.DP-1", "ID.AM-3", "ID.AM-6", "ID.GV-2", "ID.GV-3", "ID.RA-3", "PR.AC-4",
            "PR.DS-5", "PR.IP-11", "PR.MA-1", "PR.MA-2", "PR.PT-2", "PR.PT-3",
        ],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.308(a)(3)(ii)(B)"),
        oscal_id: "hipaa-164.308.a.3.ii.b",
        title: "Workforce clearance procedure",
        text: "Implement procedures to determine that the access of a workforce member to \
               electronic protected health information is appropriate.",
        sp800_53r5: &["AC-2", "PS-1", "PS-2", "PS-3", "PS-5", "PS-6", "PS-7"],
        csf_1_1: &[
            "DE.DP-1", "ID.AM-6", "ID.GV-2", "ID.GV-3", "ID.RA-3", "PR.AC-1", "PR.AC-4", "PR.DS-5",
            "PR.IP-11", "PR.PT-3",
        ],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.308(a)(3)(ii)(C)"),
        oscal_id: "hipaa-164.308.a.3.ii.c",
        title: "Termination procedures",
        text: "Implement procedures for terminating access to electronic protected health \
               information when the employment of, or other arrangement with, a workforce member \
               ends or as required by determinations made as specified in paragraph (a)(3)(ii)(B) \
               of this section.",
        sp800_53r5: &["PS-1", "PS-4", "PS-5"],
        csf_1_1: &[
            "ID.AM-6", "ID.GV-2", "ID.GV-3", "ID.RA-3", "PR.AC-1", "PR.AC-4", "PR.DS-5",
            "PR.IP-11", "PR.PT-3",
        ],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.308(a)(4)(i)"),
        oscal_id: "hipaa-164.308.a.4.i",
        title: "Information access management",
        text: "Implement policies and procedures for authorizing access to electronic protected \
               health information that are consistent with the applicable requirements of subpart E \
               of this part.",
        sp800_53r5: &["AC-1", "AC-2", "AC-5", "AC-6"],
        csf_1_1: &[
            "DE.DP-1", "ID.AM-6", "ID.GV-2", "ID.GV-3", "ID.RA-3", "PR.AC-1", "PR.AC-3", "PR.AC-4",
            "PR.AC-6", "PR.AC-7", "PR.DS-5", "PR.DS-7", "PR.PT-3",
        ],
        ..STANDARD
    },
    Item {
        citation: known("164.308(a)(4)(ii)(A)"),
        oscal_id: "hipaa-164.308.a.4.ii.a",
        title: "Isolating health care clearinghouse functions",
        text: "If a health care clearinghouse is part of a larger organization, the clearinghouse \
               must implement policies and procedures that protect the electronic protected health \
               information of the clearinghouse from unauthorized access by the larger \
               organization.",
        sp800_53r5: &["AC-5", "AC-6", "CA-3"],
        csf_1_1: &[
            "DE.DP-1", "ID.AM-4", "ID.AM-6", "ID.BE-1", "ID.BE-2", "ID.GV-2", "ID.GV-3", "ID.RA-3",
            "PR.AC-4", "PR.DS-5", "PR.DS-7", "PR.PT-3",
        ],
        ..REQUIRED
    },
    Item {
        citation: known("164.308(a)(4)(ii)(B)"),
        oscal_id: "hipaa-164.308.a.4.ii.b",
        title: "Access authorization",
        text: "Implement policies and procedures for granting access to electronic protected health \
               information, for example, through access to a workstation, transaction, program, \
               process, or other mechanism.",
        sp800_53r5: &["AC-1", "AC-2", "AC-3", "AC-4", "PS-6", "PS-7"],
        csf_1_1: &[
            "DE.DP-1", "ID.AM-6", "ID.BE-1", "ID.BE-2", "ID.GV-2", "ID.GV-3", "ID.RA-3", "PR.AC-1",
            "PR.AC-4", "PR.AC-5", "PR.AC-6", "PR.AC-7", "PR.DS-5", "PR.DS-7", "PR.PT-3",
        ],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.308(a)(4)(ii)(C)"),
        oscal_id: "hipaa-164.308.a.4.ii.c",
        title: "Access establishment and modification",
        text: "Implement policies and procedures that, based upon the covered entity's or the \
               business associate's access authorization policies, establish, document, review, and \
               modify a user's right of access to a workstation, transaction, program, or process.",
        sp800_53r5: &["AC-1", "AC-2"],
        csf_1_1: &[
            "DE.DP-1", "ID.AM-6", "ID.BE-1", "ID.BE-2", "ID.GV-2", "ID.GV-3", "ID.RA-3", "PR.AC-1",
            "PR.AC-4", "PR.AC-6", "PR.AC-7", "PR.DS-5", "PR.DS-7", "PR.PT-3",
        ],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.308(a)(5)(i)"),
        oscal_id: "hipaa-164.308.a.5.i",
        title: "Security awareness and training",
        text: "Implement a security awareness and training program for all members of its workforce \
               (including management).",
        sp800_53r5: &["AT-1", "AT-2", "AT-3", "AT-4"],
        csf_1_1: &["ID.GV-3", "PR.AT-1", "PR.AT-2", "PR.AT-4", "PR.AT-5"],
        ..STANDARD
    },
    Item {
        citation: known("164.308(a)(5)(ii)(A)"),
        oscal_id: "hipaa-164.308.a.5.ii.a",
        title: "Security reminders",
        text: "Periodic security updates.",
        sp800_53r5: &["AT-2", "AT-3"],
        csf_1_1: &["ID.GV-3", "ID.RA-3", "PR.AT-1", "PR.AT-2", "PR.AT-4", "PR.AT-5"],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.308(a)(5)(ii)(B)"),
        oscal_id: "hipaa-164.308.a.5.ii.b",
        title: "Protection from malicious software",
        text: "Procedures for guarding against, detecting, and reporting malicious software.",
        sp800_53r5: &["AT-2", "AT-3"],
        csf_1_1: &[
            "DE.AE-3", "DE.CM-1", "DE.CM-4", "DE.CM-5", "DE.CM-7", "ID.GV-3", "PR.AT-1", "PR.AT-2",
            "PR.AT-4", "PR.AT-5", "RS.AN-1", "RS.CO-2", "RS.CO-3",
        ],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.308(a)(5)(ii)(C)"),
        oscal_id: "hipaa-164.308.a.5.ii.c",
        title: "Log-in monitoring",
        text: "Procedures for monitoring log-in attempts and reporting discrepancies.",
        sp800_53r5: &["AT-3", "AU-6"],
        csf_1_1: &[
            "DE.AE-3", "DE.CM-1", "DE.CM-3", "DE.CM-7", "ID.GV-3", "PR.AT-1", "PR.AT-2", "PR.AT-4",
            "PR.AT-5", "PR.PT-1", "RS.AN-1", "RS.CO-2", "RS.CO-3",
        ],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.308(a)(5)(ii)(D)"),
        oscal_id: "hipaa-164.308.a.5.ii.d",
        title: "Password management",
        text: "Procedures for creating, changing, and safeguarding passwords.",
        sp800_53r5: &["AT-2", "AT-3"],
        csf_1_1: &["ID.GV-3", "PR.AC-7", "PR.AT-1", "PR.AT-2", "PR.AT-4", "PR.AT-5"],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.308(a)(6)(i)"),
        oscal_id: "hipaa-164.308.a.6.i",
        title: "Security incident procedures",
        text: "Implement policies and procedures to address security incidents.",
        sp800_53r5: &["IR-1", "IR-2", "IR-3", "IR-4"],
        csf_1_1: &[
            "DE.AE-2", "DE.AE-5", "ID.GV-3", "ID.RA-4", "PR.IP-9", "RC.CO-1", "RC.CO-2", "RS.AN-3",
            "RS.CO-1", "RS.CO-4", "RS.CO-5",
        ],
        ..STANDARD
    },
    Item {
        citation: known("164.308(a)(6)(ii)"),
        oscal_id: "hipaa-164.308.a.6.ii",
        title: "Response and reporting",
        text: "Identify and respond to suspected or known security incidents; mitigate, to the \
               extent practicable, harmful effects of security incidents that are known to the \
               covered entity or business associate; and document security incidents and their \
               outcomes.",
        sp800_53r5: &["IR-4", "IR-5", "IR-6", "IR-7", "IR-8", "IR-9"],
        csf_1_1: &[
            "DE.AE-3", "DE.AE-4", "DE.DP-4", "ID.BE-5", "ID.GV-3", "ID.RA-4", "ID.RM-3", "PR.IP-8",
            "RC.CO-3", "RS.AN-1", "RS.AN-2", "RS.AN-3", "RS.AN-4", "RS.AN-5", "RS.CO-2", "RS.CO-3",
            "RS.CO-4", "RS.CO-5", "RS.MI-1", "RS.MI-2", "RS.MI-3", "RS.RP-1",
        ],
        ..REQUIRED
    },
    Item {
        citation: known("164.308(a)(7)(i)"),
        oscal_id: "hipaa-164.308.a.7.i",
        title: "Contingency plan",
        text: "Establish (and implement as needed) policies and procedures for responding to an \
               emergency or other occurrence (for example, fire, vandalism, system failure, and \
               natural disaster) that damages systems that contain electronic protected health \
               information.",
        sp800_53r5: &["CP-1", "CP-2"],
        csf_1_1: &[
            "ID.BE-4", "ID.BE-5", "ID.GV-3", "ID.RM-3", "ID.SC-5", "PR.AC-2", "PR.DS-4", "PR.IP-1",
            "PR.IP-5", "PR.IP-9", "PR.PT-5", "RC.RP-1", "RS.CO-4", "RS.RP-1",
        ],
        ..STANDARD
    },
    Item {
        citation: known("164.308(a)(7)(ii)(A)"),
        oscal_id: "hipaa-164.308.a.7.ii.a",
        title: "Data backup plan",
        text: "Establish and implement procedures to create and maintain retrievable exact copies \
               of electronic protected health information.",
        sp800_53r5: &["CP-6", "CP-9", "CP-9(1)"],
        csf_1_1: &[
            "ID.BE-5", "ID.GV-3", "PR.AC-2", "PR.DS-4", "PR.IP-1", "PR.IP-4", "PR.IP-9", "PR.PT-5",
            "RC.RP-1", "RS.CO-1", "RS.CO-4", "RS.RP-1",
        ],
        ..REQUIRED
    },
    Item {
        citation: known("164.308(a)(7)(ii)(B)"),
        oscal_id: "hipaa-164.308.a.7.ii.b",
        title: "Disaster recovery plan",
        text: "Establish (and implement as needed) procedures to restore any loss of data.",
        sp800_53r5: &["CP-2", "CP-6", "CP-7", "CP-8", "CP-9", "CP-10"],
        csf_1_1: &[
            "ID.BE-3", "ID.BE-5", "ID.GV-3", "ID.SC-5", "PR.DS-4", "PR.IP-1", "PR.IP-4", "PR.IP-9",
            "PR.PT-5", "RC.CO-3", "RC.RP-1", "RS.AN-2", "RS.CO-1", "RS.CO-4", "RS.RP-1",
        ],
        ..REQUIRED
    },
    Item {
        citation: known("164.308(a)(7)(ii)(C)"),
        oscal_id: "hipaa-164.308.a.7.ii.c",
        title: "Emergency mode operation plan",
        text: "Establish (and implement as needed) procedures to enable continuation of critical \
               business processes for protection of the security of electronic protected health \
               information while operating in emergency mode.",
        sp800_53r5: &["CP-2", "CP-10"],
        csf_1_1: &[
            "ID.BE-1", "ID.BE-2", "ID.BE-3", "ID.BE-5", "ID.GV-3", "ID.RM-3", "PR.DS-4", "PR.IP-1",
            "PR.IP-5", "PR.IP-9", "PR.PT-5", "RC.CO-3", "RC.RP-1", "RS.AN-2", "RS.CO-1", "RS.CO-4",
            "RS.RP-1",
        ],
        ..REQUIRED
    },
    Item {
        citation: known("164.308(a)(7)(ii)(D)"),
        oscal_id: "hipaa-164.308.a.7.ii.d",
        title: "Testing and revision procedures",
        text: "Implement procedures for periodic testing and revision of contingency plans.",
        sp800_53r5: &["CP-2", "CP-3", "CP-4"],
        csf_1_1: &[
            "ID.BE-3", "ID.BE-5", "ID.GV-3", "ID.RA-5", "ID.SC-5", "PR.DS-4", "PR.IP-1", "PR.IP-4",
            "PR.IP-7", "PR.IP-9", "PR.IP-10", "PR.PT-5", "RC.IM-1", "RC.IM-2", "RC.RP-1",
            "RS.CO-4", "RS.IM-1", "RS.IM-2",
        ],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.308(a)(7)(ii)(E)"),
        oscal_id: "hipaa-164.308.a.7.ii.e",
        title: "Applications and data criticality analysis",
        text: "Assess the relative criticality of specific applications and data in support of \
               other contingency plan components.",
        sp800_53r5: &["CP-2", "CP-2(8)", "RA-2", "RA-2(1)"],
        csf_1_1: &[
            "ID.AM-2", "ID.AM-5", "ID.BE-2", "ID.BE-4", "ID.BE-5", "ID.GV-3", "ID.RA-1", "ID.RA-4",
            "ID.RA-5", "ID.RM-3", "ID.SC-2", "PR.DS-4", "PR.IP-1",
        ],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.308(a)(8)"),
        oscal_id: "hipaa-164.308.a.8",
        title: "Evaluation",
        text: "Perform a periodic technical and nontechnical evaluation, based initially upon the \
               standards implemented under this rule and, subsequently, in response to \
               environmental or operational changes affecting the security of electronic protected \
               health information, that establishes the extent to which a covered entity's or \
               business associate's security policies and procedures meet the requirements of this \
               subpart.",
        sp800_53r5: &["CA-1", "CA-2", "CA-6", "CA-7", "CA-8"],
        csf_1_1: &[
            "DE.AE-3", "DE.CM-1", "DE.CM-8", "DE.DP-2", "DE.DP-5", "ID.AM-3", "ID.BE-1", "ID.BE-2",
            "ID.BE-5", "ID.GV-3", "ID.RA-1", "ID.RA-4", "ID.SC-1", "ID.SC-4", "PR.IP-1", "PR.IP-3",
            "PR.IP-7", "RC.IM-1", "RC.IM-2", "RS.IM-1", "RS.IM-2",
        ],
        ..STANDARD
    },
    Item {
        citation: known("164.308(b)(1)"),
        oscal_id: "hipaa-164.308.b.1",
        title: "Business associate contracts and other arrangements",
        text: "A covered entity may permit a business associate to create, receive, maintain, or \
               transmit electronic protected health information on the covered entity's behalf only \
               if the covered entity obtains satisfactory assurances, in accordance with § \
               164.314(a), that the business associate will appropriately safeguard the \
               information. A covered entity is not required to obtain such satisfactory assurances \
               from a business associate that is a subcontractor.",
        sp800_53r5: &["CA-3", "PS-7", "SA-9"],
        csf_1_1: &[
            "ID.AM-4", "ID.AM-6", "ID.GV-2", "ID.GV-3", "ID.GV-4", "ID.SC-3", "PR.AC-3", "PR.AT-3",
            "PR.DS-1", "PR.DS-2",
        ],
        ..STANDARD
    },
    Item {
        citation: known("164.308(b)(2)"),
        oscal_id: "hipaa-164.308.b.2",
        title: "Business associate contracts and other arrangements: subcontractors",
        text: "A business associate may permit a business associate that is a subcontractor to \
               create, receive, maintain, or transmit electronic protected health information on \
               its behalf only if the business associate obtains satisfactory assurances, in \
               accordance with § 164.314(a), that the subcontractor will appropriately safeguard \
               the information.",
        note: Some(
            "continues the standard of (b)(1); the title is ours, and NIST's crosswalk lists \
               (b)(1) alone",
        ),
        ..CONTINUED
    },
    Item {
        citation: known("164.308(b)(3)"),
        oscal_id: "hipaa-164.308.b.3",
        title: "Written contract or other arrangement",
        text: "Document the satisfactory assurances required by paragraph (b)(1) or (b)(2) of this \
               section through a written contract or other arrangement with the business associate \
               that meets the applicable requirements of § 164.314(a).",
        sp800_53r5: &["CA-3", "SA-4", "SA-9"],
        csf_1_1: &["ID.AM-4", "ID.GV-2", "ID.GV-3", "ID.GV-4", "ID.SC-3", "ID.SC-4", "PR.AT-3"],
        ..REQUIRED
    },
];

//! 45 CFR 164.310: physical safeguards, 2013 text.

use super::{ADDRESSABLE, REQUIRED, STANDARD, known};
use crate::catalog::Item;

pub(super) static ITEMS: [Item; 12] = [
    Item {
        citation: known("164.310(a)(1)"),
        oscal_id: "hipaa-164.310.a.1",
        title: "Facility access controls",
        text: "Implement policies and procedures to limit physical access to its electronic \
               information systems and the facility or facilities in which they are housed, while \
               ensuring that properly authorized access is allowed.",
        sp800_53r5: &["PE-1", "PE-2", "PE-3", "PE-3(1)", "PE-4", "PE-5"],
        csf_1_1: &["DE.CM-7", "ID.GV-3", "ID.RA-1", "ID.RA-3", "PR.AC-2", "PR.AC-5", "PR.IP-5"],
        ..STANDARD
    },
    Item {
        citation: known("164.310(a)(2)(i)"),
        oscal_id: "hipaa-164.310.a.2.i",
        title: "Contingency operations",
        text: "Establish (and implement as needed) procedures that allow facility access in support \
               of restoration of lost data under the disaster recovery plan and emergency mode \
               operations plan in the event of an emergency.",
        sp800_53r5: &["CP-2", "CP-6", "CP-7", "PE-2", "PE-3", "PE-17"],
        csf_1_1: &[
            "ID.BE-1", "ID.BE-2", "ID.BE-3", "ID.BE-4", "ID.BE-5", "ID.GV-3", "ID.RM-3", "ID.SC-5",
            "PR.AC-2", "PR.DS-4", "PR.IP-4", "PR.IP-5", "PR.IP-9", "PR.PT-5", "RC.CO-3", "RC.RP-1",
            "RS.CO-1", "RS.CO-4", "RS.RP-1",
        ],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.310(a)(2)(ii)"),
        oscal_id: "hipaa-164.310.a.2.ii",
        title: "Facility security plan",
        text: "Implement policies and procedures to safeguard the facility and the equipment \
               therein from unauthorized physical access, tampering, and theft.",
        sp800_53r5: &["PE-1", "PL-2"],
        csf_1_1: &["DE.CM-2", "DE.CM-7", "ID.AM-1", "ID.GV-3", "PR.AC-2", "PR.DS-3", "PR.IP-5"],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.310(a)(2)(iii)"),
        oscal_id: "hipaa-164.310.a.2.iii",
        title: "Access control and validation procedures",
        text: "Implement procedures to control and validate a person's access to facilities based \
               on their role or function, including visitor control, and control of access to \
               software programs for testing and revision.",
        sp800_53r5: &["PE-1", "PE-2", "PE-3", "PE-3(1)", "PE-6", "PE-8"],
        csf_1_1: &[
            "DE.CM-2", "DE.CM-7", "DE.DP-1", "ID.GV-3", "ID.RA-3", "PR.AC-2", "PR.AC-4", "PR.DS-3",
            "PR.IP-5", "PR.PT-3",
        ],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.310(a)(2)(iv)"),
        oscal_id: "hipaa-164.310.a.2.iv",
        title: "Maintenance records",
        text: "Implement policies and procedures to document repairs and modifications to the \
               physical components of a facility which are related to security (for example, \
               hardware, walls, doors, and locks).",
        sp800_53r5: &["MA-1", "MA-2", "MA-6"],
        csf_1_1: &["ID.GV-3", "PR.DS-3", "PR.IP-5", "PR.MA-1", "PR.PT-1"],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.310(b)"),
        oscal_id: "hipaa-164.310.b",
        title: "Workstation use",
        text: "Implement policies and procedures that specify the proper functions to be performed, \
               the manner in which those functions are to be performed, and the physical attributes \
               of the surroundings of a specific workstation or class of workstation that can \
               access electronic protected health information.",
        sp800_53r5: &[
            "AC-3", "AC-4", "AC-11", "AC-12", "AC-16", "AC-17", "AC-19", "PE-3", "PE-5", "PL-4",
            "PS-6",
        ],
        csf_1_1: &[
            "DE.CM-7", "ID.GV-3", "PR.AC-2", "PR.AC-3", "PR.AC-4", "PR.AC-5", "PR.DS-5", "PR.IP-5",
            "PR.PT-3",
        ],
        ..STANDARD
    },
    Item {
        citation: known("164.310(c)"),
        oscal_id: "hipaa-164.310.c",
        title: "Workstation security",
        text: "Implement physical safeguards for all workstations that access electronic protected \
               health information, to restrict access to authorized users.",
        sp800_53r5: &["MP-2", "MP-3", "MP-4", "PE-2", "PE-3", "PE-4", "PE-5", "PE-18"],
        csf_1_1: &["DE.CM-7", "ID.GV-3", "PR.AC-2", "PR.DS-5", "PR.DS-8", "PR.IP-5", "PR.PT-3"],
        ..STANDARD
    },
    Item {
        citation: known("164.310(d)(1)"),
        oscal_id: "hipaa-164.310.d.1",
        title: "Device and media controls",
        text: "Implement policies and procedures that govern the receipt and removal of hardware \
               and electronic media that contain electronic protected health information into and \
               out of a facility, and the movement of these items within the facility.",
        sp800_53r5: &["CM-8", "MP-1", "MP-2", "MP-3", "MP-4", "MP-5", "MP-6", "PE-16", "PE-20"],
        csf_1_1: &[
            "DE.CM-7", "ID.AM-1", "ID.AM-3", "ID.GV-3", "PR.AC-2", "PR.DS-1", "PR.DS-3", "PR.IP-5",
            "PR.MA-2", "PR.PT-2",
        ],
        ..STANDARD
    },
    Item {
        citation: known("164.310(d)(2)(i)"),
        oscal_id: "hipaa-164.310.d.2.i",
        title: "Disposal",
        text: "Implement policies and procedures to address the final disposition of electronic \
               protected health information, and/or the hardware or electronic media on which it is \
               stored.",
        sp800_53r5: &["MP-6"],
        csf_1_1: &[
            "ID.AM-1", "ID.AM-3", "ID.GV-3", "PR.DS-1", "PR.DS-3", "PR.IP-5", "PR.IP-6", "PR.PT-2",
        ],
        ..REQUIRED
    },
    Item {
        citation: known("164.310(d)(2)(ii)"),
        oscal_id: "hipaa-164.310.d.2.ii",
        title: "Media re-use",
        text: "Implement procedures for removal of electronic protected health information from \
               electronic media before the media are made available for re-use.",
        sp800_53r5: &["MP-6"],
        csf_1_1: &[
            "ID.AM-1", "ID.AM-3", "ID.GV-3", "PR.DS-1", "PR.DS-3", "PR.IP-5", "PR.IP-6", "PR.MA-2",
            "PR.PT-2",
        ],
        ..REQUIRED
    },
    Item {
        citation: known("164.310(d)(2)(iii)"),
        oscal_id: "hipaa-164.310.d.2.iii",
        title: "Accountability",
        text: "Maintain a record of the movements of hardware and electronic media and any person \
               responsible therefore.",
        sp800_53r5: &["CM-8", "MP-5", "PE-16", "PE-20", "PS-6"],
        csf_1_1: &[
            "DE.AE-3", "DE.CM-7", "ID.AM-1", "ID.AM-3", "ID.GV-3", "PR.AC-2", "PR.DS-1", "PR.DS-3",
            "PR.DS-8", "PR.IP-5", "PR.MA-2", "PR.PT-1", "PR.PT-2",
        ],
        ..ADDRESSABLE
    },
    Item {
        citation: known("164.310(d)(2)(iv)"),
        oscal_id: "hipaa-164.310.d.2.iv",
        title: "Data backup and storage",
        text: "Create a retrievable, exact copy of electronic protected health information, when \
               needed, before movement of equipment.",
        sp800_53r5: &["CP-9", "MP-4"],
        csf_1_1: &[
            "ID.AM-1", "ID.AM-3", "ID.GV-3", "PR.DS-1", "PR.DS-3", "PR.DS-4", "PR.IP-4", "PR.IP-5",
            "PR.PT-2", "PR.PT-5",
        ],
        ..ADDRESSABLE
    },
];

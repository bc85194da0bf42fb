//! 45 CFR 164.316: policies and procedures and documentation requirements, 2013 text.

use super::{REQUIRED, STANDARD, known};
use crate::catalog::Item;

pub(super) static ITEMS: [Item; 5] = [
    Item {
        citation: known("164.316(a)"),
        oscal_id: "hipaa-164.316.a",
        title: "Policies and procedures",
        text: "Implement reasonable and appropriate policies and procedures to comply with the \
               standards, implementation specifications, or other requirements of this subpart, \
               taking into account those factors specified in § 164.306(b)(2)(i), (ii), (iii), and \
               (iv). This standard is not to be construed to permit or excuse an action that \
               violates any other standard, implementation specification, or other requirements of \
               this subpart. A covered entity or business associate may change its policies and \
               procedures at any time, provided that the changes are documented and are implemented \
               in accordance with this subpart.",
        sp800_53r5: &["PL-1", "PL-2", "RA-1", "RA-3"],
        csf_1_1: &[
            "ID.BE-1", "ID.BE-2", "ID.BE-3", "ID.GV-1", "ID.GV-3", "ID.RA-3", "ID.RA-4", "ID.RA-5",
            "ID.SC-1",
        ],
        ..STANDARD
    },
    Item {
        citation: known("164.316(b)(1)"),
        oscal_id: "hipaa-164.316.b.1",
        title: "Documentation",
        text: "(i) Maintain the policies and procedures implemented to comply with this subpart in \
               written (which may be electronic) form; and (ii) If an action, activity or \
               assessment is required by this subpart to be documented, maintain a written (which \
               may be electronic) record of the action, activity, or assessment.",
        sp800_53r5: &["CA-2", "PL-2"],
        csf_1_1: &["ID.BE-1", "ID.BE-2", "ID.BE-3", "ID.GV-1", "ID.GV-3", "ID.RA-3", "ID.SC-1"],
        ..STANDARD
    },
    Item {
        citation: known("164.316(b)(2)(i)"),
        oscal_id: "hipaa-164.316.b.2.i",
        title: "Time limit",
        text: "Retain the documentation required by paragraph (b)(1) of this section for 6 years \
               from the date of its creation or the date when it last was in effect, whichever is \
               later.",
        sp800_53r5: &["SI-12"],
        csf_1_1: &[
            "ID.AM-4", "ID.BE-1", "ID.BE-2", "ID.BE-3", "ID.GV-1", "ID.GV-3", "ID.RA-3", "ID.SC-1",
        ],
        ..REQUIRED
    },
    Item {
        citation: known("164.316(b)(2)(ii)"),
        oscal_id: "hipaa-164.316.b.2.ii",
        title: "Availability",
        text: "Make documentation available to those persons responsible for implementing the \
               procedures to which the documentation pertains.",
        sp800_53r5: &[
            "AC-1", "AT-1", "AU-1", "CA-1", "CM-1", "CP-1", "IA-1", "IR-1", "MA-1", "MP-1", "PE-1",
            "PL-1", "PM-1", "PS-1", "PT-1", "RA-1", "SA-1", "SC-1", "SI-1", "SR-1",
        ],
        csf_1_1: &[
            "ID.AM-4", "ID.BE-1", "ID.BE-2", "ID.BE-3", "ID.GV-1", "ID.GV-3", "ID.RA-3", "ID.SC-1",
        ],
        ..REQUIRED
    },
    Item {
        citation: known("164.316(b)(2)(iii)"),
        oscal_id: "hipaa-164.316.b.2.iii",
        title: "Updates",
        text: "Review documentation periodically, and update as needed, in response to \
               environmental or operational changes affecting the security of the electronic \
               protected health information.",
        sp800_53r5: &[
            "AC-1", "AT-1", "AU-1", "CA-1", "CM-1", "CP-1", "IA-1", "IR-1", "MA-1", "MP-1", "PE-1",
            "PL-1", "PL-2", "PM-1", "PS-1", "PT-1", "RA-1", "SA-1", "SC-1", "SI-1", "SR-1",
        ],
        csf_1_1: &[
            "ID.AM-4", "ID.BE-1", "ID.BE-2", "ID.BE-3", "ID.GV-1", "ID.GV-3", "ID.RA-1", "ID.RA-3",
            "ID.SC-1", "PR.IP-5", "PR.IP-7", "RC.IM-1", "RS.IM-1",
        ],
        ..REQUIRED
    },
];

//! 45 CFR 164.314: organizational requirements, 2013 text.

use super::{REQUIRED, STANDARD, known};
use crate::catalog::Item;

pub(super) static ITEMS: [Item; 11] = [
    Item {
        citation: known("164.314(a)(1)"),
        oscal_id: "hipaa-164.314.a.1",
        title: "Business associate contracts or other arrangements",
        text: "The contract or other arrangement required by § 164.308(b)(3) must meet the \
               requirements of paragraph (a)(2)(i), (a)(2)(ii), or (a)(2)(iii) of this section, as \
               applicable.",
        sp800_53r5: &["PS-6", "PS-7", "SA-4", "SA-9"],
        csf_1_1: &[
            "ID.AM-4", "ID.AM-6", "ID.BE-1", "ID.BE-2", "ID.BE-4", "ID.GV-2", "ID.GV-3", "ID.RA-3",
            "ID.SC-2", "ID.SC-3", "ID.SC-4", "PR.AT-3",
        ],
        ..STANDARD
    },
    Item {
        citation: known("164.314(a)(2)(i)(A)"),
        oscal_id: "hipaa-164.314.a.2.i.a",
        title: "Business associate contracts: comply with this subpart",
        text: "The contract must provide that the business associate will— (A) Comply with the \
               applicable requirements of this subpart;",
        sp800_53r5: &["IR-6", "PS-6", "PS-7", "SA-4", "SA-9"],
        csf_1_1: &[
            "DE.AE-3", "DE.DP-4", "ID.AM-4", "ID.AM-6", "ID.BE-1", "ID.BE-2", "ID.GV-2", "ID.GV-3",
            "ID.RA-3", "ID.RA-6", "ID.SC-2", "ID.SC-3", "ID.SC-4", "PR.AT-3", "RC.CO-3", "RS.CO-2",
            "RS.CO-3",
        ],
        note: Some("the rule gives this paragraph no title of its own; the title is ours"),
        ..REQUIRED
    },
    Item {
        citation: known("164.314(a)(2)(i)(B)"),
        oscal_id: "hipaa-164.314.a.2.i.b",
        title: "Business associate contracts: subcontractors",
        text: "The contract must provide that the business associate will— (B) In accordance with § \
               164.308(b)(2), ensure that any subcontractors that create, receive, maintain, or \
               transmit electronic protected health information on behalf of the business associate \
               agree to comply with the applicable requirements of this subpart by entering into a \
               contract or other arrangement that complies with this section; and",
        note: Some("the rule gives this paragraph no title of its own; the title is ours"),
        ..REQUIRED
    },
    Item {
        citation: known("164.314(a)(2)(i)(C)"),
        oscal_id: "hipaa-164.314.a.2.i.c",
        title: "Business associate contracts: report security incidents and breaches",
        text: "The contract must provide that the business associate will— (C) Report to the \
               covered entity any security incident of which it becomes aware, including breaches \
               of unsecured protected health information as required by § 164.410.",
        note: Some("the rule gives this paragraph no title of its own; the title is ours"),
        ..REQUIRED
    },
    Item {
        citation: known("164.314(a)(2)(ii)"),
        oscal_id: "hipaa-164.314.a.2.ii",
        title: "Other arrangements",
        text: "The covered entity is in compliance with paragraph (a)(1) of this section if it has \
               another arrangement in place that meets the requirements of § 164.504(e)(3).",
        sp800_53r5: &["CA-3", "PS-6", "PS-7", "SA-9"],
        csf_1_1: &[
            "ID.AM-4", "ID.AM-6", "ID.BE-1", "ID.BE-2", "ID.GV-2", "ID.GV-3", "ID.RA-3", "ID.SC-2",
            "ID.SC-3", "ID.SC-4", "PR.AT-3",
        ],
        ..REQUIRED
    },
    Item {
        citation: known("164.314(a)(2)(iii)"),
        oscal_id: "hipaa-164.314.a.2.iii",
        title: "Business associate contracts with subcontractors",
        text: "The requirements of paragraphs (a)(2)(i) and (a)(2)(ii) of this section apply to the \
               contract or other arrangement between a business associate and a subcontractor \
               required by § 164.308(b)(4) in the same manner as such requirements apply to \
               contracts or other arrangements between a covered entity and business associate.",
        sp800_53r5: &["IR-6", "PS-6", "PS-7", "SA-4", "SA-9"],
        csf_1_1: &[
            "DE.AE-3", "DE.DP-4", "ID.AM-4", "ID.AM-6", "ID.BE-1", "ID.BE-2", "ID.GV-2", "ID.GV-3",
            "ID.RA-3", "ID.RA-6", "ID.SC-2", "ID.SC-3", "ID.SC-4", "PR.AT-3", "RC.CO-3", "RS.CO-2",
            "RS.CO-3",
        ],
        note: Some(
            "the reference to § 164.308(b)(4) is the rule's own; the 2013 text has no such \
               paragraph, (b)(3) is meant",
        ),
        ..REQUIRED
    },
    Item {
        citation: known("164.314(b)(1)"),
        oscal_id: "hipaa-164.314.b.1",
        title: "Requirements for group health plans",
        text: "Except when the only electronic protected health information disclosed to a plan \
               sponsor is disclosed pursuant to § 164.504(f)(1)(ii) or (iii), or as authorized \
               under § 164.508, a group health plan must ensure that its plan documents provide \
               that the plan sponsor will reasonably and appropriately safeguard electronic \
               protected health information created, received, maintained, or transmitted to or by \
               the plan sponsor on behalf of the group health plan.",
        sp800_53r5: &["PL-2"],
        csf_1_1: &[
            "ID.AM-6", "ID.BE-1", "ID.BE-2", "ID.GV-2", "ID.GV-3", "ID.RA-3", "ID.SC-2", "ID.SC-3",
            "ID.SC-4",
        ],
        ..STANDARD
    },
    Item {
        citation: known("164.314(b)(2)(i)"),
        oscal_id: "hipaa-164.314.b.2.i",
        title: "Plan documents: safeguards",
        text: "The plan documents of the group health plan must be amended to incorporate \
               provisions to require the plan sponsor to— (i) Implement administrative, physical, \
               and technical safeguards that reasonably and appropriately protect the \
               confidentiality, integrity, and availability of the electronic protected health \
               information that it creates, receives, maintains, or transmits on behalf of the \
               group health plan;",
        sp800_53r5: &["PL-2"],
        csf_1_1: &[
            "DE.CM-7", "ID.AM-6", "ID.BE-1", "ID.BE-2", "ID.BE-4", "ID.BE-5", "ID.GV-2", "ID.GV-3",
            "ID.RA-3", "ID.SC-2", "ID.SC-3", "ID.SC-4", "PR.DS-1", "PR.DS-2",
        ],
        note: Some("the rule gives this paragraph no title of its own; the title is ours"),
        ..REQUIRED
    },
    Item {
        citation: known("164.314(b)(2)(ii)"),
        oscal_id: "hipaa-164.314.b.2.ii",
        title: "Plan documents: adequate separation",
        text: "The plan documents of the group health plan must be amended to incorporate \
               provisions to require the plan sponsor to— (ii) Ensure that the adequate separation \
               required by § 164.504(f)(2)(iii) is supported by reasonable and appropriate security \
               measures;",
        sp800_53r5: &["PL-2"],
        csf_1_1: &[
            "ID.AM-6", "ID.BE-1", "ID.BE-2", "ID.GV-2", "ID.GV-3", "ID.RA-3", "ID.SC-2", "ID.SC-3",
            "ID.SC-4",
        ],
        note: Some("the rule gives this paragraph no title of its own; the title is ours"),
        ..REQUIRED
    },
    Item {
        citation: known("164.314(b)(2)(iii)"),
        oscal_id: "hipaa-164.314.b.2.iii",
        title: "Plan documents: agents",
        text: "The plan documents of the group health plan must be amended to incorporate \
               provisions to require the plan sponsor to— (iii) Ensure that any agent to whom it \
               provides this information agrees to implement reasonable and appropriate security \
               measures to protect the information; and",
        sp800_53r5: &["SA-9"],
        csf_1_1: &[
            "ID.AM-6", "ID.BE-1", "ID.BE-2", "ID.GV-2", "ID.GV-3", "ID.RA-3", "ID.SC-2", "ID.SC-3",
            "ID.SC-4",
        ],
        note: Some("the rule gives this paragraph no title of its own; the title is ours"),
        ..REQUIRED
    },
    Item {
        citation: known("164.314(b)(2)(iv)"),
        oscal_id: "hipaa-164.314.b.2.iv",
        title: "Plan documents: report incidents",
        text: "The plan documents of the group health plan must be amended to incorporate \
               provisions to require the plan sponsor to— (iv) Report to the group health plan any \
               security incident of which it becomes aware.",
        sp800_53r5: &["IR-6"],
        csf_1_1: &[
            "ID.AM-6", "ID.BE-1", "ID.BE-2", "ID.GV-2", "ID.GV-3", "ID.RA-3", "ID.RA-6", "ID.SC-3",
            "ID.SC-4",
        ],
        note: Some("the rule gives this paragraph no title of its own; the title is ours"),
        ..REQUIRED
    },
];

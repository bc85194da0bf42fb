//! What was found.

use std::fmt;

use super::{Profile, Rule, Severity};

/// Most findings of one event: one that is wrong everywhere shall not fill the memory.
pub const MAX_FINDINGS: usize = 1_000;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    findings: Vec<Finding>,
    checked: Vec<Profile>,
    is_cut: bool,
}

impl Report {
    /// What was found, base rules first.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The profiles of BALP whose rules were checked.
    #[must_use]
    pub fn profiles(&self) -> &[Profile] {
        &self.checked
    }

    /// Whether there is no error; warnings may be there.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity() != Severity::Error)
    }

    /// Whether there was more than [`MAX_FINDINGS`], and the rest is not here.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    pub(super) fn add(&mut self, path: ElementPath, rule: Rule) {
        self.add_finding(Finding { path, rule, member: None });
    }

    pub(super) fn add_unknown(&mut self, path: ElementPath, member: &str) {
        let rule = Rule::UnknownElement;
        self.add_finding(Finding { path, rule, member: Some(member.to_owned()) });
    }

    pub(super) fn add_profile(&mut self, profile: Profile) {
        self.checked.push(profile);
    }

    fn add_finding(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else {
            self.is_cut = true;
        }
    }
}

/// One rule that an event breaks, and where. Nothing of the event's content is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Finding {
    path: ElementPath,
    rule: Rule,
    member: Option<String>,
}

impl Finding {
    /// Where.
    #[must_use]
    pub const fn path(&self) -> &ElementPath {
        &self.path
    }

    /// Which rule.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// How much it weighs.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.rule.severity()
    }

    /// What is wrong.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        self.rule.text()
    }

    /// Name of a member that does not exist. Whoever wrote it chose it: it may be ePHI, and is not shown.
    #[must_use]
    pub fn unknown_member(&self) -> Option<&str> {
        self.member.as_deref()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, rule, .. } = self;
        write!(f, "{path}: {}: {} ({rule}, {})", rule.severity(), rule.text(), rule.section())
    }
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Finding({self})")
    }
}

/// Where in an event: `AuditEvent.agent[1].who`. Names are those of FHIR, never of the event's own making.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ElementPath(Vec<Step>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Element(&'static str),
    Index(usize),
}

impl ElementPath {
    pub(super) fn push(&mut self, step: Step) {
        self.0.push(step);
    }

    pub(super) fn pop(&mut self) {
        self.0.pop();
    }

    /// The path of what stands below this one.
    pub(super) fn below(&self, steps: &[Step]) -> Self {
        let mut path = self.clone();
        path.0.extend_from_slice(steps);
        path
    }
}

impl fmt::Display for ElementPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditEvent")?;
        self.0.iter().try_for_each(|step| match step {
            Step::Element(name) => write!(f, ".{name}"),
            Step::Index(index) => write!(f, "[{index}]"),
        })
    }
}

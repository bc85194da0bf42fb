//! One item of the rule, and how its status comes about.

use std::collections::BTreeMap;

use medsec_evidence::{Designation, Item, Kind, Polarity, Section};
use serde::Serialize;

use super::status::Status;
use crate::join::Test;
use crate::key::TestId;
use crate::lock;
use crate::mutants::Mutants;
use crate::problem::Problem;
use crate::project::{Attestation, Choice, Control, Decision, Project, Standing, Waiver};

/// An item with everything that is known about it.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Row {
    /// Its place in the rule.
    pub citation: String,
    /// The same for OSCAL.
    pub oscal_id: &'static str,
    /// The number of its section.
    pub section: u16,
    /// The title of its section.
    pub section_title: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Standard or specification.
    pub kind: Kind,
    /// Required or addressable.
    pub designation: Option<Designation>,
    /// The words of the rule.
    pub text: &'static str,
    /// What a reader needs to know besides.
    pub note: Option<&'static str>,
    /// NIST SP 800-53r5, by NIST.
    pub sp800_53r5: &'static [&'static str],
    /// NIST CSF 1.1, by NIST.
    pub csf_1_1: &'static [&'static str],
    /// NIST CSF 2.0, by us.
    pub csf_2_0_ours: &'static [&'static str],
    /// How it stands.
    pub status: Status,
    /// What led to the status.
    pub why: Vec<String>,
    /// What was shown.
    pub claims: Vec<Claim>,
    /// Declared tests that do not count.
    pub not_counting: Vec<TestId>,
    /// What the project says about it.
    pub control: Option<Control>,
    /// What was decided, for an addressable item.
    pub decision: Option<Decision>,
    /// The open gap.
    pub waiver: Option<Waiver>,
    /// Files of its attestations.
    pub attestations: Vec<String>,
    /// What mutation of its paths showed, where that was run.
    pub mutants: Option<Mutants>,
}

/// A claim with the tests that show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Claim {
    /// In words.
    pub claim: String,
    /// `allow` or `deny`.
    pub polarity: &'static str,
    /// Their names.
    pub tests: Vec<TestId>,
}

/// What the row of an item is made from.
pub(super) struct Parts<'a> {
    pub(super) item: &'static Item,
    pub(super) tests: &'a [Test],
    pub(super) project: &'a Project,
    /// What the lock and the floors say, of all items.
    pub(super) problems: &'a [Problem],
}

impl Parts<'_> {
    pub(super) fn row(&self) -> Row {
        let item = self.item;
        let citation = item.citation.to_string();
        let (status, why) = self.status(&citation);
        let not_counting = self.citing(&citation).filter(|test| !test.counts());
        let attested = self.project.attestations(&citation);
        Row {
            oscal_id: item.oscal_id,
            section: item.citation.section().number(),
            section_title: item.citation.section().title(),
            title: item.title,
            kind: item.kind,
            designation: item.designation,
            text: item.text,
            note: item.note,
            sp800_53r5: item.sp800_53r5,
            csf_1_1: item.csf_1_1,
            csf_2_0_ours: item.csf_2_0_ours,
            status,
            why,
            claims: self.claims(&citation),
            not_counting: not_counting.map(|test| test.declared.key.clone()).collect(),
            control: self.project.control(&citation).cloned(),
            decision: self.project.decision(&citation).cloned(),
            waiver: self.project.waiver(&citation).cloned(),
            attestations: attested.map(|one| one.file.clone()).collect(),
            mutants: self.project.mutants.get(&citation).cloned(),
            citation,
        }
    }

    fn citing<'b>(&'b self, citation: &'b str) -> impl Iterator<Item = &'b Test> {
        self.tests.iter().filter(move |test| test.cites(citation))
    }

    fn claims(&self, citation: &str) -> Vec<Claim> {
        let mut claims: BTreeMap<(&str, &str), Vec<TestId>> = BTreeMap::new();
        for test in self.citing(citation).filter(|test| test.counts()) {
            let declared = &test.declared;
            let place = (lock::polarity(declared.polarity), declared.claim.as_str());
            claims.entry(place).or_default().push(declared.key.clone());
        }
        let claim = |((polarity, claim), tests): ((&str, &str), _)| Claim {
            claim: claim.to_owned(),
            polarity: if polarity == "deny" { "deny" } else { "allow" },
            tests,
        };
        claims.into_iter().map(claim).collect()
    }

    /// What went wrong comes first, so that nothing said about a row hides it.
    fn status(&self, citation: &str) -> (Status, Vec<String>) {
        let failing = self.citing(citation).filter(|test| test.fails()).map(sentence);
        let invalid = self.stating(citation, Standing::Invalid);
        let invalid = invalid.map(|one| format!("{} does not hold", one.file));
        let failing: Vec<_> = failing.chain(invalid).collect();
        if !failing.is_empty() {
            return (Status::Failing, failing);
        }
        if let Some(waiver) = self.project.waiver(citation) {
            return (Status::Waived { until: waiver.expires }, vec![waiver.gap.clone()]);
        }
        let control = self.project.control(citation);
        if let Some(others) = control.and_then(|control| control.not_ours.as_ref()) {
            return (Status::Operator, vec![format!("Not this component's: {others}")]);
        }
        if self.item.citation.section() == Section::Technical {
            self.technical(citation)
        } else {
            self.organizational(citation)
        }
    }

    fn stating<'b>(
        &'b self,
        citation: &'b str,
        standing: Standing,
    ) -> impl Iterator<Item = &'b Attestation> {
        self.project.attestations(citation).filter(move |one| one.standing == standing)
    }

    /// A row of 164.312: tests show it. Where something else was decided, they show that at most by their words.
    fn technical(&self, citation: &str) -> (Status, Vec<String>) {
        if let Some(decision) = self.alternative(citation) {
            let signed = self.stating(citation, Standing::Valid).any(|one| !one.part);
            return (Status::Alternative { signed }, vec![decision]);
        }
        let about = |problem: &&Problem| match problem {
            Problem::Lost { citation: c, .. }
            | Problem::Changed { citation: c, .. }
            | Problem::Floor { citation: c, .. }
            | Problem::NoDecision { citation: c, .. } => c == citation,
            _ => false,
        };
        let mut why: Vec<_> = self.problems.iter().filter(about).map(ToString::to_string).collect();
        if !self.citing(citation).any(Test::counts) {
            let others = self.citing(citation).map(sentence);
            why.splice(0..0, others);
            return (Status::NoEvidence, why);
        }
        why.extend(self.unlocked(citation));
        why.extend(self.stating(citation, Standing::Expired).map(expired));
        if why.is_empty() { (Status::Evidenced, why) } else { (Status::Partial, why) }
    }

    /// Tests that nobody looked at yet: what they show is not held by a lock.
    fn unlocked(&self, citation: &str) -> Option<String> {
        let orphaned = |problem: &&Problem| matches!(problem, Problem::Orphaned { citation: c, .. } if c == citation);
        match self.problems.iter().filter(orphaned).count() {
            0 => None,
            1 => Some("1 test is not locked yet".to_owned()),
            count => Some(format!("{count} tests are not locked yet")),
        }
    }

    /// A row that somebody answers for; tests help. It stands as the worst of its statements.
    fn organizational(&self, citation: &str) -> (Status, Vec<String>) {
        let over: Vec<_> = self.stating(citation, Standing::Expired).map(expired).collect();
        if !over.is_empty() {
            return (Status::AttestationExpired, over);
        }
        let decided = self.alternative(citation);
        let valid = || self.stating(citation, Standing::Valid);
        if let Some(until) = valid().map(|one| one.expires).min() {
            let why = self.incomplete(citation);
            if !why.is_empty() {
                return (Status::Partial, why);
            }
            return match decided {
                Some(decision) => (Status::Alternative { signed: true }, vec![decision]),
                None if valid().all(|one| !one.applies) => {
                    (Status::DoesNotApply { until }, Vec::new())
                }
                None => (Status::Attested { until }, Vec::new()),
            };
        }
        if let Some(decision) = decided {
            let unsigned = "nobody signed for this: a statement about the item is owed".to_owned();
            return (Status::Partial, vec![decision, unsigned]);
        }
        let shown = self.citing(citation).any(Test::counts);
        if shown {
            let why = "tests of the component show a part; the organization's statement is owed";
            return (Status::Partial, vec![why.to_owned()]);
        }
        (Status::Operator, Vec::new())
    }

    /// What statements that hold leave open.
    fn incomplete(&self, citation: &str) -> Vec<String> {
        let valid = || self.stating(citation, Standing::Valid);
        let mut why: Vec<_> = self.undecided(citation).into_iter().collect();
        if valid().all(|one| one.part) {
            why.push("what is stated covers a part of the item".to_owned());
        }
        if valid().any(|one| one.applies) && valid().any(|one| !one.applies) {
            why.push(
                "one statement says that the item does not apply, another that it is met"
                    .to_owned(),
            );
        }
        why
    }

    fn alternative(&self, citation: &str) -> Option<String> {
        let decision = self.project.decision(citation)?;
        let stands =
            decision.alternative.as_ref().filter(|_| decision.choice == Choice::Alternative)?;
        Some(format!("{stands} ({})", decision.reason))
    }

    fn undecided(&self, citation: &str) -> Option<String> {
        let addressable = self.item.designation == Some(Designation::Addressable);
        (addressable && self.project.decision(citation).is_none())
            .then(|| format!("{citation} is addressable and has no decision (164.306(d)(3))"))
    }
}

fn expired(one: &Attestation) -> String {
    format!("{} expired on {}", one.file, one.expires)
}

/// A test that does not count, and why.
fn sentence(test: &Test) -> String {
    let why: Vec<_> = test.reasons.iter().map(ToString::to_string).collect();
    let declared = &test.declared;
    format!("{}:{}: {}: {}", declared.file, declared.line, declared.key, why.join("; "))
}

/// Which polarities of an item's evidence are missing.
pub(super) fn floor(item: &'static Item, tests: &[Test]) -> Vec<Problem> {
    let citation = item.citation.to_string();
    let shown = |polarity: Polarity| {
        let citing = tests.iter().filter(|test| test.cites(&citation));
        citing
            .into_iter()
            .any(|test| test.counts_on_a_clean_tree() && test.declared.polarity == polarity)
    };
    let missing =
        [Polarity::Allow, Polarity::Deny].into_iter().filter(|polarity| !shown(*polarity));
    let problem = |polarity| Problem::Floor {
        citation: citation.clone(),
        title: item.title.to_owned(),
        polarity: lock::polarity(polarity).to_owned(),
    };
    missing.map(problem).collect()
}

impl Row {
    /// Standard, required or addressable.
    #[must_use]
    pub const fn binding(&self) -> &'static str {
        match self.designation {
            Some(Designation::Required) => "required",
            Some(Designation::Addressable) => "addressable",
            _ => "standard",
        }
    }

    /// Whether somebody else than the component still has to do something about it. A test that fails or is missing is
    /// not for the operator to repair.
    #[must_use]
    pub const fn is_owed(&self) -> bool {
        let is_theirs = matches!(
            self.status,
            Status::Alternative { .. } | Status::Operator | Status::AttestationExpired
        );
        !self.status.is_satisfied() && (is_theirs || self.section != 312)
    }
}

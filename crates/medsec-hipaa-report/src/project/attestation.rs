//! `compliance/attestations/*.toml`: signed statements about what no test can show.
//!
//! The signature stands beside the file, in `NAME.toml.sig`, and covers every byte of it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::folder;
use super::settings::Settings;
use crate::date::Date;
use crate::digest::sha256;
use crate::error::{ReportError, read_limited};
use crate::problem::Problem;
use crate::signing::Signature;

const FOLDER: &str = "compliance/attestations";
const SCHEMA: &str = "medsec-attestation/v1";
/// What a signature says it covers.
pub(crate) const SIGNATURE_TYPE: &str = "application/vnd.medsec.attestation+toml";
/// Longest file that is attested: 256 MiB.
const LONGEST_EVIDENCE: u64 = 256 << 20;

/// Years for which a statement holds at most.
const LONGEST_TERM: u16 = 2;
/// Items that the rule asks only of some: of those with business associates or subcontractors, of a clearinghouse inside
/// a larger organization, of group health plans. Only of these somebody may state that they do not apply.
pub(crate) const CONDITIONAL: [&str; 15] = [
    "164.308(a)(4)(ii)(A)",
    "164.308(b)(1)",
    "164.308(b)(2)",
    "164.308(b)(3)",
    "164.314(a)(1)",
    "164.314(a)(2)(i)(A)",
    "164.314(a)(2)(i)(B)",
    "164.314(a)(2)(i)(C)",
    "164.314(a)(2)(ii)",
    "164.314(a)(2)(iii)",
    "164.314(b)(1)",
    "164.314(b)(2)(i)",
    "164.314(b)(2)(ii)",
    "164.314(b)(2)(iii)",
    "164.314(b)(2)(iv)",
];

/// A statement and how it stands at the report date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Attestation {
    /// The file.
    pub file: String,
    /// The items.
    pub citations: Vec<String>,
    /// What is stated.
    pub statement: String,
    /// The role of who states it.
    pub owner_role: String,
    /// The role of the key that signed it.
    pub signed_by: Option<String>,
    /// The first day.
    pub effective: Date,
    /// The last day.
    pub expires: Date,
    /// Whether it covers only a part of its items: alone it leaves them partial.
    pub part: bool,
    /// Whether its items apply; where not, the statement says why.
    pub applies: bool,
    /// The file that supports it.
    pub evidence: Option<Evidence>,
    /// Whether it holds.
    pub standing: Standing,
}

/// A file that supports a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Evidence {
    /// From the root of the repository.
    pub file: String,
    /// Its digest when it was attested.
    pub sha256: String,
}

/// How a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Standing {
    /// It holds.
    Valid,
    /// It is over.
    Expired,
    /// It is not signed, not yet in effect, or its evidence is another file.
    Invalid,
}

impl Standing {
    /// As a report says it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Valid => "holds",
            Self::Expired => "expired",
            Self::Invalid => "does not hold",
        }
    }
}

/// The file as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Text {
    pub(crate) schema: String,
    pub(crate) citations: Vec<String>,
    pub(crate) statement: String,
    pub(crate) owner_role: String,
    pub(crate) effective: Date,
    pub(crate) expires: Date,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) part: bool,
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub(crate) applies: bool,
    pub(crate) evidence: Option<Evidence>,
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_true(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl Text {
    /// One with the schema in force.
    pub(crate) fn new(
        citations: Vec<String>,
        statement: String,
        owner_role: String,
        effective: Date,
        expires: Date,
    ) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            citations,
            statement,
            owner_role,
            effective,
            expires,
            part: false,
            applies: true,
            evidence: None,
        }
    }

    /// Names the file that supports it.
    pub(crate) fn supported_by(mut self, root: &Path, file: &str) -> Result<Self, ReportError> {
        if !folder::is_inside(root, file) {
            return Err(ReportError::content(file, "no plain path of a file below the root"));
        }
        let digest = sha256(&read_limited(&root.join(file), LONGEST_EVIDENCE)?);
        self.evidence = Some(Evidence { file: file.to_owned(), sha256: digest });
        Ok(self)
    }
}

pub(super) fn load(
    root: &Path,
    date: Date,
    settings: &Settings,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Attestation>, ReportError> {
    let mut all = Vec::new();
    for file in folder::listed(root, FOLDER)? {
        let text = folder::text(root, &file)?.unwrap_or_default();
        let Some(raw) = folder::parse::<Text>(&file, &text, problems) else { continue };
        let mut known = true;
        for citation in &raw.citations {
            known &= folder::is_item(&file, citation, problems);
        }
        if raw.schema != SCHEMA || raw.citations.is_empty() || raw.statement.trim().is_empty() {
            let what = format!("not a statement of schema `{SCHEMA}` about an item");
            problems.push(Problem::Malformed { file, what });
        } else if known {
            let signature = folder::text(root, &format!("{file}.sig"))?;
            let signed_by =
                signature.and_then(|text| signer(settings, &text, &text_of(root, &file)));
            let wrong = judge(root, date, &file, &raw, signed_by.is_some());
            let standing = match &wrong {
                None => Standing::Valid,
                Some(Problem::AttestationExpired { .. }) => Standing::Expired,
                Some(_) => Standing::Invalid,
            };
            problems.extend(wrong);
            all.push(raw.stands(file, signed_by, standing));
        }
    }
    Ok(all)
}

fn text_of(root: &Path, file: &str) -> Vec<u8> {
    std::fs::read(root.join(file)).unwrap_or_default()
}

/// The role of the key that signed these bytes.
fn signer(settings: &Settings, signature: &str, bytes: &[u8]) -> Option<String> {
    let signature: Signature = signature.trim().parse().ok()?;
    let signed = |key: &crate::signing::PublicKey| signature.is_of(key, SIGNATURE_TYPE, bytes);
    let signer = settings.signers.iter().find(|signer| signed(&signer.public_key))?;
    Some(signer.role.clone())
}

fn judge(root: &Path, date: Date, file: &str, raw: &Text, signed: bool) -> Option<Problem> {
    let file = file.to_owned();
    if !signed {
        return Some(Problem::AttestationUnsigned { file });
    }
    if let Some(what) = objection(raw) {
        return Some(Problem::Malformed { file, what });
    }
    if raw.expires < date {
        return Some(Problem::AttestationExpired { file, expires: raw.expires });
    }
    if raw.effective > date {
        return Some(Problem::AttestationNotYet { file, effective: raw.effective });
    }
    let evidence = raw.evidence.as_ref()?;
    let found = read_limited(&root.join(&evidence.file), LONGEST_EVIDENCE).map(|b| sha256(&b));
    let same = folder::is_inside(root, &evidence.file)
        && found.is_ok_and(|digest| digest == evidence.sha256);
    let evidence = evidence.file.clone();
    (!same).then_some(Problem::EvidenceFileChanged { file, evidence })
}

/// What makes a statement an empty shell.
fn objection(raw: &Text) -> Option<String> {
    if raw.owner_role.trim().is_empty() {
        return Some("nobody states it: `owner_role` is empty".to_owned());
    }
    if raw.expires < raw.effective {
        return Some(format!("it ends on {}, before it begins", raw.expires));
    }
    if raw.effective.years_later(LONGEST_TERM).is_none_or(|last| raw.expires > last) {
        return Some(format!("it holds for more than {LONGEST_TERM} years: renew it instead"));
    }
    let unconditional =
        raw.citations.iter().find(|cited| !raw.applies && !CONDITIONAL.contains(&cited.as_str()));
    unconditional.map(|cited| format!("the rule makes no exception from {cited}: it applies"))
}

impl Text {
    fn stands(self, file: String, signed_by: Option<String>, standing: Standing) -> Attestation {
        let Self { citations, statement, owner_role, effective, expires, .. } = self;
        let Self { part, applies, evidence, .. } = self;
        Attestation {
            file,
            citations,
            statement,
            owner_role,
            signed_by,
            effective,
            expires,
            part,
            applies,
            evidence,
            standing,
        }
    }
}

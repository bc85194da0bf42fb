//! From texts and numbers to a [`Witness`], for files read and for tests recorded alike.

use core::num::NonZeroU32;
use core::str::FromStr;

use super::field::{FieldProblem, InvalidField, line};
use super::raw::{RawChecks, RawPackage, RawSource, RawWitness};
use super::{Package, Source, Witness};
use crate::catalog::{Catalog, Edition};
use crate::checks::{Check, CheckCounts, Checks, MAX_FACT_LEN, MAX_LISTED};
use crate::citation::Citation;

const MAX_CITATIONS: usize = 8;
const MAX_CLAIM_LEN: usize = 200;
const MAX_FILE_LEN: usize = 512;
const MAX_PACKAGE_LEN: usize = 128;

impl TryFrom<RawWitness> for Witness {
    type Error = InvalidField;

    fn try_from(raw: RawWitness) -> Result<Self, Self::Error> {
        let edition = parsed(&raw.edition, "edition")?;
        line(&raw.claim, MAX_CLAIM_LEN).map_err(|problem| problem.of("claim"))?;
        let checks = checks(raw.checks).map_err(|problem| problem.of("checks"))?;
        if !raw.polarity.is_shown_by(checks.counts()) {
            return Err(FieldProblem::Polarity.of("polarity"));
        }
        let body = raw.body_sha256.parse().map_err(|p: FieldProblem| p.of("body_sha256"))?;
        Ok(Self {
            run: parsed(&raw.run, "run")?,
            binary: parsed(&raw.binary, "binary")?,
            test: parsed(&raw.test, "test")?,
            attempt: NonZeroU32::new(raw.attempt).ok_or(FieldProblem::Empty.of("attempt"))?,
            edition,
            citations: citations(edition, &raw.citations)
                .map_err(|problem| problem.of("citations"))?,
            claim: raw.claim,
            polarity: raw.polarity,
            checks,
            body,
            source: source(raw.source).map_err(|problem| problem.of("source"))?,
            package: package(raw.package).map_err(|problem| problem.of("package"))?,
        })
    }
}

fn parsed<T: FromStr>(text: &str, field: &'static str) -> Result<T, InvalidField>
where
    FieldProblem: From<T::Err>,
{
    text.parse().map_err(|problem| FieldProblem::from(problem).of(field))
}

fn citations(edition: Edition, texts: &[String]) -> Result<Vec<Citation>, FieldProblem> {
    if texts.is_empty() {
        return Err(FieldProblem::Empty);
    }
    if texts.len() > MAX_CITATIONS {
        return Err(FieldProblem::TooLong { max: MAX_CITATIONS });
    }
    let mut citations = Vec::with_capacity(texts.len());
    for text in texts {
        let citation = Catalog::of(edition).find(text)?.citation;
        if citations.contains(&citation) {
            return Err(FieldProblem::Duplicate);
        }
        citations.push(citation);
    }
    Ok(citations)
}

fn checks(raw: RawChecks) -> Result<Checks, FieldProblem> {
    let counts =
        CheckCounts { denies: raw.denies, allows: raw.allows, holds: raw.holds, equal: raw.equal };
    let described = described(&raw.listed)?;
    // Only a full list leaves checks undescribed.
    let fits = if raw.listed.len() == MAX_LISTED {
        described.denies <= counts.denies
            && described.allows <= counts.allows
            && described.holds <= counts.holds
            && described.equal <= counts.equal
    } else {
        described == counts
    };
    if !fits {
        return Err(FieldProblem::Counts);
    }
    Ok(Checks { counts, listed: raw.listed })
}

/// What the described checks add up to.
fn described(listed: &[Check]) -> Result<CheckCounts, FieldProblem> {
    if listed.len() > MAX_LISTED {
        return Err(FieldProblem::TooLong { max: MAX_LISTED });
    }
    let mut counts = CheckCounts::default();
    for (index, check) in listed.iter().enumerate() {
        line(&check.fact, MAX_FACT_LEN)?;
        let same = |other: &Check| other.kind == check.kind && other.fact == check.fact;
        if listed.iter().take(index).any(same) {
            return Err(FieldProblem::Duplicate);
        }
        if check.times == 0 {
            return Err(FieldProblem::Empty);
        }
        counts.add(check.kind, check.times);
    }
    Ok(counts)
}

fn source(raw: RawSource) -> Result<Source, FieldProblem> {
    line(&raw.file, MAX_FILE_LEN)?;
    if !is_plain_relative(&raw.file) {
        return Err(FieldProblem::Path);
    }
    let line = NonZeroU32::new(raw.line).ok_or(FieldProblem::Empty)?;
    Ok(Source { file: raw.file, line })
}

/// A reader joins the path to a root of its own: it must not lead out of there on any system.
pub(crate) fn is_plain_relative(path: &str) -> bool {
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    !path.contains(['\\', ':']) && path.split('/').all(plain)
}

fn package(raw: RawPackage) -> Result<Package, FieldProblem> {
    line(&raw.name, MAX_PACKAGE_LEN)?;
    line(&raw.version, MAX_PACKAGE_LEN)?;
    Ok(Package { name: raw.name, version: raw.version })
}

//! `attest …`: makes, renews and signs statements about what no test can show.

use core::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::assemble::report_date;
use crate::date::Date;
use crate::error::{At as _, ReportError, parsed, read_limited};
use crate::project::{AttestationText, Project, SIGNATURE_TYPE};
use crate::signing::PrivateKey;

const FOLDER: &str = "compliance/attestations";
const LONGEST: u64 = 1 << 20;

/// What to do.
#[derive(Debug, Clone, clap::Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Make a private key and print what belongs into `compliance/report.toml`.
    Key {
        /// The new file; keep it out of the repository.
        file: PathBuf,
        /// The role of who holds it.
        #[arg(long)]
        role: String,
    },
    /// Make a statement from a template. It holds when it is signed.
    New {
        /// A template under `compliance/attestations/templates`, without `.toml`.
        template: String,
        /// What the template leaves to you.
        #[command(flatten)]
        terms: Terms,
    },
    /// Give a statement a new term. It holds when it is signed again.
    Renew {
        /// A statement under `compliance/attestations`, without `.toml`.
        name: String,
        /// The first day.
        #[arg(long)]
        effective: Date,
        /// The last day.
        #[arg(long)]
        expires: Date,
    },
    /// Sign a statement.
    Sign {
        /// A statement under `compliance/attestations`, without `.toml`.
        name: String,
        /// The private key.
        #[arg(long, env = "MEDSEC_REPORT_KEY")]
        key: PathBuf,
    },
    /// Print all statements and how they stand.
    List,
}

/// The parts of a statement that a template does not have.
#[derive(Debug, Clone, clap::Args)]
#[non_exhaustive]
pub struct Terms {
    /// What is stated, in place of the template's words.
    #[arg(long)]
    statement: Option<String>,
    /// The role of who states it, in place of the template's.
    #[arg(long)]
    owner_role: Option<String>,
    /// The first day.
    #[arg(long)]
    effective: Date,
    /// The last day.
    #[arg(long)]
    expires: Date,
    /// State that the items do not apply to the organization, because of this; only for items that the rule asks of some.
    #[arg(long, value_name = "WHY", conflicts_with = "statement")]
    does_not_apply: Option<String>,
    /// A file of the repository that supports it; its digest is taken.
    #[arg(long)]
    evidence: Option<String>,
}

/// A template as it is written; `asks` is for people.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Template {
    title: String,
    citations: Vec<String>,
    statement: String,
    /// What is stated where the items do not apply.
    exception: Option<String>,
    /// Whether it covers only a part of its items.
    #[serde(default)]
    part: bool,
    owner_role: String,
    /// How long a statement usually holds.
    review_months: u32,
    asks: Vec<String>,
    evidence: Vec<String>,
}

/// Does it and says what was done.
///
/// # Errors
/// A file cannot be read or written, or is not what it should be.
pub fn attest(root: &Path, command: &Command) -> Result<String, ReportError> {
    match command {
        Command::Key { file, role } => {
            let key = PrivateKey::create(file)?;
            Ok(format!("[[signer]]\nrole = {role:?}\npublic_key = \"{}\"\n", key.public()))
        }
        Command::New { template, terms } => new(root, template, terms),
        Command::Renew { name, effective, expires } => renew(root, name, *effective, *expires),
        Command::Sign { name, key } => sign(root, name, key),
        Command::List => list(root),
    }
}

fn place(root: &Path, name: &str) -> Result<(String, PathBuf), ReportError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let file = format!("{FOLDER}/{name}.toml");
    if name.is_empty() || !name.chars().all(plain) {
        return Err(ReportError::content(file, "a name has letters, digits, `-` and `_` only"));
    }
    let path = root.join(&file);
    Ok((file, path))
}

fn save(file: &str, path: &Path, text: &AttestationText) -> Result<(), ReportError> {
    let text = toml::to_string(text).map_err(|error| ReportError::content(file, error))?;
    std::fs::write(path, text).at(path)
}

fn new(root: &Path, name: &str, terms: &Terms) -> Result<String, ReportError> {
    let (file, path) = place(root, name)?;
    if path.exists() {
        return Err(ReportError::content(file, "is there already: renew it"));
    }
    let from = format!("{FOLDER}/templates/{name}.toml");
    let template: Template = parsed(&from, &root.join(&from), LONGEST)?;
    let statement = match (&terms.does_not_apply, template.exception) {
        (None, _) => terms.statement.clone().unwrap_or(template.statement),
        (Some(why), Some(exception)) => format!("{exception}, because {why}"),
        (Some(_), None) => {
            return Err(ReportError::content(from, "its items apply to everybody"));
        }
    };
    let owner = terms.owner_role.clone().unwrap_or(template.owner_role);
    let citations = template.citations;
    let mut text =
        AttestationText::new(citations, statement, owner, terms.effective, terms.expires);
    text.part = template.part;
    text.applies = terms.does_not_apply.is_none();
    if let Some(evidence) = &terms.evidence {
        text = text.supported_by(root, evidence)?;
    }
    save(&file, &path, &text)?;
    let mut said = format!("{file} ({}): read it, then sign it\n", template.title);
    if template.part {
        said.push_str("it covers a part of its items: alone it leaves them partial\n");
    }
    let _ = writeln!(
        said,
        "usually renewed every {} months; before you sign, ask:",
        template.review_months
    );
    for ask in &template.asks {
        let _ = writeln!(said, "  - {ask}");
    }
    let _ = writeln!(said, "evidence that supports it: {}", template.evidence.join("; "));
    Ok(said)
}

fn renew(root: &Path, name: &str, effective: Date, expires: Date) -> Result<String, ReportError> {
    let (file, path) = place(root, name)?;
    let mut text: AttestationText = parsed(&file, &path, LONGEST)?;
    (text.effective, text.expires) = (effective, expires);
    if let Some(evidence) = text.evidence.take() {
        text = text.supported_by(root, &evidence.file)?;
    }
    save(&file, &path, &text)?;
    Ok(format!("{file}: {effective} to {expires}; sign it again\n"))
}

fn sign(root: &Path, name: &str, key: &Path) -> Result<String, ReportError> {
    let (file, path) = place(root, name)?;
    let key = PrivateKey::load(key)?;
    let project = Project::load(root, report_date()?)?;
    let signers = &project.settings.signers;
    let Some(signer) = signers.iter().find(|signer| signer.public_key == key.public()) else {
        let what = format!("no signer has the key {}", key.public());
        return Err(ReportError::content("compliance/report.toml", what));
    };
    let bytes = read_limited(&path, LONGEST)?;
    let beside = root.join(format!("{file}.sig"));
    let signature = key.sign(SIGNATURE_TYPE, &bytes);
    std::fs::write(&beside, format!("{signature}\n")).at(&beside)?;
    Ok(format!("{file}.sig: signed with the key of {}\n", signer.role))
}

fn list(root: &Path) -> Result<String, ReportError> {
    let project = Project::load(root, report_date()?)?;
    let mut text = String::new();
    for one in &project.attestations {
        let standing = one.standing.words();
        let _ = writeln!(
            text,
            "{standing:13} until {}  {}  {}",
            one.expires,
            one.citations.join(", "),
            one.file
        );
    }
    for problem in &project.problems {
        let _ = writeln!(text, "{problem}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use medsec_evidence::{Catalog, Section};

    use super::*;
    use crate::project::CONDITIONAL;

    const TEMPLATES: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../compliance/attestations/templates");

    fn templates() -> Vec<(String, Template)> {
        let files = std::fs::read_dir(TEMPLATES).unwrap().map(|entry| entry.unwrap().path());
        let read = |path: PathBuf| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let template = parsed(&name, &path, LONGEST).unwrap();
            (name, template)
        };
        files.map(read).collect()
    }

    fn terms(does_not_apply: Option<&str>) -> Terms {
        let [effective, expires] = ["2026-01-01", "2026-12-31"].map(|day| day.parse().unwrap());
        let does_not_apply = does_not_apply.map(str::to_owned);
        Terms {
            statement: None,
            owner_role: None,
            effective,
            expires,
            does_not_apply,
            evidence: None,
        }
    }

    #[test]
    fn each_item_that_no_test_shows_has_a_template_for_all_of_it() {
        let whole = templates().into_iter().filter(|(_, template)| !template.part);
        let covered: BTreeSet<_> = whole.flat_map(|(_, template)| template.citations).collect();
        let items = Catalog::hipaa2013().items();
        let others = items.filter(|item| item.citation.section() != Section::Technical);
        let missing: Vec<_> = others
            .map(|item| item.citation.to_string())
            .filter(|citation| !covered.contains(citation))
            .collect();
        assert_eq!(missing, Vec::<String>::new());
    }

    #[test]
    fn exceptions_are_offered_only_where_the_rule_makes_them() {
        for (name, template) in templates().iter().filter(|(_, one)| one.exception.is_some()) {
            let all = |cited: &String| CONDITIONAL.contains(&cited.as_str());
            assert!(template.citations.iter().all(all), "{name}");
        }
    }

    #[test]
    fn statement_that_an_item_does_not_apply_says_why() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(FOLDER).join("templates");
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["group-health-plan", "training"] {
            let file = format!("{name}.toml");
            std::fs::copy(Path::new(TEMPLATES).join(&file), folder.join(&file)).unwrap();
        }
        let none = terms(Some("we insure nobody"));
        assert!(new(root.path(), "training", &none).unwrap_err().to_string().contains("everybody"));
        new(root.path(), "group-health-plan", &none).unwrap();
        let made = root.path().join(FOLDER).join("group-health-plan.toml");
        let made = std::fs::read_to_string(made).unwrap();
        assert!(made.contains("We are no group health plan, because we insure nobody"), "{made}");
        assert!(made.contains("applies = false"), "{made}");
    }
}

//! `medsec policy check`: everything that is wrong with a source, and what is probably not meant.

mod lint;

use std::path::{Path, PathBuf};

use clap::Args;
use medsec_kms::{LocalStore, PublicKey};
use medsec_policy::{Bundle, Engine, Source};

use super::finding::{Finding, Level};
use super::which::source_of;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::own;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::POLICY_CHECK)]
pub(crate) struct Options {
    /// The folder with the source; by default that of the home.
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

impl Options {
    pub(super) fn run(&self, session: &Session) -> Result<Report, Failure> {
        let folder = match &self.folder {
            Some(folder) => folder.clone(),
            None => source_of(session.settings()?),
        };
        // A source can be checked where there is no home.
        let store = own::open_store(session).ok();
        Ok(report(&examine(&folder, store.as_ref())))
    }
}

/// What came of looking at a source.
pub(super) struct Examined {
    pub(super) findings: Vec<Finding>,
    /// The policy, unless there are errors.
    pub(super) bundle: Option<Bundle>,
}

/// Makes the policy of a source, and looks for what is wrong with it.
fn examine(folder: &Path, store: Option<&LocalStore>) -> Examined {
    let compiled = Source::read(folder).and_then(|source| Bundle::compile(&source));
    let bundle = match compiled {
        Ok(bundle) => bundle,
        Err(error) => {
            return Examined { findings: vec![Finding::of_source(&error)], bundle: None };
        }
    };
    let rules: Vec<(&str, &str)> = bundle.rules().collect();
    let mut findings = recipients(&bundle);
    match Engine::new(&rules, bundle.assignments(), bundle.settings(), bundle.hash()) {
        Ok(engine) => findings.extend(lint::warnings(&bundle, &engine, store)),
        Err(error) => findings.extend(Finding::of_rules(&error)),
    }
    let whole = findings.iter().all(|finding| finding.level == Level::Warning);
    Examined { findings, bundle: whole.then_some(bundle) }
}

/// Recipients that are none: nothing could be sealed, and nobody could work under such a policy.
pub(super) fn recipients(bundle: &Bundle) -> Vec<Finding> {
    let is_recipient =
        |text: &str| text.parse::<PublicKey>().is_ok_and(|key| key.as_recipient().is_some());
    let named = bundle.settings().sealing.required_recipients.iter();
    let wrong = (1_usize..).zip(named).filter(|(_, key)| !is_recipient(key.as_str()));
    let finding = |(number, _)| {
        let what =
            format!("sealing.required_recipients: no. {number} is no public key of a recipient");
        Finding::error("policy.toml", what)
    };
    wrong.map(finding).collect()
}

fn report(examined: &Examined) -> Report {
    let count = |level| examined.findings.iter().filter(|f| f.level == level).count();
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    let mut report = Report::new();
    for finding in &examined.findings {
        report = report.line(finding.shown());
    }
    let values: Vec<_> = examined.findings.iter().map(Finding::value).collect();
    report = report
        .line(format!("{errors} error(s), {warnings} warning(s)"))
        .field("errors", errors)
        .field("warnings", warnings)
        .field("findings", values);
    if let Some(bundle) = &examined.bundle {
        report = report
            .line(format!("`{}` can be put in force: medsec policy sign", bundle.name()))
            .field("name", bundle.name().as_str());
    } else {
        report =
            report.line("nothing of it can be put in force; docs/policies.md describes the files");
    }
    report.failed = (errors > 0).then_some(Exit::Policy);
    report
}

//! `medsec inspect`.

use std::path::PathBuf;

use clap::Args;
use medsec_crypto::{
    Backend, Context, ContextKey, Core, Header, Inspection, KeyRef, PackageAssurance,
    RecipientProfile, StanzaKind,
};
use medsec_kms::{PublicKey, UtcTime};
use serde_json::{Map, Value, json};

use super::open::{slots_name, slots_warning};
use crate::bulk::rewrap::{ListOption, Packages};
use crate::bulk::{self, BulkOption};
use crate::failure::Failure;
use crate::input::{Input, open_file};
use crate::report::{Outcome, Report};
use crate::session::Session;
use crate::text;
use crate::units;

#[derive(Debug, Args)]
#[command(after_help = crate::help::INSPECT)]
pub(crate) struct Options {
    /// Packages to look at; or one folder of packages, to show what stands under which key and version.
    #[arg(required_unless_present = "list", value_name = "FILE")]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    list: ListOption,
    #[command(flatten)]
    bulk: BulkOption,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    let inputs = Input::all(&options.inputs)?;
    let packages = match bulk::folder_of(&inputs)? {
        Some(folder) => Some(Packages::to_look_at(folder)?),
        None => options.list.read()?,
    };
    if let Some(packages) = packages {
        session.interrupt.arm();
        let report = options.bulk.report.as_deref();
        return bulk::standing::run(session, &packages, report).map(Outcome::Folder);
    }
    bulk::refuse_without_folder(options.bulk.report.is_some(), "--report")?;
    Ok(session.each(&inputs, |input| {
        let (file, _) = open_file(input.seekable()?)?;
        Ok(describe(&Inspection::read(file)?))
    }))
}

fn describe(inspection: &Inspection) -> Report {
    let header = &inspection.header;
    let mut report = Report::new()
        .line(format!("package {}", header.core().package_id))
        .field("package_id", header.core().package_id.to_string())
        .field("header_hash", header.hash().to_string())
        .field("authenticated", false);
    let rows =
        [shape(inspection), core(header.core()), optional(header.core()), vec![recipients(header)]];
    for row in rows.into_iter().flatten() {
        report =
            report.line(format!("  {:<14}{}", row.name, row.shown)).field(row.field, row.value);
    }
    for stanza in header.stanzas() {
        report = report.line(format!("    {}", stanza.key_ref()));
    }
    if let Some(warning) = slots_warning(header.slot_condition()) {
        report = report.line(format!("  note: {warning}"));
    }
    report
        .field("recipients_authenticated", header.core().profile == RecipientProfile::Authenticated)
        .field("generation", header.generation())
        .field("slot_digest", header.slot_digest().to_string())
        .field("slots", slots_name(header.slot_condition()))
        .line(
            "  nothing of this is authentic until the package is opened or its signature verified",
        )
}

/// One fact, for people and for programs.
struct Row {
    name: &'static str,
    field: &'static str,
    shown: String,
    value: Value,
}

fn row(
    (name, field): (&'static str, &'static str),
    shown: impl Into<String>,
    value: impl Into<Value>,
) -> Row {
    Row { name, field, shown: shown.into(), value: value.into() }
}

fn shape(inspection: &Inspection) -> Vec<Row> {
    let (content, whole) = (inspection.plain_len, inspection.package_len);
    let header = &inspection.header;
    let suite = header.suite().aead_name();
    let assurance = PackageAssurance::of(header, Backend::default()).overall().as_str();
    let overhead = units::overhead(content, whole);
    let metadata = inspection.metadata_len;
    let encrypted = |len| format!("encrypted, {len} bytes");
    vec![
        row(("suite", "suite"), suite, suite),
        row(
            ("assurance", "assurance"),
            format!("{assurance} (weakest part, in this build)"),
            assurance,
        ),
        row(("content", "content_len"), units::size(content), content),
        row(("package", "package_len"), format!("{}, {overhead}", units::size(whole)), whole),
        row(("chunks", "chunks"), inspection.chunks.to_string(), inspection.chunks),
        row(
            ("metadata", "metadata_len"),
            metadata.map_or_else(|| "none".to_owned(), encrypted),
            metadata,
        ),
    ]
}

fn core(core: &Core) -> Vec<Row> {
    let created = UtcTime::from(core.created_at).to_string();
    let signer = core.signer.map(|key| PublicKey::from(key).to_string());
    let shown_signer = signer.clone().unwrap_or_else(|| "not signed".to_owned());
    let names: Vec<&str> = core.reproduced_names.iter().map(ContextKey::as_str).collect();
    let needed = match names.as_slice() {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    };
    let (shown_stored, stored) = stored(&core.stored);
    vec![
        row(("created", "created_at"), format!("{created} by the sealer's clock"), created),
        row(("signer", "signer"), shown_signer, signer),
        row(("stored", "stored_context"), shown_stored, stored),
        row(("must know", "reproduced_names"), needed, json!(names)),
    ]
}

/// What a core may leave out.
fn optional(core: &Core) -> Vec<Row> {
    let fields = [
        (("content type", "content_type"), core.content_type.as_ref().map(ToString::to_string)),
        (("dataset", "dataset"), core.dataset.as_ref().map(ToString::to_string)),
        (("policy", "policy_hash"), core.policy.as_ref().map(ToString::to_string)),
        (("shared key", "dek_id"), core.dek_id.as_ref().map(ToString::to_string)),
    ];
    let present = fields
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| row(name, value.clone(), value)));
    present.collect()
}

fn recipients(header: &Header) -> Row {
    let authenticated = header.core().profile == RecipientProfile::Authenticated;
    let list = if authenticated { "authenticated" } else { "not authenticated (blind)" };
    let keys = header.stanzas().iter().map(|stanza| recipient(stanza.key_ref()));
    let keys: Vec<Value> = keys.collect();
    let shown = format!("{}, generation {}, list {list}", keys.len(), header.generation());
    row(("recipients", "recipient_keys"), shown, keys)
}

fn stored(context: &Context) -> (String, Value) {
    if context.is_empty() {
        return ("nothing".to_owned(), json!({}));
    }
    let shown: Vec<String> =
        context.iter().map(|(key, value)| format!("{key} = {}", text::shown(value))).collect();
    let value: Map<String, Value> =
        context.iter().map(|(key, value)| (key.as_str().to_owned(), value.into())).collect();
    (shown.join(", "), value.into())
}

fn recipient(key: &KeyRef) -> Value {
    let text = key.to_string();
    let reference = text.split_once(':').map_or(text.as_str(), |(_, rest)| rest);
    let known = !matches!(key.kind(), StanzaKind::Unknown(_));
    json!({ "kind": key.kind().to_string(), "key_ref": reference, "known": known })
}

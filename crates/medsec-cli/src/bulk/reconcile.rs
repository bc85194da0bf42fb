//! `medsec audit reconcile`: the packages of a folder, its signed manifest and the audit log must tell the same.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

use medsec_audit::PackageId;
use medsec_crypto::{Header, Manifest, VerifyingKey};

use super::crew::{self, lock};
use super::lock::shared;
use super::manifest;
use super::open::packages;
use super::path;
use super::report_file::ReportFile;
use super::tally::{NO_PACKAGE, Place, Tally, Words};
use super::walk::{self, Found};
use crate::audit::told::Told;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::Folder;
use crate::session::Session;

/// What is compared.
pub(crate) struct Plan<'a> {
    pub(crate) told: &'a Told,
    pub(crate) signers: &'a [VerifyingKey],
    pub(crate) source: &'a Path,
    pub(crate) report: Option<&'a Path>,
}

/// What the packages of the folder say of themselves.
#[derive(Default)]
struct Seen {
    ids: BTreeSet<PackageId>,
    datasets: BTreeSet<String>,
}

pub(crate) fn run(session: &Session, plan: &Plan<'_>) -> Result<Folder, Failure> {
    let report = ReportFile::create(plan.report)?;
    let _writers_wait = shared(plan.source)?;
    let manifest = manifest::read(plan.source, plan.signers)?.ok_or_else(unlisted)?;
    let found = packages(plan.source)?;
    let tally = Tally::new(session, &found);
    let seen = Mutex::new(Seen::default());
    let indices: Vec<usize> = (0..found.len()).collect();
    crew::each(
        &indices,
        session.threads().get(),
        &session.interrupt,
        |_| 0,
        |index, _| {
            compare(plan, &found, *index, &tally, &seen);
        },
    );
    if !session.interrupt.is_set() {
        compare_lists(plan, &manifest, &seen.into_inner().unwrap_or_default(), &tally);
    }
    let words = Words {
        done: "reconciled",
        skipped: "left out",
        failed: ["finding", "findings"],
        nothing: NO_PACKAGE,
    };
    let mut folder = tally.conclude(session, &words, report);
    folder.report = folder.report.field("listed", manifest.entries().len());
    Ok(folder)
}

/// One package beside what the log tells of it.
fn compare(plan: &Plan<'_>, found: &[Found], index: usize, tally: &Tally<'_>, seen: &Mutex<Seen>) {
    let Some(one) = found.get(index) else { return };
    let Some(len) = one.kind.file_len() else { return };
    let header = match walk::header(plan.source, &one.path) {
        Ok((_, header)) => header,
        Err(failure) => return tally.failed(index, failure),
    };
    let id = PackageId::from_bytes(*header.core().package_id.as_bytes());
    {
        let mut seen = lock(seen);
        seen.ids.insert(id);
        seen.datasets.extend(header.core().dataset.as_ref().map(|id| id.as_str().to_owned()));
    }
    match plan.told.of(&id).map_or(Some("unrecorded"), |told| {
        let expected = told.recipients.map(|list| (list.generation.get(), list.slot));
        let expected = expected.map_or((1, None), |(generation, slot)| (generation, Some(slot)));
        judge(&header, expected).or(told.sealed.is_none().then_some("unrecorded"))
    }) {
        None => tally.done(len),
        Some(kind) => tally.found(Place::of(index, &one.path), &one.path, kind, failure_of(kind)),
    }
}

/// The package's list of recipients beside the one that was recorded last.
fn judge(
    header: &Header,
    (generation, slot): (u64, Option<medsec_audit::SlotDigest>),
) -> Option<&'static str> {
    match header.generation().cmp(&generation) {
        std::cmp::Ordering::Less => Some("rolled-back"),
        std::cmp::Ordering::Greater => Some("rewrapped-unrecorded"),
        std::cmp::Ordering::Equal => slot
            .is_some_and(|slot| slot.as_bytes() != header.slot_digest().as_bytes())
            .then_some("other-recipients"),
    }
}

/// What is listed, what is there, and what was sealed into the same data sets.
fn compare_lists(plan: &Plan<'_>, manifest: &Manifest, seen: &Seen, tally: &Tally<'_>) {
    let mut listed = BTreeSet::new();
    for (at, entry) in manifest.entries().iter().enumerate() {
        let id = PackageId::from_bytes(*entry.package_id.as_bytes());
        listed.insert(id);
        if !seen.ids.contains(&id) {
            let path = path::from_text(entry.name.as_str()).unwrap_or_default();
            tally.found(Place::of_entry(at, &path), &path, "missing", failure_of("missing"));
        }
    }
    let sealed = plan.told.sealed_into(|id| seen.datasets.contains(id.as_str()));
    let gone: BTreeSet<PackageId> =
        sealed.filter(|id| !listed.contains(id) && !seen.ids.contains(id)).collect();
    for id in gone {
        let place = Place::Package(id.to_string());
        tally.found(place, Path::new(""), "gone", failure_of("gone"));
    }
    for id in seen.ids.difference(&listed) {
        let place = Place::Package(id.to_string());
        tally.found(place, Path::new(""), "unlisted", failure_of("unlisted"));
    }
}

fn unlisted() -> Failure {
    Failure::new(Exit::Manifest, "the folder has no manifest to compare with the log").next(
        "`medsec seal FOLDER` with a signer keeps one; without it `medsec verify` is what there is",
    )
}

fn failure_of(kind: &'static str) -> Failure {
    let (what, next) = match kind {
        "unrecorded" => (
            "unrecorded: the log does not tell that it was sealed",
            "was it sealed in another home? Then give that home's log with --log and --pin",
        ),
        "rolled-back" => (
            "rolled back: the log tells of a newer list of recipients",
            "who was removed since can open it again: rewrap it, and find out who put it back",
        ),
        "rewrapped-unrecorded" => (
            "rewrapped without a record: its list of recipients is newer than the log tells",
            "find out who changed it; `medsec inspect` shows its recipients",
        ),
        "other-recipients" => (
            "other recipients: its list is not the one that the log tells of",
            "find out who changed it; `medsec inspect` shows its recipients",
        ),
        "missing" => (
            "missing: the manifest lists it, and it is not in the folder",
            "restore the package from a backup",
        ),
        "gone" => (
            "gone: the log tells that it was sealed into this data set; it is neither listed nor there",
            "was it removed or sealed again on purpose? If not, restore it from a backup",
        ),
        _ => (
            "unlisted: it is in the folder, and the manifest does not list it",
            "find out who put it there; if a `seal` was cut off, run it again",
        ),
    };
    Failure::new(Exit::Manifest, what).next(next)
}

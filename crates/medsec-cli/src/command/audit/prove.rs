//! `medsec audit prove` and `medsec audit check-proof`: one record, shown to who does not have the log.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use medsec_audit::{
    Line, LogOrigin, MAX_LINE_LEN, MAX_NOTE_LEN, Pin, RecordLine, RecordProof, StreamName,
    leaf_hash,
};
use medsec_crypto::OutputOptions;

use super::records::line_of;
use crate::audit::read_pin;
use crate::custody::TrailOption;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::read_small;
use crate::input::refuse_dash;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_PROVE)]
pub(crate) struct Prove {
    /// Number of the record.
    #[arg(value_name = "SEQ")]
    seq: u64,
    /// The file to write the proof into; the record's line goes into a file beside it, `FILE.line`. Never replaces
    /// one.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    trail: TrailOption,
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_CHECK_PROOF)]
pub(crate) struct Check {
    /// The proof.
    #[arg(value_name = "FILE")]
    proof: PathBuf,
    /// The record's line; by default the file `FILE.line` beside the proof.
    #[arg(long, value_name = "FILE")]
    line: Option<PathBuf>,
    /// The log's pin; by default the one in the settings.
    #[arg(long, value_name = "FILE")]
    pin: Option<PathBuf>,
    /// The stream that the record is said to be in.
    #[arg(long, value_name = "NAME", default_value = "main")]
    stream: StreamName,
}

impl Prove {
    pub(crate) fn run(&self, session: &Session) -> Result<Report, Failure> {
        refuse_dash(&self.out, "--out")?;
        let log = self.trail.log.open(session)?;
        let stream = self.trail.stream.one(&log)?;
        // The line goes out with the proof.
        let reading = self.trail.begin(session)?;
        let proof = log.prove(&stream, self.seq)?;
        let line = line_of(session, &log, &stream, self.seq)?;
        // Of what others would refuse nothing is written.
        let size = verify(&proof, &line, log.pin(), &log.origin(&stream))?;
        let beside = line_file(&self.out);
        let options = OutputOptions::default();
        medsec_crypto::write_file(&beside, &[&line[..], b"\n"].concat(), options)?;
        if let Err(error) = medsec_crypto::write_file(&self.out, proof.render().as_bytes(), options)
        {
            // Half of the two is of no use.
            drop(std::fs::remove_file(&beside));
            return Err(error.into());
        }
        let report = Report::new()
            .line(format!("{stream}: record {} is in the stream of {size} records", self.seq))
            .line("the line may hold a patient's pseudonym: hand it on as you would the patient's data")
            .field("stream", stream.as_str())
            .field("seq", self.seq)
            .field("size", size);
        Ok(reading.tell(report))
    }
}

impl Check {
    pub(crate) fn run(&self, session: &Session) -> Result<Report, Failure> {
        let pin = match &self.pin {
            Some(pin) => read_pin(pin)?,
            None => read_pin(&session.settings()?.audit_pin.value)?,
        };
        let bytes = read_small(&self.proof, "the proof", MAX_NOTE_LEN)?;
        let proof = RecordProof::parse(&bytes).map_err(|error| {
            Failure::new(Exit::Format, format!("the proof: {error}"))
                .next("give a file that `medsec audit prove` wrote")
        })?;
        let beside = line_file(&self.proof);
        let path = self.line.as_deref().unwrap_or(&beside);
        let text = read_small(path, "the record's line", MAX_LINE_LEN.saturating_add(1))?;
        let line = text.strip_suffix(b"\n").unwrap_or(&text);
        let size = verify(&proof, line, &pin, &origin(&pin, &self.stream)?)?;
        let (stream, seq) = (&self.stream, proof.index());
        Ok(Report::new()
            .line(format!(
                "record {seq} has been in `{stream}` since it had {size} records or fewer"
            ))
            .field("stream", stream.as_str())
            .field("seq", seq)
            .field("size", size))
    }
}

/// Verifies a line as that of the record the proof is for; the size of the checkpoint.
fn verify(proof: &RecordProof, line: &[u8], pin: &Pin, origin: &LogOrigin) -> Result<u64, Failure> {
    match Line::parse(line) {
        Ok(Line::Record(RecordLine { head, .. })) if head.position.seq.get() == proof.index() => {}
        _ => return Err(not_shown(&medsec_audit::ProofError::OtherRecord.to_string())),
    }
    let verified = proof.verify(&leaf_hash(line), origin, pin.key());
    Ok(verified.map_err(|error| not_shown(&error.to_string()))?.size())
}

/// That a record is not proved.
pub(super) fn not_shown(why: &str) -> Failure {
    Failure::new(Exit::Tampered, format!("the record is not shown to be in the stream: {why}"))
        .next("is it the right line, stream and pin? If so, one of them was changed")
}

/// Log, `/`, stream: what the checkpoints of a stream begin with.
fn origin(pin: &Pin, stream: &StreamName) -> Result<LogOrigin, Failure> {
    let text = format!("{}/{stream}", pin.key().name().as_str());
    LogOrigin::new(&text).map_err(|error| {
        Failure::usage(error.to_string()).next("give the pin that `medsec init` printed")
    })
}

fn line_file(proof: &Path) -> PathBuf {
    let mut name = OsString::from(proof);
    name.push(".line");
    name.into()
}

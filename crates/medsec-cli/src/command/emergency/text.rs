//! What a person wrote: read from a file or standard input, never from the command line, which other processes see.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use medsec_audit::{MAX_OPENING_TEXT_LEN, Opening};
use medsec_policy::ReasonText;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::session::Interrupt;
use crate::stdio::StandardInput;

/// Why an emergency is claimed.
pub(super) fn reason(path: &Path) -> Result<(ReasonText, Opening), Failure> {
    let text = read(path)?;
    let fit = ReasonText::new(&text).map_err(|_| {
        Failure::usage("the text of the reason cannot be kept; nothing was recorded")
            .next("give 1 to 1,000 characters on one line")
    })?;
    let opening = opening(&text)?;
    Ok((fit, opening))
}

/// What a review found.
pub(super) fn note(path: &Path) -> Result<Opening, Failure> {
    opening(&read(path)?)
}

fn opening(text: &str) -> Result<Opening, Failure> {
    Opening::new(text).map_err(|error| {
        Failure::usage(format!("the text cannot be kept: {error}; nothing was recorded"))
            .next("give a text of 1 to 4,096 bytes without control characters")
    })
}

/// The text without the line end of its last line.
fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let failed = |error| Failure::io("the text cannot be read", &error);
    let source: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(StandardInput::new(Interrupt::default())),
        false => Box::new(File::open(path).map_err(failed)?),
    };
    // Two more for a line end: what is too long shows nevertheless.
    let limit = MAX_OPENING_TEXT_LEN.saturating_add(2);
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit.saturating_add(1)));
    source.take(limit as u64).read_to_end(&mut bytes).map_err(failed)?;
    let text = str::from_utf8(&bytes).map_err(|_| {
        Failure::usage("the text is not UTF-8; nothing was recorded").next("write it as UTF-8")
    })?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    Ok(Zeroizing::new(text.strip_suffix('\r').unwrap_or(text).to_owned()))
}

/// Whether a file of the command line is standard input.
pub(super) fn is_stdin(path: Option<&Path>) -> bool {
    path.is_some_and(|path| path.as_os_str() == "-")
}

//! The patient whose records are looked for. What the log calls a patient by is PHI: it comes from a file or standard
//! input and never from the command line, which other processes can read.

use std::io::Read as _;
use std::path::Path;

use medsec_audit::Patient;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::files::read_small;

/// Longest pseudonym or commitment with a line end, and room to spare.
const MAX_LEN: usize = 256;

pub(crate) fn read(path: &Path) -> Result<Patient, Failure> {
    let bytes = Zeroizing::new(match path.as_os_str() == "-" {
        true => standard_input()?,
        false => read_small(path, "the file with the patient", MAX_LEN)?,
    });
    let text = str::from_utf8(&bytes).ok().map(|text| text.strip_suffix('\n').unwrap_or(text));
    let text = text.map(|text| text.strip_suffix('\r').unwrap_or(text));
    text.and_then(|text| text.parse().ok()).ok_or_else(|| {
        Failure::usage("what names the patient is neither a pseudonym nor a commitment of the log")
            .next("write the value of the member `patient` of a record as one line")
    })
}

fn standard_input() -> Result<Vec<u8>, Failure> {
    let failed = |error| Failure::io("standard input cannot be read", &error);
    // All at once, so that no shorter copy is left behind in memory; one byte more shows what is too long.
    let mut bytes = Vec::with_capacity(MAX_LEN.saturating_add(1));
    let limit = u64::try_from(MAX_LEN).unwrap_or(u64::MAX).saturating_add(1);
    std::io::stdin().lock().take(limit).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

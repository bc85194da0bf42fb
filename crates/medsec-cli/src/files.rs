//! Small files that are read whole.

use std::io::Read as _;
use std::path::Path;

use crate::failure::Failure;
use crate::input::open_file;

/// The content of a file of at most `max` bytes. `what` names it in messages, which never name its path.
pub(crate) fn read_small(path: &Path, what: &str, max: usize) -> Result<Vec<u8>, Failure> {
    let failed = |error| Failure::io(&format!("{what} cannot be read"), &error);
    let (file, _) = open_file(path).map_err(|failure| Failure {
        message: format!("{what}: {}", failure.message),
        ..failure
    })?;
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > max {
        return Err(Failure::usage(format!("{what} is longer than such a file can be"))
            .next("see whether it is the right file"));
    }
    Ok(bytes)
}

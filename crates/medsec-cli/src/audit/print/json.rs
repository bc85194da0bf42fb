//! Records as lines of JSON.

use std::borrow::Cow;
use std::io::{self, Write};

use super::super::entry::{Body, Entry};

/// The stream, and the line as it stands in the file: so a line that was taken out can still be compared with its
/// leaf hash.
pub(super) fn line(out: &mut impl Write, stream: &str, entry: &Entry) -> io::Result<()> {
    let line = entry.line.as_deref().unwrap_or("null");
    // What cannot be read as a record may not be JSON either: it is shown as a string.
    let quoted = matches!(entry.body, Body::Unread).then(|| serde_json::Value::from(line));
    let record = quoted.map_or_else(|| Cow::Borrowed(line), |text| Cow::Owned(text.to_string()));
    // The name of a stream and the line of a record need no escapes.
    writeln!(out, "{{\"stream\":\"{stream}\",\"record\":{record}}}")
}

//! From a line to a frame: `LEN SP <85>1 TIME HOST medsec - KIND DATA LINE`.
//!
//! 85 is facility 10 (security) and severity 5 (notice), as DICOM PS3.15 asks of audit messages. A commit has no time
//! of its own, and a record's is in the form that RFC 5424 wants. The message is the line byte for byte, without a byte
//! order mark: it is ASCII.

use std::fmt::Write as _;
use std::io::Write as _;

use medsec_audit::{HostId, Line, LogOrigin};

/// Facility and severity.
const PRIORITY: u8 = 85;

/// What is equal in all messages.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) host: HostId,
    pub(super) enterprise: Option<u32>,
}

impl Sender {
    /// Appends the frame of a line (RFC 5425, section 4.3).
    pub(super) fn frame(&self, origin: &LogOrigin, line: &Line<'_>, frames: &mut Vec<u8>) {
        let rendered;
        let (time, kind, seq, bytes) = match line {
            Line::Record(record) => {
                let position = &record.head.position;
                (position.ts.to_string(), "record", position.seq, record.bytes)
            }
            Line::Commit(commit) => {
                rendered = commit.render();
                ("-".to_owned(), "commit", commit.size, &rendered[..])
            }
        };
        let host = &self.host;
        let data = self.data(origin, kind, seq.get());
        let header = format!("<{PRIORITY}>1 {time} {host} medsec - {kind} {data} ");
        // A Vec takes whatever is written to it.
        let _ = write!(frames, "{} {header}", header.len().saturating_add(bytes.len()));
        frames.extend_from_slice(bytes);
    }

    /// Structured data: which stream, and where there.
    fn data(&self, origin: &LogOrigin, kind: &str, number: u64) -> String {
        let Some(enterprise) = self.enterprise else { return "-".to_owned() };
        let mut data = format!("[medsec@{enterprise} stream=\"");
        for c in origin.as_str().chars() {
            if matches!(c, '"' | '\\' | ']') {
                data.push('\\');
            }
            data.push(c);
        }
        let member = if kind == "commit" { "size" } else { "seq" };
        let _ = write!(data, "\" {member}=\"{number}\"]");
        data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &[u8] = br#"{"v":1,"seq":7,"prev":"WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo=","ts":"2026-11-03T12:00:00.123Z","t":"test"}"#;

    fn framed(enterprise: Option<u32>, origin: &str, line: &[u8]) -> String {
        let sender = Sender { host: HostId::new("node-7.example").unwrap(), enterprise };
        let mut frames = Vec::new();
        let origin = LogOrigin::new(origin).unwrap();
        sender.frame(&origin, &Line::parse(line).unwrap(), &mut frames);
        String::from_utf8(frames).unwrap()
    }

    #[test]
    fn frame_counts_its_octets_and_ends_with_the_line() {
        let frame = framed(None, "log.example/a", RECORD);
        let (len, message) = frame.split_once(' ').unwrap();
        assert_eq!(len.parse::<usize>().unwrap(), message.len());
        let line = std::str::from_utf8(RECORD).unwrap();
        let header = "<85>1 2026-11-03T12:00:00.123Z node-7.example medsec - record - ";
        assert_eq!(message, format!("{header}{line}"));
    }

    #[test]
    fn structured_data_escapes_what_would_end_it() {
        let frame = framed(Some(32473), "a\"]b\\", RECORD);
        assert!(frame.contains(r#" record [medsec@32473 stream="a\"\]b\\" seq="7"] {"v":1"#));
    }

    #[test]
    fn commit_goes_without_a_time() {
        let hash = medsec_audit::Hash::from_bytes([7; 32]);
        let count = |n| medsec_audit::Count::new(n).unwrap();
        let (epoch, counter, size) = (count(1), count(2), count(8));
        let commit =
            medsec_audit::CommitLine { epoch, counter, size, root: hash, signature: [1; 64] };
        let frame = framed(Some(1), "a", &commit.render());
        assert!(
            frame.contains(
                "<85>1 - node-7.example medsec - commit [medsec@1 stream=\"a\" size=\"8\"]"
            )
        );
    }
}

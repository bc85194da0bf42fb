//! OpenMetrics text of how peers fare.

use std::fmt::Write as _;
use std::path::Path;

use medsec_ship::{PeerKind, PeerState, Progress};

use super::fleet::kind;
use crate::failure::Failure;

/// Puts the metrics in the place of the last ones, in one step.
pub(crate) fn write(path: &Path, all: &[Progress]) -> Result<(), Failure> {
    // For a collector that is another user: there is nobody's name in it.
    crate::audit::watch::replace(path, text(all).as_bytes(), 0o644)
        .map_err(|error| Failure::io("the metrics cannot be written", &error))
}

/// The whole text. Values of labels are identifiers and need no escapes.
fn text(all: &[Progress]) -> String {
    let mut text = String::new();
    for (of, word) in [(PeerKind::Follower, "follower"), (PeerKind::Anchor, "anchor")] {
        let name = format!("medsec_audit_{word}_lag_records");
        // A String takes whatever is written to it.
        let _ = writeln!(text, "# TYPE {name} gauge\n# HELP {name} Records it does not have.");
        for progress in all.iter().filter(|progress| progress.kind == of) {
            let Progress { peer, stream, lag, .. } = progress;
            let records = lag.records;
            let _ = writeln!(text, "{name}{{peer=\"{peer}\",stream=\"{stream}\"}} {records}");
        }
    }
    text.push_str("# TYPE medsec_audit_peer_ok gauge\n# HELP medsec_audit_peer_ok Whether it is neither behind nor failing.\n");
    for progress in all {
        let Progress { peer, stream, state, .. } = progress;
        let (kind, ok) = (kind(progress), u8::from(*state == PeerState::Following));
        let _ = writeln!(
            text,
            "medsec_audit_peer_ok{{kind=\"{kind}\",peer=\"{peer}\",stream=\"{stream}\"}} {ok}"
        );
    }
    text.push_str("# EOF\n");
    text
}

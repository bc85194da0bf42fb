//! What verifications and failures have to tell.

use medsec_audit::{LogTime, StreamName};

use super::super::{Alert, Rule};
use super::Judge;
use crate::audit::check::{Checked, CheckedStream};
use crate::failure::Failure;

impl Judge<'_> {
    /// Tells of every stream that is not whole, or could not be checked, or that the anchor should know and does not.
    pub(crate) fn look_at_verdicts(&mut self, checked: &Checked, now: LogTime) {
        for (newest, checked) in self.newest.iter_mut().zip(&checked.streams) {
            *newest = checked.report.as_ref().and_then(|report| report.last).or(*newest);
        }
        let bad = checked.streams.iter().filter(|checked| checked.exit().is_some());
        self.alerts.extend(bad.map(|checked| bad_stream(checked, now)));
        let unanchored = checked.streams.iter().filter(|checked| checked.lacks_anchor());
        self.alerts.extend(unanchored.map(|checked| {
            let (stream, anchor) = (&checked.stream, checked.anchor());
            let text = format!("{stream}: the anchor {anchor}; a cut at the end would not show");
            Alert::of_state(Rule::Anchor, Some(stream), anchor, now, text)
        }));
    }

    /// Tells of a stream that could not be read; of all of them, where it is not known which.
    pub(crate) fn look_at_failure(
        &mut self,
        stream: Option<usize>,
        failure: &Failure,
        now: LogTime,
    ) {
        let stream = stream.and_then(|at| self.streams.get(at));
        let name = stream.map_or("the log", StreamName::as_str);
        let text = format!("{name} cannot be read: {}", failure.message);
        let what = format!("unread-{}", failure.exit.name());
        self.alerts.push(Alert::of_state(Rule::Verify, stream, what, now, text));
    }
}

fn bad_stream(checked: &CheckedStream, now: LogTime) -> Alert {
    let (stream, verdict) = (&checked.stream, checked.name());
    let text = format!("{stream} is {verdict}: {}", checked.findings());
    if let Some(times) = checked.rekeys().filter(|_| checked.is_settled()) {
        let what = format!("{verdict}|{times}");
        return Alert::of_history(Rule::Verify, stream, what, now, text);
    }
    let size = checked.report.as_ref().map_or(0, |report| report.size);
    Alert::of_state(Rule::Verify, Some(stream), format!("{verdict}|{size}"), now, text)
}

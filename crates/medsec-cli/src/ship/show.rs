//! How a peer fares, in words and for programs.

use medsec_ship::{Cause, PeerState, Progress};
use serde_json::{Value, json};

use super::fleet::kind;
use crate::exit::Exit;

/// One line for people.
pub(crate) fn line(progress: &Progress) -> String {
    let Progress { stream, peer, lag, state, .. } = progress;
    let words = match state {
        PeerState::Following => "follows".to_owned(),
        PeerState::Behind => "BEHIND".to_owned(),
        PeerState::Failing(cause) => format!("FAILING: {cause}"),
        PeerState::Stopped(cause) => format!("STOPPED: {cause}"),
    };
    let lag = match (lag.records, lag.since) {
        (0, _) => "nothing is missing".to_owned(),
        (records, None) => format!("{records} records are missing"),
        (records, Some(since)) => format!("{records} records are missing since {since}"),
    };
    format!("{stream} to {peer}: {words}; {lag}")
}

/// For programs.
pub(crate) fn value(progress: &Progress) -> Value {
    let Progress { stream, peer, lag, state, .. } = progress;
    let name = match state {
        PeerState::Following => "following",
        PeerState::Behind => "behind",
        PeerState::Failing(_) => "failing",
        PeerState::Stopped(_) => "stopped",
    };
    json!({
        "kind": kind(progress),
        "peer": peer.as_str(),
        "stream": stream.as_str(),
        "state": name,
        "reason": state.cause().map(|cause| cause.failure().name()),
        "lag_records": lag.records,
        "lag_since": lag.since.map(|since| since.to_string()),
    })
}

/// What the worst of all peers means for the exit code. `ended` is whether whoever fails will not be tried again.
pub(crate) fn exit(all: &[Progress], ended: bool) -> Option<Exit> {
    let exits = all.iter().filter_map(|progress| match progress.state {
        PeerState::Stopped(cause) => Some(of(cause)),
        PeerState::Failing(cause) if ended => Some(of(cause)),
        _ => None,
    });
    // A fork is worse than what is refused, and that worse than who does not answer.
    let rank = |exit: &Exit| match exit {
        Exit::Fork => 2,
        Exit::Log => 1,
        _ => 0,
    };
    exits.max_by_key(rank)
}

const fn of(cause: Cause) -> Exit {
    match cause {
        Cause::Fork | Cause::Ahead => Exit::Fork,
        Cause::Unreachable | Cause::Local => Exit::Io,
        _ => Exit::Log,
    }
}

//! What passed through a proxy.

use std::sync::{Arc, Mutex, PoisonError};

use super::http::Request;

/// A request that came through an HTTP proxy, and what the client was given for it.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "tests read it")]
pub struct Exchange {
    /// What was asked.
    pub request: Request,
    /// Status that the client got; none if it got no first line.
    pub status: Option<u16>,
    /// All bytes that the client got.
    pub answer: Vec<u8>,
    /// Whether the server was asked.
    pub forwarded: bool,
}

#[derive(Debug, Default)]
struct Recorded {
    to_server: Vec<u8>,
    to_client: Vec<u8>,
    exchanges: Vec<Exchange>,
}

/// Everything that passed, in the order in which it came: of a tunnel as it was on the wire, of an HTTP proxy in
/// clear. Clones show the same.
#[derive(Clone, Debug, Default)]
pub struct Recording(Arc<Mutex<Recorded>>);

impl Recording {
    /// All bytes that clients sent.
    #[must_use]
    pub fn to_server(&self) -> Vec<u8> {
        self.with(|recorded| recorded.to_server.clone())
    }

    /// All bytes that clients were given.
    #[must_use]
    pub fn to_client(&self) -> Vec<u8> {
        self.with(|recorded| recorded.to_client.clone())
    }

    /// All requests of an HTTP proxy.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.with(|recorded| recorded.exchanges.clone())
    }

    /// The requests whose head has `part` in it.
    #[must_use]
    pub fn exchanges_of(&self, part: &str) -> Vec<Exchange> {
        let all = self.exchanges();
        all.into_iter().filter(|exchange| exchange.request.head.contains(part)).collect()
    }

    /// How often `needle` stands in what passed, in both directions.
    #[must_use]
    pub fn count(&self, needle: &[u8]) -> usize {
        self.with(|recorded| {
            let both = [&recorded.to_server, &recorded.to_client];
            both.iter().map(|bytes| count(bytes, needle)).sum()
        })
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.with(|recorded| *recorded = Recorded::default());
    }

    pub(super) fn sent(&self, bytes: &[u8]) {
        self.with(|recorded| recorded.to_server.extend_from_slice(bytes));
    }

    pub(super) fn given(&self, bytes: &[u8]) {
        self.with(|recorded| recorded.to_client.extend_from_slice(bytes));
    }

    pub(super) fn exchanged(&self, exchange: Exchange) {
        self.with(|recorded| recorded.exchanges.push(exchange));
    }

    fn with<T>(&self, work: impl FnOnce(&mut Recorded) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn count(bytes: &[u8], needle: &[u8]) -> usize {
    if needle.is_empty() {
        return 0;
    }
    bytes.windows(needle.len()).filter(|part| *part == needle).count()
}

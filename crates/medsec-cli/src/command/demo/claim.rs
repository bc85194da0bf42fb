//! What the demo claims, and whether it held.

use std::time::Duration;

use serde_json::{Value, json};

use crate::units;

/// One claim, tried on every package.
#[derive(Debug)]
pub(super) struct Claim {
    /// For programs.
    pub(super) id: &'static str,
    /// What was tried.
    pub(super) what: &'static str,
    /// What came of it.
    pub(super) result: String,
    pub(super) holds: bool,
    pub(super) took: Duration,
    /// Bytes processed, where a rate says something.
    pub(super) bytes: Option<u64>,
}

impl Claim {
    /// A row of the table.
    pub(super) fn row(&self) -> String {
        let mark = if self.holds { "ok" } else { "NO" };
        let rate = self.bytes.map(|bytes| units::rate(bytes, self.took));
        let row = format!(
            "  {mark}  {:<22} {:<31} {:>8} {:>10}",
            self.what,
            self.result,
            units::time(self.took),
            rate.unwrap_or_default()
        );
        row.trim_end().to_owned()
    }

    pub(super) fn value(&self) -> Value {
        json!({
            "id": self.id,
            "what": self.what,
            "result": self.result,
            "holds": self.holds,
            "seconds": units::seconds(self.took),
            "bytes": self.bytes,
        })
    }
}

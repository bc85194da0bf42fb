//! Which requests a proxy does not simply pass on, and what it does with them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::http::Request;

/// An answer of the proxy's own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "tests make it")]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Further headers; length, type and end of connection are written by itself.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A status and a body.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} By the proxy\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.status != 204 {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("Content-Type: application/json\r\nConnection: close\r\n\r\n");
        [head.as_bytes(), &self.body].concat()
    }
}

/// Changes the bytes of a whole answer, first line and headers included.
pub type Edit = Arc<dyn Fn(&Request, Vec<u8>) -> Vec<u8> + Send + Sync>;

/// What becomes of a request.
#[derive(Clone)]
#[expect(clippy::exhaustive_enums, reason = "tests choose one of these")]
pub enum Action {
    /// The server does not see it; the client gets this.
    Answer(Answer),
    /// The server does not see it; the client gets these bytes.
    Raw(Vec<u8>),
    /// The server does not see it; the client gets status 200 and a body that goes on until it leaves.
    Endless,
    /// The server does not see it; the connection is closed without a word.
    Close,
    /// The server gets it after this time.
    Delay(Duration),
    /// The server answers; the client gets this many bytes of that, and the connection is closed.
    Cut(usize),
    /// The server answers; the client gets this in the place of the answer.
    Instead(Answer),
    /// The server answers; the client gets what the function makes of that.
    Edit(Edit),
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Answer(answer) => return write!(f, "Answer({})", answer.status),
            Self::Raw(_) => "Raw",
            Self::Endless => "Endless",
            Self::Close => "Close",
            Self::Delay(_) => "Delay",
            Self::Cut(_) => "Cut",
            Self::Instead(_) => "Instead",
            Self::Edit(_) => "Edit",
        };
        f.write_str(name)
    }
}

/// An action for the requests whose head (first line and headers) has a text in it.
#[derive(Clone, Debug)]
pub struct Rule {
    part: String,
    skip: usize,
    times: usize,
    action: Action,
}

impl Rule {
    /// For all of them.
    #[must_use]
    pub fn on(part: impl Into<String>, action: Action) -> Self {
        Self { part: part.into(), skip: 0, times: usize::MAX, action }
    }

    /// For the `k`-th of them alone, counted from one.
    #[must_use]
    pub const fn only(mut self, k: usize) -> Self {
        self.skip = k.saturating_sub(1);
        self.times = 1;
        self
    }

    /// For the first `count` of them.
    #[must_use]
    pub const fn first(mut self, count: usize) -> Self {
        self.skip = 0;
        self.times = count;
        self
    }

    /// Takes note of a request; the action, if it is one that this is for.
    fn meet(&mut self, request: &Request) -> Option<Action> {
        if !request.head.contains(&self.part) {
            return None;
        }
        if self.skip > 0 {
            self.skip = self.skip.saturating_sub(1);
            return None;
        }
        self.times = self.times.checked_sub(1)?;
        Some(self.action.clone())
    }
}

/// The rules of a proxy; the first that wants a request has it.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules(Arc<Mutex<Vec<Rule>>>);

impl Rules {
    pub(super) fn set(&self, rules: Vec<Rule>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    pub(super) fn action(&self, request: &Request) -> Option<Action> {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rules.iter_mut().find_map(|rule| rule.meet(request))
    }
}

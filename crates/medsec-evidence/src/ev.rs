//! The checks of an evidence test, and the proof that they passed.
//!
//! A failed check panics at the line of the check: that is how a test fails. No message prints a value
//! under test, since it may be ePHI; a digest would not help, because short values can be guessed from
//! it. Messages therefore name types, lengths and positions only.

use core::any::type_name;
use core::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::checks::{CheckKind, Checks, MAX_FACT_LEN, Polarity};

/// Collects the checks of one test; the [`evidence`](macro@crate::evidence) attribute hands it in.
///
/// It can be shared with scoped threads. A check that failed is remembered: catching its panic does not
/// make the test provable again.
#[derive(Debug)]
pub struct Ev {
    serial: u64,
    polarity: Polarity,
    record: Mutex<Record>,
}

#[derive(Debug, Default)]
struct Record {
    checks: Checks,
    failed: bool,
}

/// At least one check passed, none failed, and the checks fit the polarity of the claim.
///
/// Only [`Ev::proven`] makes one, and only for the test that `Ev` was made for.
#[derive(Debug)]
#[must_use = "return it from the test: without it there is no evidence"]
pub struct Proven {
    // INVARIANT: the serial of the Ev that made it.
    serial: u64,
    checks: Checks,
}

impl Ev {
    pub(crate) fn new(serial: u64, polarity: Polarity) -> Self {
        Self { serial, polarity, record: Mutex::default() }
    }

    /// The operation was refused, with the error that was meant: "it failed somehow" is no evidence.
    ///
    /// # Panics
    /// If the operation succeeded, or failed with another error.
    #[track_caller]
    pub fn denies<T, E>(&self, result: Result<T, E>, is_named: impl FnOnce(&E) -> bool) {
        let error = type_name::<E>();
        match result {
            Ok(_) => self.fail(format_args!("expected a denial by `{error}`, but it was allowed")),
            Err(other) if !is_named(&other) => {
                self.fail(format_args!("it failed, but not with the `{error}` that was named"))
            }
            Err(_) => self.passed(CheckKind::Denies, shortened(error)),
        }
    }

    /// The operation succeeded; its value is handed back.
    ///
    /// # Panics
    /// If the operation failed.
    #[track_caller]
    pub fn allows<T, E>(&self, result: Result<T, E>) -> T {
        match result {
            Ok(value) => {
                self.passed(CheckKind::Allows, shortened(type_name::<T>()));
                value
            }
            Err(_) => {
                let error = type_name::<E>();
                self.fail(format_args!("expected it to be allowed, but it failed with `{error}`"))
            }
        }
    }

    /// A stated fact is true. The fact is a literal, so that no data can be written into it.
    ///
    /// # Panics
    /// If it is false, or if the fact is empty, has control characters or is longer than 200 bytes.
    #[track_caller]
    pub fn holds(&self, fact: &'static str, is_true: bool) {
        self.require_fact(fact);
        if !is_true {
            self.fail(format_args!("`{fact}` does not hold"));
        }
        self.passed(CheckKind::Holds, fact);
    }

    /// Two values are equal; neither is printed.
    ///
    /// # Panics
    /// If they differ, or if the fact is not one that [`holds`](Self::holds) would take.
    #[track_caller]
    pub fn equal<A, B>(&self, fact: &'static str, left: &A, right: &B)
    where
        A: PartialEq<B> + ?Sized,
        B: ?Sized,
    {
        self.require_fact(fact);
        if left != right {
            let kind = type_name::<A>();
            self.fail(format_args!("`{fact}`: two values of `{kind}` differ (not printed)"));
        }
        self.passed(CheckKind::Equal, fact);
    }

    /// Two byte strings are equal; a failure names their lengths and the first difference.
    ///
    /// # Panics
    /// If they differ, or if the fact is not one that [`holds`](Self::holds) would take.
    #[track_caller]
    pub fn equal_bytes(
        &self,
        fact: &'static str,
        left: &(impl AsRef<[u8]> + ?Sized),
        right: &(impl AsRef<[u8]> + ?Sized),
    ) {
        self.require_fact(fact);
        let (left, right) = (left.as_ref(), right.as_ref());
        if left != right {
            let at = left.iter().zip(right).take_while(|(a, b)| a == b).count();
            let (left, right) = (left.len(), right.len());
            self.fail(format_args!("`{fact}`: {left} and {right} bytes differ from byte {at} on"));
        }
        self.passed(CheckKind::Equal, fact);
    }

    /// Ends the test: all its checks passed.
    ///
    /// # Panics
    /// If no check was made, one failed, or none shows the polarity of the claim: `deny` needs a
    /// [`denies`](Self::denies), `allow` an [`allows`](Self::allows), [`holds`](Self::holds) or
    /// [`equal`](Self::equal).
    #[track_caller]
    pub fn proven(self) -> Proven {
        let record = core::mem::take(&mut *self.lock());
        let counts = record.checks.counts();
        if record.failed {
            self.fail(format_args!("a check of this test failed and its panic was caught"));
        }
        if counts.total() == 0 {
            self.fail(format_args!("no check was made, so nothing is proven"));
        }
        if !self.polarity.is_shown_by(counts) {
            let needed = match self.polarity {
                Polarity::Deny => "a `denies` check",
                Polarity::Allow => "an `allows`, `holds` or `equal` check",
            };
            self.fail(format_args!("polarity `{}` needs {needed}", self.polarity));
        }
        Proven { serial: self.serial, checks: record.checks }
    }

    fn passed(&self, kind: CheckKind, fact: &str) {
        self.lock().checks.record(kind, fact);
    }

    #[track_caller]
    fn require_fact(&self, fact: &str) {
        if fact.trim().is_empty() || fact.len() > MAX_FACT_LEN || fact.contains(char::is_control) {
            self.fail(format_args!("a fact is 1 to {MAX_FACT_LEN} bytes on one line"));
        }
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "a failed check is a failed test")]
    fn fail(&self, why: fmt::Arguments<'_>) -> ! {
        self.lock().failed = true;
        panic!("evidence: {why}")
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        // A poisoned record is as good as any: nothing panics while holding it.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Proven {
    /// The checks, if they were made for the test with this serial.
    pub(crate) fn into_checks(self, serial: u64) -> Option<Checks> {
        (self.serial == serial).then_some(self.checks)
    }
}

/// Type names can grow with their generic arguments.
fn shortened(name: &str) -> &str {
    let fits = |index: &usize| *index <= MAX_FACT_LEN && name.is_char_boundary(*index);
    let end = (0..=name.len()).rev().find(fits).unwrap_or_default();
    name.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;

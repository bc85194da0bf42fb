//! Runs one evidence test and leaves its witness.

mod destination;
mod store;

use core::sync::atomic::{AtomicU64, Ordering};

use crate::checks::{Checks, Polarity};
use crate::ev::{Ev, Proven};
use crate::witness::{
    BodyHash, RawChecks, RawPackage, RawSource, RawWitness, SCHEMA, Witness, is_plain_relative,
};

use destination::{Destination, RecordError};

/// What the attribute knows about a test when it compiles.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "hidden; filled in by the attribute only")]
pub struct Declaration {
    pub edition: &'static str,
    pub citations: &'static [&'static str],
    pub claim: &'static str,
    pub polarity: Polarity,
    pub body_sha256: [u8; 32],
    pub module_path: &'static str,
    pub function: &'static str,
    pub file: &'static str,
    pub line: u32,
    pub package: &'static str,
    pub package_version: &'static str,
    pub crate_name: &'static str,
}

/// Each test of a process has its own, so that a proof cannot be lent to another test.
static NEXT_SERIAL: AtomicU64 = AtomicU64::new(0);

/// Runs the body; only if it returns its own `Proven`, a witness is written.
///
/// # Panics
/// If a check fails, or as [`Running::start`] and [`Running::finish`].
#[track_caller]
pub fn run(declaration: Declaration, body: impl FnOnce(Ev) -> Proven) {
    let (running, ev) = Running::start(declaration);
    running.finish(body(ev));
}

/// A test whose body runs: what an `async` test keeps while it waits.
#[derive(Debug)]
pub struct Running {
    declaration: Declaration,
    destination: Option<Destination>,
    serial: u64,
}

impl Running {
    /// Where the witness goes, and the `Ev` for the body.
    ///
    /// # Panics
    /// If a witness is wanted and the environment does not say where it goes.
    #[track_caller]
    pub fn start(declaration: Declaration) -> (Self, Ev) {
        let destination = or_fail(Destination::from_env());
        let serial = NEXT_SERIAL.fetch_add(1, Ordering::Relaxed);
        let ev = Ev::new(serial, declaration.polarity);
        (Self { declaration, destination, serial }, ev)
    }

    /// Writes the witness.
    ///
    /// # Panics
    /// If the proof is another test's, or a witness is wanted and cannot be written: an operation that cannot be
    /// recorded does not happen.
    #[track_caller]
    pub fn finish(self, proven: Proven) {
        let checks = or_fail(proven.into_checks(self.serial).ok_or(RecordError::LentProof));
        if let Some(destination) = self.destination {
            or_fail(record(&self.declaration, &destination, &checks, self.serial));
        }
    }
}

#[track_caller]
#[expect(clippy::panic, reason = "a test that cannot be recorded has failed")]
fn or_fail<T>(result: Result<T, RecordError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("evidence: the test is not recorded: {error}"),
    }
}

fn record(
    declaration: &Declaration,
    destination: &Destination,
    checks: &Checks,
    serial: u64,
) -> Result<(), RecordError> {
    let witness = Witness::try_from(declaration.stated(destination, checks))?;
    let name = store::file_name(declaration.function, witness.body(), serial);
    store::write(&destination.folder, &name, &witness.to_json()?)
        .map_err(|error| RecordError::Write { kind: error.kind() })
}

impl Declaration {
    fn stated(&self, destination: &Destination, checks: &Checks) -> RawWitness {
        RawWitness {
            schema: SCHEMA.to_owned(),
            run: destination.run.to_string(),
            binary: destination.binary.clone().unwrap_or_else(|| self.binary()),
            test: self.test(),
            attempt: destination.attempt,
            edition: self.edition.to_owned(),
            citations: self.citations.iter().copied().map(str::to_owned).collect(),
            claim: self.claim.to_owned(),
            polarity: self.polarity,
            checks: RawChecks::from(checks),
            body_sha256: BodyHash::new(self.body_sha256).to_string(),
            source: RawSource { file: source_file(self.file), line: self.line },
            package: RawPackage {
                name: self.package.to_owned(),
                version: self.package_version.to_owned(),
            },
        }
    }

    /// What libtest prints: the module path without the crate, then the function.
    fn test(&self) -> String {
        match self.module_path.split_once("::") {
            Some((_, modules)) => format!("{modules}::{}", self.function),
            None => self.function.to_owned(),
        }
    }

    /// As cargo-nextest names it: the package alone for its library, else `package::target`.
    fn binary(&self) -> String {
        if self.package.replace('-', "_") == self.crate_name {
            self.package.to_owned()
        } else {
            format!("{}::{}", self.package, self.crate_name)
        }
    }
}

/// The compiler's path, or only the file name where that would be absolute or leave its root: nothing
/// of the machine gets into a witness.
fn source_file(path: &str) -> String {
    let path = path.replace('\\', "/");
    if is_plain_relative(&path) {
        return path;
    }
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;

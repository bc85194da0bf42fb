//! What an error of the database means to a log.

use std::io;

use medsec_audit::OutsideError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// Why the database did not do what was asked. Nothing of the lines is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The connection could not be made, or broke.
    #[error("the connection to the database failed")]
    Connection(#[source] Error),
    /// The server could not be verified, or refused our side of TLS.
    #[error("the database could not be verified")]
    Certificate(#[source] Error),
    /// The server answered with an error of this SQLSTATE.
    #[error("the database refused with SQLSTATE {}", .0.code())]
    Sql(SqlState),
    /// What it returned is not what was asked for.
    #[error("the database returned something else than was asked for")]
    Result(#[source] Error),
    /// The login may change, delete or truncate what is there, or become a role that may.
    #[error("the login may do more than add to the copy")]
    TooMuchPower,
    /// A number is beyond what the database can hold.
    #[error("a number does not fit the database")]
    Range,
    /// There are more commits than a log makes for so many records.
    #[error("the copy has more commits than a log makes")]
    Commits,
    /// The copy lacks records that must be before these, or in its midst.
    #[error("records are missing in the copy")]
    Gap,
}

/// A message of the server can repeat a row, hence is not kept: its code says enough.
pub(super) fn of(error: Error) -> OutsideError {
    let Some(code) = error.code().cloned() else { return without_code(error) };
    let class = code.code().get(..2).unwrap_or_default().to_owned();
    let error = Box::new(PostgresError::Sql(code));
    match class.as_str() {
        // Connection lost, not enough resources, shut down or starting, deadlock, and others' work in the way.
        "08" | "40" | "53" | "55" | "57" | "58" => OutsideError::Unreachable(error),
        // No such database, schema, table or column.
        "3D" | "3F" | "42" if !is_denial(&error) => OutsideError::Unfit(error),
        _ => OutsideError::Refused(error),
    }
}

fn is_denial(error: &PostgresError) -> bool {
    matches!(error, PostgresError::Sql(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE)
}

/// A certificate that does not verify does not become better by waiting; a broken connection may.
fn without_code(error: Error) -> OutsideError {
    let io = source_of(&error);
    let certificate =
        io.and_then(io::Error::get_ref).is_some_and(|inner| inner.is::<rustls::Error>());
    let broken = error.is_closed() || io.is_some();
    match (certificate, broken) {
        (true, _) => OutsideError::Answer(Box::new(PostgresError::Certificate(error))),
        (_, true) => OutsideError::Unreachable(Box::new(PostgresError::Connection(error))),
        _ => OutsideError::Answer(Box::new(PostgresError::Result(error))),
    }
}

/// The error of input or output that is behind it.
fn source_of(error: &Error) -> Option<&io::Error> {
    let first = std::error::Error::source(error);
    let mut sources = std::iter::successors(first, |error| error.source());
    sources.find_map(|error| error.downcast_ref())
}

//! A copy in PostgreSQL: lines byte for byte, that verify by themselves, under a role that can only add.
//!
//! A shipment is one transaction. A line that is there already must be there byte for byte; another one in its place is
//! a fork. The tables and the role are in [`POSTGRES_MIGRATION`]. Connections are always TLS with a verified server.

mod error;
mod insert;
mod read_back;
mod session;

use std::fmt;
use std::time::Duration;

use medsec_audit::{
    Follower, LogOrigin, OutsideError, OutsideFuture, PeerName, Shipment, StreamPosition,
};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

pub use self::error::PostgresError;
pub use self::read_back::ReadBack;
use self::session::Session;
use crate::address::Address;
use crate::deadline::within;
use crate::tls::Tls;

/// SQL that makes the tables and the role `medsec_audit_follower`. Run it once, as the owner of the database.
pub const POSTGRES_MIGRATION: &str = include_str!("postgres/migration.sql");

const LAST_COMMIT: &str = "SELECT max(n) FROM medsec_audit.commits WHERE stream = $1";
const RECORDS_BETWEEN: &str =
    "SELECT count(*) FROM medsec_audit.records WHERE stream = $1 AND seq >= $2 AND seq < $3";

/// What a follower is made of.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct PostgresSettings {
    /// What the log calls it.
    pub name: PeerName,
    /// Where the server listens.
    pub server: Address,
    /// Whom to trust.
    pub tls: Tls,
    /// Name of the database.
    pub database: String,
    /// The login, a member of `medsec_audit_follower`.
    pub user: String,
    /// Its password, used with SCRAM and channel binding. The server's certificate must be signed with RSA (PKCS #1)
    /// or ECDSA: PostgreSQL binds to no other.
    pub password: Password,
    /// How long connecting, and one call, may take. A shipment of 10,000 records takes less than a second.
    pub patience: Duration,
}

/// A password. Erased on drop, and never shown.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// Follows a log into PostgreSQL.
pub struct PostgresFollower {
    settings: PostgresSettings,
    // INVARIANT: nothing while a call uses it, so that a call given up on leaves no half-done transaction behind.
    session: Mutex<Option<Session>>,
}

impl Password {
    /// Takes a password over.
    #[must_use]
    pub fn new(password: String) -> Self {
        Self(Zeroizing::new(password))
    }

    /// The password.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl PostgresFollower {
    /// Puts a follower together. No connection is made yet.
    #[must_use]
    pub const fn new(settings: PostgresSettings) -> Self {
        Self { settings, session: Mutex::const_new(None) }
    }

    /// Reads the copy of a stream, from a record on: what it returns piece by piece is the stream's own files, to be
    /// verified as they are.
    #[must_use]
    pub const fn read_back<'a>(&'a self, origin: &'a LogOrigin, from: u64) -> ReadBack<'a> {
        ReadBack::new(self, origin, from)
    }

    /// Lends the connection to a piece of work, after making one if there is none. After an error there is none.
    async fn with<T>(
        &self,
        work: impl AsyncFnOnce(&mut Session) -> Result<T, OutsideError>,
    ) -> Result<T, OutsideError> {
        let mut place = self.session.lock().await;
        let kept = place.take().filter(Session::is_open);
        let mut session = match kept {
            Some(session) => session,
            None => within(self.settings.patience, Session::open(&self.settings)).await?,
        };
        let done = within(self.settings.patience, work(&mut session)).await?;
        *place = Some(session);
        Ok(done)
    }

    /// Rows are counted once on each connection, and after that those that came to it. What is deleted behind that is
    /// found by the next connection, or when the copy is verified.
    async fn size(&self, origin: &LogOrigin) -> Result<u64, OutsideError> {
        self.with(async |session| {
            let stream = origin.as_str();
            let row = session.client.query_one(LAST_COMMIT, &[&stream]).await;
            let last: Option<i64> = row.and_then(|row| row.try_get(0)).map_err(error::of)?;
            let last = last.unwrap_or(0);
            // Fewer than there were: all is in doubt.
            let known = session.dense.get(origin).copied().filter(|known| *known <= last);
            let known = known.unwrap_or(0);
            let row = session.client.query_one(RECORDS_BETWEEN, &[&stream, &known, &last]).await;
            let records: i64 = row.and_then(|row| row.try_get(0)).map_err(error::of)?;
            // No two rows have the same number: as many as there are numbers means that none is missing.
            let dense = last.checked_sub(known) == Some(records);
            let size = u64::try_from(last).ok().filter(|_| dense);
            let size = size.ok_or_else(|| OutsideError::Answer(Box::new(PostgresError::Gap)))?;
            session.dense.insert(origin.clone(), last);
            Ok(size)
        })
        .await
    }
}

impl Follower for PostgresFollower {
    fn name(&self) -> &PeerName {
        &self.settings.name
    }

    fn position<'a>(&'a self, origin: &'a LogOrigin) -> OutsideFuture<'a, Option<StreamPosition>> {
        Box::pin(async { Ok(Some(StreamPosition { size: self.size(origin).await? })) })
    }

    fn take<'a>(&'a self, shipment: &'a Shipment<'a>) -> OutsideFuture<'a, ()> {
        Box::pin(self.with(async |session| insert::all(session, shipment).await))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

impl fmt::Debug for PostgresFollower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresFollower({})", self.settings.name)
    }
}

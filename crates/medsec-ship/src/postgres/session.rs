//! One connection to the database, checked for what its login may do.

use std::collections::BTreeMap;

use medsec_audit::{LogOrigin, OutsideError};
use rustls::ClientConfig;
use tokio::task::JoinHandle;
use tokio_postgres::config::{ChannelBinding, SslMode};
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::PostgresSettings;
use super::error::{self, PostgresError};

/// A commit must be durable there before it counts, whatever the server's default is; and a server that hangs must
/// not keep locks for ever.
const PREPARE: &str = "SET synchronous_commit = on; SET statement_timeout = '10min'; \
                       SET idle_in_transaction_session_timeout = '10min'";
/// Whether the login, or a role that it may become, can do more than add. `MEMBER` counts roles too whose privileges
/// are not inherited, for `SET ROLE` is all that is missing; a superuser is a member of every role. Who owns the table,
/// its schema or the database can grant himself the rest, and so can who makes roles.
const TOO_MUCH: &str = "SELECT EXISTS (SELECT FROM pg_catalog.pg_roles AS r CROSS JOIN pg_catalog.pg_class AS c \
     JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database() \
     WHERE c.oid IN ('medsec_audit.records'::regclass, 'medsec_audit.commits'::regclass) \
     AND pg_catalog.pg_has_role(r.oid, 'MEMBER') \
     AND (r.rolsuper OR r.rolcreaterole OR r.oid IN (c.relowner, n.nspowner, d.datdba) \
     OR pg_catalog.has_table_privilege(r.oid, c.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER') \
     OR pg_catalog.has_any_column_privilege(r.oid, c.oid, 'UPDATE')))";

/// A connection and the task that drives it.
pub(super) struct Session {
    pub(super) client: Client,
    /// Up to which size a stream's copy was found to be without a gap, on this connection.
    pub(super) dense: BTreeMap<LogOrigin, i64>,
    driver: JoinHandle<()>,
}

impl Session {
    /// Connects, and insists on a login that can only add.
    pub(super) async fn open(settings: &PostgresSettings) -> Result<Self, OutsideError> {
        let tls = MakeRustlsConnect::new(ClientConfig::clone(&settings.tls.config()));
        let connected = configuration(settings).connect(tls).await;
        let (client, connection) = connected.map_err(error::of)?;
        // What the connection ends with, the next call on the client reports.
        let driver = tokio::spawn(async move { drop(connection.await) });
        let session = Self { client, dense: BTreeMap::new(), driver };
        session.client.batch_execute(PREPARE).await.map_err(error::of)?;
        let row = session.client.query_one(TOO_MUCH, &[]).await.map_err(error::of)?;
        let too_much: bool = row.try_get(0).map_err(error::of)?;
        if too_much {
            return Err(OutsideError::Unfit(Box::new(PostgresError::TooMuchPower)));
        }
        Ok(session)
    }

    pub(super) fn is_open(&self) -> bool {
        !self.client.is_closed()
    }
}

impl Drop for Session {
    /// Ends the connection, and with it whatever transaction is open.
    fn drop(&mut self) {
        self.driver.abort();
    }
}

fn configuration(settings: &PostgresSettings) -> Config {
    let mut config = Config::new();
    config
        .host(settings.server.host())
        .port(settings.server.port())
        .dbname(&settings.database)
        .user(&settings.user)
        .password(settings.password.expose())
        .application_name("medsec")
        .connect_timeout(settings.patience)
        // SCRAM bound to this TLS connection and nothing else: the password is neither sent nor proven to a server
        // that does not know it, even where its certificate verifies.
        .channel_binding(ChannelBinding::Require)
        .ssl_mode(SslMode::Require);
    config
}

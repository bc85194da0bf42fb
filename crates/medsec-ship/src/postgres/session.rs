//! One connection to the database, checked for what its login may do.

use medsec_audit::OutsideError;
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
/// Owners and superusers show here too: they have every privilege.
const TOO_MUCH: &str = "SELECT bool_or(has_table_privilege(t, 'UPDATE, DELETE, TRUNCATE, TRIGGER')) \
     FROM unnest(ARRAY['medsec_audit.records', 'medsec_audit.commits']) AS t";

/// A connection and the task that drives it.
pub(super) struct Session {
    pub(super) client: Client,
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
        let session = Self { client, driver };
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
        .channel_binding(ChannelBinding::Prefer)
        .ssl_mode(SslMode::Require);
    config
}

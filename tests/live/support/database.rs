//! A fresh database with our tables, and a login that may only follow.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use medsec_ship::{POSTGRES_MIGRATION, Password, PostgresFollower, PostgresSettings, Tls};

use super::{PATIENCE, certificate_file, local, peer, tls, variable};

/// A database of one server.
pub(crate) struct Database {
    server: &'static str,
    pub(crate) name: String,
}

/// What `psql` answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) printed: String,
    /// SQLSTATE of the first error.
    pub(crate) error: Option<String>,
}

impl Database {
    /// Makes one on the server that this variable names.
    pub(crate) fn new(server: &'static str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{}_{number}", std::process::id());
        let admin = Self { server, name: "postgres".to_owned() };
        admin.must(&format!("CREATE DATABASE {name}"));
        let database = Self { server, name };
        database.must(POSTGRES_MIGRATION);
        let login = &database.name;
        database.must(&format!(
            "CREATE ROLE {login} LOGIN PASSWORD '{login}' IN ROLE medsec_audit_follower"
        ));
        database
    }

    /// A follower with the login that may only add.
    pub(crate) fn follower(&self) -> PostgresFollower {
        PostgresFollower::new(self.settings())
    }

    pub(crate) fn settings(&self) -> PostgresSettings {
        PostgresSettings {
            name: peer("postgres"),
            server: local(self.server),
            tls: tls("ca", None),
            database: self.name.clone(),
            user: self.name.clone(),
            password: Password::new(self.name.clone()),
            patience: PATIENCE,
        }
    }

    /// The follower of an administrator, who can do everything.
    pub(crate) fn powerful(&self) -> PostgresFollower {
        let password = Password::new(variable(&format!("{}_PASSWORD", self.server)));
        let user = "postgres".to_owned();
        PostgresFollower::new(PostgresSettings { user, password, ..self.settings() })
    }

    /// A follower that trusts somebody else.
    pub(crate) fn trusting(&self, tls: Tls) -> PostgresFollower {
        PostgresFollower::new(PostgresSettings { tls, ..self.settings() })
    }

    /// Runs SQL as the administrator.
    pub(crate) fn must(&self, sql: &str) -> String {
        let password = variable(&format!("{}_PASSWORD", self.server));
        let answer = self.psql("postgres", &password, sql);
        assert_eq!(answer.error, None, "of `{sql}`");
        answer.printed
    }

    /// Runs SQL as the follower's login.
    pub(crate) fn as_follower(&self, sql: &str) -> Answer {
        self.psql(&self.name, &self.name, sql)
    }

    fn psql(&self, user: &str, password: &str, sql: &str) -> Answer {
        let address = local(self.server);
        let mut psql = Command::new(variable("MEDSEC_LIVE_PSQL"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=sqlstate"]);
        psql.args(["-h", address.host(), "-p", &address.port().to_string(), "-U", user]);
        psql.args(["-d", &self.name, "-c", sql]).env("PGPASSWORD", password);
        psql.env("PGSSLMODE", "verify-full").env("PGSSLROOTCERT", certificate_file("ca.pem"));
        let output = psql.output().unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        let error = complaint.split_once("ERROR:  ").map(|(_, code)| code.trim().to_owned());
        assert_eq!(output.status.success(), error.is_none(), "{complaint}");
        Answer { printed: String::from_utf8(output.stdout).unwrap().trim().to_owned(), error }
    }
}

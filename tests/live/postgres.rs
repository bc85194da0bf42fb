//! The copy in PostgreSQL: what its role can do, what stops it, and what it has.

use std::error::Error;

use medsec_audit::{Follower as _, OutsideError, Shipment, StreamPosition};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_ship::PostgresError;

use crate::support::copy::Copy;
use crate::support::database::Database;
use crate::support::stream::Stream;
use crate::support::{block_on, tls};

const SERVER: &str = "MEDSEC_LIVE_POSTGRES";
/// SQLSTATE of a missing privilege.
const DENIED: &str = "42501";

fn reason(error: &OutsideError) -> Option<&PostgresError> {
    error.source()?.downcast_ref()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "the login that follows the log into PostgreSQL can neither change nor delete what is there",
    polarity = deny,
)]
fn role_cannot_change_or_delete(ev: Ev) -> Proven {
    let database = Database::new(SERVER);
    let stream = Stream::of("log.example/a", 2, 10);
    ev.allows(block_on(database.follower().take(&stream.whole())));
    for sql in [
        "UPDATE medsec_audit.records SET line = '\\x00'",
        "UPDATE medsec_audit.commits SET n = 1",
        "DELETE FROM medsec_audit.records",
        "DELETE FROM medsec_audit.commits WHERE n = 10",
        "TRUNCATE medsec_audit.records",
        "DROP TABLE medsec_audit.commits",
        "ALTER TABLE medsec_audit.records DROP CONSTRAINT records_pkey",
        "INSERT INTO medsec_audit.records SELECT * FROM medsec_audit.records \
         ON CONFLICT (stream, seq) DO UPDATE SET line = excluded.line",
    ] {
        let answer = database.as_follower(sql);
        let result = answer.error.map_or(Ok(answer.printed), Err);
        ev.denies(result, |code| code == DENIED);
    }
    let there = database.must("SELECT count(*) FROM medsec_audit.records");
    ev.equal("all records are still there", there.as_str(), "20");
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "the log is not followed with a login that could change the copy",
    polarity = deny,
)]
fn follower_refuses_powerful_login(ev: Ev) -> Proven {
    let database = Database::new(SERVER);
    let stream = Stream::of("log.example/a", 1, 1);
    let is_power = |error: &OutsideError| {
        matches!(error, OutsideError::Unfit(_))
            && matches!(reason(error), Some(PostgresError::TooMuchPower))
    };
    ev.denies(block_on(database.powerful().take(&stream.whole())), is_power);
    ev.allows(block_on(database.follower().take(&stream.whole())));
    for power in [
        "GRANT DELETE ON medsec_audit.commits TO {login}",
        "GRANT UPDATE (line) ON medsec_audit.records TO {login}",
        "GRANT {login}_other TO {login}; ALTER TABLE medsec_audit.records OWNER TO {login}_other",
        "GRANT {login}_other TO {login}; ALTER SCHEMA medsec_audit OWNER TO {login}_other",
        "GRANT {login}_other TO {login}; ALTER DATABASE {login} OWNER TO {login}_other",
        // Not inherited, but `SET ROLE` is all that is missing.
        "ALTER ROLE {login} NOINHERIT; GRANT medsec_audit_follower TO {login}; \
         GRANT SELECT, INSERT ON medsec_audit.records, medsec_audit.commits TO {login}; \
         GRANT USAGE ON SCHEMA medsec_audit TO {login}; \
         GRANT DELETE ON medsec_audit.records TO {login}_other; GRANT {login}_other TO {login}",
        "GRANT UPDATE (n) ON medsec_audit.commits TO {login}_other; GRANT {login}_other TO {login}",
        "ALTER ROLE {login} CREATEROLE",
    ] {
        let database = Database::new(SERVER);
        let login = &database.name;
        database.must(&format!("CREATE ROLE {login}_other NOLOGIN"));
        database.must(&power.replace("{login}", login));
        ev.denies(block_on(database.follower().take(&stream.whole())), is_power);
    }
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "another line in the place of a shipped one stops the follower",
    polarity = deny,
)]
fn planted_fork_stops_the_follower(ev: Ev) -> Proven {
    let database = Database::new(SERVER);
    let (stream, other) =
        (Stream::of("log.example/a", 4, 10), Stream::with_seed("log.example/a", 4, 10, 1));
    let follower = database.follower();
    ev.allows(block_on(follower.take(&stream.shipment(0, 2))));
    let is_fork = |error: &OutsideError| matches!(error, OutsideError::Fork);
    // The same places with other lines; other lines behind the same place; a commit of another root.
    ev.denies(block_on(follower.take(&other.shipment(0, 2))), is_fork);
    ev.denies(block_on(follower.take(&other.shipment(20, 1))), is_fork);
    let end = |stream: &Stream| stream.bytes[..stream.commits[1].0].to_vec();
    let commit = |bytes: &[u8]| {
        let at = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
        bytes[at..].to_vec()
    };
    let forged = commit(&end(&other));
    ev.denies(block_on(follower.take(&Shipment::new(&stream.origin, &forged).unwrap())), is_fork);
    // The copy has not moved, and the true history goes on.
    ev.equal("nothing was added", &size(&follower, &stream), &20);
    ev.allows(block_on(follower.take(&stream.shipment(20, 2))));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(c)(1)",
    claim = "a line changed in the database by its administrator is noticed as a fork",
    polarity = deny,
)]
fn line_changed_in_the_database_is_a_fork(ev: Ev) -> Proven {
    let database = Database::new(SERVER);
    let stream = Stream::of("log.example/a", 3, 10);
    let follower = database.follower();
    ev.allows(block_on(follower.take(&stream.shipment(0, 2))));
    database.must("UPDATE medsec_audit.records SET line = line || '\\x20' WHERE seq IN (5, 19)");
    let is_fork = |error: &OutsideError| matches!(error, OutsideError::Fork);
    ev.denies(block_on(follower.take(&stream.whole())), is_fork);
    ev.denies(block_on(follower.take(&stream.shipment(20, 1))), is_fork);
    ev.proven()
}

#[test]
fn shipment_behind_a_gap_is_refused() {
    let database = Database::new(SERVER);
    let stream = Stream::of("log.example/a", 3, 10);
    let follower = database.follower();
    let error = block_on(follower.take(&stream.shipment(10, 1))).unwrap_err();
    assert!(matches!(reason(&error), Some(PostgresError::Gap)), "{error:?}");
    assert_eq!(size(&follower, &stream), 0);
}

#[test]
fn record_missing_in_the_copy_is_named_a_gap() {
    let database = Database::new(SERVER);
    let stream = Stream::of("log.example/a", 2, 10);
    let follower = database.follower();
    block_on(follower.take(&stream.whole())).unwrap();
    database.must("DELETE FROM medsec_audit.records WHERE seq = 3");
    let error = block_on(follower.position(&stream.origin)).unwrap_err();
    assert!(matches!(reason(&error), Some(PostgresError::Gap)), "{error:?}");
    let error = block_on(follower.read_back(&stream.origin, 0).next()).unwrap_err();
    assert!(matches!(reason(&error), Some(PostgresError::Gap)), "{error:?}");
}

#[test]
fn position_counts_what_came_and_a_new_connection_all() {
    let database = Database::new(SERVER);
    let stream = Stream::of("log.example/a", 4, 10);
    let follower = database.follower();
    let is_gap = |error: &OutsideError| matches!(reason(error), Some(PostgresError::Gap));
    // On one runtime: the connection stays between calls.
    block_on(async {
        let position = async || follower.position(&stream.origin).await;
        let size = async || position().await.unwrap().unwrap().size;
        follower.take(&stream.shipment(0, 2)).await.unwrap();
        assert_eq!(size().await, 20);
        follower.take(&stream.shipment(20, 1)).await.unwrap();
        assert_eq!(size().await, 30);
        database.must("DELETE FROM medsec_audit.records WHERE seq = 3");
        assert_eq!(size().await, 30);
        assert!(is_gap(&database.follower().position(&stream.origin).await.unwrap_err()));
        follower.take(&stream.shipment(30, 1)).await.unwrap();
        database.must("DELETE FROM medsec_audit.records WHERE seq = 33");
        assert!(is_gap(&position().await.unwrap_err()));
        // After an error the connection is another.
        database.must("DELETE FROM medsec_audit.commits WHERE n > 10");
        assert!(is_gap(&position().await.unwrap_err()));
    });
}

#[test]
fn copy_that_lost_its_end_is_counted_from_the_beginning() {
    let database = Database::new(SERVER);
    let stream = Stream::of("log.example/a", 4, 10);
    let follower = database.follower();
    block_on(async {
        follower.take(&stream.whole()).await.unwrap();
        follower.position(&stream.origin).await.unwrap();
        database.must("DELETE FROM medsec_audit.records WHERE seq = 3");
        database.must("DELETE FROM medsec_audit.commits WHERE n > 10");
        let error = follower.position(&stream.origin).await.unwrap_err();
        assert!(matches!(reason(&error), Some(PostgresError::Gap)), "{error:?}");
    });
}

#[test]
fn what_is_read_back_is_of_one_moment() {
    let database = Database::new(SERVER);
    let stream = Stream::of("log.example/a", 40, 20);
    let follower = database.follower();
    block_on(follower.take(&stream.shipment(0, 20))).unwrap();
    // On one runtime: the connection stays between pieces.
    let (before, after) = block_on(async {
        let mut back = follower.read_back(&stream.origin, 0);
        let mut before = back.next().await.unwrap().unwrap();
        follower.take(&stream.shipment(400, 20)).await.unwrap();
        while let Some(lines) = back.next().await.unwrap() {
            before.extend(lines);
        }
        let mut after = before.clone();
        // Asked again behind the end, it goes on with what came.
        while let Some(lines) = back.next().await.unwrap() {
            after.extend(lines);
        }
        (before, after)
    });
    assert_eq!(before, stream.bytes[..stream.commits[19].0]);
    assert_eq!(after, stream.bytes);
}

#[test]
fn commits_without_number_are_not_read() {
    let database = Database::new(SERVER);
    let stream = Stream::of("log.example/a", 1, 10);
    let follower = database.follower();
    block_on(follower.take(&stream.whole())).unwrap();
    database.must(
        "INSERT INTO medsec_audit.commits SELECT 'log.example/a', 10, 2, i, '\\x00' \
         FROM generate_series(1, 1024) AS i",
    );
    let error = block_on(follower.read_back(&stream.origin, 0).next()).unwrap_err();
    assert!(matches!(reason(&error), Some(PostgresError::Commits)), "{error:?}");
}

#[test]
fn follower_without_tables_is_unfit() {
    let database = Database::new(SERVER);
    let stream = Stream::of("log.example/a", 1, 1);
    database.must("DROP SCHEMA medsec_audit CASCADE");
    let error = block_on(database.follower().take(&stream.whole())).unwrap_err();
    assert!(matches!(error, OutsideError::Unfit(_)), "{error:?}");
}

#[evidence(
    hipaa2013::"164.312(e)(1)",
    claim = "no line goes to a database whose certificate does not verify",
    polarity = deny,
)]
fn database_with_wrong_certificate_is_refused(ev: Ev) -> Proven {
    let database = Database::new(SERVER);
    let stream = Stream::of("log.example/a", 1, 1);
    let follower = database.trusting(tls("stranger-ca", None));
    ev.denies(block_on(follower.take(&stream.whole())), |error| {
        matches!(error, OutsideError::Answer(_))
            && matches!(reason(error), Some(PostgresError::Certificate(_)))
    });
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "streams are followed into PostgreSQL byte for byte and the copy verifies by itself",
    polarity = allow,
)]
fn copy_is_identical_and_verifies_alone(ev: Ev) -> Proven {
    let database = Database::new(SERVER);
    let streams =
        [Stream::of("log.example/a", 30, 31), Stream::with_seed("log.example/b", 7, 100, 1)];
    let follower = database.follower();
    for stream in &streams {
        ev.allows(block_on(follower.take(&stream.shipment(0, 5))));
        // The same again, and what overlaps it, is no error.
        ev.allows(block_on(follower.take(&stream.shipment(0, 5))));
        ev.allows(block_on(follower.take(&stream.whole())));
        ev.equal("the position is the last commit's", &size(&follower, stream), &stream.size());
    }
    for stream in &streams {
        let (mut copy, mut bytes) = (Copy::new(), Vec::new());
        // On one runtime: what is read back has one connection.
        let read = block_on(async {
            let mut back = follower.read_back(&stream.origin, 0);
            while let Some(lines) = back.next().await? {
                ev.holds("each line continues those before it", copy.continues(&lines));
                bytes.extend(lines);
            }
            Ok::<_, OutsideError>(())
        });
        ev.allows(read);
        ev.equal_bytes("the copy is as shipped", &bytes, &stream.bytes);
        ev.equal("its tree has the stream's size", &copy.size(), &stream.size());
    }
    ev.proven()
}

fn size(follower: &medsec_ship::PostgresFollower, stream: &Stream) -> u64 {
    let StreamPosition { size } = block_on(follower.position(&stream.origin)).unwrap().unwrap();
    size
}

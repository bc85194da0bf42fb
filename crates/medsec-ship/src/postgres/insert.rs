//! One shipment, one transaction.

use medsec_audit::{CommitLine, Line, OutsideError, RecordLine, Shipment, leaf_hash};
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;

use super::error::{self, PostgresError};
use super::session::Session;

/// Rows and bytes of lines that one statement carries: what bounds memory on both sides.
const MAX_ROWS: usize = 4096;
const MAX_BYTES: usize = 4 << 20;

const BEFORE: &str = "SELECT line FROM medsec_audit.records WHERE stream = $1 AND seq = $2";
const INSERT_RECORDS: &str = "INSERT INTO medsec_audit.records (stream, seq, prev, line) \
     SELECT $1, seq, prev, line FROM unnest($2::bigint[], $3::bytea[], $4::bytea[]) AS new (seq, prev, line) \
     ON CONFLICT DO NOTHING";
const EQUAL_RECORDS: &str = "SELECT count(*) FROM medsec_audit.records AS old \
     JOIN unnest($2::bigint[], $3::bytea[], $4::bytea[]) AS new (seq, prev, line) \
     ON old.seq = new.seq AND old.prev = new.prev AND old.line = new.line WHERE old.stream = $1";
const INSERT_COMMITS: &str = "INSERT INTO medsec_audit.commits (stream, n, epoch, counter, line) \
     SELECT $1, n, epoch, counter, line \
     FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[]) AS new (n, epoch, counter, line) \
     ON CONFLICT DO NOTHING";
const EQUAL_COMMITS: &str = "SELECT count(*) FROM medsec_audit.commits AS old \
     JOIN unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[]) AS new (n, epoch, counter, line) \
     ON old.epoch = new.epoch AND old.counter = new.counter AND old.n = new.n AND old.line = new.line \
     WHERE old.stream = $1";

/// Two statements with the same parameters: one adds rows and leaves out those that collide, the other counts the
/// rows that are there exactly so.
#[derive(Clone, Copy)]
struct Statements {
    insert: &'static str,
    equal: &'static str,
}

/// Adds what is not there yet. On any error nothing of the shipment is.
pub(super) async fn all(
    session: &mut Session,
    shipment: &Shipment<'_>,
) -> Result<(), OutsideError> {
    let transaction = session.client.transaction().await.map_err(error::of)?;
    check_joint(&transaction, shipment).await?;
    let stream = shipment.origin().as_str();
    let records: Vec<_> = shipment.records().collect();
    for batch in batches(&records) {
        add_records(&transaction, stream, batch).await?;
    }
    let commits: Vec<_> = shipment.commits().collect();
    for batch in commits.chunks(MAX_ROWS) {
        add_commits(&transaction, stream, batch).await?;
    }
    transaction.commit().await.map_err(error::of)
}

/// The first line must continue what is there.
async fn check_joint(
    transaction: &Transaction<'_>,
    shipment: &Shipment<'_>,
) -> Result<(), OutsideError> {
    let (size, prev) = match shipment.lines().first() {
        Some(Line::Record(record)) => {
            (record.head.position.seq.get(), Some(record.head.position.prev))
        }
        Some(Line::Commit(commit)) => (commit.size.get(), None),
        None => return Ok(()),
    };
    let Some(before) = size.checked_sub(1) else { return Ok(()) };
    let stream = shipment.origin().as_str();
    let row = transaction.query_opt(BEFORE, &[&stream, &number(before)?]).await;
    let row = row.map_err(error::of)?;
    let row = row.ok_or_else(|| OutsideError::Refused(Box::new(PostgresError::Gap)))?;
    let line: &[u8] = row.try_get(0).map_err(error::of)?;
    let joins = prev.is_none_or(|prev| prev == leaf_hash(line));
    joins.then_some(()).ok_or(OutsideError::Fork)
}

async fn add_records(
    transaction: &Transaction<'_>,
    stream: &str,
    batch: &[&RecordLine<'_>],
) -> Result<(), OutsideError> {
    let places = batch.iter().map(|record| number(record.head.position.seq.get()));
    let places = places.collect::<Result<Vec<_>, _>>()?;
    let prevs: Vec<&[u8]> =
        batch.iter().map(|record| &record.head.position.prev.as_bytes()[..]).collect();
    let lines: Vec<&[u8]> = batch.iter().map(|record| record.bytes).collect();
    let statements = Statements { insert: INSERT_RECORDS, equal: EQUAL_RECORDS };
    add(transaction, statements, &[&stream, &places, &prevs, &lines], batch.len()).await
}

async fn add_commits(
    transaction: &Transaction<'_>,
    stream: &str,
    batch: &[&CommitLine],
) -> Result<(), OutsideError> {
    let numbers = |of: fn(&CommitLine) -> u64| {
        batch.iter().map(|commit| number(of(commit))).collect::<Result<Vec<_>, _>>()
    };
    let sizes = numbers(|commit| commit.size.get())?;
    let epochs = numbers(|commit| commit.epoch.get())?;
    let counters = numbers(|commit| commit.counter.get())?;
    let lines: Vec<_> = batch.iter().map(|commit| commit.render()).collect();
    let statements = Statements { insert: INSERT_COMMITS, equal: EQUAL_COMMITS };
    let parameters: [&(dyn ToSql + Sync); 5] = [&stream, &sizes, &epochs, &counters, &lines];
    add(transaction, statements, &parameters, batch.len()).await
}

/// Adds rows. Those that collide with others must be equal to them.
async fn add(
    transaction: &Transaction<'_>,
    statements: Statements,
    parameters: &[&(dyn ToSql + Sync)],
    rows: usize,
) -> Result<(), OutsideError> {
    let added = transaction.execute(statements.insert, parameters).await.map_err(error::of)?;
    if usize::try_from(added) == Ok(rows) {
        return Ok(());
    }
    let row = transaction.query_one(statements.equal, parameters).await;
    let equal: i64 = row.and_then(|row| row.try_get(0)).map_err(error::of)?;
    let all = usize::try_from(equal) == Ok(rows);
    all.then_some(()).ok_or(OutsideError::Fork)
}

/// Records in groups that one statement can carry.
fn batches<'r, 'l>(
    records: &'r [&'r RecordLine<'l>],
) -> impl Iterator<Item = &'r [&'r RecordLine<'l>]> {
    let mut rest = records;
    std::iter::from_fn(move || {
        let mut bytes = 0_usize;
        let fits = |record: &&&RecordLine<'_>| {
            let first = bytes == 0;
            bytes = bytes.saturating_add(record.bytes.len());
            first || bytes <= MAX_BYTES
        };
        let len = rest.iter().take(MAX_ROWS).take_while(fits).count();
        let (batch, after) = rest.split_at_checked(len)?;
        rest = after;
        (!batch.is_empty()).then_some(batch)
    })
}

fn number(number: u64) -> Result<i64, OutsideError> {
    i64::try_from(number).map_err(|_| OutsideError::Refused(Box::new(PostgresError::Range)))
}

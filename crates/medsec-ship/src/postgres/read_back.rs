//! The copy as a stream's files have it.

use std::fmt;

use medsec_audit::{LogOrigin, OutsideError};
use tokio_postgres::{Client, Row};

use super::error;
use super::{PostgresError, PostgresFollower};

/// Records read at once: of the longest lines, 16 MiB.
const PIECE: u64 = 256;

const RECORDS: &str = "SELECT seq, line FROM medsec_audit.records \
     WHERE stream = $1 AND seq >= $2 AND seq < $3 ORDER BY seq";
const COMMITS: &str = "SELECT n, line FROM medsec_audit.commits \
     WHERE stream = $1 AND n > $2 AND n <= $3 ORDER BY n, epoch, counter";

/// Reads a stream's lines in their order, a piece at a time.
pub struct ReadBack<'a> {
    follower: &'a PostgresFollower,
    origin: &'a LogOrigin,
    next: u64,
}

impl<'a> ReadBack<'a> {
    pub(super) const fn new(
        follower: &'a PostgresFollower,
        origin: &'a LogOrigin,
        from: u64,
    ) -> Self {
        Self { follower, origin, next: from }
    }

    /// The next lines, each with its LF; nothing after the last. Hashes and signatures are not checked here.
    ///
    /// # Errors
    /// [`OutsideError`]; among them [`PostgresError::Gap`] if records are missing. Asking again goes on where it was.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, OutsideError> {
        let (first, end) = (self.next, self.next.saturating_add(PIECE));
        let stream = self.origin.as_str();
        let (records, commits) = self
            .follower
            .with(async |session| {
                let records = rows(&session.client, RECORDS, stream, first, end).await?;
                Ok((records, rows(&session.client, COMMITS, stream, first, end).await?))
            })
            .await?;
        let (lines, after) = merged(first, &records, &commits)?;
        self.next = after;
        Ok((!lines.is_empty()).then_some(lines))
    }
}

async fn rows(
    client: &Client,
    query: &str,
    stream: &str,
    first: u64,
    end: u64,
) -> Result<Vec<(u64, Vec<u8>)>, OutsideError> {
    let range = || OutsideError::Refused(Box::new(PostgresError::Range));
    let [first, end] = [first, end].map(|n| i64::try_from(n).map_err(|_| range()));
    let rows = client.query(query, &[&stream, &first?, &end?]).await.map_err(error::of)?;
    let pair = |row: &Row| Ok::<_, tokio_postgres::Error>((row.try_get(0)?, row.try_get(1)?));
    rows.iter()
        .map(|row| {
            let (number, line): (i64, Vec<u8>) = pair(row).map_err(error::of)?;
            Ok((u64::try_from(number).map_err(|_| range())?, line))
        })
        .collect()
}

/// Records with the commits behind them, and the number that comes next.
fn merged(
    first: u64,
    records: &[(u64, Vec<u8>)],
    commits: &[(u64, Vec<u8>)],
) -> Result<(Vec<u8>, u64), OutsideError> {
    let (mut lines, mut next) = (Vec::new(), first);
    let mut commits = commits.iter().peekable();
    for (number, line) in records {
        if *number != next {
            return Err(OutsideError::Answer(Box::new(PostgresError::Gap)));
        }
        next = next.saturating_add(1);
        lines.extend_from_slice(line);
        lines.push(b'\n');
        while let Some((_, commit)) = commits.next_if(|(size, _)| *size == next) {
            lines.extend_from_slice(commit);
            lines.push(b'\n');
        }
    }
    // What is left signs records that are not there.
    let left = commits.next().is_some();
    (!left)
        .then_some((lines, next))
        .ok_or_else(|| OutsideError::Answer(Box::new(PostgresError::Gap)))
}

impl fmt::Debug for ReadBack<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReadBack(from {})", self.next)
    }
}

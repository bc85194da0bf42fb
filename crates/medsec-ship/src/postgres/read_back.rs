//! The copy as a stream's files have it.

use std::fmt;

use medsec_audit::{LogOrigin, OutsideError};
use tokio_postgres::{Client, Row};

use super::error;
use super::session::Session;
use super::{PostgresError, PostgresFollower};
use crate::deadline::within;

/// Records read at once: of the longest lines, 16 MiB.
const PIECE: u64 = 256;
/// Most commits behind them. A log makes about one a record at most; whoever can add rows can add more.
const MAX_COMMITS: usize = 1024;

/// All pieces are of one moment: what is added meanwhile would tear commits from their records.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const RECORDS: &str = "SELECT seq, line FROM medsec_audit.records \
     WHERE stream = $1 AND seq >= $2 AND seq < $3 ORDER BY seq LIMIT $4";
const COMMITS: &str = "SELECT n, line FROM medsec_audit.commits \
     WHERE stream = $1 AND n > $2 AND n <= $3 ORDER BY n, epoch, counter LIMIT $4";

/// Reads a stream's lines in their order, a piece at a time, all as they were when the first was asked for. It has a
/// connection of its own; where that breaks, it goes on in another with what there is by then.
pub struct ReadBack<'a> {
    follower: &'a PostgresFollower,
    origin: &'a LogOrigin,
    next: u64,
    // INVARIANT: within the one transaction; nothing before the first piece, after the last, and after an error.
    session: Option<Session>,
}

impl<'a> ReadBack<'a> {
    pub(super) const fn new(
        follower: &'a PostgresFollower,
        origin: &'a LogOrigin,
        from: u64,
    ) -> Self {
        Self { follower, origin, next: from, session: None }
    }

    /// The next lines, each with its LF; nothing after the last. Hashes and signatures are not checked here.
    ///
    /// # Errors
    /// [`OutsideError`]; among them [`PostgresError::Gap`] if records are missing. Asking again goes on where it was,
    /// with what there is by then.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, OutsideError> {
        let session = match self.session.take().filter(Session::is_open) {
            Some(session) => session,
            None => self.begin().await?,
        };
        let read = self.piece(&session.client);
        let (lines, after) = within(self.follower.settings.patience, read).await?;
        self.next = after;
        if lines.is_empty() {
            return Ok(None);
        }
        self.session = Some(session);
        Ok(Some(lines))
    }

    async fn begin(&self) -> Result<Session, OutsideError> {
        let settings = &self.follower.settings;
        within(settings.patience, async {
            let session = Session::open(settings).await?;
            session.client.batch_execute(BEGIN).await.map_err(error::of)?;
            Ok(session)
        })
        .await
    }

    /// The lines from `next` on, and the number that comes after them.
    async fn piece(&self, client: &Client) -> Result<(Vec<u8>, u64), OutsideError> {
        let (first, end) = (self.next, self.next.saturating_add(PIECE));
        let range = Range { stream: self.origin.as_str(), first, end };
        let records = rows(client, RECORDS, &range).await?;
        let commits = rows(client, COMMITS, &range).await?;
        if commits.len() > MAX_COMMITS {
            return Err(OutsideError::Answer(Box::new(PostgresError::Commits)));
        }
        merged(first, &records, &commits)
    }
}

/// What one query asks for.
struct Range<'a> {
    stream: &'a str,
    first: u64,
    end: u64,
}

async fn rows(
    client: &Client,
    query: &str,
    asked: &Range<'_>,
) -> Result<Vec<(u64, Vec<u8>)>, OutsideError> {
    let range = || OutsideError::Refused(Box::new(PostgresError::Range));
    let [first, end] = [asked.first, asked.end].map(|n| i64::try_from(n).map_err(|_| range()));
    // One more than is allowed shows that there are too many.
    let most = i64::try_from(MAX_COMMITS).unwrap_or(i64::MAX).saturating_add(1);
    let rows = client.query(query, &[&asked.stream, &first?, &end?, &most]).await;
    let rows = rows.map_err(error::of)?;
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

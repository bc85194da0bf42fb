//! A package's content as the body of an answer. Nothing of it leaves before all of the package is verified.

use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_channel::mpsc::{Sender, channel};
use medsec::{Custodian, Grant, Login, UseError};
use medsec_crypto::{Execution, Header, HeaderError, OpenError};
use medsec_examples::clinic::wish;
use medsec_policy::Purpose;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// Packages that are read at a time: each takes a thread.
const MOST: u32 = 16;
/// What is read, and sent, at a time.
const PIECE: usize = 64 << 10;
/// Pieces that wait for a slow reader.
const WAITING: usize = 2;

/// Room for those who read.
pub(crate) struct Readers {
    room: Arc<Semaphore>,
    /// How long a reader may take nothing.
    patience: Duration,
}

/// Why there is no content.
pub(crate) enum NoContent {
    /// As many are read as may be. Nothing was asked.
    Full,
    /// The package is not there or not authentic, or nobody may open it so. The log knows which.
    Refused,
}

/// A content that is verified, piece by piece, and its length.
pub(crate) struct Content {
    pub(crate) len: u64,
    pub(crate) body: Body,
}

impl Readers {
    pub(crate) fn new(patience: Duration) -> Self {
        Self { room: Arc::new(Semaphore::new(usize::try_from(MOST).unwrap_or(1))), patience }
    }

    /// Waits until nobody reads any more, and lets nobody in.
    pub(crate) async fn close(&self) {
        let _all = self.room.acquire_many(MOST).await;
        self.room.close();
    }

    /// Decides, records, opens and verifies; then the content is there to be streamed.
    pub(crate) async fn stream(
        &self,
        custodian: &Custodian,
        login: &dyn Login,
        package: PathBuf,
        purpose: Option<Purpose>,
    ) -> Result<Content, NoContent> {
        // Before anything is granted: what is granted is used, or ended on record.
        let room = Arc::clone(&self.room).try_acquire_owned().map_err(|_| NoContent::Full)?;
        let path = package.clone();
        let header = tokio::task::spawn_blocking(move || match File::open(path) {
            Ok(mut file) => Header::read(&mut file),
            Err(error) => Err(HeaderError::Io(error)),
        });
        let mut wish = wish(Purpose::Treatment);
        wish.purpose = purpose;
        let header = header.await.map_err(|_| NoContent::Refused)?;
        // Decides, records and asks the key service, and waits for each: no thread waits with it.
        let granted = custodian.open(login, header, &wish).await;
        let grant = granted.map_err(|_| NoContent::Refused)?;
        let (verified, len) = oneshot::channel();
        let (sender, pieces) = channel(WAITING);
        let outlet = Outlet { verified: Some(verified), sender, patience: self.patience };
        tokio::task::spawn_blocking(move || send(grant, &package, outlet, room));
        let len = len.await.map_err(|_| NoContent::Refused)?;
        Ok(Content { len, body: Body::from_stream(pieces) })
    }
}

/// What was read, and how it ended, is on record at the end: a package that is not authentic as what it is, a reader
/// that went away as an interruption, one that stalled as an output that could not be made, and a session that ended
/// meanwhile as that.
fn send(grant: Grant, package: &Path, mut outlet: Outlet, room: OwnedSemaphorePermit) {
    let read = read(&grant, package, &mut outlet);
    let closed = grant.close(read.as_ref().copied());
    if read.is_err() || closed.is_err() {
        // The answer breaks off before the length that it has promised.
        outlet.break_off();
    }
    drop(room);
}

/// Reads all of the package and checks it, then reads it again piece by piece.
fn read(grant: &Grant, package: &Path, outlet: &mut Outlet) -> Result<(), UseError> {
    let source = File::open(package).map_err(OpenError::Read)?;
    let mut reader = grant.reader_after_reading_all(source, &Execution::default())?;
    outlet.begin(reader.content_len()?)?;
    let mut offset = 0;
    loop {
        // Erased when it is sent, or given up.
        let mut piece = Zeroizing::new(vec![0; PIECE]);
        let len = reader.read_range(offset, &mut piece)?;
        piece.truncate(len);
        if len == 0 {
            return Ok(());
        }
        outlet.give(piece)?;
        offset = offset.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
    }
}

/// Where the content goes.
struct Outlet {
    verified: Option<oneshot::Sender<u64>>,
    sender: Sender<Result<Bytes, io::Error>>,
    patience: Duration,
}

impl Outlet {
    /// From here on there is an answer, of that length.
    fn begin(&mut self, len: u64) -> Result<(), OpenError> {
        let begun = self.verified.take().and_then(|verified| verified.send(len).ok());
        begun.ok_or(OpenError::Interrupted)
    }

    /// Waits, in a thread that may, until the reader has taken enough; not for ever.
    fn give(&mut self, piece: Zeroizing<Vec<u8>>) -> Result<(), OpenError> {
        let ready = poll_fn(|context| self.sender.poll_ready(context));
        match Handle::current().block_on(async { timeout(self.patience, ready).await }) {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(OpenError::Interrupted),
            Err(_) => return Err(OpenError::Write(io::ErrorKind::TimedOut.into())),
        }
        let given = self.sender.start_send(Ok(Bytes::from_owner(piece)));
        given.map_err(|_| OpenError::Interrupted)
    }

    fn break_off(mut self) {
        // Whoever is gone needs not be told.
        let _ = self.sender.try_send(Err(io::ErrorKind::Other.into()));
    }
}

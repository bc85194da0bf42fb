//! A package's content as the body of an answer. Nothing of it leaves before all of the package is verified.

use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::path::{Path, PathBuf};

use axum::body::{Body, Bytes};
use futures_channel::mpsc::{Sender, channel};
use medsec::{Custodian, Grant, Login, UseError};
use medsec_crypto::{Execution, Header, HeaderError, OpenError};
use medsec_examples::clinic::wish;
use medsec_policy::Purpose;

/// What is read, and sent, at a time.
const PIECE: usize = 64 << 10;
/// Pieces that wait for a slow reader.
const WAITING: usize = 2;

/// The body; none, if the package is not there or nobody may open it so. The log knows which.
pub(crate) async fn stream(
    custodian: &Custodian,
    login: &dyn Login,
    package: PathBuf,
    purpose: Option<Purpose>,
) -> Option<Body> {
    let path = package.clone();
    let header = tokio::task::spawn_blocking(move || match File::open(path) {
        Ok(mut file) => Header::read(&mut file),
        Err(error) => Err(HeaderError::Io(error)),
    });
    let mut wish = wish(Purpose::Treatment);
    wish.purpose = purpose;
    // Decides, records and asks the key service, and waits for each: no thread waits with it.
    let grant = custodian.open(login, header.await.ok()?, &wish).await.ok()?;
    let (mut sender, pieces) = channel(WAITING);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = send(grant, &package, &mut sender) {
            // The answer breaks off: its length was not promised, but its end is missing.
            let _ = give(&mut sender, Err(error));
        }
    });
    Some(Body::from_stream(pieces))
}

/// What was read, and how it ended, is on record at the end: a package that is not authentic as what it is, and a reader
/// that went away as an interruption.
fn send(
    grant: Grant,
    package: &Path,
    sender: &mut Sender<Result<Bytes, io::Error>>,
) -> Result<(), io::Error> {
    let read = read(&grant, package, sender);
    let closed = grant.close(read.as_ref().copied());
    read.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    closed.map_err(|_| io::Error::from(io::ErrorKind::Other))
}

/// Reads all of the package and checks it, then reads it again piece by piece.
fn read(
    grant: &Grant,
    package: &Path,
    sender: &mut Sender<Result<Bytes, io::Error>>,
) -> Result<(), UseError> {
    let source = File::open(package).map_err(OpenError::Read)?;
    let mut reader = grant.reader_after_reading_all(source, &Execution::default())?;
    let mut offset = 0;
    loop {
        let mut piece = vec![0; PIECE];
        let len = reader.read_range(offset, &mut piece)?;
        piece.truncate(len);
        if len == 0 {
            return Ok(());
        }
        give(sender, Ok(piece.into())).map_err(|_| OpenError::Interrupted)?;
        offset = offset.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
    }
}

/// Waits, in a thread that may, until the reader has taken enough.
fn give(
    sender: &mut Sender<Result<Bytes, io::Error>>,
    piece: Result<Bytes, io::Error>,
) -> Result<(), futures_channel::mpsc::SendError> {
    pollster::block_on(poll_fn(|context| sender.poll_ready(context)))?;
    sender.start_send(piece)
}

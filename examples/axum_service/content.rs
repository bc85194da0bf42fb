//! A package's content as the body of an answer. Nothing of it leaves before all of the package is verified.

use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::path::PathBuf;

use axum::body::{Body, Bytes};
use futures_channel::mpsc::{Sender, channel};
use medsec::{Custodian, Grant, Login};
use medsec_crypto::{Execution, Header, HeaderError};
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
    let (sender, pieces) = channel(WAITING);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = send(grant, package, sender.clone()) {
            // The answer breaks off: its length was not promised, but its end is missing.
            let _ = give(&mut sender.clone(), Err(error));
        }
    });
    Some(Body::from_stream(pieces))
}

/// Reads all of the package and checks it, then reads it again piece by piece. How much was read is recorded at the
/// end, or when the reader goes away.
fn send(
    grant: Grant,
    package: PathBuf,
    mut sender: Sender<Result<Bytes, io::Error>>,
) -> Result<(), io::Error> {
    let failed = |_| io::Error::from(io::ErrorKind::InvalidData);
    let source = File::open(package)?;
    let mut reader = grant
        .reader_after_reading_all(source, &Execution::default())
        .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    let mut offset = 0;
    loop {
        let mut piece = vec![0; PIECE];
        let len = reader.read_range(offset, &mut piece).map_err(failed)?;
        piece.truncate(len);
        if len == 0 || give(&mut sender, Ok(piece.into())).is_err() {
            break;
        }
        offset = offset.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
    }
    drop(reader);
    grant.close(Ok(())).map_err(|_| io::Error::from(io::ErrorKind::Other))
}

/// Waits, in a thread that may, until the reader has taken enough.
fn give(
    sender: &mut Sender<Result<Bytes, io::Error>>,
    piece: Result<Bytes, io::Error>,
) -> Result<(), futures_channel::mpsc::SendError> {
    pollster::block_on(poll_fn(|context| sender.poll_ready(context)))?;
    sender.start_send(piece)
}

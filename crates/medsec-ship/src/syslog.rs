//! Syslog over TLS (RFC 5424, RFC 5425): one message a line, to a SIEM that cannot say what it has.
//!
//! Syslog knows no acknowledgement. Each shipment has a connection of its own, at whose end the receiver must answer
//! the closing of TLS: it has then read every byte, and not necessarily stored one. A receiver that is killed at the
//! wrong moment loses lines without anybody noticing at that time. Since every line commits to all before it, a gap
//! shows when the next line arrives.

mod message;

use std::fmt;
use std::io;
use std::time::Duration;

use medsec_audit::{
    Follower, HostId, LogOrigin, OutsideError, OutsideFuture, PeerName, Shipment, StreamPosition,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use self::message::Sender;
use crate::address::Address;
use crate::deadline::within;
use crate::tls::Tls;

/// Bytes that are written at once. One message may be longer.
const WRITE_LEN: usize = 64 << 10;

/// What a follower is made of.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct SyslogSettings {
    /// What the log calls it.
    pub name: PeerName,
    /// Where the receiver listens; by custom port 6514.
    pub server: Address,
    /// Whom to trust, and as whom to appear.
    pub tls: Tls,
    /// The machine, in each message.
    pub host: HostId,
    /// IANA's enterprise number of whoever runs this. With it, each message names its stream and its place there in
    /// structured data `medsec@number`; without, a receiver tells streams apart only by their hashes.
    pub enterprise: Option<u32>,
    /// How long connecting, and each single writing and closing, may take.
    pub patience: Duration,
}

/// Ships lines as syslog messages over TLS.
pub struct SyslogFollower {
    name: PeerName,
    server: Address,
    tls: Tls,
    sender: Sender,
    patience: Duration,
}

/// Why a shipment may not have arrived. How much of it did, nobody knows; it is to be shipped again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyslogError {
    /// There is no connection, or it broke.
    #[error("the connection to the receiver failed")]
    Connection(#[source] io::Error),
    /// The receiver's certificate was not accepted, or it does not speak TLS.
    #[error("the receiver could not be verified")]
    Certificate(#[source] io::Error),
    /// The receiver ended the connection with an alert, for instance because it wants another certificate.
    #[error("the receiver refused the connection")]
    Alert(#[source] io::Error),
    /// The receiver ended the connection without answering the closing of TLS: it may have read less than all.
    #[error("the receiver did not confirm the end of the connection")]
    Unconfirmed,
    /// The receiver sent something, which syslog does not know.
    #[error("the receiver sent data")]
    Talkative,
}

impl SyslogFollower {
    /// Puts a follower together. No connection is made yet.
    #[must_use]
    pub fn new(settings: SyslogSettings) -> Self {
        let SyslogSettings { name, server, tls, host, enterprise, patience } = settings;
        Self { name, server, tls, sender: Sender { host, enterprise }, patience }
    }

    async fn ship(&self, shipment: &Shipment<'_>) -> Result<(), OutsideError> {
        let mut stream = within(self.patience, self.connect()).await?;
        let mut frames = Vec::with_capacity(WRITE_LEN);
        for line in shipment.lines() {
            self.sender.frame(shipment.origin(), line, &mut frames);
            if frames.len() >= WRITE_LEN {
                within(self.patience, write(&mut stream, &frames)).await?;
                frames.clear();
            }
        }
        within(self.patience, write(&mut stream, &frames)).await?;
        within(self.patience, close(&mut stream)).await
    }

    async fn connect(&self) -> Result<TlsStream<TcpStream>, OutsideError> {
        let unreachable =
            |error| OutsideError::Unreachable(Box::new(SyslogError::Connection(error)));
        let tcp = TcpStream::connect((self.server.host(), self.server.port())).await;
        let name = self.server.server_name().map_err(|error| OutsideError::Unfit(error.into()))?;
        self.tls.connector().connect(name, tcp.map_err(unreachable)?).await.map_err(failed)
    }
}

impl Follower for SyslogFollower {
    fn name(&self) -> &PeerName {
        &self.name
    }

    /// Nothing: a receiver of syslog cannot be asked.
    fn position<'a>(&'a self, _: &'a LogOrigin) -> OutsideFuture<'a, Option<StreamPosition>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn take<'a>(&'a self, shipment: &'a Shipment<'a>) -> OutsideFuture<'a, ()> {
        Box::pin(self.ship(shipment))
    }
}

async fn write(stream: &mut TlsStream<TcpStream>, frames: &[u8]) -> Result<(), OutsideError> {
    stream.write_all(frames).await.map_err(failed)?;
    stream.flush().await.map_err(failed)
}

/// Ends the connection and waits until the receiver has done the same, as RFC 5425, section 4.4, wants it.
async fn close(stream: &mut TlsStream<TcpStream>) -> Result<(), OutsideError> {
    stream.shutdown().await.map_err(failed)?;
    match stream.read(&mut [0]).await {
        Ok(0) => Ok(()),
        Ok(_) => Err(OutsideError::Answer(Box::new(SyslogError::Talkative))),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(OutsideError::Unreachable(Box::new(SyslogError::Unconfirmed)))
        }
        Err(error) => Err(failed(error)),
    }
}

/// What an error of the connection means: a certificate that is not accepted, on either side, will not be later.
fn failed(error: io::Error) -> OutsideError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::AlertReceived(_)) => {
            OutsideError::Refused(Box::new(SyslogError::Alert(error)))
        }
        Some(_) => OutsideError::Answer(Box::new(SyslogError::Certificate(error))),
        None => OutsideError::Unreachable(Box::new(SyslogError::Connection(error))),
    }
}

impl fmt::Debug for SyslogFollower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SyslogFollower({})", self.name)
    }
}

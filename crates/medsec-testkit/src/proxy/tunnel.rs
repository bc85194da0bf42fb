//! Passing bytes that are not understood.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::record::Recording;
use super::tamper::{Direction, Line, Tamper, unit};

/// Where to, and with which changes.
#[derive(Debug)]
pub(super) struct Tunnel {
    pub(super) upstream: SocketAddr,
    pub(super) tampers: Vec<Tamper>,
}

impl Tunnel {
    /// Serves one connection to its end.
    pub(super) async fn serve(&self, client: TcpStream, recording: &Recording) {
        let Ok(server) = TcpStream::connect(self.upstream).await else { return };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let there = Line::new(&self.tampers, Direction::ToServer);
        let back = Line::new(&self.tampers, Direction::ToClient);
        let sent = |bytes: &[u8]| recording.sent(bytes);
        let given = |bytes: &[u8]| recording.given(bytes);
        let there = std::pin::pin!(pass(from_client, to_server, there, sent));
        let back = std::pin::pin!(pass(from_server, to_client, back, given));
        // When one direction is over, so is the connection: HTTP knows no half of one.
        first(there, back).await;
    }
}

/// Waits for whichever ends first.
async fn first(one: impl Future<Output = ()> + Unpin, other: impl Future<Output = ()> + Unpin) {
    let (mut one, mut other) = (one, other);
    std::future::poll_fn(|cx| {
        let done = std::pin::Pin::new(&mut one).poll(cx).is_ready();
        if done || std::pin::Pin::new(&mut other).poll(cx).is_ready() {
            return std::task::Poll::Ready(());
        }
        std::task::Poll::Pending
    })
    .await;
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut line: Line,
    record: impl Fn(&[u8]),
) {
    while let Some(unit) = unit(&mut from).await {
        // What somebody on the way sees is what came, and what is made of it.
        record(&unit);
        let outcome = line.pass(unit);
        if !outcome.delay.is_zero() {
            tokio::time::sleep(outcome.delay).await;
        }
        let written = to.write_all(&outcome.bytes).await.is_ok() && to.flush().await.is_ok();
        if outcome.ends || !written {
            return;
        }
    }
}

/// Reads what comes first and says `bytes`.
pub(super) async fn say(mut client: TcpStream, bytes: &[u8], recording: &Recording) {
    let mut buffer = vec![0; 16 * 1024];
    let Ok(len) = client.read(&mut buffer).await else { return };
    recording.sent(buffer.get(..len).unwrap_or_default());
    if client.write_all(bytes).await.is_ok() {
        recording.given(bytes);
    }
    let _ = client.shutdown().await;
    // Closing with unread bytes would reset the connection, and the client could lose what was said.
    while client.read(&mut buffer).await.is_ok_and(|len| len > 0) {}
}

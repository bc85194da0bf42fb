//! A large log, a database that is killed, and a follower that is given up midway: nothing is lost, nothing twice.

use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use medsec_audit::{Follower as _, StreamPosition};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_ship::PostgresFollower;

use crate::support::copy::Copy;
use crate::support::database::Database;
use crate::support::stream::Stream;
use crate::support::{block_on, full, variable};

/// Records of a batch, and batches of a shipment.
const BATCH: u64 = 500;
const SHIPPED: usize = 10;
/// Every so many shipments, the call is given up on midway.
const GIVEN_UP: u64 = 5;
/// Shipments from which on the server is killed: the first after one given up on, so that some whole ones are left for
/// the kill to hit.
const KILLED: [u64; 3] = [6, 11, 16];

/// Kills the server without warning and starts it again.
pub(crate) fn kill_server() {
    let mut crash = Command::new(variable("MEDSEC_LIVE_XTASK"));
    let output = crash.args(["services", "crash", "postgres-crash"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

async fn position(follower: &PostgresFollower, stream: &Stream) -> u64 {
    loop {
        match follower.position(&stream.origin).await {
            Ok(position) => return position.map_or(0, |StreamPosition { size }| size),
            Err(error) => assert!(error.is_retryable(), "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Ships all that is missing. Every few shipments the call is given up on midway, as if the program had been ended.
async fn ship(follower: &PostgresFollower, stream: &Stream, begun: &AtomicU64) -> (u64, u64) {
    let (mut broken, mut given_up) = (0, 0);
    let mut at = position(follower, stream).await;
    while at < stream.size() {
        let turn = begun.fetch_add(1, Ordering::Relaxed) + 1;
        let shipment = stream.shipment(at, SHIPPED);
        let taking = follower.take(&shipment);
        let taken = if turn.is_multiple_of(GIVEN_UP) {
            let midway = Duration::from_millis(turn % 40);
            tokio::time::timeout(midway, taking).await.ok()
        } else {
            Some(taking.await)
        };
        match taken {
            Some(Ok(())) => at = shipment.size(),
            Some(Err(error)) => {
                assert!(error.is_retryable(), "{error:?}");
                broken += 1;
                at = position(follower, stream).await;
            }
            None => {
                given_up += 1;
                at = position(follower, stream).await;
            }
        }
    }
    (broken, given_up)
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "a large log whose database is killed midway ends as an identical copy that verifies alone",
    polarity = allow,
)]
fn killed_database_ends_identical(ev: Ev) -> Proven {
    let records = if full() { 1_000_000 } else { 100_000 };
    let stream = Stream::of("log.example/large", records / BATCH, BATCH);
    let database = Database::new("MEDSEC_LIVE_POSTGRES_CRASH");
    let follower = database.follower();
    let begun = Instant::now();
    let (broken, given_up) = block_on(async {
        let turn = AtomicU64::new(0);
        let killer = async {
            for kill in KILLED {
                while turn.load(Ordering::Relaxed) < kill {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                tokio::task::spawn_blocking(kill_server).await.unwrap();
            }
        };
        tokio::join!(ship(&follower, &stream, &turn), killer).0
    });
    println!(
        "{records} records in {:.1} s; {broken} shipments broken by {} kills, {given_up} given up",
        begun.elapsed().as_secs_f64(),
        KILLED.len()
    );
    ev.holds("shipments were broken by the kills", broken > 0);
    ev.holds("shipments were given up midway", given_up > 0);
    let (mut copy, mut at) = (Copy::new(), 0);
    // On one runtime: what is read back has one connection.
    let read = block_on(async {
        let mut back = follower.read_back(&stream.origin, 0);
        while let Some(lines) = back.next().await? {
            ev.holds("each line continues those before it", copy.continues(&lines));
            let same = stream.bytes.get(at..at + lines.len()) == Some(&lines[..]);
            ev.holds("the copy is as shipped", same);
            at += lines.len();
        }
        Ok::<_, medsec_audit::OutsideError>(())
    });
    ev.allows(read);
    ev.equal("nothing is missing at its end", &at, &stream.bytes.len());
    ev.equal("its tree has the stream's size", &copy.size(), &records);
    ev.proven()
}

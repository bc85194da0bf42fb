//! Drives over a real log against real servers that go away and come back.

mod relay;

use std::sync::Arc;
use std::time::Duration;

use medsec_audit::{Follower, HostId};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_ship::{
    Address, AnchorDrive, AnchorParts, Cause, FollowerDrive, FollowerParts, Pace, PeerState,
    Progress, SyslogFollower, SyslogSettings, Until,
};

use self::relay::Relay;
use crate::s3::{Bucket, SIX_YEARS};
use crate::support::copy::Copy;
use crate::support::database::Database;
use crate::support::home::{Home, Notebook, key, stream};
use crate::support::stream::Stream;
use crate::support::{PATIENCE, block_on, peer, tls, variable};

fn pace() -> Pace {
    let mut pace = Pace::FOLLOWER;
    pace.look = Duration::from_millis(10);
    pace.first_retry = Duration::from_millis(20);
    pace.longest_retry = Duration::from_millis(200);
    pace
}

/// Starts a drive that writes into the notebook until it is aborted.
fn start(
    home: &Home,
    follower: Arc<dyn Follower>,
    notebook: &Notebook,
) -> tokio::task::JoinHandle<PeerState> {
    let mut drive = FollowerDrive::new(FollowerParts {
        log: home.log.clone(),
        stream: stream(),
        follower,
        memory: home.path("cursor"),
        pace: pace(),
    });
    let notebook = notebook.clone();
    tokio::spawn(async move {
        drive.run(Until::Dropped, &mut |progress: &Progress| notebook.tell(progress)).await
    })
}

fn is_done(progress: &Progress) -> bool {
    progress.state == PeerState::Following && progress.lag.records == 0
}

fn is_down(progress: &Progress) -> bool {
    progress.state == PeerState::Failing(Cause::Unreachable)
}

/// The lag in the log: first that the peer was not reached, last that it caught up.
fn is_recorded(home: &Home, peer: &str) -> bool {
    let recorded = home.recorded();
    let first = recorded.first().is_some_and(|line| line.contains("\"reason\":\"unreachable\""));
    let last = recorded.last().is_some_and(|line| line.contains("\"outcome\":\"success\""));
    let named = recorded.iter().all(|line| {
        line.contains(&format!("\"peer\":\"{peer}\""))
            && line.contains("\"action\":\"follower-lag\"")
    });
    first && last && named && recorded.len() <= 4
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "a log whose database is killed while it follows goes on, records the lag, and ends with an identical copy",
    polarity = allow,
)]
fn killed_database_is_caught_up_with_and_recorded(ev: Ev) -> Proven {
    let database = Database::new("MEDSEC_LIVE_POSTGRES_CRASH");
    let home = Home::with(20_000);
    let (notebook, follower) = (home.notebook(), Arc::new(database.follower()));
    block_on(async {
        let drive = start(&home, Arc::clone(&follower) as Arc<dyn Follower>, &notebook);
        notebook.until(|progress| progress.lag.records < 15_000).await;
        let killing = tokio::task::spawn_blocking(crate::postgres_crash::kill_server);
        while !killing.is_finished() || !notebook.was(PeerState::Failing(Cause::Unreachable)) {
            // The log takes records whether its follower is there or not.
            home.append(10);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        killing.await.unwrap();
        notebook.until(is_done).await;
        // What was recorded meanwhile is shipped too.
        tokio::time::sleep(Duration::from_millis(200)).await;
        notebook.until(is_done).await;
        drive.abort();
    });
    ev.holds("the lag and its end are in the log", is_recorded(&home, "postgres"));
    let origin = home.log.origin(&stream());
    let (mut read_back, mut copy, mut bytes) =
        (follower.read_back(&origin, 0), Copy::new(), Vec::new());
    block_on(async {
        while let Some(piece) = read_back.next().await.unwrap() {
            ev.holds("the copy verifies alone", copy.continues(&piece));
            bytes.extend_from_slice(&piece);
        }
    });
    ev.equal("as many records", &copy.size(), &home.size());
    let mut own = home.lines().join(&b'\n');
    own.push(b'\n');
    ev.holds("byte for byte", own == bytes);
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "a copy with another history stops the follower for good, and the log says so",
    polarity = deny,
)]
fn planted_fork_stops_the_drive_and_is_recorded(ev: Ev) -> Proven {
    let database = Database::new("MEDSEC_LIVE_POSTGRES");
    let home = Home::with(0);
    for _ in 0..5 {
        home.append(1);
    }
    let origin = home.log.origin(&stream());
    let planted = Stream::of(origin.as_str(), 1, 3);
    ev.allows(block_on(database.follower().take(&planted.whole())));
    let notebook = home.notebook();
    let ended = block_on(async {
        let drive = start(&home, Arc::new(database.follower()), &notebook);
        tokio::time::timeout(PATIENCE, drive).await.unwrap().unwrap()
    });
    let ended = match ended {
        PeerState::Stopped(cause) => Err(cause),
        state => Ok(state),
    };
    ev.denies(ended, |cause| *cause == Cause::Fork);
    let recorded = home.recorded();
    ev.equal("one record", &recorded.len(), &1);
    ev.holds("of the fork", recorded.iter().all(|line| line.contains("\"reason\":\"fork\"")));
    let there = database.must("SELECT count(*) FROM medsec_audit.records");
    ev.equal("nothing more was shipped", there.as_str(), "3");
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(e)(1)"],
    claim = "a receiver that was away gets every line once it is back, and the log records that it was away",
    polarity = allow,
)]
fn receiver_that_was_away_gets_every_line(ev: Ev) -> Proven {
    let relay = Relay::to(&variable("MEDSEC_LIVE_SYSLOG"));
    let host = format!("driven-{}.example", std::process::id());
    let follower = SyslogFollower::new(SyslogSettings {
        name: peer("siem"),
        server: Address::new("localhost", relay.port()).unwrap(),
        tls: tls("ca", None),
        host: HostId::new(&host).unwrap(),
        enterprise: Some(32473),
        patience: PATIENCE,
    });
    let (home, follower) = (Home::with(500), Arc::new(follower));
    let notebook = home.notebook();
    let (before, down) = block_on(async {
        let drive = start(&home, Arc::clone(&follower) as Arc<dyn Follower>, &notebook);
        notebook.until(is_done).await;
        relay.set(false);
        let before = home.size();
        home.append(300);
        notebook.until(is_down).await;
        home.append(200);
        relay.set(true);
        notebook.until(is_done).await;
        drive.abort();
        // A new process goes on behind what was remembered.
        home.append(50);
        let down = notebook.seen.lock().unwrap().drain(..).rfind(is_down).unwrap();
        let drive = start(&home, Arc::clone(&follower) as Arc<dyn Follower>, &notebook);
        notebook.until(is_done).await;
        drive.abort();
        (before, down)
    });
    ev.holds("the lag and its end are in the log", is_recorded(&home, "siem"));
    ev.holds("the lag was told", down.lag.records >= 300 && down.lag.since.is_some());
    ev.holds("it grew while the receiver was away", home.size() > before + 500);
    let lines = home.lines();
    let messages = crate::syslog::received_in_time(&host, lines.len());
    let mut received = messages.iter().map(|fields| fields[8].as_bytes());
    ev.holds("every line in its order", lines.iter().all(|line| received.any(|it| it == line)));
    // A shipment that broke midway may have arrived; others not.
    ev.holds("not all over again", messages.len() < lines.len() + 700);
    ev.proven()
}

/// Signs a checkpoint of all there is, hands it to the bucket, and says how that ended.
fn hand_over(home: &Home, bucket: &Bucket) -> Result<PeerState, Cause> {
    let _ = home.log.publish(&stream(), &key()).unwrap();
    let mut drive = AnchorDrive::new(AnchorParts {
        log: home.log.clone(),
        stream: stream(),
        anchor: Arc::new(bucket.open().unwrap()),
        kept: home.path("kept"),
        every: Duration::from_secs(60),
        told: Arc::default(),
        pace: pace(),
    });
    let notebook = home.notebook();
    let mut tell = |progress: &Progress| notebook.tell(progress);
    match block_on(drive.run(Until::CaughtUp { tries: 1 }, &mut tell)) {
        PeerState::Stopped(cause) => Err(cause),
        state => Ok(state),
    }
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "an old copy of the log that was put back is found by the bucket that knows more, and the log says so",
    polarity = deny,
)]
fn log_that_was_put_back_is_found_by_the_bucket(ev: Ev) -> Proven {
    let bucket = Bucket::with_retention(SIX_YEARS);
    let home = Home::with(300);
    let restored = home.restored();
    home.append(500);
    for _ in 0..2 {
        ev.equal(
            "the log is anchored",
            &ev.allows(hand_over(&home, &bucket)),
            &PeerState::Following,
        );
        home.append(100);
    }
    ev.denies(hand_over(&restored, &bucket), |cause| *cause == Cause::Ahead);
    // Another history that has grown beyond what the bucket knows.
    restored.append(2000);
    ev.denies(hand_over(&restored, &bucket), |cause| *cause == Cause::Fork);
    let recorded = restored.recorded();
    let forks = recorded.iter().filter(|line| line.contains("\"reason\":\"fork\"")).count();
    ev.holds("it is recorded", forks > 0 && forks == recorded.len());
    ev.holds("as an anchor's", recorded.iter().all(|line| line.contains("\"anchor-lag\"")));
    ev.equal("nothing is recorded where all is well", &home.recorded().len(), &0);
    ev.proven()
}

//! An anchor in a folder, and what verification makes of records that no writer writes.

use std::future::Future as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use medsec_audit::{
    Algorithm, Anchor as _, Checkpoint, Finding, FolderAnchor, FolderAnchorError, Known, LogOrigin,
    Note, OutsideError, PeerName, PublishError, Recalled, Verdict, VerifyOptions, leaf_hash,
};
use medsec_evidence::{Ev, Proven, evidence};

use crate::streams::{Home, LOG, stream};
use crate::support::signer;

fn anchor(folder: &Path) -> FolderAnchor {
    FolderAnchor::new(PeerName::new("folder").unwrap(), folder)
}

/// An anchor that `init` has prepared.
fn prepared(folder: &Path) -> FolderAnchor {
    let anchor = anchor(folder);
    anchor.prepare(&origin()).unwrap();
    anchor
}

fn origin() -> LogOrigin {
    LogOrigin::new("clinic.example/log/main").unwrap()
}

fn note(size: u64, root: &[u8]) -> Note {
    let checkpoint = Checkpoint::new(origin(), size, leaf_hash(root)).unwrap();
    Note::sign(checkpoint.to_text().unwrap(), &signer(LOG, Algorithm::Ed25519, 7)).unwrap()
}

fn newest(anchor: &FolderAnchor) -> Option<Vec<u8>> {
    anchor.newest(&origin()).unwrap()
}

/// Whether the anchor says that the origin's folder is missing, and that it may be there later.
fn is_missing<T>(result: Result<T, OutsideError>) -> bool {
    let Err(OutsideError::Unreachable(why)) = result else { return false };
    matches!(why.downcast_ref(), Some(FolderAnchorError::Missing))
}

#[test]
fn a_folder_that_is_not_mounted_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone");
    let anchor = anchor(&gone);
    assert!(is_missing(anchor.keep(&note(1, b"a"))));
    assert!(is_missing(anchor.newest(&origin())));
    let prepared = anchor.prepare(&origin());
    assert!(prepared.is_err_and(|error| error.is_retryable()));
    assert!(!gone.exists());
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "an anchor whose medium is not mounted, or that was emptied, is not taken for one that knows nothing",
    polarity = deny,
)]
fn an_empty_mount_point_or_a_wiped_anchor_is_out_of_reach(ev: Ev) -> Proven {
    let missing = |error: &OutsideError| {
        let OutsideError::Unreachable(why) = error else { return false };
        matches!(why.downcast_ref(), Some(FolderAnchorError::Missing))
    };
    let folder = tempfile::tempdir().unwrap();
    let anchor = anchor(folder.path());
    ev.denies(anchor.newest(&origin()), missing);
    ev.denies(anchor.keep(&note(1, b"a")), missing);
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    ev.equal("nothing was made below the mount point", &left, &0);
    ev.allows(anchor.prepare(&origin()));
    ev.allows(anchor.keep(&note(1, b"a")));
    std::fs::remove_dir_all(folder.path().join("clinic.example%2Flog%2Fmain")).unwrap();
    ev.denies(anchor.newest(&origin()), missing);
    ev.denies(anchor.keep(&note(2, b"a")), missing);
    ev.proven()
}

#[test]
fn preparing_again_leaves_what_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let anchor = prepared(folder.path());
    anchor.keep(&note(3, b"a")).unwrap();
    anchor.prepare(&origin()).unwrap();
    assert_eq!(newest(&anchor).unwrap(), note(3, b"a").render().into_bytes());
    // Another origin is another folder, and was not prepared.
    let other = LogOrigin::new("clinic.example/log/other").unwrap();
    assert!(is_missing(anchor.newest(&other)));
}

#[test]
fn a_file_in_the_place_of_the_folder_is_not_prepared() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("clinic.example%2Flog%2Fmain"), "").unwrap();
    let anchor = anchor(folder.path());
    assert!(anchor.prepare(&origin()).is_err_and(|error| error.is_retryable()));
    assert!(anchor.keep(&note(1, b"a")).is_err_and(|error| error.is_retryable()));
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "what an anchor keeps of the audit log is never replaced, and another history is refused",
    polarity = deny,
)]
fn another_checkpoint_of_the_same_size_is_a_fork(ev: Ev) -> Proven {
    let folder = tempfile::tempdir().unwrap();
    let anchor = prepared(folder.path());
    ev.allows(anchor.keep(&note(9, b"a")));
    ev.denies(anchor.keep(&note(9, b"b")), |error| matches!(error, OutsideError::Fork));
    let kept = newest(&anchor).unwrap();
    ev.equal_bytes("the first is still there", &kept, note(9, b"a").render().as_bytes());
    ev.proven()
}

#[test]
fn the_newest_is_the_largest_in_whatever_order_they_came() {
    let folder = tempfile::tempdir().unwrap();
    let anchor = prepared(folder.path());
    assert_eq!(newest(&anchor), None);
    for size in [9, 10, 2, 10] {
        anchor.keep(&note(size, b"a")).unwrap();
    }
    assert_eq!(newest(&anchor).unwrap(), note(10, b"a").render().into_bytes());
    let kept = folder.path().join("clinic.example%2Flog%2Fmain");
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o700);
    let file = kept.join("00000000000000000010");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    // What somebody else has put there is no checkpoint's name.
    std::fs::write(kept.join("99999999999999999999x"), b"x").unwrap();
    assert_eq!(newest(&anchor).unwrap(), note(10, b"a").render().into_bytes());
    // A note larger than any is not read.
    std::fs::write(kept.join("00000000000000000011"), vec![b'x'; (1 << 20) + 1]).unwrap();
    assert!(anchor.newest(&origin()).is_err());
}

#[test]
fn an_origin_too_long_for_a_name_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let origin = LogOrigin::new(&"/".repeat(100)).unwrap();
    assert!(matches!(anchor(folder.path()).newest(&origin), Err(OutsideError::Refused(_))));
    assert!(matches!(anchor(folder.path()).prepare(&origin), Err(OutsideError::Refused(_))));
}

#[test]
fn two_threads_keep_the_same_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let anchor = prepared(folder.path());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (1..20).for_each(|size| anchor.keep(&note(size, b"a")).unwrap()));
        }
    });
    let files = std::fs::read_dir(folder.path().join("clinic.example%2Flog%2Fmain")).unwrap();
    // One more is the lock.
    assert_eq!(files.count(), 20);
}

#[test]
fn the_folder_serves_as_any_anchor_does() {
    let folder = tempfile::tempdir().unwrap();
    let anchor = prepared(folder.path());
    let first = note(1, b"a");
    let origin = origin();
    let mut context = Context::from_waker(Waker::noop());
    assert!(pin!(anchor.publish(&first)).poll(&mut context).is_ready());
    let Poll::Ready(recalled) = pin!(anchor.recall(&origin)).poll(&mut context) else {
        panic!("a folder does not wait");
    };
    assert_eq!(recalled.unwrap(), Recalled::Checkpoint(first.render().into_bytes()));
}

#[test]
fn nothing_is_signed_that_contradicts_what_is_known() {
    let home = Home::with(5);
    let key = signer(LOG, Algorithm::Ed25519, 7);
    let first = home.log.checkpoint(&stream()).unwrap().unwrap();
    let (size, root) = (8, home.verify().root.unwrap());
    for (known, fork) in [
        (crate::streams::known(size + 1, root), false),
        (crate::streams::known(size, crate::support::other_hash()), true),
        (crate::streams::known(3, root), true),
    ] {
        let refused = home.log.publish_after(&stream(), &key, &[known]);
        let fits = match &refused {
            Err(PublishError::Fork { .. }) => fork,
            Err(PublishError::Behind { .. }) => !fork,
            _ => false,
        };
        assert!(fits, "{refused:?}");
        assert_eq!(home.log.checkpoint(&stream()).unwrap().unwrap(), first);
    }
    let known = [
        crate::streams::known(size, root),
        Known::from(&first.checkpoint),
        crate::streams::known(0, root),
    ];
    assert_eq!(home.log.publish_after(&stream(), &key, &known).unwrap().checkpoint.size(), 8);
    let again = home.log.publish_after(&stream(), &key, &[crate::streams::known(3, root)]);
    assert!(matches!(again, Err(PublishError::Fork { known: 3 })), "{again:?}");
}

#[test]
fn content_that_a_writer_writes_is_counted() {
    let home = Home::with(30);
    let mut how = VerifyOptions::default();
    how.content = true;
    for threads in [1, 3] {
        how.threads = threads;
        let report = home.verify_with(&how);
        assert_eq!(report.verdict(), Verdict::Whole, "{report:?}");
        let content = report.content.unwrap();
        assert_eq!((content.events, content.epochs, content.faults), (30, 3, 0), "{content:?}");
        assert_eq!(content.events + content.epochs, report.size);
    }
    how.content = false;
    assert_eq!(home.verify_with(&how).content, None);
}

#[test]
fn checkpoints_from_elsewhere_are_shown_to_continue_each_other() {
    let home = Home::new();
    let key = signer(LOG, Algorithm::Ed25519, 7);
    let mut known = vec![home.log.checkpoint(&stream()).unwrap().unwrap().checkpoint];
    for _ in 0..4 {
        let writer = home.writer();
        let _ =
            writer.append_all(&(0..100).map(crate::streams::opened).collect::<Vec<_>>()).unwrap();
        writer.close().unwrap();
        known.push(home.log.publish(&stream(), &key).unwrap().checkpoint);
    }
    for (at, old) in known.iter().enumerate() {
        for new in &known[at..] {
            let proof = home.log.prove_growth(&stream(), old.size(), new.size()).unwrap();
            proof.verify(old.root(), new.root()).unwrap();
            assert!(proof.verify(&crate::support::other_hash(), new.root()).is_err());
        }
    }
    let last = known.last().unwrap().size();
    let refused = home.log.prove_growth(&stream(), 1, last + 1);
    assert!(matches!(refused, Err(PublishError::Behind { .. })), "{refused:?}");
    let known: Vec<_> = known.iter().map(Known::from).collect();
    let mut how = VerifyOptions::default();
    how.known = &known;
    let findings: Vec<Finding> = home.verify_with(&how).findings;
    assert_eq!(findings, []);
}

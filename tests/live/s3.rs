//! The anchor in S3 against moto: what the bucket must promise, and what a cut log cannot hide.

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};

use medsec_audit::{Anchor as _, Anchored, Checkpoint, Note, OutsideError, Recalled};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_ship::{S3Access, S3Anchor, S3Error, S3Keys, S3Settings};

use crate::support::log::Log;
use crate::support::plain_http::ask;
use crate::support::{PATIENCE, block_on, peer, variable};

/// A bucket of this test alone.
pub(crate) struct Bucket {
    name: String,
}

impl Bucket {
    fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> u16 {
        let server = variable("MEDSEC_LIVE_S3");
        let key = "Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/eu-central-1/s3/aws4_request, \
                   SignedHeaders=host, Signature=0\r\n";
        let path = format!("/{}{path}", self.name);
        ask(
            server.strip_prefix("http://").unwrap(),
            method,
            &path,
            &format!("{key}{headers}"),
            body,
        )
    }

    fn new(lock: bool) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let bucket = Self { name: format!("log-{}-{number}", std::process::id()) };
        let header = if lock { "x-amz-bucket-object-lock-enabled: true\r\n" } else { "" };
        let place = "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint>\
                     </CreateBucketConfiguration>";
        assert_eq!(bucket.request("PUT", "", header, place), 200);
        bucket
    }

    pub(crate) fn with_retention(retention: &str) -> Self {
        let bucket = Self::new(true);
        let rule = format!(
            "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>\
             <DefaultRetention>{retention}</DefaultRetention></Rule></ObjectLockConfiguration>"
        );
        assert_eq!(bucket.request("PUT", "?object-lock", "", &rule), 200);
        bucket
    }

    pub(crate) fn open(&self) -> Result<S3Anchor, OutsideError> {
        block_on(S3Anchor::open(S3Settings {
            name: peer("bucket"),
            bucket: self.name.clone(),
            region: "eu-central-1".to_owned(),
            endpoint: Some(variable("MEDSEC_LIVE_S3")),
            access: S3Access::Keys(S3Keys::new("id".to_owned(), "secret".to_owned())),
            min_retention_days: 2190,
            patience: PATIENCE,
        }))
    }
}

pub(crate) const SIX_YEARS: &str = "<Mode>COMPLIANCE</Mode><Days>2190</Days>";

fn reason(error: &OutsideError) -> Option<&S3Error> {
    error.source()?.downcast_ref()
}

fn recalled(anchor: &S3Anchor, log: &Log) -> Checkpoint {
    let Recalled::Checkpoint(bytes) = block_on(anchor.recall(&log.origin)).unwrap() else {
        panic!("nothing recalled");
    };
    Checkpoint::open(&bytes, log.key(), &[]).unwrap().0
}

#[evidence(
    hipaa2013::["164.312(c)(1)", "164.316(b)(2)(i)"],
    claim = "a bucket that does not keep by default what it gets, for long enough, is not used as an anchor",
    polarity = deny,
)]
fn bucket_without_retention_is_refused(ev: Ev) -> Proven {
    let is_none = |error: &OutsideError| {
        matches!(error, OutsideError::Unfit(_))
            && matches!(reason(error), Some(S3Error::NoRetention))
    };
    ev.denies(Bucket::new(false).open(), is_none);
    ev.denies(Bucket::new(true).open(), is_none);
    ev.denies(Bucket { name: "no-such-bucket-at-all".to_owned() }.open(), is_none);
    let short = Bucket::with_retention("<Mode>COMPLIANCE</Mode><Days>2189</Days>");
    ev.denies(short.open(), |error| {
        matches!(reason(error), Some(S3Error::ShortRetention { days: 2189 }))
    });
    for long in [SIX_YEARS, "<Mode>GOVERNANCE</Mode><Years>6</Years>"] {
        ev.allows(Bucket::with_retention(long).open());
    }
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "a log that was cut is smaller than the checkpoint that the anchor in S3 gives back",
    polarity = allow,
)]
fn cut_log_is_smaller_than_what_is_recalled(ev: Ev) -> Proven {
    let bucket = Bucket::with_retention(SIX_YEARS);
    let anchor = ev.allows(bucket.open());
    let log = Log::new("clinic.example/log ä", 300);
    ev.equal(
        "nothing is kept yet",
        &block_on(anchor.recall(&log.origin)).unwrap(),
        &Recalled::Nothing,
    );
    for size in [1, 9, 10, 300] {
        let kept = ev.allows(block_on(anchor.publish(&log.note(size))));
        ev.equal("the bucket keeps it", &kept, &Anchored::Kept);
    }
    let largest = recalled(&anchor, &log);
    let cut = log.checkpoint(10);
    ev.holds("the cut log is smaller", largest.size() == 300 && cut.size() < largest.size());
    ev.equal("it is the log's own", &largest, &log.checkpoint(300));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "a checkpoint kept in S3 cannot be replaced, hidden by a delete marker or covered by a newer version",
    polarity = deny,
)]
fn kept_checkpoint_cannot_be_replaced_or_hidden(ev: Ev) -> Proven {
    let bucket = Bucket::with_retention(SIX_YEARS);
    let anchor = ev.allows(bucket.open());
    let (log, other) = (Log::new("clinic.example/log", 20), Log::forged("clinic.example/log", 20));
    for size in [10, 20] {
        ev.allows(block_on(anchor.publish(&log.note(size))));
        // The same checkpoint again, also under other signatures, is no error.
        ev.allows(block_on(anchor.publish(&log.note(size))));
    }
    ev.denies(block_on(anchor.publish(&other.note(20))), |e| matches!(e, OutsideError::Fork));
    let path = format!("/clinic.example%252Flog/{:020}", 20);
    let checksum = "x-amz-sdk-checksum-algorithm: SHA256\r\n";
    let covered = bucket.request("PUT", &path, checksum, &other.note(20).render());
    ev.equal("a newer version can be put", &covered, &200);
    ev.equal("the first version is recalled", &recalled(&anchor, &log), &log.checkpoint(20));
    let hidden = bucket.request("DELETE", &path, "", "");
    ev.equal("a delete marker can be put", &hidden, &204);
    ev.equal("the object seems gone", &bucket.request("GET", &path, "", ""), &404);
    ev.equal("the first version is recalled", &recalled(&anchor, &log), &log.checkpoint(20));
    ev.proven()
}

#[test]
fn logs_of_other_origins_do_not_mix() {
    let bucket = Bucket::with_retention(SIX_YEARS);
    let anchor = bucket.open().unwrap();
    let (log, longer) = (Log::new("a", 5), Log::new("a/b", 50));
    block_on(anchor.publish(&log.note(5))).unwrap();
    block_on(anchor.publish(&longer.note(50))).unwrap();
    assert_eq!(recalled(&anchor, &log).size(), 5);
    assert_eq!(recalled(&anchor, &longer).size(), 50);
}

#[test]
fn note_that_is_no_checkpoint_is_not_kept() {
    let bucket = Bucket::with_retention(SIX_YEARS);
    let anchor = bucket.open().unwrap();
    let note = Note::parse(Log::new("a", 1).signed("some text\n").as_bytes()).unwrap();
    let error = block_on(anchor.publish(&note)).unwrap_err();
    assert!(matches!(reason(&error), Some(S3Error::Checkpoint(_))), "{error:?}");
}

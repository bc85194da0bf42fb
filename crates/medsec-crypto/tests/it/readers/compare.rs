//! A package beside a file: the same is only what is the same to the last byte, in a package that verifies.

use std::io::{self, Cursor};
use std::ops::ControlFlow;

use medsec_crypto::{Execution, Observer, OpenError, Opened, SignatureError};
use medsec_testkit::FailingReader;

use crate::support::sample::{Plan, Sample};
use crate::support::threads;

/// None, one, a whole chunk, more than a chunk, more than a batch.
const SIZES: [usize; 5] = [0, 1, 16_384, 20_000, 300_000];

fn plan(len: usize) -> Plan {
    Plan::new(len).signed().with_metadata()
}

fn compare(
    plan: Plan,
    package: &[u8],
    content: &[u8],
    execution: &Execution<'_>,
) -> Result<Option<Opened>, OpenError> {
    let mut source = Cursor::new(package);
    let unlocked = plan.unlock(1, &mut source)?;
    unlocked.compare(source, content, execution)
}

/// Whether it is taken for the same by any number of threads; they must agree.
#[track_caller]
fn is_same(sample: &Sample, content: &[u8]) -> bool {
    let of = |count| compare(sample.plan, &sample.package, content, &threads(count)).unwrap();
    let verdicts = [of(1).is_some(), of(3).is_some()];
    assert_eq!(verdicts[0], verdicts[1]);
    verdicts[0]
}

#[test]
fn other_content_is_not_the_same() {
    for len in SIZES.into_iter().filter(|len| *len > 0) {
        let sample = plan(len).seal();
        for at in [0, len / 2, len - 1] {
            let mut content = sample.content.clone();
            content[at] ^= 1;
            assert!(!is_same(&sample, &content), "{at} of {len}");
        }
    }
}

#[test]
fn shorter_and_longer_content_is_not_the_same() {
    for len in SIZES {
        let sample = plan(len).seal();
        let mut longer = sample.content.clone();
        longer.push(0);
        assert!(!is_same(&sample, &longer), "{len}");
        for cut in [1, 100, 16_384, len].into_iter().filter(|cut| (1..=len).contains(cut)) {
            assert!(!is_same(&sample, &sample.content[..len - cut]), "{cut} off {len}");
        }
    }
}

#[test]
fn missing_zeros_are_not_taken_for_zeros() {
    for len in [1, 5000, 16_384, 40_000] {
        let zeros = vec![0; len];
        let plan = Plan::new(len);
        let package = plan.sealer().seal_bytes(&zeros).unwrap();
        for kept in [0, len / 2, len - 1] {
            let same = compare(plan, &package, &zeros[..kept], &Execution::default()).unwrap();
            assert!(same.is_none(), "{kept} of {len}");
        }
    }
}

#[test]
fn damaged_package_is_never_the_same() {
    let sample = plan(20_000).seal();
    for at in (0..sample.package.len()).step_by(97) {
        let mut package = sample.package.clone();
        package[at] ^= 1;
        let verdict = compare(sample.plan, &package, &sample.content, &Execution::default());
        let opens = sample.plan.open(&package).is_ok();
        assert_eq!(verdict.is_ok_and(|same| same.is_some()), opens, "byte {at}");
    }
}

#[test]
fn package_signed_by_nobody_is_never_the_same() {
    let sample = plan(20_000).seal();
    let mut package = sample.package.clone();
    *package.last_mut().unwrap() ^= 1;
    let error = compare(sample.plan, &package, &sample.content, &Execution::default());
    assert!(matches!(error, Err(OpenError::Signature(SignatureError::Invalid))), "{error:?}");
}

#[test]
fn broken_content_is_told_from_a_broken_package() {
    let sample = plan(300_000).seal();
    let is_reset = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionReset;
    for good in [0, 1, 20_000, 299_999] {
        for count in [1, 3] {
            let unlocked = sample.plan.unlock(1, &mut &sample.package[..]).unwrap();
            let content = FailingReader::new(&sample.content[..], good);
            let source = Cursor::new(&sample.package);
            let error = unlocked.compare(source, content, &threads(count)).unwrap_err();
            assert!(matches!(error, OpenError::Content(error) if is_reset(&error)), "{good}");
            let source = FailingReader::new(Cursor::new(&sample.package), good);
            let error = unlocked.compare(source, &sample.content[..], &threads(count));
            assert!(matches!(error, Err(OpenError::Read(error)) if is_reset(&error)), "{good}");
        }
    }
}

struct Stop;

impl Observer for Stop {
    fn progress(&self, _: u64) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

#[test]
fn comparison_can_be_interrupted() {
    let sample = plan(300_000).seal();
    let mut execution = Execution::default();
    execution.observer = Some(&Stop);
    let error = compare(sample.plan, &sample.package, &sample.content, &execution);
    assert!(matches!(error, Err(OpenError::Interrupted)), "{error:?}");
}

#[test]
fn same_content_gives_what_was_verified() {
    for len in SIZES {
        let sample = plan(len).seal();
        assert!(is_same(&sample, &sample.content));
        let opened = compare(sample.plan, &sample.package, &sample.content, &threads(1));
        let opened = opened.unwrap().unwrap();
        assert_eq!(opened.plain_len, len as u64);
        assert!(opened.origin().is_some() && opened.metadata.is_some());
    }
}

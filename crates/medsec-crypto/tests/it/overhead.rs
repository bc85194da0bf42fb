//! What a package is longer than its content.

use std::io;

use medsec_crypto::Execution;

use crate::support::sample::Plan;

const MIB: u64 = 1024 * 1024;

/// Bytes that the package of `len` bytes has more.
fn overhead(plan: Plan, len: u64) -> u64 {
    let content = io::Read::take(io::repeat(0), len);
    let sealed = plan.sealer().seal(content, io::sink(), &Execution::default());
    let sealed = sealed.unwrap();
    assert_eq!(sealed.plain_len, len);
    sealed.package_len - len
}

#[test]
fn overhead_at_10_mib_is_below_two_per_mille() {
    let plan = Plan { recipients: 2, ..Plan::new(0).signed().with_metadata() };
    for plan in [Plan::new(0), plan] {
        let overhead = overhead(plan, 10 * MIB);
        println!("overhead at 10 MiB: {overhead} bytes");
        assert!(overhead * 1000 < 10 * MIB * 2);
    }
}

#[test]
fn overhead_grows_by_a_tag_per_chunk() {
    let base = overhead(Plan::new(0), 0);
    for chunks in [1, 2, 63, 64, 65] {
        assert_eq!(overhead(Plan::new(0), chunks * 16 * 1024), base + chunks * 16);
        assert_eq!(overhead(Plan::new(0), chunks * 16 * 1024 - 1), base + (chunks - 1) * 16);
    }
}

#[test]
fn stated_package_length_is_the_real_one() {
    for plan in [Plan::new(0), Plan::new(20_000).signed().with_metadata()] {
        let sample = plan.seal();
        let overhead = overhead(plan, sample.content.len() as u64);
        assert_eq!(overhead, (sample.package.len() - sample.content.len()) as u64);
    }
}

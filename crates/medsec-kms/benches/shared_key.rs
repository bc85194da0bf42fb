//! What sealing under a shared data key costs beside sealing under a key of the local store: packages of 64 KiB and of
//! 512 KiB in memory, signed, on one thread.
//!
//! Whole rounds of both take turns. The local store wraps a fresh data key for every package; under a shared one the
//! same store is asked once for all of them, which is counted.
//!
//! Results go as lines of JSON to the folder named in `MEDSEC_BENCH_DIR`, and in words to standard output;
//! `MEDSEC_BENCH_QUICK=1` takes fewer packages and turns.

#![forbid(unsafe_code)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark may fail loudly, computes with its own constants and reports by printing"
)]

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use medsec_crypto::{
    DatasetId, Draft, HpkeIdentity, HpkeKind, PackageSpec, PolicyHash, SigningKey, Suite, Timestamp,
};
use medsec_kms::{
    Administrator, KeyContext, KeyName, KeyService as _, KeySpec, LocalStore, SealingCache,
    SharedKeyLimits, SharedScope, StorePlace, ThreadTimer, UserName,
};
use medsec_testkit::CountingKeys;
use pollster::block_on;

/// Bytes of content.
const LENGTHS: [usize; 2] = [64 * 1024, 512 * 1024];
/// What the rate with a shared data key must reach of the local store's.
const LEAST: f64 = 0.9;

fn main() {
    let quick = std::env::var_os("MEDSEC_BENCH_QUICK").is_some();
    let (count, turns): (u32, usize) = if quick { (50, 5) } else { (200, 9) };
    let home = tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap();
    let bench = Bench::new(home.path());
    for len in LENGTHS {
        let content = vec![0x5A; len];
        let mut rounds: Vec<(f64, f64)> = (0..turns)
            .map(|turn| {
                let (mut local, mut shared) = (0.0, 0.0);
                for first in [turn % 2 == 0, turn % 2 != 0] {
                    if first {
                        local = timed(|| (0..count).for_each(|_| bench.seal_local(&content)));
                    } else {
                        shared = timed(|| (0..count).for_each(|_| bench.seal_shared(&content)));
                    }
                }
                (local, shared)
            })
            .collect();
        rounds.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
        let (local, shared) = rounds[rounds.len() / 2];
        report(len, local / f64::from(count), shared / f64::from(count));
    }
    assert_eq!(bench.keys.asked().len(), bench.local_calls.get() + 1, "calls of the key service");
}

/// A store with one key, and a cache in front of it.
struct Bench {
    keys: CountingKeys,
    key: KeyName,
    cache: SealingCache,
    signer: Arc<SigningKey>,
    local_calls: std::cell::Cell<usize>,
}

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000)
}

impl Bench {
    fn new(home: &Path) -> Self {
        let identity = HpkeIdentity::generate(HpkeKind::X25519).unwrap();
        let signer = SigningKey::generate().unwrap();
        let (user, key) = (UserName::new("root").unwrap(), KeyName::new("mri").unwrap());
        let place = StorePlace { folder: home.join("store"), mark: None, expected: None };
        let mut store = LocalStore::create(place, &user, &identity, &signer, now()).unwrap();
        let administrator = Administrator { identity: &identity, signer: &signer };
        let mut change = store.change(administrator, now()).unwrap();
        change.create_key(&KeySpec { name: key.clone(), max_age_days: None }).unwrap();
        change.commit().unwrap();
        let keys = CountingKeys::new(Arc::new(store.unlock(identity).unwrap()));
        let scope = SharedScope {
            dataset: DatasetId::new("mri").unwrap(),
            policy: PolicyHash::from_bytes([3; 32]),
            suite: Suite::Aes256Gcm,
            keys: vec![key.clone()],
            recipients: Vec::new(),
        };
        let cache = SealingCache::new(scope, SharedKeyLimits::default(), Arc::new(ThreadTimer));
        Self { keys, key, cache, signer: Arc::new(signer), local_calls: std::cell::Cell::new(0) }
    }

    fn draft(&self, spec: PackageSpec) -> Draft {
        Draft::new(spec, now(), Some(Arc::clone(&self.signer))).unwrap()
    }

    fn seal_local(&self, content: &[u8]) {
        let mut spec = PackageSpec::default();
        spec.dataset = Some(DatasetId::new("mri").unwrap());
        spec.policy = Some(PolicyHash::from_bytes([3; 32]));
        let dataset = spec.dataset.clone();
        let draft = self.draft(spec);
        let context = KeyContext { bind: draft.bind(), dataset };
        let (dek, stanza) = block_on(self.keys.generate_dek(&self.key, &context)).unwrap();
        self.local_calls.set(self.local_calls.get() + 1);
        let package = draft.address(dek, vec![stanza]).unwrap().seal_bytes(content).unwrap();
        std::hint::black_box(package);
    }

    fn seal_shared(&self, content: &[u8]) {
        let shared = block_on(self.cache.reserve(&self.keys, content.len() as u64)).unwrap();
        let mut spec = PackageSpec::default();
        shared.describe(&mut spec);
        let package = shared.address(self.draft(spec)).unwrap().seal_bytes(content).unwrap();
        std::hint::black_box(package);
    }
}

fn timed(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64()
}

/// Seconds for one package of each kind.
fn report(len: usize, local: f64, shared: f64) {
    let ratio = local / shared;
    let rate = |seconds: f64| len as f64 / seconds / f64::from(1 << 20);
    println!(
        "{:4} KiB: local key {:.0} MiB/s, shared data key {:.0} MiB/s, ratio {ratio:.2} (least {LEAST})",
        len / 1024,
        rate(local),
        rate(shared),
    );
    let Some(folder) = std::env::var_os("MEDSEC_BENCH_DIR") else { return };
    let row = serde_json::json!({
        "name": "shared data key: seal in memory, beside a key of the local store",
        "size_bytes": len, "threads": 1, "signed": true,
        "median_ns": shared * 1e9, "calibration_ns": local * 1e9, "ratio": ratio, "least": LEAST,
    });
    let file = Path::new(&folder).join("shared-key.jsonl");
    let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
    writeln!(file, "{row}").unwrap();
}

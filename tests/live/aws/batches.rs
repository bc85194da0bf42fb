//! Many data keys at a time, of which KMS takes one in a request.

use std::sync::Arc;
use std::time::{Duration, Instant};

use medsec_kms::{Guards, KeyService as _, ThreadTimer, Timer};
use medsec_testkit::proxy::{Action, Rule};

use super::emulator::{Emulator, Kind, context, plain_url, wait};

/// One after the other they would take twelve seconds.
#[test]
fn batch_is_not_late_while_it_makes_progress() {
    let emulator = Emulator::new(Kind::Moto);
    let key = emulator.create("records").name;
    let proxy = emulator.proxy();
    let keys = emulator.keys_through(&plain_url(&proxy), std::slice::from_ref(&key));
    let (_, stanza) = wait(keys.generate_dek(&key, &context(1))).unwrap();
    let slow = Action::Delay(Duration::from_millis(200));
    proxy.set_rules(vec![Rule::on("TrentService.ReEncrypt", slow)]);
    let timer: Arc<dyn Timer> = Arc::new(ThreadTimer);
    let mut guards = Guards::default();
    (guards.deadline, guards.retry) = (Some(Duration::from_secs(3)), None);
    let guarded = guards.around(Arc::new(keys), &timer);
    let items = vec![(stanza, context(1)); 60];
    let begun = Instant::now();
    let answers = wait(guarded.rewrap_deks(&items, &key));
    assert!(answers.len() == 60 && answers.iter().all(Result::is_ok), "{answers:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(proxy.recording().exchanges_of("TrentService.ReEncrypt").len(), 60);
}

//! Multi-region keys: one material in several regions.

use std::sync::Arc;

use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{
    AwsKeyScope, AwsKeys, AwsNewKey, Claim, KeyArn, KeyName, KeyService as _, KeyServiceError,
    KeyServices, KeySpec, ServiceName,
};

use super::emulator::{Emulator, Kind, REGION, context, name, wait};

const ELSEWHERE: &str = "eu-west-1";

/// A multi-region key, and its replica elsewhere.
fn replicated(emulator: &Emulator) -> (KeyName, KeyName) {
    let spec = KeySpec { name: name("records"), max_age_days: None };
    let new = AwsNewKey { spec, scope: AwsKeyScope::MultiRegion, policy: None };
    let primary = wait(emulator.admin().create(&new)).unwrap().name;
    let body = format!("{{\"KeyId\":\"{primary}\",\"ReplicaRegion\":\"{ELSEWHERE}\"}}");
    emulator.call(REGION, "ReplicateKey", &body);
    let replica = name(&primary.as_str().replace(REGION, ELSEWHERE));
    (primary, replica)
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a package sealed under a multi-region key opens in another region through the replica that is listed there",
    polarity = allow,
)]
fn replica_opens_what_the_primary_sealed(ev: Ev) -> Proven {
    let emulator = Emulator::new(Kind::LocalStack);
    let (primary, replica) = replicated(&emulator);
    let here = emulator.keys(std::slice::from_ref(&primary));
    let (dek, stanza) = ev.allows(wait(here.generate_dek(&primary, &context(1))));
    let there =
        wait(AwsKeys::pin(emulator.connection_in(ELSEWHERE), std::slice::from_ref(&replica)));
    let there = ev.allows(there);
    ev.allows(there.admits(stanza.key_ref()));
    let found = ev.allows(wait(there.unwrap_dek(&stanza, &context(1))));
    ev.holds("the same data key", found.expose_secret() == dek.expose_secret());
    let moved = ev.allows(wait(there.rewrap_dek(&stanza, &replica, &context(1))));
    let (moved, to) = (moved.key_ref().as_bytes(), replica.as_str().as_bytes());
    ev.equal_bytes("rewrapped there it names the replica", moved, to);
    let facts = here.keys().next().unwrap().replicas.iter().map(KeyArn::to_string);
    ev.equal(
        "both are told",
        &facts.collect::<Vec<_>>(),
        &vec![primary.as_str().to_owned(), replica.as_str().to_owned()],
    );
    ev.proven()
}

#[test]
fn key_of_one_region_means_nothing_in_another() {
    let emulator = Emulator::new(Kind::LocalStack);
    let (_, replica) = replicated(&emulator);
    let single = emulator.create("single").name;
    let here = emulator.keys(std::slice::from_ref(&single));
    let (_, stanza) = wait(here.generate_dek(&single, &context(1))).unwrap();
    let there = wait(AwsKeys::pin(emulator.connection_in(ELSEWHERE), &[replica])).unwrap();
    let refused = there.admits(stanza.key_ref()).unwrap_err();
    assert!(matches!(refused, KeyServiceError::ForeignStanza), "{refused:?}");
    let pinned = wait(AwsKeys::pin(emulator.connection_in(ELSEWHERE), &[single])).unwrap_err();
    assert!(matches!(pinned.source, KeyServiceError::NoSuchKey), "{pinned:?}");
}

/// Two services that each have a replica: the key that sealed it is asked where there is one.
#[test]
fn services_with_replicas_of_one_key_open_what_each_sealed() {
    let emulator = Emulator::new(Kind::LocalStack);
    let (primary, replica) = replicated(&emulator);
    let here = Arc::new(emulator.keys(std::slice::from_ref(&primary)));
    let there = AwsKeys::pin(emulator.connection_in(ELSEWHERE), std::slice::from_ref(&replica));
    let there = Arc::new(wait(there).unwrap());
    let service = |text| ServiceName::new(text).unwrap();
    let both = KeyServices::new(None)
        .with(service("here"), here.clone())
        .and_then(|services| services.with(service("there"), there.clone()))
        .unwrap();
    for (keys, key) in [(&here, &primary), (&there, &replica)] {
        let (dek, stanza) = wait(keys.generate_dek(key, &context(1))).unwrap();
        assert_eq!(keys.claim(stanza.key_ref()), Claim::Own);
        let found = wait(both.unwrap_dek(&stanza, &context(1))).unwrap();
        assert!(found.expose_secret() == dek.expose_secret());
    }
    let (_, stanza) = wait(here.generate_dek(&primary, &context(1))).unwrap();
    assert_eq!(there.claim(stanza.key_ref()), Claim::Replica);
}

use proptest::prelude::*;

use crate::event::samples;
use crate::event::*;
use crate::{Commitment, Count, Line, LogTime, PseudonymKey, RecordPosition};

#[test]
fn events_of_all_actions_render_and_parse() {
    let mut seen = std::collections::BTreeSet::new();
    for event in samples::all() {
        let line = event.to_line(&samples::position()).unwrap();
        let content = Event::parse(&line).unwrap();
        assert_eq!(content.event, event);
        assert_eq!(content.head.position, samples::position());
        assert!(content.unknown.is_empty());
        assert_eq!(content.event.to_line(&content.head.position).unwrap(), line);
        seen.insert(event.action);
    }
    assert_eq!(seen.len(), Action::ALL.len());
    assert_eq!(Action::ALL.len(), 34);
}

#[test]
fn longest_event_is_far_below_the_limit() {
    let mut event = samples::full(Action::Open);
    let a = |len| "a".repeat(len);
    let id = PrincipalId::new(&a(128)).unwrap();
    event.actor = Actor::Person(Principal {
        id: id.clone(),
        authentication: Authentication::HardwareKey,
        role: Some(RoleName::new(&a(64)).unwrap()),
        on_behalf_of: Some(id.clone()),
    });
    event.place.host = HostId::new(&a(128)).unwrap();
    event.subject.principal = Some(id);
    event.subject.dataset = Some(DatasetId::new(&a(128)).unwrap());
    event.subject.peer = Some(PeerName::new(&a(64)).unwrap());
    event.subject.key =
        Some(KekVersion { name: KekName::new(&a(256)).unwrap(), version: Some(Count::MAX) });
    let line = event.to_line(&samples::position()).unwrap();
    assert!(line.len() < 4096, "{}", line.len());
}

#[test]
fn names_of_codes_are_distinct_and_stable() {
    let names: Vec<_> = Action::ALL.iter().map(|action| action.name()).collect();
    assert_eq!(
        names.join(" "),
        "seal open read-range rewrap verify export enrol grant revoke offboard key-create key-rotate \
         key-enable key-disable key-destroy session-start session-end automatic-logoff login-failure \
         emergency-start emergency-use emergency-end policy-change log-start log-stop log-rotate \
         log-recover log-rekey log-retire clock-step follower-lag anchor-lag review test"
    );
    let purposes: Vec<_> = Purpose::ALL.iter().map(|purpose| purpose.name()).collect();
    for code in ["TREAT", "HPAYMT", "HOPERAT", "HRESCH", "ETREAT", "BTG", "PATRQT"] {
        assert!(purposes.contains(&code), "{code}");
    }
    let all = names.iter().chain(&purposes);
    assert_eq!(all.clone().count(), all.collect::<std::collections::BTreeSet<_>>().len());
}

/// The example of `docs/formats/audit-log.md`.
#[test]
fn example_of_the_page_is_what_is_written() {
    let page = include_str!("../../../../../docs/formats/audit-log.md");
    let line = samples::example().to_line(&samples::position()).unwrap();
    assert!(page.contains(std::str::from_utf8(&line).unwrap()));
    assert!(page.contains(&crate::leaf_hash(&line).to_string()));
    for action in Action::ALL {
        assert!(page.contains(&format!("`{action}`")), "{action}");
    }
    let denials = Denial::ALL.iter().map(|code| code.name());
    let failures = Failure::ALL.iter().map(|code| code.name());
    let ways = Authentication::ALL.iter().map(|code| code.name());
    let purposes = Purpose::ALL.iter().map(|code| code.name());
    for code in denials.chain(failures).chain(ways).chain(purposes) {
        assert!(page.contains(&format!("`{code}`")), "{code}");
    }
    let block = page.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let lines: Vec<_> = block.lines().map(|line| Line::parse(line.as_bytes()).unwrap()).collect();
    assert!(matches!(lines[..], [Line::Record(_), Line::Commit(_)]));
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(all)
}

fn counts() -> impl Strategy<Value = Count> {
    (0..1_u64 << 53).prop_map(|number| Count::new(number).unwrap())
}

fn times() -> impl Strategy<Value = LogTime> {
    (0..253_402_300_800_000_u64).prop_map(|millis| LogTime::from_unix_millis(millis).unwrap())
}

fn principals() -> impl Strategy<Value = PrincipalId> {
    "[A-Za-z0-9][A-Za-z0-9._@:-]{0,127}".prop_map(|text| PrincipalId::new(&text).unwrap())
}

prop_compose! {
    fn known()(
        id in principals(),
        authentication in one_of(Authentication::ALL),
        role in proptest::option::of("[a-z0-9][a-z0-9._-]{0,63}"),
        on_behalf_of in proptest::option::of(principals()),
    ) -> Principal {
        let role = role.map(|text| RoleName::new(&text).unwrap());
        Principal { id, authentication, role, on_behalf_of }
    }
}

fn actors() -> impl Strategy<Value = Actor> {
    prop_oneof![
        known().prop_map(Actor::Person),
        known().prop_map(Actor::Service),
        Just(Actor::System),
        Just(Actor::Unknown),
    ]
}

fn phases() -> impl Strategy<Value = Phase> {
    let outcomes = prop_oneof![
        Just(Outcome::Success),
        one_of(Denial::ALL).prop_map(Outcome::Denied),
        one_of(Failure::ALL).prop_map(Outcome::Failure),
    ];
    (0..3, any::<[u8; 16]>(), any::<bool>(), outcomes).prop_map(|(which, id, told, outcome)| {
        let request = RequestId::from_bytes(id);
        match which {
            0 => Phase::Intent { request },
            1 => Phase::Ended { request, outcome },
            _ => Phase::Single { request: told.then_some(request), outcome },
        }
    })
}

prop_compose! {
    fn first_half()(
        package: Option<[u8; 16]>,
        dataset in proptest::option::of("[A-Za-z0-9][A-Za-z0-9._-]{0,127}"),
        recipients in proptest::option::of((counts(), any::<[u8; 32]>())),
        extent in proptest::option::of((counts(), counts())),
        patient: Option<(bool, [u8; 32])>,
        study: Option<(bool, [u8; 32])>,
        key in proptest::option::of(("[A-Za-z0-9][A-Za-z0-9._:/-]{0,255}", proptest::option::of(counts()))),
    ) -> Subject {
        let pseudonyms = PseudonymKey::take_from(&mut [9; 32]).unwrap();
        let commitment = |bytes: [u8; 32]| Commitment::of(&bytes, "x");
        Subject {
            package: package.map(PackageId::from_bytes),
            dataset: dataset.map(|text| DatasetId::new(&text).unwrap()),
            recipients: recipients.map(|(generation, slot)| {
                Recipients { generation, slot: SlotDigest::from_bytes(slot) }
            }),
            extent: extent.map(|(bytes, ranges)| Extent { bytes, ranges }),
            patient: patient.map(|(shown, id)| match shown {
                true => Patient::Pseudonym(pseudonyms.patient(&id).unwrap()),
                false => Patient::Commitment(commitment(id)),
            }),
            study: study.map(|(shown, id)| match shown {
                true => Study::Pseudonym(pseudonyms.study(&id).unwrap()),
                false => Study::Commitment(commitment(id)),
            }),
            key: key.map(|(name, version)| KekVersion { name: KekName::new(&name).unwrap(), version }),
            ..Subject::default()
        }
    }
}

prop_compose! {
    fn subjects()(
        first in first_half(),
        principal in proptest::option::of(principals()),
        emergency: Option<[u8; 16]>,
        policy: Option<[u8; 32]>,
        peer in proptest::option::of("[a-z0-9][a-z0-9.-]{0,63}"),
        items in proptest::option::of(counts()),
        span in proptest::option::of((counts(), counts())),
        period in proptest::option::of((times(), times())),
        clock in proptest::option::of((times(), times())),
        text: Option<[u8; 32]>,
    ) -> Subject {
        Subject {
            principal,
            emergency: emergency.map(EmergencyId::from_bytes),
            policy: policy.map(PolicyHash::from_bytes),
            peer: peer.map(|text| PeerName::new(&text).unwrap()),
            items,
            span: span.map(|(a, b)| Span::new(a.min(b), a.max(b)).unwrap()),
            period: period.map(|(a, b)| Period::new(a.min(b), a.max(b)).unwrap()),
            clock: clock.map(|(expected, found)| ClockStep { expected, found }),
            text: text.map(|salt| Commitment::of(&salt, "x")),
            ..first
        }
    }
}

prop_compose! {
    fn places()(
        host in "[a-z0-9][a-z0-9.-]{0,127}",
        process in "[a-z0-9][a-z0-9-]{0,31}",
        pid: Option<u32>,
        address: Option<std::net::IpAddr>,
        local: bool,
    ) -> Place {
        let elsewhere = address.map_or(Origin::Remote, Origin::Address);
        Place {
            host: HostId::new(&host).unwrap(),
            process: ProcessName::new(&process).unwrap(),
            pid,
            origin: if local { Origin::Local } else { elsewhere },
        }
    }
}

prop_compose! {
    fn events()(
        actor in actors(),
        action in one_of(Action::ALL),
        phase in phases(),
        subject in subjects(),
        purpose in proptest::option::of(one_of(Purpose::ALL)),
        place in places(),
        ruling: Option<([u8; 32], [u8; 16])>,
        session: Option<[u8; 16]>,
    ) -> Event {
        let ruling = ruling.map(|(policy, decision)| Ruling {
            policy: PolicyHash::from_bytes(policy),
            decision: DecisionId::from_bytes(decision),
        });
        let session = session.map(SessionId::from_bytes);
        Event { actor, action, phase, subject, purpose, place, ruling, session }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn every_event_that_fits_reads_back(
        event in events(), seq in counts(), ts in times(), prev: [u8; 32],
    ) {
        let position = RecordPosition { seq, ts, prev: crate::Hash::from_bytes(prev) };
        match event.to_line(&position) {
            Err(error) => prop_assert!(matches!(error, EventError::Unfit { .. }), "{error:?}"),
            Ok(line) => {
                let content = Event::parse(&line).unwrap();
                prop_assert_eq!(&content.event, &event);
                prop_assert_eq!(content.head.position, position);
                prop_assert_eq!(content.unknown, vec![]);
            }
        }
    }
}

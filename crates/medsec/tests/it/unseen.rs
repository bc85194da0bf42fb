//! Rewrapping without data keys: the key service wraps them anew, and nothing is unwrapped in this process.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use medsec::{
    Custodian, Demand, NewList, Refused, RewrapBatch, RewrapGrant, SealWish, SessionLogin,
    UnseenRequest, UnseenWish, UseError, WantedRecipients,
};
use medsec_audit::{Action, Denial, Failure, Outcome, Phase};
use medsec_crypto::{
    Execution, GroupLimits, HpkeIdentity, HpkeKind, LockedPackage, OutputOptions, RecipientProfile,
    Stanza,
};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{KeyName, KeyServiceError, KeyServices, PublicKey, ServiceName};
use medsec_policy::{EndReason, Purpose, RecipientKey, Refusal, Settings};
use medsec_testkit::{Asked, CountingKeys, OneKey, RewrapLie, WatchedJournal};

use crate::support::{Person, Scene, content, header, open, request, wish};

/// The clinic, and a key service elsewhere with the key `bao:ct`.
struct Away {
    scene: Scene,
    service: Arc<OneKey>,
    keys: Arc<CountingKeys>,
    login: SessionLogin,
}

impl Away {
    fn new() -> Self {
        Self::with(|_| {})
    }

    /// With other settings of the policy. It limits no key's age: the service tells none.
    fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::of(Scene::set(|settings| {
            settings.sealing.max_key_age_days = None;
            change(settings);
        }))
    }

    fn of(scene: Scene) -> Self {
        let service = Arc::new(OneKey::new("ct", 9));
        let (keys, login) = joined(&scene, &scene.ada, &service);
        Self { scene, service, keys, login }
    }

    /// A package under the service's key alone.
    fn sealed(&self, name: &str, profile: RecipientProfile) -> PathBuf {
        let path = self.scene.path(name);
        let mut request = request();
        request.spec.profile = profile;
        let key = key();
        let keys = [&key];
        let wish = SealWish {
            purpose: Some(Purpose::Treatment),
            keys: &keys,
            recipients: &[],
            sign: true,
            patient: None,
        };
        let custodian = self.scene.custodian();
        let grant = pollster::block_on(custodian.seal(&self.login, request, &wish)).unwrap();
        let (content, options) = (content(100), OutputOptions::default());
        grant.seal_to_file(&content[..], &path, options, &Execution::default()).unwrap();
        path
    }

    fn blind(&self, name: &str) -> PathBuf {
        self.sealed(name, RecipientProfile::Blind)
    }

    /// What was asked of the keys since `before` calls.
    fn asked_since(&self, before: usize) -> Vec<Asked> {
        self.keys.asked().split_off(before)
    }

    fn grant_all(&self, custodian: &Custodian, paths: &[&Path]) -> Granted {
        granted(custodian, &self.login, paths.iter().map(|path| keep_all(path)).collect())
    }

    fn grant(&self, path: &Path) -> Result<(RewrapGrant, NewList), Refused> {
        self.grant_all(&self.scene.custodian(), &[path]).remove(0)
    }
}

type Granted = Vec<Result<(RewrapGrant, NewList), Refused>>;

fn granted(custodian: &Custodian, login: &SessionLogin, requests: Vec<UnseenRequest>) -> Granted {
    granted_at(custodian, login, requests, Some(1))
}

/// Where the key is known to have this version.
fn granted_at(
    custodian: &Custodian,
    login: &SessionLogin,
    requests: Vec<UnseenRequest>,
    newest: Option<u32>,
) -> Granted {
    let key = key();
    let wish = UnseenWish {
        purpose: Some(Purpose::SystemAdministration),
        key: &key,
        newest,
        in_one_call: NonZeroUsize::new(2).unwrap(),
    };
    pollster::block_on(custodian.rewrap_unseen(login, requests, &wish))
}

fn joined(
    scene: &Scene,
    person: &Person,
    service: &Arc<OneKey>,
) -> (Arc<CountingKeys>, SessionLogin) {
    let bao = ServiceName::new("bao").unwrap();
    let joined = KeyServices::new(Some(scene.keyring(person)));
    let joined = joined.with(bao, Arc::clone(service) as _).unwrap();
    let keys = Arc::new(CountingKeys::new(Arc::new(joined)));
    (Arc::clone(&keys), scene.login(person, keys as _))
}

fn key() -> KeyName {
    KeyName::new("bao:ct").unwrap()
}

fn stanzas(path: &Path) -> Vec<Stanza> {
    header(path).unwrap().stanzas().to_vec()
}

fn keep_all(path: &Path) -> UnseenRequest {
    let header = header(path);
    let kept = header.as_ref().map(|header| header.stanzas().to_vec()).unwrap_or_default();
    UnseenRequest { header, kept }
}

#[track_caller]
fn refused(result: Result<(RewrapGrant, NewList), Refused>) -> Refused {
    result.map(drop).unwrap_err()
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)", "164.312(a)(1)"],
    claim = "packages with a blind recipient list get a new wrap of their data key without any data key being unwrapped",
    polarity = allow,
)]
fn blind_packages_are_rewrapped_and_no_data_key_is_unwrapped(ev: Ev) -> Proven {
    let away = Away::new();
    let paths = ["one", "two", "three"].map(|name| away.blind(name));
    let before = paths.each_ref().map(|path| (stanzas(path), std::fs::read(path).unwrap().len()));
    let asked = away.keys.asked().len();
    let (custodian, told) = (away.scene.custodian(), away.scene.trail());
    let granted = away.grant_all(&custodian, &paths.each_ref().map(PathBuf::as_path));
    ev.equal("all intents are on record under one commit", &told.commits(), &1);
    let mut batch = RewrapBatch::new(GroupLimits::default());
    for (path, granted) in paths.iter().zip(granted) {
        let (grant, list) = granted.unwrap();
        ev.holds("the grant says that it has no data key", grant.is_unseen());
        let started = grant.start(LockedPackage::open(path).unwrap(), &list).unwrap();
        batch.add(started, grant, ());
    }
    let ended = batch.commit(|grant, found| pollster::block_on(grant.confirm(&away.login, found)));
    ended.recorded.unwrap();
    ev.holds("all are done", ended.results.iter().all(|(_, result)| result.is_ok()));
    ev.equal(
        "calls of the key service for two at most, and no other",
        &away.asked_since(asked),
        &vec![Asked::RewrapMany(2), Asked::RewrapMany(1)],
    );
    ev.equal("all outcomes are on record under one commit more", &told.commits(), &2);
    let done = (Action::Rewrap, Some(Outcome::Success));
    ev.equal("as successes", &told.operations(), &vec![done; 3]);
    for (path, (old, len)) in paths.iter().zip(before) {
        let new = stanzas(path);
        ev.holds("the wrap is another one", new.len() == 1 && new != old);
        ev.equal("the package is as long as before", &std::fs::read(path).unwrap().len(), &len);
        drop(open(&custodian, &away.login, path, &wish()).unwrap());
    }
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(b)"],
    claim = "who may not change recipients gets no wrap of any key service, and that is on record",
    polarity = deny,
)]
fn rewrap_rejects_who_is_no_administrator(ev: Ev) -> Proven {
    let away = Away::new();
    let path = away.blind("one");
    let (keys, login) = joined(&away.scene, &away.scene.bela, &away.service);
    let (custodian, told) = (away.scene.custodian(), away.scene.trail());
    let result = granted(&custodian, &login, vec![keep_all(&path)]).remove(0);
    let denied = |why: &Refused| matches!(why, Refused::Policy(Refusal::NotPermitted));
    ev.denies(result.map(drop), denied);
    ev.equal("nothing was asked of the keys", &keys.asked(), &vec![]);
    ev.equal("it is on record", &told.denial(), &(Action::Rewrap, Denial::Policy));
    ev.proven()
}

#[test]
fn rewrap_rejects_what_cannot_be_announced() {
    let away = Away::new();
    let paths = [away.blind("one"), away.blind("two")];
    let asked = away.keys.asked().len();
    let journal = WatchedJournal::failing_at(Arc::clone(&away.scene.writer) as _, 1);
    let custodian = away.scene.recording_to(Arc::new(journal));
    for result in away.grant_all(&custodian, &paths.each_ref().map(PathBuf::as_path)) {
        let why = refused(result);
        assert!(matches!(why, Refused::Record(_)), "{why:?}");
    }
    assert_eq!(away.asked_since(asked), []);
}

#[test]
fn rewrap_rejects_packages_that_need_their_data_key() {
    let away = Away::new();
    // Its recipient list has a MAC; and one under a key of the store, which wraps in this process.
    let authenticated = away.sealed("one", RecipientProfile::Authenticated);
    let stored = away.scene.sealed(10);
    for path in [authenticated, stored] {
        let found = header(&path).unwrap();
        assert!(!away.scene.custodian().rewraps_unseen(&away.login, &found, &key()));
        let (asked, told) = (away.keys.asked().len(), away.scene.trail());
        let why = refused(away.grant(&path));
        assert!(matches!(why, Refused::NeedsDataKey), "{why:?}");
        assert_eq!(told.denial(), (Action::Rewrap, Denial::NotGranted));
        assert_eq!(away.asked_since(asked), []);
    }
}

#[test]
fn no_recipient_is_added_without_the_data_key() {
    let away = Away::new();
    let path = away.blind("one");
    let partner = HpkeIdentity::generate(HpkeKind::X25519).unwrap();
    let (grant, _) = away.grant(&path).unwrap();
    let asked = away.keys.asked().len();
    let stored = crate::support::key();
    for (added, keys) in [(Some(partner.recipient()), None), (None, Some(&stored))] {
        let keys: Vec<&KeyName> = keys.into_iter().collect();
        let added = added.into_iter().map(|key| key as _).collect();
        let wanted = WantedRecipients { kept: stanzas(&path), added, keys: &keys };
        let custodian = away.scene.custodian();
        let why = pollster::block_on(custodian.list_for(&away.login, &grant, wanted)).unwrap_err();
        assert!(matches!(why, Refused::NeedsDataKey), "{why:?}");
    }
    assert_eq!(away.asked_since(asked), []);
}

/// A clinic whose policy demands a recipient of every package.
fn demanding() -> Away {
    let emergency = HpkeIdentity::generate(HpkeKind::X25519).unwrap();
    let text = PublicKey::from(emergency.recipient().clone()).to_string();
    Away::with(|settings| {
        settings.sealing.required_recipients = [RecipientKey::new(&text).unwrap()].into();
    })
}

#[test]
fn required_recipient_is_kept_and_cannot_be_made_up_for() {
    let away = demanding();
    let path = away.blind("one");
    let (grant, list) = away.grant(&path).unwrap();
    assert_eq!(list.len(), 2);
    drop(grant);
    let dropped = UnseenRequest { header: header(&path), kept: Vec::new() };
    let why = granted(&away.scene.custodian(), &away.login, vec![dropped]).remove(0);
    assert!(matches!(why, Err(Refused::Demand(Demand::Recipient))), "{why:?}");
    // Sealed before the policy demanded it.
    let mut before = Away::new();
    let path = before.blind("one");
    before.scene.policy.settings = Arc::clone(&away.scene.policy.settings);
    let why = refused(before.grant(&path));
    assert!(matches!(why, Refused::NeedsDataKey), "{why:?}");
}

#[test]
fn key_to_rewrap_to_is_one_to_seal_under() {
    let mut away = Away::new();
    let path = away.blind("one");
    let other = medsec_policy::KeyName::new("ct-2026").unwrap();
    let set = Away::with(|settings| settings.sealing.allowed_keys = Some([other].into()));
    away.scene.policy.settings = Arc::clone(&set.scene.policy.settings);
    let asked = away.keys.asked().len();
    let why = refused(away.grant(&path));
    assert!(matches!(why, Refused::Demand(Demand::Key)), "{why:?}");
    assert_eq!(away.asked_since(asked), []);
}

#[test]
fn what_is_refused_hurts_no_other_and_is_on_record() {
    let away = Away::new();
    let (good, broken) = (away.blind("one"), away.blind("two"));
    let mut bytes = std::fs::read(&broken).unwrap();
    bytes[0] ^= 1;
    std::fs::write(&broken, bytes).unwrap();
    let authenticated = away.sealed("three", RecipientProfile::Authenticated);
    let told = away.scene.trail();
    let custodian = away.scene.custodian();
    let mut results = away.grant_all(&custodian, &[&broken, &good, &authenticated]);
    assert!(matches!(results.pop(), Some(Err(Refused::NeedsDataKey))));
    let (grant, list) = results.pop().unwrap().unwrap();
    assert!(matches!(results.pop(), Some(Err(Refused::Open(_)))));
    let mut locked = LockedPackage::open(&good).unwrap();
    let confirm = |found: &_| pollster::block_on(grant.confirm(&away.login, found));
    let done = grant.rewrap(&mut locked, &list, confirm);
    grant.finish(done.as_ref()).unwrap();
    let outcome = |(_, phase)| match phase {
        Phase::Single { outcome, .. } | Phase::Ended { outcome, .. } => Some(outcome),
        _ => None,
    };
    let outcomes: Vec<Outcome> = told.phases().into_iter().filter_map(outcome).collect();
    let expected =
        [Outcome::Failure(Failure::Format), Outcome::Denied(Denial::NotGranted), Outcome::Success];
    assert_eq!(outcomes, expected);
}

#[test]
fn service_that_fails_changes_nothing_and_each_outcome_is_on_record() {
    let away = Away::new();
    let paths = [away.blind("one"), away.blind("two")];
    let before = paths.each_ref().map(|path| std::fs::read(path).unwrap());
    let told = away.scene.trail();
    away.service.fail(true);
    let custodian = away.scene.custodian();
    for result in away.grant_all(&custodian, &paths.each_ref().map(PathBuf::as_path)) {
        let why = refused(result);
        assert!(matches!(why, Refused::Key(KeyServiceError::TimedOut)), "{why:?}");
    }
    assert_eq!(paths.each_ref().map(|path| std::fs::read(path).unwrap()), before);
    let failed = (Action::Rewrap, Some(Outcome::Failure(Failure::KeyService)));
    assert_eq!(told.operations(), [failed; 2]);
}

#[test]
fn recipients_do_not_come_into_force_after_the_session() {
    let away = Away::new();
    let path = away.blind("one");
    let before = std::fs::read(&path).unwrap();
    let (grant, list) = away.grant(&path).unwrap();
    let told = away.scene.trail();
    assert!(away.login.session().end(EndReason::LoggedOut));
    let why = grant.start(LockedPackage::open(&path).unwrap(), &list).unwrap_err();
    assert!(matches!(why, UseError::Login(_)), "{why:?}");
    grant.finish(Err(&why)).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let ended = told.events().pop().unwrap();
    assert!(format!("{ended:?}").contains("SessionEnded"), "{ended:?}");
}

#[test]
fn nothing_is_tried_of_a_package_without_its_data_key() {
    let away = Away::new();
    let path = away.blind("one");
    let (grant, _) = away.grant(&path).unwrap();
    let asked = away.keys.asked().len();
    let found = header(&path).unwrap();
    let tried = pollster::block_on(grant.confirm(&away.login, &found));
    assert_eq!(format!("{tried:?}"), "Confirmed(redacted)");
    assert_eq!(away.asked_since(asked), []);
}

#[test]
fn package_that_changed_meanwhile_is_left_alone() {
    let away = Away::new();
    let path = away.blind("one");
    let (first, list) = away.grant(&path).unwrap();
    let (second, other) = away.grant(&path).unwrap();
    let confirm = |found: &_| pollster::block_on(first.confirm(&away.login, found));
    first.rewrap(&mut LockedPackage::open(&path).unwrap(), &list, confirm).unwrap();
    let before = std::fs::read(&path).unwrap();
    let why = second.start(LockedPackage::open(&path).unwrap(), &other).unwrap_err();
    assert!(matches!(why, UseError::Rewrap(medsec_crypto::RewrapError::Changed)), "{why:?}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[evidence(
    hipaa2013::["164.312(c)(1)", "164.312(a)(2)(iv)"],
    claim = "a package keeps its wrap where a key service answers with the same one, with one for several packages, with one of an older version or of no known key",
    polarity = deny,
)]
fn answers_that_are_no_new_wrap_change_nothing(ev: Ev) -> Proven {
    for lie in [RewrapLie::Unchanged, RewrapLie::Repeated, RewrapLie::Unplaced] {
        let away = Away::new();
        let paths = [away.blind("one"), away.blind("two")];
        away.service.lie(lie);
        let told = away.scene.trail();
        let custodian = away.scene.custodian();
        for result in away.grant_all(&custodian, &paths.each_ref().map(PathBuf::as_path)) {
            let is_told = |why: &Refused| matches!(why, Refused::Key(KeyServiceError::Answer(_)));
            ev.denies(result.map(drop), is_told);
        }
        let failed = (Action::Rewrap, Some(Outcome::Failure(Failure::KeyService)));
        ev.equal("each is on record as failed", &told.operations(), &vec![failed; 2]);
    }
    let away = Away::new();
    let path = away.blind("one");
    let requests = vec![keep_all(&path)];
    let older = granted_at(&away.scene.custodian(), &away.login, requests, Some(2)).remove(0);
    let is_told = |why: &Refused| matches!(why, Refused::Key(KeyServiceError::Answer(_)));
    ev.denies(older.map(drop), is_told);
    ev.proven()
}

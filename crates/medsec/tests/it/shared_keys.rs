//! Data keys that a session shares between packages: only where that was asked for and the policy permits it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use medsec::{Custodian, Demand, Login as _, OpenWish, Refused, SessionLogin, SharedKeys, Sharing};
use medsec_audit::{Action, Origin, Outcome, Phase};
use medsec_crypto::{Execution, ExpectationError, OutputOptions, SharedDataKey};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::SharedKeyLimits;
use medsec_policy::{EndReason, Session, SharedDataKeys};
use medsec_testkit::{Asked, CountingKeys, SkippingTimer};

use crate::support::{Scene, content, header, key, open, request, seal_wish, wish};

/// A scene whose policy permits them, and a counted session that wants them.
struct Ward {
    scene: Scene,
    keys: Arc<CountingKeys>,
    timer: Arc<SkippingTimer>,
    login: SessionLogin,
    custodian: Custodian,
}

impl Ward {
    fn new(limits: SharedKeyLimits) -> Self {
        Self::under(SharedDataKeys::Permitted, limits)
    }

    fn under(policy: SharedDataKeys, limits: SharedKeyLimits) -> Self {
        let scene = Scene::set(|settings| settings.sealing.shared_data_keys = policy);
        let keys = scene.keys(&scene.ada);
        let timer = Arc::new(SkippingTimer::new());
        let sharing = Sharing { seal: true, open: true, limits };
        let shared = SharedKeys::new(sharing, Arc::clone(&timer) as _);
        let session = scene.session_sharing(&scene.ada, Arc::clone(&keys) as _, shared);
        let login = SessionLogin::new(session, Origin::Local);
        let custodian = scene.custodian();
        Self { scene, keys, timer, login, custodian }
    }

    fn seal(&self, name: &str, len: usize) -> Result<PathBuf, Refused> {
        let mut request = request();
        request.content_len = Some(len as u64);
        let key = key();
        let keys = [&key];
        let wish = seal_wish(&keys, true);
        let grant = pollster::block_on(self.custodian.seal(&self.login, request, &wish))?;
        let path = self.scene.path(name);
        let (content, options) = (content(len), OutputOptions::default());
        grant.seal_to_file(&content[..], &path, options, &Execution::default()).unwrap();
        Ok(path)
    }

    fn opened(&self, package: &Path) -> Result<Vec<u8>, Refused> {
        let grant = open(&self.custodian, &self.login, package, &accepting())?;
        let source = File::open(package).unwrap();
        let opened = grant.open_to_memory(source, 1 << 20, &Execution::default()).unwrap();
        Ok(opened.0.to_vec())
    }

    fn is_shared(package: &Path) -> bool {
        header(package).unwrap().core().dek_id.is_some()
    }
}

/// To open for treatment, under a shared data key too.
fn accepting() -> OpenWish {
    let mut wish = wish();
    wish.limits.shared_data_key = SharedDataKey::Accepted;
    wish
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a session that shares data keys asks its key service once for all packages within the limits, to seal and to open",
    polarity = allow,
)]
fn key_service_is_asked_once_within_the_limits(ev: Ev) -> Proven {
    let ward = Ward::new(SharedKeyLimits::default());
    let packages: Vec<_> =
        (0..20).map(|at| ev.allows(ward.seal(&format!("p{at}"), 100 + at))).collect();
    ev.equal("to seal", &ward.keys.asked(), &vec![Asked::Generate]);
    for (at, package) in packages.iter().enumerate() {
        ev.equal("the content", &ev.allows(ward.opened(package)), &content(100 + at));
    }
    ev.equal("to open", &ward.keys.asked(), &vec![Asked::Generate, Asked::Unwrap]);
    ev.holds("each package says so", packages.iter().all(|package| Ward::is_shared(package)));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "at its limits of packages and age a shared data key is replaced by a fresh one",
    polarity = allow,
)]
fn limits_end_a_shared_data_key(ev: Ev) -> Proven {
    let hour = Duration::from_secs(3600);
    let ward = Ward::new(SharedKeyLimits::default().with_packages(2));
    let names = |package: &Path| header(package).unwrap().core().dek_id;
    let [a, b, c] = ["a", "b", "c"].map(|name| names(&ward.seal(name, 10).unwrap()));
    ev.equal("two together", &a, &b);
    ev.holds("the third is another's", b != c);
    ward.timer.advance(hour);
    let d = names(&ward.seal("d", 10).unwrap());
    ev.holds("and so it is after an hour", c != d);
    ev.equal("asked for each", &ward.keys.count(Asked::Generate), &3);
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)", "164.312(a)(1)"],
    claim = "where the policy forbids shared data keys, a session that wants them seals nothing, and packages under them do not open",
    polarity = deny,
)]
fn policy_forbids_shared_data_keys(ev: Ev) -> Proven {
    let permitted = Ward::new(SharedKeyLimits::default());
    let package = permitted.seal("shared", 10).unwrap();
    let ward = Ward::under(SharedDataKeys::Forbidden, SharedKeyLimits::default());
    let refused = |why: &Refused| matches!(why, Refused::Demand(Demand::OwnDataKey));
    ev.denies(ward.seal("none", 10), refused);
    ev.equal("and nobody was asked", &ward.keys.asked(), &Vec::new());
    // The same home under another policy.
    let mut parts = permitted.scene.parts();
    let mut settings = (*parts.policy.settings).clone();
    settings.sealing.shared_data_keys = SharedDataKeys::Forbidden;
    parts.policy.settings = Arc::new(settings);
    let strict = Custodian::new(parts).unwrap();
    let opened = open(&strict, &permitted.login, &package, &accepting());
    ev.denies(opened, |why| {
        let shared = ExpectationError::SharedDataKey;
        matches!(why, Refused::Open(medsec_crypto::OpenError::Expectation(e)) if *e == shared)
    });
    ev.proven()
}

#[test]
fn sessions_share_nothing_unless_they_are_told_to() {
    let ward = Ward::new(SharedKeyLimits::default());
    let plain = ward.scene.ada();
    assert!(plain.shared_keys().unwrap().is_none());
    let mut request = request();
    request.content_len = Some(10);
    let (key, custodian) = (key(), &ward.custodian);
    let keys = [&key];
    let grant = pollster::block_on(custodian.seal(&plain, request, &seal_wish(&keys, true)));
    let path = ward.scene.path("own");
    let (content, options) = (content(10), OutputOptions::default());
    grant.unwrap().seal_to_file(&content[..], &path, options, &Execution::default()).unwrap();
    assert!(!Ward::is_shared(&path));
}

#[test]
fn content_of_unknown_length_has_a_data_key_of_its_own() {
    let ward = Ward::new(SharedKeyLimits::default());
    let (key, custodian) = (key(), &ward.custodian);
    let keys = [&key];
    for _ in 0..2 {
        let wish = seal_wish(&keys, true);
        let granted = pollster::block_on(custodian.seal(&ward.login, request(), &wish));
        drop(granted.unwrap());
    }
    assert_eq!(ward.keys.asked(), [Asked::Generate, Asked::Generate]);
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iii)", "164.312(a)(2)(iv)"],
    claim = "shared data keys end with their session: nothing is sealed or opened with them afterwards",
    polarity = deny,
)]
fn shared_data_keys_end_with_the_session(ev: Ev) -> Proven {
    let ward = Ward::new(SharedKeyLimits::default());
    let package = ward.seal("first", 10).unwrap();
    let shared = ward.login.shared_keys().unwrap().unwrap();
    let session: Session<_> = ward.login.session().clone();
    session.end(EndReason::LoggedOut);
    let over = |why: &Refused| matches!(why, Refused::Login(_));
    ev.denies(ward.seal("second", 10), over);
    ev.denies(ward.opened(&package), over);
    ev.holds("they are erased", shared.is_erased());
    ev.proven()
}

#[test]
fn log_names_the_shared_data_key() {
    let ward = Ward::new(SharedKeyLimits::default());
    let told = ward.scene.trail();
    let package = ward.seal("named", 10).unwrap();
    ward.opened(&package).unwrap();
    let name = format!("shared:{}", header(&package).unwrap().core().dek_id.unwrap());
    let done = Some(Outcome::Success);
    assert_eq!(told.operations(), [(Action::Seal, done), (Action::Open, done)]);
    let events = told.events();
    let ended = events.iter().filter(|event| matches!(event.phase, Phase::Ended { .. }));
    for event in ended {
        assert_eq!(event.subject.key.as_ref().unwrap().name.as_str(), name, "{event:?}");
    }
}

//! Packages with several recipients, and how often their data key is on the wire.

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_crypto::{
    Checked, Context, Dek, Draft, Execution, Expectation, Kek, Limits, LocalKek, PackageSpec,
    PolicyExpectation, Recipient as _, SignerExpectation, Stanza, Timestamp,
};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{AwsKeys, KeyContext, KeyName, KeyService, KeyServiceError};
use medsec_testkit::proxy::Proxy;

use super::emulator::{Emulator, Kind, plain_url, wait};

const CONTENT: &[u8] = b"one slice of many";

/// An emulator with one key, behind a proxy that records in clear.
struct Place {
    proxy: Proxy,
    keys: AwsKeys,
    key: KeyName,
}

impl Place {
    fn new(kind: Kind) -> Self {
        let emulator = Emulator::new(kind);
        let key = emulator.create("records").name;
        let proxy = emulator.proxy();
        let keys = emulator.keys_through(&plain_url(&proxy), std::slice::from_ref(&key));
        Self { proxy, keys, key }
    }

    /// How often a data key stood in what passed.
    fn count(&self, dek: &Dek) -> usize {
        let text = STANDARD.encode(dek.expose_secret());
        self.proxy.recording().count(text.as_bytes())
            + self.proxy.recording().count(dek.expose_secret())
    }
}

fn context(draft: &Draft) -> KeyContext {
    KeyContext { bind: draft.bind(), dataset: None }
}

/// A copy, to look for.
fn copy(dek: &Dek) -> Dek {
    Dek::take_from(&mut dek.expose_secret().to_vec()).unwrap()
}

fn local() -> LocalKek {
    LocalKek::new(&[7; 16], &[8; 16], 1, Kek::generate().unwrap()).unwrap()
}

fn expecting(stanza: &Stanza) -> Expectation {
    Expectation {
        policy: PolicyExpectation::Any,
        signer: SignerExpectation::NotRequired,
        keys: vec![stanza.key_ref().clone()],
        reproduced: Context::new(),
        limits: Limits::default(),
    }
}

/// Opens with what one recipient alone gives.
fn open(
    package: &[u8],
    stanza: &Stanza,
    unwrap: impl FnOnce(&Stanza, &KeyContext) -> Result<Dek, KeyServiceError>,
) -> Result<(), KeyServiceError> {
    let mut source = Cursor::new(package);
    let checked = Checked::read(&mut source, expecting(stanza)).unwrap();
    let context = KeyContext { bind: checked.bind(), dataset: None };
    let named: Vec<_> = checked.candidates().cloned().collect();
    assert_eq!(named.len(), 1);
    let unlocked = checked.unlock(unwrap(&named[0], &context)?).unwrap();
    let (content, _) = unlocked.open_to_memory(source, 1 << 20, &Execution::default()).unwrap();
    assert!(*content == *CONTENT);
    Ok(())
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)", "164.312(e)(1)"],
    claim = "a package for two AWS keys and a local one opens through each alone; its data key crosses the wire once for each call that needs it",
    polarity = allow,
)]
fn package_opens_through_each_recipient_alone(ev: Ev) -> Proven {
    let (one, other, local) = (Place::new(Kind::Moto), Place::new(Kind::LocalStack), local());
    let draft = Draft::new(PackageSpec::default(), Timestamp::from_unix_seconds(0), None).unwrap();
    let context = context(&draft);
    let (dek, first) = ev.allows(wait(one.keys.generate_dek(&one.key, &context)));
    ev.equal("generated: once", &one.count(&dek), &1);
    let second = ev.allows(wait(other.keys.wrap_dek(&other.key, &dek, &context)));
    ev.equal("a further service: once more", &(one.count(&dek), other.count(&dek)), &(1, 1));
    let third = local.wrap_dek(&dek, &context.bind).unwrap();
    let look = copy(&dek);
    let stanzas = vec![first.clone(), second.clone(), third.clone()];
    let package = draft.address(dek, stanzas).unwrap().seal_bytes(CONTENT).unwrap();

    let by = |place: &Place, stanza: &Stanza, context: &KeyContext| {
        wait(place.keys.unwrap_dek(stanza, context))
    };
    ev.allows(open(&package, &first, |s, c| by(&one, s, c)));
    ev.equal("opened through one: there", &(one.count(&look), other.count(&look)), &(2, 1));
    ev.allows(open(&package, &second, |s, c| by(&other, s, c)));
    ev.equal("and through the other", &(one.count(&look), other.count(&look)), &(2, 2));
    ev.allows(open(&package, &third, |s, c| {
        use medsec_crypto::Identity as _;
        local.unwrap_dek(s, &c.bind).map_err(|_| KeyServiceError::NotAuthentic)
    }));
    ev.equal("a local key asks nobody", &(one.count(&look), other.count(&look)), &(2, 2));
    // Neither service opens what the other wrapped.
    let foreign = |e: &KeyServiceError| matches!(e, KeyServiceError::ForeignStanza);
    ev.denies(open(&package, &second, |s, c| by(&one, s, c)), foreign);
    ev.denies(open(&package, &first, |s, c| by(&other, s, c)), foreign);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "rewrapping in AWS KMS shows no data key: it is in no request and in no answer",
    polarity = allow,
)]
fn blind_rewrap_shows_no_data_key(ev: Ev) -> Proven {
    for kind in [Kind::Moto, Kind::LocalStack] {
        let emulator = Emulator::new(kind);
        let (from, to) = (emulator.create("old").name, emulator.create("new").name);
        let proxy = emulator.proxy();
        let keys = emulator.keys(std::slice::from_ref(&from));
        let blind = emulator.keys_through(&plain_url(&proxy), &[from.clone(), to.clone()]);
        let context = super::emulator::context(1);
        let (dek, old) = ev.allows(wait(keys.generate_dek(&from, &context)));
        ev.holds("it says so", blind.rewraps_unseen(old.key_ref(), &to));
        proxy.recording().clear();
        let new = ev.allows(wait(blind.rewrap_dek(&old, &to, &context)));
        let exchanges = proxy.recording().exchanges();
        ev.equal("one request", &exchanges.len(), &1);
        let target = exchanges[0].request.header("x-amz-target").map(str::to_owned);
        ev.equal("to rewrap", &target, &Some("TrentService.ReEncrypt".to_owned()));
        let text = STANDARD.encode(dek.expose_secret());
        ev.equal("no data key", &proxy.recording().count(text.as_bytes()), &0);
        let found = ev.allows(wait(blind.unwrap_dek(&new, &context)));
        ev.holds("the same data key", found.expose_secret() == dek.expose_secret());
    }
    ev.proven()
}

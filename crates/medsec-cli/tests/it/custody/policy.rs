//! The policy in force: what it demands, and that no other takes its place.

use std::fs;

use medsec_crypto::SigningKey;
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{IdentityFile, PrivateKey};
use medsec_policy::{Bundle, BundleMark, BundleSigner, SignedBundle, Source};

use super::{sealed, with_ann};
use crate::ward::{Refused, SCAN, Ward, lax};

const IN_FORCE: &str = "home/policy/in-force.policy";
const MARK: &str = "home/policy.mark";

struct Signer(SigningKey);

impl BundleSigner for Signer {
    fn public_key(&self) -> [u8; 32] {
        *self.0.verifying_key().as_bytes()
    }

    fn sign(&self, label: &str, message: &[u8]) -> [u8; 64] {
        self.0.sign_labelled(label, message)
    }
}

/// Puts a policy in the place of the one in force, signed with a key of the home: one that follows it, or another.
fn replace(
    ward: &Ward,
    signer: &str,
    follows: bool,
    edit: impl Fn(&str, String) -> String,
) -> Bundle {
    ward.write_policy("next", edit);
    let source = Source::read(&ward.path("next")).unwrap();
    fs::remove_dir_all(ward.path("next")).unwrap();
    let key = IdentityFile::load(&ward.path(&format!("home/identities/{signer}.signer"))).unwrap();
    let key = match key.unlock(None).unwrap() {
        PrivateKey::Signer(key) => Some(Signer(key)),
        _ => None,
    };
    let key = key.unwrap();
    let next = match follows {
        true => {
            let trusted = medsec_policy::SignerKey::new(
                medsec_policy::SignerName::new("ada").unwrap(),
                key.public_key(),
            );
            let present = SignedBundle::parse(&ward.read(IN_FORCE), &[trusted.unwrap()], 1);
            Bundle::succeed(&source, &present.unwrap()).unwrap()
        }
        false => Bundle::compile(&source).unwrap(),
    };
    ward.write(IN_FORCE, &SignedBundle::sign(&next, &key).unwrap().to_bytes());
    next
}

/// Nothing is opened and nothing sealed, with this code.
fn closed(ev: &Ev, ward: &Ward, code: i32) {
    for line in ["open scan.msp -o x", &format!("seal {SCAN} --key default -o x")] {
        ev.denies(ward.line(line).result(), |refused| *refused == Refused(code));
        ev.holds("nothing was written", !ward.exists("x"));
    }
}

fn opens(ev: &Ev, ward: &Ward) {
    ev.allows(ward.line("open scan.msp -o x").result());
    fs::remove_file(ward.path("x")).unwrap();
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(c)(1)"],
    claim = "nothing opens and nothing is sealed while the policy is missing, altered, or not signed by an administrator",
    polarity = deny,
)]
fn policy_that_was_replaced_closes_everything(ev: Ev) -> Proven {
    let ward = with_ann(sealed());
    let whole = ward.read(IN_FORCE);
    let other = Ward::with_home().read(IN_FORCE);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let altered = text(&whole).replacen("clinician", "clinicien", 1).into_bytes();
    for bytes in [b"".as_slice(), &whole[..whole.len() / 2], &other, &altered, b"KOWALSKA"] {
        ward.write(IN_FORCE, bytes);
        closed(&ev, &ward, 26);
    }
    // A user who is no administrator signs a policy.
    ward.write(IN_FORCE, &whole);
    replace(&ward, "ann", false, lax);
    closed(&ev, &ward, 26);
    fs::remove_file(ward.path(IN_FORCE)).unwrap();
    closed(&ev, &ward, 26);
    ward.write(IN_FORCE, &whole);
    opens(&ev, &ward);
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(c)(1)"],
    claim = "an older policy does not come back into force in place of the one that followed it",
    polarity = deny,
)]
fn policy_that_was_rolled_back_closes_everything(ev: Ev) -> Proven {
    let ward = sealed();
    let older = ward.read(IN_FORCE);
    replace(&ward, "ada", true, |path, text| match path {
        "policy.toml" => text.replacen("idle = \"15m\"", "idle = \"10m\"", 1),
        _ => text,
    });
    // What was sealed under the older one opens under the one that follows it.
    opens(&ev, &ward);
    let newer = ward.read(IN_FORCE);
    ward.write(IN_FORCE, &older);
    closed(&ev, &ward, 26);
    ward.write(IN_FORCE, &newer);
    opens(&ev, &ward);
    // Of the same administrator, but it follows nothing.
    replace(&ward, "ada", false, lax);
    closed(&ev, &ward, 26);
    ward.write(IN_FORCE, &newer);
    let mark = ward.read(MARK);
    ward.write(MARK, b"KOWALSKA\n");
    closed(&ev, &ward, 26);
    fs::remove_file(ward.path(MARK)).unwrap();
    closed(&ev, &ward, 26);
    ward.write(MARK, &mark);
    opens(&ev, &ward);
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(c)(1)", "164.312(b)"],
    claim = "where the policy wants signatures nothing is sealed without that of a user, and the attempt is on record",
    polarity = deny,
)]
fn unsigned_sealing_is_refused_where_signatures_are_demanded(ev: Ev) -> Proven {
    let ward = Ward::with_home();
    let seal = format!("seal {SCAN} --key default -o x");
    ward.line("identity new --no-passphrase --kind signer --out stranger.signer").ok();
    for way in ["--unsigned", "--sign-with stranger.signer"] {
        ev.denies(ward.line(&format!("{seal} {way}")).result(), |e| *e == Refused(24));
        assert_eq!(ward.newest(), ["seal", "denied", "policy"]);
        ev.holds("nothing was written", !ward.exists("x"));
    }
    ev.allows(ward.line(&seal).result());
    let lax = Ward::with_lax_home();
    ev.allows(lax.line(&format!("{seal} --unsigned")).result());
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(b)"],
    claim = "a package under the store's keys that is bound to no known policy opens only if that is asked for",
    polarity = deny,
)]
fn package_of_an_unknown_policy_is_refused(ev: Ev) -> Proven {
    let ward = sealed();
    // Another history of the policy: it does not follow the one that the package is bound to.
    let other = replace(&ward, "ada", false, lax);
    ward.write(MARK, BundleMark::of(&other).render().as_bytes());
    let run = ward.line("open scan.msp -o x");
    ev.denies(run.result(), |refused| *refused == Refused(24));
    ev.holds("it says how", run.stderr.contains("--accept-unbound"));
    assert_eq!(ward.newest(), ["open", "denied", "policy"]);
    ev.holds("nothing was written", !ward.exists("x"));
    ev.allows(ward.line("open scan.msp --accept-unbound -o x").result());
    ev.equal_bytes("the content is back", &ward.read("x"), &ward.content);
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(c)(1)", "164.312(b)"],
    claim = "where the policy refuses packages that are bound to no known policy, no content of one under the organisation's key leaves, whoever asks",
    polarity = deny,
)]
fn package_of_an_unknown_policy_is_refused_for_good_where_the_policy_says_so(ev: Ev) -> Proven {
    let ward = sealed();
    let other = |setting: &str| {
        let other = replace(&ward, "ada", false, |path, text| match path {
            "policy.toml" => {
                let table = "[settings.opening]\n";
                text.replace(table, &format!("{table}unbound_packages = \"{setting}\"\n"))
            }
            _ => text,
        });
        ward.write(MARK, BundleMark::of(&other).render().as_bytes());
    };
    let open = "open scan.msp --accept-unbound -o x";
    other("refused");
    let run = ward.line(open);
    ev.denies(run.result(), |refused| *refused == Refused(24));
    ev.holds("it says why", run.stderr.contains("opening.unbound_packages"));
    ev.equal("it is on record", &ward.newest(), &["open", "denied", "policy"].map(str::to_owned));
    ev.denies(ward.line("open scan.msp -o x").result(), |refused| *refused == Refused(24));
    ev.holds("nothing was written", !ward.exists("x"));
    let verify = "verify scan.msp --identity home/identities/ada.identity";
    ev.allows(ward.line(verify).result());
    other("accepted");
    ev.allows(ward.line(open).result());
    ev.equal_bytes("the content is back", &ward.read("x"), &ward.content);
    ev.proven()
}

#[test]
fn sealing_into_a_data_set_that_the_policy_does_not_have_is_refused() {
    let ward = Ward::with_home();
    ward.line("key create ct").ok();
    for line in ["--key ct", "--key default --dataset ct", "--to own.key --dataset ct"] {
        let run = ward.line(&format!("seal {SCAN} {line} -o x"));
        assert_eq!(run.code, 24, "{line}: {}", run.stderr);
        assert_eq!(ward.newest(), ["seal", "denied", "policy"]);
    }
    assert!(!ward.exists("x"));
}

#[test]
fn init_refuses_a_policy_with_faults() {
    let ward = Ward::new();
    ward.write_policy("policy", |path, text| match path {
        "policy.toml" => text.replace("signature = \"required\"", "signature = \"KOWALSKA\""),
        _ => text,
    });
    let run = ward.line("init --user ada --no-passphrase --no-anchor --policy policy");
    assert_eq!(run.code, 26, "{}", run.stderr);
    assert!(!ward.exists("home"));
    let run = ward.line("init --user ada --no-passphrase --no-anchor --policy nowhere");
    assert_ne!(run.code, 0);
    assert!(!ward.exists("home"));
}

//! What the cryptography of a package may be called, and that its parts cannot hide each other.

use medsec_crypto::{
    Assurance, Backend, Draft, Header, HpkeKind, KeyRef, PackageAssurance, Recipient, Stanza,
    StanzaKind, Suite,
};

use crate::support::sample::Plan;
use crate::support::{SEALED_AT, hpke, kek};

fn of(package: &[u8], backend: Backend) -> PackageAssurance {
    PackageAssurance::of(&Header::read(&mut &package[..]).unwrap(), backend)
}

fn of_plan(plan: Plan, backend: Backend) -> PackageAssurance {
    of(&plan.seal().package, backend)
}

fn sealed_to(recipients: &[&dyn Recipient]) -> Vec<u8> {
    let draft = Draft::new(Plan::new(0).spec(), SEALED_AT, None).unwrap();
    draft.seal_to(recipients).unwrap().seal_bytes(b"").unwrap()
}

/// What AES-256-GCM may be called when `backend` computes.
fn aes(backend: Backend) -> Assurance {
    if cfg!(feature = "fips") && backend != Backend::RustCrypto {
        Assurance::ValidatedModule
    } else {
        Assurance::ApprovedAlgorithm
    }
}

#[test]
fn chacha_is_never_approved() {
    let plan = Plan { suite: Suite::ChaCha20Poly1305, ..Plan::new(0) };
    for backend in Backend::ALL {
        let assurance = of_plan(plan, *backend);
        assert_eq!(assurance.payload, Assurance::NotApproved);
        assert_eq!(assurance.overall(), Assurance::NotApproved);
    }
}

#[test]
fn hpke_recipient_lowers_the_whole() {
    for kind in [HpkeKind::X25519, HpkeKind::XWing] {
        let identity = hpke(kind, 1);
        let package = sealed_to(&[&kek(1), identity.recipient()]);
        for backend in Backend::ALL {
            let assurance = of(&package, *backend);
            assert_eq!(assurance.payload, aes(*backend));
            assert_eq!(assurance.wrapping, Some(Assurance::NotApproved));
            assert_eq!(assurance.overall(), Assurance::NotApproved);
        }
    }
}

#[test]
fn signature_and_mac_stay_outside_the_module() {
    for backend in Backend::ALL {
        let assurance = of_plan(Plan::new(0).signed(), *backend);
        assert_eq!(assurance.signature, Some(Assurance::ApprovedAlgorithm));
        assert_eq!(assurance.recipient_mac, Some(Assurance::ApprovedAlgorithm));
        assert_eq!(assurance.overall(), Assurance::ApprovedAlgorithm);
    }
}

#[test]
fn parts_not_used_are_not_rated() {
    let assurance = of_plan(Plan::new(0).blind(), Backend::RustCrypto);
    assert_eq!((assurance.recipient_mac, assurance.signature), (None, None));
}

#[test]
fn wrapping_by_a_service_is_not_rated() {
    let arn = b"arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let name = KeyRef::new(StanzaKind::AwsKms, arn).unwrap();
    let stanza = Stanza::new(name, vec![1; 100]).unwrap();
    let draft = Plan::new(0).blind().draft();
    let dek = medsec_crypto::Dek::generate().unwrap();
    let package = draft.address(dek, vec![stanza]).unwrap().seal_bytes(b"").unwrap();
    for backend in Backend::ALL {
        let assurance = of(&package, *backend);
        assert_eq!(assurance.wrapping, None);
        assert_eq!(assurance.overall(), Assurance::ApprovedAlgorithm);
    }
}

#[test]
fn payload_class_is_that_of_the_backend() {
    for backend in Backend::ALL {
        let assurance = of_plan(Plan::new(0).blind(), *backend);
        assert_eq!(assurance.payload, aes(*backend));
        assert_eq!(assurance.wrapping, Some(aes(Backend::default())));
    }
}

#[test]
fn overall_is_the_minimum_of_the_parts() {
    let classes =
        [Assurance::NotApproved, Assurance::ApprovedAlgorithm, Assurance::ValidatedModule];
    let part = |number: usize| match number % 4 {
        3 => None,
        number => Some(classes[number]),
    };
    let mut assurance = of_plan(Plan::new(0), Backend::RustCrypto);
    let mut seen = Vec::new();
    // Digits of base 3 for what every package uses, of base 4 for what it may lack.
    for number in 0..27 * 64 {
        let always = [1, 3, 9].map(|digit| classes[number / digit % 3]);
        let sometimes = [27, 108, 432].map(|digit| part(number / digit));
        [assurance.payload, assurance.key_generation, assurance.hashes] = always;
        [assurance.recipient_mac, assurance.signature, assurance.wrapping] = sometimes;
        let parts = always.into_iter().chain(sometimes.into_iter().flatten());
        assert_eq!(Some(assurance.overall()), parts.min());
        seen.push(assurance.overall());
    }
    assert!(classes.iter().all(|class| seen.contains(class)));
}

#[test]
fn classes_are_ordered_and_named() {
    assert!(Assurance::NotApproved < Assurance::ApprovedAlgorithm);
    assert!(Assurance::ApprovedAlgorithm < Assurance::ValidatedModule);
    assert_eq!(Assurance::ValidatedModule.as_str(), "validated module");
}

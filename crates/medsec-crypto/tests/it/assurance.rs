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
    let plan = Plan {
        suite: Suite::ChaCha20Poly1305,
        ..Plan::new(0)
    };
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
    let package = draft
        .address(dek, vec![stanza])
        .unwrap()
        .seal_bytes(b"")
        .unwrap();
    for backend in Backend::ALL {
        let assurance = of(&package, *backend);
        assert_eq!(
            (assurance.wrapping, assurance.overall()),
            (None, aes(*backend))
        );
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
    let classes = [
        Assurance::NotApproved,
        Assurance::ApprovedAlgorithm,
        Assurance::ValidatedModule,
    ];
    let optional = || classes.iter().copied().map(Some).chain([None]);
    let mut assurance = of_plan(Plan::new(0), Backend::RustCrypto);
    for payload in classes {
        for recipient_mac in optional() {
            for signature in optional() {
                for wrapping in optional() {
                    assurance.payload = payload;
                    assurance.recipient_mac = recipient_mac;
                    assurance.signature = signature;
                    assurance.wrapping = wrapping;
                    let parts = [recipient_mac, signature, wrapping];
                    let least = parts.into_iter().flatten().fold(payload, Assurance::min);
                    assert_eq!(assurance.overall(), least);
                }
            }
        }
    }
}

#[test]
fn classes_are_ordered_and_named() {
    assert!(Assurance::NotApproved < Assurance::ApprovedAlgorithm);
    assert!(Assurance::ApprovedAlgorithm < Assurance::ValidatedModule);
    assert_eq!(Assurance::ValidatedModule.as_str(), "validated module");
}

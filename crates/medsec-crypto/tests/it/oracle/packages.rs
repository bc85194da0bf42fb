//! Packages of every shape, described so that Rust and the oracle can both seal them.

use std::io::Cursor;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_crypto::{
    ContentType, Context, DatasetId, Dek, DekId, Draft, Execution, Header, HpkeIdentity, HpkeKind,
    Kek, KeyRef, LocalKek, Metadata, PackageSpec, PolicyHash, Recipient, RecipientProfile, SideCar,
    SigningKey, Stanza, StanzaKind, Suite, Timestamp,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::vectors::file::{Vector, hex};

const SECRET: [u8; 32] = [0x51; 32];
const KEK: [u8; 32] = [7; 32];
const SEED: [u8; 32] = [9; 32];
const POLICY: [u8; 32] = [0xA0; 32];
const DEK_ID: [u8; 16] = [0xD0; 16];
const DATASET: &str = "set-2026.1";
const CREATED: u64 = 1_790_000_000;
const FILE_NAME: &str = "Schädel.dcm";
/// Nothing, full chunks only, a part at the end, more than one group of a side-car.
const LENGTHS: [usize; 4] = [0, 16_384, 40_960, 1_153_434];

/// A key that packages are sealed to.
#[derive(Clone, Copy, PartialEq)]
enum To {
    Local,
    X25519,
    XWing,
    /// A kind that no version knows.
    Later,
}

/// One package to seal.
#[derive(Clone)]
pub(crate) struct Plan {
    name: &'static str,
    len: usize,
    suite: Suite,
    signed: bool,
    metadata: bool,
    blind: bool,
    described: bool,
    shared: bool,
    /// A field of a later version. Only the oracle writes it.
    extra: bool,
    stored: &'static [(&'static str, &'static str)],
    reproduced: &'static [(&'static str, &'static str)],
    to: &'static [To],
    by: To,
}

const PLAIN: Plan = Plan {
    name: "plain",
    len: 5,
    suite: Suite::Aes256Gcm,
    signed: false,
    metadata: false,
    blind: false,
    described: false,
    shared: false,
    extra: false,
    stored: &[],
    reproduced: &[],
    to: &[To::Local],
    by: To::Local,
};

const STORED: &[(&str, &str)] = &[("purpose", "treatment"), ("site", "")];
const REPRODUCED: &[(&str, &str)] = &[("patient", "MRN-0042"), ("ward", "Süd")];

fn shapes() -> Vec<Plan> {
    let suite = Suite::ChaCha20Poly1305;
    vec![
        PLAIN,
        Plan { name: "suite 2", suite, ..PLAIN },
        Plan { name: "signed", signed: true, ..PLAIN },
        Plan { name: "metadata", metadata: true, ..PLAIN },
        Plan { name: "blind", blind: true, ..PLAIN },
        Plan { name: "contexts", stored: STORED, reproduced: REPRODUCED, ..PLAIN },
        Plan { name: "x25519", to: &[To::Local, To::X25519], by: To::X25519, ..PLAIN },
        Plan { name: "x-wing", to: &[To::XWing, To::Local], by: To::XWing, ..PLAIN },
        Plan { name: "later", to: &[To::Later, To::Local], extra: true, ..PLAIN },
        Plan { name: "shared", shared: true, described: true, signed: true, ..PLAIN },
        everything(),
    ]
}

fn everything() -> Plan {
    Plan {
        name: "everything",
        suite: Suite::ChaCha20Poly1305,
        signed: true,
        metadata: true,
        described: true,
        stored: STORED,
        reproduced: REPRODUCED,
        to: &[To::Local, To::Later, To::X25519],
        ..PLAIN
    }
}

/// Every shape in every length, and two more.
pub(crate) fn plans() -> Vec<Plan> {
    let two_suites = [Suite::Aes256Gcm, Suite::ChaCha20Poly1305].map(|suite| Plan {
        name: "blind, signed and shared",
        suite,
        blind: true,
        signed: true,
        shared: true,
        described: true,
        by: To::X25519,
        to: &[To::X25519],
        ..PLAIN
    });
    shapes()
        .into_iter()
        .flat_map(|shape| LENGTHS.map(|len| Plan { len, ..shape.clone() }))
        .chain(two_suites)
        .collect()
}

pub(crate) fn sealed_by_rust() -> Vec<Vector> {
    plans().iter().map(Plan::sealed).collect()
}

/// Small packages that together have every part.
pub(crate) fn to_damage() -> Vec<Vector> {
    [
        PLAIN,
        Plan { name: "blind", blind: true, len: 16_390, ..PLAIN },
        Plan { name: "signed", signed: true, ..PLAIN },
        Plan { name: "metadata", metadata: true, ..PLAIN },
        everything(),
    ]
    .map(|plan| plan.sealed())
    .into()
}

/// A small package with every field and two recipients, opened by the second.
pub(crate) fn everything_short() -> Vector {
    let plan = Plan { shared: true, to: &[To::X25519, To::Local], ..everything() };
    plan.sealed()
}

/// A package whose slots anyone can change, with room in them.
pub(crate) fn blind() -> Vector {
    let plan = Plan { blind: true, to: &[To::Local, To::XWing], ..PLAIN };
    plan.sealed()
}

/// Signed packages of all lengths.
pub(crate) fn signed() -> Vec<Vector> {
    let shapes = [everything(), Plan { name: "signed", signed: true, ..PLAIN }];
    let plans =
        shapes.into_iter().flat_map(|shape| LENGTHS.map(|len| Plan { len, ..shape.clone() }));
    plans.map(|plan| plan.sealed()).collect()
}

/// The side-car that Rust makes.
pub(crate) fn side_car(vector: &Vector) -> Vec<u8> {
    let mut source = Cursor::new(&vector.package);
    let header = Header::read(&mut source).unwrap();
    source.set_position(0);
    let made = SideCar::build(&header, source, 1 << 20, &Execution::default()).unwrap();
    let mut bytes = Vec::new();
    made.write(&mut bytes).unwrap();
    bytes
}

fn map(pairs: &[(&str, &str)]) -> Context {
    let mut context = Context::new();
    for (key, value) in pairs {
        context.insert(key, value).unwrap();
    }
    context
}

fn object(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect()
}

fn local() -> LocalKek {
    LocalKek::new(&[1; 16], &[7; 16], 1, Kek::take_from(&mut { KEK }).unwrap()).unwrap()
}

fn hpke(kind: HpkeKind) -> HpkeIdentity {
    HpkeIdentity::take_from(kind, &mut { SECRET }).unwrap()
}

impl To {
    fn stanza(self, dek: &Dek, draft: &Draft) -> Stanza {
        let wrapped = match self {
            Self::Local => local().wrap_dek(dek, &draft.bind()),
            Self::X25519 => hpke(HpkeKind::X25519).recipient().wrap_dek(dek, &draft.bind()),
            Self::XWing => hpke(HpkeKind::XWing).recipient().wrap_dek(dek, &draft.bind()),
            Self::Later => {
                let key_ref = KeyRef::new(StanzaKind::Unknown(99), &[0xAA]).unwrap();
                return Stanza::new(key_ref, vec![0xBB; 8000]).unwrap();
            }
        };
        wrapped.unwrap()
    }

    fn request(self) -> Value {
        let public = |kind| hex(hpke(kind).recipient().public_key());
        match self {
            Self::Local => {
                json!({"type": 1, "kek": hex(&KEK), "key_ref": hex(local().key_ref().as_bytes())})
            }
            Self::X25519 => json!({"type": 5, "public": public(HpkeKind::X25519)}),
            Self::XWing => json!({"type": 6, "public": public(HpkeKind::XWing)}),
            Self::Later => json!({"type": 99, "key_ref": "aa", "wrapped": "bb".repeat(8000)}),
        }
    }
}

impl Plan {
    fn content(&self) -> Vec<u8> {
        (0..=250).cycle().take(self.len).collect()
    }

    fn draft(&self) -> Draft {
        let mut spec = PackageSpec::default();
        spec.suite = self.suite;
        if self.blind {
            spec.profile = RecipientProfile::Blind;
        }
        if self.described {
            spec.policy = Some(PolicyHash::from_bytes(POLICY));
            spec.dataset = Some(DatasetId::new(DATASET).unwrap());
            spec.content_type = Some(ContentType::new("application/dicom").unwrap());
        }
        spec.shared_data_key = self.shared.then(|| DekId::from_bytes(DEK_ID));
        spec.stored = map(self.stored);
        spec.reproduced = map(self.reproduced);
        spec.metadata = self.metadata.then(|| {
            let mut metadata = Metadata::new();
            metadata.file_name = Some(FILE_NAME.to_owned());
            metadata.size = Some(self.len as u64);
            metadata.content_sha256 = Some(Sha256::digest(self.content()).into());
            metadata
        });
        let signer = self.signed.then(|| Arc::new(SigningKey::take_from(&mut { SEED }).unwrap()));
        Draft::new(spec, Timestamp::from_unix_seconds(CREATED), signer).unwrap()
    }

    fn sealed(&self) -> Vector {
        let draft = self.draft();
        let dek = Dek::generate().unwrap();
        let stanzas = self.to.iter().map(|to| to.stanza(&dek, &draft)).collect();
        let sealer = draft.address(dek, stanzas).unwrap();
        self.vector(sealer.seal_bytes(&self.content()).unwrap())
    }

    /// The same for the oracle.
    pub(crate) fn request(&self) -> Value {
        let content = self.content();
        let mut request = json!({
            "suite": self.suite.number(),
            "created_at": CREATED,
            "content": STANDARD.encode(&content),
            "recipients": self.to.iter().map(|to| to.request()).collect::<Vec<_>>(),
            "blind": self.blind,
            "stored": object(self.stored),
            "context": object(self.reproduced),
        });
        if self.described {
            request["policy"] = json!(hex(&POLICY));
            request["dataset"] = json!(DATASET);
            request["content_type"] = json!("application/dicom");
        }
        if self.shared {
            request["dek_id"] = json!(hex(&DEK_ID));
        }
        if self.signed {
            request["signing_seed"] = json!(hex(&SEED));
        }
        if self.extra {
            request["extra_fields"] = json!({"32768": "", "65535": "6c61746572"});
        }
        if self.metadata {
            let hash = hex(&Sha256::digest(&content));
            request["metadata"] =
                json!({"file_name": FILE_NAME, "size": self.len, "content_sha256": hash});
        }
        request
    }

    /// What must come out when the package is opened.
    pub(crate) fn vector(&self, package: Vec<u8>) -> Vector {
        let content = self.content();
        let mut lines = vec![
            ("expect", "success".to_owned()),
            ("plaintext-sha256", hex(&Sha256::digest(&content))),
            ("plaintext-len", self.len.to_string()),
        ];
        match self.by {
            To::Local | To::Later => {
                lines.push(("local-kek", hex(&KEK)));
                lines.push(("local-key-ref", hex(local().key_ref().as_bytes())));
            }
            To::X25519 => lines.push(("x25519-secret", hex(&SECRET))),
            To::XWing => lines.push(("x-wing-secret", hex(&SECRET))),
        }
        let pairs = self.reproduced.iter();
        lines.extend(pairs.map(|(key, value)| ("context", format!("{key}={value}"))));
        if self.signed {
            let key = SigningKey::take_from(&mut { SEED }).unwrap().verifying_key();
            lines.push(("signer", hex(key.as_bytes())));
        }
        if self.described {
            lines.push(("policy", hex(&POLICY)));
        }
        if self.shared {
            lines.push(("shared-data-key", "accepted".to_owned()));
        }
        if self.metadata {
            lines.push(("metadata-file-name", FILE_NAME.to_owned()));
        }
        Vector {
            name: format!("{} of {} bytes", self.name, self.len),
            lines: lines.into_iter().map(|(n, v)| (n.to_owned(), v)).collect(),
            package,
        }
    }
}

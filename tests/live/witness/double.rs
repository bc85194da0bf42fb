//! A witness as C2SP tlog-witness prescribes it, for one log: it remembers what it signed and verifies proofs.

use std::sync::Mutex;

use medsec_audit::{
    Algorithm, Checkpoint, ConsistencyProof, Ed25519NoteSigner, Hash, KeyName, Note,
    NoteSigner as _, NoteText, PosixTime, VerifierKey,
};

use crate::support::plain_http::{Request, answer, serve, serve_tls};

/// What a witness may do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// It signs with a key of the same name that nobody trusts.
    OtherKey,
    /// The signature is damaged.
    WrongSignature,
    /// It signs another checkpoint.
    OtherCheckpoint,
    /// It answers with another text and a right signature under that.
    OtherText,
}

pub(super) struct Double {
    log: VerifierKey,
    origin: String,
    signer: Ed25519NoteSigner,
    fault: Fault,
    latest: Mutex<(u64, Option<Hash>)>,
}

fn signer(seed: u8) -> Ed25519NoteSigner {
    let name = KeyName::new("witness.example/w1").unwrap();
    Ed25519NoteSigner::take_from(name, Algorithm::CosignatureV1, &mut [seed; 32]).unwrap()
}

impl Double {
    /// A witness of the log with this key, whose origin is the key's name.
    pub(super) fn new(log: &VerifierKey) -> Self {
        let origin = log.name().as_str().to_owned();
        let latest = Mutex::new((0, None));
        Self { log: log.clone(), origin, signer: signer(21), fault: Fault::None, latest }
    }

    pub(super) fn with(self, fault: Fault) -> Self {
        Self { fault, ..self }
    }

    pub(super) fn key(&self) -> &VerifierKey {
        self.signer.verifier_key()
    }

    pub(super) fn serve(self) -> String {
        serve(move |request| self.respond(&request))
    }

    pub(super) fn serve_tls(self) -> String {
        serve_tls(move |request| self.respond(&request))
    }

    fn respond(&self, request: &Request) -> Vec<u8> {
        assert!(request.line.starts_with("POST /add-checkpoint HTTP/1.1"), "{}", request.line);
        match self.judge(&request.body) {
            Ok(lines) => answer("200 OK", "text/plain", &lines),
            Err((status, None)) => answer(status, "text/plain", b""),
            Err((status, Some(size))) => {
                answer(status, "text/x.tlog.size", format!("{size}\n").as_bytes())
            }
        }
    }

    fn judge(&self, body: &[u8]) -> Result<Vec<u8>, (&'static str, Option<u64>)> {
        let bad = ("400 Bad Request", None);
        let (old, proof, note) = parse(body).ok_or(bad)?;
        let parsed = Note::parse(note.as_bytes()).map_err(|_| bad)?;
        let unverified = Checkpoint::insecure_of_unverified(&parsed).map_err(|_| bad)?;
        if unverified.origin().as_str() != self.origin {
            return Err(("404 Not Found", None));
        }
        let opened = Checkpoint::open(note.as_bytes(), &self.log, &[]);
        let (checkpoint, _) = opened.map_err(|_| ("403 Forbidden", None))?;
        if old > checkpoint.size() {
            return Err(bad);
        }
        let mut latest = self.latest.lock().unwrap();
        let conflict = ("409 Conflict", Some(latest.0));
        if old != latest.0 {
            return Err(conflict);
        }
        let unproven = ("422 Unprocessable Entity", None);
        match latest.1 {
            None if proof.is_empty() => {}
            None => return Err(unproven),
            Some(root) if old == checkpoint.size() && root != *checkpoint.root() => {
                return Err(conflict);
            }
            Some(root) => ConsistencyProof::new(old, checkpoint.size(), proof)
                .verify(&root, checkpoint.root())
                .map_err(|_| unproven)?,
        }
        *latest = (checkpoint.size(), Some(*checkpoint.root()));
        Ok(self.sign(&parsed, &checkpoint))
    }

    fn sign(&self, note: &Note, checkpoint: &Checkpoint) -> Vec<u8> {
        let time = PosixTime::new(1_793_707_200).unwrap();
        let line = |note: &Note, signer: &Ed25519NoteSigner| {
            let mut signed = note.clone();
            signed.cosign(signer, time).unwrap();
            signed.render().strip_prefix(&note.render()).unwrap().as_bytes().to_vec()
        };
        let another = || {
            let root = Hash::from_bytes([1; 32]);
            let other =
                Checkpoint::new(checkpoint.origin().clone(), checkpoint.size(), root).unwrap();
            other.to_text().unwrap()
        };
        let log = signer(3);
        let signed = |text: NoteText| {
            let mut other = Note::sign(text, &Signer(&log)).unwrap();
            other.cosign(&self.signer, time).unwrap();
            other.render()
        };
        match self.fault {
            Fault::None => line(note, &self.signer),
            Fault::OtherKey => line(note, &signer(22)),
            Fault::WrongSignature => {
                let mut line = line(note, &self.signer);
                let at = line.len() - 6;
                line[at] = if line[at] == b'A' { b'B' } else { b'A' };
                line
            }
            Fault::OtherCheckpoint => {
                let whole = signed(another());
                whole.lines().last().map(|line| format!("{line}\n")).unwrap().into_bytes()
            }
            Fault::OtherText => format!("\n{}", signed(another())).into_bytes(),
        }
    }
}

/// A key that signs as a log does.
struct Signer<'a>(&'a Ed25519NoteSigner);

impl medsec_audit::NoteSigner for Signer<'_> {
    fn verifier_key(&self) -> &VerifierKey {
        static KEY: std::sync::OnceLock<VerifierKey> = std::sync::OnceLock::new();
        KEY.get_or_init(|| {
            let key = self.0.verifier_key();
            VerifierKey::new(key.name().clone(), Algorithm::Ed25519, key.as_bytes()).unwrap()
        })
    }

    fn sign_message(&self, message: &[u8]) -> Result<[u8; 64], medsec_audit::SignerError> {
        self.0.sign_message(message)
    }
}

/// Old size, proof and note of a request.
fn parse(body: &[u8]) -> Option<(u64, Vec<Hash>, &str)> {
    let (head, note) = std::str::from_utf8(body).ok()?.split_once("\n\n")?;
    let mut lines = head.lines();
    let old = lines.next()?.strip_prefix("old ")?.parse().ok()?;
    let proof = lines.map(|line| line.parse().ok()).collect::<Option<Vec<Hash>>>()?;
    (proof.len() <= 63).then_some((old, proof, note))
}

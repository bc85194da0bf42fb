//! A client of witnesses, as [C2SP tlog-witness](https://c2sp.org/tlog-witness) describes them.
//!
//! A witness remembers the largest checkpoint of a log that it has signed, and signs another only with a proof that it
//! continues that one. Its cosignature says so to everybody who trusts its key.

mod answer;
mod conflict;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use medsec_audit::{
    Algorithm, Anchor, Anchored, Checkpoint, CheckpointError, ConsistencyProof, LogOrigin, Note,
    OutsideError, OutsideFuture, PeerName, Recalled, VerifierKey, VerifyNoteError,
};
use tokio::sync::Mutex;

use self::answer::Outcome;
use self::conflict::Conflict;
use crate::http::{Answer, Endpoint, Post};

/// Longest answer: a hundred signature lines of the largest kind.
const MAX_ANSWER_LEN: usize = 512 << 10;
/// Most hashes of a proof that a client may send.
const MAX_PROOF_LEN: usize = 63;
/// Requests for one checkpoint: the witness may say once what it has, and once more if another was faster.
const ATTEMPTS: usize = 3;

/// Makes proofs that a log continues its past, for instance from its tiles.
pub trait ProofSource: Send + Sync {
    /// The proof between two sizes of the log of this origin, neither of them 0. It may block: it is called where
    /// that is allowed.
    ///
    /// # Errors
    /// Whatever keeps it from making one; [`PublishError::Behind`](medsec_audit::PublishError::Behind) as it is if the
    /// log does not have `new` records. The client then knows that a witness that has seen so many saw another history.
    fn consistency(
        &self,
        origin: &LogOrigin,
        old: u64,
        new: u64,
    ) -> Result<ConsistencyProof, Box<dyn Error + Send + Sync>>;
}

impl<F> ProofSource for F
where
    F: Fn(&LogOrigin, u64, u64) -> Result<ConsistencyProof, Box<dyn Error + Send + Sync>>
        + Send
        + Sync,
{
    fn consistency(
        &self,
        origin: &LogOrigin,
        old: u64,
        new: u64,
    ) -> Result<ConsistencyProof, Box<dyn Error + Send + Sync>> {
        self(origin, old, new)
    }
}

/// What a client is made of.
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct WitnessSettings {
    /// What the log calls it.
    pub name: PeerName,
    /// The witness's submission prefix.
    pub endpoint: Endpoint,
    /// The witness's keys, of algorithm [`Algorithm::CosignatureV1`]. One of them must sign.
    pub keys: Vec<VerifierKey>,
    /// Where proofs come from.
    pub proofs: Arc<dyn ProofSource>,
    /// How long one request may take.
    pub patience: Duration,
}

/// Asks one witness for cosignatures.
pub struct WitnessClient {
    settings: WitnessSettings,
    /// The size that the witness signed last, as far as we know: a guess that spares a request.
    signed: Mutex<BTreeMap<LogOrigin, u64>>,
}

/// Why a witness did not cosign, or its answer cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// There is no key of the witness, or one of another algorithm.
    #[error("a witness needs keys that make cosignatures")]
    Keys,
    /// The note is no checkpoint.
    #[error("the note is no checkpoint")]
    Checkpoint(#[from] CheckpointError),
    /// There is no proof that the log continues what the witness has seen.
    #[error("there is no proof for the witness")]
    Proof(#[source] Box<dyn Error + Send + Sync>),
    /// The witness answered with this HTTP status. 403: it does not know the log's key. 404: it does not know the
    /// log's origin. Statuses are not signed: without TLS anybody on the way can have sent them.
    #[error("the witness answered with status {0}")]
    Status(u16),
    /// The witness has cosigned a larger checkpoint, of a size that the log has too: this one is out of date. The
    /// newest one can be handed over.
    #[error("the witness has cosigned a later checkpoint of this log")]
    Overtaken,
    /// The witness says that it has cosigned a larger checkpoint, and the log could not be asked whether it has as
    /// many records.
    #[error("the witness has cosigned a larger checkpoint, and the log could not show its own")]
    Larger(#[source] Box<dyn Error + Send + Sync>),
    /// The witness, or somebody on the way to it, says that it has seen another history. Over a connection without TLS
    /// that is no evidence.
    #[error("an answer that nobody signed says that the witness has seen another history")]
    Unproven,
    /// The answer contradicts what the witness was asked.
    #[error("the answer of the witness contradicts the request")]
    Contradiction,
    /// The answer is not of the form that the specification prescribes.
    #[error("the answer of the witness is malformed")]
    Malformed,
    /// The signature that names the witness's key is wrong, or there is none.
    #[error("the cosignature does not verify")]
    NotAuthentic(#[from] VerifyNoteError),
    /// The witness names a new size each time.
    #[error("the witness does not settle on a size")]
    Unsettled,
}

impl WitnessClient {
    /// Puts a client together. No connection is made yet.
    ///
    /// # Errors
    /// [`WitnessError::Keys`] unless there are keys that make cosignatures.
    pub fn new(settings: WitnessSettings) -> Result<Self, WitnessError> {
        let mut keys = settings.keys.iter();
        let fit = !settings.keys.is_empty()
            && keys.all(|key| key.algorithm() == Algorithm::CosignatureV1);
        fit.then(|| Self { settings, signed: Mutex::default() }).ok_or(WitnessError::Keys)
    }

    async fn submit(&self, note: &Note) -> Result<Anchored, OutsideError> {
        let checkpoint = Checkpoint::insecure_of_unverified(note);
        let checkpoint =
            checkpoint.map_err(|e| OutsideError::Refused(Box::new(WitnessError::from(e))))?;
        let (origin, size) = (checkpoint.origin(), checkpoint.size());
        // One request at a time: the witness has one latest size.
        let mut signed = self.signed.lock().await;
        let mut old = signed.get(origin).copied().unwrap_or(0).min(size);
        for _ in 0..ATTEMPTS {
            let answer = self.ask(note, origin, old, size).await?;
            let seen = match answer::judge(&answer, note, &self.settings.keys)? {
                Outcome::Cosigned(note) => {
                    signed.insert(origin.clone(), size);
                    return Ok(Anchored::Cosigned(note));
                }
                Outcome::Unproven => return Err(self.another_history()),
                Outcome::Has(seen) => seen,
            };
            match Conflict::of(old, size, seen) {
                Conflict::Stale => old = seen,
                Conflict::SameSize => return Err(self.another_history()),
                Conflict::Contradiction => return Err(unusable(WitnessError::Contradiction)),
                Conflict::Larger => return Err(self.larger(origin, size, seen).await),
            }
        }
        Err(unusable(WitnessError::Unsettled))
    }

    /// A fork, if it was the witness who said so: statuses are not signed.
    fn another_history(&self) -> OutsideError {
        match self.settings.endpoint.is_secure() {
            true => OutsideError::Fork,
            false => OutsideError::Unreachable(Box::new(WitnessError::Unproven)),
        }
    }

    /// What it means that the witness has cosigned more than this checkpoint has. A log that has as many records has
    /// grown since, or another process was faster; one that lacks them was cut.
    async fn larger(&self, origin: &LogOrigin, size: u64, seen: u64) -> OutsideError {
        // Of an empty tree there is no proof to ask for; that of its first record needs as many records.
        match self.made(origin, size.max(1), seen).await {
            Ok(_) => OutsideError::Unreachable(Box::new(WitnessError::Overtaken)),
            Err(error) if conflict::log_lacks_records(&*error) => self.another_history(),
            Err(error) => OutsideError::Unreachable(Box::new(WitnessError::Larger(error))),
        }
    }

    async fn ask(
        &self,
        note: &Note,
        origin: &LogOrigin,
        old: u64,
        size: u64,
    ) -> Result<Answer, OutsideError> {
        let mut body = format!("old {old}\n");
        for hash in self.proof(origin, old, size).await?.path {
            body.push_str(&format!("{hash}\n"));
        }
        body.push('\n');
        body.push_str(&note.render());
        let post = Post {
            path: "/add-checkpoint",
            kind: "text/plain; charset=utf-8",
            body: body.into_bytes(),
            max_answer: MAX_ANSWER_LEN,
        };
        self.settings.endpoint.post(self.settings.patience, post).await
    }

    /// Every log continues an empty one, and itself: there is nothing to prove.
    async fn proof(
        &self,
        origin: &LogOrigin,
        old: u64,
        size: u64,
    ) -> Result<ConsistencyProof, OutsideError> {
        if old == 0 || old == size {
            return Ok(ConsistencyProof::new(old, size, Vec::new()));
        }
        self.made(origin, old, size).await.map_err(no_proof)
    }

    async fn made(
        &self,
        origin: &LogOrigin,
        old: u64,
        new: u64,
    ) -> Result<ConsistencyProof, Box<dyn Error + Send + Sync>> {
        let (proofs, origin) = (Arc::clone(&self.settings.proofs), origin.clone());
        let made = tokio::task::spawn_blocking(move || proofs.consistency(&origin, old, new));
        let proof = made.await??;
        let fits =
            proof.old_size == old && proof.new_size == new && proof.path.len() <= MAX_PROOF_LEN;
        fits.then_some(proof).ok_or_else(|| "the proof is of other sizes".into())
    }
}

fn unusable(error: WitnessError) -> OutsideError {
    OutsideError::Answer(Box::new(error))
}

fn no_proof(error: Box<dyn Error + Send + Sync>) -> OutsideError {
    OutsideError::Refused(Box::new(WitnessError::Proof(error)))
}

impl Anchor for WitnessClient {
    fn name(&self) -> &PeerName {
        &self.settings.name
    }

    fn publish<'a>(&'a self, checkpoint: &'a Note) -> OutsideFuture<'a, Anchored> {
        Box::pin(self.submit(checkpoint))
    }

    /// Nothing: a witness signs, and cannot be asked for what it saw.
    fn recall<'a>(&'a self, _: &'a LogOrigin) -> OutsideFuture<'a, Recalled> {
        Box::pin(std::future::ready(Ok(Recalled::NotKept)))
    }
}

impl fmt::Debug for WitnessSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WitnessSettings({})", self.name)
    }
}

impl fmt::Debug for WitnessClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WitnessClient({})", self.settings.name)
    }
}

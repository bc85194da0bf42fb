//! The audit log: what happened to which package, by whom, in a form that nobody can change unnoticed and
//! that anyone with the log's public pin can verify.
//!
//! The format is described in `docs/formats/audit-log.md`.

#![forbid(unsafe_code)]

mod checkpoint;
mod clock;
mod commitment;
mod count;
mod epoch;
mod event;
mod exchange;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod json;
mod line;
mod log;
mod note;
mod outside;
mod proof;
mod pseudonym;
mod stream;
mod text;
mod tile;
mod time;
mod tree;
mod verify;
mod volume;

pub use crate::checkpoint::{
    Checkpoint, CheckpointError, InvalidLogOrigin, LogOrigin, OpenCheckpointError, Relation,
};
pub use crate::clock::{Clock, SystemClock};
pub use crate::commitment::{
    Commitment, MAX_OPENING_LEN, MAX_OPENING_TEXT_LEN, Opening, OpeningError,
};
pub use crate::count::Count;
pub use crate::epoch::{
    Epoch, EpochError, EpochPublicKey, EpochReason, Genesis, LogId, LogName, Loss, LossDigest,
    Retention, Retirement, SlotError, StreamName,
};
pub use crate::event::{
    Action, Actor, Authentication, ClockStep, Content, ContentError, DatasetId, DecisionId, Denial,
    EmergencyId, Event, EventError, Extent, Failure, HostId, KekName, KekVersion, Origin, Outcome,
    PackageId, Patient, PeerName, Period, Phase, Place, PolicyHash, Principal, PrincipalId,
    ProcessName, Purpose, Recipients, RefusalCode, RequestId, RoleName, Ruling, SessionId,
    SlotDigest, Span, Study, Subject, UnknownMember,
};
pub use crate::exchange::{Namespace, SiteName, SourceInfo, balp, dicom, fhir};
pub use crate::line::{
    CommitLine, Head, Kind, Line, LineError, MAX_LINE_LEN, RecordLine, RecordPosition,
};
pub use crate::log::{
    AuditLog, AwsKeyError, Batches, CreateLogError, LogError, NewLog, Pin, PublishError, Published,
    RetireError, RetiredRecords, RootError, RootNote, StreamProver, StreamReader,
};
pub use crate::note::{
    Algorithm, Ed25519NoteSigner, KeyName, MAX_NOTE_LEN, MAX_NOTE_SIGNATURES, Note,
    NoteFormatError, NoteKeyId, NoteSignature, NoteSigner, NoteText, PosixTime, SeedError,
    SignNoteError, SignerError, TextError, Verified, VerifiedSignature, VerifierKey,
    VerifierKeyError, VerifyNoteError,
};
pub use crate::outside::{
    Anchor, Anchored, CheckpointName, FolderAnchor, FolderAnchorError, Follower, OutsideError,
    OutsideFuture, Recalled, Shipment, ShipmentError, StreamPosition,
};
pub use crate::proof::{ProofError, ProofFormatError, RecordProof};
pub use crate::pseudonym::{
    MAX_PSEUDONYM_INPUT_LEN, PatientPseudonym, PseudonymKey, PseudonymKeyId, StudyPseudonym,
};
pub use crate::stream::{
    AppendError, Appended, Fault, FaultKind, MarkError, OpenWriterError, Resumed, SpaceLimits,
    SpaceStage, StreamWriter, TilesError, Unwritable, WriterOptions,
};
pub use crate::text::{InvalidValue, RandomError};
pub use crate::tile::{
    InvalidTile, RightEdge, TILE_WIDTH, Tile, TileError, TileFormatError, TileId, TileReader,
    TiledTree, tiles_created, tiles_of,
};
pub use crate::time::LogTime;
pub use crate::tree::{
    ConsistencyError, ConsistencyProof, EMPTY_ROOT, Frontier, FrontierError, Hash, InclusionError,
    InclusionProof, InvalidHash, MAX_TREE_SIZE, NodeId, NodeSource, ProveError, TreeFull,
    leaf_hash, leaf_hashes, node_hash, root_of,
};
pub use crate::verify::{
    CLOCK_TOLERANCE, ContentReport, Finding, Known, StreamReport, StreamVerifier, Verdict,
    Verification, VerifiedPosition, VerifyError, VerifyObserver, VerifyOptions, VerifyStage,
};

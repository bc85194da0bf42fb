//! The controls of 45 CFR 164.312 that the tree and its checkpoints are for, each shown to allow and to deny.

use medsec_audit::{
    Algorithm, Checkpoint, ConsistencyError, ConsistencyProof, InclusionError, InclusionProof,
    Note, NoteSigner as _, OpenCheckpointError, Relation, VerifyNoteError, leaf_hash,
};
use medsec_evidence::{Ev, Proven, evidence};

use crate::checkpoints::checkpoint;
use crate::support::{MemoryTree, leaves, root_by_definition, signer};

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(2)"],
    claim = "a record that was altered is not shown to be in the audit log, whatever proof is offered",
    polarity = deny,
)]
fn altered_record_is_not_included(ev: Ev) -> Proven {
    let all = leaves(100);
    let root = root_by_definition(&all);
    let proof = ev.allows(InclusionProof::prove(&mut MemoryTree::of(&all), 42, 100));
    let altered = leaf_hash(b"record 42, altered");
    ev.denies(proof.verify(&altered, &root), |e| matches!(e, InclusionError::Root));
    let elsewhere = InclusionProof::new(43, 100, proof.path.clone());
    ev.denies(elsewhere.verify(&all[42], &root), |e| matches!(e, InclusionError::Root));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "an audit log whose past was altered, cut or reordered does not continue the one seen before",
    polarity = deny,
)]
fn rewritten_past_is_not_consistent(ev: Ev) -> Proven {
    let honest = leaves(60);
    let seen = root_by_definition(&honest[..50]);
    let mut altered = honest.clone();
    altered[7] = leaf_hash(b"record 7, altered");
    let mut reordered = honest.clone();
    reordered.swap(7, 8);
    let mut cut = honest.clone();
    cut.remove(7);
    cut.push(leaf_hash(b"record 60"));
    for forged in [altered, reordered, cut] {
        let proof = ev.allows(ConsistencyProof::prove(&mut MemoryTree::of(&forged), 50, 60));
        let verified = proof.verify(&seen, &root_by_definition(&forged));
        ev.denies(verified, |e| matches!(e, ConsistencyError::OldRoot));
    }
    let shorter = ConsistencyProof::new(50, 49, Vec::new());
    let verified = shorter.verify(&seen, &root_by_definition(&honest[..49]));
    ev.denies(verified, |e| matches!(e, ConsistencyError::Shrunk));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(2)"],
    claim = "a checkpoint of the audit log that its key did not sign is refused, and a fork is recognised",
    polarity = deny,
)]
fn forged_checkpoint_is_refused(ev: Ev) -> Proven {
    let (log, thief) = (signer("log", Algorithm::Ed25519, 1), signer("log", Algorithm::Ed25519, 2));
    let genuine = checkpoint("log", 9, leaf_hash(b"a"));
    let forged = checkpoint("log", 9, leaf_hash(b"b"));
    let note = ev.allows(Note::sign(ev.allows(forged.to_text()), &thief));
    let opened = Checkpoint::open(note.render().as_bytes(), log.verifier_key(), &[]);
    ev.denies(opened, |e| matches!(e, OpenCheckpointError::Verify(VerifyNoteError::NoKnownKey)));
    let honest = ev.allows(Note::sign(ev.allows(genuine.to_text()), &log)).render();
    let edited = honest.replace("log\n9\n", "log\n8\n");
    let opened = Checkpoint::open(edited.as_bytes(), log.verifier_key(), &[]);
    ev.denies(opened, |e| matches!(e, OpenCheckpointError::Verify(VerifyNoteError::NotAuthentic)));
    let fork = genuine.relation_to(&forged) == Relation::Fork;
    ev.holds("two roots of the same size are a fork", fork);
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)", "164.312(c)(2)"],
    claim = "anyone with the log's public key verifies a record, and that a log continues an earlier one",
    polarity = allow,
)]
fn honest_log_is_verified_by_an_outsider(ev: Ev) -> Proven {
    let all = leaves(70);
    let log = signer("log", Algorithm::Ed25519, 1);
    let mut tree = MemoryTree::of(&all);
    let publish = |size: usize| {
        let checkpoint = checkpoint("log", size as u64, root_by_definition(&all[..size]));
        Note::sign(checkpoint.to_text().unwrap(), &log).unwrap().render()
    };
    let key = log.verifier_key();
    let [old, new] = [publish(50), publish(70)]
        .map(|note| ev.allows(Checkpoint::open(note.as_bytes(), key, &[])).0);
    let included = ev.allows(InclusionProof::prove(&mut tree, 42, new.size()));
    ev.allows(included.verify(&leaf_hash(b"record 42"), new.root()));
    let continued = ev.allows(ConsistencyProof::prove(&mut tree, old.size(), new.size()));
    ev.allows(continued.verify(old.root(), new.root()));
    ev.proven()
}

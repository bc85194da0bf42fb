//! Fuzz targets: what must hold for every input, as functions of bytes.
//!
//! Each is called by its libFuzzer binary in `fuzz/fuzz_targets/` and, for every file of its corpus, by an
//! ordinary test. Not part of the library: built for tests and with `--cfg fuzzing` only.

mod checkpoint;
mod edits;
mod fhir_check;
mod note;
mod root;
mod tile_proof;

pub use self::checkpoint::checkpoint;
pub use self::fhir_check::fhir_check;
pub use self::note::note;
pub use self::root::audit_root;
pub use self::tile_proof::tile_proof;
pub use crate::epoch::fuzz::{audit_epoch, audit_slots};
pub use crate::event::fuzz::{audit_event, audit_line};
pub use crate::stream::fuzz::{audit_mark, audit_run, audit_state};

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{
        audit_epoch, audit_event, audit_line, audit_mark, audit_root, audit_run, audit_slots,
        audit_state, checkpoint, fhir_check, note, root, tile_proof,
    };

    type Target = fn(&[u8]);
    type Seeds = (&'static str, Vec<Vec<u8>>);

    const TARGETS: [(&str, Target); 12] = [
        ("audit_line", audit_line),
        ("audit_event", audit_event),
        ("note", note),
        ("checkpoint", checkpoint),
        ("tile_proof", tile_proof),
        ("fhir_check", fhir_check),
        ("audit_root", audit_root),
        ("audit_slots", audit_slots),
        ("audit_epoch", audit_epoch),
        ("audit_mark", audit_mark),
        ("audit_state", audit_state),
        ("audit_run", audit_run),
    ];

    /// First inputs, in the order of [`TARGETS`].
    fn seeds() -> Vec<Seeds> {
        let mut seeds: Vec<_> = crate::event::fuzz::seeds().into();
        seeds.push(("note", note::seeds()));
        seeds.push(("checkpoint", checkpoint::seeds()));
        seeds.push(("tile_proof", tile_proof::seeds()));
        seeds.push(("fhir_check", fhir_check::seeds()));
        seeds.push(("audit_root", root::seeds()));
        seeds.extend(crate::epoch::fuzz::seeds());
        seeds.extend(crate::stream::fuzz::seeds());
        seeds
    }

    fn corpus(target: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target)
    }

    #[test]
    fn corpus_of_every_target_replays_clean() {
        for (name, target) in TARGETS {
            let files = std::fs::read_dir(corpus(name)).unwrap();
            let mut inputs = 0;
            for file in files {
                target(&std::fs::read(file.unwrap().path()).unwrap());
                inputs += 1;
            }
            assert!(inputs > 0, "{name} has no corpus");
        }
    }

    #[test]
    fn every_seed_passes_its_target() {
        for ((name, target), (of, seeds)) in TARGETS.into_iter().zip(seeds()) {
            assert_eq!(name, of);
            seeds.iter().for_each(|seed| target(seed));
        }
    }

    /// Writes the seeds when `MEDSEC_WRITE_SEEDS` names the target; does nothing otherwise.
    #[test]
    fn seeds_are_written_when_asked() {
        let asked = std::env::var("MEDSEC_WRITE_SEEDS").unwrap_or_default();
        for (name, seeds) in seeds().into_iter().filter(|(name, _)| *name == asked) {
            std::fs::create_dir_all(corpus(name)).unwrap();
            for (number, seed) in seeds.into_iter().enumerate() {
                std::fs::write(corpus(name).join(format!("seed-{number:02}")), seed).unwrap();
            }
        }
    }
}

//! Fuzz targets: what must hold for every input, as functions of bytes.
//!
//! Each is called by its libFuzzer binary in `fuzz/fuzz_targets/` and, for every file of its corpus, by an
//! ordinary test. Not part of the library: built for tests and with `--cfg fuzzing` only.

pub use crate::emergency::fuzz::emergency_share;
pub use crate::store::fuzz::{store_mark, store_state};

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{emergency_share, store_mark, store_state};
    use crate::{emergency, store};

    type Target = fn(&[u8]);
    const TARGETS: [(&str, Target); 3] = [
        ("store_state", store_state),
        ("store_mark", store_mark),
        ("emergency_share", emergency_share),
    ];

    /// First inputs of each target, in the order of [`TARGETS`].
    fn seeds() -> Vec<(&'static str, Vec<Vec<u8>>)> {
        let mut seeds = store::fuzz::seeds().to_vec();
        seeds.push(("emergency_share", emergency::fuzz::seeds()));
        seeds
    }

    fn corpus(target: &str) -> std::path::PathBuf {
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

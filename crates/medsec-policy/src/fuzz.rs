//! Fuzz targets: what must hold for every input, as functions of bytes.
//!
//! Each is called by its libFuzzer binary in `fuzz/fuzz_targets/` and, for every file of its corpus, by an
//! ordinary test. Not part of the library: built for tests and with `--cfg fuzzing` only.

#[cfg(feature = "certificates")]
pub use crate::authenticate::certificate::fuzz::policy_certificate;
#[cfg(feature = "tokens")]
pub use crate::authenticate::key_set::fuzz::policy_key_set;
#[cfg(feature = "tokens")]
pub use crate::authenticate::token::fuzz::policy_token;
pub use crate::bundle::fuzz::policy_bundle;

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    #[cfg(feature = "certificates")]
    use crate::authenticate::certificate;
    #[cfg(feature = "tokens")]
    use crate::authenticate::{key_set, token};

    type Target = fn(&[u8]);
    type Seeds = fn() -> Vec<Vec<u8>>;

    const TARGETS: &[(&str, Target, Seeds)] = &[
        ("policy_bundle", super::policy_bundle, crate::bundle::fuzz::seeds),
        #[cfg(feature = "certificates")]
        ("policy_certificate", super::policy_certificate, certificate::fuzz::seeds),
        #[cfg(feature = "tokens")]
        ("policy_key_set", super::policy_key_set, key_set::fuzz::seeds),
        #[cfg(feature = "tokens")]
        ("policy_token", super::policy_token, token::fuzz::seeds),
    ];

    fn corpus(target: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target)
    }

    #[test]
    fn corpus_of_every_target_replays_clean() {
        for (name, target, _) in TARGETS {
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
        for (_, target, seeds) in TARGETS {
            seeds().iter().for_each(|seed| target(seed));
        }
    }

    /// Writes the seeds when `MEDSEC_WRITE_SEEDS` names the target; does nothing otherwise.
    #[test]
    fn seeds_are_written_when_asked() {
        let asked = std::env::var("MEDSEC_WRITE_SEEDS").unwrap_or_default();
        for (name, _, seeds) in TARGETS.iter().filter(|(name, ..)| *name == asked) {
            std::fs::create_dir_all(corpus(name)).unwrap();
            for (number, seed) in seeds().into_iter().enumerate() {
                std::fs::write(corpus(name).join(format!("seed-{number:02}")), seed).unwrap();
            }
        }
    }
}

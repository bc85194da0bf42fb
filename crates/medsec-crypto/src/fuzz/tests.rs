//! Replays the corpora as an ordinary test.

use std::path::{Path, PathBuf};

use super::{TARGETS, seeds};

/// Where `fuzz/` is; none outside the workspace, where the corpora are not packaged.
fn fuzz_folder() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("xtask").is_dir().then(|| root.join("fuzz"))
}

#[test]
fn corpus_of_every_target_replays_clean() {
    let Some(fuzz) = fuzz_folder() else { return };
    for (name, target) in TARGETS {
        let folder = fuzz.join("corpus").join(name);
        let files = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut inputs = 0_u32;
        let started = std::time::Instant::now();
        for file in files {
            target(&std::fs::read(file.unwrap().path()).unwrap());
            inputs += 1;
        }
        assert!(inputs > 0, "{} is empty", folder.display());
        println!("{name}: {inputs} inputs, {:?}", started.elapsed());
    }
}

#[test]
fn every_seed_passes_its_target() {
    for (name, target) in TARGETS {
        let seeds = seeds::of(name);
        assert!(!seeds.is_empty(), "{name} has no seeds");
        seeds.iter().for_each(|seed| target(seed));
    }
}

#[test]
fn every_target_has_a_binary() {
    let Some(fuzz) = fuzz_folder() else { return };
    for (name, _) in TARGETS {
        let file = fuzz.join("fuzz_targets").join(format!("{name}.rs"));
        assert!(file.is_file(), "{}", file.display());
    }
}

/// Writes the seeds into the corpora when `MEDSEC_WRITE_SEEDS` is set, all of them or those of the target
/// it names; does nothing otherwise.
#[test]
fn seeds_are_written_when_asked() {
    let asked = std::env::var("MEDSEC_WRITE_SEEDS").ok();
    let Some((fuzz, asked)) = fuzz_folder().zip(asked) else {
        return;
    };
    let one = TARGETS.iter().any(|(name, _)| *name == asked);
    for (name, _) in TARGETS.iter().filter(|(name, _)| !one || *name == asked) {
        let folder = fuzz.join("corpus").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for (number, seed) in seeds::of(name).into_iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number:02}")), seed).unwrap();
        }
    }
}

//! Packages and targets, from `cargo metadata --no-deps`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::ReportError;

/// A target that can hold tests.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Target {
    /// The Cargo package.
    pub package: String,
    /// As nextest names the binary.
    pub binary: String,
    /// The root file, from the root of the repository.
    pub file: PathBuf,
}

/// All targets but those of excluded packages.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Targets {
    /// In the order of `cargo metadata`.
    pub targets: Vec<Target>,
    /// Folders of packages, and whether each is looked at.
    folders: Vec<(String, bool)>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<RawTarget>,
}

#[derive(Deserialize)]
struct RawTarget {
    name: String,
    kind: Vec<String>,
    src_path: PathBuf,
}

impl Targets {
    /// Reads the output of `cargo metadata --no-deps`. `files` are those of the repository: a folder among them with
    /// a manifest that is no member belongs to somebody else.
    ///
    /// # Errors
    /// It is not that output, or a package lies outside of `root`.
    pub fn parse(
        metadata: &str,
        root: &Path,
        excluded: &[String],
        files: &[String],
    ) -> Result<Self, ReportError> {
        let wrong = |what: String| ReportError::program("cargo metadata", what);
        let metadata: Metadata =
            serde_json::from_str(metadata).map_err(|error| wrong(error.to_string()))?;
        let mut all = Self::default();
        let manifests = files.iter().filter_map(|file| file.strip_suffix("Cargo.toml"));
        all.folders.extend(manifests.map(|folder| (folder.to_owned(), false)));
        for package in metadata.packages {
            let inside = |path: &Path| {
                let relative = path.strip_prefix(root).map(Path::to_path_buf);
                relative.map_err(|_| wrong(format!("{} lies elsewhere", package.name)))
            };
            let manifest = inside(&package.manifest_path)?.display().to_string();
            let folder = manifest.strip_suffix("Cargo.toml").unwrap_or_default().to_owned();
            let looked_at = !excluded.contains(&package.name);
            all.folders.retain(|(known, _)| *known != folder);
            all.folders.push((folder, looked_at));
            if !looked_at {
                continue;
            }
            for target in &package.targets {
                if let Some(binary) = binary_id(&package.name, target) {
                    let file = inside(&target.src_path)?;
                    all.targets.push(Target { package: package.name.clone(), binary, file });
                }
            }
        }
        Ok(all)
    }

    /// Whether a file belongs to a package that is looked at.
    pub(super) fn owns(&self, file: &str) -> bool {
        let around = self.folders.iter().filter(|(folder, _)| file.starts_with(folder));
        let nearest = around.max_by_key(|(folder, _)| folder.len());
        file.ends_with(".rs") && nearest.is_some_and(|(_, looked_at)| *looked_at)
    }
}

/// As nextest names it; nothing for a build script.
fn binary_id(package: &str, target: &RawTarget) -> Option<String> {
    let kind = target.kind.first()?.as_str();
    Some(match kind {
        "custom-build" => return None,
        "test" => format!("{package}::{}", target.name),
        "bin" | "example" | "bench" => format!("{package}::{kind}/{}", target.name),
        _ => package.to_owned(),
    })
}

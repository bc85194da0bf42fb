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
    folders: Vec<Folder>,
}

/// The folder of a package.
#[derive(Debug)]
struct Folder {
    /// With a `/` at its end, or empty.
    path: String,
    /// Nothing for one that is no member.
    package: Option<String>,
    looked_at: bool,
}

/// The packages that define what the attribute expands to.
const DEFINING: [&str; 2] = ["medsec-evidence", "medsec-evidence-macros"];

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
        all.folders.extend(manifests.map(|path| Folder {
            path: path.to_owned(),
            package: None,
            looked_at: false,
        }));
        for package in metadata.packages {
            let inside = |path: &Path| {
                let relative = path.strip_prefix(root).map(Path::to_path_buf);
                relative.map_err(|_| wrong(format!("{} lies elsewhere", package.name)))
            };
            let manifest = inside(&package.manifest_path)?.display().to_string();
            let folder = manifest.strip_suffix("Cargo.toml").unwrap_or_default().to_owned();
            let looked_at = !excluded.contains(&package.name);
            all.folders.retain(|known| known.path != folder);
            all.folders.push(Folder {
                path: folder,
                package: Some(package.name.clone()),
                looked_at,
            });
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
        self.around(file).is_some_and(|folder| folder.looked_at)
    }

    /// The package of a file, if it is a member that has no business with the inside of the attribute.
    pub(super) fn may_not_pose(&self, file: &str) -> Option<&str> {
        let package = self.around(file).and_then(|folder| folder.package.as_deref());
        package.filter(|package| !DEFINING.contains(package))
    }

    /// The package of a source file.
    fn around(&self, file: &str) -> Option<&Folder> {
        let around = self.folders.iter().filter(|folder| file.starts_with(&folder.path));
        around.max_by_key(|folder| folder.path.len()).filter(|_| file.ends_with(".rs"))
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

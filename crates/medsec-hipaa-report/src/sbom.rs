//! The software bill of materials of the program, as CycloneDX 1.6.
//!
//! What is in it is what Cargo resolves for one package, its features and one platform: normal and build dependencies,
//! not those of tests. Digests are those of `Cargo.lock`, so that a part can be compared with what a registry gives out.
//! Nothing in it is of a machine or of a moment but the report date.

mod graph;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cargo;
use crate::error::ReportError;
use crate::oscal::put;
use crate::program;
use crate::project::Program;

use graph::{Graph, Part};

/// Where the bill is written, beside the report.
pub const SBOM_FILE: &str = "sbom.cdx.json";

const LONGEST: u64 = 64 << 20;

/// What a report says about the bill beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Bill {
    /// Its name.
    pub file: &'static str,
    /// Of which package, with which features, on which platform.
    pub program: Program,
    /// How many parts there are besides the program itself.
    pub parts: usize,
    /// How many of them are linked into it; the others only help to build it.
    pub linked: usize,
}

/// What `cargo metadata` knows about a package and the tree does not.
#[derive(Debug, Deserialize)]
struct About {
    name: String,
    version: String,
    license: Option<String>,
    description: Option<String>,
    repository: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<About>,
}

/// The bill, and what to say about it. `of` names the commit and the date that it is of.
///
/// # Errors
/// Cargo is missing, or the package, a feature or the platform is none that it knows.
pub(crate) fn bill(
    root: &Path,
    program: &Program,
    of: (&str, &str),
) -> Result<(Bill, Value), ReportError> {
    let graph = Graph::of(root, program)?;
    let known = known(root, program)?;
    let digests = digests(root)?;
    let linked = graph.linked();
    let component = |part: &Part| {
        let mut component = described(part, known.get(part));
        if *part == graph.root {
            put(&mut component, "type", "application");
        } else {
            let scope = if linked.contains(part) { "required" } else { "excluded" };
            put(&mut component, "scope", scope);
        }
        if let Some(digest) = digests.get(part) {
            put(&mut component, "hashes", json!([{ "alg": "SHA-256", "content": digest }]));
        }
        component
    };
    let parts: Vec<_> = graph.edges.keys().filter(|part| **part != graph.root).collect();
    let (commit, date) = of;
    let words = format!("{}@{commit}/{date}", graph.root.purl());
    let document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": format!("urn:uuid:{}", Uuid::new_v5(&Uuid::NAMESPACE_URL, words.as_bytes())),
        "version": 1,
        "metadata": {
            "timestamp": format!("{date}T00:00:00Z"),
            "lifecycles": [{ "phase": "pre-build" }],
            "tools": { "components": [{
                "type": "application", "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION"),
            }] },
            "component": component(&graph.root),
            "properties": [
                { "name": "cargo:features", "value": program.features.join(",") },
                { "name": "cargo:target", "value": program.target },
                { "name": "git:commit", "value": commit },
            ],
        },
        "components": parts.iter().map(|part| component(part)).collect::<Vec<_>>(),
        "dependencies": graph.edges.iter().map(|(part, needs)| json!({
            "ref": part.purl(),
            "dependsOn": needs.iter().map(Part::purl).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    });
    let count = parts.len();
    let linked = linked.len().saturating_sub(1);
    Ok((Bill { file: SBOM_FILE, program: program.clone(), parts: count, linked }, document))
}

fn described(part: &Part, about: Option<&About>) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": part.purl(),
        "name": part.name,
        "version": part.version,
        "purl": part.purl(),
    });
    let Some(about) = about else { return component };
    if let Some(license) = &about.license {
        // Before SPDX expressions, Cargo took a slash for "or".
        put(&mut component, "licenses", json!([{ "expression": license.replace('/', " OR ") }]));
    }
    if let Some(description) = &about.description {
        put(
            &mut component,
            "description",
            description.split_whitespace().collect::<Vec<_>>().join(" "),
        );
    }
    if let Some(address) = &about.repository {
        put(&mut component, "externalReferences", json!([{ "type": "vcs", "url": address }]));
    }
    component
}

/// Licences and descriptions.
fn known(root: &Path, program: &Program) -> Result<BTreeMap<Part, About>, ReportError> {
    let mut cargo = program::command("cargo", root);
    cargo.args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform",
        &program.target,
    ]);
    let read: Metadata = serde_json::from_str(&program::read(&mut cargo)?)
        .map_err(|error| ReportError::content("cargo metadata", error))?;
    let mut known = BTreeMap::new();
    for about in read.packages {
        let part = Part { name: about.name.clone(), version: about.version.clone() };
        known.entry(part).or_insert(about);
    }
    Ok(known)
}

/// SHA-256 of packages that come from a registry.
fn digests(root: &Path) -> Result<BTreeMap<Part, String>, ReportError> {
    let digest = |package: cargo::Package| {
        let part = Part { name: package.name, version: package.version };
        Some((part, package.checksum?))
    };
    Ok(cargo::locked(root, LONGEST)?.into_iter().filter_map(digest).collect())
}

//! A folder with small files of a patient.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::ward::{Run, Ward};

pub(super) struct Study {
    pub(super) ward: Ward,
}

/// Every file below a folder, with its content.
pub(super) fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(path) = folders.pop() {
        for entry in fs::read_dir(&path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    files
}

impl Study {
    /// `study` with `count` files of up to some KB in four folders; one file is empty.
    pub(super) fn new(count: usize) -> Self {
        let ward = Ward::with_lax_home();
        fs::create_dir(ward.path("study")).unwrap();
        for folder in ["KOWALSKA", "KOWALSKA/series 1", "Ł"] {
            fs::create_dir(ward.path(&format!("study/{folder}"))).unwrap();
        }
        for n in 0..count {
            let folder = ["", "KOWALSKA/", "KOWALSKA/series 1/", "Ł/"][n % 4];
            let name = format!("KOWALSKA_{n}.dcm");
            let content = &ward.content[n..n + (n * 997) % 9000];
            ward.write(&format!("study/{folder}{name}"), content);
        }
        Self { ward }
    }

    pub(super) fn content(&self) -> BTreeMap<String, Vec<u8>> {
        tree(&self.ward.path("study"))
    }

    /// Paths of the files, sorted.
    pub(super) fn files(&self) -> Vec<String> {
        self.content().into_keys().collect()
    }

    /// Paths of the packages, sorted.
    pub(super) fn packages(&self) -> Vec<String> {
        let names = tree(&self.ward.path("sealed")).into_keys();
        names.filter(|name| name.ends_with(".msp")).collect()
    }

    /// Seals for `own`, resumed by `own`; unsigned, unless the options name a signer.
    pub(super) fn seal(&self, options: &str) -> Run {
        self.seal_as(&format!("--identity own.key {options}"))
    }

    pub(super) fn seal_as(&self, options: &str) -> Run {
        let out = if options.contains("--out-dir") { "" } else { "--out-dir sealed" };
        let signed = options.contains("--sign-with");
        let unsigned = if signed { "" } else { "--unsigned" };
        self.ward.line(&format!("seal study --to own.key {out} {unsigned} {options}"))
    }

    /// Opens as [`Self::open`], with the signer expected, so that the manifest counts.
    pub(super) fn open_signed(&self, options: &str) -> Run {
        self.ward.line(&format!(
            "open sealed --identity own.key --signer sign.key --out-dir opened {options}"
        ))
    }

    /// Whether what was opened is what was sealed. (Said so, because contents are long to print.)
    pub(super) fn is_back(&self) -> bool {
        tree(&self.ward.path("opened")) == self.content()
    }

    pub(super) fn open(&self, options: &str) -> Run {
        self.ward.line(&format!(
            "open sealed --identity own.key --any-signer --out-dir opened {options}"
        ))
    }
}

//! Folders of packages under a key of OpenBao, rewrapped by the program without a data key in it.

mod killed;
mod rate;
mod standing;
mod unseen;

use std::fs::File;
use std::path::PathBuf;

use medsec_crypto::{Header, Stanza};
use medsec_testkit::proxy::{Front, Proxy, Rule, Upstream};
use serde_json::Value;

use crate::program::Home;
use crate::support::vault::{name, wait};
use medsec_kms::KeyAdmin as _;

/// A home and a folder `packages` of packages with a blind recipient list under `bao:ct`.
pub(crate) struct Study {
    pub(crate) home: Home,
}

impl Study {
    pub(crate) fn new(count: usize) -> Self {
        Self::sealed(count, "--blind")
    }

    /// Sealed with these options more.
    pub(crate) fn sealed(count: usize, options: &str) -> Self {
        Self::at(Home::new(), count, options)
    }

    /// The same where the settings name the key `bao:mri` too.
    pub(crate) fn with_keys(count: usize, options: &str) -> Self {
        let home = Home::new();
        home.scene.key("mri");
        home.settings(&home.section(&["ct", "mri"]));
        Self::at(home, count, options)
    }

    fn at(home: Home, count: usize, options: &str) -> Self {
        std::fs::create_dir(home.path("study")).unwrap();
        for number in 0..count {
            std::fs::write(home.path("study").join(number.to_string()), content(number)).unwrap();
        }
        let study = Self { home };
        let line = format!("seal study --key bao:ct {options} --out-dir packages");
        study.home.done(&line.replace("  ", " "));
        study
    }

    /// The key gets a new version.
    pub(crate) fn rotate(&self) {
        wait(self.home.scene.admin.rotate_key(&name("ct"))).unwrap();
    }

    /// Puts a proxy between the program and the server.
    pub(crate) fn behind(&self, rules: Vec<Rule>) -> Proxy {
        let proxy = Proxy::http(Front::Plain, Upstream::Plain(self.home.scene.api.address), rules);
        self.home.settings(&self.home.section_at(&proxy.address().to_string(), &["ct"]));
        proxy
    }

    /// What the program says in JSON.
    pub(crate) fn json(&self, line: &str) -> Value {
        self.home.json(line).1
    }

    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.home.path("packages")).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "msp"));
        paths.sort();
        paths
    }

    pub(crate) fn headers(&self) -> Vec<Header> {
        let header = |path: PathBuf| Header::read(&mut File::open(path).unwrap()).unwrap();
        self.paths().into_iter().map(header).collect()
    }

    /// How many packages stand under that version, each under nothing else.
    pub(crate) fn under(&self, version: u32) -> usize {
        let is_under = |stanzas: &[Stanza]| {
            let text = format!("vault:v{version}:");
            stanzas.len() == 1 && stanzas[0].wrapped().starts_with(text.as_bytes())
        };
        self.headers().iter().filter(|header| is_under(header.stanzas())).count()
    }

    /// Whether all of them open to what was sealed.
    pub(crate) fn is_whole(&self) -> bool {
        let out = self.home.path("opened");
        let _ = std::fs::remove_dir_all(&out);
        self.home.done("open packages --out-dir opened");
        let files = std::fs::read_dir(self.home.path("study")).unwrap();
        files.map(|file| file.unwrap().file_name()).all(|file| {
            let sealed = std::fs::read(self.home.path("study").join(&file)).unwrap();
            std::fs::read(out.join(&file)).is_ok_and(|opened| opened == sealed)
        })
    }
}

/// Some bytes for each number.
fn content(number: usize) -> Vec<u8> {
    format!("KOWALSKA^JADWIGA {number}\n").repeat(300).into_bytes()
}

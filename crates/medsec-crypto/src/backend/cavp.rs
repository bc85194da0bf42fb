//! NIST's CAVP answers for AES-256-GCM, on every backend. An answer is applicable if the package format
//! can express it: 96-bit nonce, no associated data, 128-bit tag. The files come with the oracle's
//! Python packages.

use std::collections::HashMap;
use std::process::Command;

use super::*;

/// The text of a file of answers, or `None` where there is no oracle.
fn read(file: &str) -> Option<String> {
    let Some(python) = std::env::var_os("MEDSEC_ORACLE_PYTHON") else {
        println!("not run: MEDSEC_ORACLE_PYTHON is not set (cargo xtask test sets it)");
        let demanded = std::env::var_os("MEDSEC_REQUIRE_ORACLE").is_some_and(|v| v == "1");
        assert!(!demanded, "MEDSEC_REQUIRE_ORACLE=1, but there is no oracle");
        return None;
    };
    let code = "import cryptography_vectors as v; print(v.__path__[0])";
    let output = Command::new(python).args(["-c", code]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let folder = String::from_utf8(output.stdout).unwrap();
    let path = format!("{}/ciphers/AES/GCM/{file}", folder.trim_end());
    Some(std::fs::read_to_string(path).unwrap())
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at.saturating_add(2)], 16).unwrap())
        .collect()
}

/// An answer by its names; `FAIL` where it must not open.
struct Answer<'a>(HashMap<&'a str, &'a str>);

impl<'a> Answer<'a> {
    /// A block of lines `name = value`.
    fn parse(block: &'a str) -> Option<Self> {
        let line = |line: &'a str| line.split_once(" =").unwrap_or((line, ""));
        let values: HashMap<_, _> =
            block.lines().map(line).map(|(name, value)| (name.trim(), value.trim())).collect();
        values.contains_key("Count").then_some(Self(values))
    }

    fn applies(&self) -> bool {
        self.0["IV"].len() == 24 && self.0["AAD"].is_empty() && self.0["Tag"].len() == 32
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        unhex(self.0[name])
    }

    fn aead(&self, backend: Backend, direction: Direction) -> Aead {
        let key = self.bytes("Key").try_into().unwrap();
        Aead::new(backend, Suite::Aes256Gcm, &key, direction).unwrap()
    }

    fn opens(&self, backend: Backend) {
        let nonce = self.bytes("IV").try_into().unwrap();
        let mut chunk = [self.bytes("CT"), self.bytes("Tag")].concat();
        let opened = self.aead(backend, Direction::Open).open_in_place(nonce, &mut chunk);
        assert_eq!(opened.is_err(), self.0.contains_key("FAIL"), "{:?}", self.0);
        if opened.is_ok() {
            let plain = self.bytes("PT");
            assert_eq!(chunk[..plain.len()], plain, "{:?}", self.0);
        }
    }

    fn seals(&self, backend: Backend) {
        let nonce = self.bytes("IV").try_into().unwrap();
        let mut text = self.bytes("PT");
        let aead = self.aead(backend, Direction::Seal);
        let tag = aead.sealing_run().unwrap().seal_in_place(nonce, &mut text);
        assert_eq!(tag.unwrap().as_slice(), self.bytes("Tag"), "{:?}", self.0);
        assert_eq!(text, self.bytes("CT"), "{:?}", self.0);
    }
}

/// Runs all that apply: how many, of how many.
fn run(file: &str, check: impl Fn(&Answer<'_>, Backend)) -> Option<(usize, usize)> {
    let text = read(file)?.replace("\r\n", "\n");
    let answers: Vec<_> = text.split("\n\n").filter_map(Answer::parse).collect();
    let applicable: Vec<_> = answers.iter().filter(|a| a.applies()).collect();
    for backend in Backend::ALL {
        for answer in &applicable {
            check(answer, *backend);
        }
        let (some, all) = (applicable.len(), answers.len());
        println!("{file} on {}: {some} applicable of {all}", backend.name());
    }
    Some((applicable.len(), answers.len()))
}

#[test]
fn gcm_opens_answers_of_cavp() {
    let counts = run("gcmDecrypt256.rsp", |answer, backend| answer.opens(backend));
    assert_eq!(counts, counts.and(Some((75, 7_875))));
}

#[test]
fn gcm_seals_to_answers_of_cavp() {
    let counts = run("gcmEncryptExtIV256.rsp", |answer, backend| answer.seals(backend));
    assert_eq!(counts, counts.and(Some((75, 7_875))));
}

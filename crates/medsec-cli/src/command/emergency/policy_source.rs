//! The source of a policy gets one more recipient that every package must have.

use std::path::Path;

use medsec_crypto::{Existing, OutputOptions, write_file};
use medsec_kms::PublicKey;
use medsec_policy::{Bundle, Source};

use crate::failure::Failure;
use crate::files::read_small;

const FILE: &str = "policy.toml";
const SETTING: &str = "required_recipients";
const MAX_LEN: usize = 1024 * 1024;

/// A source that can get the key: looked at before the key is made.
#[derive(Debug)]
pub(super) struct PolicySource<'a> {
    folder: &'a Path,
    text: String,
    /// Where in the text the list of recipients begins.
    at: usize,
}

impl<'a> PolicySource<'a> {
    pub(super) fn read(folder: &'a Path) -> Result<Self, Failure> {
        // Of a source that is wrong before, nobody could tell afterwards who broke it.
        Bundle::compile(&Source::read(folder)?)?;
        let text = read_small(&folder.join(FILE), "the policy's settings", MAX_LEN)?;
        let text = String::from_utf8(text).map_err(|_| unfit())?;
        let at = list_of(&text).ok_or_else(unfit)?;
        Ok(Self { folder, text, at })
    }

    /// Puts the key at the head of the list. What came of it is compiled before it takes the place of the file.
    pub(super) fn add(&self, key: &PublicKey) -> Result<(), Failure> {
        let (before, after) = self.text.split_at_checked(self.at).ok_or_else(unfit)?;
        let text = format!("{before}\n  \"{key}\",\n{after}");
        let parsed: toml::Table = toml::from_str(&text).map_err(|_| unfit())?;
        let list = parsed.get("settings").and_then(|settings| settings.get("sealing"));
        let list = list.and_then(|sealing| sealing.get(SETTING)?.as_array());
        let key = key.to_string();
        if !list.is_some_and(|list| list.iter().any(|one| one.as_str() == Some(&key))) {
            return Err(unfit());
        }
        let mut options = OutputOptions::default();
        options.existing = Existing::Replace;
        Ok(write_file(&self.folder.join(FILE), text.as_bytes(), options)?)
    }
}

/// Behind the bracket that opens the list.
fn list_of(text: &str) -> Option<usize> {
    let mut begin = 0_usize;
    for line in text.split_inclusive('\n') {
        let rest = line.trim_start().strip_prefix(SETTING).map(str::trim_start);
        if rest.and_then(|rest| rest.strip_prefix('=')).is_some() {
            let bracket = line.find('[')?;
            return begin.checked_add(bracket)?.checked_add(1);
        }
        begin = begin.checked_add(line.len())?;
    }
    None
}

fn unfit() -> Failure {
    Failure::usage(
        "the list `required_recipients` of policy.toml was not found; it was left as it was",
    )
    .next("add the public key there by hand")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_is_found_where_it_stands_as_a_setting() {
        for none in [
            "",
            "# required_recipients = []\n",
            "required_recipients_of = []\n",
            "required_recipients = 1\n",
        ] {
            assert_eq!(list_of(none), None, "{none}");
        }
        for text in ["[a]\nrequired_recipients = []\n", "  required_recipients=[\n  \"x\",\n]\n"] {
            let at = list_of(text).unwrap();
            assert!(text[..at].ends_with('['), "{text}");
        }
    }
}

//! Where the texts of a source come from, and what no text of it may be.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::Source;
use super::error::{SourceError, SourceFile, SourceProblem};
use crate::bundle::{Bundle, RulesName};

const RULES: &str = "rules";
const ENDING: &str = ".cedar";

impl SourceFile {
    /// How long it may be.
    const fn max_len(&self) -> usize {
        match self {
            Self::Roles => Source::MAX_ROLES_LEN,
            _ => Source::MAX_FILE_LEN,
        }
    }
}

impl Source {
    /// Takes texts by the names of their files: `policy.toml`, `roles.toml`, `rules/….cedar`.
    ///
    /// # Errors
    /// [`SourceError`] if one is missing, comes twice, is not a part of a policy, is too long, or has characters
    /// that cannot be seen.
    pub fn from_files<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, SourceError> {
        let (mut policy, mut roles, mut rules) = (None, None, BTreeMap::new());
        for (name, text) in files {
            let file = file_of(name)?;
            let text = cleaned(text, &file)?;
            let twice = match &file {
                SourceFile::Policy => policy.replace(text).is_some(),
                SourceFile::Roles => roles.replace(text).is_some(),
                SourceFile::Rules(name) => rules.insert(name.clone(), text).is_some(),
                SourceFile::Folder => true,
            };
            if twice {
                return Err(SourceProblem::Twice.in_file(file));
            }
            if rules.len() > Bundle::MAX_RULES {
                return Err(SourceProblem::TooManyRules.in_file(SourceFile::Folder));
            }
        }
        let missing = |file| move || SourceProblem::Missing.in_file(file);
        let policy = policy.ok_or_else(missing(SourceFile::Policy))?;
        let roles = roles.ok_or_else(missing(SourceFile::Roles))?;
        Self { policy, roles, rules }.with_rules()
    }

    /// Reads a folder. It may hold other things too, but no other TOML and no other Cedar: whoever wrote such a file
    /// there believes that it counts. Names that begin with a dot are passed over.
    ///
    /// # Errors
    /// [`SourceError`] as [`from_files`](Self::from_files), and if something cannot be read or is no regular file.
    pub fn read(folder: &Path) -> Result<Self, SourceError> {
        let strange = |name: &str| {
            let part = name.ends_with(".toml") || name.ends_with(ENDING);
            part && !["policy.toml", "roles.toml"].contains(&name)
        };
        let foreign = || SourceProblem::Foreign.in_file(SourceFile::Folder);
        if names(folder)?.iter().any(|name| strange(name)) {
            return Err(foreign());
        }
        let inside = names(&folder.join(RULES))?.into_iter().map(|name| format!("{RULES}/{name}"));
        let all = ["policy.toml", "roles.toml"].map(str::to_owned).into_iter().chain(inside);
        let mut files = Vec::new();
        let mut room = Bundle::MAX_RULES_LEN;
        for name in all {
            let file = file_of(&name)?;
            let text = text_of(&folder.join(&name), &file)?;
            if matches!(file, SourceFile::Rules(_)) {
                let too_long = SourceProblem::TooLong { most: Bundle::MAX_RULES_LEN };
                let left = room.checked_sub(text.len());
                room = left.ok_or_else(|| too_long.in_file(SourceFile::Folder))?;
            }
            files.push((name, text));
        }
        Self::from_files(files.iter().map(|(name, text)| (name.as_str(), text.as_str())))
    }

    fn with_rules(self) -> Result<Self, SourceError> {
        let most = Bundle::MAX_RULES_LEN;
        let len = self.rules.values().fold(0_usize, |sum, text| sum.saturating_add(text.len()));
        let problem = match len {
            _ if self.rules.values().all(|text| text.trim().is_empty()) => SourceProblem::NoRules,
            len if len > most => SourceProblem::TooLong { most },
            _ => return Ok(self),
        };
        Err(problem.in_file(SourceFile::Folder))
    }
}

fn file_of(name: &str) -> Result<SourceFile, SourceError> {
    let rules = || name.strip_prefix(RULES)?.strip_prefix('/')?.strip_suffix(ENDING);
    match name {
        "policy.toml" => Ok(SourceFile::Policy),
        "roles.toml" => Ok(SourceFile::Roles),
        _ => {
            let foreign = || SourceProblem::Foreign.in_file(SourceFile::Folder);
            let name = RulesName::new(rules().ok_or_else(foreign)?);
            let invalid = |invalid| SourceProblem::from(invalid).in_file(SourceFile::Folder);
            name.map(SourceFile::Rules).map_err(invalid)
        }
    }
}

/// The names of what a folder holds, sorted.
fn names(folder: &Path) -> Result<Vec<String>, SourceError> {
    let failed = |error: &io::Error| problem_of(error).in_file(SourceFile::Folder);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| failed(&error))? {
        let name = entry.map_err(|error| failed(&error))?.file_name();
        let name = name.into_string();
        let name = name.map_err(|_| SourceProblem::Foreign.in_file(SourceFile::Folder))?;
        if !name.starts_with('.') {
            names.push(name);
        }
        // A few more than rules: what else people keep beside a policy.
        if names.len() > Bundle::MAX_RULES.saturating_mul(2) {
            return Err(SourceProblem::TooManyRules.in_file(SourceFile::Folder));
        }
    }
    names.sort();
    Ok(names)
}

/// Reads a file that is no longer than it may be.
fn text_of(path: &Path, file: &SourceFile) -> Result<String, SourceError> {
    let failed = |error: io::Error| problem_of(&error).in_file(file.clone());
    // Before opening: a pipe would wait for its writer.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(SourceProblem::NotRegular.in_file(file.clone()));
    }
    let most = file.max_len();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > most {
        return Err(SourceProblem::TooLong { most }.in_file(file.clone()));
    }
    String::from_utf8(bytes).map_err(|_| SourceProblem::Character.in_file(file.clone()))
}

fn problem_of(error: &io::Error) -> SourceProblem {
    match error.kind() {
        io::ErrorKind::NotFound => SourceProblem::Missing,
        kind => SourceProblem::Io(kind),
    }
}

/// With each line ended by one LF, as on every system, and with nothing in it that whoever reviews it cannot see.
fn cleaned(text: &str, file: &SourceFile) -> Result<String, SourceError> {
    let most = file.max_len();
    if text.len() > most {
        return Err(SourceProblem::TooLong { most }.in_file(file.clone()));
    }
    let mut text = text.replace("\r\n", "\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let hidden = text.lines().position(|line| line.contains(is_hidden));
    match hidden.map(|line| line.saturating_add(1)) {
        None => Ok(text),
        line => Err(SourceError { file: file.clone(), line, problem: SourceProblem::Character }),
    }
}

/// Control characters, and those that make text look as if it stood in another order or not there at all.
pub(in crate::bundle) fn is_hidden(c: char) -> bool {
    c.is_control() && c != '\t'
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}')
        || matches!(c, '\u{61C}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

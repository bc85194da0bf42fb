//! Why no report can be made at all; what a report finds wrong is a [`Problem`](crate::Problem).

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::date::Date;

/// Something needed for the report cannot be read, written or started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{file}: {what}")]
    Content {
        /// Which, as seen from the root of the repository.
        file: String,
        /// What is wrong in it.
        what: String,
    },
    /// A program could not be started, or failed.
    #[error("`{program}`: {what}")]
    Program {
        /// The command without its arguments' values.
        program: String,
        /// Its exit code and the end of what it printed.
        what: String,
    },
    /// `SOURCE_DATE_EPOCH` is not a number of seconds, or no clock can be read.
    #[error("no report date: `SOURCE_DATE_EPOCH` is not a number of seconds since 1970")]
    Date,
    /// The report date lies before the commit: what holds today would be judged at a day on which it was not there.
    #[error(
        "the report date {date} (`SOURCE_DATE_EPOCH`, else today) lies before the commit {commit}"
    )]
    Early {
        /// The report date.
        date: Date,
        /// The commit.
        commit: String,
    },
    /// A private key cannot be used.
    #[error("{}: not a private Ed25519 key in PKCS #8 PEM", path.display())]
    Key {
        /// The file.
        path: PathBuf,
    },
    /// The tree differs from the commit: nothing is signed.
    #[error("the tree differs from the commit: nothing is signed")]
    DirtyTree,
}

impl ReportError {
    pub(crate) fn content(file: impl Into<String>, what: impl core::fmt::Display) -> Self {
        Self::Content { file: file.into(), what: format!("{what}") }
    }

    pub(crate) fn program(program: &str, what: impl Into<String>) -> Self {
        Self::Program { program: program.to_owned(), what: what.into() }
    }
}

/// Gives an error of the file system its path.
pub(crate) trait At<T> {
    fn at(self, path: &Path) -> Result<T, ReportError>;
}

impl<T> At<T> for std::io::Result<T> {
    fn at(self, path: &Path) -> Result<T, ReportError> {
        self.map_err(|source| ReportError::File { path: path.to_path_buf(), source })
    }
}

/// Reads a file whose length is checked first.
pub(crate) fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, ReportError> {
    let len = std::fs::metadata(path).at(path)?.len();
    if len > limit {
        let what = format!("{len} bytes; at most {limit} are read");
        return Err(ReportError::content(path.display().to_string(), what));
    }
    std::fs::read(path).at(path)
}

/// A TOML file as data; `file` is what errors call it.
pub(crate) fn parsed<T: DeserializeOwned>(
    file: &str,
    path: &Path,
    limit: u64,
) -> Result<T, ReportError> {
    let text = String::from_utf8(read_limited(path, limit)?);
    let text = text.map_err(|error| ReportError::content(file, error))?;
    toml::from_str(&text).map_err(|error| ReportError::content(file, error))
}

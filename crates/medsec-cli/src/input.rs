//! Inputs of a command. Messages call them by position, never by name.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};

use crate::context_file::ContextOption;
use crate::failure::Failure;
use crate::passphrase::PassphraseOption;

/// A file, or standard input where the command line says `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl From<&OsStr> for Input {
    fn from(text: &OsStr) -> Self {
        if text == "-" { Self::Stdin } else { Self::File(text.into()) }
    }
}

impl Input {
    /// All inputs of a command line; at most one may be standard input.
    pub(crate) fn all(paths: &[PathBuf]) -> Result<Vec<Self>, Failure> {
        let inputs: Vec<Self> = paths.iter().map(|path| path.as_os_str().into()).collect();
        let streams = inputs.iter().filter(|input| matches!(input, Self::Stdin));
        if streams.count() > 1 {
            return Err(Failure::usage("`-` may be given once only").next("name files instead"));
        }
        Ok(inputs)
    }

    /// The path of an input that must be a file because it is read more than once.
    pub(crate) fn seekable(&self) -> Result<&Path, Failure> {
        match self {
            Self::File(path) => Ok(path),
            Self::Stdin => Err(Failure::usage(
                "this command reads the package more than once and cannot take it from `-`",
            )
            .next("write the package to a file first")),
        }
    }
}

/// Opens a file for reading; a folder is refused.
pub(crate) fn open_file(path: &Path) -> Result<(File, std::fs::Metadata), Failure> {
    let failed = |error| Failure::io("the input cannot be read", &error);
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(failed(std::io::ErrorKind::IsADirectory.into()));
    }
    Ok((file, metadata))
}

/// Standard input can serve one purpose only.
pub(crate) fn refuse_shared_stdin(
    inputs: &[Input],
    context: &ContextOption,
    passphrase: &PassphraseOption,
) -> Result<(), Failure> {
    let users = [
        (inputs.contains(&Input::Stdin), "an input"),
        (context.uses_stdin(), "--context-file"),
        (passphrase.uses_stdin(), "--passphrase-fd"),
    ];
    refuse_shared(&users)
}

/// The same for any options, by name, with whether each takes standard input.
pub(crate) fn refuse_shared(users: &[(bool, &str)]) -> Result<(), Failure> {
    let used = users.iter().filter(|(uses, _)| *uses).map(|(_, name)| *name);
    let used: Vec<&str> = used.collect();
    if used.len() > 1 {
        return Err(Failure::usage(format!(
            "standard input can be used once only, not for {}",
            used.join(" and ")
        ))
        .next("name a file for all but one of them"));
    }
    Ok(())
}

/// Where `-` could be taken for standard output, but is none.
pub(crate) fn refuse_dash(path: &Path, option: &str) -> Result<(), Failure> {
    if path.as_os_str() == "-" {
        return Err(Failure::usage(format!(
            "{option} takes no `-`: this is never written to standard output"
        ))
        .next("name a file; one that is called `-` is `./-`"));
    }
    Ok(())
}

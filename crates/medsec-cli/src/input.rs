//! Inputs of a command. Messages call them by position, never by name.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Seek as _;
use std::path::{Path, PathBuf};

use medsec_crypto::Header;

use crate::failure::Failure;

/// A file, or standard input where the command line says `-`.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl From<&OsStr> for Input {
    fn from(text: &OsStr) -> Self {
        if text == "-" {
            Self::Stdin
        } else {
            Self::File(text.into())
        }
    }
}

impl Input {
    /// All inputs of a command line; at most one may be standard input.
    pub(crate) fn all(paths: &[PathBuf]) -> Result<Vec<Self>, Failure> {
        let inputs: Vec<Self> = paths.iter().map(|path| path.as_os_str().into()).collect();
        let streams = inputs.iter().filter(|input| matches!(input, Self::Stdin));
        if streams.count() > 1 {
            return Err(Failure::usage("`-` may be given once only"));
        }
        Ok(inputs)
    }

    /// The path of an input that must be a file because it is read more than once.
    pub(crate) fn seekable(&self) -> Result<&Path, Failure> {
        match self {
            Self::File(path) => Ok(path),
            Self::Stdin => Err(Failure::usage(
                "this command reads the package more than once and cannot take it from `-`",
            )),
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

/// Sets a package's file to the first chunk, which is where a stream of it must stand.
pub(crate) fn skip_header(file: &mut File) -> Result<(), Failure> {
    file.rewind()
        .map_err(|error| Failure::io("reading the package failed", &error))?;
    Header::read(file)?;
    Ok(())
}

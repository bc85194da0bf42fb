//! Where exported lines go: a file that exists completely or not at all, or standard output.

use std::ffi::OsStr;
use std::io::{self, BufWriter, Write as _};
use std::ops::ControlFlow;
use std::path::Path;

use medsec_crypto::{OutputOptions, PendingFile};

use crate::failure::Failure;
use crate::session::Session;

/// Bytes gathered before they are written.
const GATHERED: usize = 256 * 1024;

pub(super) enum Sink {
    File { file: PendingFile, gathered: Vec<u8> },
    Stdout(BufWriter<io::StdoutLock<'static>>),
}

impl Sink {
    pub(super) fn open(session: &Session, output: &OsStr) -> Result<Self, Failure> {
        if output == "-" {
            session.use_stdout_for_content()?;
            return Ok(Self::Stdout(BufWriter::new(io::stdout().lock())));
        }
        let file = PendingFile::create(Path::new(output), OutputOptions::default())?;
        Ok(Self::File { file, gathered: Vec::new() })
    }

    /// Writes a line and its LF. Where the reader of standard output has gone away, there is no use in going on.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<ControlFlow<()>, Failure> {
        match self {
            Self::File { file, gathered } => {
                gathered.extend_from_slice(line);
                gathered.push(b'\n');
                if gathered.len() >= GATHERED {
                    file.append(gathered)?;
                    gathered.clear();
                }
                Ok(ControlFlow::Continue(()))
            }
            Self::Stdout(out) => flow(out.write_all(line).and_then(|()| out.write_all(b"\n"))),
        }
    }

    pub(super) fn finish(self) -> Result<(), Failure> {
        match self {
            Self::File { mut file, gathered } => {
                file.append(&gathered)?;
                Ok(file.publish()?)
            }
            Self::Stdout(mut out) => flow(out.flush()).map(drop),
        }
    }
}

fn flow(written: io::Result<()>) -> Result<ControlFlow<()>, Failure> {
    match written {
        Ok(()) => Ok(ControlFlow::Continue(())),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err(error) => Err(Failure::io("standard output cannot be written", &error)),
    }
}

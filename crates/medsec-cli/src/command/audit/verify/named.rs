//! The checkpoints of the command line.

use medsec_audit::{AuditLog, Known, StreamName};

use super::super::consistency;
use super::Options;
use crate::failure::Failure;

/// Each, and of which stream it is.
pub(super) struct Named(Vec<(StreamName, Known)>);

impl Named {
    /// One of no stream that is verified is refused: whoever named it would take it for compared.
    pub(super) fn read(options: &Options, log: &AuditLog) -> Result<Self, Failure> {
        let wanted = options.stream.of(log)?;
        let read = |path| {
            let (stream, checkpoint) = consistency::read(log, path, "a known checkpoint")?;
            if !wanted.contains(&stream) {
                return Err(Failure::usage(
                    "a known checkpoint is of another stream than the one that is verified",
                )
                .next("leave --stream away, or name checkpoints of this stream only"));
            }
            Ok((stream, Known::from(&checkpoint)))
        };
        options.known.iter().map(|path| read(path)).collect::<Result<_, _>>().map(Self)
    }

    /// Those of a stream.
    pub(super) fn of(&self, stream: &StreamName) -> Vec<Known> {
        let ours = self.0.iter().filter(|(of, _)| of == stream);
        ours.map(|(_, known)| known.clone()).collect()
    }
}

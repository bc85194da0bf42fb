//! What is known of a stream from elsewhere.

use medsec_audit::{AuditLog, Known, StreamName};

use super::super::consistency;
use super::Options;
use crate::anchor::{self, Memory};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Checkpoints of one stream.
pub(super) struct Elsewhere {
    /// The one beside the stream, the anchor's newest, and those named on the command line.
    pub(super) known: Vec<Known>,
    pub(super) anchor: Memory,
}

/// The checkpoints of the command line, and of which streams they are.
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

    fn of<'n>(&'n self, stream: &'n StreamName) -> impl Iterator<Item = Known> + 'n {
        self.0.iter().filter(move |(of, _)| of == stream).map(|(_, known)| *known)
    }
}

impl Elsewhere {
    pub(super) fn gather(
        session: &Session,
        options: &Options,
        log: &AuditLog,
        stream: &StreamName,
        named: &Named,
    ) -> Result<Self, Failure> {
        let anchor = match options.without_anchor {
            true => Memory::NoAnchor,
            false => anchor::recall(session, log, stream)?,
        };
        // Of the log of somebody else this user's anchor need not know.
        let anchor = match anchor {
            Memory::Nothing | Memory::Unreachable if !options.log.is_own() => Memory::NoAnchor,
            anchor => anchor,
        };
        if options.strict_anchors {
            insist(anchor, stream)?;
        }
        let beside = log.known(stream)?.into_iter().chain(anchor.known());
        let known = beside.chain(named.of(stream)).collect();
        Ok(Self { known, anchor })
    }
}

fn insist(anchor: Memory, stream: &StreamName) -> Result<(), Failure> {
    let what = match anchor {
        Memory::Checkpoint(_) => return Ok(()),
        Memory::NoAnchor => "there is no anchor".to_owned(),
        Memory::Unreachable => "the anchor is not there or cannot be used".to_owned(),
        Memory::Nothing => format!("the anchor knows no checkpoint of `{stream}`"),
    };
    Err(Failure::new(Exit::Log, format!("{what}; nothing was verified"))
        .next("see what became of the anchor, or leave --strict-anchors away"))
}

//! Whether a package holds exactly what a file holds: decrypted and compared batch by batch, in memory only.

use std::io::{self, Read, Seek, Write};

use zeroize::Zeroizing;

use crate::cobblestone::CHUNK_LEN;
use crate::execution::Execution;
use crate::open::{OpenError, Opened, Unlocked};
use crate::strided::read_full;

impl Unlocked {
    /// Compares the content of the package at offset 0 of `source` with `content`. Gives what was opened if
    /// they are the same and the package was verified to its end, as [`Self::verify`] does; nothing as soon
    /// as they differ, and then the rest of the package is not looked at. No plaintext is released.
    ///
    /// # Errors
    /// [`OpenError::Content`] if `content` fails; others with what is wrong with the package.
    pub fn compare<R: Read + Seek + Send, C: Read + Send>(
        &self,
        source: R,
        content: C,
        execution: &Execution<'_>,
    ) -> Result<Option<Opened>, OpenError> {
        let chunks = self.seekable(source)?;
        let len = usize::try_from(chunks.len.plain_len()).unwrap_or(CHUNK_LEN).min(CHUNK_LEN);
        let mut comparison = Comparison {
            content,
            buffer: Zeroizing::new(vec![0; len.max(1)]),
            verdict: Verdict::SameSoFar,
        };
        let opened = self.drain(chunks, &mut comparison, execution, |_| Ok(()));
        match (comparison.verdict, opened) {
            (Verdict::Different, _) => Ok(None),
            (Verdict::Failed(error), _) => Err(OpenError::Content(error)),
            (Verdict::SameSoFar, Err(error)) => Err(error),
            (Verdict::SameSoFar, Ok(opened)) => {
                let more = read_full(&mut comparison.content, &mut [0]);
                let is_end = more.map_err(OpenError::Content)? == 0;
                Ok(is_end.then_some(opened))
            }
        }
    }
}

/// Takes plaintext in place of a file and compares it with one.
struct Comparison<C> {
    content: C,
    buffer: Zeroizing<Vec<u8>>,
    verdict: Verdict,
}

enum Verdict {
    SameSoFar,
    Different,
    Failed(io::Error),
}

impl<C: Read> Comparison<C> {
    fn compare(&mut self, text: &[u8]) -> Verdict {
        for part in text.chunks(self.buffer.len().max(1)) {
            let place = self.buffer.get_mut(..part.len()).unwrap_or_default();
            match read_full(&mut self.content, place) {
                // What a shorter file leaves in the buffer is of no account.
                Ok(read) if read == part.len() && place == part => {}
                Ok(_) => return Verdict::Different,
                Err(error) => return Verdict::Failed(error),
            }
        }
        Verdict::SameSoFar
    }
}

impl<C: Read> Write for &mut Comparison<C> {
    /// An error ends the work; what it was stands in the verdict.
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.verdict = self.compare(text);
        match self.verdict {
            Verdict::SameSoFar => Ok(text.len()),
            Verdict::Different | Verdict::Failed(_) => Err(io::ErrorKind::Other.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

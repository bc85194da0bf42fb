//! Tokens of identity providers, from a file or standard input: never from the command line, which everybody can see.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use medsec_policy::TokenAuthenticator;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::session::Interrupt;
use crate::stdio::StandardInput;

/// One byte more than a token may have shows one that is too long, and two more may end its line.
const ROOM: usize = TokenAuthenticator::MAX_TOKEN_LEN + 3;

/// The token in that file, without the line end behind it; `-` is standard input. One that is too long is cut off, and
/// still too long.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |error| Failure::io("the token cannot be read", &error);
    let mut token = match path == Path::new("-") {
        true => bounded(StandardInput::new(Interrupt::default())).map_err(failed)?,
        false => bounded(File::open(path).map_err(failed)?).map_err(failed)?,
    };
    for end in [b'\n', b'\r'] {
        if token.last() == Some(&end) {
            token.pop();
        }
    }
    Ok(token)
}

/// Into a buffer that never grows, and so leaves no copy behind.
fn bounded(from: impl Read) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut token = Zeroizing::new(Vec::with_capacity(ROOM));
    let most = u64::try_from(ROOM).unwrap_or(u64::MAX);
    let mut chunk = Zeroizing::new([0_u8; 1024]);
    let mut from = from.take(most);
    loop {
        match from.read(&mut *chunk) {
            Ok(0) => return Ok(token),
            Ok(len) => token.extend_from_slice(chunk.get(..len).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_token_is_cut_off_and_stays_too_long() {
        let token = bounded(std::io::repeat(b'a')).unwrap();
        assert_eq!((token.len(), token.capacity()), (ROOM, ROOM));
        assert!(token.len() > TokenAuthenticator::MAX_TOKEN_LEN + 2);
    }

    #[test]
    fn one_line_end_is_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        for (text, expected) in
            [("a.b.c\r\n", "a.b.c"), ("a.b.c\n\n", "a.b.c\n"), ("a.b.c", "a.b.c")]
        {
            std::fs::write(&path, text).unwrap();
            assert_eq!(*read(&path).unwrap(), expected.as_bytes());
        }
    }
}

//! Tokens of identity providers, from a file or standard input: never from the command line, which everybody can see.

use std::path::Path;

use medsec_policy::TokenAuthenticator;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::secret_file::{self, bounded};
use crate::session::Interrupt;
use crate::stdio::StandardInput;

/// One byte more than a token may have shows one that is too long, and two more may end its line.
const ROOM: usize = TokenAuthenticator::MAX_TOKEN_LEN + 3;

/// The token in that file, which must be its owner's alone, without the line end behind it; `-` is standard input. One that
/// is too long is cut off, and still too long.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |error| Failure::io("the token cannot be read", &error);
    let mut token = match path == Path::new("-") {
        true => bounded(StandardInput::new(Interrupt::default()), ROOM).map_err(failed)?,
        false => {
            let file = secret_file::open(path).map_err(|fault| fault.of("the token"))?;
            bounded(file, ROOM).map_err(failed)?
        }
    };
    for end in [b'\n', b'\r'] {
        if token.last() == Some(&end) {
            token.pop();
        }
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_token_is_cut_off_and_stays_too_long() {
        let token = bounded(std::io::repeat(b'a'), ROOM).unwrap();
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
            put(&path, text, 0o600);
            assert_eq!(*read(&path).unwrap(), expected.as_bytes());
        }
    }

    #[cfg(unix)]
    #[test]
    fn token_that_others_can_read_is_refused_before_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        for mode in [0o640, 0o604, 0o622] {
            put(&path, "a.b.c", mode);
            assert!(read(&path).unwrap_err().message.contains("other users can read the token"));
        }
        let pipe = read(Path::new("/dev/null")).unwrap_err();
        assert!(pipe.message.contains("not in a regular file"), "{}", pipe.message);
    }

    fn put(path: &Path, text: &str, mode: u32) {
        std::fs::write(path, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        #[cfg(not(unix))]
        let _ = mode;
    }
}

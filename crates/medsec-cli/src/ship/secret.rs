//! Secrets of peers: from files that only their owner can read, or from file descriptors.

use std::fs::File;
use std::path::Path;

use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::secret_file::{self, Fault};

/// What messages call it.
const SECRET: &str = "a secret of a peer";

/// A text of one line, from a file or a descriptor, exactly one of which must be given.
pub(super) fn line(
    home: &Path,
    file: Option<&Path>,
    descriptor: Option<u32>,
) -> Result<Zeroizing<String>, Failure> {
    let bytes = match (file, descriptor) {
        (Some(path), None) => private(&home.join(path))?,
        (None, Some(0)) => {
            return Err(Failure::usage("a secret of a peer cannot come from standard input")
                .next("use another file descriptor"));
        }
        (None, Some(number)) => {
            let file = File::open(format!("/dev/fd/{number}"));
            let file = file.map_err(|error| Fault::Io(error.kind()));
            file.and_then(secret_file::read).map_err(|fault| fault.of(SECRET))?
        }
        _ => {
            return Err(Failure::usage("a secret of a peer needs a file or a file descriptor")
                .next("name either `…_file` or `…_fd`"));
        }
    };
    let text = str::from_utf8(&bytes).ok().map(|text| text.strip_suffix('\n').unwrap_or(text));
    let fits = |text: &&str| !text.is_empty() && !text.contains(char::is_control);
    text.filter(fits).map(|text| Zeroizing::new(text.to_owned())).ok_or_else(|| {
        Failure::usage("a secret of a peer is empty or more than one line")
            .next("write it as one line of text")
    })
}

/// A file that nobody but its owner can read.
pub(super) fn private(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    secret_file::open(path).and_then(secret_file::read).map_err(|fault| fault.of(SECRET))
}

#[cfg(unix)]
fn mode(about: std::io::Result<std::fs::Metadata>) -> Result<u32, Failure> {
    use std::os::unix::fs::MetadataExt as _;
    let about = about.map_err(|error| Failure::io("a file of peers cannot be read", &error))?;
    Ok(about.mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(_: std::io::Result<std::fs::Metadata>) -> Result<u32, Failure> {
    Ok(0)
}

/// Who can change the file can send the log elsewhere.
pub(super) fn refuse_writable(path: &Path) -> Result<(), Failure> {
    let mode = mode(std::fs::metadata(path))?;
    if mode & 0o022 == 0 {
        return Ok(());
    }
    let message = format!("other users can change the file of peers (mode {mode:04o})");
    Err(Failure::usage(message)
        .next("run `chmod go-w` on it, and look whether it is as you left it"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn line_refuses_shared_empty_and_long_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let put = |text: &[u8], mode| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            line(folder.path(), Some(Path::new("secret")), None)
        };
        for mode in [0o640, 0o604, 0o622] {
            assert!(put(b"word\n", mode).is_err(), "{mode:o}");
        }
        for bad in [&b""[..], b"\n", b"a\nb\n", b"\xFF", &[b'x'; 16 * 1024 + 1]] {
            assert!(put(bad, 0o600).is_err());
        }
        assert_eq!(put(b"word with blanks\n", 0o600).unwrap().as_str(), "word with blanks");
        assert!(line(folder.path(), None, None).is_err());
        assert!(line(folder.path(), None, Some(0)).is_err());
        assert!(line(folder.path(), Some(Path::new("secret")), Some(3)).is_err());
    }
}

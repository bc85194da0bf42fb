//! Who is at the other end of a socket: the system says so, nobody can claim it.

use std::io;
use std::os::unix::net::UnixStream;

/// A user number of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Uid(u32);

/// This process.
pub(super) fn own() -> Uid {
    Uid(rustix::process::geteuid().as_raw())
}

/// Who connected, or who listens.
///
/// # Errors
/// The system does not say. Then it is nobody.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn of(stream: &UnixStream) -> io::Result<Uid> {
    Ok(Uid(rustix::net::sockopt::socket_peercred(stream)?.uid.as_raw()))
}

/// Without a way to ask, everybody is nobody.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn of(_: &UnixStream) -> io::Result<Uid> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether it is this process's own user. The superuser is another one too: whoever is superuser reads this
/// process's memory anyhow, but not by accident.
pub(super) fn is_own(stream: &UnixStream) -> bool {
    of(stream).is_ok_and(|uid| may_speak(uid, own()))
}

fn may_speak(peer: Uid, own: Uid) -> bool {
    peer == own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_other_user_may_speak() {
        let own = Uid(1000);
        for other in [0, 999, 1001, 65_534, u32::MAX] {
            assert!(!may_speak(Uid(other), own), "{other}");
        }
        assert!(may_speak(own, own));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn both_ends_of_a_pair_are_own() {
        let (a, b) = UnixStream::pair().unwrap();
        assert!(is_own(&a) && is_own(&b));
    }
}

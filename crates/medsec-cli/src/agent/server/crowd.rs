//! Connections: as many as there may be, and a way to tell all of them that it is over.

use std::collections::BTreeMap;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Most connections at a time.
pub(super) const MAX: usize = 64;
/// How long one that asks nothing is left alone when others wait.
const SILENCE: Duration = Duration::from_millis(250);

/// The connections there are.
#[derive(Clone, Debug, Default)]
pub(super) struct Crowd(Arc<Mutex<Members>>);

#[derive(Debug, Default)]
struct Members {
    next: u64,
    present: BTreeMap<u64, Member>,
}

#[derive(Debug)]
struct Member {
    stream: UnixStream,
    since: Instant,
    /// Whether it has asked for anything.
    spoke: bool,
}

/// A place among them, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    crowd: Crowd,
    number: u64,
}

impl Crowd {
    /// A place, if there is one, or if somebody sits there who has not said a word.
    pub(super) fn seat(&self, stream: &UnixStream) -> Option<Seat> {
        let stream = stream.try_clone().ok()?;
        let mut members = self.lock();
        if members.present.len() >= MAX {
            members.dismiss_silent()?;
        }
        let number = members.next;
        members.next = number.checked_add(1)?;
        let member = Member { stream, since: Instant::now(), spoke: false };
        members.present.insert(number, member);
        Some(Seat { crowd: self.clone(), number })
    }

    pub(super) fn len(&self) -> usize {
        self.lock().present.len()
    }

    /// Nobody is listened to any more; answers under way still go out.
    pub(super) fn dismiss(&self) {
        for member in self.lock().present.values() {
            // Who has gone already needs no telling.
            let _ = member.stream.shutdown(Shutdown::Read);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Members> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Members {
    /// Closes the connection that has been silent for longest. Its thread ends by itself, at once.
    fn dismiss_silent(&mut self) -> Option<()> {
        let silent = |member: &Member| !member.spoke && member.since.elapsed() >= SILENCE;
        let (number, _) = self.present.iter().find(|(_, member)| silent(member))?;
        let member = self.present.remove(&number.clone())?;
        // Who has gone already needs no telling.
        let _ = member.stream.shutdown(Shutdown::Both);
        Some(())
    }
}

impl Seat {
    /// Its holder has asked for something.
    pub(super) fn speaks(&self) {
        if let Some(member) = self.crowd.lock().present.get_mut(&self.number) {
            member.spoke = true;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.crowd.lock().present.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn pair() -> (UnixStream, UnixStream) {
        UnixStream::pair().unwrap()
    }

    #[test]
    fn full_crowd_takes_nobody_until_one_was_silent_for_too_long() {
        let crowd = Crowd::default();
        let pairs: Vec<_> = (0..MAX).map(|_| pair()).collect();
        let seats: Vec<_> = pairs.iter().map(|(a, _)| crowd.seat(a).unwrap()).collect();
        let (late, _other) = pair();
        assert!(crowd.seat(&late).is_none(), "nobody was silent for long");
        std::thread::sleep(SILENCE);
        seats.iter().skip(1).for_each(Seat::speaks);
        let seat = crowd.seat(&late).unwrap();
        assert_eq!(crowd.len(), MAX);
        let (_, other) = &pairs[0];
        assert_eq!((&*other).read(&mut [0]).unwrap(), 0, "the silent one was closed");
        let (another, _other) = pair();
        assert!(crowd.seat(&another).is_none(), "all others spoke, but the newest has its time");
        drop((seat, seats));
        assert_eq!(crowd.len(), 0);
    }
}

//! Pieces worked on by several threads, and taken in their order.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Condvar, Mutex, PoisonError};

use super::reader::{Piece, Reader};

/// Pieces of each thread that may wait to be taken.
const AHEAD: u64 = 4;

type Result<T> = io::Result<(Piece, T)>;

struct Shared<'v> {
    state: Mutex<State<'v>>,
    taken: Condvar,
    ahead: u64,
}

struct State<'v> {
    reader: Reader<'v>,
    claimed: u64,
    taken: u64,
    stopped: bool,
}

/// Works on pieces with `threads` threads and hands over in order, until `take` says false or all is read.
pub(super) fn read<T: Send>(
    reader: Reader<'_>,
    threads: usize,
    work: &(dyn Fn(&Piece) -> T + Sync),
    take: &mut dyn FnMut(&Piece, &T) -> bool,
) -> io::Result<()> {
    let ahead = AHEAD.saturating_mul(u64::try_from(threads).unwrap_or(1));
    let state = Mutex::new(State { reader, claimed: 0, taken: 0, stopped: false });
    let shared = Shared { state, taken: Condvar::new(), ahead };
    std::thread::scope(|scope| {
        let (sender, receiver) = channel();
        for _ in 0..threads {
            let (shared, sender) = (&shared, sender.clone());
            scope.spawn(move || shared.work(work, &sender));
        }
        drop(sender);
        // Whoever still waits for room at the end must not, nor if `take` panics.
        let _stop = Stop { shared: &shared, always: true };
        in_order(receiver.iter(), |piece, done| {
            let more = take(piece, done);
            shared.took(more);
            more
        })
    })
}

/// Hands over in the order of numbers. An error comes when all before it was handed over.
fn in_order<T>(
    results: impl Iterator<Item = (u64, Result<T>)>,
    mut take: impl FnMut(&Piece, &T) -> bool,
) -> io::Result<()> {
    let (mut waiting, mut next) = (BTreeMap::new(), 0_u64);
    for (number, result) in results {
        waiting.insert(number, result);
        while let Some(result) = waiting.remove(&next) {
            next = next.saturating_add(1);
            let (piece, done) = result?;
            if !take(&piece, &done) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Ends the work of all threads when it is dropped, or only if that is because of a panic.
struct Stop<'s, 'v> {
    shared: &'s Shared<'v>,
    always: bool,
}

impl Drop for Stop<'_, '_> {
    fn drop(&mut self) {
        if self.always || std::thread::panicking() {
            self.shared.took(false);
        }
    }
}

impl Shared<'_> {
    fn work<T>(&self, work: &dyn Fn(&Piece) -> T, sender: &Sender<(u64, Result<T>)>) {
        // What this one does not deliver, the others would wait for.
        let _stop = Stop { shared: self, always: false };
        while let Some((number, piece)) = self.claim() {
            let result = piece.map(|piece| {
                let done = work(&piece);
                (piece, done)
            });
            if sender.send((number, result)).is_err() {
                return;
            }
        }
    }

    /// Reads the next piece, as soon as there is room for it.
    fn claim(&self) -> Option<(u64, io::Result<Piece>)> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |state: &mut State<'_>| {
            !state.stopped && state.claimed.saturating_sub(state.taken) >= self.ahead
        };
        let state = self.taken.wait_while(state, full);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.stopped {
            return None;
        }
        let piece = state.reader.next().transpose()?;
        let number = state.claimed;
        state.claimed = number.saturating_add(1);
        state.stopped = piece.is_err();
        Some((number, piece))
    }

    fn took(&self, more: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.taken = state.taken.saturating_add(1);
        state.stopped |= !more;
        self.taken.notify_all();
    }
}

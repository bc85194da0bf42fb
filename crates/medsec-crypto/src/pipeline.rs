//! Ordered work on batches of chunks by equal threads.
//!
//! Each thread in turn reads a batch under the source's lock, works on it alone, waits for its turn and
//! puts it into the sink. So a batch stays in one core's cache from read to write, memory is one buffer
//! a thread, and results, errors included, come out in the order of the input.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use crate::cobblestone::SEALED_CHUNK_LEN;
use crate::execution::Execution;
use crate::secret::secret_buffer;

/// Chunks in a batch: a power of two that divides the Merkle group, small enough for a core's cache.
pub(crate) const BATCH_CHUNKS: usize = 16;
/// Bytes of a full batch.
pub(crate) const BATCH_LEN: usize = BATCH_CHUNKS * SEALED_CHUNK_LEN;

/// A run of chunks in the layout of the message, in a buffer that is erased when dropped.
pub(crate) struct Batch {
    buffer: Zeroizing<Vec<u8>>,
    len: usize,
    /// Number of the first chunk.
    pub(crate) first: u64,
}

impl Batch {
    /// A batch with room for `len` bytes, at most a full batch.
    pub(crate) fn with_room(len: usize) -> Self {
        Self { buffer: secret_buffer(len.min(BATCH_LEN)), len: 0, first: 0 }
    }

    /// The whole buffer, for a source to fill.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.buffer
    }

    /// States what a source filled in.
    pub(crate) fn set(&mut self, first: u64, len: usize) {
        self.first = first;
        self.len = len.min(self.buffer.len());
    }

    /// The chunks, tags included.
    pub(crate) fn chunks(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    /// The chunks, tags included.
    pub(crate) fn chunks_mut(&mut self) -> &mut [u8] {
        self.buffer.get_mut(..self.len).unwrap_or_default()
    }
}

/// Where batches come from.
pub(crate) trait Source<E> {
    /// Fills the next batch; `false` when there is none.
    fn next(&mut self, batch: &mut Batch) -> Result<bool, E>;

    /// Most bytes a batch of this source can have: less than a full batch where all of it is known to be
    /// less, so that a small content does not pay for making and erasing a large buffer.
    fn batch_len(&self) -> usize {
        BATCH_LEN
    }
}

/// Where finished batches go, in order. `O` is what the work on a batch yields besides its bytes.
pub(crate) trait Sink<O, E> {
    fn put(&mut self, batch: &Batch, output: O) -> Result<(), E>;
}

struct Input<'s, S> {
    source: &'s mut S,
    taken: u64,
    ended: bool,
}

struct Output<'s, K, E> {
    sink: &'s mut K,
    turn: u64,
    stop: Option<Stop<E>>,
}

enum Stop<E> {
    Failed(E),
    Panicked,
}

struct Shared<'s, S, K, E> {
    input: Mutex<Input<'s, S>>,
    output: Mutex<Output<'s, K, E>>,
    turned: Condvar,
}

/// Runs every batch of `source` through `work` into `sink`. Returns the first error in input order.
pub(crate) fn run<S, K, O, E>(
    execution: &Execution<'_>,
    source: &mut S,
    sink: &mut K,
    work: impl Fn(&mut Batch) -> Result<O, E> + Sync,
) -> Result<(), E>
where
    S: Source<E> + Send,
    K: Sink<O, E> + Send,
    E: Send,
{
    let threads = execution.threads.get();
    // Less than a full batch is no work to share.
    if threads == 1 || source.batch_len() < BATCH_LEN {
        return run_alone(source, sink, work);
    }
    let shared = Shared {
        input: Mutex::new(Input { source, taken: 0, ended: false }),
        output: Mutex::new(Output { sink, turn: 0, stop: None }),
        turned: Condvar::new(),
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            let worker = std::thread::Builder::new();
            // Where the system starts no more threads, those there are do the work.
            if worker.spawn_scoped(scope, || shared.work(&work)).is_err() {
                break;
            }
        }
        shared.work(&work);
    });
    let output = shared.output.into_inner().unwrap_or_else(PoisonError::into_inner);
    match output.stop {
        Some(Stop::Failed(error)) => Err(error),
        #[expect(
            clippy::panic,
            reason = "a panic is carried on; the scope has done so before this line"
        )]
        Some(Stop::Panicked) => panic!("a worker panicked"),
        None => Ok(()),
    }
}

fn run_alone<S, K, O, E>(
    source: &mut S,
    sink: &mut K,
    work: impl Fn(&mut Batch) -> Result<O, E>,
) -> Result<(), E>
where
    S: Source<E>,
    K: Sink<O, E>,
{
    let mut batch = Batch::with_room(source.batch_len());
    while source.next(&mut batch)? {
        let output = work(&mut batch)?;
        sink.put(&batch, output)?;
    }
    Ok(())
}

impl<S, K, E> Shared<'_, S, K, E> {
    fn work<O>(&self, work: &impl Fn(&mut Batch) -> Result<O, E>)
    where
        S: Source<E>,
        K: Sink<O, E>,
    {
        let guard = PanicGuard(self);
        let mut batch = Batch::with_room(lock(&self.input).source.batch_len());
        while let Some((number, read)) = self.take(&mut batch) {
            let result = read.and_then(|()| work(&mut batch));
            if !self.deliver(number, &batch, result) {
                break;
            }
        }
        guard.disarm();
    }

    /// Takes the next batch with its place in the order.
    fn take(&self, batch: &mut Batch) -> Option<(u64, Result<(), E>)>
    where
        S: Source<E>,
    {
        let mut input = lock(&self.input);
        if input.ended {
            return None;
        }
        let result = match input.source.next(batch) {
            Ok(true) => Ok(()),
            Ok(false) => {
                input.ended = true;
                return None;
            }
            Err(error) => {
                input.ended = true;
                Err(error)
            }
        };
        let number = input.taken;
        input.taken = number.saturating_add(1);
        Some((number, result))
    }

    /// Waits for the batch's turn and hands it over; `false` when the work is to end.
    fn deliver<O>(&self, number: u64, batch: &Batch, result: Result<O, E>) -> bool
    where
        K: Sink<O, E>,
    {
        let mut output = lock(&self.output);
        while output.turn != number && output.stop.is_none() {
            output = self.turned.wait(output).unwrap_or_else(PoisonError::into_inner);
        }
        if output.stop.is_some() {
            return false;
        }
        let delivered = result.and_then(|value| output.sink.put(batch, value));
        output.turn = number.saturating_add(1);
        let goes_on = delivered.map_err(|error| output.stop = Some(Stop::Failed(error))).is_ok();
        drop(output);
        self.turned.notify_all();
        goes_on
    }
}

/// Wakes the others if a thread dies, which would else wait for its turn for ever.
struct PanicGuard<'a, 's, S, K, E>(&'a Shared<'s, S, K, E>);

impl<S, K, E> PanicGuard<'_, '_, S, K, E> {
    /// The work ended as it should. Whether a thread is panicking does not tell: it may have been
    /// unwinding already when it came here.
    #[expect(clippy::mem_forget, reason = "the guard holds a reference only")]
    fn disarm(self) {
        std::mem::forget(self);
    }
}

impl<S, K, E> Drop for PanicGuard<'_, '_, S, K, E> {
    fn drop(&mut self) {
        lock(&self.0.input).ended = true;
        lock(&self.0.output).stop.get_or_insert(Stop::Panicked);
        self.0.turned.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    struct Count(u64, u64);

    impl Source<u64> for Count {
        fn next(&mut self, batch: &mut Batch) -> Result<bool, u64> {
            batch.set(self.0, 0);
            self.0 = self.0.saturating_add(1);
            Ok(self.0 <= self.1)
        }
    }

    struct Seen(Vec<u64>);

    impl Sink<u64, u64> for Seen {
        fn put(&mut self, batch: &Batch, output: u64) -> Result<(), u64> {
            assert_eq!(batch.first, output);
            self.0.push(output);
            Ok(())
        }
    }

    fn threads(count: usize) -> Execution<'static> {
        Execution { threads: NonZeroUsize::new(count).unwrap(), ..Execution::default() }
    }

    #[test]
    fn first_error_in_input_order_wins() {
        for count in [1, 2, 7] {
            let mut seen = Seen(Vec::new());
            let result = run(&threads(count), &mut Count(0, 500), &mut seen, |batch| {
                if batch.first >= 100 { Err(batch.first) } else { Ok(batch.first) }
            });
            assert_eq!((result, seen.0.len()), (Err(100), 100));
        }
    }

    #[test]
    fn batches_arrive_in_order_with_any_number_of_threads() {
        for count in [1, 2, 3, 8] {
            let mut seen = Seen(Vec::new());
            run(&threads(count), &mut Count(0, 1000), &mut seen, |batch| Ok(batch.first)).unwrap();
            assert_eq!(seen.0, (0..1000).collect::<Vec<_>>());
        }
    }

    #[test]
    fn panic_of_a_worker_is_carried_on() {
        let outcome = std::panic::catch_unwind(|| {
            run(&threads(3), &mut Count(0, 100), &mut Seen(Vec::new()), |batch| {
                assert!(batch.first != 50, "as planned");
                Ok(batch.first)
            })
        });
        assert!(outcome.is_err());
    }
}

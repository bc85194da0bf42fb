//! The threads that make a module's calls. Each has one session; there are at most as many as sessions were allowed, and
//! each is started when a call finds all others at work.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cryptoki::session::Session;

use super::desk::{Counter, Desk};
use super::fault::Fault;
use super::reply::{Answer, pair};
use crate::service::{KeyServiceError, TokenFault};

type Job = Box<dyn FnOnce(&mut Desk) + Send>;

/// How long is waited at the end for calls that are under way.
const LAST_CALLS: Duration = Duration::from_secs(5);

/// The threads. Dropping this drops what was not begun, and waits until they have ended what they are doing and closed
/// their sessions: a module whose calls run into the end of the process may take the process down. One that hangs is not
/// waited for longer than [`LAST_CALLS`].
pub(super) struct Workers(Arc<Hall>);

struct Hall {
    counter: Counter,
    most: usize,
    line: Mutex<Line>,
    changed: Condvar,
}

#[derive(Default)]
struct Line {
    jobs: VecDeque<Job>,
    idle: usize,
    threads: Vec<JoinHandle<()>>,
    closed: bool,
}

impl Workers {
    pub(super) fn new(counter: Counter) -> Self {
        let most = counter.sessions();
        let (line, changed) = (Mutex::default(), Condvar::new());
        Self(Arc::new(Hall { counter, most, line, changed }))
    }

    /// Has a piece of work done with a session. It may be done twice if the token ends the session meanwhile.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        work: impl FnMut(&Session) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, KeyServiceError> {
        let (answer, reply) = pair();
        self.hand_in(work, answer)?;
        reply.await.unwrap_or(Err(KeyServiceError::Token(TokenFault::Failed)))
    }

    fn hand_in<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&Session) -> Result<T, Fault> + Send + 'static,
        answer: Answer<Result<T, KeyServiceError>>,
    ) -> Result<(), KeyServiceError> {
        let hall = &self.0;
        let mut line = hall.line();
        line.jobs.push_back(Box::new(move |desk| {
            // Whoever gave up waiting is not answered: what was to be wrapped is erased with the work.
            if answer.is_awaited() {
                answer.give(desk.run(&mut work));
            }
        }));
        // One that ended by a panic makes room for another.
        line.threads.retain(|thread| !thread.is_finished());
        if line.idle < line.jobs.len() && line.threads.len() < hall.most {
            let at_work = Arc::clone(hall);
            let thread = thread::Builder::new().name("medsec-pkcs11".to_owned());
            match thread.spawn(move || at_work.work()) {
                Ok(thread) => line.threads.push(thread),
                // Nobody would ever do it.
                Err(error) if line.threads.is_empty() => {
                    line.jobs.clear();
                    return Err(KeyServiceError::Unavailable(error));
                }
                Err(_) => {}
            }
        }
        hall.changed.notify_one();
        Ok(())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let (threads, jobs) = {
            let mut line = self.0.line();
            line.closed = true;
            (std::mem::take(&mut line.threads), std::mem::take(&mut line.jobs))
        };
        // Their callers are told that nothing comes.
        drop(jobs);
        self.0.changed.notify_all();
        let over = Instant::now().checked_add(LAST_CALLS);
        for thread in threads {
            while !thread.is_finished() && over.is_some_and(|over| Instant::now() < over) {
                thread::sleep(Duration::from_millis(1));
            }
            if thread.is_finished() {
                // One that panicked has ended too.
                let _ended = thread.join();
            }
        }
    }
}

impl Hall {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a thread does until the end.
    fn work(&self) {
        let mut desk = Desk::new(self.counter.clone());
        while let Some(job) = self.next() {
            job(&mut desk);
        }
    }

    fn next(&self) -> Option<Job> {
        let mut line = self.line();
        loop {
            if let Some(job) = line.jobs.pop_front() {
                return Some(job);
            }
            if line.closed {
                return None;
            }
            line.idle = line.idle.saturating_add(1);
            line = self.changed.wait(line).unwrap_or_else(PoisonError::into_inner);
            line.idle = line.idle.saturating_sub(1);
        }
    }
}

//! Sources as a system may offer them: short reads, interruptions, a failure on the way.

use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom};

use crate::fuzz::input::Input;

/// After so many calls everything asked for is given, so that an execution ends.
const CHOPPY_CALLS: usize = 400;

/// A package that is read in pieces of lengths that the fuzzer chose.
pub(super) struct Choppy<'a> {
    bytes: Cursor<&'a [u8]>,
    plan: &'a Plan,
    calls: usize,
}

/// How a source behaves.
pub(super) struct Plan {
    steps: Vec<u8>,
    /// Reading at or beyond this offset fails.
    pub(super) fails_at: Option<u64>,
}

impl Plan {
    pub(super) fn choose(input: &mut Input<'_>) -> Self {
        let steps = input.bytes(8).to_vec();
        Self { steps, fails_at: None }
    }

    pub(super) fn over<'a>(&'a self, bytes: &'a [u8]) -> Choppy<'a> {
        Choppy { bytes: Cursor::new(bytes), plan: self, calls: 0 }
    }
}

impl Read for Choppy<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.calls += 1;
        let steps = &self.plan.steps;
        let step = if self.calls > CHOPPY_CALLS || steps.is_empty() {
            u8::MAX
        } else {
            steps[self.calls % steps.len()]
        };
        let mut most = match step {
            0..=9 => return Err(ErrorKind::Interrupted.into()),
            10..=99 => usize::from(step - 9),
            100..=199 => usize::from(step) * 164,
            200..=219 => 16_400,
            220..=229 => 16_399,
            230..=239 => 1 << 18,
            _ => usize::MAX,
        };
        if let Some(end) = self.plan.fails_at {
            let left = end.saturating_sub(self.bytes.position());
            if left == 0 && !out.is_empty() {
                return Err(ErrorKind::TimedOut.into());
            }
            most = most.min(usize::try_from(left).unwrap());
        }
        let len = most.min(out.len());
        self.bytes.read(&mut out[..len])
    }
}

impl Seek for Choppy<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

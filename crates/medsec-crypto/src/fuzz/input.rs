//! Decisions read from the fuzzer's bytes, front to back. An exhausted input gives zeros.

/// What is left of an input.
pub(super) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// Up to `len` bytes.
    pub(super) fn take(&mut self, len: usize) -> &'a [u8] {
        let (head, tail) = self.0.split_at(len.min(self.0.len()));
        self.0 = tail;
        head
    }

    pub(super) fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        let bytes = self.take(N);
        out[..bytes.len()].copy_from_slice(bytes);
        out
    }

    pub(super) fn u8(&mut self) -> u8 {
        u8::from_be_bytes(self.array())
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.array())
    }

    pub(super) fn u64(&mut self) -> u64 {
        u64::from_be_bytes(self.array())
    }

    pub(super) fn flag(&mut self) -> bool {
        self.u8() & 1 == 1
    }

    /// A number below `end`, 0 if there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let number = match end {
            0..=1 => return 0,
            2..=0x100 => usize::from(self.u8()),
            0x101..=0x1_0000 => usize::from(self.u16()),
            _ => u32::from_be_bytes(self.array()) as usize,
        };
        number % end
    }

    pub(super) fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }

    /// At most `max` bytes, their number in front.
    pub(super) fn bytes(&mut self, max: usize) -> &'a [u8] {
        let len = self.below(max + 1);
        self.take(len)
    }

    /// Bytes as text, whatever they are.
    pub(super) fn text(&mut self, max: usize) -> String {
        String::from_utf8_lossy(self.bytes(max)).into_owned()
    }
}

/// `len` bytes that repeat `pattern`, each round different.
pub(super) fn stretched(pattern: &[u8], len: usize) -> Vec<u8> {
    let period = pattern.len().max(1);
    let byte = |at: usize| {
        let round = (at / period) as u8;
        pattern.get(at % period).copied().unwrap_or(0) ^ round
    };
    (0..len).map(byte).collect()
}

//! Numbers and bytes of a body.

use zeroize::Zeroizing;

use super::{Malformed, VERSION};

/// More than any message with a secret needs: such a buffer never grows, and leaves no copy behind.
const ROOM: usize = 48 << 10;

/// A body that is being written.
pub(super) struct Out {
    bytes: Zeroizing<Vec<u8>>,
    fits: bool,
}

impl Out {
    pub(super) fn new(kind: u8) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM));
        bytes.extend_from_slice(&[VERSION, kind]);
        Self { bytes, fits: true }
    }

    pub(super) fn fixed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn u8(&mut self, number: u8) {
        self.fixed(&[number]);
    }

    pub(super) fn u32(&mut self, number: u32) {
        self.fixed(&number.to_be_bytes());
    }

    pub(super) fn u64(&mut self, number: u64) {
        self.fixed(&number.to_be_bytes());
    }

    /// A number of things that follow.
    pub(super) fn count(&mut self, count: usize) {
        let count = u16::try_from(count);
        self.fits &= count.is_ok();
        self.fixed(&count.unwrap_or_default().to_be_bytes());
    }

    pub(super) fn bytes16(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.fixed(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes16(text.as_bytes());
    }

    pub(super) fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.u8(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    /// The body; none if something in it is too long for its field.
    pub(super) fn finish(self) -> Result<Zeroizing<Vec<u8>>, Malformed> {
        self.fits.then_some(self.bytes).ok_or(Malformed)
    }
}

/// A body that is being read.
pub(super) struct In<'a>(&'a [u8]);

impl<'a> In<'a> {
    /// Takes the version away, and gives the kind.
    pub(super) fn open(body: &'a [u8]) -> Result<(u8, Self), Malformed> {
        match body {
            [VERSION, kind, rest @ ..] => Ok((*kind, Self(rest))),
            _ => Err(Malformed),
        }
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(|[byte]| *byte)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().copied().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().copied().map(u64::from_be_bytes)
    }

    pub(super) fn count(&mut self) -> Result<usize, Malformed> {
        self.array().copied().map(|len| usize::from(u16::from_be_bytes(len)))
    }

    pub(super) fn bytes16(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.count()?;
        self.take(len)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Malformed> {
        str::from_utf8(self.bytes16()?).map_err(|_| Malformed)
    }

    /// A text that is a value of that type, in its one form.
    pub(super) fn word<T: std::str::FromStr>(&mut self) -> Result<T, Malformed> {
        self.text()?.parse().map_err(|_| Malformed)
    }

    pub(super) fn maybe<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        match self.u8()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(Malformed),
        }
    }

    /// So many things, read one by one: what they take is bounded by what is there, not by what was announced.
    pub(super) fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let count = self.count()?;
        let mut list = Vec::with_capacity(count.min(self.0.len()));
        for _ in 0..count {
            list.push(read(self)?);
        }
        Ok(list)
    }

    /// Nothing may follow.
    pub(super) fn end(&self) -> Result<(), Malformed> {
        self.0.is_empty().then_some(()).ok_or(Malformed)
    }
}

//! Edits of a valid package that know its structure, chosen by the fuzzer.

use crate::backend::sha256;
use crate::cobblestone::SEALED_CHUNK_LEN;
use crate::fuzz::input::Input;
use crate::fuzz::samples::{Layout, SHORT, Sample, samples};
use crate::suite::Backend;

/// Most edits of one package.
const MOST: usize = 4;

/// A package that is being edited. The layout is the original's: after an insertion its offsets point
/// elsewhere, which is as good a place to edit.
struct Edited<'s> {
    bytes: Vec<u8>,
    layout: Layout,
    /// Where the bytes that may be edited start.
    from: usize,
    donor: &'s Sample,
}

/// Applies up to four edits to `sample`, none of them before `from`.
pub(super) fn edited(input: &mut Input<'_>, sample: &Sample, from: usize) -> Vec<u8> {
    let mut edited = Edited {
        bytes: sample.bytes.clone(),
        layout: sample.layout,
        from,
        donor: input.pick(&samples()[..SHORT]),
    };
    for _ in 0..MOST {
        if input.is_empty() {
            break;
        }
        edited.edit(input);
    }
    edited.bytes
}

impl Edited<'_> {
    fn edit(&mut self, input: &mut Input<'_>) {
        let kinds = if self.from == 0 { 20 } else { 12 };
        match input.below(kinds) {
            0 => self.flip(input),
            1 => self.overwrite(input),
            2 => self.insert(input),
            3 => self.delete(input),
            4 => self.bytes.truncate(self.place(input)),
            5 => self.bytes.extend_from_slice(input.bytes(64)),
            6 => self.swap_chunks(input),
            7 => self.duplicate_chunk(input),
            8 => self.drop_chunks(input),
            9 => self.chunk_of_another(input),
            10 => self.splice(input),
            11 => self.ending_of_another(input),
            12 => self.length_field(input),
            13 => self.swap_slots(),
            14 => self.copy_slot(input),
            15 => self.zero_slot(input),
            16 => self.digest_slot(input),
            17 => self.generation(input),
            18 => self.part_of_another(input),
            _ => self.tail_of_another(input),
        }
    }

    /// An offset in one of the parts, often near its start or its end.
    fn place(&self, input: &mut Input<'_>) -> usize {
        let Layout { slots, slot_len, payload, chunks, ending, end } = self.layout;
        let parts = [
            (chunks, ending),
            (ending, end),
            (payload, chunks),
            (0, 16),
            (16, slots - 4),
            (slots - 4, slots + 12),
            (slots, slots + slot_len),
            (slots + slot_len, payload),
        ];
        let kinds = if self.from == 0 { 8 } else { 3 };
        let (start, stop) = parts[input.below(kinds)];
        let within = input.u16();
        let len = stop - start;
        let distance = usize::from(within >> 1) % len.max(1);
        let at = if within & 1 == 0 { start + distance } else { stop - distance };
        at.clamp(self.from, self.bytes.len().max(self.from)).min(self.bytes.len())
    }

    fn flip(&mut self, input: &mut Input<'_>) {
        let at = self.place(input);
        let mask = input.u8().max(1);
        if let Some(byte) = self.bytes.get_mut(at) {
            *byte ^= mask;
        }
    }

    fn overwrite(&mut self, input: &mut Input<'_>) {
        let at = self.place(input);
        let with = input.bytes(40);
        let places = self.bytes[at..].iter_mut();
        places.zip(with).for_each(|(to, from)| *to = *from);
    }

    fn insert(&mut self, input: &mut Input<'_>) {
        let at = self.place(input);
        let what = input.bytes(40);
        self.bytes.splice(at..at, what.iter().copied());
    }

    fn delete(&mut self, input: &mut Input<'_>) {
        let at = self.place(input);
        let len = usize::from(input.u16()).min(self.bytes.len() - at);
        self.bytes.drain(at..at + len);
    }

    /// Where a chunk of the payload lies, its tag included.
    fn chunk(&self, input: &mut Input<'_>) -> std::ops::Range<usize> {
        let Layout { chunks, ending, .. } = self.layout;
        let count = (ending - chunks).div_ceil(SEALED_CHUNK_LEN);
        let start = chunks + input.below(count) * SEALED_CHUNK_LEN;
        let stop = (start + SEALED_CHUNK_LEN).min(ending);
        start.min(self.bytes.len())..stop.min(self.bytes.len())
    }

    fn swap_chunks(&mut self, input: &mut Input<'_>) {
        let (one, other) = (self.chunk(input), self.chunk(input));
        let (first, second) = if one.start <= other.start { (one, other) } else { (other, one) };
        let saved = [self.bytes[first.clone()].to_vec(), self.bytes[second.clone()].to_vec()];
        let [first_bytes, second_bytes] = saved;
        self.bytes.splice(second, first_bytes);
        self.bytes.splice(first, second_bytes);
    }

    fn duplicate_chunk(&mut self, input: &mut Input<'_>) {
        let (what, at) = (self.chunk(input), self.chunk(input));
        let what = self.bytes[what].to_vec();
        self.bytes.splice(at.start..at.start, what);
    }

    fn drop_chunks(&mut self, input: &mut Input<'_>) {
        let (one, other) = (self.chunk(input), self.chunk(input));
        let range = one.start.min(other.start)..one.end.max(other.end);
        self.bytes.drain(range);
    }

    fn chunk_of_another(&mut self, input: &mut Input<'_>) {
        let at = self.chunk(input);
        let Layout { chunks, ending, .. } = self.donor.layout;
        let count = (ending - chunks).div_ceil(SEALED_CHUNK_LEN);
        let start = chunks + input.below(count) * SEALED_CHUNK_LEN;
        let chunk = &self.donor.bytes[start..(start + SEALED_CHUNK_LEN).min(ending)];
        self.bytes.splice(at, chunk.iter().copied());
    }

    /// The same bytes of another package over these.
    fn splice(&mut self, input: &mut Input<'_>) {
        let at = self.place(input);
        let len = usize::from(input.u16());
        let donor = self.donor.bytes.get(at..).unwrap_or_default();
        let places = self.bytes[at..].iter_mut().take(len);
        places.zip(donor).for_each(|(to, from)| *to = *from);
    }

    fn ending_of_another(&mut self, input: &mut Input<'_>) {
        let ending = self.layout.ending.min(self.bytes.len());
        if input.flag() {
            self.bytes.truncate(ending);
        }
        let donor = &self.donor.bytes[self.donor.layout.ending..];
        self.bytes.extend_from_slice(donor);
    }

    fn length_field(&mut self, input: &mut Input<'_>) {
        let Layout { slots, slot_len, ending, end, .. } = self.layout;
        let mut fields = vec![
            (12, 4),
            (slots - 4, 4),
            (slots + 8, 4),
            (slots + slot_len + 8, 4),
            // The first two stanzas of a slot: key_ref_len, wrapped_len.
            (slots + 14, 2),
            (slots + 16, 2),
            // Of the metadata section, without and with a trailer; payload_len in the trailer.
            (end.saturating_sub(4), 4),
            (end.saturating_sub(144), 4),
            (end.saturating_sub(136), 8),
            (ending, 8),
        ];
        // Every field of the core.
        let mut at = 36;
        while let Some(len) = self.bytes.get(at + 2..at + 6) {
            if at >= slots - 4 {
                break;
            }
            fields.push((at + 2, 4));
            at += 6 + u32::from_be_bytes(len.try_into().unwrap()) as usize;
        }
        let (at, width) = *input.pick(&fields);
        let Some(field) = self.bytes.get_mut(at..at + width) else {
            return;
        };
        let old = field.iter().fold(0_u64, |n, b| (n << 8) | u64::from(*b));
        let new = match input.below(10) {
            0 => 0,
            1 => 1,
            2 => u64::MAX,
            3 => old.wrapping_add(1),
            4 => old.wrapping_sub(1),
            5 => old.wrapping_add(256),
            6 => old.wrapping_sub(256),
            7 => old.wrapping_mul(2),
            8 => old.wrapping_add(16_400),
            _ => input.u64(),
        };
        let bytes = new.to_be_bytes();
        field.copy_from_slice(&bytes[8 - width..]);
    }

    /// Both slots, if they are still there.
    fn slots(&mut self) -> Option<(&mut [u8], &mut [u8])> {
        let Layout { slots, slot_len, .. } = self.layout;
        let both = self.bytes.get_mut(slots..slots + 2 * slot_len)?;
        Some(both.split_at_mut(slot_len))
    }

    /// One of the slots.
    fn slot(&mut self, input: &mut Input<'_>) -> Option<&mut [u8]> {
        let second = input.flag();
        let (a, b) = self.slots()?;
        Some(if second { b } else { a })
    }

    fn swap_slots(&mut self) {
        if let Some((a, b)) = self.slots() {
            a.swap_with_slice(b);
        }
    }

    fn copy_slot(&mut self, input: &mut Input<'_>) {
        let back = input.flag();
        if let Some((a, b)) = self.slots() {
            if back {
                a.copy_from_slice(b);
            } else {
                b.copy_from_slice(a);
            }
        }
    }

    fn zero_slot(&mut self, input: &mut Input<'_>) {
        if let Some(slot) = self.slot(input) {
            slot.fill(0);
        }
    }

    /// Makes the digest right again, as anyone could.
    fn digest_slot(&mut self, input: &mut Input<'_>) {
        if let Some(slot) = self.slot(input) {
            set_digest(slot);
        }
    }

    fn generation(&mut self, input: &mut Input<'_>) {
        let generation = input.u8();
        if let Some(slot) = self.slot(input) {
            slot[..8].copy_from_slice(&u64::from(generation).to_be_bytes());
            set_digest(slot);
        }
    }

    fn part_of_another(&mut self, input: &mut Input<'_>) {
        let part = input.below(5);
        let range = |layout: &Layout| {
            [
                0..layout.slots - 4,
                layout.slots - 4..layout.payload,
                layout.payload..layout.chunks,
                layout.chunks..layout.ending,
                layout.ending..layout.end,
            ][part]
                .clone()
        };
        let place = range(&self.layout);
        let end = place.end.min(self.bytes.len());
        let start = place.start.min(end);
        let donated = self.donor.bytes[range(&self.donor.layout)].to_vec();
        self.bytes.splice(start..end, donated);
    }

    fn tail_of_another(&mut self, input: &mut Input<'_>) {
        let at = self.place(input);
        let donor = self.donor.bytes.get(at..).unwrap_or_default();
        self.bytes.truncate(at);
        self.bytes.extend_from_slice(donor);
    }
}

/// Completes a slot with the digest of what stands before it.
pub(super) fn set_digest(slot: &mut [u8]) {
    let len = u32::try_from(slot.len()).unwrap().to_be_bytes();
    let (covered, digest) = slot.split_last_chunk_mut::<32>().unwrap();
    *digest = sha256(Backend::RustCrypto, &[&len, covered]);
}

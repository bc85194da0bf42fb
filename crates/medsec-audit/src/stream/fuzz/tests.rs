//! Small files, cut and damaged at every byte.

use super::{Sample, sample};
use crate::epoch::decode_slot;
use crate::stream::{hwm, state};

/// Every beginning of the bytes, and the bytes with one changed at every place.
fn damaged(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let cut = (0..bytes.len()).map(|len| bytes[..len].to_vec());
    let changed = (0..bytes.len()).flat_map(move |at| {
        [0x01, 0x20, 0x80].map(|bit| {
            let mut other = bytes.to_vec();
            other[at] ^= bit;
            other
        })
    });
    cut.chain(changed)
}

#[test]
fn damaged_mark_is_none_or_says_something_else() {
    let Sample { mark, .. } = sample();
    let honest = hwm::decode(&mark).unwrap();
    for bytes in damaged(&mark) {
        // It has no digest: what a changed digit says is told apart by what stands in the stream.
        assert!(hwm::decode(&bytes).is_none_or(|commit| commit != honest));
    }
    assert!(hwm::decode(&[&mark[..], b" "].concat()).is_none());
}

#[test]
fn damaged_state_is_none() {
    let Sample { state, .. } = sample();
    assert!(state::decode(&state, None).is_some());
    assert!(damaged(&state).all(|bytes| state::decode(&bytes, None).is_none()));
    assert!(state::decode(&[&state[..], &[0]].concat(), None).is_none());
}

#[test]
fn damaged_slot_has_no_key() {
    let Sample { slots, .. } = sample();
    let full = slots.chunks_exact(4096).filter(|slot| slot.iter().any(|byte| *byte != 0));
    for slot in full {
        assert!(decode_slot(slot.try_into().unwrap()).is_some());
        for bytes in damaged(slot).filter(|bytes| bytes.len() == 4096) {
            assert!(decode_slot(bytes.as_slice().try_into().unwrap()).is_none());
        }
    }
    assert!(decode_slot(&[0; 4096]).is_none());
}

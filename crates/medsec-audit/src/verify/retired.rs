//! Whether records that are gone were allowed to go.

use super::Finding;
use crate::stream::{Ending, Retired};

/// What speaks against the stream: that records are gone without the log key's permission, before their time, or
/// others than it permitted.
pub(super) fn findings(ending: &Ending) -> Vec<Finding> {
    let Some((gone, keep)) = ending.replay.gone() else { return Vec::new() };
    let keep = keep.as_millis();
    let retired = ending.replay.retired();
    let permitted = retired.last().map_or(0, behind);
    if permitted < gone {
        return vec![Finding::Truncated { known: gone, found: 0 }];
    }
    // Of a retirement that is not carried out to its end, only what is gone must have had its time.
    let begun = retired.iter().filter(|retired| retired.retirement.first.get() < gone);
    let early = begun.filter(|retired| {
        let old = ending.bound(behind(retired).min(gone)).is_some_and(|bound| {
            // Everything before the bound is older than it.
            retired.at.unix_millis().saturating_sub(bound.at.unix_millis()) >= keep
        });
        let root = ending.bound(behind(retired)).map(|bound| bound.root);
        !old || root != Some(retired.retirement.root)
    });
    early.map(|retired| Finding::RetiredEarly { last: retired.retirement.last.get() }).collect()
}

/// The first record behind those that may go.
fn behind(retired: &Retired) -> u64 {
    retired.retirement.last.get().saturating_add(1)
}

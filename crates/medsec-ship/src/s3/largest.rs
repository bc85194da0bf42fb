//! The largest size among many objects, in few requests.
//!
//! A bucket lists names in ascending order only, a page at a time. Six years of a checkpoint every ten minutes are
//! 300 pages; halving the distance finds the end in at most some hundred, and for most logs the first page is all.

use std::future::Future;

use medsec_audit::{MAX_TREE_SIZE, OutsideError};

/// Some sizes in ascending order, and whether there are more behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) last: Option<u64>,
    pub(super) more: bool,
}

/// Lists sizes.
pub(super) trait Pages {
    /// The sizes behind one, or all from the beginning.
    fn behind(&self, size: Option<u64>) -> impl Future<Output = Result<Page, OutsideError>> + Send;
}

/// The largest size; nothing if there is none.
pub(super) async fn size(pages: &(impl Pages + Sync)) -> Result<Option<u64>, OutsideError> {
    let first = pages.behind(None).await?;
    let Some(mut low) = first.last.filter(|_| first.more) else { return Ok(first.last) };
    // The largest is at least `low`, which is there, and at most `high`.
    let mut high = MAX_TREE_SIZE;
    loop {
        let middle = low.midpoint(high);
        let found = if middle > low { pages.behind(Some(middle)).await?.last } else { None };
        match found {
            Some(last) => low = last.max(low),
            None => high = middle,
        }
        // Only a page behind a size that is there says for certain that nothing else is.
        let page = pages.behind(Some(low)).await?;
        let last = page.last.map_or(low, |last| last.max(low));
        if !page.more || last == low {
            return Ok(Some(last));
        }
        low = last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const PAGE: usize = 10;

    struct Fake {
        sizes: Vec<u64>,
        asked: AtomicUsize,
    }

    impl Pages for Fake {
        async fn behind(&self, size: Option<u64>) -> Result<Page, OutsideError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let rest = self.sizes.iter().filter(|found| size.is_none_or(|size| **found > size));
            let rest: Vec<_> = rest.copied().collect();
            let page = &rest[..rest.len().min(PAGE)];
            Ok(Page { last: page.last().copied(), more: rest.len() > PAGE })
        }
    }

    fn found(sizes: Vec<u64>) -> (Option<u64>, usize) {
        let fake = Fake { sizes, asked: AtomicUsize::new(0) };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        (runtime.block_on(size(&fake)).unwrap(), fake.asked.into_inner())
    }

    #[test]
    fn largest_size_is_found_in_few_pages() {
        assert_eq!(found(vec![]), (None, 1));
        assert_eq!(found(vec![7]), (Some(7), 1));
        for len in [10, 11, 19, 20, 21, 100, 5_000] {
            for step in [1, 3, 1_000_000_007] {
                let sizes: Vec<u64> = (1..=len).map(|n| n * step).collect();
                let (largest, asked) = found(sizes);
                assert_eq!(largest, Some(len * step));
                assert!(asked <= 130, "{asked} pages for {len} sizes");
            }
        }
    }

    #[test]
    fn sizes_far_apart_are_found_too() {
        let mut sizes: Vec<u64> = (1..500).collect();
        sizes.extend([1 << 40, (1 << 40) + 1, 1 << 62]);
        assert_eq!(found(sizes).0, Some(1 << 62));
    }
}

//! The encryption context: what a data key is bound to, as KMS authenticates and logs it.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::service::KeyContext;

/// Base64 of the 32 bytes of the bind; in every request.
pub(super) const BIND: &str = "medsec:bind";
/// The opaque dataset id; exactly if the package names one in clear.
pub(super) const DATASET: &str = "medsec:dataset";

/// The pairs for a context.
pub(super) fn pairs(context: &KeyContext) -> HashMap<String, String> {
    let bind = (BIND.to_owned(), STANDARD.encode(context.bind.as_bytes()));
    let dataset = context.dataset.as_ref().map(|id| (DATASET.to_owned(), id.as_str().to_owned()));
    std::iter::once(bind).chain(dataset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use medsec_crypto::{Bind, DatasetId};

    #[test]
    fn dataset_is_named_exactly_if_the_package_names_one() {
        let bind = Bind::from_bytes([0xfb; 32]);
        let without = pairs(&KeyContext { bind, dataset: None });
        let text = "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=";
        assert_eq!(without, HashMap::from([("medsec:bind".to_owned(), text.to_owned())]));
        let dataset = Some(DatasetId::new("mri-2026").unwrap());
        let with = pairs(&KeyContext { bind: Bind::from_bytes([0xfb; 32]), dataset });
        assert_eq!(with.len(), 2);
        assert_eq!(with["medsec:bind"], text);
        assert_eq!(with["medsec:dataset"], "mri-2026");
    }
}

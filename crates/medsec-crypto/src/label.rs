//! Domain separation: every derived value starts with the format's label and its own role.

/// Label of this format.
pub(crate) const LABEL: &str = "medsec/sealed-package/v1";

/// `label ‖ 0 ‖ role ‖ 0 ‖ fields…` as parts to hash or derive from.
pub(crate) fn labelled<'a>(role: &'a str, fields: &[&'a [u8]]) -> Vec<&'a [u8]> {
    [&[LABEL.as_bytes(), &[0], role.as_bytes(), &[0]], fields].concat()
}

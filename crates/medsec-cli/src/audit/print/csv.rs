//! Lines for spreadsheets, after RFC 4180.

use std::io::{self, Write};

/// One line. Every field stands between quotation marks.
pub(super) fn line<'f>(
    out: &mut impl Write,
    fields: impl Iterator<Item = &'f str>,
) -> io::Result<()> {
    let fields: Vec<String> = fields.map(field).collect();
    out.write_all(fields.join(",").as_bytes())?;
    out.write_all(b"\r\n")
}

/// One field. No identifier of the log begins like a formula; if anything ever does, it is no formula any more.
pub(crate) fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let mark = if formula { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn fields_are_quoted_and_never_formulas() {
        let cases = [
            ("a", "\"a\""),
            ("a\"b,\n", "\"a\"\"b,\n\""),
            ("=1+1", "\"'=1+1\""),
            ("-1", "\"'-1\""),
        ];
        for (text, expected) in cases {
            assert_eq!(field(text), expected);
        }
    }
}

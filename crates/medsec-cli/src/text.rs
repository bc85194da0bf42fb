//! Texts of foreign origin, fit to be shown.

/// Whether a character can make a text look like another: one that moves the cursor, changes the
/// direction of writing or is not seen at all.
pub(crate) fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// The text with such characters written out as `\u{…}`.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if deceives(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_characters_are_written_out() {
        let hostile = "a\u{1b}[2J\n\u{9b}\u{202e}b\u{feff}";
        let expected = r"a\u{1b}[2J\u{a}\u{9b}\u{202e}b\u{feff}";
        assert_eq!(shown(hostile), expected);
        assert_eq!(shown("Łódź O'Neil \"x\""), "Łódź O'Neil \"x\"");
    }
}

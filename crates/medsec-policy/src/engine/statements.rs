//! Cuts a file of rules into its rules, so that one that cannot be read does not hide what is wrong with others.

/// The deepest brackets that are read: the parser of rules calls itself for each.
pub(super) const MAX_DEPTH: usize = 32;

/// The text of one rule, up to and with its semicolon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Statement<'a> {
    /// Where it begins in the file, in bytes; comments before it do not belong to it.
    pub(super) start: usize,
    pub(super) text: &'a str,
    pub(super) too_deep: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Code,
    Text,
    Escape,
    Comment,
}

/// The rules of a file. What stands behind the last semicolon is one too, unless it is a comment.
pub(super) fn statements(file: &str) -> Vec<Statement<'_>> {
    let mut found = Vec::new();
    let (mut within, mut depth, mut deepest) = (Within::Code, 0_usize, 0_usize);
    let mut start = None;
    let mut bytes = file.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        let next = bytes.peek().map(|(_, byte)| *byte);
        within = step(within, byte, next);
        if within == Within::Comment || (start.is_none() && byte.is_ascii_whitespace()) {
            continue;
        }
        let begin = *start.get_or_insert(at);
        if within != Within::Code {
            continue;
        }
        depth = match byte {
            b'(' | b'[' | b'{' => depth.saturating_add(1),
            b')' | b']' | b'}' => depth.saturating_sub(1),
            _ => depth,
        };
        deepest = deepest.max(depth);
        if byte == b';' {
            found.extend(statement(file, begin, at.saturating_add(1), deepest));
            (start, depth, deepest) = (None, 0, 0);
        }
    }
    found.extend(start.and_then(|begin| statement(file, begin, file.len(), deepest)));
    found
}

fn statement(file: &str, start: usize, end: usize, deepest: usize) -> Option<Statement<'_>> {
    let text = file.get(start..end)?;
    Some(Statement { start, text, too_deep: deepest > MAX_DEPTH })
}

/// Where the reader is with this byte.
const fn step(within: Within, byte: u8, next: Option<u8>) -> Within {
    match (within, byte) {
        (Within::Code, b'"') => Within::Text,
        (Within::Code, b'/') if matches!(next, Some(b'/')) => Within::Comment,
        (Within::Text, b'"') | (Within::Comment, b'\n') => Within::Code,
        (Within::Text, b'\\') => Within::Escape,
        (Within::Escape, _) => Within::Text,
        (within, _) => within,
    }
}

/// Line and column of a byte, both from 1; columns count characters.
pub(super) fn line_and_column(file: &str, at: usize) -> (usize, usize) {
    let before = file.get(..at).unwrap_or(file);
    let line = before.bytes().filter(|byte| *byte == b'\n').count();
    let column = before.chars().rev().take_while(|c| *c != '\n').count();
    (line.saturating_add(1), column.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(file: &str) -> Vec<&str> {
        statements(file).into_iter().map(|statement| statement.text).collect()
    }

    #[test]
    fn semicolons_in_texts_and_comments_end_no_rule() {
        let file = "// a; b\npermit (a) // c; \"\nwhen { x == \"y;\\\";\" };\n forbid;// end;\n";
        let expected = ["permit (a) // c; \"\nwhen { x == \"y;\\\";\" };", "forbid;"];
        assert_eq!(texts(file), expected);
        assert_eq!(statements(file)[0].start, 8);
    }

    #[test]
    fn what_follows_the_last_semicolon_is_not_lost() {
        assert_eq!(texts("permit; forbid"), ["permit;", "forbid"]);
        assert!(texts(" // nothing\n\n").is_empty());
        assert!(texts("").is_empty());
    }

    #[test]
    fn depth_of_brackets_is_found() {
        let deep = |n: usize| format!("{}{};", "(".repeat(n), ")".repeat(n));
        assert!(!statements(&deep(MAX_DEPTH))[0].too_deep);
        assert!(statements(&deep(MAX_DEPTH + 1))[0].too_deep);
    }

    #[test]
    fn places_are_counted_from_one_in_characters() {
        assert_eq!(line_and_column("a\nbé c", 0), (1, 1));
        assert_eq!(line_and_column("a\nbé c", 6), (2, 4));
        assert_eq!(line_and_column("a", 9), (1, 2));
    }
}

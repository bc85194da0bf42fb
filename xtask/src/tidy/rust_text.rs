//! Rust source with comments and the contents of literals blanked out.
//!
//! Lines stay where they are, so that a finding can name its line. This is a scanner, not a parser:
//! it knows just enough of Rust to tell code from text.

use std::iter::Peekable;
use std::str::Chars;

type Source<'a> = Peekable<Chars<'a>>;

/// The code alone: comments and what stands between quotes become blanks.
pub(crate) fn code_only(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('/', Some('/')) => line_comment(&mut chars, &mut code),
            ('/', Some('*')) => block_comment(&mut chars, &mut code),
            ('r', Some('"' | '#')) => raw_string(&mut chars, &mut code),
            ('"', _) => string(&mut chars, &mut code),
            ('\'', _) => quote(&mut chars, &mut code),
            _ => code.push(c),
        }
    }
    code
}

fn blank(c: char, code: &mut String) {
    code.push(if c == '\n' { '\n' } else { ' ' });
}

fn line_comment(chars: &mut Source<'_>, code: &mut String) {
    while let Some(c) = chars.next_if(|c| *c != '\n') {
        blank(c, code);
    }
}

fn block_comment(chars: &mut Source<'_>, code: &mut String) {
    chars.next();
    let mut open: usize = 1;
    while let Some(c) = chars.next() {
        blank(c, code);
        match (c, chars.peek()) {
            ('/', Some('*')) => open = open.saturating_add(1),
            ('*', Some('/')) => open = open.saturating_sub(1),
            _ => continue,
        }
        chars.next();
        if open == 0 {
            return;
        }
    }
}

fn string(chars: &mut Source<'_>, code: &mut String) {
    code.push('"');
    while let Some(c) = chars.next() {
        match c {
            '"' => return code.push('"'),
            '\\' => {
                blank(' ', code);
                chars.next().into_iter().for_each(|escaped| blank(escaped, code));
            }
            c => blank(c, code),
        }
    }
}

/// After an `r`: a raw string, or a raw identifier, which stays.
fn raw_string(chars: &mut Source<'_>, code: &mut String) {
    let mut ahead = chars.clone();
    let mut end = String::from("\"");
    while ahead.next_if_eq(&'#').is_some() {
        end.push('#');
    }
    if ahead.next() != Some('"') {
        return code.push('r');
    }
    *chars = ahead;
    code.push('"');
    let mut content = String::new();
    for c in chars.by_ref() {
        content.push(c);
        blank(c, code);
        if content.ends_with(&end) {
            break;
        }
    }
    code.push('"');
}

/// After a single quote: a character, or a lifetime, which stays.
fn quote(chars: &mut Source<'_>, code: &mut String) {
    let mut ahead = chars.clone();
    match (ahead.next(), ahead.next()) {
        (Some('\\'), Some(escaped)) => {
            blank(escaped, code);
            ahead.by_ref().take_while(|c| *c != '\'').for_each(|c| blank(c, code));
            *chars = ahead;
        }
        (Some(c), Some('\'')) => {
            blank(c, code);
            *chars = ahead;
        }
        _ => code.push('\''),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_become_blanks() {
        assert_eq!(code_only("a // b\nc").replace(' ', ""), "a\nc");
        assert_eq!(code_only("a /* b /* c */\n d */ e").replace(' ', ""), "a\ne");
    }

    #[test]
    fn contents_of_strings_become_blanks() {
        assert_eq!(code_only(r#"f("a\"b", c)"#).replace(' ', ""), r#"f("",c)"#);
        assert_eq!(code_only("f(r#\"a\"b\"#, c)").replace(' ', ""), "f(\"\",c)");
        assert_eq!(code_only("f(br\"//\", r#type)").replace(' ', ""), "f(b\"\",r#type)");
    }

    #[test]
    fn characters_and_lifetimes_are_told_apart() {
        assert_eq!(code_only("f('\"', '\\'', 'x')").replace(' ', ""), "f(,,)");
        assert_eq!(code_only("fn f<'a>(x: &'a str)"), "fn f<'a>(x: &'a str)");
    }

    #[test]
    fn lines_stay_where_they_are() {
        let source = "let a = \"one\ntwo\";\n/* x\ny */ let b = r\"\n\";\n// end\n";
        assert_eq!(code_only(source).matches('\n').count(), source.matches('\n').count());
    }
}

//! The hash of a test's body, from its source: a second implementation of `docs/formats/test-witness.md`.

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};
use sha2::{Digest as _, Sha256};

use crate::digest::hex;

/// The hash in lower-case hexadecimal.
pub(super) fn hash(body: TokenStream) -> String {
    let mut hasher = Sha256::new();
    put_all(&mut hasher, body);
    hex(&hasher.finalize())
}

fn put_all(hasher: &mut Sha256, stream: TokenStream) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut rest = tokens.as_slice();
    while let Some((token, after)) = rest.split_first() {
        rest = after;
        match token {
            TokenTree::Ident(ident) => put(hasher, b'i', &ident.to_string()),
            TokenTree::Literal(literal) => put(hasher, b'l', &literal.to_string()),
            TokenTree::Group(group) => put_group(hasher, group),
            TokenTree::Punct(punct) => match (punct.as_char(), after.split_first()) {
                ('#', Some((TokenTree::Group(group), behind))) if is_doc(group) => rest = behind,
                (one @ ('&' | '|' | '<'), Some((TokenTree::Punct(next), behind)))
                    if punct.spacing() == Spacing::Joint && next.as_char() == one =>
                {
                    put(hasher, b'p', &[one, one].iter().collect::<String>());
                    rest = behind;
                }
                (one, _) => put(hasher, b'p', &one.to_string()),
            },
        }
    }
}

fn put_group(hasher: &mut Sha256, group: &Group) {
    let (open, close) = match group.delimiter() {
        Delimiter::Parenthesis => (b'(', b')'),
        Delimiter::Bracket => (b'[', b']'),
        Delimiter::Brace => (b'{', b'}'),
        Delimiter::None => return put_all(hasher, group.stream()),
    };
    put(hasher, open, "");
    put_all(hasher, group.stream());
    put(hasher, close, "");
}

/// The `[doc = "…"]` of a documentation comment.
fn is_doc(group: &Group) -> bool {
    let first = group.stream().into_iter().next();
    group.delimiter() == Delimiter::Bracket
        && matches!(first, Some(TokenTree::Ident(name)) if name == "doc")
}

fn put(hasher: &mut Sha256, tag: u8, text: &str) {
    hasher.update([tag]);
    hasher.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
    hasher.update(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str) -> String {
        hash(source.parse().unwrap())
    }

    #[test]
    fn published_vectors_are_met() {
        for (source, expected) in [
            ("abc", "f385117b8afd6d012f90407ffb43bed14d77fa68c3349db9e0dc4f074c73969c"),
            ("{ ev.proven() }", "543f7b49f48c0b5380e8b5d82ccbb6c54da96600528affcc99c0661a19397a3d"),
            (
                "{ a && !b == 1u8 }",
                "f747df61f6a59117655a1e1f491511f7939ea4e17a14bedf5372d5c1a635d566",
            ),
        ] {
            assert_eq!(of(source), expected, "{source}");
        }
    }

    #[test]
    fn edits_count_and_comments_do_not() {
        assert_ne!(of("{ f(15) }"), of("{ f(16) }"));
        assert_ne!(of("{ a & &b }"), of("{ a && b }"));
        assert_eq!(of("{ /// said\n f() }"), of("{ // why\n f ( ) }"));
    }
}

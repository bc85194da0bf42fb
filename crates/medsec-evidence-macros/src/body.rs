//! The body of an evidence test as tokens: its hash, and denials that name no error.
//!
//! The hash covers token text only, in an encoding of its own, since the printed form of a token stream
//! changes between compilers:
//!
//! ```text
//! SHA-256( for each token: tag ‖ u64_be(len) ‖ text )
//! tag: i identifier or keyword · l literal · p punctuation · ( ) [ ] { } delimiters, with empty text
//! ```
//!
//! Spacing counts only in `&&`, `||` and `<<`, where it can separate two meanings; elsewhere each
//! character of an operator is a token. Comments are not tokens, and documentation comments inside the
//! body are left out.

use std::collections::BTreeSet;
use std::iter::Peekable;

use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, Group, Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use sha2::{Digest as _, Sha256};
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Expr, Pat, Token};

/// The hash of a body.
pub(crate) fn hash(body: TokenStream) -> [u8; 32] {
    let mut hasher = Sha256::new();
    tokens(&mut hasher, body);
    hasher.finalize().into()
}

fn tokens(hasher: &mut Sha256, stream: TokenStream) {
    let mut rest = stream.into_iter().peekable();
    while let Some(token) = rest.next() {
        match token {
            TokenTree::Group(group) => delimited(hasher, &group),
            TokenTree::Ident(ident) => put(hasher, b'i', &ident.to_string()),
            TokenTree::Literal(literal) => put(hasher, b'l', &literal.to_string()),
            TokenTree::Punct(punct) if punct.as_char() == '#' && skip_doc(&mut rest) => {}
            TokenTree::Punct(punct) => {
                let first = punct.as_char();
                let doubled = punct.spacing() == Spacing::Joint
                    && matches!(first, '&' | '|' | '<')
                    && matches!(rest.peek(), Some(TokenTree::Punct(next)) if next.as_char() == first);
                if doubled {
                    rest.next();
                    put(hasher, b'p', &format!("{first}{first}"));
                } else {
                    put(hasher, b'p', first.encode_utf8(&mut [0; 4]));
                }
            }
        }
    }
}

fn delimited(hasher: &mut Sha256, group: &Group) {
    let (open, close) = match group.delimiter() {
        Delimiter::Parenthesis => (b'(', b')'),
        Delimiter::Brace => (b'{', b'}'),
        Delimiter::Bracket => (b'[', b']'),
        // Only where a macro put it: it is not in the source.
        Delimiter::None => return tokens(hasher, group.stream()),
    };
    put(hasher, open, "");
    tokens(hasher, group.stream());
    put(hasher, close, "");
}

fn put(hasher: &mut Sha256, tag: u8, text: &str) {
    let len = u64::try_from(text.len()).unwrap_or(u64::MAX);
    hasher.update([tag]);
    hasher.update(len.to_be_bytes());
    hasher.update(text);
}

/// Takes the `[doc = "…"]` after a `#`, if one follows.
fn skip_doc(rest: &mut Peekable<IntoIter>) -> bool {
    let is_doc = match rest.peek() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => {
            matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(name)) if name == "doc")
        }
        _ => false,
    };
    is_doc && rest.next().is_some()
}

/// The first `denies(…, closure)` whose closure does not look at the error: such a denial names none.
pub(crate) fn unnamed_denial(stream: TokenStream) -> Option<Span> {
    let mut called = false;
    for token in stream {
        if let TokenTree::Group(group) = &token {
            let here = if called { blind_closure(group.stream()) } else { None };
            if let Some(span) = here.or_else(|| unnamed_denial(group.stream())) {
                return Some(span);
            }
        }
        called = matches!(&token, TokenTree::Ident(name) if name == "denies");
    }
    None
}

/// The last argument, if it is a closure that uses nothing of what it is given. A function given by its name is taken at
/// its word: its body is not here.
fn blind_closure(arguments: TokenStream) -> Option<Span> {
    let arguments = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(arguments).ok()?;
    let closure = match arguments.last() {
        Some(Expr::Closure(closure)) => closure,
        _ => return None,
    };
    let pattern = closure.inputs.first()?;
    if names_a_variant(pattern) {
        return None;
    }
    let given = match pattern {
        Pat::Type(typed) => idents(typed.pat.to_token_stream()),
        other => idents(other.to_token_stream()),
    };
    let used = idents(closure.body.to_token_stream());
    given.is_disjoint(&used).then(|| pattern.span())
}

/// Whether a pattern itself says which error is meant: a path with something in it, as in `|Locked(_)|`, or the
/// one value of its type.
fn names_a_variant(pattern: &Pat) -> bool {
    match pattern {
        Pat::Reference(reference) => names_a_variant(&reference.pat),
        Pat::Type(typed) => names_a_variant(&typed.pat),
        Pat::Paren(inner) => names_a_variant(&inner.pat),
        Pat::TupleStruct(_) | Pat::Struct(_) | Pat::Path(_) => true,
        // A unit struct; a variable of such a name is a warning.
        Pat::Ident(one) => one.ident.to_string().starts_with(char::is_uppercase),
        _ => false,
    }
}

/// All identifiers, but for those that say that they are not used.
fn idents(stream: TokenStream) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for token in stream {
        match token {
            TokenTree::Ident(name) => drop(names.insert(name.to_string())),
            TokenTree::Group(group) => names.extend(idents(group.stream())),
            _ => {}
        }
    }
    names.retain(|name| !name.starts_with('_'));
    names
}

#[cfg(test)]
mod tests;

//! What is looked for in the tokens of a file, wherever it stands: in modules, functions and macros.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

/// Lines of `#[evidence(…)]`, by whatever path.
pub(super) fn attributes(stream: TokenStream) -> Vec<usize> {
    let mut lines = Vec::new();
    let mut after_hash = None;
    for token in stream {
        let line = token.span().start().line;
        match &token {
            TokenTree::Group(group) => {
                let marked = after_hash.filter(|_| group.delimiter() == Delimiter::Bracket);
                let tokens: Vec<_> = group.stream().into_iter().collect();
                match marked {
                    Some(line) if is_evidence(&tokens) => lines.push(line),
                    _ => lines.extend(attributes(group.stream())),
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                after_hash = Some(line);
                continue;
            }
            _ => {}
        }
        after_hash = None;
    }
    lines
}

/// A path that ends in `evidence`, and its arguments.
fn is_evidence(attribute: &[TokenTree]) -> bool {
    match attribute {
        [path @ .., TokenTree::Ident(name), TokenTree::Group(arguments)] => {
            let plain = path.iter().all(|token| match token {
                TokenTree::Ident(_) => true,
                TokenTree::Punct(punct) => punct.as_char() == ':',
                _ => false,
            });
            is(name, "evidence") && plain && arguments.delimiter() == Delimiter::Parenthesis
        }
        _ => false,
    }
}

/// Lines on which an identifier stands.
pub(super) fn lines_of(stream: TokenStream, name: &str) -> Vec<usize> {
    let mut lines = Vec::new();
    for token in stream {
        match token {
            TokenTree::Group(group) => lines.extend(lines_of(group.stream(), name)),
            TokenTree::Ident(ident) if is(&ident, name) => lines.push(ident.span().start().line),
            _ => {}
        }
    }
    lines
}

fn is(ident: &Ident, name: &str) -> bool {
    let text = ident.to_string();
    text.strip_prefix("r#").unwrap_or(&text) == name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_by_any_path_and_at_any_depth() {
        let source = "#[evidence(a)] fn a() {}\n#[ medsec_evidence :: evidence (b)] fn b() {}\n\
                      macro_rules! m { () => { \n#[r#evidence(c)] fn c() {} } }\n#[cfg(evidence)]\nevidence(1);";
        assert_eq!(attributes(source.parse().unwrap()), [1, 2, 4]);
    }

    #[test]
    fn identifiers_are_found_in_groups() {
        let source = "x::__private::y();\nfn f() { m![{ r#__private }] }\n\"__private\"";
        assert_eq!(lines_of(source.parse().unwrap(), "__private"), [1, 2]);
    }
}

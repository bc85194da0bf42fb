//! The arguments of `#[evidence(…)]`, read leniently: what does not compile is for the compiler to refuse.

use medsec_evidence::Polarity;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, LitStr, Result, Token, bracketed, token};

/// `edition::"citation", claim = "…", polarity = …`
#[derive(Debug)]
pub(super) struct Arguments {
    pub(super) edition: String,
    pub(super) citations: Vec<String>,
    pub(super) claim: String,
    pub(super) polarity: Polarity,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let edition: Ident = input.parse()?;
        input.parse::<Token![::]>()?;
        let cited: Vec<LitStr> = if input.peek(token::Bracket) {
            let list;
            bracketed!(list in input);
            Punctuated::<LitStr, Token![,]>::parse_terminated(&list)?.into_iter().collect()
        } else {
            vec![input.parse()?]
        };
        let (mut claim, mut polarity) = (String::new(), None);
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let option: Ident = input.parse()?;
            input.parse::<Token![=]>()?;
            if option == "claim" {
                claim = input.parse::<LitStr>()?.value();
            } else {
                let value: Ident = input.parse()?;
                polarity = match value.to_string().as_str() {
                    "allow" => Some(Polarity::Allow),
                    "deny" => Some(Polarity::Deny),
                    _ => return Err(syn::Error::new(value.span(), "`allow` or `deny`")),
                };
            }
        }
        let polarity = polarity.ok_or_else(|| input.error("no polarity"))?;
        let citations = cited.iter().map(LitStr::value).collect();
        Ok(Self { edition: edition.to_string(), citations, claim, polarity })
    }
}

/// The attribute of evidence among these, whatever path leads to it.
pub(super) fn find(attributes: &[Attribute]) -> Option<&Attribute> {
    attributes.iter().find(|attribute| {
        let last = attribute.path().segments.last();
        last.is_some_and(|segment| segment.ident == "evidence")
    })
}

/// The conditions of `#[cfg(…)]` and `#[cfg_attr(…)]`, but for `cfg(test)`.
pub(super) fn conditions(attributes: &[Attribute]) -> Vec<String> {
    let conditional = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    let text = |attribute: &Attribute| {
        let list = attribute.meta.require_list().ok()?;
        let text = list.tokens.to_string();
        (text != "test").then_some(text)
    };
    conditional.filter_map(text).collect()
}

/// Whether a `#[cfg_attr(…)]` puts an attribute of this name somewhere.
pub(super) fn sets(attribute: &Attribute, name: &str) -> bool {
    let list = attribute.meta.require_list().ok();
    let list = list.filter(|_| attribute.path().is_ident("cfg_attr"));
    list.is_some_and(|list| !super::tokens::lines_of(list.tokens.clone(), name).is_empty())
}

/// The `path` of a module that lies elsewhere.
pub(super) fn path(attributes: &[Attribute]) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.path().is_ident("path"))?;
    match &attribute.meta.require_name_value().ok()?.value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) => Some(path.value()),
        _ => None,
    }
}

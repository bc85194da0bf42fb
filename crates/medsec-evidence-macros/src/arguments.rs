//! The attribute's arguments: `edition::"citation", claim = "…", polarity = allow|deny`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, LitStr, Result, Token, bracketed, token};

use crate::citations;

// Equal to the bounds of the witness format, so that what compiles can also be recorded.
const MAX_CITATIONS: usize = 8;
const MAX_CLAIM_LEN: usize = 200;

const FORM: &str =
    "expected `#[evidence(hipaa2013::\"164.312(a)(1)\", claim = \"…\", polarity = deny)]`";

pub(crate) struct Arguments {
    pub(crate) edition: Ident,
    pub(crate) citations: Vec<LitStr>,
    pub(crate) claim: LitStr,
    pub(crate) polarity: Polarity,
}

#[derive(Clone, Copy)]
pub(crate) enum Polarity {
    Allow,
    Deny,
}

impl ToTokens for Polarity {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::Allow => quote!(::medsec_evidence::Polarity::Allow),
            Self::Deny => quote!(::medsec_evidence::Polarity::Deny),
        });
    }
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if !input.peek(Ident) || !input.peek2(Token![::]) {
            return Err(Error::new(input.span(), FORM));
        }
        let edition = edition(input)?;
        input.parse::<Token![::]>()?;
        let citations = citations(input)?;
        let (mut claim, mut polarity) = (None, None);
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let option: Ident = input.parse()?;
            input.parse::<Token![=]>()?;
            match option.to_string().as_str() {
                "claim" => set_once(&mut claim, &option, self::claim(input)?)?,
                "polarity" => set_once(&mut polarity, &option, self::polarity(input)?)?,
                _ => {
                    return Err(Error::new(
                        option.span(),
                        "unknown option; there are `claim` and `polarity`",
                    ));
                }
            }
        }
        Ok(Self {
            edition,
            citations,
            claim: claim.ok_or_else(|| missing("claim = \"what the test shows\""))?,
            polarity: polarity.ok_or_else(|| missing("polarity = allow` or `polarity = deny"))?,
        })
    }
}

fn missing(option: &str) -> Error {
    Error::new(Span::call_site(), format!("missing `{option}`"))
}

fn set_once<T>(slot: &mut Option<T>, option: &Ident, value: T) -> Result<()> {
    if slot.replace(value).is_some() {
        return Err(Error::new(option.span(), format!("`{option}` is given twice")));
    }
    Ok(())
}

fn edition(input: ParseStream<'_>) -> Result<Ident> {
    let edition: Ident = input.parse()?;
    if edition != "hipaa2013" {
        return Err(Error::new(edition.span(), "unknown edition; known: `hipaa2013`"));
    }
    Ok(edition)
}

fn citations(input: ParseStream<'_>) -> Result<Vec<LitStr>> {
    if !input.peek(token::Bracket) {
        return Ok(vec![citation(input)?]);
    }
    let list;
    let bracket = bracketed!(list in input).span.join();
    let cited: Vec<LitStr> =
        Punctuated::<LitStr, Token![,]>::parse_terminated_with(&list, citation)?
            .into_iter()
            .collect();
    if cited.is_empty() {
        return Err(Error::new(bracket, "no citation: what is this test evidence for?"));
    }
    if cited.len() > MAX_CITATIONS {
        return Err(Error::new(bracket, "more than eight citations: split the test"));
    }
    for (index, citation) in cited.iter().enumerate() {
        if cited.iter().take(index).any(|earlier| earlier.value() == citation.value()) {
            return Err(Error::new(citation.span(), "cited twice"));
        }
    }
    Ok(cited)
}

fn citation(input: ParseStream<'_>) -> Result<LitStr> {
    let citation: LitStr = input.parse()?;
    let cited = citation.value();
    if citations::is_known(&cited) {
        return Ok(citation);
    }
    let proposed = citations::proposed_for(&cited).join("`, `");
    let message = if proposed.is_empty() {
        "unknown citation: hipaa2013 has the items of 164.308, 310, 312, 314 and 316".to_owned()
    } else {
        format!("unknown citation: not an item of hipaa2013; near it are `{proposed}`")
    };
    Err(Error::new(citation.span(), message))
}

fn claim(input: ParseStream<'_>) -> Result<LitStr> {
    let claim: LitStr = input.parse()?;
    let text = claim.value();
    let problem = if text.trim().is_empty() {
        "the claim is empty: say what the test shows"
    } else if text.len() > MAX_CLAIM_LEN {
        "the claim is longer than 200 bytes"
    } else if text.contains(char::is_control) || text.trim() != text {
        "the claim is one line without surrounding blanks"
    } else {
        return Ok(claim);
    };
    Err(Error::new(claim.span(), problem))
}

fn polarity(input: ParseStream<'_>) -> Result<Polarity> {
    let unknown = "unknown polarity; `allow` or `deny`";
    let polarity: Ident =
        input.parse().map_err(|error: Error| Error::new(error.span(), unknown))?;
    match polarity.to_string().as_str() {
        "allow" => Ok(Polarity::Allow),
        "deny" => Ok(Polarity::Deny),
        _ => Err(Error::new(polarity.span(), unknown)),
    }
}

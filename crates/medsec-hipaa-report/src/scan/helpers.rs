//! Functions that check on behalf of tests: those that take an `Ev`, and macros. A body that only calls one has its checks
//! there, so that the lock holds a digest of them too.
//!
//! They are found by name, in all targets: a helper of the same name elsewhere counts as well, which at worst asks for a
//! look too many.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Block, ImplItem, Item, Signature, TraitItem};

use super::body;
use crate::digest::sha256;

/// All helpers by name.
#[derive(Debug, Default)]
pub(super) struct Helpers {
    by_name: BTreeMap<String, Vec<Helper>>,
}

#[derive(Debug)]
struct Helper {
    hash: String,
    mentions: BTreeSet<String>,
}

impl Helpers {
    /// Learns from an item that is no test.
    pub(super) fn learn(&mut self, item: &Item) {
        match item {
            Item::Fn(function) => self.function(&function.sig, Some(&function.block)),
            Item::Impl(block) => {
                for item in &block.items {
                    if let ImplItem::Fn(function) = item {
                        self.function(&function.sig, Some(&function.block));
                    }
                }
            }
            Item::Trait(block) => {
                for item in &block.items {
                    if let TraitItem::Fn(function) = item {
                        self.function(&function.sig, function.default.as_ref());
                    }
                }
            }
            Item::Macro(rules) => {
                if let Some(name) = &rules.ident {
                    self.add(&name.to_string(), rules.mac.tokens.clone());
                }
            }
            _ => {}
        }
    }

    fn function(&mut self, signature: &Signature, block: Option<&Block>) {
        if !mentioned(signature.inputs.to_token_stream()).contains("Ev") {
            return;
        }
        let mut tokens = signature.to_token_stream();
        tokens.extend(block.map(Block::to_token_stream));
        self.add(&signature.ident.to_string(), tokens);
    }

    fn add(&mut self, name: &str, tokens: TokenStream) {
        let helper = Helper { hash: body::hash(tokens.clone()), mentions: mentioned(tokens) };
        self.by_name.entry(name.to_owned()).or_default().push(helper);
    }

    /// The digest of all helpers that a body leads to; nothing where it leads to none.
    pub(super) fn digest(&self, mentions: &BTreeSet<String>) -> Option<String> {
        let mut open: Vec<&String> = mentions.iter().collect();
        let mut reached = BTreeSet::new();
        while let Some(name) = open.pop() {
            let Some((name, helpers)) = self.by_name.get_key_value(name) else { continue };
            if reached.insert(name) {
                open.extend(helpers.iter().flat_map(|helper| &helper.mentions));
            }
        }
        let hashes = |name: &String| {
            let mut hashes: Vec<_> =
                self.by_name.get(name).into_iter().flatten().map(|one| one.hash.as_str()).collect();
            hashes.sort_unstable();
            format!("{name} {}\n", hashes.join(" "))
        };
        let all: String = reached.iter().map(|name| hashes(name)).collect();
        (!all.is_empty()).then(|| sha256(all.as_bytes()))
    }
}

/// The identifiers in tokens.
pub(super) fn mentioned(stream: TokenStream) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for token in stream {
        match token {
            TokenTree::Ident(ident) => drop(names.insert(ident.to_string())),
            TokenTree::Group(group) => names.extend(mentioned(group.stream())),
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(helpers: &str, body: &str) -> Option<String> {
        let mut all = Helpers::default();
        syn::parse_file(helpers).unwrap().items.iter().for_each(|item| all.learn(item));
        all.digest(&mentioned(body.parse().unwrap()))
    }

    const HELPERS: &str =
        "fn one(ev: &Ev) { two(ev) } fn two(ev: &Ev) { ev.denies(x, |e| e == 1) } fn other() { 1 }";

    #[test]
    fn what_is_reached_through_others_counts() {
        let weaker = HELPERS.replace("e == 1", "e != 1");
        assert_ne!(digest(HELPERS, "one(&ev)"), digest(&weaker, "one(&ev)"));
        assert!(digest(HELPERS, "one(&ev)").is_some());
    }

    #[test]
    fn what_takes_no_evidence_does_not_count() {
        assert_eq!(digest(HELPERS, "other()"), None);
        assert_eq!(
            digest(HELPERS, "one(&ev)"),
            digest(&HELPERS.replace("{ 1 }", "{ 2 }"), "one(&ev)")
        );
    }

    #[test]
    fn methods_and_macros_count() {
        let helpers =
            "impl A { fn m(&self, ev: &mut Ev) { ev.holds(1) } } macro_rules! same { () => { 1 } }";
        for body in ["a.m(&ev)", "same!()"] {
            let weaker = helpers.replace('1', "2");
            assert_ne!(digest(helpers, body), digest(&weaker, body), "{body}");
        }
    }
}

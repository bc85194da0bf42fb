//! The attribute macro of medsec-evidence; use it through that crate.
//!
//! It checks at compile time what can be checked there: that a citation exists, that the claim says
//! something, that the function has the one signature an evidence test has, and that nothing on it can
//! keep the test from running or turn its failure into a pass.

#![forbid(unsafe_code)]

mod arguments;
mod body;
mod citations;
mod expand;
mod function;

use proc_macro::TokenStream;
use quote::quote;

/// Makes a function a test whose passing is evidence for items of the rule.
///
/// ```text
/// #[evidence(
///     hipaa2013::"164.312(a)(2)(iii)",
///     claim = "an idle session cannot open a package",
///     polarity = deny,
/// )]
/// fn idle_session_cannot_open(ev: Ev) -> Proven { … }
/// ```
///
/// - First the edition and the citation; several citations stand in a list:
///   `hipaa2013::["164.312(c)(1)", "164.312(c)(2)"]`, at most eight.
/// - `claim`: what the test shows, in words; 1 to 200 bytes on one line.
/// - `polarity`: `deny` if the test shows that something is refused (it then needs an `ev.denies`
///   check), `allow` if it shows that something works (`ev.allows`, `ev.holds` or `ev.equal`).
///
/// The function is `fn name(ev: Ev) -> Proven`. The attribute emits the `#[test]` itself; beside it only
/// documentation, `#[cfg]` and lint levels may stand on the function. An `async fn` carries the `test` attribute of
/// its runtime below this one, such as `#[tokio::test]`. These do not compile: an unknown citation or edition, a
/// missing or empty claim, another signature, `async` without a runtime, a runtime without `async`, an empty body,
/// `#[should_panic]`, `#[ignore]`, a further `#[test]`, what makes several tests of one function (`#[rstest]`), and an
/// `ev.denies` whose closure does not look at the error.
#[proc_macro_attribute]
pub fn evidence(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::evidence(arguments.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// The citations the attribute accepts, as an array of string literals.
///
/// Only for medsec-evidence's own test that catalog and attribute know the same citations.
#[doc(hidden)]
#[proc_macro]
pub fn hipaa2013_citations(_: TokenStream) -> TokenStream {
    let citations = citations::HIPAA2013;
    quote!([#(#citations),*]).into()
}

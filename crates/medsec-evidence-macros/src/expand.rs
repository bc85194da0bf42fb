//! From arguments and function to the test.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens as _, quote};
use syn::{Error, ItemFn, Result};

use crate::arguments::Arguments;
use crate::{body, function};

pub(crate) fn evidence(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let arguments: Arguments = syn::parse2(arguments)?;
    let not_a_function = "`#[evidence]` stands on a function: `fn name(ev: Ev) -> Proven`";
    let mut test: ItemFn =
        syn::parse2(item).map_err(|error| Error::new(error.span(), not_a_function))?;
    function::check(&test)?;
    let tokens = test.block.to_token_stream();
    if let Some(span) = body::unnamed_denial(tokens.clone()) {
        let problem = "this closure does not look at the error: name the one that is meant";
        return Err(Error::new(span, problem));
    }
    let body_sha256 = body::hash(tokens);
    let (runtime, attributes): (Vec<_>, Vec<_>) =
        std::mem::take(&mut test.attrs).into_iter().partition(function::is_runtime);
    let visibility = std::mem::replace(&mut test.vis, syn::Visibility::Inherited);
    let name = test.sig.ident.clone();
    let declaration = declaration(&arguments, &name.to_string(), body_sha256);
    // The body stays inside the `#[test]`, so that lints that spare tests spare it too.
    if let Some(runtime) = runtime.first() {
        return Ok(quote! {
            #runtime
            #(#attributes)*
            #visibility async fn #name() {
                #test
                let (running, ev) = ::medsec_evidence::__private::Running::start(#declaration);
                running.finish(#name(ev).await);
            }
        });
    }
    Ok(quote! {
        #[::core::prelude::v1::test]
        #(#attributes)*
        #visibility fn #name() {
            #test
            ::medsec_evidence::__private::run(#declaration, #name);
        }
    })
}

fn declaration(arguments: &Arguments, function: &str, body_sha256: [u8; 32]) -> TokenStream {
    let edition = arguments.edition.to_string();
    let Arguments { citations, claim, polarity, .. } = arguments;
    let body_sha256 = Literal::byte_string(&body_sha256);
    quote! {
        ::medsec_evidence::__private::Declaration {
            edition: #edition,
            citations: &[#(#citations),*],
            claim: #claim,
            polarity: #polarity,
            body_sha256: *#body_sha256,
            module_path: ::core::module_path!(),
            function: #function,
            file: ::core::file!(),
            line: ::core::line!(),
            package: ::core::env!("CARGO_PKG_NAME"),
            package_version: ::core::env!("CARGO_PKG_VERSION"),
            crate_name: ::core::env!("CARGO_CRATE_NAME"),
        }
    }
}

//! The one shape an evidence test has: `fn name(ev: Ev) -> Proven`, and nothing on it that could keep
//! it from running.

use syn::{AttrStyle, Attribute, Error, FnArg, ItemFn, Pat, Result, ReturnType, Type};

const SIGNATURE: &str = "an evidence test is `fn name(ev: Ev) -> Proven`";

/// Attributes that change neither whether nor how a test runs, except `cfg`, whose effect the list of
/// tests shows.
const ALLOWED: [&str; 7] = ["doc", "cfg", "allow", "expect", "warn", "deny", "forbid"];

pub(crate) fn check(function: &ItemFn) -> Result<()> {
    function.attrs.iter().try_for_each(check_attribute)?;
    check_qualifiers(function)?;
    check_parameter(function)?;
    check_result(function)?;
    if function.block.stmts.is_empty() {
        return Err(Error::new_spanned(&function.block, "an empty body proves nothing"));
    }
    Ok(())
}

fn check_attribute(attribute: &Attribute) -> Result<()> {
    let path = attribute.path();
    let is_outer = matches!(attribute.style, AttrStyle::Outer);
    if is_outer && ALLOWED.iter().any(|allowed| path.is_ident(allowed)) {
        return Ok(());
    }
    let last = path.segments.last().map(|segment| segment.ident.to_string());
    let problem = match last.as_deref() {
        Some("should_panic") => "a test that should panic proves nothing: use `ev.denies`",
        Some("ignore") => "an ignored test is no evidence",
        Some("test") => "`#[evidence]` emits the `#[test]` itself",
        Some("evidence") => "one `#[evidence]` per test: list several citations in it",
        _ => "only documentation, `cfg` and lint levels may stand on an evidence test",
    };
    Err(Error::new_spanned(attribute, problem))
}

fn check_qualifiers(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    let name = &signature.ident;
    if let Some(token) = signature.asyncness {
        let problem = "an evidence test is not `async`: drive the future inside it";
        return Err(Error::new(token.span, problem));
    }
    if name.to_string().starts_with("r#") {
        // libtest and the witness would spell it differently.
        let problem = "a raw identifier cannot name an evidence test";
        return Err(Error::new(name.span(), problem));
    }
    let refused = [
        signature.constness.map(|token| token.span),
        signature.unsafety.map(|token| token.span),
        signature.abi.as_ref().map(|abi| abi.extern_token.span),
        signature.generics.lt_token.map(|token| token.span),
        signature.generics.where_clause.as_ref().map(|clause| clause.where_token.span),
    ];
    match refused.into_iter().flatten().next() {
        Some(span) => Err(Error::new(span, SIGNATURE)),
        None => Ok(()),
    }
}

fn check_parameter(function: &ItemFn) -> Result<()> {
    let inputs = &function.sig.inputs;
    if inputs.is_empty() {
        let problem = format!("it takes no `ev`, so it cannot check anything; {SIGNATURE}");
        return Err(Error::new(function.sig.paren_token.span.join(), problem));
    }
    if let Some(second) = inputs.iter().nth(1) {
        return Err(Error::new_spanned(second, SIGNATURE));
    }
    let is_ev = |argument: &FnArg| match argument {
        FnArg::Typed(typed) => is_named(&typed.ty, "Ev") && matches!(*typed.pat, Pat::Ident(_)),
        FnArg::Receiver(_) => false,
    };
    match inputs.iter().find(|argument| !is_ev(argument)) {
        Some(other) => Err(Error::new_spanned(other, SIGNATURE)),
        None => Ok(()),
    }
}

fn check_result(function: &ItemFn) -> Result<()> {
    match &function.sig.output {
        ReturnType::Type(_, result) if is_named(result, "Proven") => Ok(()),
        ReturnType::Type(_, result) => Err(Error::new_spanned(result, SIGNATURE)),
        ReturnType::Default => {
            let problem = format!("it returns no `Proven`, so it proves nothing; {SIGNATURE}");
            Err(Error::new(function.sig.ident.span(), problem))
        }
    }
}

/// By its last segment; whether it is the right type of that name is for the compiler to say.
fn is_named(ty: &Type, name: &str) -> bool {
    match ty {
        Type::Path(path) => path.path.segments.last().is_some_and(|segment| segment.ident == name),
        _ => false,
    }
}

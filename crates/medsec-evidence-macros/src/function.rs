//! The one shape an evidence test has: `fn name(ev: Ev) -> Proven`, and nothing on it that could keep
//! it from running. An `async` one carries the `test` attribute of its runtime besides.

use syn::{AttrStyle, Attribute, Error, FnArg, ItemFn, Pat, Path, Result, ReturnType, Type};

const SIGNATURE: &str = "an evidence test is `fn name(ev: Ev) -> Proven`";

/// Attributes that make several tests of one function, under names of their own.
const MAKES_SEVERAL: [&str; 5] = ["rstest", "test_case", "test_matrix", "case", "values"];

/// Attributes that change neither whether nor how a test runs, except `cfg`, whose effect the list of
/// tests shows.
const ALLOWED: [&str; 7] = ["doc", "cfg", "allow", "expect", "warn", "deny", "forbid"];

pub(crate) fn check(function: &ItemFn) -> Result<()> {
    let is_async = function.sig.asyncness.is_some();
    function.attrs.iter().try_for_each(|attribute| check_attribute(attribute, is_async))?;
    check_runtime(function)?;
    check_qualifiers(function)?;
    check_parameter(function)?;
    check_result(function)?;
    if function.block.stmts.is_empty() {
        return Err(Error::new_spanned(&function.block, "an empty body proves nothing"));
    }
    Ok(())
}

/// Whether it is the `test` attribute of a runtime, such as `tokio::test`: in a crate, and not the language's own.
pub(crate) fn is_runtime(attribute: &Attribute) -> bool {
    let Path { segments, .. } = attribute.path();
    let first = segments.first().map(|segment| segment.ident.to_string());
    let own = matches!(first.as_deref(), Some("core" | "std" | "crate" | "self" | "super"));
    segments.len() > 1
        && !own
        && segments.last().is_some_and(|segment| segment.ident == "test")
        && matches!(attribute.style, AttrStyle::Outer)
}

fn check_attribute(attribute: &Attribute, is_async: bool) -> Result<()> {
    let path = attribute.path();
    let is_outer = matches!(attribute.style, AttrStyle::Outer);
    let is_allowed = ALLOWED.iter().any(|allowed| path.is_ident(allowed));
    if is_outer && (is_allowed || is_async && is_runtime(attribute)) {
        return Ok(());
    }
    let last = path.segments.last().map(|segment| segment.ident.to_string());
    let problem = match last.as_deref() {
        Some(last) if MAKES_SEVERAL.contains(&last) => {
            "one evidence test, one witness: loop over the cases in its body"
        }
        Some("should_panic") => "a test that should panic proves nothing: use `ev.denies`",
        Some("ignore") => "an ignored test is no evidence",
        Some("test") => "`#[evidence]` emits the `#[test]` itself",
        Some("evidence") => "one `#[evidence]` per test: list several citations in it",
        _ => "only documentation, `cfg` and lint levels may stand on an evidence test",
    };
    Err(Error::new_spanned(attribute, problem))
}

/// An `async` test has one runtime.
fn check_runtime(function: &ItemFn) -> Result<()> {
    let mut runtimes = function.attrs.iter().filter(|attribute| is_runtime(attribute));
    match (function.sig.asyncness, runtimes.next(), runtimes.next()) {
        (Some(token), None, _) => {
            let problem =
                "an `async` evidence test names its runtime below: `#[tokio::test]`, for example";
            Err(Error::new(token.span, problem))
        }
        (_, _, Some(second)) => Err(Error::new_spanned(second, "one runtime per test")),
        _ => Ok(()),
    }
}

fn check_qualifiers(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    let name = &signature.ident;
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

use std::str::FromStr;

use super::*;

fn hash_of(source: &str) -> [u8; 32] {
    hash(TokenStream::from_str(source).unwrap())
}

fn denial_in(source: &str) -> bool {
    unnamed_denial(TokenStream::from_str(source).unwrap()).is_some()
}

#[test]
fn changed_tokens_change_the_hash() {
    let whole = hash_of("{ ev.denies(open(15), |e| e.is_expired()); ev.proven() }");
    for weaker in [
        "{ ev.denies(open(16), |e| e.is_expired()); ev.proven() }",
        "{ ev.denies(open(15), |e| !e.is_expired()); ev.proven() }",
        "{ ev.proven() }",
        "{}",
    ] {
        assert_ne!(hash_of(weaker), whole, "{weaker}");
    }
}

#[test]
fn moved_token_boundaries_change_the_hash() {
    assert_ne!(hash_of("a b"), hash_of("ab"));
    assert_ne!(hash_of("a && b"), hash_of("a & &b"));
    assert_ne!(hash_of("a || b"), hash_of("a | |b| b"));
    assert_ne!(hash_of("(a)(b)"), hash_of("((a) b)"));
    assert_ne!(hash_of("\"a\""), hash_of("a"));
}

#[test]
fn formatting_and_comments_keep_the_hash() {
    let plain = hash_of("{ let x = -1; f(&x, Vec::<Vec<u8>>::new()); x }");
    let other =
        "{ // why\n let x=-1 ;\n /* and */ f( & x , Vec :: < Vec < u8 > > :: new( ) ) ;\n x }";
    assert_eq!(hash_of(other), plain);
    assert_eq!(hash_of("{ /// said\n f() }"), hash_of("{ f() }"));
    assert_ne!(hash_of("{ #[cfg(x)] f() }"), hash_of("{ f() }"));
}

#[test]
fn hash_matches_the_published_vectors() {
    // From docs/formats/test-witness.md, computed there without this code.
    for (source, expected) in [
        ("abc", "f385117b8afd6d012f90407ffb43bed14d77fa68c3349db9e0dc4f074c73969c"),
        ("{ ev.proven() }", "543f7b49f48c0b5380e8b5d82ccbb6c54da96600528affcc99c0661a19397a3d"),
        ("{ a && !b == 1u8 }", "f747df61f6a59117655a1e1f491511f7939ea4e17a14bedf5372d5c1a635d566"),
    ] {
        let hex: String = hash_of(source).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, expected, "{source}");
    }
}

#[test]
fn denial_without_named_error_is_found() {
    assert!(denial_in("{ ev.denies(open(15), |_| true); }"));
    assert!(denial_in("{ for x in xs { ev.denies(f(|y| y), |_error| true) } }"));
    assert!(denial_in("Ev::denies(&ev, open(15), |_| true)"));
    for blind in [
        "|_: &Locked| true",
        "|e| true",
        "|e: &Locked| { true }",
        "|&_| true",
        "|e| always(_e)",
        "move |(_a)| true",
    ] {
        assert!(
            denial_in(&format!("proptest!(|(x in y)| ev.denies(open(x), {blind},))")),
            "{blind}"
        );
    }
}

#[test]
fn denial_with_named_error_passes() {
    assert!(!denial_in("{ ev.denies(open(15), |e| matches!(e, E::Expired(_))); f(|_| 1) }"));
    assert!(!denial_in("{ ev.denies(open(a | _b | c), is_expired); }"));
    for looking in [
        "|e: &Locked| e.is_of(1)",
        "|&e| matches!(e, Locked)",
        "|Locked(_)| true",
        "|Locked| true",
        "|e| { let why = e; why == &1 }",
    ] {
        assert!(!denial_in(&format!("ev.denies(open(15), {looking});")), "{looking}");
    }
}

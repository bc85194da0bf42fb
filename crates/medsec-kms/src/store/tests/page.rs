//! The examples of `docs/formats/key-store.md`, as test vectors.

use super::super::mark::Mark;
use super::super::wrap::{self, Place};
use super::*;

const PAGE: &str = include_str!("../../../../../docs/formats/key-store.md");

fn example(number: usize) -> &'static str {
    PAGE.split("```text\n").nth(number + 1).unwrap().split("```").next().unwrap()
}

#[test]
fn examples_of_the_page_are_what_is_written() {
    let state = text::parse(example(0).as_bytes()).unwrap();
    let again = text::render(&state, &Keys::new(1).signer).unwrap();
    assert!(again == example(0).as_bytes());
    let mark = Mark::of(&state, text::digest(example(0).as_bytes())).unwrap();
    assert!(mark.render() == example(1).as_bytes());
    assert_eq!(Mark::parse(example(1).as_bytes()), Some(mark));
}

#[test]
fn wraps_of_the_page_give_its_key() {
    let state = text::parse(example(0).as_bytes()).unwrap();
    let key = &state.keys[&name("mri")];
    let place = Place { store: state.store, key: key.id, version: 1 };
    for (number, text) in [(1, "root"), (2, "ann")] {
        let wrapped = &key.versions[0].wraps[&user(text)];
        let kek = wrap::unwrap(wrapped, &place, &user(text), &Keys::new(number).identity).unwrap();
        let hex: String = kek.expose_secret().iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(PAGE.contains(&format!("give the key `{hex}`")), "{hex}");
    }
}

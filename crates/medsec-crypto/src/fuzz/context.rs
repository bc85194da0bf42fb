//! Context maps and the names of reproduced context.

use std::collections::BTreeMap;

use crate::context::{encode_names, parse_names};
use crate::fuzz::input::Input;
use crate::{
    Context, MAX_CONTEXT_KEY_LEN, MAX_CONTEXT_LEN, MAX_CONTEXT_PAIRS, MAX_CONTEXT_VALUE_LEN,
};

/// What parses encodes to the same bytes and keeps its limits; what was inserted is what is there.
pub fn context(data: &[u8]) {
    if let Ok(context) = Context::parse(data) {
        assert!(*context.encode() == data, "another encoding");
        check_limits(&context);
        let _ = format!("{context:?}");
    }
    if let Ok(names) = parse_names(data) {
        assert!(encode_names(names.iter()) == data, "another encoding");
        assert!((1..=MAX_CONTEXT_PAIRS).contains(&names.len()));
        assert!(names.is_sorted_by(|one, other| one < other));
    }
    inserted(&mut Input::new(data));
}

fn check_limits(context: &Context) {
    assert!(context.encode().len() <= MAX_CONTEXT_LEN);
    assert!(context.iter().len() <= MAX_CONTEXT_PAIRS);
    for (key, value) in context.iter() {
        assert!((1..=MAX_CONTEXT_KEY_LEN).contains(&key.as_str().len()));
        assert!(value.len() <= MAX_CONTEXT_VALUE_LEN);
    }
}

fn inserted(input: &mut Input<'_>) {
    let mut context = Context::new();
    let mut model = BTreeMap::new();
    while !input.is_empty() {
        let key = input.text(66);
        let stretch = if input.u8() == 0xFF { 30 } else { 1 };
        let value = input.text(40).repeat(stretch);
        let before = context.clone();
        match context.insert(&key, &value) {
            Ok(()) => assert!(model.insert(key, value).is_none(), "replaced a value"),
            Err(_) => assert!(context == before, "changed by what was refused"),
        }
    }
    check_limits(&context);
    let pairs = context.iter().map(|(key, value)| (key.as_str(), value));
    assert!(pairs.eq(model.iter().map(|(key, value)| (key.as_str(), value.as_str()))));
    let parsed = Context::parse(&context.encode()).unwrap();
    assert!(parsed == context && parsed.digest() == context.digest());
    if !context.is_empty() {
        let names = parse_names(&encode_names(context.keys())).unwrap();
        assert!(names.iter().eq(context.keys()));
    }
}

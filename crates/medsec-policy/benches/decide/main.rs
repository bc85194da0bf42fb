//! One decision, beside Cedar's own evaluation of the same rules over the same entities in the same run.
//!
//! 10,000 persons, 500 roles, 100 data sets and 200 rules over four actions. The engine decides each question twice: for the
//! first time, when it has to find and to make all that Cedar needs, and again about another package of the same data set,
//! when it has kept what it made. Every turn has a new engine and nobody asks twice in it, so that the first time
//! is one. Cedar is asked three times: with the request and the entities made before, over all rules of the action, and
//! over the slice that the engine leaves of them; and once more over the slice, with request and entities made by
//! Cedar's own means from parts that were found before.
//!
//! What the ratio of a line says: that of the bare slice is the strictest for both, as nothing but evaluation is in Cedar's
//! time. It is met when asked again, and cannot be met for the first time, for which the line with making is the equal.
//!
//! They take turns, so that a machine whose speed drifts slows all. Results go as lines of JSON to the folder named in
//! `MEDSEC_BENCH_DIR`, or to standard output only; `MEDSEC_BENCH_QUICK=1` takes fewer turns.

#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a benchmark may fail loudly, computes with its own constants and reports by printing"
)]

mod large;

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use cedar_policy::{Authorizer, Decision, Entities, PolicySet};
use medsec_policy::{Action, Circumstances, Decider as _, Engine, Request};

use self::large::{ACTIONS, Asked, Bare, Large, Slice};

/// Questions for each action and turn.
const QUESTIONS: usize = 500;

fn main() {
    let large = Large::new();
    let turns = if std::env::var_os("MEDSEC_BENCH_QUICK").is_some() { 5 } else { 25 };
    for action in ACTIONS {
        measure(&large, action, turns);
    }
}

fn measure(large: &Large, action: Action, turns: usize) {
    let asked: Vec<Asked> = (0..QUESTIONS).map(|n| large.question(action, n)).collect();
    let bare: Vec<Bare> = asked.iter().map(|asked| large.bare(action, asked)).collect();
    let again: Vec<Asked> = asked.iter().map(Large::again).collect();
    let who: BTreeSet<_> = asked.iter().map(|asked| &asked.principal.id).collect();
    assert_eq!(who.len(), QUESTIONS, "nobody asks twice");
    let (mut firsts, mut agains) = (Vec::new(), Vec::new());
    let (mut wholes, mut slices, mut made) = (Vec::new(), Vec::new(), Vec::new());
    let mut granted = 0;
    for _ in 0..turns {
        let engine = large.engine();
        granted = 0;
        for ((asked, again), bare) in asked.iter().zip(&again).zip(&bare) {
            let rules = &large.rules[&action];
            let (first, permitted) = timed(|| decide(&engine, action, asked));
            let (once_more, the_same) = timed(|| decide(&engine, action, again));
            let (whole, allowed) = timed(|| evaluate(&bare.request, rules, &bare.entities));
            let Slice { rules, entities, parts } = &bare.slice;
            // What it evaluates lies in the processor's caches, as it does for the engine that is asked again.
            evaluate(&bare.request, rules, entities);
            let (slice, also) = timed(|| evaluate(&bare.request, rules, entities));
            let (whole_slice, too) = timed(|| {
                let (request, entities) = black_box(parts).make();
                evaluate(&request, rules, &entities)
            });
            let all = [allowed, also, too, the_same];
            assert_eq!([permitted; 4], all, "all must decide alike");
            granted += usize::from(permitted);
            firsts.push(first);
            agains.push(once_more);
            wholes.push(whole);
            slices.push(slice);
            made.push(whole_slice);
        }
    }
    let decisions = [("first time", median(&mut firsts)), ("again", median(&mut agains))];
    let calibrations = [
        ("all rules of the action", wholes),
        ("the slice", slices),
        ("the slice, with making request and entities", made),
    ];
    for (of, mut times) in calibrations {
        let calibration = median(&mut times);
        for (when, decision) in decisions {
            print(&format!(
                r#"{{"name":"policy decision","what":"{action}, {when}, 10000 persons, 500 roles, 200 rules; beside Cedar over {of}","permitted":"{granted} of {QUESTIONS}","median_ns":{decision:.0},"calibration_ns":{calibration:.0},"ratio":{:.3},"turns":{turns}}}"#,
                calibration / decision,
            ));
        }
    }
}

/// The work: from a request to a decision with its name.
fn decide(engine: &Engine, action: Action, asked: &Asked) -> bool {
    let circumstances = Circumstances {
        purpose: Some(asked.purpose),
        authentication_age: Duration::from_secs(60),
        emergency: None,
    };
    let request = Request {
        principal: &asked.principal,
        action,
        resource: &asked.resource,
        circumstances: &circumstances,
    };
    black_box(engine.decide(black_box(&request)).unwrap()).is_permit()
}

/// The calibration: Cedar with everything made before.
fn evaluate(request: &cedar_policy::Request, rules: &PolicySet, entities: &Entities) -> bool {
    let response = Authorizer::new().is_authorized(black_box(request), rules, entities);
    black_box(response).decision() == Decision::Allow
}

/// Nanoseconds of one call.
fn timed<T>(call: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let value = call();
    (start.elapsed().as_secs_f64() * 1e9, value)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print(line: &str) {
    println!("{line}");
    if let Some(folder) = std::env::var_os("MEDSEC_BENCH_DIR") {
        let path = std::path::Path::new(&folder).join("decide.jsonl");
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}

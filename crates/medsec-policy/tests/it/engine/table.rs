//! Tables of expected decisions.

use medsec_policy::{Effect, Purpose, Refusal, Table, TableProblem};

use super::support::{engine, id, rule};

const LINE: &str = "ann,open,package:ct,TREAT|COC,no,no,0,permit";

fn table(lines: &str) -> String {
    format!("{}\n{lines}\n", Table::HEAD)
}

fn nurses() -> String {
    rule(
        "care",
        "permit (principal in Medsec::Role::\"nurse\", action == Medsec::Action::\"open\", resource);",
    )
}

#[test]
fn malformed_tables_are_refused_with_the_line() {
    for (from, to) in [
        ("ann", ""),
        ("ann", "a b"),
        ("open", "Open"),
        ("package:ct", "package:"),
        ("package:ct", "ct"),
        ("TREAT|COC", ""),
        ("TREAT|COC", "TREAT|"),
        ("TREAT|COC", "TREAT|TREAT"),
        ("TREAT|COC", "*|TREAT"),
        ("TREAT|COC", "treat"),
        ("no,no", "no,maybe"),
        ("no,no", "no"),
        (",0,", ",-1,"),
        (",0,", ",,"),
        (",0,", ",+1,"),
        ("permit", "allow"),
        ("permit", ""),
        ("permit", "permit,"),
        ("ann", "\"ann\""),
    ] {
        let error =
            Table::parse(&table(&format!("# one\n\n{}", LINE.replacen(from, to, 1)))).unwrap_err();
        assert_eq!(error.line, 4, "{from} {to}");
    }
    assert_eq!(Table::parse(LINE).unwrap_err().problem, TableProblem::Head);
    assert_eq!(Table::parse("").unwrap_err().problem, TableProblem::Head);
    let long = " ".repeat(Table::MAX_LEN + 1);
    assert_eq!(Table::parse(&long).unwrap_err().problem, TableProblem::TooLong);
}

#[test]
fn decisions_that_are_not_as_expected_are_found() {
    let text = table(
        "ann,open,package:ct,TREAT|COC,no,no,0,permit\n\
         ann,open,package:ct,TREAT|-,no,no,0,deny\n\
         bob,open,package:ct,TREAT,no,no,0,permit\n\
         bob,open,package:ct,TREAT,no,no,0,forbidden\n\
         zoe,open,package:ct,TREAT,no,no,0,unknown-principal",
    );
    let table = Table::parse(&text).unwrap();
    assert_eq!(table.decisions(), 7);
    let outcomes = table.run(&engine(&nurses())).unwrap();
    let wrong: Vec<_> = outcomes.iter().filter(|outcome| !outcome.is_as_expected()).collect();
    let lines: Vec<_> = wrong.iter().map(|outcome| (outcome.line, outcome.purpose)).collect();
    let treat = Some(Purpose::Treatment);
    assert_eq!(lines, [(3, treat), (4, treat), (5, treat)]);
    assert_eq!(wrong[0].found, Effect::Permit);
    assert_eq!(wrong[0].rules[0].as_str(), "care");
    assert_eq!(wrong[1].found, Effect::Deny(Refusal::NotPermitted));
}

#[test]
fn generated_table_says_what_is_decided() {
    let engine = engine(&nurses());
    let text = Table::generate(&engine, &[id("ann"), id("bob"), id("robot")]).unwrap();
    let table = Table::parse(&text).unwrap();
    let outcomes = table.run(&engine).unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.is_as_expected()));
    // Two data sets. Persons: seal 2 + 6, open 6, rewrap 6, export 1 + 2 + 6, and 1 + 1 + 6 + 6 others; programs
    // lack 1 + 6 + 6. Each for 22 purposes in 4 circumstances.
    assert_eq!(table.decisions(), (43 + 43 + 30) * 22 * 4);
}

use super::*;

const FILE: &str = "src/session.rs";
const LIMIT: &str = "src/session.rs:7:5: replace < with <= in limit";
const OTHER: &str = "src/session.rs:9:1: replace end with ()";

fn scene() -> (tempfile::TempDir, Tree) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("src")).unwrap();
    std::fs::create_dir_all(dir.path().join("compliance")).unwrap();
    std::fs::write(dir.path().join(FILE), "fn limit() {}").unwrap();
    let tree = Tree { root: dir.path().to_path_buf(), commit: "c0ffee".to_owned() };
    (dir, tree)
}

fn mutant(name: &str) -> Mutant {
    Mutant { name: name.to_owned(), file: FILE.to_owned(), package: "ward".to_owned() }
}

fn recorded(tree: &Tree) -> Record {
    let listed = [mutant(LIMIT), mutant(OTHER), mutant("src/session.rs:11:1: replace x with ()")];
    let mut record = Record::default();
    let left = record.begin("164.312(b)", tree, &listed, &listed[..2]).unwrap();
    assert_eq!(left, Left { survivors: Vec::new(), new: listed[..2].to_vec() });
    let seen = vec![(mutant(OTHER), Outcome::Evidence), (mutant(LIMIT), Outcome::Survived)];
    record.add("164.312(b)", tree, seen).unwrap();
    record
}

#[test]
fn result_of_a_file_that_changed_counts_no_more() {
    let (dir, tree) = scene();
    let record = recorded(&tree);
    let seen = &record.counting(dir.path()).unwrap()["164.312(b)"];
    assert_eq!((seen.killed, seen.viable, seen.not_tried), (1, 2, 1));
    std::fs::write(dir.path().join(FILE), "fn limit() { }").unwrap();
    let seen = &record.counting(dir.path()).unwrap()["164.312(b)"];
    assert_eq!((seen.killed, seen.viable, seen.not_tried), (0, 0, 3));
    assert!(seen.survivors.is_empty());
}

#[test]
fn next_run_tries_only_what_is_left() {
    let (dir, tree) = scene();
    let mut record = recorded(&tree);
    record.save(dir.path()).unwrap();
    assert_eq!(Record::load(dir.path()).unwrap(), record);
    let listed = [mutant(LIMIT), mutant(OTHER), mutant("src/session.rs:11:1: replace x with ()")];
    let left = record.begin("164.312(b)", &tree, &listed, &listed).unwrap();
    let survivors = vec![listed[0].clone()];
    assert_eq!(left, Left { survivors, new: listed[2..].to_vec() }, "the survivor is tried again");
    let reasons =
        "[[survivor]]\nmutant = \"src/session.rs: replace < with <= in limit\"\nwhy = \"equal\"\n";
    std::fs::write(dir.path().join(SURVIVORS_FILE), reasons).unwrap();
    let mut record = recorded(&tree);
    let left = record.begin("164.312(b)", &tree, &listed, &listed).unwrap();
    assert_eq!(left, Left { survivors: Vec::new(), new: listed[2..].to_vec() });
    std::fs::write(dir.path().join(FILE), "fn limit() { }").unwrap();
    let left = record.begin("164.312(b)", &tree, &listed, &listed).unwrap();
    assert_eq!(left, Left { survivors: Vec::new(), new: listed.to_vec() });
}

#[test]
fn survivor_stands_until_it_was_tried_again() {
    let (dir, tree) = scene();
    let mut record = recorded(&tree);
    let listed = [mutant(LIMIT), mutant(OTHER)];
    let counts = |record: &Record| {
        let seen = &record.counting(dir.path()).unwrap()["164.312(b)"];
        (seen.killed, seen.survivors.len(), seen.not_tried)
    };
    let left = record.begin("164.312(b)", &tree, &listed, &[]).unwrap();
    assert_eq!(left.survivors, [mutant(LIMIT)], "also one that is not in the sample any more");
    assert_eq!(counts(&record), (1, 1, 0));
    record.add("164.312(b)", &tree, vec![(mutant(LIMIT), Outcome::Evidence)]).unwrap();
    assert_eq!(counts(&record), (2, 0, 0));
    let left = record.begin("164.312(b)", &tree, &listed, &listed).unwrap();
    assert_eq!(left, Left::default());
}

#[test]
fn reason_belongs_to_a_survivor_wherever_its_line_moved() {
    let (dir, tree) = scene();
    let record = recorded(&tree);
    let open = &record.counting(dir.path()).unwrap()["164.312(b)"].survivors;
    assert_eq!((open.len(), open[0].why.as_deref()), (1, None));
    let reasons =
        "[[survivor]]\nmutant = \"src/session.rs: replace < with <= in limit\"\nwhy = \"equal\"\n";
    std::fs::write(dir.path().join(SURVIVORS_FILE), reasons).unwrap();
    let told = &record.counting(dir.path()).unwrap()["164.312(b)"].survivors;
    assert_eq!(told[0].why.as_deref(), Some("equal"));
}

#[test]
fn record_of_another_schema_is_refused() {
    let (dir, _) = scene();
    let wrong = "{\"schema\": \"medsec-mutants/v2\", \"tool\": \"\", \"rows\": {}}";
    std::fs::write(dir.path().join(MUTANTS_FILE), wrong).unwrap();
    assert!(Record::load(dir.path()).unwrap_err().to_string().contains("schema"));
}

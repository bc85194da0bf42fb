//! The policy through the program: checked, compared, signed, taken away, put back.

mod asked;
mod check;
mod damaged;
mod doctor;
mod packages;
mod settings;
mod sign;

use crate::ward::{Run, Ward};

/// The policy in force of the home.
const IN_FORCE: &str = "home/policy/in-force.policy";
const POLICY: &str = "home/policy/source/policy.toml";
const ROLES: &str = "home/policy/source/roles.toml";
const CARE: &str = "home/policy/source/rules/care.cedar";

/// Replaces a text of a file, which must be there.
#[track_caller]
fn edit(ward: &Ward, file: &str, from: &str, to: &str) {
    let text = String::from_utf8(ward.read(file)).unwrap();
    assert!(text.contains(from), "{from}");
    ward.write(file, text.replacen(from, to, 1).as_bytes());
}

/// Writes a text behind a file.
fn append(ward: &Ward, file: &str, text: &str) {
    ward.write(file, &[&ward.read(file), text.as_bytes()].concat());
}

/// Adds a person to the source.
fn add_person(ward: &Ward, name: &str, roles: &str) {
    append(ward, ROLES, &format!("\n[people.{name}]\nroles = [{roles}]\ngroups = [\"team\"]\n"));
}

/// Adds a user to the key store, with keys in the home.
fn add_user(ward: &Ward, name: &str, more: &str) {
    ward.line(&format!("user keys {name} --no-passphrase")).ok();
    let keys = format!("home/identities/{name}");
    let keys = format!("--recipient {keys}.identity --signer {keys}.signer");
    ward.line(&format!("user add {name} {keys} {more}")).ok();
}

/// The options with which a user works.
fn who(name: &str) -> String {
    format!("--identity home/identities/{name}.identity --sign-with home/identities/{name}.signer")
}

/// Runs the line, which must be refused and leave the policy in force as it is.
#[track_caller]
fn refused(ward: &Ward, line: &str, code: i32) -> Run {
    let before = ward.read(IN_FORCE);
    let run = ward.line(line);
    assert_eq!(run.code, code, "{line}: {}{}", run.stderr, run.text());
    assert!(ward.read(IN_FORCE) == before, "{line}");
    run
}

#[track_caller]
fn sign(ward: &Ward) {
    ward.line("policy sign").ok();
}

/// The hash of the policy that is there.
fn hash(ward: &Ward) -> String {
    ward.line("policy show --json").json()["policy"].as_str().unwrap().to_owned()
}

/// How the log tells of the changes of the policy: `ok`, or why not.
fn changes(ward: &Ward) -> Vec<String> {
    let run = ward.audit("show --format csv");
    run.ok();
    run.text().lines().filter(|line| line.contains("policy-change")).map(str::to_owned).collect()
}

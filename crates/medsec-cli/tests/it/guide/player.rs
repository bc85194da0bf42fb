//! Plays a page from its first command to its last.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::compare::fits;
use super::page::{Page, Step};
use super::terminal::Terminal;

/// No program shows it: stands around the code that a command ended with.
pub(super) const MARK: char = '\u{1e}';

/// What a command did.
struct Played {
    code: String,
    shown: Vec<String>,
}

/// Plays a page in a new folder, which is home and working folder alike, and compares all that it shows.
#[track_caller]
pub(super) fn play(page: &Page) {
    let home = tempfile::tempdir().unwrap();
    super::furnish(home.path());
    let played = perform(&page.steps, home.path());
    let wrong = wrong(&page.steps, &played);
    assert!(wrong.is_empty(), "{}", account(&page.steps, &played, &wrong));
}

/// Which steps did not do what the page says.
fn wrong(steps: &[Step], played: &[Played]) -> Vec<usize> {
    let is_wrong = |at: usize, step: &Step| {
        let is_told = steps.get(at + 1).is_some_and(|next| next.command == "echo $?");
        !played
            .get(at)
            .is_some_and(|done| (done.code == "0" || is_told) && fits(&step.expected, &done.shown))
    };
    steps.iter().enumerate().filter(|(at, step)| is_wrong(*at, step)).map(|(at, _)| at).collect()
}

/// All in one shell, so that variables and folders last, each command on the terminal.
fn perform(steps: &[Step], home: &Path) -> Vec<Played> {
    let mut script = String::new();
    for step in steps {
        let _ = writeln!(script, "{}", step.command);
        let _ = writeln!(script, "code_=$?; printf '\\036%s\\036' $code_; (exit $code_)");
    }
    script.push_str("printf '\\036\\036'\n");
    // Beside the home, which a page may list.
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), script).unwrap();
    let shown =
        Terminal::run(&mut shell(&[file.path().to_str().unwrap()], home)).watch("\u{1e}\u{1e}");
    log_out(home);
    let mut pieces = shown.split(MARK);
    let mut played = Vec::new();
    while let (Some(shown), Some(code)) = (pieces.next(), pieces.next()) {
        let shown = shown.lines().map(str::to_owned).collect();
        played.push(Played { code: code.to_owned(), shown });
    }
    played
}

/// Ends what agents a page has begun and, because it failed, not ended.
fn log_out(home: &Path) {
    let agents = "for socket in $(find . -name agent.sock); do \
                  medsec logout --home \"${socket%/run/agent.sock}\"; done";
    let _ = shell(&["-c", agents], home).output();
}

/// A shell that knows the program and nothing of whoever runs the test.
fn shell(arguments: &[&str], home: &Path) -> Command {
    let programs = super::programs();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("sh");
    command.args(arguments).current_dir(home).env_clear();
    command.env("PATH", format!("{}:{path}", programs.display())).env("HOME", home);
    command.env("NO_COLOR", "1").env("LC_ALL", "C.UTF-8").env("TERM", "dumb");
    command.envs(super::variables());
    command
}

/// What the page says and what came, of all that is wrong, and then the whole as it came.
fn account(steps: &[Step], played: &[Played], wrong: &[usize]) -> String {
    let mut told = String::new();
    for at in wrong {
        let step = &steps[*at];
        let _ = writeln!(told, "line {}: $ {}", step.line, step.command);
        let _ = writeln!(told, "the page:\n{}", step.expected.join("\n"));
        match played.get(*at) {
            Some(done) => writeln!(told, "ended with {}:\n{}\n", done.code, done.shown.join("\n")),
            None => writeln!(told, "was not reached\n"),
        }
        .unwrap();
    }
    told.push_str("The whole page:\n");
    for (step, done) in steps.iter().zip(played) {
        let _ = writeln!(told, "$ {}", step.command.replace('\n', "\n> "));
        told.push_str(&done.shown.iter().map(|line| format!("{line}\n")).collect::<String>());
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a page of these lines, played in a real shell.
    fn wrong_in(lines: &str) -> Vec<usize> {
        let page = Page::parse(&format!("```console\n{lines}\n```\n"));
        let home = tempfile::tempdir().unwrap();
        wrong(&page.steps, &perform(&page.steps, home.path()))
    }

    #[test]
    fn pages_that_say_something_else_are_found() {
        assert_eq!(wrong_in("$ false"), [0]);
        assert_eq!(wrong_in("$ false\n$ true\n$ echo $?\n0"), [0]);
        assert_eq!(wrong_in("$ false\n$ echo $?\n0"), [1]);
        assert_eq!(wrong_in("$ true\none"), [0]);
        assert_eq!(wrong_in("$ echo one\n$ echo two\ntwo"), [0]);
        assert_eq!(wrong_in("$ exit\n$ true"), [0, 1]);
    }

    #[test]
    fn shell_lasts_from_command_to_command() {
        assert_eq!(
            wrong_in("$ a=1\n$ mkdir b && cd b\n$ cat > c <<E\n> $a\n> E\n$ cat c\n1"),
            [0_usize; 0]
        );
        assert_eq!(wrong_in("$ (exit 7)\n$ echo $?\n7\n$ printf x\nx\n$ echo y\ny"), [0_usize; 0]);
    }
}

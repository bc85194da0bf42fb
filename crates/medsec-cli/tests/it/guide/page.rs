//! What a page holds.
//!
//! A block `console` is played: a line `$ …` is a command, `> …` (or `>` alone) goes on with it, and all other lines
//! are what the terminal shows of it. A command succeeds, unless the next one is `echo $?`, which then shows how it ended.

/// A command, and what it shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Line of the page, from 1.
    pub(super) line: usize,
    pub(super) command: String,
    pub(super) expected: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Page {
    pub(super) steps: Vec<Step>,
    unchecked: Vec<String>,
}

/// Lines that a block `sh` may have: they need the whole repository and minutes, so that no test of a page runs them.
pub(super) const WHOLE_REPOSITORY: [(&str, &str); 5] = [
    ("cargo install --locked --path crates/medsec-cli", "builds the program that the tests run"),
    ("cargo run --release -p medsec-cli -- demo", "`demo` has tests of its own"),
    ("cargo xtask compliance-report", "runs all tests, this one among them"),
    ("cargo xtask test", "runs this test"),
    ("mdbook build docs/guide", "its links and blocks are checked here"),
];

/// Kinds of blocks that show a file or a text and hold no command. Those of Rust are doc tests of the examples.
const SHOWN: [&str; 6] = ["text", "toml", "json", "cedar", "rust", "ini"];

impl Page {
    pub(super) fn parse(text: &str) -> Self {
        let mut page = Self { steps: Vec::new(), unchecked: Vec::new() };
        let mut block: Option<&str> = None;
        for (line, content) in (1..).zip(text.lines()) {
            match (block, content.strip_prefix("```")) {
                (None, Some(kind)) => block = Some(kind.trim()),
                (Some(_), Some(_)) => block = None,
                (Some("console"), None) => page.played(line, content),
                (Some(kind), None) => page.shown(line, kind, content),
                (None, None) => page.prose(line, content),
            }
        }
        page
    }

    pub(super) const fn has_commands(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Lines that look like commands and would not be played.
    pub(super) fn unchecked(&self) -> &[String] {
        &self.unchecked
    }

    fn played(&mut self, line: usize, content: &str) {
        let begun = self.steps.last_mut();
        let more = if content == ">" { Some("") } else { content.strip_prefix("> ") };
        match (content.strip_prefix("$ "), more, begun) {
            (Some(command), _, _) => {
                let command = command.to_owned();
                self.steps.push(Step { line, command, expected: Vec::new() });
            }
            (None, Some(more), Some(step)) if step.expected.is_empty() => {
                step.command.push('\n');
                step.command.push_str(more);
            }
            (None, _, Some(step)) => step.expected.push(content.to_owned()),
            (None, _, None) => self.doubt(line, content),
        }
    }

    fn shown(&mut self, line: usize, kind: &str, content: &str) {
        let is_known = match kind {
            "sh" => WHOLE_REPOSITORY.iter().any(|(command, _)| *command == content),
            kind => SHOWN.contains(&kind) && !content.starts_with("medsec "),
        };
        if !is_known {
            self.doubt(line, content);
        }
    }

    /// A block that is indented, or fenced otherwise, would go unseen.
    fn prose(&mut self, line: usize, content: &str) {
        if content.starts_with("    ") || content.trim_start().starts_with("~~~") {
            self.doubt(line, content);
        }
    }

    fn doubt(&mut self, line: usize, content: &str) {
        self.unchecked.push(format!("{line}: {content}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_have_lines_and_what_they_show() {
        let page = Page::parse("a\n```console\n$ cat <<E\n> one\n>\n> E\none\n$ true\n```\nb\n");
        let step = |line, command: &str, expected: &[&str]| Step {
            line,
            command: command.to_owned(),
            expected: expected.iter().map(|&line| line.to_owned()).collect(),
        };
        assert_eq!(page.steps, [step(3, "cat <<E\none\n\nE", &["one"]), step(8, "true", &[])]);
        assert_eq!(page.unchecked(), &[] as &[String]);
    }

    #[test]
    fn commands_elsewhere_are_told() {
        let page =
            Page::parse("```sh\nmedsec doctor\n```\n```text\nmedsec init\n```\n    medsec\n");
        assert_eq!(page.unchecked(), ["2: medsec doctor", "5: medsec init", "7:     medsec"]);
    }
}

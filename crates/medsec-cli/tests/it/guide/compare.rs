//! Whether a terminal showed what a page says.

/// Stands for anything within a line; as a line by itself for any number of lines, none among them.
const ANYTHING: &str = "…";

/// Compares line by line. Blanks at the ends of lines do not count.
pub(super) fn fits(expected: &[String], shown: &[String]) -> bool {
    let Some((first, rest)) = expected.split_first() else {
        return shown.is_empty();
    };
    if first == ANYTHING {
        return (0..=shown.len()).any(|skipped| fits(rest, &shown[skipped..]));
    }
    shown.split_first().is_some_and(|(line, others)| line_fits(first, line) && fits(rest, others))
}

fn line_fits(expected: &str, shown: &str) -> bool {
    let mut pieces = expected.trim_end().split(ANYTHING);
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = shown.trim_end().strip_prefix(first) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else {
        return rest.is_empty();
    };
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{fits, line_fits};

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn lines_that_differ_do_not_fit() {
        let pairs = [
            ("a", "b"),
            ("a…c", "ab"),
            ("a…b…c", "abb"),
            ("…ab", "b"),
            ("ab…b", "ab"),
            ("a", "ab"),
        ];
        for (expected, shown) in pairs {
            assert!(!line_fits(expected, shown), "{expected} {shown}");
        }
    }

    #[test]
    fn dots_stand_for_anything_within_a_line() {
        for (expected, shown) in [("a…c", "abc"), ("…", ""), ("a…b…c", "a1b2b3c"), ("a …", "a b")]
        {
            assert!(line_fits(expected, shown), "{expected} {shown}");
        }
    }

    #[test]
    fn lines_too_many_or_too_few_do_not_fit() {
        let pairs = [("", "a"), ("a", ""), ("a\nb", "a"), ("…\nb", "b\na"), ("a\n…\nc", "a\nb")];
        for (expected, shown) in pairs {
            assert!(!fits(&lines(expected), &lines(shown)), "{expected} {shown}");
        }
    }

    #[test]
    fn dots_alone_stand_for_any_lines() {
        for (expected, shown) in
            [("…", ""), ("…\nb", "b"), ("a\n…\nc", "a\nb\nb\nc"), ("…", "a\nb")]
        {
            assert!(fits(&lines(expected), &lines(shown)), "{expected} {shown}");
        }
    }
}

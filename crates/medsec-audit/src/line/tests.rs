use proptest::prelude::*;

use super::*;
use crate::event::samples;
use crate::text::Word;
use crate::tree::Hash;

fn record() -> Vec<u8> {
    samples::example().to_line(&samples::position()).unwrap()
}

fn commit() -> CommitLine {
    CommitLine {
        epoch: Count::from(4),
        counter: Count::from(17),
        size: Count::from(1_000_000),
        root: Hash::from_bytes([0x77; 32]),
        signature: [0x88; 64],
    }
}

fn head_of(line: &[u8]) -> Result<Head<'_>, LineError> {
    match Line::parse(line)? {
        Line::Record(record) => Ok(record.head),
        Line::Commit(_) => panic!("a commit"),
    }
}

/// Every byte of `line` before `end` replaced by every other byte.
fn each_flip(line: &[u8], end: usize, mut look: impl FnMut(&[u8])) {
    let mut line = line.to_vec();
    for at in 0..end {
        let before = line[at];
        for byte in (0..=255).filter(|byte| *byte != before) {
            line[at] = byte;
            look(&line);
        }
        line[at] = before;
    }
}

#[test]
fn every_flip_in_a_head_is_refused_or_seen() {
    let line = record();
    let original = head_of(&line).unwrap();
    let end = line.windows(10).position(|window| window == b",\"action\":").unwrap();
    let (mut refused, mut seen) = (0, 0);
    each_flip(&line, end, |flipped| match head_of(flipped) {
        Err(_) => refused += 1,
        Ok(head) => {
            assert_ne!(head, original);
            seen += 1;
        }
    });
    assert_eq!(refused + seen, end * 255);
    assert!(seen > 1000, "digits, base64 and the kind have other valid values");
}

#[test]
fn every_flip_in_a_commit_is_refused_or_seen() {
    let line = commit().render();
    each_flip(&line, line.len(), |flipped| {
        if let Ok(Line::Commit(parsed)) = Line::parse(flipped) {
            assert_ne!(parsed, commit());
            assert_eq!(parsed.render(), flipped);
        }
    });
}

#[test]
fn every_truncation_of_a_head_or_commit_is_refused() {
    let line = commit().render();
    for end in 0..line.len() {
        assert!(Line::parse(&line[..end]).is_err(), "{end}");
    }
    let line = record();
    let head = line.windows(10).position(|window| window == b",\"action\":").unwrap();
    // Further on, a line that was cut behind a brace has lost content, which the leaf hash tells, not the form.
    for end in 0..=head {
        assert!(Line::parse(&line[..end]).is_err(), "{end}");
    }
}

#[test]
fn line_rejects_bytes_that_no_line_has() {
    for line in [record(), commit().render()] {
        for byte in (0..=0x20).chain(0x7F..=0xFF).chain([b'\\']) {
            for at in [0, line.len() / 2, line.len()] {
                let mut other = line.clone();
                other.insert(at, byte);
                assert_eq!(Line::parse(&other), Err(LineError::Byte { at }));
            }
        }
    }
}

#[test]
fn line_rejects_what_follows_it() {
    for tail in ["}", ",", "{}", "{\"v\":1}"] {
        let line = [&commit().render()[..], tail.as_bytes()].concat();
        assert!(Line::parse(&line).is_err());
    }
}

#[test]
fn line_rejects_other_spellings() {
    let line = String::from_utf8(record()).unwrap();
    for (from, to, refused_as) in [
        ("{\"v\":1,", "{\"v\":2,", LineError::Version),
        ("{\"v\":1,", "{\"v\":10,", LineError::Version),
        ("{\"v\":1,", "{\"v\":01,", LineError::Malformed { at: 5 }),
        ("{\"v\":1,", "{\"v\":\"1\",", LineError::Malformed { at: 5 }),
        ("{\"v\":1,", "", LineError::Malformed { at: 0 }),
        ("\"seq\":1,", "\"seq\":01,", LineError::Malformed { at: 13 }),
        ("\"seq\":1,", "\"seq\":-1,", LineError::Malformed { at: 13 }),
        ("\"seq\":1,", "\"seq\":,", LineError::Malformed { at: 13 }),
        ("\"seq\":1,", "\"seq\":9007199254740992,", LineError::Malformed { at: 13 }),
        ("\"seq\":1,", "\"seq\":99999999999999999999,", LineError::Malformed { at: 13 }),
        // Base64 without padding, and with bits set behind the last byte.
        ("Wlo=\"", "Wlo\"", LineError::Malformed { at: 23 }),
        ("Wlo=\"", "Wlp=\"", LineError::Malformed { at: 23 }),
        ("00.123Z", "00.12Z", LineError::Malformed { at: 75 }),
        ("\"t\":\"access\"", "\"t\":\"Access\"", LineError::Malformed { at: 106 }),
        ("\"t\":\"access\"", "\"t\":\"\"", LineError::Malformed { at: 106 }),
        ("\"t\":\"access\"", "\"t\":\"-access\"", LineError::Malformed { at: 106 }),
        ("\"t\":\"access\"", "\"t\":\"aaaaaaaaaaaaaaaaa\"", LineError::Malformed { at: 122 }),
    ] {
        assert!(line.contains(from), "{from}");
        let other = line.replacen(from, to, 1);
        assert_eq!(head_of(other.as_bytes()), Err(refused_as), "{to}");
    }
}

#[test]
fn line_is_at_most_65535_bytes() {
    let head = Head { position: samples::position(), kind: Kind::TEST };
    let bare = head.render(&Members::default()).unwrap();
    let of_len = |len: usize| {
        let mut members = Members::default();
        let mut left = len - bare.len();
        while left > 0 {
            // `,"m":0` is 6 bytes, and every further digit one: 21 at most, and what is left is never below 6.
            let piece = if left < 27 { left } else { 21 };
            let number = format!("{:0<1$}", 1, piece - 5);
            members.number("m", Count::from_digits(number.as_bytes()).unwrap());
            left -= piece;
        }
        head.render(&members)
    };
    let longest = of_len(MAX_LINE_LEN).unwrap();
    assert_eq!(longest.len(), MAX_LINE_LEN);
    assert!(Line::parse(&longest).is_ok());
    assert_eq!(of_len(MAX_LINE_LEN + 1), Err(LineError::TooLong { len: 65_536 }));
    let longer = [&longest[..longest.len() - 1], b"0}"].concat();
    assert_eq!(Line::parse(&longer), Err(LineError::TooLong { len: 65_536 }));
    assert_eq!(Line::parse(&vec![b'{'; 1 << 24]), Err(LineError::TooLong { len: 1 << 24 }));
}

#[test]
fn line_refuses_a_word_that_is_none() {
    /// What no type of this crate does: a text that was not checked.
    struct Loose(&'static str);
    impl fmt::Display for Loose {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }
    impl Word for Loose {}
    let head = Head { position: samples::position(), kind: Kind::TEST };
    for text in ["Erika Mustermann", "a\nb", "Jos\u{e9}", "\u{202e}", "\0", "a\\u0062"] {
        let mut members = Members::default();
        members.word("id", &Loose(text));
        assert!(matches!(head.render(&members), Err(LineError::Byte { .. })), "{text:?}");
    }
}

#[test]
fn record_keeps_members_of_kinds_it_does_not_know() {
    let mut members = Members::default();
    members.number("epoch", Count::from(3));
    members.object("empty", &Members::default());
    let head = Head { position: samples::position(), kind: Kind::new("epoch").unwrap() };
    let line = head.render(&members).unwrap();
    let parsed = Line::parse(&line).unwrap();
    assert_eq!(parsed, Line::Record(RecordLine { head, bytes: &line }));
    assert!(line.ends_with(b",\"t\":\"epoch\",\"epoch\":3}"));
}

proptest! {
    #[test]
    fn every_commit_reads_back(
        e in 0..1_u64 << 53, c in 0..1_u64 << 53, n in 0..1_u64 << 53, root: [u8; 32], sig: [[u8; 32]; 2],
    ) {
        let count = |number| Count::new(number).unwrap();
        let signature = sig.concat().try_into().unwrap();
        let root = Hash::from_bytes(root);
        let commit = CommitLine { epoch: count(e), counter: count(c), size: count(n), root, signature };
        let line = commit.render();
        prop_assert!(line.len() <= 230);
        prop_assert_eq!(Line::parse(&line), Ok(Line::Commit(commit)));
    }

    #[test]
    fn every_head_reads_back(
        seq in 0..1_u64 << 53, prev: [u8; 32], ts in 0..253_402_300_800_000_u64, kind in "[a-z][a-z-]{0,15}",
    ) {
        let position = RecordPosition {
            seq: Count::new(seq).unwrap(),
            prev: Hash::from_bytes(prev),
            ts: LogTime::from_unix_millis(ts).unwrap(),
        };
        let head = Head { position, kind: Kind::new(&kind).unwrap() };
        let line = head.render(&Members::default()).unwrap();
        prop_assert_eq!(head_of(&line), Ok(head));
    }

    #[test]
    fn anything_is_read_without_harm(line: Vec<u8>, tail in "[ -~]{0,80}") {
        let _ = Line::parse(&line);
        let _ = Line::parse([b"{\"v\":1,\"seq\":", tail.as_bytes()].concat().as_slice());
        let _ = Line::parse([b"{\"commit\":{\"e\":", tail.as_bytes()].concat().as_slice());
    }
}

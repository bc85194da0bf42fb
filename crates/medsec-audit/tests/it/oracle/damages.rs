//! What can be done to the files of a stream. Where a damage does not apply, nothing is changed.

use std::fs;
use std::path::{Path, PathBuf};

/// Numbers from a fixed seed (xorshift): a run that fails can be repeated.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `count`; 0 if there is none.
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(count.max(1)).unwrap()).unwrap()
    }
}

pub(super) type Damage = fn(&mut Dice, &Path);

/// Every damage, and what it is called.
pub(super) const DAMAGES: &[(&str, Damage)] = &[
    ("a bit of a segment", |dice, stream| bytes_of(&any(dice, stream), |b| flip(dice, b))),
    ("a bit of the last segment", |dice, stream| bytes_of(&last(stream), |b| flip(dice, b))),
    ("a byte becomes LF", |dice, stream| set(dice, stream, b'\n')),
    ("a byte becomes a blank", |dice, stream| set(dice, stream, b' ')),
    ("a byte becomes a backslash", |dice, stream| set(dice, stream, b'\\')),
    ("a digit becomes another", |dice, stream| {
        let digit = dice.below(10);
        bytes_of(&any(dice, stream), |b| {
            let digits: Vec<_> = (0..b.len()).filter(|at| b[*at].is_ascii_digit()).collect();
            let at = digits[dice.below(digits.len())];
            b[at] = b'0' + u8::try_from(digit).unwrap();
        });
    }),
    ("a byte more", |dice, stream| {
        bytes_of(&any(dice, stream), |b| b.insert(dice.below(b.len()), b'x'));
    }),
    ("a byte less", |dice, stream| {
        bytes_of(&any(dice, stream), |b| {
            b.remove(dice.below(b.len()));
        });
    }),
    ("cut anywhere", |dice, stream| {
        bytes_of(&any(dice, stream), |b| b.truncate(dice.below(b.len())));
    }),
    ("the end cut anywhere", |dice, stream| {
        bytes_of(&last(stream), |b| b.truncate(dice.below(b.len())));
    }),
    ("the end cut anywhere, no mark", |dice, stream| {
        fs::remove_file(stream.join("hwm")).unwrap();
        bytes_of(&last(stream), |b| b.truncate(dice.below(b.len())));
    }),
    ("a line removed", |dice, stream| {
        lines_of(&any(dice, stream), |lines| {
            lines.remove(dice.below(lines.len()));
        });
    }),
    ("the last line removed", |_, stream| {
        lines_of(&last(stream), |lines| {
            lines.pop();
        });
    }),
    ("a commit removed", |dice, stream| {
        lines_of(&any(dice, stream), |lines| {
            let at = line_with(dice, lines, "{\"commit\"");
            lines.remove(at);
        });
    }),
    ("an epoch and its commit removed", |dice, stream| {
        lines_of(&any(dice, stream), |lines| {
            let at = line_with(dice, lines, "\"t\":\"epoch\"");
            lines.drain(at..lines.len().min(at + 2));
        });
    }),
    ("a line twice", |dice, stream| {
        lines_of(&any(dice, stream), |lines| {
            let at = dice.below(lines.len());
            lines.insert(at, lines[at].clone());
        });
    }),
    ("two lines swapped", |dice, stream| {
        lines_of(&any(dice, stream), |lines| {
            let (a, b) = (dice.below(lines.len()), dice.below(lines.len()));
            lines.swap(a, b);
        });
    }),
    ("neighbours swapped", |dice, stream| {
        lines_of(&any(dice, stream), |lines| {
            let at = dice.below(lines.len() - 1);
            lines.swap(at, at + 1);
        });
    }),
    ("an empty line", |dice, stream| {
        lines_of(&any(dice, stream), |lines| lines.insert(dice.below(lines.len()), Vec::new()));
    }),
    ("a line with CR", |dice, stream| {
        lines_of(&any(dice, stream), |lines| {
            let at = dice.below(lines.len());
            lines[at].push(b'\r');
        });
    }),
    ("a record of another version", |dice, stream| {
        lines_of(&any(dice, stream), |lines| {
            let at = line_with(dice, lines, "{\"v\":1");
            lines[at][5] = b'2';
        });
    }),
    ("another content, the commit as it was", |dice, stream| {
        replace(dice, stream, "1048576", "1048577");
    }),
    ("another reason of an epoch", |dice, stream| {
        replace(dice, stream, "\"why\":\"start\"", "\"why\":\"close\"");
    }),
    ("a signature of another commit", |dice, stream| {
        lines_of(&any(dice, stream), |lines| {
            let (a, b) =
                (line_with(dice, lines, "{\"commit\""), line_with(dice, lines, "{\"commit\""));
            let from = lines[b].len() - 91;
            let sig = lines[b][from..].to_vec();
            let from = lines[a].len() - 91;
            lines[a].splice(from.., sig);
        });
    }),
    ("bytes at the end", |_, stream| {
        bytes_of(&last(stream), |b| b.extend_from_slice(b"{\"v\":1,\"seq\""));
    }),
    ("a malformed line at the end", |_, stream| {
        bytes_of(&last(stream), |b| b.extend_from_slice(b"{\"v\":1,\"seq\"\n"));
    }),
    ("a record without commit at the end", |_, stream| {
        lines_of(&last(stream), |lines| lines.push(lines[0].clone()));
    }),
    ("the last batch without its commit, an older mark", |_, stream| {
        older_mark(stream);
        lines_of(&last(stream), |lines| {
            lines.pop();
        });
    }),
    ("a block of the last batch, an older mark", |dice, stream| {
        older_mark(stream);
        bytes_of(&last(stream), |b| {
            let at = b.len() - 1 - dice.below(b.len().min(700));
            let end = b.len().min(at + 100);
            b[at..end].fill(0);
        });
    }),
    ("the first batch of the last segment, an older mark", |dice, stream| {
        let segments = segments(stream);
        if let [.., before, _] = segments.as_slice() {
            mark(stream, &fs::read(before).unwrap(), true);
        }
        lines_of(&last(stream), |lines| {
            lines.truncate(2);
            let at = dice.below(lines[0].len() - 50);
            lines[0][at..at + 50].fill(0);
        });
    }),
    ("a cut within, no mark", |dice, stream| {
        fs::remove_file(stream.join("hwm")).unwrap();
        bytes_of(&any(dice, stream), |b| b.truncate(dice.below(b.len())));
    }),
    ("a segment removed", |dice, stream| fs::remove_file(any(dice, stream)).unwrap()),
    ("the first segment removed", |_, stream| {
        fs::remove_file(&segments(stream)[0]).unwrap();
    }),
    ("the last segment removed", |_, stream| fs::remove_file(last(stream)).unwrap()),
    ("the last segment removed, no mark", |_, stream| {
        fs::remove_file(last(stream)).unwrap();
        fs::remove_file(stream.join("hwm")).unwrap();
    }),
    ("a segment emptied", |dice, stream| fs::write(any(dice, stream), b"").unwrap()),
    ("a segment renamed", |dice, stream| {
        fs::rename(any(dice, stream), stream.join("log/00000000000000000077.jsonl")).unwrap();
    }),
    ("two segments exchanged", |dice, stream| {
        let (a, b) = (any(dice, stream), any(dice, stream));
        let (first, second) = (fs::read(&a).unwrap(), fs::read(&b).unwrap());
        fs::write(a, second).unwrap();
        fs::write(b, first).unwrap();
    }),
    ("nothing left", |_, stream| fs::remove_dir_all(stream.join("log")).unwrap()),
    ("a bit of the mark", |dice, stream| bytes_of(&stream.join("hwm"), |b| flip(dice, b))),
    ("no mark", |_, stream| fs::remove_file(stream.join("hwm")).unwrap()),
    ("a mark of more", |_, stream| {
        bytes_of(&stream.join("hwm"), |b| {
            let at = b.windows(4).position(|part| part == b"\"n\":").unwrap() + 4;
            b.splice(at..at, *b"9");
            b.pop();
        });
    }),
    ("an older mark", |_, stream| older_mark(stream)),
    ("a bit of the spine", |dice, stream| {
        some_of(dice, &stream.join("spine"), |dice, b| flip(dice, b))
    }),
    ("a line of the spine", |dice, stream| {
        some_of(dice, &stream.join("spine"), |dice, b| {
            let mut lines: Vec<_> = b.split_inclusive(|byte| *byte == b'\n').collect();
            lines.remove(dice.below(lines.len()));
            *b = lines.concat();
        });
    }),
    ("a part of the spine removed", |dice, stream| {
        let files = files(&stream.join("spine"));
        if !files.is_empty() {
            fs::remove_file(&files[dice.below(files.len())]).unwrap();
        }
    }),
    ("no tiles", |_, stream| fs::remove_dir_all(stream.join("tile")).unwrap()),
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn segments(stream: &Path) -> Vec<PathBuf> {
    files(&stream.join("log"))
}

fn any(dice: &mut Dice, stream: &Path) -> PathBuf {
    let mut segments = segments(stream);
    segments.swap_remove(dice.below(segments.len()))
}

fn last(stream: &Path) -> PathBuf {
    segments(stream).pop().unwrap()
}

fn bytes_of(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn some_of(dice: &mut Dice, folder: &Path, change: fn(&mut Dice, &mut Vec<u8>)) {
    let files = files(folder);
    if !files.is_empty() {
        bytes_of(&files[dice.below(files.len())], |bytes| change(dice, bytes));
    }
}

fn lines_of(path: &Path, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    bytes_of(path, |bytes| {
        let mut lines: Vec<_> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let behind = lines.pop().unwrap();
        change(&mut lines);
        *bytes = lines.into_iter().flat_map(|line| [line, vec![b'\n']].concat()).collect();
        bytes.extend(behind);
    });
}

/// One of the lines that have this text; the first line if none has.
fn line_with(dice: &mut Dice, lines: &[Vec<u8>], text: &str) -> usize {
    let has = |line: &Vec<u8>| line.windows(text.len()).any(|part| part == text.as_bytes());
    let found: Vec<_> = (0..lines.len()).filter(|at| has(&lines[*at])).collect();
    found.get(dice.below(found.len())).copied().unwrap_or(0)
}

fn flip(dice: &mut Dice, bytes: &mut [u8]) {
    let at = dice.below(bytes.len());
    bytes[at] ^= 1 << dice.below(8);
}

fn set(dice: &mut Dice, stream: &Path, byte: u8) {
    bytes_of(&any(dice, stream), |bytes| {
        let at = dice.below(bytes.len());
        bytes[at] = byte;
    });
}

fn replace(dice: &mut Dice, stream: &Path, from: &str, to: &str) {
    lines_of(&any(dice, stream), |lines| {
        let at = line_with(dice, lines, from);
        if let Ok(line) = String::from_utf8(lines[at].clone()) {
            lines[at] = line.replace(from, to).into_bytes();
        }
    });
}

/// A mark of the first commit in the last segment.
fn older_mark(stream: &Path) {
    mark(stream, &fs::read(last(stream)).unwrap(), false);
}

/// A mark of the first or last commit of these lines.
fn mark(stream: &Path, bytes: &[u8], newest: bool) {
    let lines = bytes.split(|byte| *byte == b'\n');
    let mut commits = lines.filter(|line| line.starts_with(b"{\"commit\""));
    let Some(commit) = (if newest { commits.next_back() } else { commits.next() }) else { return };
    let mut mark = [commit, b"\n"].concat();
    mark.resize(512, b' ');
    fs::write(stream.join("hwm"), mark).unwrap();
}

"""A second verifier of the audit log, written from docs/formats/audit-log.md alone.

    audit_log.py < requests.jsonl > answers.jsonl

A request a line:

    {"do":"verify","folder":F,"pin":P,"known":{"main":[[SIZE,ROOT]]},"now":MS,"age":MS}
    {"do":"proof","proof":TEXT,"line":RECORD,"origin":O,"key":VERIFIER_KEY}

`known`, `now` and `age` may be missing. It checks every commit, keeps all leaf hashes in memory, and is for tests.
"""

import json
import os
import re
import struct
import sys
from base64 import b64encode
from collections import namedtuple

import c2sp
from audit_lines import LINE_MAX, Malformed, NotOurs, commit_of, epoch_of, parse
from c2sp import Wrong, need

Retired = namedtuple("Retired", "first last root time")

DAY = 86_400_000
ORDER = ["version", "tampered", "fork", "truncated", "rekeyed", "torn", "stale"]
HEX32, NAME = rb"[0-9a-f]{32}", rb"[a-z0-9][a-z0-9-]{0,31}"
LOG_NAME = rb"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}"
REVISION = rb"[1-9][0-9]{0,15}"
PIN = re.compile(rb"medsec audit pin v1\nkey: (\S+)\nlog: (" + HEX32 + rb")\nrevision: (" + REVISION + rb")\n")
ROOT = re.compile(rb"medsec audit root v1\nlog: (" + LOG_NAME + rb")\nid: (" + HEX32 + rb")\nrevision: (" + REVISION
                  + rb")\n((?:stream: " + NAME + rb" [A-Za-z0-9+/]{43}=\n){1,1000})")


def u64(n): return struct.pack(">Q", n)


def contents(path, limit=1 << 20):
    """A small file, or nothing where there is none."""
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    need(len(data) <= limit, "length of a file")
    return data


def names(folder, pattern):
    """Numbers of the files of a folder that have such a name, sorted."""
    try:
        found = os.listdir(folder)
    except FileNotFoundError:
        return []
    matches = (re.fullmatch(pattern, name) for name in found)
    return sorted(int(match[1]) for match in matches if match)


class Log:
    """A root note that the pin vouches for."""

    def __init__(self, folder, pin):
        pin = PIN.fullmatch(pin)
        need(pin, "pin")
        self.folder, self.key = folder, c2sp.verifier_key(pin[1])
        note = contents(os.path.join(folder, "root"))
        need(note is not None, "no root note")
        root = ROOT.fullmatch(c2sp.open_note(note, self.key))
        need(root, "root note")
        self.name, self.id, self.revision = root[1], bytes.fromhex(root[2].decode()), int(root[3])
        need(self.name == self.key[0], "name of the log")
        need(root[2] == pin[2], "id of the log")
        need(0 < int(pin[3]) <= self.revision, "revision")
        lines = [line.split(b" ")[1:] for line in root[4].split(b"\n")[:-1]]
        need(all(a[0] < b[0] for a, b in zip(lines, lines[1:])), "order of the streams")
        self.streams = {name.decode(): c2sp.unbase64(leaf, 32) for name, leaf in lines}

    def signed(self, message, signature): return c2sp.ed25519(self.key[2], message, signature)


class Stream:
    """One pass over a stream: what is good so far, and what was found."""

    def __init__(self, log, name):
        self.log, self.name = log, name
        self.folder = os.path.join(log.folder, "streams", name)
        self.origin = log.name + b"/" + name.encode()
        self.tree, self.epoch, self.counter, self.committed, self.good_root = c2sp.Tree(), None, 0, 0, None
        self.lost, self.closed, self.missing, self.torn_segment = False, False, 0, False
        self.retired, self.times, self.epochs, self.reasons = [], {}, 0, []
        self.retention, self.last_time, self.good_time, self.spined = None, None, None, 0
        self.found, self.first_bad, self.why, self.open_tail = set(), None, None, False

    def message(self, label, *rest):
        return b"".join([label, b"\0", struct.pack(">H", len(self.origin)), self.origin, self.log.id, *rest])

    # Lines ----------------------------------------------------------------------------------

    def record(self, record, leaf):
        size = len(self.tree.leaves)
        need(record.seq == size, "number")
        need(record.prev == (self.tree.leaves[-1] if size else bytes(32)), "link")
        if record.kind == b"epoch":
            self.open_epoch(record)
        need(self.epoch, "record 0 opens no epoch")
        if size == 0:
            need(leaf == self.log.streams[self.name], "record 0 is not that of the root note")
        self.tree.push(leaf)
        self.last_time = record.time

    def open_epoch(self, record):
        epoch = epoch_of(record.members)
        why, seq = epoch["why"], record.seq
        need(self.committed == seq, "epoch not behind a commit")
        need((why == "genesis") == (seq == 0), "genesis")
        if self.epoch is None:
            need(seq == 0 and epoch["epoch"] == 0, "first epoch")
            need(epoch["log"] == self.log.name and epoch["stream"] == self.name.encode()
                 and epoch["id"] == self.log.id and epoch["log-key"] == self.log.key[2], "genesis of another log")
            self.retention = epoch["retention"]
        else:
            need(epoch["epoch"] == self.epoch["epoch"] + 1, "number of the epoch")
            need(why == "rekey" or epoch["key"] == self.epoch["next"], "key of the epoch")
        if why in ("rekey", "retire"):
            self.vouched(why, epoch, record)
        self.epoch, self.counter = epoch, 0
        self.times[seq] = record.time
        self.epochs += 1
        self.reasons.append(why)
        if why == "rekey":
            self.found.add("rekeyed")
        if why == "recover" and epoch["acknowledged"] is not None:
            self.found.add("truncated")
            self.lost = True

    def vouched(self, why, epoch, record):
        """The log key permits this epoch; what it retires is a part of the tree."""
        parts = [u64(epoch["epoch"]), u64(record.seq), record.prev, epoch["key"], epoch["next"]]
        if why == "retire":
            first, last = epoch["first"], epoch["last"]
            parts += [u64(first), u64(last), epoch["root"]]
            need(first <= last < record.seq, "range of a retirement")
            need(first == (self.retired[-1].last + 1 if self.retired else 0), "range of a retirement")
        need(self.log.signed(self.message(b"medsec/audit-" + why.encode() + b"/v1", *parts), epoch["sig"]), why)
        if why == "retire":
            self.retired.append(Retired(first, last, epoch["root"], record.time))

    def commit(self, commit):
        """A commit as the page says; its counter is checked by the caller."""
        size = len(self.tree.leaves)
        need(self.epoch and commit.e == self.epoch["epoch"], "epoch of a commit")
        need(commit.n == size and size > self.committed, "size of a commit")
        root = self.tree.root()
        need(commit.root == root, "root of a commit")
        message = self.message(b"medsec/audit-log/v1", u64(commit.e), u64(commit.c), u64(commit.n), commit.root)
        need(c2sp.ed25519(self.epoch["key"], message, commit.sig), "signature of a commit")
        self.committed, self.good_root, self.good_time = size, root, self.last_time
        # The last epoch says that its writer ended, and nothing follows its one commit.
        self.closed = self.epoch["why"] == "close" and commit.c == 0

    def line(self, text):
        line = parse(text)
        if line.is_commit:
            need(line.c == self.counter, "counter of a commit")
            self.commit(line)
            self.counter += 1
        else:
            self.record(line, c2sp.leaf_hash(text))

    # Segments -------------------------------------------------------------------------------

    def segments(self):
        numbers = names(os.path.join(self.folder, "log"), r"(\d{20})\.jsonl")
        if not numbers:
            return
        self.missing = numbers[0]
        if numbers[0] > 0:
            try:
                self.from_spine(numbers[0])
            except (Malformed, NotOurs, Wrong):
                self.committed, self.good_root = 0, None
                raise
        for at, number in enumerate(numbers):
            self.segment(number, at + 1 == len(numbers))

    def segment(self, number, is_last):
        need(number == len(self.tree.leaves), "a gap before a segment")
        with open(os.path.join(self.folder, f"log/{number:020}.jsonl"), "rb") as file:
            start, first = 0, True
            while text := file.readline(LINE_MAX + 1):
                try:
                    if not text.endswith(b"\n"):
                        need(is_last, "a line without LF within the stream")
                        if len(text) > LINE_MAX:
                            raise Malformed("a line that is too long")
                        self.open_tail = True
                        return
                    if first:
                        need(not (line := parse(text[:-1])).is_commit and line.kind == b"epoch", "start of a segment")
                    first = False
                    self.line(text[:-1])
                except (Malformed, NotOurs, Wrong) as fault:
                    if isinstance(fault, Malformed) and is_last:
                        file.seek(start)
                        fault.tail = file.read(1 << 26)
                        self.torn_segment = start == 0
                    raise
                if len(self.tree.leaves) == self.committed:
                    start = file.tell()
        need(is_last or len(self.tree.leaves) == self.committed, "end of a segment")

    # Retirement -----------------------------------------------------------------------------

    def from_spine(self, missing):
        """Takes the leaf hashes of what is missing from tiles, and checks what the spine keeps of it."""
        leaves = self.level_0(missing)
        numbers = [n for n in names(os.path.join(self.folder, "spine"), r"(\d{20})\.jsonl") if n < missing]
        need(numbers and numbers[0] == 0, "no spine from record 0")
        for number, end in zip(numbers, numbers[1:] + [missing]):
            need(number == self.committed, "a gap before a part of the spine")
            self.spine(number, leaves)
            need(self.committed == end, "end of a part of the spine")
        self.spined = missing

    def spine(self, number, leaves):
        lines = contents(os.path.join(self.folder, f"spine/{number:020}.jsonl"), 1 << 26).split(b"\n")
        need(lines.pop() == b"", "end of the spine")
        for text in lines:
            line = parse(text)
            need(line.is_commit != (self.committed == len(self.tree.leaves)), "lines of the spine")
            if line.is_commit:
                need(len(self.tree.leaves) <= line.n <= len(leaves), "size of a commit")
                for leaf in leaves[len(self.tree.leaves):line.n]:
                    self.tree.push(leaf)
                self.commit(line)
            else:
                leaf = c2sp.leaf_hash(text)
                need(line.kind == b"epoch" and leaf == leaves[len(self.tree.leaves)], "leaf of the spine")
                self.record(line, leaf)

    def level_0(self, count):
        """So many leaf hashes, from full tiles and at the end the widest partial one."""
        leaves = []
        for index in range((count + 255) // 256):
            tile = contents(os.path.join(self.folder, c2sp.tile_path(0, index)), 8192)
            if tile is None:
                folder = c2sp.tile_path(0, index, 1)[:-2]
                widths = names(os.path.join(self.folder, folder), r"([1-9]\d{0,2})")
                need(widths, "no tile")
                tile = contents(os.path.join(self.folder, folder, str(widths[-1])), 8192)
                need(len(tile) == 32 * widths[-1], "length of a tile")
            else:
                need(len(tile) == 8192, "length of a tile")
            leaves += [tile[at:at + 32] for at in range(0, len(tile), 32)]
        need(len(leaves) >= count, "no tile")
        return leaves[:count]

    def permitted(self):
        """What is missing is what was retired, and was old enough then."""
        if self.spined > (self.retired[-1].last + 1 if self.retired else 0):
            self.found.add("truncated")
        for retired in self.retired:
            behind = min(retired.last + 1, self.spined)
            if retired.first < self.spined:
                need(self.tree.at(retired.last + 1).root() == retired.root, "root of a retirement")
                need(behind in self.times, "a retirement ends within a segment")
                need(retired.time - self.times[behind] >= self.retention * DAY, "retired before its time")

    def headless(self):
        """Record 0 is not there: nothing is, or its segment begins with another line."""
        try:
            with open(os.path.join(self.folder, f"log/{0:020}.jsonl"), "rb") as file:
                line = parse(file.readline(LINE_MAX + 1).rstrip(b"\n"))
        except FileNotFoundError:
            return True
        except (Malformed, NotOurs):
            return False
        return line.is_commit or line.seq > 0

    # Judgement ------------------------------------------------------------------------------

    def read(self):
        fault = self.fault()
        if fault:
            self.first_bad, self.why = len(self.tree.leaves), str(fault)
        mark = self.mark()
        acknowledged = mark.n if mark else None
        missing = self.committed < (acknowledged or 0)
        torn = self.committed > 0 and not missing
        if isinstance(fault, NotOurs):
            self.found.add("version")
        elif fault and self.committed == 0 and self.first_bad == 0 and self.headless():
            self.found.add("truncated")
        elif fault:
            torn = torn and isinstance(fault, Malformed) and fault.tail is not None and torn_tail(fault.tail)
            self.found.add("torn" if torn else "tampered")
        elif torn and (self.open_tail or len(self.tree.leaves) > self.committed):
            self.found.add("torn")
        if missing or self.committed == 0:
            self.found.add("truncated")
        if mark and 0 < mark.n <= self.committed and not self.lost:
            if self.tree.at(mark.n).root() != mark.root:
                self.found.add("fork")
        return acknowledged

    def fault(self):
        """The first thing that is wrong with the stream itself."""
        try:
            self.segments()
            self.permitted()
        except (NotOurs, Malformed, Wrong) as fault:
            return fault
        return None

    def mark(self):
        try:
            data = contents(os.path.join(self.folder, "hwm"), 512)
            if data is None or len(data) != 512:
                return None
            line, gap, rest = data.partition(b"\n")
            line = parse(line)
            return line if line.is_commit and gap and not rest.strip(b" ") else None
        except (Wrong, Malformed, NotOurs):
            return None

    def compare(self, known):
        for size, root in known:
            if size > self.committed:
                self.found.add("truncated")
            elif b64encode(self.tree.at(size).root()).decode() != root:
                self.found.add("fork")

    def published(self):
        """The checkpoint in the folder and the tiles of its tree, compared with the lines."""
        note = contents(os.path.join(self.folder, "checkpoint"))
        if note is None:
            return {"is": "missing"}
        try:
            size, root = c2sp.checkpoint(note, self.origin, self.log.key)
        except Wrong as why:
            return {"is": "unreadable", "why": str(why)}
        answer = {"size": size, "root": b64encode(root).decode()}
        if size > self.committed:
            return {"is": "ahead", **answer}
        of_this_tree = self.tree.at(size).root() == root
        return {"is": "of this tree" if of_this_tree else "of another tree", **answer, **self.tiles(size)}

    def tiles(self, size):
        counts = {"tiles": 0, "tiles-missing": 0, "tiles-wrong": 0}
        for path, content in c2sp.tiles(self.tree.leaves[:size]).items():
            there = contents(os.path.join(self.folder, path), 8192)
            if there is None and ".p/" in path:
                there = contents(os.path.join(self.folder, path.partition(".p/")[0]), 8192)
                there = there and there[:len(content)]
            counts["tiles"] += 1
            counts["tiles-missing"] += there is None
            counts["tiles-wrong"] += there is not None and there != content
        return counts

    def report(self, request):
        acknowledged = self.read()
        self.compare(request.get("known", {}).get(self.name, []))
        if "now" in request and self.good_time is not None and request["now"] - self.good_time > request["age"]:
            self.found.add("stale")
        found = [verdict for verdict in ORDER if verdict in self.found]
        root = self.good_root and b64encode(self.good_root).decode()
        return {"verdict": found[0] if found else "whole", "retired": self.missing, "torn-segment": self.torn_segment,
                "found": found, "size": self.committed, "root": root,
                "first_bad": self.first_bad, "why": self.why, "epochs": self.epochs, "reasons": self.reasons,
                "closed": self.closed,
                "acknowledged": acknowledged, "checkpoint": self.published()}


def torn_tail(tail):
    """At most one commit, with nothing behind it."""
    lines = [line for line in tail.split(b"\n") if line]
    return not any(commit_of(line) for line in lines[:-1])


def verify(request):
    try:
        log = Log(request["folder"], request["pin"].encode())
    except Wrong as why:
        return {"refused": str(why)}
    streams = {name: Stream(log, name).report(request) for name in log.streams}
    return {"log": log.name.decode(), "revision": log.revision, "streams": streams}


def proof(request):
    try:
        leaf = c2sp.leaf_hash(request["line"].encode())
        key = c2sp.verifier_key(request["key"].encode())
        index, size = c2sp.record_proof(request["proof"].encode(), leaf, request["origin"].encode(), key)
        return {"index": index, "size": size}
    except Wrong as why:
        return {"refused": str(why)}


def main():
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"verify": verify, "proof": proof}[request["do"]](request)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

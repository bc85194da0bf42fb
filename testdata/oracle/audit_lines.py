"""Lines of the audit log, as docs/formats/audit-log.md states them, for audit_log.py."""

import re
from collections import namedtuple
from datetime import datetime, timedelta, timezone

from c2sp import Wrong, unbase64

LINE_MAX = 65_535
NUMBER_MAX = 2**53 - 1
N, H, S = rb"(0|[1-9][0-9]{0,15})", rb"([A-Za-z0-9+/]{43}=)", rb"([A-Za-z0-9+/]{86}==)"
BYTES = re.compile(rb"[\x21-\x5b\x5d-\x7e]+")
VERSION = re.compile(rb'\{"v":' + N + rb'[,}]')
TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
RECORD = re.compile(rb'\{"v":1,"seq":' + N + rb',"prev":"' + H + rb'","ts":"([0-9TZ:.-]{24})","t":"([a-z][a-z-]{0,15})"'
                    rb'(?:,(".*))?\}')
COMMIT = re.compile(rb'\{"commit":\{"e":' + N + rb',"c":' + N + rb',"n":' + N + rb',"root":"' + H + rb'","sig":"' + S
                    + rb'"\}\}')
EPOCH = re.compile(rb'"epoch":' + N + rb',"why":"([a-z]+)","key":"' + H + rb'","next":"' + H + rb'"(.*)')
MORE = {
    b"genesis": re.compile(rb',"log":"([^"]+)","stream":"([^"]+)","id":"([0-9a-f]{32})","log-key":"' + H
                           + rb'","retention":' + N),
    b"recover": re.compile(rb',"bytes":' + N + rb',"sha256":"([0-9a-f]{64})"(?:,"acknowledged":' + N + rb")?"),
    b"rekey": re.compile(rb',"sig":"' + S + rb'"'),
    b"retire": re.compile(rb',"first":' + N + rb',"last":' + N + rb',"root":"' + H + rb'","sig":"' + S + rb'"'),
    b"start": re.compile(rb""), b"rotate": re.compile(rb""), b"close": re.compile(rb""),
}
EPOCH_0 = datetime(1970, 1, 1, tzinfo=timezone.utc)

Record = namedtuple("Record", "seq prev time kind members is_commit")
Commit = namedtuple("Commit", "e c n root sig is_commit")


class Malformed(Exception):
    """A line that has no form of the page. `tail` is what is behind the last good commit, if it is the last."""

    tail = None


class NotOurs(Exception):
    """A record of another version."""


def number(text):
    value = int(text)
    if value > NUMBER_MAX:
        raise Malformed("number")
    return value


def decoded(text, length):
    try:
        return unbase64(text, length)
    except Wrong as why:
        raise Malformed(str(why)) from None


def millis(text):
    if not TIME.fullmatch(text):
        raise Malformed("time")
    try:
        moment = datetime.strptime(text[:-1].decode(), "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=timezone.utc)
    except ValueError:
        raise Malformed("time") from None
    if moment < EPOCH_0:
        raise Malformed("time")
    return (moment - EPOCH_0) // timedelta(milliseconds=1)


def commit_of(text):
    """The commit that a line is, or nothing."""
    match = COMMIT.fullmatch(text) if len(text) <= LINE_MAX else None
    if not match:
        return None
    try:
        return Commit(number(match[1]), number(match[2]), number(match[3]), decoded(match[4], 32),
                      decoded(match[5], 64), True)
    except Malformed:
        return None


def parse(text):
    """A record or a commit, from a line without its LF."""
    if len(text) > LINE_MAX or not BYTES.fullmatch(text):
        raise Malformed("bytes of a line")
    if commit := commit_of(text):
        return commit
    version = VERSION.match(text)
    if version and version[1] != b"1":
        raise NotOurs("a record of another version")
    match = RECORD.fullmatch(text)
    if not match:
        raise Malformed("form of a line")
    return Record(number(match[1]), decoded(match[2], 32), millis(match[3]), match[4], match[5] or b"", False)


def epoch_of(members):
    """The members of a record of kind `epoch`. What is wrong with them is no matter of the form of lines."""
    try:
        return epoch_members(members)
    except Malformed as why:
        raise Wrong(str(why)) from None


def epoch_members(members):
    head = EPOCH.fullmatch(members)
    more = head and head[2] in MORE and MORE[head[2]].fullmatch(head[5])
    if not more:
        raise Wrong("record of an epoch")
    epoch = {"epoch": number(head[1]), "why": head[2].decode(), "key": decoded(head[3], 32), "next": decoded(head[4], 32)}
    if head[2] == b"genesis":
        epoch.update({"log": more[1], "stream": more[2], "id": bytes.fromhex(more[3].decode()),
                      "log-key": decoded(more[4], 32), "retention": number(more[5])})
    elif head[2] == b"recover":
        number(more[1])
        epoch["acknowledged"] = None if more[3] is None else number(more[3])
    elif head[2] == b"rekey":
        epoch["sig"] = decoded(more[1], 64)
    elif head[2] == b"retire":
        epoch.update({"first": number(more[1]), "last": number(more[2]), "root": decoded(more[3], 32),
                      "sig": decoded(more[4], 64)})
    return epoch

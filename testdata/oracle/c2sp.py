"""Notes, trees, tiles and proofs as the C2SP specifications state them, for audit_log.py.

Written from signed-note, tlog-checkpoint, tlog-tiles, tlog-proof, RFC 6962 and RFC 8032. It is for tests.
"""

import base64
import binascii
import hashlib
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NOTE_MAX = 1 << 20
P = 2**255 - 19
# The y of the points of small order: 1 and -1 (orders 1 and 2), 0 (order 4), and two of order 8.
Y8 = int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little") % 2**255
SMALL = {1, P - 1, 0, Y8, P - Y8}
SIZE = re.compile(rb"0|[1-9][0-9]{0,18}")


class Wrong(Exception):
    """What was read is not what its specification says, or a signature does not verify."""


def need(condition, why):
    if not condition:
        raise Wrong(why)


def unbase64(text, length):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Wrong("base64") from None
    need(base64.b64encode(data) == text and len(data) == length, "base64")
    return data


# Ed25519 ----------------------------------------------------------------------------------------

def point_is_good(point):
    """Canonical, and not of small order. OpenSSL asks neither of a public key."""
    y = int.from_bytes(point, "little") % 2**255
    return y < P and y not in SMALL


def ed25519(key, message, signature):
    """RFC 8032 with strict checks. OpenSSL compares R as bytes and refuses S of the group's order or more."""
    if not (point_is_good(key) and point_is_good(signature[:32])):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


# Notes ------------------------------------------------------------------------------------------

def verifier_key(text):
    """`name+id+key` of Ed25519 (signature type 1): name, key id, public key."""
    parts = text.split(b"+", 2)
    need(len(parts) == 3 and re.fullmatch(rb"[0-9a-f]{8}", parts[1]), "verifier key")
    name, key_id, key = parts[0], bytes.fromhex(parts[1].decode()), unbase64(parts[2], 33)
    need(name and key[:1] == b"\x01", "verifier key")
    need(hashlib.sha256(name + b"\n" + key).digest()[:4] == key_id, "key id")
    return name, key_id, key[1:]


def open_note(note, key):
    """The text of a note that this key has signed."""
    need(len(note) <= NOTE_MAX, "length of a note")
    try:
        chars = note.decode("utf-8")
    except UnicodeDecodeError:
        raise Wrong("UTF-8") from None
    need(not any(c < " " and c != "\n" for c in chars), "control character")
    cut = note.rfind(b"\n\n")
    need(cut >= 0 and note.endswith(b"\n"), "form of a note")
    text, lines = note[:cut + 1], note[cut + 2:].split(b"\n")[:-1]
    need(lines, "no signature")
    good = False
    for line in lines:
        parts = line.split(b" ")
        need(len(parts) == 3 and parts[0] == "\u2014".encode() and parts[1], "signature line")
        need(b"+" not in parts[1] and not any(c.isspace() for c in parts[1].decode()), "key name")
        try:
            blob = base64.b64decode(parts[2], validate=True)
        except (binascii.Error, ValueError):
            raise Wrong("base64") from None
        need(base64.b64encode(blob) == parts[2] and len(blob) > 4, "base64")
        if parts[1] == key[0] and blob[:4] == key[1]:
            need(len(blob) == 68 and ed25519(key[2], text, blob[4:]), "signature")
            good = True
    need(good, "not signed by the key")
    return text


def checkpoint(note, origin, key):
    """Size and root of a checkpoint of this origin."""
    lines = open_note(note, key).split(b"\n")
    need(len(lines) >= 4 and lines[-1] == b"" and all(lines[:-1]), "form of a checkpoint")
    need(lines[0] == origin, "origin")
    need(SIZE.fullmatch(lines[1]), "size")
    return int(lines[1]), unbase64(lines[2], 32)


# Trees ------------------------------------------------------------------------------------------

def leaf_hash(line): return hashlib.sha256(b"\0" + line).digest()
def node_hash(left, right): return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """All leaf hashes, and the roots of the full subtrees of the newest size."""

    def __init__(self):
        self.leaves, self.stack = [], []

    def push(self, leaf):
        self.leaves.append(leaf)
        n = len(self.leaves)
        while n % 2 == 0:
            leaf, n = node_hash(self.stack.pop(), leaf), n // 2
        self.stack.append(leaf)

    def root(self):
        if not self.stack:
            return hashlib.sha256(b"").digest()
        root = self.stack[-1]
        for left in reversed(self.stack[:-1]):
            root = node_hash(left, root)
        return root

    def at(self, size):
        """The tree as it was at this size."""
        older = Tree()
        for leaf in self.leaves[:size]:
            older.push(leaf)
        return older


def tiles(leaves):
    """Path and content of every tile of the tree of these leaves."""
    level, row, found = 0, leaves, {}
    while row:
        for start in range(0, len(row), 256):
            part = row[start:start + 256]
            found[tile_path(level, start // 256, len(part))] = b"".join(part)
        row = [tile_root(row[at:at + 256]) for at in range(0, len(row) - 255, 256)]
        level += 1
    return found


def tile_root(row):
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def tile_path(level, index, width=256):
    digits = f"{index % 1000:03}"
    while index >= 1000:
        index //= 1000
        digits = f"x{index % 1000:03}/{digits}"
    return f"tile/{level}/{digits}" + (f".p/{width}" if width < 256 else "")


def root_by_proof(leaf, index, size, path):
    """RFC 9162, section 2.1.3.2, which says how the proofs of RFC 6962 are verified."""
    need(index < size, "index")
    fn, sn, root = index, size - 1, leaf
    for node in path:
        need(sn, "proof too long")
        if fn % 2 or fn == sn:
            root = node_hash(node, root)
            while fn and fn % 2 == 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = node_hash(root, node)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0, "proof too short")
    return root


def record_proof(proof, leaf, origin, key):
    """Index and size of a tlog-proof without extra data that shows this leaf."""
    need(len(proof) <= NOTE_MAX, "length of a proof")
    lines, gap, note = proof.partition(b"\n\n")
    lines = lines.split(b"\n")
    need(gap and len(lines) >= 2 and lines[0] == b"c2sp.org/tlog-proof@v1", "form of a proof")
    need(lines[1].startswith(b"index ") and SIZE.fullmatch(lines[1][6:]), "index")
    index, path = int(lines[1][6:]), [unbase64(line, 32) for line in lines[2:66]]
    need(len(lines) <= 66, "proof too long")
    size, root = checkpoint(note, origin, key)
    need(root_by_proof(leaf, index, size, path) == root, "root of a proof")
    return index, size

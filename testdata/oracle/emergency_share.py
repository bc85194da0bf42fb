"""A second implementation of printed emergency shares (docs/formats/emergency-share.md): writes the vectors.

    python3 testdata/oracle/emergency_share.py testdata/vectors/emergency-share PUBLIC-X25519 PUBLIC-XWING

Needs nothing but Python. The private key is 01 02 … 20, the public keys are its public halves as strings, the
coefficient of the polynomial of byte i is 7·i + 3 mod 256, so that the same vectors come out each time. Never use
it for real keys: it takes no randomness and erases nothing.
"""

import hashlib
import struct
import sys
from datetime import datetime, timezone
from pathlib import Path

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SECRET = bytes(range(1, 33))
CREATED = 1_795_000_000


def multiply(a, b):
    """In GF(2^8) modulo x^8 + x^4 + x^3 + x + 1, as AES has it."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0x100:
            a ^= 0x11B
        b >>= 1
    return product


def share(number):
    return bytes(s ^ multiply((7 * i + 3) % 256, number) for i, s in enumerate(SECRET))


def sha(label, *parts):
    return hashlib.sha256(b"medsec/emergency-share/v1/" + label + b"\0" + b"".join(parts)).digest()


def head(set_id, kind, public, needed, secrets):
    commitments = (sha(b"commitment", set_id, bytes([i]), s)[:16] for i, s in enumerate(secrets, 1))
    numbers = struct.pack(">BBBQ", kind, needed, len(secrets), CREATED)
    return set_id + numbers + hashlib.sha256(public.encode()).digest() + b"".join(commitments)


def groups(value, bits):
    symbols = "".join(ALPHABET[value >> low & 31] for low in range(bits - 5, -1, -5))
    return " ".join(symbols[at : at + 4] for at in range(0, len(symbols), 4))


def printed(name, set_id, needed, number, stated_head, secret, count=3):
    payload = bytes([1, number]) + stated_head + secret
    payload += sha(b"check", payload)[:8]
    payload += bytes(-len(payload) % 15)
    time = datetime.fromtimestamp(CREATED, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = [
        "medsec emergency share v1, printed",
        f"# share {number} of {count}, {needed} needed; {name}; {time}",
        f"# set {set_id.hex()}",
    ]
    for line, at in enumerate(range(0, len(payload), 15), 1):
        piece = payload[at : at + 15]
        check = int.from_bytes(sha(b"line", bytes([line]), piece)[:3], "big") >> 4
        lines.append(f"{line:02} {groups(int.from_bytes(piece, 'big'), 120)} {groups(check, 20)}")
    return "\n".join(lines) + "\n"


def write(folder, name, text):
    (folder / f"{name}.txt").write_text(text)


def refused(folder, set_id, public, secrets, good):
    lines = good.split("\n")
    wrong = "8" if lines[6][5] == "7" else "7"
    write(folder, "mistyped", good.replace(lines[6], lines[6][:5] + wrong + lines[6][6:]))
    write(folder, "line-missing", "\n".join(lines[:7] + lines[8:]))
    write(folder, "last-line-missing", "\n".join(lines[:-2]) + "\n")
    write(folder, "version-2", good.replace(" v1,", " v2,"))
    whole = head(set_id, 1, public, 2, secrets)
    other = bytes([secrets[0][0] ^ 1]) + secrets[0][1:]
    alone = head(set_id, 1, public, 1, secrets)
    write(folder, "altered", printed("x25519", set_id, 2, 1, whole, other))
    write(folder, "one-needed", printed("x25519", set_id, 1, 1, alone, secrets[0]))
    write(folder, "number-4-of-3", printed("x25519", set_id, 2, 4, whole, secrets[0]))


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    secrets = [share(number) for number in (1, 2, 3)]
    for kind, name, public in ((1, "x25519", sys.argv[2]), (2, "x-wing", sys.argv[3])):
        set_id = bytes([kind]) * 16
        whole = head(set_id, kind, public, 2, secrets)
        texts = [printed(name, set_id, 2, number, whole, secrets[number - 1]) for number in (1, 2, 3)]
        for number, text in enumerate(texts, 1):
            write(folder, f"{name}-{number}-of-3", text)
        if kind == 1:
            refused(folder, set_id, public, secrets, texts[0])


main()

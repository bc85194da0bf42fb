"""A second implementation of the sealed package, written from docs/formats/sealed-package.md alone.

    oracle.py open|seal|side-car|hpke < request.json > answer.json

A request is a JSON object, or an array of objects that is answered by an array. Bytes are base64 in
`package`, `content` and `side_car`, hex elsewhere. It is for tests: slow, in memory, and careless with
secrets.
"""

import base64
import hashlib
import hmac
import json
import re
import struct
import sys

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from os import urandom

LABEL = b"medsec/sealed-package/v1"
SUITES = {1: (b"AEAD_AES_256_GCM", AESGCM), 2: (b"AEAD_CHACHA20_POLY1305", ChaCha20Poly1305)}
SIGNED, RECIPIENTS_MAC, METADATA = 1, 2, 4
POLICY, DATASET, STORED, NAMES, DEK_ID, SIGNER, CREATED, CONTENT_TYPE = range(1, 9)
LOCAL, X25519, X_WING = 1, 5, 6
KEMS = {X25519: 0x0020, X_WING: 0x647A}
TRAILER_LEN = 4 + 8 + 32 + 32 + 64
METADATA_FIELDS = {1: "file_name", 2: "media_type", 3: "size", 4: "study_uid", 5: "series_uid",
                   6: "instance_uid", 7: "content_sha256", 8: "notes"}


class Refused(Exception):
    """The package is refused; the class is one of the page's section "Test vectors"."""

    def __init__(self, outcome, detail):
        super().__init__(detail)
        self.outcome = outcome


def need(condition, outcome, detail):
    if not condition:
        raise Refused(outcome, detail)


def u8(n): return struct.pack(">B", n)
def u16(n): return struct.pack(">H", n)
def u32(n): return struct.pack(">I", n)
def u64(n): return struct.pack(">Q", n)
def sha256(data): return hashlib.sha256(data).digest()
def sha512(data): return hashlib.sha512(data).digest()
def label(name, *rest): return b"\0".join([LABEL, name, b"".join(rest)])


class Reader:
    """Bytes in order; raises `Refused` of its class where they end early."""

    def __init__(self, data, outcome, what):
        self.data, self.at, self.outcome, self.what = data, 0, outcome, what

    def take(self, n):
        need(self.at + n <= len(self.data), self.outcome, f"{self.what} ends early")
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, width): return int.from_bytes(self.take(width), "big")

    def done(self): return self.at == len(self.data)


# HKDF and messages ------------------------------------------------------------------------------

def expand(prk, info, length, digest="sha512"):
    out, block, i = b"", b"", 0
    while len(out) < length:
        i += 1
        block = hmac.digest(prk, block + info + u8(i), digest)
        out += block
    return out[:length]


def schedule(suite, key, salt, context):
    name, aead = SUITES[suite]
    okm = expand(key, b"c2sp.org/chunked-encryption@v1+" + name + b"\0" + salt + context, 76)
    return aead(okm[:32]), int.from_bytes(okm[32:44], "big"), okm[44:]


def possible(length): return length >= 56 and (length - 56) % 16400 >= 16


def chunks(message): return [message[i:i + 16400] for i in range(56, len(message), 16400)]


def seal_message(suite, key, context, plain, salt=None):
    salt = salt or urandom(24)
    aead, base, commitment = schedule(suite, key, salt, context)
    out = salt + commitment
    for k in range(len(plain) // 16384 + 1):
        nonce = (base ^ k).to_bytes(12, "big")
        out += aead.encrypt(nonce, plain[16384 * k:16384 * (k + 1)], None)
    return out


def open_message(suite, key, context, message, outcome, before="not-authentic"):
    """`before` is the class of a wrong commitment, `outcome` that of a bad chunk or length."""
    need(possible(len(message)), outcome, "impossible length")
    aead, base, commitment = schedule(suite, key, message[:24], context)
    need(hmac.compare_digest(commitment, message[24:56]), before, "commitment")
    plain = []
    for k, chunk in enumerate(chunks(message)):
        try:
            plain.append(aead.decrypt((base ^ k).to_bytes(12, "big"), chunk, None))
        except InvalidTag:
            raise Refused(outcome, f"chunk {k}") from None
    return b"".join(plain)


# HPKE, RFC 9180 base mode, HKDF-SHA256, AES-256-GCM ------------------------------------------------

class Hpke:
    def __init__(self, kem, aead=(2, AESGCM)):
        self.kem, self.aead = kem, aead[1]
        self.suite_id = b"HPKE" + u16(kem) + u16(1) + u16(aead[0])

    def extract(self, salt, name, ikm, suite_id):
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite_id + name + ikm, "sha256")

    def expand(self, prk, name, info, length, suite_id):
        return expand(prk, u16(length) + b"HPKE-v1" + suite_id + name + info, length, "sha256")

    def dh_secret(self, dh, enc, public):
        kem_id = b"KEM" + u16(0x0020)
        prk = self.extract(b"", b"eae_prk", dh, kem_id)
        return self.expand(prk, b"shared_secret", enc + public, 32, kem_id)

    def context(self, shared, info):
        ids = self.extract(b"", b"psk_id_hash", b"", self.suite_id)
        hashed = self.extract(b"", b"info_hash", info, self.suite_id)
        secret = self.extract(shared, b"secret", b"", self.suite_id)
        both = b"\0" + ids + hashed
        key = self.expand(secret, b"key", both, 32, self.suite_id)
        return self.aead(key), self.expand(secret, b"base_nonce", both, 12, self.suite_id)

    def public(self, secret):
        if self.kem == 0x0020:
            return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
        mlkem, x = x_wing_keys(secret)
        return mlkem.public_key().public_bytes_raw() + x.public_key().public_bytes_raw()

    def decap(self, secret, enc):
        if self.kem == 0x0020:
            dh = X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(enc))
            return self.dh_secret(dh, enc, self.public(secret))
        mlkem, x = x_wing_keys(secret)
        dh = x.exchange(X25519PublicKey.from_public_bytes(enc[1088:]))
        return combine(mlkem.decapsulate(enc[:1088]), dh, enc[1088:], x.public_key().public_bytes_raw())

    def encap(self, public):
        ephemeral = X25519PrivateKey.generate()
        point = ephemeral.public_key().public_bytes_raw()
        dh = ephemeral.exchange(X25519PublicKey.from_public_bytes(public[-32:]))
        if self.kem == 0x0020:
            return self.dh_secret(dh, point, public), point
        shared, ct = MLKEM768PublicKey.from_public_bytes(public[:1184]).encapsulate()
        return combine(shared, dh, point, public[1184:]), ct + point

    def seal(self, public, info, aad, plain):
        shared, enc = self.encap(public)
        aead, nonce = self.context(shared, info)
        return enc + aead.encrypt(nonce, plain, aad)

    def open(self, secret, info, aad, enc, ct):
        aead, nonce = self.context(self.decap(secret, enc), info)
        return aead.decrypt(nonce, ct, aad)


def x_wing_keys(seed):
    expanded = hashlib.shake_256(seed).digest(96)
    return MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), X25519PrivateKey.from_private_bytes(expanded[64:])


def combine(ss_m, ss_x, ct_x, pk_x): return hashlib.sha3_256(ss_m + ss_x + ct_x + pk_x + rb"\.//^\ "[:6]).digest()


# Ed25519: what strict verification adds to the library's ------------------------------------------

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
Y8 = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")


def sound_point(encoded):
    """Canonical, on the curve, not of small order."""
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    if y >= P or y in (0, 1, P - 1, Y8, P - Y8):
        return False
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    return pow(x2, (P - 1) // 2, P) == 1


# Context, fields, core --------------------------------------------------------------------------

def encode_context(pairs):
    out = u16(len(pairs))
    for key, value in sorted((k.encode(), v.encode()) for k, v in pairs.items()):
        out += u16(len(key)) + key + u16(len(value)) + value
    return out


def read_key(r, last):
    key = r.take(r.number(2))
    need(re.fullmatch(rb"[a-z0-9._-]{1,64}", key) and key > last, "format", "context key")
    return key


def parse_stored(value):
    r, last, pairs = Reader(value, "format", "stored context"), b"", {}
    need(len(value) <= 8192, "format", "stored context too long")
    for _ in range(r.number(2)):
        last = read_key(r, last)
        text = r.take(r.number(2))
        need(len(text) <= 1024, "format", "context value too long")
        pairs[last.decode()] = utf8(text, "format")
    need(r.done() and 1 <= len(pairs) <= 32, "format", "stored context")
    return pairs


def parse_names(value):
    r, last, names = Reader(value, "format", "names"), b"", []
    for _ in range(r.number(2)):
        last = read_key(r, last)
        names.append(last.decode())
    need(r.done() and 1 <= len(names) <= 32, "format", "names of reproduced context")
    return names


def utf8(data, outcome):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(outcome, "not UTF-8") from None


def encode_fields(fields): return b"".join(u16(t) + u32(len(v)) + v for t, v in sorted(fields.items()))


def parse_fields(data, known, outcome):
    r, last, fields = Reader(data, outcome, "fields"), -1, {}
    while not r.done():
        tag, value = r.number(2), r.take(r.number(4))
        need(tag > last, outcome, "fields not ascending")
        need(tag in known or tag >= 0x8000, outcome, f"unknown critical field {tag:#06x}")
        fields[tag] = value
        last = tag
        need(len(fields) <= 64, outcome, "too many fields")
    return fields


def parse_core(core):
    package_id, flags = core[:16], int.from_bytes(core[16:20], "big")
    need(flags & ~7 == 0, "format", "reserved flags")
    f = parse_fields(core[20:], range(1, 9), "format")
    for tag, length in ((POLICY, 32), (DEK_ID, 16), (SIGNER, 32), (CREATED, 8)):
        need(len(f.get(tag, bytes(length))) == length, "format", f"length of field {tag}")
    need(CREATED in f, "format", "creation time missing")
    need((SIGNER in f) == bool(flags & SIGNED), "format", "signer and flag disagree")
    need(SIGNER not in f or sound_point(f[SIGNER]), "format", "weak signer key")
    need(re.fullmatch(rb"[A-Za-z0-9._-]{1,128}", f.get(DATASET, b"x")), "format", "dataset id")
    name = rb"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
    kind = f.get(CONTENT_TYPE, b"a/b")
    need(len(kind) <= 127 and re.fullmatch(name + b"/" + name, kind), "format", "content type")
    stored = parse_stored(f[STORED]) if STORED in f else {}
    names = parse_names(f[NAMES]) if NAMES in f else []
    need(not set(stored) & set(names), "format", "key both stored and reproduced")
    need(DEK_ID not in f or {POLICY, DATASET, SIGNER} <= set(f), "format", "shared data key without policy, dataset or signer")
    return {"id": package_id, "flags": flags, "fields": f, "stored": stored, "names": names}


# Slots ------------------------------------------------------------------------------------------

def encode_slot(slot_len, generation, stanzas, mac_key):
    body = u8(len(stanzas)) + b"".join(
        u8(kind) + u16(len(ref)) + u16(len(wrapped)) + ref + wrapped for kind, ref, wrapped in stanzas)
    slot = (u64(generation) + u32(len(body)) + body).ljust(slot_len - 64, b"\0")
    slot += hmac.digest(mac_key, u32(slot_len) + slot, "sha256") if mac_key else bytes(32)
    return slot + sha256(u32(slot_len) + slot)


def well_formed(kind, ref, wrapped):
    """Whether a stanza is as its type demands."""
    ref_len, wrapped_len = {LOCAL: (36, 104), 4: (None, 72), X25519: (32, 80), X_WING: (32, 1168)}.get(kind, (None, None))
    forms = {2: rb"arn:[!-9;-~]*:kms:[!-9;-~]*:[!-9;-~]*:key/[!-~]*", 3: rb"[!-~]*/[!-~]*/[!-~]*",
             4: rb"[\x01-\x7f]+\0.+"}
    return (kind != 0 and len(ref) == (ref_len or len(ref)) and len(wrapped) == (wrapped_len or len(wrapped))
            and re.fullmatch(forms.get(kind, rb".*"), ref, re.DOTALL))


def parse_slot(slot, blind):
    """Generation and stanzas, None if unused; raises if damaged."""
    if not any(slot):
        return None
    need(sha256(u32(len(slot)) + slot[:-32]) == slot[-32:], "format", "slot digest")
    r = Reader(slot[:-64], "format", "slot")
    generation, body = r.number(8), r.take(r.number(4))
    need(generation >= 1 and not any(slot[r.at:-64]), "format", "generation or padding")
    need(not blind or not any(slot[-64:-32]), "format", "mac in a blind slot")
    r, stanzas = Reader(body, "format", "slot body"), []
    for _ in range(r.number(1)):
        kind, ref_len, wrapped_len = r.number(1), r.number(2), r.number(2)
        need(1 <= ref_len <= 2048 and 1 <= wrapped_len <= 8192, "format", "stanza length")
        ref, wrapped = r.take(ref_len), r.take(wrapped_len)
        need(well_formed(kind, ref, wrapped), "format", "stanza of its type")
        need((kind, ref) not in [s[:2] for s in stanzas], "format", "stanza twice")
        stanzas.append((kind, ref, wrapped))
    need(r.done() and 1 <= len(stanzas) <= 32, "format", "slot body")
    return {"generation": generation, "stanzas": stanzas, "slot": slot}


def active_slot(slots, blind):
    whole, warnings = [], []
    for slot in slots:
        try:
            whole += [parse_slot(slot, blind)]
        except Refused as damaged:
            warnings.append(f"recipient slot damaged: {damaged}")
    whole = [slot for slot in whole if slot]
    need(whole, "format", "no active slot")
    if len(whole) == 2:
        need(whole[0]["generation"] != whole[1]["generation"], "format", "equal generations")
        warnings.append("rewrap unfinished")
    return max(whole, key=lambda slot: slot["generation"]), warnings


# Keys -------------------------------------------------------------------------------------------

def bind_of(suite, core, h):
    f = core["fields"]
    if DEK_ID not in f:
        return sha256(label(b"wrap", h))
    return sha256(label(b"wrap-shared", u16(suite), f[DEK_ID], f[POLICY], u16(len(f[DATASET])), f[DATASET]))


def hpke_info(kind): return label(b"hpke", u8(kind))


def identities(request):
    """The caller's allow-list: (type, key_ref) -> secret."""
    keys = {}
    if "local_kek" in request:
        keys[LOCAL, bytes.fromhex(request["local_key_ref"])] = bytes.fromhex(request["local_kek"])
    for kind, name in ((X25519, "x25519_secret"), (X_WING, "x_wing_secret")):
        if name in request:
            secret = bytes.fromhex(request[name])
            keys[kind, sha256(u16(KEMS[kind]) + Hpke(KEMS[kind]).public(secret))] = secret
    return keys


def unwrap(kind, secret, wrapped, bind):
    if kind == LOCAL:
        return open_message(1, secret, label(b"wrap-local", bind), wrapped, "not-authentic")
    enc_len = 32 if kind == X25519 else 1120
    try:
        return Hpke(KEMS[kind]).open(secret, hpke_info(kind), bind, wrapped[:enc_len], wrapped[enc_len:])
    except (InvalidTag, ValueError):
        raise Refused("not-authentic", "hpke") from None


# Opening ----------------------------------------------------------------------------------------

def parse(package):
    need(package[:8] == bytes.fromhex("894D53500D0A1A0A"), "format", "magic")
    r = Reader(package, "format", "package")
    r.take(8)
    version, suite, core_len = r.number(2), r.number(2), r.number(4)
    need(version == 1 and suite in SUITES and 34 <= core_len <= 65536, "format", "version, suite or core_len")
    core = parse_core(r.take(core_len))
    h = sha512(package[:r.at])
    slot_len = r.number(4)
    need(2048 <= slot_len <= 65536 and slot_len % 256 == 0, "format", "slot_len")
    blind = not core["flags"] & RECIPIENTS_MAC
    active, warnings = active_slot([r.take(slot_len), r.take(slot_len)], blind)
    at = r.at
    r.take(56)
    return {"suite": suite, "core": core, "h": h, "active": active, "blind": blind,
            "warnings": warnings, "head": package[:at], "rest": package[at:]}


def divide(p):
    """Payload, metadata section and trailer; the first takes what the others leave."""
    rest, flags = p["rest"], p["core"]["flags"]
    trailer = section = b""
    if flags & SIGNED:
        rest, trailer = rest[:-TRAILER_LEN], rest[-TRAILER_LEN:]
    if flags & METADATA:
        length = int.from_bytes(rest[-4:], "big")
        need(possible(length) and length <= 1048576, "format", "length of the metadata")
        need(length + 4 <= len(rest), "format", "length of the metadata")
        rest, section = rest[:-length - 4], rest[-length - 4:]
    need(possible(len(rest)), "format", "impossible length of the payload")
    need(not trailer or trailer[:4] == b"MSPT", "format", "magic of the trailer")
    need(not trailer or trailer[4:12] == u64(len(rest)), "format", "payload_len")
    return rest, section, trailer


def expect(p, request):
    f = p["core"]["fields"]
    if request.get("policy"):
        need(f.get(POLICY) == bytes.fromhex(request["policy"]), "expectation", "policy")
    if request.get("signer"):
        need(f.get(SIGNER) == bytes.fromhex(request["signer"]), "expectation", "signer")
    need(sorted(request.get("context", {})) == p["core"]["names"], "expectation", "names of reproduced context")
    need(DEK_ID not in f or request.get("shared_data_key"), "expectation", "shared data key")


def find_key(p, request):
    keys, bind = identities(request), bind_of(p["suite"], p["core"], p["h"])
    tries = [s for s in p["active"]["stanzas"] if s[:2] in keys][:8]
    need(tries, "expectation", "not a recipient")
    for kind, ref, wrapped in tries:
        try:
            return unwrap(kind, keys[kind, ref], wrapped, bind)
        except Refused:
            continue
    raise Refused("not-authentic", "unwrap")


def mac_key(dek, h): return expand(dek, label(b"recipients", h), 32)


def open_metadata(p, dek, section):
    if not section:
        return None
    context = label(b"metadata", p["h"], sha512(b"\0\0"))
    # Once the payload's commitment holds, key and header are right: what fails here is the section.
    plain = open_message(p["suite"], dek, context, section[:-4], "damaged-metadata", "damaged-metadata")
    fields, out = parse_fields(plain, METADATA_FIELDS, "damaged-metadata"), {}
    for tag, name in METADATA_FIELDS.items():
        value = fields.get(tag)
        if value is None:
            continue
        need(len(value) == {3: 8, 7: 32}.get(tag, len(value)) and len(value) <= 65536, "damaged-metadata", name)
        out[name] = {3: lambda: int.from_bytes(value, "big"), 7: value.hex}.get(tag, lambda: utf8(value, "damaged-metadata"))()
    return out


def tree(leaves):
    if len(leaves) <= 1:
        return leaves[0] if leaves else sha256(b"")
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + tree(leaves[:k]) + tree(leaves[k:]))


def leaves_of(payload): return [sha256(b"\0" + chunk) for chunk in chunks(payload)]


def signed_bytes(h, payload, trailer): return label(b"sig", h, payload[:56], trailer[:-64])


def check_trailer(p, payload, section, trailer):
    if not trailer:
        return
    key, signature = p["core"]["fields"][SIGNER], trailer[-64:]
    need(sound_point(signature[:32]), "signature", "R")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed_bytes(p["h"], payload, trailer))
    except InvalidSignature:
        raise Refused("signature", "signature") from None
    need(trailer[44:76] == (sha256(section) if section else bytes(32)), "signature", "metadata digest")
    need(trailer[12:44] == tree(leaves_of(payload)), "signature", "root")


def open_package(request):
    p = parse(base64.b64decode(request["package"]))
    expect(p, request)
    dek = find_key(p, request)
    need(len(dek) == 32, "not-authentic", "length of the data key")
    slot = p["active"]["slot"]
    mac = hmac.digest(mac_key(dek, p["h"]), u32(len(slot)) + slot[:-64], "sha256")
    need(p["blind"] or hmac.compare_digest(mac, slot[-64:-32]), "not-authentic", "mac")
    context = label(b"payload", p["h"], sha512(encode_context(request.get("context", {}))))
    commitment = schedule(p["suite"], dek, p["rest"][:24], context)[2]
    need(hmac.compare_digest(commitment, p["rest"][24:56]), "not-authentic", "commitment")
    payload, section, trailer = divide(p)
    content = open_message(p["suite"], dek, context, payload, "damaged")
    metadata = open_metadata(p, dek, section)
    need(not metadata or metadata.get("size", len(content)) == len(content), "damaged-metadata", "size")
    check_trailer(p, payload, section, trailer)
    f = p["core"]["fields"]
    return {"outcome": "success", "sha256": sha256(content).hex(), "len": len(content), "metadata": metadata,
            "warnings": p["warnings"], "stored": p["core"]["stored"], "generation": p["active"]["generation"],
            "created_at": int.from_bytes(f[CREATED], "big"), "stanzas": len(p["active"]["stanzas"])}


# Sealing ----------------------------------------------------------------------------------------

def seal_package(request):
    suite, h2b = request.get("suite", 1), bytes.fromhex
    fields = {CREATED: u64(request.get("created_at", 0))}
    for tag, name, encode in ((POLICY, "policy", h2b), (DATASET, "dataset", str.encode), (DEK_ID, "dek_id", h2b),
                              (STORED, "stored", encode_context), (CONTENT_TYPE, "content_type", str.encode)):
        if request.get(name):
            fields[tag] = encode(request[name])
    reproduced = request.get("context", {})
    if reproduced:
        names = sorted(key.encode() for key in reproduced)
        fields[NAMES] = u16(len(names)) + b"".join(u16(len(n)) + n for n in names)
    signer = Ed25519PrivateKey.from_private_bytes(h2b(request["signing_seed"])) if "signing_seed" in request else None
    if signer:
        fields[SIGNER] = signer.public_key().public_bytes_raw()
    fields |= {int(tag): h2b(value) for tag, value in request.get("extra_fields", {}).items()}
    blind, metadata = request.get("blind", False), request.get("metadata")
    flags = SIGNED * bool(signer) | RECIPIENTS_MAC * (not blind) | METADATA * (metadata is not None)
    core = urandom(16) + u32(flags) + encode_fields(fields)
    preamble = h2b("894D53500D0A1A0A") + u16(1) + u16(suite) + u32(len(core))
    h = sha512(preamble + core)
    dek = h2b(request["dek"]) if "dek" in request else urandom(32)
    bind = bind_of(suite, parse_core(core), h)
    stanzas = [make_stanza(r, dek, bind) for r in request["recipients"]]
    size = 2 * (1 + sum(5 + len(ref) + len(wrapped) for _, ref, wrapped in stanzas))
    slot_len = max(2048, -(-size // 256) * 256)
    slot = encode_slot(slot_len, 1, stanzas, None if blind else mac_key(dek, h))
    content = base64.b64decode(request["content"])
    payload = seal_message(suite, dek, label(b"payload", h, sha512(encode_context(reproduced))), content)
    section = b""
    if metadata is not None:
        named = {name: tag for tag, name in METADATA_FIELDS.items()}
        plain = {named[k]: u64(v) if k == "size" else h2b(v) if k == "content_sha256" else v.encode() for k, v in metadata.items()}
        message = seal_message(suite, dek, label(b"metadata", h, sha512(b"\0\0")), encode_fields(plain))
        section = message + u32(len(message))
    out = preamble + core + u32(slot_len) + slot + bytes(slot_len) + payload + section
    if signer:
        trailer = b"MSPT" + u64(len(payload)) + tree(leaves_of(payload)) + (sha256(section) if section else bytes(32))
        out += trailer + signer.sign(signed_bytes(h, payload, trailer + bytes(64)))
    return {"package": base64.b64encode(out).decode()}


def make_stanza(recipient, dek, bind):
    kind = recipient["type"]
    if kind == LOCAL:
        kek, ref = bytes.fromhex(recipient["kek"]), bytes.fromhex(recipient["key_ref"])
        return kind, ref, seal_message(1, kek, label(b"wrap-local", bind), dek)
    if kind in KEMS:
        public = bytes.fromhex(recipient["public"])
        ref = sha256(u16(KEMS[kind]) + public)
        return kind, ref, Hpke(KEMS[kind]).seal(public, hpke_info(kind), bind, dek)
    return kind, bytes.fromhex(recipient["key_ref"]), bytes.fromhex(recipient["wrapped"])


# Side-car, HPKE on its own, commands --------------------------------------------------------------

def side_car(request):
    p = parse(base64.b64decode(request["package"]))
    payload, section, trailer = divide(p)
    need(trailer, "signature", "not signed")
    check_trailer(p, payload, section, trailer)
    leaves = leaves_of(payload)
    groups = [tree(leaves[i:i + 64]) for i in range(0, len(leaves), 64)]
    need(tree(groups) == trailer[12:44], "signature", "group roots")
    out = bytes.fromhex("894D53470D0A1A0A") + u16(1) + b"\x06\0" + p["h"] + u64(len(payload)) + b"".join(groups)
    return {"side_car": base64.b64encode(out).decode()}


def hpke(request):
    """Known answers: decapsulates and opens; any AEAD of 256-bit keys."""
    b = {name: bytes.fromhex(request[name]) for name in ("secret", "enc", "info", "aad", "ct")}
    aead = {2: (2, AESGCM), 3: (3, ChaCha20Poly1305)}[request["aead"]]
    return {"plaintext": Hpke(request["kem"], aead).open(b["secret"], b["info"], b["aad"], b["enc"], b["ct"]).hex()}


COMMANDS = {"open": open_package, "seal": seal_package, "side-car": side_car, "hpke": hpke}


def answer(command, request):
    try:
        return command(request)
    except Refused as refused:
        return {"outcome": refused.outcome, "detail": str(refused)}


def main():
    command, request = COMMANDS[sys.argv[1]], json.load(sys.stdin)
    single = isinstance(request, dict)
    answers = [answer(command, r) for r in ([request] if single else request)]
    json.dump(answers[0] if single else answers, sys.stdout)


if __name__ == "__main__":
    main()

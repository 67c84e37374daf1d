"""Our own captures: what was written is read back by whoever has the key, and by nobody else, and not otherwise."""

from __future__ import annotations

import hmac
import json
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import msgspec
import pytest
from capture_kit import read, reasons
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.capture import Exchange, Said, Unusable
from gateway.capture.faults import REPAIRS
from gateway.capture.keep import Keeper, packed
from gateway.capture.seal import END, MAGIC, MISSING, OVERHEAD, SIZE, key_id
from gateway.errors import BadCapture, FaultyKeyring
from gateway.flow import CustomerFacts, Operator, Purpose, Request, Response
from gateway.storage.capture_keys import read_reader, read_recipient

KEY = X25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = X25519PrivateKey.from_private_bytes(b"o" * 32)
EXCHANGE = Exchange(
    number=1,
    site="",
    request=Request("POST", "/api/orders?x=%27", (("A", "b"), ("A", "\xe9")), b"\xff\x00planted"),
    response=Response(200, (("Content-Type", "application/json"),), b'{"a":1}'),
    started=1_793_611_800_250_000_000,
    repairs=("credentials",),
    said=Said(
        "erp",
        Operator("crm", "ann", "sales", "human", "high", "jwt", (("jwt", "ab"),)),
        Purpose("order-fulfilment", "claim"),
        "10.0.0.1",
        {"C-017": CustomerFacts("C-017", frozenset({"contact"}), {"region": "eu"}, "cd")},
    ),
)


def kept(*exchanges: Exchange, end: bool = True, secret: bytes = b"s" * 32) -> bytes:
    keeper = Keeper(KEY.public_key(), secret)
    records = [keeper.seal(packed(exchange)) for exchange in exchanges]
    return keeper.start + b"".join(records) + (keeper.seal(END) if end else b"")


def records_of(data: bytes) -> tuple[bytes, list[bytes]]:
    """Take a file apart into its start and its records."""
    at = len(MAGIC) + SIZE + int.from_bytes(data[len(MAGIC) : len(MAGIC) + SIZE], "big")
    start, found = data[:at], []
    while at < len(data):
        size = SIZE + int.from_bytes(data[at : at + SIZE], "big")
        found.append(data[at : at + size])
        at += size
    return start, found


def test_what_was_written_is_read_back():
    assert read(kept(EXCHANGE), [KEY]) == [EXCHANGE]
    assert read(kept(EXCHANGE), [OTHER, KEY]) == [EXCHANGE]
    assert read(kept(), [KEY]) == []


TEXT = st.text(max_size=6)
LATIN = st.text(st.characters(max_codepoint=255), max_size=6)
HEADERS = st.lists(st.tuples(LATIN, LATIN), max_size=3).map(tuple)
FACTS = st.builds(
    CustomerFacts, TEXT, st.frozensets(TEXT, max_size=2), st.dictionaries(TEXT, TEXT, max_size=2), passport=TEXT
)
SAID = st.builds(
    Said,
    TEXT,
    st.builds(Operator, TEXT, TEXT, st.none() | TEXT, evidence=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple)),
    st.none() | st.builds(Purpose, TEXT, TEXT),
    TEXT,
    st.dictionaries(TEXT, FACTS, max_size=2),
)
EXCHANGES = st.builds(
    Exchange,
    st.just(0),
    TEXT,
    st.builds(Request, TEXT, TEXT, HEADERS, st.binary(max_size=40)),
    st.none() | st.builds(Response, st.integers(100, 999), HEADERS, st.binary(max_size=40)),
    st.none() | st.integers(-(2**62), 2**62),
    st.lists(st.sampled_from(sorted(REPAIRS)), max_size=2).map(tuple),
    st.none() | SAID,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(EXCHANGES, max_size=4))
def test_whatever_is_written_is_read_back(exchanges):
    found = read(kept(*exchanges), [KEY])
    assert found == [numbered(exchange, number) for number, exchange in enumerate(exchanges, 1)]


def numbered(exchange: Exchange, number: int) -> Exchange:
    return replace(exchange, number=number)


@pytest.mark.parametrize("keys", [[], [OTHER]])
def test_without_the_key_the_file_stays_shut_and_names_the_key_that_it_wants(keys):
    with pytest.raises(BadCapture, match=f"last-week: sealed for the key {key_id(KEY.public_key())}"):
        read(kept(EXCHANGE), keys, name="last-week")


def test_nothing_of_what_crossed_shows_in_the_file():
    data = kept(EXCHANGE)
    for value in (b"planted", b"/api/orders", b"C-017", b"ann", b"order-fulfilment", b"erp", b"crm"):
        assert value not in data


def test_two_files_of_the_same_have_nothing_in_common():
    _, (first, _) = records_of(kept(EXCHANGE, secret=b"1" * 32))
    _, (second, _) = records_of(kept(EXCHANGE, secret=b"2" * 32))
    assert first[SIZE:] != second[SIZE:]


def changed(where: Callable[[list[bytes]], list[bytes]]) -> bytes:
    start, records = records_of(kept(*[numbered(EXCHANGE, number) for number in (1, 2, 3)]))
    return start + b"".join(where(records))


WAYS = [
    ("a bit", lambda r: [r[0][:-1] + bytes([r[0][-1] ^ 1]), *r[1:]], ["tampered", "", ""]),
    ("swapped", lambda r: [r[1], r[0], r[2], r[3]], ["tampered", "tampered", ""]),
    ("one left out", lambda r: [r[0], r[2], r[3]], ["", "tampered", "tampered", "truncated"]),
    ("one twice", lambda r: [r[0], r[0], r[1]], ["", "tampered", "tampered", "truncated"]),
    ("the end left out", lambda r: r[:3], ["", "", "", "truncated"]),
    ("the end early", lambda r: [r[0], r[3]], ["", "tampered", "truncated"]),
    ("something after the end", lambda r: [*r, r[0]], ["", "", "", "trailing"]),
    ("another file's record", lambda r: [r[0], records_of(kept(EXCHANGE, EXCHANGE, secret=b"x" * 32))[1][1], *r[2:]],
     ["", "tampered", ""]),
    ("an empty record", lambda r: [b"\0\0\0\0", *r[1:]], ["tampered", "", ""]),
    ("a record cut", lambda r: [r[0], r[1][:-3]], ["", "truncated"]),
    ("a length cut", lambda r: [r[0], r[1][:2]], ["", "truncated"]),
    ("a length beyond the file", lambda r: [r[0], b"\xff\xff\xff\xff" + r[1]], ["", "truncated"]),
]  # fmt: skip


@pytest.mark.parametrize(("way", "expected"), [case[1:] for case in WAYS], ids=[case[0] for case in WAYS])
def test_whatever_is_done_to_a_file_is_noticed(way, expected):
    assert reasons(read(changed(way), [KEY])) == expected


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 7))
def test_no_bit_can_be_changed_without_notice(at, bit):
    data = bytearray(kept(EXCHANGE, EXCHANGE))
    sound = read(bytes(data), [KEY])
    data[at % len(data)] ^= 1 << bit
    try:
        found = read(bytes(data), [KEY])
    except BadCapture:
        return
    assert set(reasons(found)) - {""}
    assert all(item in sound for item in found if isinstance(item, Exchange))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2000))
def test_a_file_cut_anywhere_gives_what_is_whole_and_says_that_it_is_cut(at):
    data = kept(EXCHANGE, EXCHANGE)
    start, records = records_of(data)
    cut = data[: len(start) + at % (len(data) - len(start))]
    found = read(cut, [KEY])
    whole = sum(1 for end in (1, 2) if len(cut) >= len(start) + sum(map(len, records[:end])))
    assert found == [*read(data, [KEY])[:whole], Unusable(whole + 1, "truncated")]


@pytest.mark.parametrize("size", [0, 8, 11, 12, 40, 100])
def test_a_header_that_is_cut_or_damaged_is_told(size):
    with pytest.raises(BadCapture):
        read(kept(EXCHANGE)[:size], [KEY])
    with pytest.raises(BadCapture):
        read(kept(EXCHANGE)[:size] + b"\xff" * 500, [KEY])


def test_another_version_is_told():
    with pytest.raises(BadCapture, match="a version of sovgate"):
        read(MAGIC[:-1] + b"\x09" + kept(EXCHANGE)[len(MAGIC) :], [KEY])


def expanded(secret: bytes, info: bytes, size: int) -> bytes:
    found, block = b"", b""
    for number in range(1, 1 + -(-size // 32)):
        block = hmac.digest(secret, block + info + bytes([number]), "sha256")
        found += block
    return found[:size]


def file_key_by_hand(header: dict[str, str], private: X25519PrivateKey) -> bytes:
    """Open HPKE as RFC 9180 writes it: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, base mode."""
    sealed = b64decode(header["sealed"])
    encapsulated, box = sealed[:32], sealed[32:]
    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x02"

    def extract(salt: bytes, suite: bytes, label: bytes, key: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + key, "sha256")

    def expand(secret: bytes, suite: bytes, label: bytes, info: bytes, size: int) -> bytes:
        return expanded(secret, size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, size)

    shared = private.exchange(X25519PublicKey.from_public_bytes(encapsulated))
    both = encapsulated + private.public_key().public_bytes_raw()
    shared = expand(extract(b"", kem, b"eae_prk", shared), kem, b"shared_secret", both, 32)
    context = b"\0" + extract(b"", suite, b"psk_id_hash", b"")
    context += extract(b"", suite, b"info_hash", b"sovgate capture 1")
    secret = extract(shared, suite, b"secret", b"")
    key, nonce = expand(secret, suite, b"key", context, 32), expand(secret, suite, b"base_nonce", context, 12)
    return AESGCM(key).decrypt(nonce, box, b"")


def test_a_file_opens_by_hand_as_the_layout_says():
    """What `gateway.capture.seal` describes is enough to read a file without a line of its code."""
    data = kept(EXCHANGE)
    start, (first, last) = records_of(data)
    key = file_key_by_hand(json.loads(start[12:]), KEY)
    digest = sha256(start).digest()
    opened = [
        AESGCM(key).decrypt(bytes(8) + number.to_bytes(4, "big"), record[4:], number.to_bytes(8, "big") + digest)
        for number, record in enumerate((first, last))
    ]
    assert (key, opened[0][:1], opened[1]) == (b"s" * 32, b"x", b"e")
    said = msgspec.msgpack.decode(opened[0][1:])
    assert (said["request"]["body"], said["said"]["customers"]["C-017"]["consents"]) == (
        b"\xff\x00planted",
        ["contact"],
    )


def test_gaps_are_told_where_they_are():
    keeper = Keeper(KEY.public_key(), b"s" * 32)
    records = [packed(EXCHANGE), MISSING, packed(EXCHANGE), END]
    data = keeper.start + b"".join(map(keeper.seal, records))
    assert reasons(read(data, [KEY])) == ["", "dropped", ""]


def test_records_over_the_limit_are_passed_over():
    big = Exchange(1, "", Request("GET", "/", (), b"x" * 3_000_000), None)
    assert reasons(read(kept(big, EXCHANGE), [KEY], limit=1_000_000)) == ["too-large", ""]


@pytest.mark.parametrize(
    "content", [b"", b"?", b"x", b"x\xc1", b"x\x80", b"x" + b"\x91" * 5000, b"x\xdf\xff\xff\xff\xff"]
)
def test_whoever_has_the_public_key_can_write_nonsense_and_no_more(content):
    keeper = Keeper(KEY.public_key(), b"s" * 32)
    data = keeper.start + keeper.seal(content) + keeper.seal(packed(EXCHANGE)) + keeper.seal(END)
    assert reasons(read(data, [KEY])) == ["malformed", ""]


def test_the_size_of_a_record_is_known_before_it_is_sealed():
    record = packed(EXCHANGE)
    assert len(Keeper(KEY.public_key(), b"s" * 32).seal(record)) == len(record) + OVERHEAD


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Keys as people make them: with openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here")
    folder = tmp_path_factory.mktemp("keys")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    openssl("genpkey", "-algorithm", "X25519", "-out", "captures.key")
    openssl("pkey", "-in", "captures.key", "-pubout", "-out", "captures.pub")
    openssl("pkey", "-in", "captures.key", "-aes256", "-passout", "pass:secret", "-out", "locked.key")
    openssl("genpkey", "-algorithm", "ED25519", "-out", "signing.key")
    openssl("pkey", "-in", "signing.key", "-pubout", "-out", "signing.pub")
    (folder / "none.key").write_text("nothing")
    return folder


def test_keys_that_openssl_made_fit(keys):
    public, private = read_recipient(keys / "captures.pub"), read_reader(keys / "captures.key")
    assert key_id(private.public_key()) == key_id(public)
    assert key_id(read_reader(keys / "locked.key", b"secret").public_key()) == key_id(public)


@pytest.mark.parametrize(
    ("read_key", "name", "told"),
    [
        (read_recipient, "captures.key", "a private key, which must not lie where the gateway runs"),
        (read_recipient, "signing.pub", "not an X25519 key"),
        (read_recipient, "none.key", "no public key"),
        (read_recipient, "absent.pub", "No such file"),
        (read_reader, "captures.pub", "opened with the private one"),
        (read_reader, "signing.key", "not an X25519 key"),
        (read_reader, "none.key", "no private key"),
        (lambda path: read_reader(path, b"wrong"), "locked.key", "another password"),
    ],
)
def test_keys_that_dont_fit_are_told_by_name(keys, read_key, name, told):
    with pytest.raises(FaultyKeyring, match=told) as error:
        read_key(keys / name)
    assert str(error.value).startswith(str(keys / name))


def test_a_key_with_a_password_asks_for_it(keys):
    with pytest.raises(TypeError, match="it has a password"):
        read_reader(keys / "locked.key")

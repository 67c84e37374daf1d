"""Keys in memory: named as others name them, shown to nobody, and gone when they are wiped."""

import json
import subprocess
import sys
from pathlib import Path

import jwcrypto.jwk
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OctKey
from tokens_kit import ANNA, data_key, handle, key_set

from gateway.crypto import b64url
from gateway.errors import KeysUnavailable
from gateway.tokens.context import LENGTH, context
from gateway.tokens.keyset import KeySet, thumbprint

ROOT = Path(__file__).parent.parent


@given(st.binary(min_size=32, max_size=32))
def test_a_keys_thumbprint_is_that_of_jwcrypto_and_joserfc(key):
    theirs = jwcrypto.jwk.JWK(kty="oct", k=b64url(key).decode()).thumbprint()
    assert thumbprint(bytearray(key)) == theirs == OctKey.import_key(key).thumbprint()


def test_no_key_is_shown():
    keys = key_set()
    shown = repr(keys) + str(keys) + repr(keys.keys[0])
    for key in keys.keys:
        assert repr(bytes(key.key))[2:-1] not in shown
        assert key.key.hex() not in shown
        assert b64url(key.key).decode() not in shown
    assert "bytearray" not in shown


def test_the_current_version_comes_first_then_the_newest_and_revoked_ones_not_at_all():
    states = {1: "older", 2: "revoked", 3: "current", 4: "older", 5: "older"}
    keys = KeySet("sovgate", ANNA, handle(ANNA), tuple(data_key(n, state=state) for n, state in states.items()))
    assert [key.version for key in keys.of("data", data_key().purpose)] == [3, 5, 4, 1]
    assert keys.of("vault", data_key().purpose) == keys.of("data", None) == []


@pytest.mark.parametrize("kind", ["data", "vault", "pseudonym"])
def test_a_wiped_key_is_gone_and_says_so(kind):
    key = data_key(kind=kind)
    held = key.key
    assert key.cipher is key.cipher
    lookup = key.lookup
    view = bytes(lookup)
    key.wipe()
    key.wipe()
    assert key.wiped
    assert not held
    assert view != bytes(32) == bytes(lookup)
    for part in ("cipher", "whole", "lookup"):
        with pytest.raises(KeysUnavailable):
            getattr(key, part)


def test_a_vaults_key_does_three_things_with_three_keys():
    key = data_key(kind="vault")
    made = {bytes(key.key), bytes(key.lookup), bytes(data_key(2, kind="vault").lookup)}
    assert len(made) == 3
    nonce = bytes(12)
    same = data_key(kind="data")
    same.key[:] = key.key
    assert key.cipher.encrypt(nonce, b"x", None) != same.cipher.encrypt(nonce, b"x", None)


SEARCH = """
import hmac, os, sys
sys.path[:0] = {paths!r}
from gateway.tokens.keyset import DataKey, KeySet, thumbprint
from gateway.tokens.lent import LentKeys
from tokens_kit import tools

file = os.open("/dev/urandom", os.O_RDONLY)
keys = []
for version, kind in enumerate(("data", "pseudonym", "vault"), 1):
    key = bytearray(32)
    os.readv(file, [key])
    keys.append(DataKey(version, None, kind, key, thumbprint(key)))
lookup = keys[2].lookup
rows = keys[2]._derived(b"sovgate/vault/rows/1")
halves = [part for key in [*(key.key for key in keys), lookup, rows] for part in (key[:16], key[16:])]
masks = [[byte ^ 0x5A for byte in half] for half in halves]
for copy in (rows, *halves):
    copy[:] = bytes(len(copy))


def found() -> list[int]:
    # A child looks, so that what it unmasks to look for is not in the memory that is searched.
    reading, writing = os.pipe()
    if os.fork() == 0:
        wanted = [bytes(byte ^ 0x5A for byte in mask) for mask in masks]
        counts = [0] * len(wanted)
        memory = os.open(f"/proc/{{os.getppid()}}/mem", os.O_RDONLY)
        for line in open(f"/proc/{{os.getppid()}}/maps"):
            span, rights, *_ = line.split()
            start, end = (int(part, 16) for part in span.split("-"))
            if rights.startswith("rw"):
                try:
                    data = os.pread(memory, end - start, start)
                except OSError:
                    continue
                counts = [count + data.count(one) for count, one in zip(counts, wanted)]
        os.write(writing, bytes(min(count, 255) for count in counts))
        os._exit(0)
    answer = list(os.read(reading, 100))
    os.wait()
    return answer


lent = LentKeys(KeySet("sovgate", "anna", "h" * 16, tuple(keys)), None, tools())
for number in range(50):
    token = lent.encrypt(str(number), "name")
    assert lent.reveal(token, "name") == str(number)
    assert lent.reveal(lent.tokenise(str(number), "name", "text"), "name") == str(number)
    hmac.digest(lent.pseudonym_key(), b"value", "sha256")
lent.use()
del lookup
before = found()
for key in keys:
    key.wipe()
print(before, found(), sep="|")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/PID/mem")
def test_no_half_of_a_wiped_key_is_left_in_the_memory_of_the_process():
    program = SEARCH.format(paths=[str(ROOT), str(ROOT / "tests")])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    before, after = map(json.loads, done.stdout.strip().split("|"))
    if set(before) == {0}:
        pytest.skip("this machine doesn't let a process read its parent's memory")
    assert 0 not in before
    assert after == [0] * 10


few = st.text("a", max_size=3)


@given(st.lists(st.tuples(few, few, few, st.none() | few)))
def test_contexts_are_the_same_only_for_the_same_four(fours):
    assert len({context(*four) for four in fours}) == len(set(fours))
    assert all(len(context(*four)) == LENGTH for four in fours)

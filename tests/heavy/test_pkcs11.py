"""Customers' keys under a key in a real PKCS#11 token: SoftHSM2, with every law of providers, and what takes it away.

Needs python-pkcs11, and SoftHSM2 (`apt-get install softhsm2`): its library, and `softhsm2-util` to make tokens with.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from provider_laws import *  # noqa: F403 - the laws of every provider

from gateway.custody import pkcs11_library
from gateway.custody.file_provider import FileProvider, Secret
from gateway.custody.opening import open_chest, open_keeper
from gateway.custody.outside import OutsideProvider
from gateway.custody.pkcs11_token import Token
from gateway.custody.services import Pkcs11Settings, SecretSource
from gateway.custody.settings import CustodySettings
from gateway.custody.smith import Smith
from gateway.errors import FaultyCustody, KeyGone, KeysUnavailable

pytestmark = pytest.mark.heavy
pkcs11 = pytest.importorskip("pkcs11", reason="needs python-pkcs11: pip install 'sovgate[pkcs11]'")

PLACES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
LIBRARY = next((Path(path) for path in PLACES if Path(path).exists()), None)
if LIBRARY is None or shutil.which("softhsm2-util") is None:
    pytest.skip("needs SoftHSM2: apt-get install softhsm2", allow_module_level=True)

NOW = 1_763_900_000_000_000_000
CONTEXT = b"AAAAAAAAAAAAAAAA"
PIN, OWNER = "a-pin-to-find", "87654321"
SECONDS = 60
EMAIL = "user.contact.email"
SOVGATE = (sys.executable, "-c", "from gateway.cli.main import main; main()")

# What the owner of the token does is done by another process: this one must notice it by itself.
DO = """
import sys, pkcs11
from pkcs11 import Attribute, KeyType, ObjectClass
library, token, pin, what, label = sys.argv[1:]
with pkcs11.lib(library).get_token(token_label=token).open(rw=True, user_pin=pin) as session:
    if what == "make":
        hidden = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
        session.generate_key(KeyType.AES, 256, label=label, store=True, template=hidden)
    else:
        (key,) = session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: label})
        if what == "destroy":
            key.destroy()
        else:
            key[Attribute.DECRYPT] = what == "enable"
"""


class Hsm:
    """Tokens of their own in a folder; what is asked of them is done by other processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "tokens").mkdir(parents=True)
        self.conf = folder / "softhsm2.conf"
        self.conf.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")

    def token(self, label):
        self._util("--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", OWNER)

    def remove(self, label):
        self._util("--delete-token", "--token", label)

    def pin(self, label, old, new):
        self._util("--init-pin", "--token", label, "--so-pin", OWNER, "--pin", new)

    def do(self, what, label="sovgate", token="acme", pin=PIN):
        subprocess.run([sys.executable, "-c", DO, str(LIBRARY), token, pin, what, label], check=True, timeout=120)

    def _util(self, *arguments):
        subprocess.run(["softhsm2-util", *arguments], check=True, timeout=120, capture_output=True)


def settings(**more):
    told = {"library": LIBRARY, "token": "acme", "key": "sovgate", "pin": SecretSource(value=PIN), **more}
    return Pkcs11Settings(**told)


def service(**more):
    return Token(settings(**more), SECONDS, os.urandom)


def outside(name="acme", **more):
    moments = iter(range(0, 10**9, 1000))
    return OutsideProvider(name, service(**more), os.urandom, clock=lambda: float(next(moments)))


@pytest.fixture
def hsm(tmp_path, monkeypatch):
    made = Hsm(tmp_path / "hsm")
    monkeypatch.setenv("SOFTHSM2_CONF", str(made.conf))
    there = pkcs11_library._LIBRARIES.get(LIBRARY)
    if there is not None:  # loaded by the test before, with other tokens
        there.run(there.begin_anew, SECONDS)
    made.token("acme")
    made.do("make")
    yield made
    there = pkcs11_library.library(LIBRARY, SECONDS)
    there.run(there.begin_anew, SECONDS)


@pytest.fixture
def provider(hsm):
    opened = outside()
    yield opened
    opened.close()


def refused(ask):
    with pytest.raises(KeysUnavailable) as caught:
        ask()
    return type(caught.value), str(caught.value)


# -- the key and its token


def test_a_key_that_its_owner_destroys_opens_nothing_at_once(hsm, provider):
    wrapped = provider.wrap(bytearray(32), CONTEXT)
    assert provider.unwrap(wrapped, CONTEXT)
    hsm.do("destroy")
    assert refused(lambda: provider.unwrap(wrapped, CONTEXT))[0] is KeyGone
    assert refused(lambda: provider.wrap(bytearray(32), CONTEXT))[0] is KeyGone
    hsm.do("make")  # one of the same name is another key
    assert refused(lambda: provider.unwrap(wrapped, CONTEXT))[0] is KeyGone
    assert provider.unwrap(provider.wrap(bytearray(32), CONTEXT), CONTEXT)


def test_a_key_that_its_owner_disables_is_gone_and_comes_back_when_they_enable_it(hsm, provider):
    wrapped = provider.wrap(bytearray(32), CONTEXT)
    hsm.do("disable")
    assert refused(lambda: provider.unwrap(wrapped, CONTEXT))[0] is KeyGone
    hsm.do("enable")
    assert provider.unwrap(wrapped, CONTEXT)


def test_a_token_that_is_taken_away_is_unavailable(hsm, provider):
    wrapped = provider.wrap(bytearray(32), CONTEXT)
    (hsm.folder / "tokens").rename(hsm.folder / "away")
    (hsm.folder / "tokens").mkdir()
    assert refused(lambda: provider.unwrap(wrapped, CONTEXT))[0] is KeysUnavailable
    (hsm.folder / "tokens").rmdir()
    (hsm.folder / "away").rename(hsm.folder / "tokens")
    assert provider.unwrap(wrapped, CONTEXT)  # put back: the library is begun anew


@pytest.mark.filterwarnings("ignore:Exception ignored in.*pkcs11:pytest.PytestUnraisableExceptionWarning")
def test_a_session_that_ended_is_opened_anew(hsm, provider):
    wrapped = provider.wrap(bytearray(32), CONTEXT)
    library = pkcs11_library.library(LIBRARY, SECONDS)
    library.run(library._sessions["acme"].close, SECONDS)
    assert provider.unwrap(wrapped, CONTEXT)
    library.run(library.begin_anew, SECONDS)
    assert provider.unwrap(wrapped, CONTEXT)


def test_two_keys_of_one_label_are_not_guessed_between(hsm, provider):
    hsm.do("make")
    kind, told = refused(lambda: provider.wrap(bytearray(32), CONTEXT))
    assert (kind, "several keys" in told) == (KeysUnavailable, True)


def test_an_older_key_opens_while_a_new_one_wraps(hsm, provider):
    wrapped = provider.wrap(bytearray(32), CONTEXT)
    hsm.do("make", "newer")
    moved = outside(key="newer", older=("sovgate",))
    assert moved.unwrap(wrapped, CONTEXT)
    assert (wrapped.kek, moved.wrap(bytearray(32), CONTEXT).kek, moved.current()) == ("sovgate", "newer", "newer")
    alone = outside(key="newer")
    assert "does not name" in refused(lambda: alone.unwrap(wrapped, CONTEXT))[1]


def test_two_tokens_of_one_library_live_side_by_side(hsm, provider):
    hsm.token("beta")
    hsm.do("make", token="beta")
    other = outside("beta", token="beta")
    mine, theirs = (one.wrap(bytearray(32), CONTEXT) for one in (provider, other))
    assert refused(lambda: provider.unwrap(theirs, CONTEXT))[0] is KeyGone
    hsm.do("destroy", token="beta")
    assert refused(lambda: other.unwrap(theirs, CONTEXT))[0] is KeyGone
    assert provider.unwrap(mine, CONTEXT)
    other.close()
    assert provider.unwrap(mine, CONTEXT)


# -- the PIN


def test_a_wrong_pin_is_tried_once_so_that_it_does_not_lock_the_token(hsm, tmp_path, monkeypatch):
    path = tmp_path / "pin"
    path.write_text("0000\n")
    provider = outside(pin=SecretSource(file=path))
    library = pkcs11_library.library(LIBRARY, SECONDS)
    tried = []
    session = library.session

    def watched(token, pin):
        try:
            return session(token, pin)
        except pkcs11.PinIncorrect:
            tried.append(pin)
            raise

    monkeypatch.setattr(library, "session", watched)
    for _ in range(5):
        kind, told = refused(lambda: provider.wrap(bytearray(32), CONTEXT))
        assert (kind, "PIN" in told, "0000" in told) == (KeysUnavailable, True, False)
    assert tried == ["0000"]
    path.write_text(PIN + "\n")  # put right: no restart is needed
    assert provider.wrap(bytearray(32), CONTEXT)


def test_a_pin_that_cannot_be_read_is_told(hsm, tmp_path):
    provider = outside(pin=SecretSource(file=tmp_path / "none"))
    assert "the file of its PIN" in refused(lambda: provider.wrap(bytearray(32), CONTEXT))[1]


def test_no_pin_and_no_key_is_in_anything_that_is_printed_or_logged(hsm, provider, caplog, capfd):
    caplog.set_level(0)
    provider.wrap(bytearray(b"find-me-" * 4), CONTEXT)
    hsm.do("destroy")
    told = refused(lambda: provider.wrap(bytearray(32), CONTEXT))[1]
    printed = "".join(capfd.readouterr()) + caplog.text + told + repr(provider) + repr(settings())
    assert [secret for secret in (PIN, "find-me", "ZmluZC1tZS") if secret in printed] == []


# -- the library


def test_a_library_that_is_none_is_a_fault_of_the_configuration(tmp_path):
    (tmp_path / "lib.so").write_text("no library")
    for path in (tmp_path / "lib.so", tmp_path / "none.so"):
        with pytest.raises(FaultyCustody, match="no PKCS#11 library"):
            service(library=path)


def test_a_call_that_hangs_in_the_library_is_waited_for_no_longer_than_promised(hsm, provider, monkeypatch):
    wrapped = provider.wrap(bytearray(32), CONTEXT)
    slow = OutsideProvider("acme", Token(settings(), 0.3, os.urandom), os.urandom)
    library = pkcs11_library.library(LIBRARY, SECONDS)
    leave, inside = threading.Event(), threading.Event()
    stuck = threading.Thread(target=library.run, args=(lambda: inside.set() or leave.wait(60), SECONDS))
    stuck.start()
    try:
        assert inside.wait(60)
        kind, told = refused(lambda: slow.unwrap(wrapped, CONTEXT))
        assert (kind, "in time" in told) == (KeysUnavailable, True)
    finally:
        leave.set()
        stuck.join()
    assert provider.unwrap(wrapped, CONTEXT)


# -- the whole of it


def keeper(folder, providers, holders):
    made = CustodySettings(cache_seconds=60, holders=holders)
    return open_keeper(folder, providers, made, lambda: NOW)


async def test_a_customers_data_opens_until_they_destroy_the_key_in_their_token(hsm, tmp_path):
    folder = tmp_path / "custody"
    folder.mkdir(mode=0o700)
    file = FileProvider(folder / "kek.json", Secret("key", b"k" * 32), os.urandom)
    kept = keeper(folder, {"file": file, "acme-hsm": outside("acme-hsm")}, {"acme": "acme-hsm"})
    try:
        tokens = {}
        for customer in ("acme", "beta"):
            loan = await kept.lend([customer], "p", NOW, make=True)
            tokens[customer] = loan.of(customer).encrypt('"a"', EMAIL)
            await loan.settle()
        await asyncio.to_thread(hsm.do, "destroy")

        async def opened(customer, now):
            keys = (await kept.lend([customer], "p", now, make=False)).of(customer)
            return None if keys is None else keys.reveal(tokens[customer], EMAIL)

        assert [await opened(one, NOW + 50 * 10**9) for one in tokens] == ['"a"', '"a"']
        assert [await opened(one, NOW + 61 * 10**9) for one in tokens] == [None, '"a"']
    finally:
        await kept.close()


def test_keys_move_from_the_file_to_the_token_and_back(hsm, tmp_path):
    folder = tmp_path / "custody"
    folder.mkdir(mode=0o700)

    def smith(default):
        file = FileProvider(folder / "kek.json", Secret("key", b"k" * 32), os.urandom)
        providers = {"file": file, "acme-hsm": outside("acme-hsm")}
        return Smith(open_chest(folder, providers, CustodySettings(default=default)), "ann", NOW)

    worker = smith("file")
    worker.create("C-1", "p")
    before = worker.look("C-1")[1]
    for default in ("acme-hsm", "file"):
        worker = smith(default)
        assert list(worker.rewrap(default)) == [1]
        assert worker.look("C-1")[0].provider == default
        under = worker.chest.unwrap(worker.look("C-1")[0])
        assert [one.wrapped for one in worker.look("C-1")[1]] == [one.wrapped for one in before]
        assert all(worker.chest.opened(worker.look("C-1")[0].handle, under, one) for one in before)


def test_the_command_line_uses_the_token_with_a_pin_from_the_environment(hsm, tmp_path):
    (tmp_path / "gateway.yaml").write_text(
        f"""
version: 1
policies: policies
state: state
systems: {{erp: {{at: /erp, upstream: "http://127.0.0.1:9"}}}}
identity: {{development: {{system: crm}}}}
keys:
  provider: hsm
  providers:
    hsm: {{pkcs11: {{library: {LIBRARY}, token: acme, key: sovgate, pin: {{environment: HSM_PIN}}}}}}
"""
    )

    def keys(*arguments, code=0):
        done = subprocess.run(
            [*SOVGATE, "keys", *arguments, "-c", str(tmp_path / "gateway.yaml")],
            env={**os.environ, "HSM_PIN": PIN}, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        assert PIN not in done.stdout + done.stderr
        return done.stdout

    keys("create", "C-1")
    (told,) = json.loads(keys("list", "-o", "json"))
    assert (told["provider"], told["wrapped_by"]) == ("hsm", "sovgate")
    assert "wrapped with hsm:sovgate" in keys("rotate", "--wrapping")
    hsm.do("destroy")
    keys("create", "C-2", code=2)

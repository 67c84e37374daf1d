"""No key, passphrase or value of anybody's in a message, a traceback, a repr, a log line, an answer or a file."""

from __future__ import annotations

import gc
import json
import shutil
import traceback
from base64 import b64encode, urlsafe_b64encode
from dataclasses import replace

import pytest
from custody_kit import (
    EMAIL,
    SECRET,
    SETTINGS,
    change,
    encrypted,
    in_memory,
    keeping,
    lent,
    smith,
    tokenised,
)
from test_custody_memory import gateway, keys_of

from gateway.custody.file_provider import Secret
from gateway.errors import SovgateError

VALUE = '"planted-value@example.cn"'
PHRASE = "a planted passphrase"
WHO = "planted-customer"


def forms(halves):
    """Every way in which a key could be written down."""
    return [
        form
        for half in halves
        for form in (
            half,
            half.hex().encode(),
            b64encode(half)[:20],
            urlsafe_b64encode(half)[:20],
            repr(half)[2:-1].encode(),
            str(list(half))[1:-1].encode(),
        )
    ]


@pytest.fixture
def folder():
    with in_memory() as made:
        yield made / "custody"


def clean(text, planted):
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    assert not [form for form in planted if form in data]


def lost(folder):
    (folder / "keys.sqlite").rename(folder / "away")


TROUBLE = {
    "gone": lost,
    "another's rows": lambda folder: change(folder / "keys.sqlite", "UPDATE versions SET purpose = 'x'"),
    "a state that isn't": lambda folder: change(folder / "keys.sqlite", "UPDATE versions SET state = 'x'"),
    "another type": lambda folder: change(folder / "keys.sqlite", "UPDATE versions SET wrapped = 'text'"),
    "no wrapped key": lambda folder: change(folder / "keys.sqlite", "UPDATE customers SET wrapped = x'00'"),
    "another thumbprint": lambda folder: change(folder / "keys.sqlite", "UPDATE customers SET thumbprint = 'x'"),
    "no tables": lambda folder: change(folder / "keys.sqlite", "DROP TABLE versions"),
    "no vault": lambda folder: change(folder / "vault.sqlite", "DROP TABLE tokens"),
    "no keks": lambda folder: (folder / "kek.json").write_text("{}"),
}


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_whatever_goes_wrong_is_told_without_a_key_or_a_value(folder, trouble):
    phrase = Secret("passphrase", PHRASE.encode())
    assert PHRASE not in repr(phrase)
    errors = []
    async with keeping(folder, replace(SETTINGS, provider_seconds=1)) as keeper:
        await encrypted(keeper, WHO, text=VALUE)
        await tokenised(keeper, WHO, text=VALUE)
        planted = [*forms(keys_of(folder, WHO)), SECRET.data, VALUE.encode()[1:-1], WHO.encode()]
        TROUBLE[trouble](folder)
        keeper._cache.clear()
        for purpose in ("p", "x", "new"):
            try:
                keys = await lent(keeper, WHO, purpose)
                if keys is not None:
                    await tokenised(keeper, WHO, purpose, text=VALUE)
            except SovgateError as error:
                errors.append(error)
    try:
        with smith(folder) as worker:
            worker.rotate(WHO, "p")
    except SovgateError as error:
        errors.append(error)
    assert errors or trouble == "another's rows"
    for error in errors:
        clean("".join(traceback.format_exception(error)), planted)
        clean(repr(error) + repr(error.__context__), planted)


async def test_nothing_that_holds_keys_shows_them(folder):
    async with keeping(folder) as keeper:
        keys = await lent(keeper)
        keys.encrypt(VALUE, EMAIL)
        keys.tokenise(VALUE, EMAIL, "text")
        planted = [*forms(keys_of(folder, "C-1")), SECRET.data, VALUE.encode()[1:-1]]
        shown = 0
        for one in gc.get_objects():
            if str(getattr(type(one), "__module__", "")).startswith(("gateway.custody", "gateway.tokens")):
                shown += 1
                clean(repr(one), planted)
        assert shown > 10


async def test_the_gateway_says_nothing_whatever_happens_to_its_keys(tmp_path):
    said = []
    async with gateway(tmp_path) as (house, here, client):
        custody = house.folder / "state" / "custody"

        async def ask(customer, status):
            async with client.get(f"{here.data}/erp/api/customers/{customer}") as got:
                said.append(await got.read())
                assert got.status == status, said[-1]

        await ask("C-1", 200)
        planted = [*forms(keys_of(custody, "C-1")), b"k" * 32, b64encode(b"k" * 32), b"planted@example.cn"]
        whole = (custody / "kek.json").read_bytes()
        (custody / "kek.json").write_bytes(b"{}")
        await ask("C-2", 503)
        (custody / "kek.json").write_bytes(whole)
        (custody / "keys.sqlite").rename(custody / "away")
        await ask("C-1", 503)
        (custody / "away").rename(custody / "keys.sqlite")
        await ask("C-1", 200)
        change(custody / "keys.sqlite", "UPDATE versions SET purpose = 'x', state = 'y'")
        async with client.get(here.admin + "/metrics") as got:
            said.append(await got.read())
        async with client.get(here.admin + "/readyz") as got:
            said.append(await got.read())
    said.append(here.errors.read_bytes())
    shutil.rmtree(house.folder / "policies")
    everything = [path.read_bytes() for path in house.folder.rglob("*") if path.is_file() and path.name != "passphrase"]
    for one in (*said, *everything):
        clean(one, planted)
    assert all(json.loads(line)["event"] for line in here.errors.read_text().splitlines())

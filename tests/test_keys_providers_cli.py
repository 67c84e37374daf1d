"""`sovgate keys` and a gateway that runs, over a provider that is somewhere else: Vault's contract on this machine."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import aiohttp
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from live import make_house, running, system
from services_kit import TOKEN, vault
from test_cli import sovgate
from test_keys_cli import CONFIG, answer, asked, write

from gateway.config import load
from gateway.custody.services import KmsSettings, Pkcs11Settings, TransitSettings

FILE = "passphrase: {file: passphrase}"


@pytest.fixture
def server():
    with vault() as made:
        made.keys["acme"] = [AESGCM(b"a" * 32)]
        yield made


@pytest.fixture
def configure(tmp_path, server, monkeypatch):
    """Give a way to write `keys` of the configuration; `{vault}` and `{acme}` are providers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    monkeypatch.delenv("SOVGATE_KEYS_PASSPHRASE", raising=False)
    write(tmp_path)
    told = {
        name: f"{name}: {{vault: {{url: '{server.url}', key: {key}, token: {{environment: VAULT_TOKEN}}}}}}"
        for name, key in (("eu-vault", "sovgate"), ("acme", "acme"))
    }

    def configured(text):
        for name, one in told.items():
            text = text.replace(f"<{name}>", one)
        written = CONFIG.replace("{passphrase: {file: passphrase}}", "{" + text + "}")
        Path("gateway.yaml").write_text(written)
        return written

    return configured


def keys(*arguments, code=0):
    said = sovgate("keys", *arguments)
    assert said.code == code, said
    assert TOKEN not in said.out + said.err
    return said.out


def held():
    return {one["customer"]: f"{one['provider']}:{one['wrapped_by']}" for one in json.loads(keys("list", "-o", "json"))}


def test_keys_move_to_a_provider_that_the_configuration_names_now_and_need_the_file_no_more(configure):
    configure(FILE)
    for customer in ("C-1", "C-2"):
        keys("create", customer)
    configure(f"{FILE}, provider: eu-vault, providers: {{<eu-vault>}}")
    assert keys("rotate", "--wrapping") == "2 customers' keys are wrapped with eu-vault:sovgate:1\n"
    assert keys("rotate", "--wrapping") == "0 customers' keys are wrapped with eu-vault:sovgate:1\n"
    configure("provider: eu-vault, providers: {<eu-vault>}")
    Path("passphrase").unlink()
    Path("state/custody/kek.json").unlink()
    assert held() == {"C-1": "eu-vault:sovgate:1", "C-2": "eu-vault:sovgate:1"}
    keys("create", "C-3")
    keys("rotate", "C-1")
    keys("export", "C-1", "--to", "theirs.json")


def test_a_customer_who_holds_their_own_key_gets_it_and_is_left_alone_when_they_take_it_away(configure, server):
    configure(FILE)
    for customer in ("C-1", "C-2"):
        keys("create", customer)
    configure(f"{FILE}, providers: {{<acme>}}, customers: {{C-1: acme}}")
    said = keys("rotate", "--wrapping").splitlines()
    assert said == [
        "1 customers' keys are wrapped with file:2",
        "1 customers' keys are wrapped with acme:acme:1",
    ]
    assert held() == {"C-1": "acme:acme:1", "C-2": "file:2"}
    del server.keys["acme"]
    configure(f"{FILE}, providers: {{<acme>}}")
    said = keys("rotate", "--wrapping", "-o", "json", code=1)
    (only,) = json.loads(said)["providers"]
    assert (only["provider"], only["customers"], only["left"]) == ("file", 1, 1)
    assert held() == {"C-1": "acme:acme:1", "C-2": "file:3"}


def test_a_provider_that_is_down_keeps_nobody_elses_keys_from_being_wrapped_anew(configure, server):
    configure(f"{FILE}, providers: {{<acme>}}, customers: {{C-1: acme}}")
    for customer in ("C-1", "C-2"):
        keys("create", customer)
    server.behaviour = lambda handler: handler.answer(503, {"errors": ["Vault is sealed"]})
    first, second = keys("rotate", "--wrapping", code=1).splitlines()
    assert first == "1 customers' keys are wrapped with file:2"
    assert second.startswith('acme: 0 customers\' keys are wrapped anew, then: the provider "acme" of keys')
    server.behaviour = None
    assert keys("rotate", "--wrapping").endswith("wrapped with acme:acme:1\n")
    assert held() == {"C-1": "acme:acme:1", "C-2": "file:3"}


def test_a_provider_that_keeps_everybodys_keys_and_is_down_is_told_in_one_line(configure, server):
    configure("provider: eu-vault, providers: {<eu-vault>}")
    keys("create", "C-1")
    server.behaviour = lambda handler: handler.answer(503, {"errors": ["Vault is sealed"]})
    said = sovgate("keys", "list")
    assert (said.code, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert 'the provider "eu-vault" of keys: answered 503' in said.err


@pytest.mark.parametrize(
    ("package", "extra", "provider"),
    [
        ("pkcs11", "pkcs11", "pkcs11: {library: /x.so, token: t, key: k, pin: {environment: VAULT_TOKEN}}"),
        ("botocore", "aws", "aws-kms: {key: 'arn:aws:kms:eu-central-1:111122223333:key/1'}"),
    ],
)
def test_a_package_that_is_not_there_is_named_with_how_to_get_it(configure, monkeypatch, package, extra, provider):
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    configure(f"{FILE}, providers: {{a: {{{provider}}}}}")
    said = sovgate("keys", "list")
    assert (said.code, said.out) == (2, "")
    assert f"pip install 'sovgate[{extra}]'" in said.err


async def test_a_gateway_that_runs_counts_what_it_asks_of_a_provider_and_says_nothing_of_whom(configure, tmp_path):
    keys_of = configure("provider: eu-vault, providers: {<eu-vault>}").splitlines()[-1]
    async with system(answer) as upstream:
        house = make_house(tmp_path, tmp_path / "policies", upstream)
        house.config.write_text(
            "\n".join(line for line in house.config.read_text().splitlines() if not line.startswith("keys:"))
            + f"\n{keys_of}\n"
        )
        with running(house) as gateway:
            assert (await asked(gateway))[0] == 200
            async with aiohttp.ClientSession() as client, client.get(gateway.admin + "/metrics") as told:
                metrics = await told.text()
            errors = gateway.errors.read_text()
    counted = [line for line in metrics.splitlines() if line.startswith("sovgate_key_provider_duration_seconds_count")]
    assert [line.partition("{")[2].partition("}")[0] for line in counted] == ['outcome="done",provider="eu-vault"']
    assert TOKEN not in metrics + errors
    assert "C-1" not in metrics + errors


def test_the_example_of_the_docs_loads_whole(configure, monkeypatch):
    docs = Path(__file__).parent.parent / "docs" / "keys-providers.md"
    example = re.search(r"```yaml\n(keys:\n.*?)```", docs.read_text(), re.DOTALL)[1]
    Path("gateway.yaml").write_text(CONFIG.partition("keys:")[0] + example)
    told = load(Path("gateway.yaml"), {"SOVGATE_KEYS_PASSPHRASE": "a passphrase", "ACME_PIN": "pin-to-find"}).keys
    assert {name: type(one) for name, one in told.providers.items()} == {
        "eu-vault": TransitSettings, "acme-hsm": Pkcs11Settings, "beta-kms": KmsSettings,
    }  # fmt: skip
    assert (told.custody.default, told.custody.provider_seconds, told.custody.cache_seconds) == ("eu-vault", 5, 300)
    assert told.custody.holders == {"C-4711": "acme-hsm", "C-4712": "beta-kms"}
    assert "to-find" not in repr(told)

"""The transit engine of a real OpenBao or Vault, with every law of providers, and what takes a key away.

Needs VAULT_SERVER: the program `bao` or `vault`. It runs in development mode, in memory, on this machine alone.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from provider_laws import *  # noqa: F403 - the laws of every provider
from services_kit import until

from gateway.custody.outside import OutsideProvider
from gateway.custody.services import SecretSource, TransitSettings
from gateway.custody.vault_transit import Transit
from gateway.errors import KeyGone, KeysUnavailable

pytestmark = pytest.mark.heavy

SERVER = shutil.which(os.environ.get("VAULT_SERVER", "bao"))
if SERVER is None:
    pytest.skip("needs OpenBao or Vault, and VAULT_SERVER: its program", allow_module_level=True)

CONTEXT = b"AAAAAAAAAAAAAAAA"
ROOT = "root-of-a-test"
POLICY = 'path "transit/encrypt/*" {capabilities = ["update"]} path "transit/decrypt/*" {capabilities = ["update"]}'


class Owner:
    """Whoever looks after the server: root's calls."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, method, path, body=None):
        request = urllib.request.Request(
            f"{self.url}/v1/{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"X-Vault-Token": ROOT},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"{}")

    def answers(self):
        try:
            return self("GET", "sys/health")
        except (urllib.error.URLError, ConnectionError):
            return None


@pytest.fixture(scope="module")
def owner(tmp_path_factory):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    home = tmp_path_factory.mktemp("vault")
    told = [f"-dev-root-token-id={ROOT}", f"-dev-listen-address={address}", "-dev-no-store-token"]
    with (
        (home / "log").open("wb") as log,
        subprocess.Popen(
            [SERVER, "server", "-dev", *told], stdout=log, stderr=log, env={**os.environ, "HOME": str(home)}
        ) as server,
    ):
        try:
            made = Owner(f"http://{address}")
            until(made.answers, 60)
            made("POST", "sys/mounts/transit", {"type": "transit"})
            made("PUT", "sys/policies/acl/sovgate", {"policy": POLICY})
            yield made
        finally:
            server.terminate()


@pytest.fixture(params=[False, True], ids=["plain", "derived"])
def key(owner, request):
    name = f"sovgate-{os.urandom(4).hex()}"
    owner("POST", f"transit/keys/{name}", {"derived": request.param})
    owner("POST", f"transit/keys/{name}/config", {"deletion_allowed": True})
    return name


@pytest.fixture
def provider(owner, key, tmp_path):
    token = owner("POST", "auth/token/create", {"policies": ["sovgate"]})["auth"]["client_token"]
    (tmp_path / "token").write_text(token)
    settings = TransitSettings(owner.url, key, SecretSource(file=tmp_path / "token"))
    moments = iter(range(0, 10**9, 1000))
    made = OutsideProvider("acme", Transit(settings, 60), os.urandom, clock=lambda: float(next(moments)))
    yield made
    made.close()


def refused(ask):
    with pytest.raises(KeysUnavailable) as caught:
        ask()
    return type(caught.value)


def test_a_key_that_was_deleted_is_gone_and_not_made_anew(provider, owner, key):
    wrapped = provider.wrap(bytearray(32), CONTEXT)
    owner("DELETE", f"transit/keys/{key}")
    assert refused(lambda: provider.unwrap(wrapped, CONTEXT)) is KeyGone
    assert refused(lambda: provider.wrap(bytearray(32), CONTEXT)) is KeyGone
    with pytest.raises(urllib.error.HTTPError, match="404"):
        owner("GET", f"transit/keys/{key}")


def test_a_new_version_wraps_and_one_that_is_taken_away_opens_nothing(provider, owner, key):
    old = provider.wrap(bytearray(32), CONTEXT)
    owner("POST", f"transit/keys/{key}/rotate", {})
    assert (old.kek, provider.current()) == (f"{key}:1", f"{key}:2")
    assert provider.unwrap(old, CONTEXT)
    owner("POST", f"transit/keys/{key}/config", {"min_decryption_version": 2})
    assert refused(lambda: provider.unwrap(old, CONTEXT)) is KeyGone


def test_a_policy_that_is_taken_away_is_told_from_a_token_that_ran_out(provider, owner, tmp_path):
    wrapped = provider.wrap(bytearray(32), CONTEXT)
    owner("PUT", "sys/policies/acl/sovgate", {"policy": ""})
    try:
        assert refused(lambda: provider.unwrap(wrapped, CONTEXT)) is KeyGone
    finally:
        owner("PUT", "sys/policies/acl/sovgate", {"policy": POLICY})
    owner("POST", "auth/token/revoke", {"token": Path(tmp_path / "token").read_text()})
    assert refused(lambda: provider.unwrap(wrapped, CONTEXT)) is KeysUnavailable

"""AWS KMS against moto, which keeps to its interface: the contract only. What moto doesn't do is said where it matters.

Needs botocore, and MOTO_SERVER: the `moto_server` of an environment with `pip install moto flask flask-cors`.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from provider_laws import *  # noqa: F403 - the laws of every provider

from gateway.custody.aws_kms import Kms
from gateway.custody.outside import OutsideProvider
from gateway.custody.provider import Wrapped
from gateway.custody.services import KmsSettings
from gateway.errors import KeyGone, KeysUnavailable

pytestmark = pytest.mark.heavy
botocore = pytest.importorskip("botocore.session", reason="needs botocore: pip install 'sovgate[aws]'")

SERVER = Path(os.environ.get("MOTO_SERVER", "moto_server"))
if not SERVER.exists():
    pytest.skip("needs moto: pip install moto flask flask-cors, and MOTO_SERVER", allow_module_level=True)

CONTEXT = b"AAAAAAAAAAAAAAAA"
REGION = "eu-central-1"


@pytest.fixture(scope="module")
def url():
    """Run moto's server; gives its address."""
    with subprocess.Popen(
        [SERVER, "-H", "127.0.0.1", "-p", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        try:
            found = next(found for line in server.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
            yield found[0]
        finally:
            server.terminate()


@pytest.fixture
def client(url, monkeypatch):
    """Give AWS' own client: what a customer would look after their key with."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    made = botocore.Session().create_client("kms", region_name=REGION, endpoint_url=url)
    yield made
    made.close()


@pytest.fixture
def arn(client):
    return client.create_key()["KeyMetadata"]["Arn"]


@pytest.fixture
def service(arn, url):
    made = Kms(KmsSettings(arn, endpoint=url), 60)
    yield made
    made.close()


@pytest.fixture
def provider(service):
    return OutsideProvider("acme", service, os.urandom)


def test_what_we_seal_aws_own_client_opens_and_the_other_way_round(service, client, arn):
    sealed = service.seal(bytearray(b"k" * 32), CONTEXT)
    bound = {"sovgate": CONTEXT.decode()}
    told = client.decrypt(CiphertextBlob=sealed.data, KeyId=arn, EncryptionContext=bound)
    assert (told["Plaintext"], sealed.kek) == (b"k" * 32, arn)
    theirs = client.encrypt(KeyId=arn, Plaintext=b"t" * 32, EncryptionContext=bound)
    assert service.open(Wrapped(arn, theirs["CiphertextBlob"]), CONTEXT) == b"t" * 32


def test_a_key_that_is_not_there_is_gone(service, url, arn):
    missing = arn[:-12] + "000000000000"
    other = Kms(KmsSettings(missing, endpoint=url), 60)
    with pytest.raises(KeyGone, match="NotFoundException"):
        other.seal(bytearray(32), CONTEXT)
    other.close()


def test_an_older_key_opens_while_a_new_one_wraps(service, client, url, arn):
    sealed = service.seal(bytearray(b"k" * 32), CONTEXT)
    newer = client.create_key()["KeyMetadata"]["Arn"]
    moved = Kms(KmsSettings(newer, (arn,), endpoint=url), 60)
    assert moved.open(sealed, CONTEXT) == b"k" * 32
    assert (moved.seal(bytearray(32), CONTEXT).kek, moved.current()) == (newer, newer)
    with pytest.raises(KeysUnavailable, match="does not name"):
        service.open(replace(sealed, kek=newer), CONTEXT)
    moved.close()


# Not here: that a disabled key opens nothing. moto's does; tests/test_custody_services.py has what KMS answers then.

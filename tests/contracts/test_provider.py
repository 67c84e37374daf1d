"""What every provider of keys promises: the file, and those that are somewhere else.

To have another one tried, give `PROVIDERS` a way to open it; tests/heavy has those that need a token, a cloud or a
server of others, and runs the same.
"""

from __future__ import annotations

import os
from contextlib import contextmanager

import pytest
from provider_laws import *  # noqa: F403 - the laws are shared with tests/heavy
from services_kit import ARN, MemoryService, kms, vault
from services_kit import TOKEN as VAULT_TOKEN

from gateway.custody.aws_kms import Kms
from gateway.custody.file_provider import FileProvider, Secret
from gateway.custody.outside import OutsideProvider
from gateway.custody.services import KmsSettings, SecretSource, TransitSettings
from gateway.custody.vault_transit import Transit


@contextmanager
def file(folder, monkeypatch):
    yield FileProvider(folder / "kek.json", Secret("key", b"k" * 32), os.urandom)


@contextmanager
def memory(folder, monkeypatch):
    yield OutsideProvider("acme", MemoryService(), os.urandom)


@contextmanager
def transit(folder, monkeypatch):
    with vault() as server:
        settings = TransitSettings(server.url, "sovgate", SecretSource(value=VAULT_TOKEN))
        yield OutsideProvider("acme", Transit(settings, 30), os.urandom)


@contextmanager
def aws_kms(folder, monkeypatch):
    pytest.importorskip("botocore", reason="needs botocore: pip install 'sovgate[aws]'")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-to-find")
    with kms() as server:
        yield OutsideProvider("acme", Kms(KmsSettings(ARN, endpoint=server.url), 30), os.urandom)


PROVIDERS = {"file": file, "memory": memory, "vault": transit, "aws-kms": aws_kms}


@pytest.fixture(params=PROVIDERS)
def provider(request, tmp_path, monkeypatch):
    with PROVIDERS[request.param](tmp_path, monkeypatch) as opened:
        yield opened
        opened.close()

"""A TPM in software, driven by tpm2-tools: quotes made now, for our own nonces, are taken, and old ones are not."""

from __future__ import annotations

import json

import pytest
from attested_kit import ANN, NONCES, wanted
from crafted_tokens import NOW, SECOND, b64
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from tpm_kit import SCHEMES, TOOLS, swtpm

from gateway.attestation.device import DeviceRules, Devices
from gateway.attestation.quote import TpmRules
from gateway.attestation.tpm import read_quote
from gateway.errors import NotAuthenticated

pytestmark = [pytest.mark.heavy, pytest.mark.skipif(not TOOLS, reason="needs swtpm and tpm2-tools")]


def test_quotes_made_now_are_taken_and_those_of_before_are_not(tmp_path):
    with swtpm(tmp_path) as tpm:
        for scheme in SCHEMES:
            key = load_pem_public_key(tpm.key(scheme))
            quote, mark = tpm.quote(scheme, wanted())
            value = "tpm " + b64(json.dumps({"quote": b64(quote), "signature": b64(mark), "key": scheme}).encode())
            started = {read_quote(quote).selection: frozenset({read_quote(quote).digest.hex()})}
            checks = Devices(DeviceRules(tpm=TpmRules({scheme: key}, registers=started)), NONCES)
            assert checks.check(value, ANN, NOW).device.boot == "secure"
            with pytest.raises(NotAuthenticated) as caught:
                checks.check(value, ANN, NOW + 601 * SECOND)
            assert caught.value.refusal == "nonce-needed"
            tpm.tool("pcrextend", "7:sha256=" + "ab" * 32)  # other software
            quote, mark = tpm.quote(scheme, wanted())
            value = "tpm " + b64(json.dumps({"quote": b64(quote), "signature": b64(mark), "key": scheme}).encode())
            with pytest.raises(NotAuthenticated) as caught:
                checks.check(value, ANN, NOW)
            assert caught.value.refusal == "device-invalid"

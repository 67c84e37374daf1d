"""Customers with JavaScript: npm `jose` opens encrypted and sealed JWEs, `@hpke/core` opens what HPKE sealed.

Needs node, and JOSE_MODULES: a folder in which `npm install jose @hpke/core` was run.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from jwcrypto.jwk import JWK
from test_docs_keys import PROGRAMS, prepared

from gateway.crypto import b64url
from gateway.custody.memory import MemoryCustody
from gateway.tokens.keys import CustomerKeys

pytestmark = pytest.mark.heavy

PROGRAM = """
import { readFileSync } from "node:fs"
import { compactDecrypt, importJWK } from "jose"
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core"

const work = JSON.parse(readFileSync(0))
const opened = []
for (const { token, jwk } of work.jwe) {
  const key = await importJWK(jwk, jwk.kty === "oct" ? "A256GCM" : "ECDH-ES")
  const { plaintext, protectedHeader } = await compactDecrypt(token, key)
  opened.push([JSON.parse(new TextDecoder().decode(plaintext)), protectedHeader.kid])
}
const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })
for (const { token, jwk } of work.hpke) {
  const dot = token.lastIndexOf(".")
  const sealed = Buffer.from(token.slice(dot + 1), "base64url")
  const recipient = await suite.createRecipientContext({
    recipientKey: await suite.kem.importKey("jwk", jwk, false),
    enc: sealed.subarray(0, 32),
    info: new TextEncoder().encode(token.slice(0, dot)),
  })
  const plaintext = await recipient.open(sealed.subarray(32))
  opened.push([JSON.parse(new TextDecoder().decode(plaintext)), token.slice(3, dot)])
}
const refused = []
for (const { token, jwk } of work.changed) {
  try {
    await compactDecrypt(token, await importJWK(jwk, "A256GCM"))
    refused.push(false)
  } catch { refused.push(true) }
}
console.log(JSON.stringify({ opened, refused }))
"""
VALUES = ["anna@example.com", "", 'quotes " and \\ and \u0000', "Åse 王 🙂", 12345678901234, 0.1, True, "x" * 5000]


def modules() -> Path:
    folder = os.environ.get("JOSE_MODULES")
    if not folder or shutil.which("node") is None:
        pytest.skip("needs node, and JOSE_MODULES (tests/heavy/run.sh sets it)")
    return Path(folder)


def run(work: dict[str, object]) -> dict[str, list[object]]:
    folder = modules()
    program = folder / "open.mjs"
    program.write_text(PROGRAM)
    done = subprocess.run(
        ["node", program], cwd=folder, input=json.dumps(work), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[object]] = json.loads(done.stdout)
    return found


def private_jwk(key: X25519PrivateKey | ec.EllipticCurvePrivateKey) -> dict[str, str]:
    found: dict[str, str] = JWK.from_pyca(key).export_private(as_dict=True)
    return found


async def lent(custody: MemoryCustody) -> CustomerKeys:
    keys = (await custody.lend(["anna"], "service", 0, make=True)).of("anna")
    assert keys is not None
    return keys


async def test_javascript_opens_all_that_was_made_for_the_customer_and_nothing_that_was_changed():
    x25519, p256 = X25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    symmetric: dict[str, str] = {}
    jwe, hpke, expected = [], [], []
    for private in (x25519, p256):
        custody = MemoryCustody()
        custody.register("anna", private.public_key(), "jwe")
        keys = await lent(custody)
        (data,) = [key for key in custody.keys("anna") if key.kind == "data"]
        symmetric = {"kty": "oct", "k": b64url(data.key).decode()}
        for value in VALUES:
            text = json.dumps(value)
            jwe.append({"token": keys.encrypt(text, "user.name"), "jwk": symmetric})
            jwe.append({"token": keys.seal(text, "user.name", "jwe"), "jwk": private_jwk(private)})
            expected += [value, value]
    custody = MemoryCustody()
    custody.register("anna", x25519.public_key(), "hpke")
    keys = await lent(custody)
    for value in VALUES:
        hpke.append({"token": keys.seal(json.dumps(value), "user.name", "hpke"), "jwk": private_jwk(x25519)})
        expected.append(value)
    token = keys.encrypt('"anna"', "user.name")
    changed = [{"token": token[:at] + other(token[at]) + token[at + 1 :], "jwk": symmetric} for at in (5, 130, 150)]

    found = run({"jwe": jwe, "hpke": hpke, "changed": changed})
    assert [value for value, _ in found["opened"]] == expected
    assert all(kid.count(".") == 2 for _, kid in found["opened"])
    assert found["refused"] == [True] * len(changed)


def other(letter: str) -> str:
    return "A" if letter != "A" else "B"


@pytest.mark.parametrize("kind", ["encrypt", "seal"])
def test_the_lines_of_javascript_in_the_docs_open_what_was_made(kind: str, tmp_path: Path) -> None:
    folder = modules()
    program = tmp_path / "open.mjs"
    lines = PROGRAMS["javascript", kind]
    program.write_text(f"const token = process.argv[2]\n{lines}\nconsole.log(JSON.stringify(value))\n")
    (tmp_path / "node_modules").symlink_to(folder / "node_modules")
    for token, value in asyncio.run(prepared(tmp_path))[kind]:
        done = subprocess.run(
            ["node", program, token], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == value

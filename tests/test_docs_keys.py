"""What docs/keys.md tells customers to type opens what was made for them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.cli.key_files import new_file, write_keys
from gateway.config import load as load_config
from gateway.custody.memory import MemoryCustody
from gateway.custody.settings import CustodySettings

PAGE = (Path(__file__).parent.parent / "docs" / "keys.md").read_text(encoding="utf-8")
PROGRAMS = {(language, kind): text for language, kind, text in re.findall(r"```(\w+) (\w+)\n(.*?)```", PAGE, re.DOTALL)}
VALUES = ["anna@example.com", "", 'quotes " and \\', "王小明 🙂", 12345678901234, True]


async def prepared(folder: Path) -> dict[str, list[tuple[str, object]]]:
    """Make tokens for a customer, with what they were handed and what only they have in files beside."""
    private, custody = X25519PrivateKey.generate(), MemoryCustody()
    for form in ("hpke", "jwe"):
        custody.register("C-017", private.public_key(), form)
    await custody.lend(["C-017"], "service", 0, make=True)
    old = (await custody.lend(["C-017"], "service", 0, make=True)).of("C-017")
    tokens = {"encrypt": [(old.encrypt(json.dumps(value), "user.name"), value) for value in VALUES[:2]]}
    custody.rotate("C-017", "service")
    keys = (await custody.lend(["C-017"], "service", 0, make=True)).of("C-017")
    tokens["encrypt"] += [(keys.encrypt(json.dumps(value), "user.name"), value) for value in VALUES]
    tokens["seal"] = [(keys.seal(json.dumps(value), "user.name", "jwe"), value) for value in VALUES]
    tokens["hpke"] = [(keys.seal(json.dumps(value), "user.name", "hpke"), value) for value in VALUES]
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "private.pem").write_bytes(pem)
    handed = [(0, "service", key) for key in custody.keys("C-017") if key.kind == "data"]
    with new_file(folder / "c-017.jwks") as file:
        assert write_keys(file, iter(handed)) == 2
    return tokens


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # a few lines for a reader close no file
@pytest.mark.parametrize("kind", ["encrypt", "seal", "hpke"])
async def test_the_lines_of_python_open_what_was_made(kind, tmp_path, monkeypatch):
    tokens = await prepared(tmp_path)
    monkeypatch.chdir(tmp_path)
    program = compile(PROGRAMS["python", kind], "docs/keys.md", "exec")
    for token, value in tokens[kind]:
        said = {"token": token}
        exec(program, said)
        assert (said["value"], type(said["value"])) == (value, type(value))


def test_the_lines_are_few():
    for (language, kind), text in PROGRAMS.items():
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith(("import", "from"))]
        assert len(lines) <= 5, (language, kind)


def test_the_configuration_of_the_page_loads(tmp_path):
    keys = re.search(r"```yaml\n(keys:.*?)```", PAGE, re.DOTALL)[1]
    (tmp_path / "gateway.yaml").write_text(
        "version: 1\npolicies: p\nstate: s\nsystems: {erp: {at: /erp, upstream: 'http://127.0.0.1:1'}}\n"
        f"identity: {{development: {{system: crm}}}}\n{keys}"
    )
    settings = load_config(tmp_path / "gateway.yaml", {"SOVGATE_KEYS_PASSPHRASE": "a passphrase"})
    assert settings.keys.approvals == {"destroy", "export"}

    assert settings.keys.custody == CustodySettings()  # what it shows is as usual

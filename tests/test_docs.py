"""What the docs say is what the code does."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from keys_kit import subject

from gateway.cli.main import _VERBS, _sovgate
from gateway.config import load as load_config
from gateway.custody.memory import MemoryCustody
from gateway.formats.document import Signal
from gateway.policy.load import load
from gateway.refusals import REFUSALS
from gateway.regime import establish
from gateway.treatments.registry import TREATMENTS, build

ROOT = Path(__file__).parent.parent
POLICIES = (ROOT / "docs" / "policies.md").read_text()


def blocks(text: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)


def test_the_examples_of_the_policy_guide_load(tmp_path):
    erp, sales, consents = (block for block in blocks(POLICIES) if block.startswith("version: 1"))
    crm = b"version: 1\ncatalog: crm\n"
    files = {"catalog/erp.yaml": erp, "sales.yaml": sales, "consents.yaml": consents}
    policies = load({"catalog/crm.yaml": crm, **{name: text.encode() for name, text in files.items()}})
    assert set(policies.catalogues) == {"crm", "erp"}


def test_the_messages_of_the_policy_guide_load():
    messages = [block for block in blocks(POLICIES) if block.startswith("messages:")]
    assert len(messages) == 2
    for number, block in enumerate(messages):
        named = re.findall(r"^  ([a-z]+):", block, re.MULTILINE)
        head = f"version: 1\ncatalog: erp\noperations: {{read: {{request: GET /r, response: {named[0]}}}}}\n"
        policies = load({"catalog/erp.yaml": (head + block).encode()})
        establish(policies)
        assert len(policies.catalogues["erp"].messages) == 2 - number


ROW = re.compile(r"^\| `(\w+)` \|\s*(.*?)\s*\|\s*(.*?)\s*\|\s*(.*?)\s*\|$", re.MULTILINE)
TABLE = ROW.findall(POLICIES)


def test_every_treatment_is_in_the_guide():
    assert {name for name, *_ in TABLE} == set(TREATMENTS)


@pytest.mark.parametrize(("name", "options", "before", "after"), TABLE)
def test_a_treatment_does_what_the_guide_shows(name, options, before, after):
    if name in {"refuse", "mask", "pseudonymise", "encrypt"}:
        given = {"keep_last": 4} if name == "mask" else {}
    else:
        pairs = re.findall(r"`(\w+): (\w+)`", options)
        given = {key: int(value) if value.isdigit() else value for key, value in pairs}
    treatment = build(name, given)
    value = json.loads(before.strip("`"), parse_float=Decimal) if before.strip() else "x"
    custody = MemoryCustody()
    custody.register("C-017", X25519PrivateKey.generate().public_key(), "hpke")
    made = treatment.apply(value, subject("C-017", custody=custody))
    if after.startswith("(the member is gone"):
        assert made is Signal.REMOVE
    elif after.startswith("(the flow is refused"):
        assert made is Signal.REFUSE
    elif name in {"pseudonymise", "tokenise", "encrypt", "seal"}:
        assert str(made).startswith(re.search(r'`"(\w+)\.\.\.', after)[1])
    else:
        assert made == json.loads(after.strip("`"))


def test_every_refusal_is_documented_with_its_statuses():
    text = (ROOT / "docs" / "refusals.md").read_text()
    rows = re.findall(r"^\| ([a-z-]+) \| (\d+) \| (\d+|-) \| \S", text, re.MULTILINE)
    assert [name for name, *_ in rows if name not in REFUSALS] == []
    assert [name for name in REFUSALS if name not in {row[0] for row in rows}] == []
    for name, request, response in rows:
        assert REFUSALS[name].on_request == int(request), name
        assert response in {"-", str(REFUSALS[name].on_response)}, name


@pytest.mark.parametrize("verb", _VERBS)
def test_every_verb_explains_itself(verb):
    result = CliRunner().invoke(_sovgate, [verb, "--help"])
    assert (result.exit_code, "Usage" in result.output) == (0, True)


COMMAND = re.compile(r"^(?:\$| *- run:) sovgate ([^\n]+)|`sovgate ([^`]+)`", re.MULTILINE)
PAGES = [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_in_the_docs_exists_with_its_options(page):
    for found in COMMAND.findall(page.read_text().partition("## Not yet")[0]):
        verb, *words = "".join(found).split()
        context = click.Context(_sovgate)
        command = _sovgate.get_command(context, verb)
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            command = command.get_command(context, words.pop(0))
        assert command is not None, found
        options = {"--help", *(name for parameter in command.params for name in parameter.opts)}
        assert {word for word in words if word.startswith("-")} <= options, found


@pytest.mark.parametrize("page", ["configuration.md", "running.md"])
def test_the_configurations_of_the_docs_load(page, tmp_path):
    (tmp_path / "gateway.yaml").write_text(blocks((ROOT / "docs" / page).read_text())[0])
    assert load_config(tmp_path / "gateway.yaml", {"ERP_TOKEN": "x", "SOVGATE_KEYS_PASSPHRASE": "x"}).jwt is not None


def test_links_between_the_docs_lead_somewhere():
    for page in (*PAGES, ROOT / "CONTRIBUTING.md"):
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"

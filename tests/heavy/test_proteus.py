"""proteus, Tryton's own client library, makes a sale over XML-RPC, straight and through the gateway."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from examples.sidecar import Setting, Sidecar, running
from examples.tryton.client import BORIS, TOKEN
from examples.tryton.house import DATABASE, PASSWORD, prepare, tryton

pytestmark = pytest.mark.heavy

HERE = Path(__file__).resolve().parent / "proteus"
LIN_WEI = "2"  # the party's id


@dataclass(slots=True)
class Stage:
    """A Tryton that runs, and the gateway before it."""

    direct: str
    gateway: Sidecar

    def straight(self, *steps: str) -> dict[str, Any]:
        """Let proteus take some steps at Tryton itself."""
        return self._taken(f"{self.direct}/{DATABASE}/rpc/", {}, steps)

    def gated(self, *steps: str) -> dict[str, Any]:
        """Let it take them through the gateway."""
        headers = {TOKEN: self.gateway.setting.issuer.token(BORIS)}
        return self._taken(f"{self.gateway.url}/erp/{DATABASE}/rpc/", headers, steps)

    def call(self, *words: str) -> None:
        """Run a verb of the gateway's command line."""
        said = asyncio.run(self.gateway.call(*words))
        assert said.code == 0, said.err

    def _taken(self, url: str, headers: dict[str, str], steps: tuple[str, ...]) -> dict[str, Any]:
        python, _ = prepare()
        words = [str(python / "python"), str(HERE / "selling.py"), url, "admin", PASSWORD, json.dumps(headers), *steps]
        ran = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        told: dict[str, Any] = json.loads(ran.stdout)
        return told


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("proteus")
    with asyncio.Runner() as runner:
        house = tryton(folder / "tryton")
        direct = runner.run(house.__aenter__())
        sidecar = running(Setting(folder / "gateway", direct, policies=HERE / "policies", header=TOKEN))
        try:
            gateway = runner.run(sidecar.__aenter__())
            try:
                yield Stage(direct, gateway)
            finally:
                code = runner.run(gateway.stop())
                runner.run(sidecar.__aexit__(None, None, None))
            verified = runner.run(gateway.call("audit", "verify"))
            assert (code, verified.code) == (0, 0), verified.err
        finally:
            runner.run(house.__aexit__(None, None, None))


@pytest.fixture
def agreed(stage: Stage) -> Iterator[None]:
    """Let Lin Wei agree to what sales asks, for as long as a test lasts."""
    stage.call("passport", "grant", LIN_WEI, "contact")
    yield
    stage.call("passport", "revoke", LIN_WEI, "contact")


def masked(text: str) -> str:
    shown = text[-4:] if len(text) > 4 else ""
    return "*" * (len(text) - len(shown)) + shown


def hidden(party: dict[str, Any]) -> dict[str, Any]:
    """Give what sales sees of a party while it has not agreed to anything."""
    homes = [[masked(street), None, masked(city), masked(full)] for street, _, city, full in party["homes"]]
    contacts = [[kind, masked(value)] for kind, value in party["contacts"]]
    return (
        party
        | {"email": masked(party["email"]), "phone": masked(party["phone"])}
        | {"contacts": contacts, "homes": homes}
    )


def test_parties_are_seen_as_each_of_them_agreed(stage, agreed):
    straight, gated = stage.straight("parties")["parties"], stage.gated("parties")["parties"]
    assert [party["name"] for party in straight] == ["Lin Wei", "Étienne Royer", "Harper Quinlan"]
    assert all(party["homes"][0][1] and party["phone"] and party["email"] for party in straight)
    # proteus reads what Tryton works out (street, full address) without the party: then nobody's consent counts.
    street, postal_code, city, full = straight[0]["homes"][0]
    lin_wei = straight[0] | {"homes": [[masked(street), postal_code, city, masked(full)]]}
    assert gated == [lin_wei, *map(hidden, straight[1:])]


def test_a_sale_goes_from_the_first_click_to_the_posted_invoice_and_the_shipment(stage):
    straight, gated = stage.straight("sale")["sale"], stage.gated("sale")["sale"]
    assert straight["states"] == ["draft", "quotation", "processing", "processing"]
    assert straight["amounts"] == ["37.50", "37.50", "37.50"]
    assert straight["invoice"] == ["posted", True, "Lin Wei", "Ping Lake Avenue 135\n215021 Suzhou"]
    *invoice, address = straight["invoice"]
    *shipment, street = straight["shipment"]
    assert gated == straight | {
        "invoice": [*invoice, masked(address)],
        "shipment": [*shipment, masked(street)],
        "sold to": [masked(text) for text in straight["sold to"]],
    }


def test_a_new_party_is_stored_as_it_was_typed_and_read_hidden(stage):
    typed = {
        "name": "Lotte Fält", "email": "lotte@example.org", "phone": "", "tax": "",
        "contacts": [["email", "lotte@example.org"]],
        "homes": [["Weg 11", "04109", "Leipzig", "Weg 11\n04109 Leipzig"]],
    }  # fmt: skip
    assert stage.gated("new_party") == {"new_party": hidden(typed)}
    assert stage.straight("new_party_read") == {"new_party_read": typed}


def test_what_is_saved_as_it_was_read_changes_nothing_and_what_is_typed_is_stored(stage):
    before = stage.straight("parties")["parties"]
    phone = masked(before[0]["phone"])
    assert stage.gated("write_back") == {"write_back": phone}
    assert stage.straight("parties")["parties"] == before
    assert stage.gated("change") == {"change": masked("+86 139 1234 9999")}
    after = stage.straight("parties")["parties"]
    assert (after[0]["phone"], after[1:]) == ("+86 139 1234 9999", before[1:])


def test_what_nobody_named_is_refused_and_errors_lose_their_words(stage):
    told = stage.gated("nobody", "delete", "guess", "sort")
    assert told == {
        "nobody": {"fault": 1, "words": "[redacted]"},
        "delete": {"status": 403},
        "guess": {"status": 403},
        "sort": {"status": 422},
    }
    straight = stage.straight("nobody", "guess", "sort")
    assert "4711" in straight["nobody"]["words"]
    assert int(LIN_WEI) in straight["guess"]
    assert straight["sort"] == [int(LIN_WEI)]

"""gateway.yaml: read whole, or refused with every fault at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.config import load
from gateway.errors import FaultyFiles

DOCS = Path(__file__).parent.parent / "docs"
LEAST = """
version: 1
policies: policies
state: state
systems:
  erp: {at: /erp, upstream: "http://127.0.0.1:9000"}
identity:
  development: {system: crm}
"""


def settings(tmp_path: Path, text: str, **environment: str):
    path = tmp_path / "gateway.yaml"
    path.write_text(text)
    return load(path, environment)


def test_the_least_that_is_needed(tmp_path):
    found = settings(tmp_path, LEAST)
    assert found.policies == tmp_path / "policies"
    assert [(route.system, route.prefix, route.upstream) for route in found.proxy.routes] == [
        ("erp", "/erp", "http://127.0.0.1:9000")
    ]
    assert (found.proxy.listener.host, found.development) == ("127.0.0.1", "crm")


def test_the_example_of_the_docs_loads_whole(tmp_path):
    example = re.search(r"```yaml\n(.*?)```", (DOCS / "configuration.md").read_text(), re.DOTALL)
    found = settings(tmp_path, example[1], ERP_TOKEN="secret-token", SOVGATE_KEYS_PASSPHRASE="secret-words")
    (route,) = found.proxy.routes
    assert (route.timeouts.answer, route.also) == (60.0, ("https://erp.example.com",))
    assert found.jwt.claims["system"] == "azp"
    assert found.bodies.size == 16 * 1024 * 1024
    assert found.proxy.strip == {"authorization", "dpop", "sovgate-assertion", "sovgate-device", "x-purpose"}
    assert found.keys.approvals == {"destroy", "export"}
    assert "secret-" not in repr(found)


def test_flags_beat_the_file(tmp_path):
    path = tmp_path / "gateway.yaml"
    path.write_text(LEAST)
    assert load(path, {}, {"listen": "[::1]:0"}).proxy.listener.host == "::1"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("version: 1", "version: 2"), "out of range"),
        (("policies: policies\n", ""), '"policies" is missing'),
        (("state: state", "stat: state"), 'did you mean "state"'),
        (("at: /erp", "at: erp"), "starts with /"),
        (("at: /erp", "at: /a/../b"), "dotted"),
        (("http://127.0.0.1:9000", "ftp://x"), "http:// or https://"),
        (("http://127.0.0.1:9000", "http://user:pw@x"), "http:// or https://"),
        (("development: {system: crm}", "jwt: {issuer: i, audience: a, algorithms: [HS256], keys_file: k}"), "HS256"),
        (("development: {system: crm}", "jwt: {issuer: i, audience: a, algorithms: [none], keys_file: k}"), "none"),
        (("development: {system: crm}", "jwt: {issuer: i, audience: a, algorithms: [ES256]}"), "keys_file or keys_url"),
        (("development: {system: crm}", "mtls: {dns: {a: crm}}"), "need TLS"),
        (("identity:\n  development: {system: crm}", "identity: {}"), "nobody could prove"),
        (("version: 1", "version: 1\nlisten: {host: 0.0.0.0}"), "asks for no proof"),
        (("version: 1", "version: 1\nlisten: {port: 70000}"), "out of range"),
        (("upstream:", "credential: {header: X, environment: NOT_SET}, upstream:"), "has no NOT_SET"),
        (("upstream:", "credential: {header: 'X: y', environment: PLAIN}, upstream:"), "no header can have this name"),
        (("upstream:", "credential: {header: X, environment: BROKEN}, upstream:"), "BROKEN holds what no header"),
        (("version: 1", "version: 1\npurpose: {header: 'X Purpose'}"), "no header can have this name"),
        (("development: {", "urls: ftp://x\n  development: {"), "no address of the gateway"),
        (("development: {", "webauthn: {credentials_file: a.yaml}\n  development: {"), "what the gateway's own is"),
        (("development: {", "device: {}\n  development: {"), "no device could attest itself"),
        (("development: {", "device: {eat: {}}\n  development: {"), "nobody's attestations would count"),
        (("development: {", "device: {tpm: {registers: {'0,7': ab}}}\n  development: {"), "no selection of registers"),
        (("version: 1", "version: 1\nnetwork: {proxy_protocol: 10.0.0.1/8}"), "this is no network"),
        (("version: 1", "version: 1\nnetwork: {proxy_protocol: '::/0'}"), "everybody would be a proxy"),
        (("version: 1", "version: 1\nnetwork: {forwarded: {from: 10.0.0.0/8, hops: 1}}"), "said in one way"),
        (("version: 1", "version: 1\nnetwork: {forwarded: {hops: 0}}"), "out of range"),
        (("version: 1", "version: 1\nnetwork: {addresses: none}"), "none"),
        (("erp:", "erp: {at: /x, upstream: http://h}\n  erp:"), "stands twice"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path, change, told):
    with pytest.raises(FaultyFiles) as caught:
        settings(tmp_path, LEAST.replace(*change), PLAIN="key", BROKEN="key\r\nX: y")
    assert told in str(caught.value)
    assert all(problem.place.line > 0 for problem in caught.value.problems)


def test_all_faults_are_told_at_once(tmp_path):
    text = (
        LEAST.replace("at: /erp", "at: erp").replace("state: state", "sate: state").replace("version: 1", "version: x")
    )
    with pytest.raises(FaultyFiles) as caught:
        settings(tmp_path, text)
    assert len(caught.value.problems) >= 4


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FaultyFiles, match="can't be read"):
        load(tmp_path / "absent.yaml", {})

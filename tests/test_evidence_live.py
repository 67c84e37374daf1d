"""Evidence at a running gateway: what is proven is recorded and counts, what is forged is refused and recorded too."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import signal
import time
from contextlib import AsyncExitStack
from io import BytesIO

import aiohttp
import pytest
from aiohttp import web
from attested_kit import certificate
from authenticator import Authenticator
from crafted_tokens import b64, sign
from cryptography.hazmat.primitives.serialization import Encoding
from dpop_kit import ath, bare_jwk
from live import lines, make_house, running, system, token, until
from mmdb_kit import mmdb
from workers_kit import ready

from gateway.attestation.device import bound
from gateway.cli.locating import open_whereabouts
from gateway.config.settings import NetworkSettings
from gateway.identity.dpop import thumbprint
from gateway.proxy.logs import make_log

PUBLIC = "https://gateway.example.com"
TARGET = "/erp/api/orders/SO-1"
CATALOGUE = """
version: 1
catalog: erp
title: Orders
region: eu-central
operations:
  read-order: {request: "GET /api/orders/{order}", response: order}
  create-order: {request: POST /api/orders, body: order, response: order}
messages:
  order:
    format: json
    customer: $.customer
    fields: {$.customer: business.order, $.email: user.contact.email}
"""
POLICY = """
version: 1
policy: orders
scope: {from: crm, to: erp}
allow: true
protect:
  - {classes: [user.contact.email], treatment: redact, unless: {operator: {device: attested, boot: secure}}}
"""
STRICT = """
version: 1
policy: writes
scope: {from: crm, to: erp, operations: [create-order]}
deny:
  - unless: {operator: {presence: attested, holder: attested, assurance: high}}
"""
NEAR = """
version: 1
policy: near
scope: {from: crm, to: erp}
deny:
  - network: 203.0.113.0/24
"""


def register(folder, *authenticators):
    """Write the file of those that are registered for Ann."""
    credential = {"operator": "ann", "origins": ["https://crm.example.com"]}
    written = [credential | {"id": b64(one.id), "rp": one.rp, "key": b64(one.cose)} for one in authenticators]
    (folder / "authenticators.yaml").write_text(f"version: 1\ncredentials: {json.dumps(written)}\n")


@pytest.fixture
def house(tmp_path):
    policies = tmp_path / "policies"
    (policies / "catalog").mkdir(parents=True)
    (policies / "catalog" / "erp.yaml").write_text(CATALOGUE)
    (policies / "catalog" / "crm.yaml").write_text("version: 1\ncatalog: crm\ntitle: CRM\nregion: eu-central\n")
    for name, text in (("orders", POLICY), ("writes", STRICT), ("near", NEAR)):
        (policies / f"{name}.yaml").write_text(text)
    one = Authenticator()
    register(tmp_path, one)
    (tmp_path / "makers.pem").write_bytes(certificate("ES256-maker", ca=True, days=9000).public_bytes(Encoding.PEM))
    (tmp_path / "asn.mmdb").write_bytes(mmdb({"198.51.100.0/24": {"asn": "AS64501", "country": "DE"}}))

    def made(upstream, extra=""):
        built = make_house(
            tmp_path,
            policies,
            upstream,
            "network: {forwarded: {from: 127.0.0.0/8}, databases: asn.mmdb}\n" + extra,
        )
        text = built.config.read_text()
        built.config.write_text(
            text.replace(
                "keys_file: jwks.json}",
                "keys_file: jwks.json, dpop: {nonce: false}, assurance: {high: {amr: [hwk, mfa]}}}\n"
                f"  urls: {PUBLIC}\n  webauthn: {{credentials_file: authenticators.yaml}}\n"
                "  device: {eat: {anchors_file: makers.pem}}",
            )
        )
        return built

    return made


def dpop(access, method="GET", target=TARGET, jti="1"):
    said = {"jti": jti, "htm": method, "htu": PUBLIC + target, "iat": int(time.time()), "ath": ath(access)}
    head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": bare_jwk("ES256-holder")}
    signed = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(said).encode())}"
    return f"{signed}.{b64(sign('ES256', 'ES256-holder', signed.encode()))}"


def presented(access, **more):
    return {"Authorization": f"DPoP {access}", "DPoP": dpop(access, **more)}


def eat(nonce, access):
    said = {
        "eat_nonce": b64(bound(nonce, hashlib.sha256(access.encode()).hexdigest())),
        "ueid": b64(b"\x01planted-device-1"),
    }
    said |= {"iat": int(time.time()), "oemboot": True, "dbgstat": "disabled"}
    head = {"typ": "eat+jwt", "alg": "ES256", "x5c": [_leaf()]}
    signed = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(said).encode())}"
    return f"eat+jwt {signed}.{b64(sign('ES256', 'ES256-device', signed.encode()))}"


def _leaf():
    return base64.b64encode(certificate("ES256-device", days=9000).public_bytes(Encoding.DER)).decode()


def entries(house):
    """What the log says, as `sovgate audit show` tells it."""
    shown = house.sovgate("audit", "show", "--output", "json")
    assert shown.returncode == 0, shown.stderr
    return [json.loads(line) for line in shown.stdout.splitlines() if line.startswith("{")]


async def test_evidence_counts_and_is_recorded_and_what_is_forged_is_refused(house, tmp_path):
    seen = []

    async def answer(request):
        seen.append(dict(request.headers))
        return web.json_response({"customer": "C-1", "email": "planted@example.com"})

    access = token(cnf={"jkt": thumbprint(bare_jwk("ES256-holder"))}, amr=["mfa", "hwk"], acr="urn:loa:3")
    async with system(answer) as upstream:
        built = house(upstream)
        with running(built) as gateway:
            async with aiohttp.ClientSession(gateway.data) as client:
                await _tried(client, access, seen)
            log = gateway.errors.read_text()
    for secret in ("planted", access[:60], "203.0.113.7", "198.51.100.9"):
        assert secret not in log
    found = entries(built)
    kept = json.dumps(found)
    assert "planted" not in kept
    assert "198.51.100.9" not in kept
    refused = [one["refusal"] for one in found if one.get("refusal")]
    wanted = [
        "proof-replayed",
        "identity-invalid",
        "proof-invalid",
        "nonce-needed",
        "device-invalid",
        "denied",
        "proof-invalid",
    ]
    assert refused == [*wanted, "denied"]
    first, *_ = [one for one in found if one["kind"] == "outcome"]
    assert (first["operator"]["holder"], first["operator"]["amr"]) == ("attested", ["hwk", "mfa"])
    assert (first["operator"]["acr"], first["operator"]["assurance"]) == ("urn:loa:3", "high")
    attested = next(one for one in found if one.get("device") and one["kind"] == "outcome")
    assert attested["device"]["pseudonym"].startswith("d_")
    assert (attested["device"]["evidence"], attested["device"]["boot"]) == ("attested", "secure")
    present = [one for one in found if one.get("operator", {}).get("presence") == "attested"]
    assert {kind for kind, _ in present[0]["operator"]["evidence"]} == {"jwt", "dpop", "webauthn"}
    located = next(one["network"] for one in found if one.get("network", {}).get("asn"))
    assert (located["client"], located["trusted"], located["country"]) == ("198.51.100.0/24", 1, "DE")
    assert located["forwarded"] == ["8.8.8.0/24", "198.51.100.0/24"]


async def _tried(client, access, seen):
    async def ask(status, headers, method="GET", target=TARGET, data=None):
        async with client.request(method, target, headers=headers, data=data) as answer:
            assert answer.status == status, (await answer.text(), headers.keys())
            return await answer.json(content_type=None), answer.headers

    good = presented(access)
    body, _ = await ask(200, good)
    assert body["email"] != "planted@example.com"
    assert not {"dpop", "authorization", "sovgate-device", "sovgate-assertion"} & {name.lower() for name in seen[-1]}
    _, headers = await ask(401, good)  # again
    assert headers["WWW-Authenticate"].startswith("DPoP ")
    await ask(401, {"Authorization": f"Bearer {access}"})
    await ask(401, presented(access, target="/erp/api/orders/SO-2", jti="2"))
    # with a device that attests itself the rule gives way
    _, headers = await ask(401, presented(access, jti="3") | {"Sovgate-Device": "?"})
    device = eat(headers["Sovgate-Nonce"], access)
    body, _ = await ask(200, presented(access, jti="4") | {"Sovgate-Device": device})
    assert body["email"] == "planted@example.com"
    await ask(401, presented(access, jti="5") | {"Sovgate-Device": device[:-8] + "AAAAAAAA"})
    # without the operator's presence nothing is written
    order, write = b'{"customer": "C-1"}', "/erp/api/orders"
    kind = {"Content-Type": "application/json"}
    proof = {"method": "POST", "target": write}
    await ask(403, presented(access, jti="6", **proof) | kind, "POST", write, order)
    one, made = Authenticator(), int(time.time())
    value = one.assertion("POST", PUBLIC + write, order, made=made)
    await ask(
        401, presented(access, jti="7", **proof) | kind | {"Sovgate-Assertion": value}, "POST", write, order + b" "
    )
    value = one.assertion("POST", PUBLIC + write, order, made=made, salt=b"t" * 16)
    await ask(200, presented(access, jti="8", **proof) | kind | {"Sovgate-Assertion": value}, "POST", write, order)
    # where it comes from
    await ask(200, presented(access, jti="9") | {"X-Forwarded-For": "8.8.8.8, 198.51.100.9"})
    await ask(200, presented(access, jti="10") | {"X-Forwarded-For": "203.0.113.7, 198.51.100.9"})
    await ask(403, presented(access, jti="11") | {"X-Forwarded-For": "203.0.113.7"})


async def test_workers_are_one_gateway_for_proofs_and_take_new_authenticators_and_anchors(house, tmp_path):
    async def answer(_):
        return web.json_response({"customer": "C-1", "email": "a@example.com"})

    access = token(cnf={"jkt": thumbprint(bare_jwk("ES256-holder"))}, amr=["mfa", "hwk"])
    async with system(answer) as upstream:
        with running(house(upstream, "workers: 2\n")) as gateway:
            await ready(
                gateway, lambda said: len(said["workers"]) == 2 and all(w["ready"] for w in said["workers"].values())
            )

            async def ask(headers, method="GET", target=TARGET, data=None):
                async with (  # a connection of its own: the workers share them out
                    aiohttp.ClientSession(gateway.data) as client,
                    client.request(method, target, headers=headers, data=data) as got,
                ):
                    await got.read()
                    return got.status, got.headers

            proof = presented(access, jti="once")
            statuses = [status for status, _ in await asyncio.gather(*(ask(proof) for _ in range(24)))]
            assert sorted(statuses) == [200, *[401] * 23]
            asked = [line for line in lines(gateway.errors) if "flow" in line]
            assert {line["worker"] for line in asked} == {1, 2}

            async def reloaded(event):
                before = sum(line["event"] == event for line in lines(gateway.errors))
                gateway.process.send_signal(signal.SIGHUP)
                await until(lambda: sum(line["event"] == event for line in lines(gateway.errors)) > before)

            count = iter(range(100))
            two = Authenticator("ES256-between", b"credential-2")

            async def writes(one):
                jti, order, salt = f"w{next(count)}", b'{"customer": "C-1"}', f"{next(count):016}".encode()
                value = one.assertion("POST", f"{PUBLIC}/erp/api/orders", order, made=int(time.time()), salt=salt)
                headers = presented(access, method="POST", target="/erp/api/orders", jti=jti)
                headers |= {"Content-Type": "application/json", "Sovgate-Assertion": value}
                return (await ask(headers, "POST", "/erp/api/orders", order))[0]

            async def reads():
                """Read with a device that attests itself."""
                _, headers = await ask(presented(access, jti=f"r{next(count)}") | {"Sovgate-Device": "?"})
                device = {"Sovgate-Device": eat(headers["Sovgate-Nonce"], access)}
                return (await ask(presented(access, jti=f"r{next(count)}") | device))[0]

            assert {await writes(two) for _ in range(4)} == {401}
            assert {await reads() for _ in range(4)} == {200}
            register(tmp_path, Authenticator(), two)
            await reloaded("reloaded")
            assert {await writes(two) for _ in range(6)} == {200}
            (tmp_path / "makers.pem").write_bytes(b"no certificates")
            await reloaded("reload-refused")
            assert {await reads() for _ in range(4)} == {200}
            other = certificate("ES256-between", ca=True, days=9000).public_bytes(Encoding.PEM)
            (tmp_path / "makers.pem").write_bytes(other)
            await reloaded("reloaded")
            assert {await reads() for _ in range(6)} == {401}


async def test_a_database_of_networks_that_changes_is_taken_up_and_a_broken_one_changes_nothing(tmp_path):
    path, said = tmp_path / "asn.mmdb", BytesIO()
    path.write_bytes(mmdb({"198.51.100.0/24": {"asn": "AS1"}}))

    def events():
        return [json.loads(line)["event"] for line in said.getvalue().splitlines()]

    async with AsyncExitStack() as stack:
        made = await open_whereabouts(NetworkSettings(databases=(path,)), str, make_log(said), stack, every=0.01)

        def number():
            return made.places.find("198.51.100.9").asn

        assert number() == 1
        path.write_bytes(mmdb({"198.51.100.0/24": {"asn": "AS2"}}, built=1_790_000_000))
        await until(lambda: number() == 2)
        for broken in (b"", mmdb({"198.51.100.0/24": {"asn": "AS3"}})[:60]):
            path.write_bytes(broken)
            count = len(events())
            await until(lambda count=count: len(events()) > count)
            assert (events()[-1], number()) == ("databases-refused", 2)
        path.unlink()
        await until(lambda: len(events()) == 4)
        assert (events()[-1], number()) == ("databases-refused", 2)
        path.write_bytes(mmdb({"198.51.100.0/24": {"asn": "AS4"}}))
        await until(lambda: number() == 4)
    assert events().count("databases-read") == 2
    assert b"198.51" not in said.getvalue()

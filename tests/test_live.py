"""The whole gateway as people run it: a process, real HTTP, real tokens, a real log."""

from __future__ import annotations

import asyncio
import json
import resource
import shutil
import signal
import time
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from live import KEY, House, lines, make_house, running, system, token, until

from gateway.audit.show import Filter, published_size, show
from gateway.crypto import public_jwk
from gateway.storage.folder import Folder

SHIPPED = Path(__file__).parent.parent / "policies"
ORDER = {
    "id": "SO-1001",
    "customer": {"id": "C-017", "name": "Planted Wei", "email": "planted@example.cn", "phone": "+86 139 1234 5678"},
    "total": 37.5,
    "internal_note": "planted-note",
}
PLANTED = (
    "Planted Wei",
    "planted@example.cn",
    "139 1234",
    "planted-note",
    "SO-1001",
    "C-017",
    "planted-query",
    "planted-ua",
)


async def orders(request: web.Request) -> web.Response:
    return web.json_response(ORDER)


def limit_files(pid: int, size: int) -> None:
    """Limit the size of files that a process and its children write."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            limit_files(int(child), size)


def bearer(**claims: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(**claims)}"}


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "policies"))


async def test_an_order_crosses_and_the_log_verifies(tmp_path, policies):
    async with system(orders) as upstream, aiohttp.ClientSession() as client:
        house = make_house(tmp_path, policies, upstream)
        with running(house) as gateway:
            url = f"{gateway.data}/erp/api/orders/SO-1001?q=planted-query"
            async with client.get(url, headers={**bearer(), "User-Agent": "planted-ua"}) as answer:
                seen = await answer.json()
                assert (answer.status, seen["customer"]["phone"]) == (200, "*************5678")
            assert house.sovgate("passport", "grant", "C-017", "contact").returncode == 0
            async with client.get(url, headers=bearer()) as answer:
                assert (await answer.json())["customer"]["phone"] == "+86 139 1234 5678"
            assert house.sovgate("passport", "revoke", "C-017", "contact").returncode == 0
            async with client.get(url, headers=bearer()) as answer:
                assert (await answer.json())["customer"]["phone"] == "*************5678"
            async with client.get(gateway.admin + "/metrics") as answer:
                metrics = await answer.text()
                assert 'sovgate_requests_total{leg="response",route="erp",verdict="allow"} 3.0' in metrics
            shown = house.sovgate("audit", "show", "--customer", "C-017", "-o", "json")
            kinds = [json.loads(line)["kind"] for line in shown.stdout.splitlines()]
            assert kinds == ["outcome", "consent", "outcome", "consent", "outcome"]
        verified = house.sovgate("audit", "verify")
        assert (verified.returncode, "sound" in verified.stdout) == (0, True)
        wrote = gateway.errors.read_bytes() + metrics.encode()
        wrote += b"".join(path.read_bytes() for path in house.log.rglob("*") if path.is_file())
        assert [value for value in PLANTED if value.encode() in wrote] == []


TOKENS = [
    ({}, 401, "no-identity"),
    ({"Authorization": "Bearer nonsense"}, 401, "identity-invalid"),
    (bearer(exp=int(time.time()) - 3600), 401, "identity-expired"),
    (bearer(aud="other"), 401, "identity-invalid"),
    (bearer(key=Ed25519PrivateKey.from_private_bytes(b"o" * 32)), 401, "identity-invalid"),
    (bearer(system="stranger"), 403, "identity-unknown-system"),
    (bearer(purpose="marketing"), 403, "not-allowed"),
    ({**bearer(purpose=None), "X-Purpose": "order-fulfilment"}, 200, None),
]


async def test_each_bad_token_is_refused_and_recorded(tmp_path, policies):
    async with system(orders) as upstream, aiohttp.ClientSession() as client:
        house = make_house(tmp_path, policies, upstream)
        with running(house) as gateway:
            for headers, status, refusal in TOKENS:
                async with client.get(f"{gateway.data}/erp/api/orders/SO-1001", headers=headers) as answer:
                    said = await answer.json()
                    assert (answer.status, said.get("type")) == (status, refusal and f"urn:sovgate:refusal:{refusal}")
                    if refusal:
                        found = house.sovgate("audit", "show", "--flow", said["flow_id"], "-o", "json")
                        assert json.loads(found.stdout)["refusal"] == refusal


async def test_new_policies_are_in_force_and_broken_ones_are_not(tmp_path, policies):
    async with system(orders) as upstream, aiohttp.ClientSession() as client:
        house = make_house(tmp_path, policies, upstream)
        with running(house) as gateway:

            async def status() -> int:
                async with client.get(f"{gateway.data}/erp/api/orders/SO-1001", headers=bearer()) as answer:
                    return answer.status

            def events(name: str) -> list:
                return [line for line in lines(gateway.errors) if line["event"] == name]

            assert await status() == 200
            sales = policies / "sales-reads-orders.yaml"
            good = sales.read_text()
            sales.write_text(good.replace("allow: true", "alow: true"))
            await until(lambda: bool(events("reload-refused")))
            assert await status() == 200
            async with client.get(gateway.admin + "/readyz") as answer:
                assert (await answer.json())["policies"]["last_reload"] == "refused"
            sales.write_text(good.replace("allow: true", "deny: true"))
            await until(lambda: bool(events("reloaded")))
            assert await status() == 403
            sales.write_text(good)
            gateway.process.send_signal(signal.SIGHUP)
            await until(lambda: len(events("reloaded")) > 1)
            assert await status() == 200


async def test_sigterm_lets_flows_in_flight_finish(tmp_path, policies):
    begun = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        begun.set()
        await asyncio.sleep(0.5)
        return await orders(request)

    async with system(slow) as upstream, aiohttp.ClientSession() as client:
        with running(make_house(tmp_path, policies, upstream)) as gateway:
            url = f"{gateway.data}/erp/api/orders/SO-1001"
            asked = asyncio.create_task(client.get(url, headers=bearer()))
            await begun.wait()
            gateway.process.terminate()
            answer = await asked
            assert answer.status == 200
            await until(lambda: gateway.process.poll() is not None)
            assert gateway.process.returncode == 0


async def test_after_kill_9_every_answer_that_came_has_its_entry(tmp_path, policies):
    """Promise 4, under load, at arbitrary moments."""
    got: list[str] = []

    async def numbered(request: web.Request) -> web.Response:
        return web.json_response({**ORDER, "status": request.headers["X-Number"]})

    async def caller(client: aiohttp.ClientSession, url: str, name: str) -> None:
        for number in range(10_000):
            trace = f"{abs(hash((name, number))) % 16**31 + 1:032x}"
            headers = {**bearer(), "X-Number": "open", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
            try:
                async with client.get(url, headers=headers) as answer:
                    await answer.read()
                    assert answer.status == 200
                    got.append(trace)
            except (aiohttp.ClientError, ConnectionError):
                return

    async with system(numbered) as upstream:
        house = make_house(tmp_path, policies, upstream)
        for round_ in range(3):
            with running(house) as gateway:
                async with aiohttp.ClientSession() as client:
                    url = f"{gateway.data}/erp/api/orders/SO-1001"
                    callers = [asyncio.create_task(caller(client, url, f"{round_}-{n}")) for n in range(8)]
                    await asyncio.sleep(0.4 + 0.13 * round_)
                    gateway.process.kill()
                    await asyncio.gather(*callers)
    with running(house) as gateway:
        pass
    assert len(got) > 10
    verified = house.sovgate("audit", "verify", "-o", "json")
    assert json.loads(verified.stdout)["ok"], verified.stdout
    files = Folder(house.log)
    outcomes = {entry.payload["trace"] for entry in show(files, Filter(kind="outcome"), published_size(files))}
    assert [trace for trace in got if trace not in outcomes] == []


async def test_while_the_disk_is_full_flows_are_refused_and_then_go_on(tmp_path, policies):
    async with system(orders) as upstream, aiohttp.ClientSession() as client:
        house = make_house(tmp_path, policies, upstream)
        with running(house) as gateway:
            # A limit on the size of files stands in for a full disk: a write beyond it fails halfway, as on a full one.
            limit_files(gateway.process.pid, 60_000)
            url = f"{gateway.data}/erp/api/orders/SO-1001"
            statuses = []
            for _ in range(60):
                async with client.get(url, headers=bearer()) as answer:
                    statuses.append(answer.status)
            assert (statuses[0], statuses[-1]) == (200, 503)
            async with client.get(gateway.admin + "/readyz") as answer:
                assert answer.status == 503
            limit_files(gateway.process.pid, resource.RLIM_INFINITY)
            async with client.get(url, headers=bearer()) as answer:
                assert answer.status == 200
    assert House(tmp_path).sovgate("audit", "verify").returncode == 0


def test_broken_policies_stop_the_start_and_are_all_told(tmp_path, policies):
    (policies / "sales-reads-orders.yaml").write_text("version: 1\npolicy: x\nscop: {}\nallow: maybe\n")
    result = make_house(tmp_path, policies, "http://127.0.0.1:1").sovgate("serve")
    assert result.returncode == 2
    assert "sales-reads-orders.yaml:3:1" in result.stderr
    assert "sales-reads-orders.yaml:4:8" in result.stderr


def test_a_log_that_is_not_there_is_not_sound(tmp_path, policies):
    result = make_house(tmp_path, policies, "http://127.0.0.1:1").sovgate("audit", "verify")
    assert (result.returncode, "missing" in result.stderr) == (1, True)


def test_a_consent_is_recorded_though_no_gateway_runs(tmp_path, policies):
    house = make_house(tmp_path, policies, "http://127.0.0.1:1")
    assert house.sovgate("passport", "grant", "C-017", "contact", "--by", "test").returncode == 0
    shown = house.sovgate("passport", "show", "C-017", "-o", "json")
    assert json.loads(shown.stdout)["in_force"] == ["contact"]
    assert (
        json.loads(house.sovgate("audit", "show", "--kind", "consent", "-o", "json").stdout)["consent"]["name"]
        == "contact"
    )
    unknown = house.sovgate("passport", "grant", "C-017", "contakt")
    assert (unknown.returncode, "there are: contact, invoices" in unknown.stderr) == (2, True)


async def test_keys_that_are_rotated_and_attributes_of_customers_are_taken_up(tmp_path, policies):
    sales = policies / "sales-reads-orders.yaml"
    sales.write_text(sales.read_text() + "\ndeny:\n  - {customer: {region: cn}}\n")
    other = Ed25519PrivateKey.from_private_bytes(b"n" * 32)
    async with system(orders) as upstream, aiohttp.ClientSession() as client:
        house = make_house(tmp_path, policies, upstream)
        with running(house) as gateway:

            async def status(key: Ed25519PrivateKey) -> int:
                headers = {"Authorization": f"Bearer {token(key=key)}"}
                async with client.get(f"{gateway.data}/erp/api/orders/SO-1001", headers=headers) as answer:
                    return answer.status

            assert (await status(KEY), await status(other)) == (403, 401)
            assert house.sovgate("passport", "describe", "C-017", "region=eu").returncode == 0
            assert await status(KEY) == 200
            (tmp_path / "jwks.json").write_text(json.dumps({"keys": [public_jwk(other.public_key())]}))
            gateway.process.send_signal(signal.SIGHUP)
            await until(lambda: any(line["event"] == "reloaded" for line in lines(gateway.errors)))
            assert (await status(KEY), await status(other)) == (401, 200)

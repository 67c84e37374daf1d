"""The admin port: alive, ready and measured, apart from the data port."""

import asyncio

import aiohttp
import pytest
from proxy_kit import System, gateway, get, nothing, ok, parse, running, talk, until

from gateway.flow import Leg
from gateway.proxy.lifecycle import Running
from gateway.proxy.metrics import Metrics
from gateway.proxy.settings import Listener, Route

ADMIN = Listener(port=0)
NOWHERE = Route("erp", "http://127.0.0.1:1", prefix="/erp")


async def fetch(house, path, method="GET"):
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{house.admin[1]}{path}") as answer,
    ):
        return answer.status, await answer.text()


async def test_it_is_alive_whatever_its_readiness():
    state = {"ready": False}
    told = Running(lambda: (state["ready"], {"policies": "broken", "audit": True}), nothing)
    async with gateway(NOWHERE, admin=ADMIN, running=told) as house:
        assert await fetch(house, "/livez") == (200, '{"alive": true}')
        status, text = await fetch(house, "/readyz")
        assert (status, text) == (503, '{"ready":false,"policies":"broken","audit":true,"draining":false}')
        state["ready"] = True
        assert (await fetch(house, "/readyz"))[0] == 200


async def test_readiness_fails_while_draining_and_flows_in_hand_are_served():
    gate = asyncio.Event()

    async def slowly(_, writer):
        await gate.wait()
        writer.write(ok(b"late"))

    async with running(System(slowly)) as system:  # noqa: SIM117 - its address is known only once it runs
        async with gateway(Route("erp", system.url, prefix="/erp"), admin=ADMIN) as house:
            asked = asyncio.create_task(talk(house.address, get(close=False)))
            await until(lambda: system.requests)
            draining = asyncio.create_task(house.gateway.drain())
            await until(lambda: b'"draining"' in house.log.getvalue())
            assert (await fetch(house, "/readyz"))[0] == 503
            gate.set()
            answer = parse(await asked)
            assert (answer.body, dict(answer.headers)["Connection"]) == (b"late", "close")
            assert await draining


async def test_metrics_have_the_names_that_operators_expect_and_no_ids():
    async with running(System(ok())) as system:  # noqa: SIM117 - its address is known only once it runs
        async with gateway(Route("erp", system.url, prefix="/erp"), admin=ADMIN) as house:
            await talk(house.address, get("/erp/S3cret"))
            metrics = house.metrics
            metrics.decided("erp", Leg.REQUEST, "allow")
            metrics.treated("sales", "mask", 5)
            metrics.audit_write_failed()
            metrics.reloaded(successful=True, at=123.0)
            status, text = await fetch(house, "/metrics")
    assert status == 200
    for line in (
        'sovgate_requests_total{leg="request",route="erp",verdict="allow"} 1.0',
        'sovgate_request_duration_seconds_count{route="erp"} 1.0',
        'sovgate_upstream_duration_seconds_count{route="erp"} 1.0',
        'sovgate_fields_treated_total{policy="sales",treatment="mask"} 5.0',
        "sovgate_audit_write_failures_total 1.0",
        "sovgate_config_last_reload_successful 1.0",
        "sovgate_config_last_reload_success_timestamp_seconds 123.0",
        'sovgate_build_info{version="test"} 1.0',
    ):
        assert line in text
    assert "S3cret" not in text


def test_a_failed_reload_keeps_the_time_of_the_last_good_one():
    metrics = Metrics("1")
    metrics.reloaded(successful=True, at=5.0)
    metrics.reloaded(successful=False, at=9.0)
    text = metrics.exposition().decode()
    assert "sovgate_config_last_reload_successful 0.0" in text
    assert "sovgate_config_last_reload_success_timestamp_seconds 5.0" in text


@pytest.mark.parametrize("path", ["/", "/erp/a", "/debug"])
async def test_there_is_nothing_else_there(path):
    async with gateway(NOWHERE, admin=ADMIN) as house:
        assert (await fetch(house, path))[0] == 404
        assert (await fetch(house, "/metrics", "POST"))[0] == 405


async def test_the_data_port_has_no_admin():
    async with gateway(NOWHERE, admin=ADMIN) as house:
        for path in ("/livez", "/readyz", "/metrics"):
            assert parse(await talk(house.address, get(path))).status == 404

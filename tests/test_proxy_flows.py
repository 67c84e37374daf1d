"""From a client's request to a flow and back: what the doors see, what the system gets, what the client gets."""

import asyncio
import http.client
import json
import re
from dataclasses import replace

import aiohttp
import pytest
from proxy_kit import Desk, System, gateway, get, ok, parse, running, talk

from gateway.errors import NotAuthenticated
from gateway.flow import Operator, Purpose, Response, header
from gateway.proxy.drive import Caller
from gateway.proxy.settings import Credential, Route

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


async def test_a_request_becomes_a_flow_with_everything_known_of_it():
    class Known(Desk):
        async def identify(self, incoming):
            self.seen.append(incoming)
            return Caller(Operator("crm", "ada"), Purpose("billing", "claim"))

    desk, system = Known(), System(ok(b"answer", b"Content-Type: text/plain"))
    async with running(system), gateway(Route("erp", system.url, prefix="/erp"), desk=desk) as house:
        raw = get("/erp/api/o%27x?f=%40", "Authorization: Bearer t0ken", "X-A: 1", "Content-Length: 2", method="PUT")
        answer = parse(await talk(house.address, raw + b"hi"))
    (flow,), (incoming,) = desk.flows, desk.seen
    assert (flow.to, flow.operator, flow.purpose) == ("erp", Operator("crm", "ada"), Purpose("billing", "claim"))
    assert (flow.request.method, flow.request.target, flow.request.body) == ("PUT", "/api/o%27x?f=%40", b"hi")
    assert (flow.peer, len(flow.trace)) == ("127.0.0.1", 32)
    assert UUID7.fullmatch(flow.id)
    assert header(incoming.headers, "authorization") == "Bearer t0ken"
    assert header(flow.request.headers, "authorization") is None
    assert b"t0ken" not in system.requests[0] + house.log.getvalue()
    assert system.requests[0].startswith(b"PUT /api/o%27x?f=%40 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert header(flow.request.headers, "x-forwarded-prefix") == "/erp"
    assert (answer.status, answer.body) == (200, b"answer")
    assert header(answer.headers, "content-type") == "text/plain"
    assert header(answer.headers, "via") == "1.1 sovgate"
    assert header(answer.headers, "server") is None


@pytest.mark.parametrize("name", ["no-identity", "identity-expired", "identity-unknown-system"])
async def test_without_identity_nothing_is_read_or_forwarded_and_it_is_recorded(name):
    class Stern(Desk):
        async def identify(self, incoming):
            raise NotAuthenticated(name, "no")

    desk, system = Stern(), System(ok())
    async with running(system), gateway(Route("erp", system.url, prefix="/erp"), desk=desk) as house:
        raw = get(method="POST", close=False)[:-2] + b"Content-Length: 1000000\r\n\r\nabc"
        answer = parse(await talk(house.address, raw))
    assert answer.status == (403 if name == "identity-unknown-system" else 401)
    assert (header(answer.headers, "www-authenticate") == "Bearer") == (answer.status == 401)
    assert system.requests == []
    ((flow, refusal),) = desk.refused
    assert (flow.to, flow.operator.system, refusal) == ("erp", "", name)
    assert json.loads(answer.body)["flow_id"] == flow.id


async def test_an_address_without_system_is_refused_before_there_is_a_flow():
    desk = Desk()
    async with gateway(Route("erp", "http://127.0.0.1:1", prefix="/erp"), desk=desk) as house:
        answer = parse(await talk(house.address, get("/other")))
    assert (answer.status, json.loads(answer.body)["type"]) == (404, "urn:sovgate:refusal:no-route")
    assert desk.seen == desk.refused == []
    assert b'sovgate_requests_total{leg="request",route="none",verdict="refuse"} 1.0' in house.metrics.exposition()


@pytest.mark.parametrize("where", ["identify", "handle", "refuse"])
async def test_whatever_breaks_inside_is_an_internal_refusal_without_a_word_of_it(where):
    class Broken(Desk):
        async def identify(self, incoming):
            if where == "identify":
                raise KeyError("S3cret")
            return await super().identify(incoming)

        async def handle(self, flow, send):
            raise ValueError("S3cret")

        async def refuse(self, flow, name):
            raise OSError("S3cret")

    desk, system = Broken(), System(ok())
    async with running(system), gateway(Route("erp", system.url, prefix="/erp"), desk=desk) as house:
        headers = ["Content-Length: 99999999999"] if where == "refuse" else []
        answer = parse(await talk(house.address, get("/erp/a", *headers)))
    assert answer.status == 500
    assert json.loads(answer.body)["type"] == "urn:sovgate:refusal:internal"
    assert b"S3cret" not in answer.body + house.log.getvalue()
    assert b'"flow-failed"' in house.log.getvalue()


async def test_an_answer_that_cannot_be_written_is_an_internal_refusal():
    class Odd(Desk):
        async def handle(self, flow, send):
            return Response(200, (("X", "a\r\nSet-Cookie: b"),), b"S3cret")

    async with gateway(Route("erp", "http://127.0.0.1:1", prefix="/erp"), desk=Odd()) as house:
        answer = parse(await talk(house.address, get(close=False), get()))
    assert answer.status == 500
    assert header(answer.headers, "set-cookie") is None


async def test_what_the_gate_changes_is_what_arrives_with_its_length_told_anew():
    class Editor(Desk):
        async def handle(self, flow, send):
            response = await send(replace(flow.request, body=b"longer body"))
            return replace(response, body=b"changed")

    system = System(ok(b"original body"))
    async with running(system), gateway(Route("erp", system.url, prefix="/erp"), desk=Editor()) as house:
        raw = get(method="POST")[:-2] + b"Content-Length: 5\r\n\r\nshort"
        answer = parse(await talk(house.address, raw))
    assert system.requests[0].endswith(b"Content-Length: 11\r\n\r\nlonger body")
    assert (answer.body, header(answer.headers, "content-length")) == (b"changed", "7")


@pytest.mark.parametrize(
    ("answer", "method"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD"),
        (b"HTTP/1.1 204 No\r\n\r\n", "GET"),
        (b"HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", "GET"),
        (ok(b"abcde", status=b"205 Reset"), "GET"),
    ],
)
async def test_answers_without_body_leave_the_connection_usable(answer, method):
    system = System(answer, ok(b"next"))
    async with running(system), gateway(Route("erp", system.url, prefix="/erp")) as house:
        got = await talk(house.address, get(method=method, close=False), get())
    first, second = got.split(b"HTTP/1.1 ")[1:]
    assert first.endswith(b"\r\n\r\n")
    assert second.endswith(b"\r\n\r\nnext")


async def test_addresses_of_the_system_become_the_gateways():
    system = System(b"")
    async with running(system), gateway(Route("erp", system.url + "/base", prefix="/erp")) as house:
        system.answers[:] = [
            ok(b"", b"Location: %s/base/b" % system.url.encode(), b"Set-Cookie: a=1; Domain=127.0.0.1", status=b"302 F")
        ]
        answer = parse(await talk(house.address, get(host="gw.test:99")))
    assert header(answer.headers, "location") == "http://gw.test:99/erp/b"
    assert header(answer.headers, "set-cookie") == "a=1"
    assert system.requests[0].startswith(b"GET /base/a ")


async def test_a_route_may_keep_the_host_and_add_its_own_credential():
    system = System(ok())
    async with running(system):
        route = Route(
            "erp",
            system.url,
            host="erp.gw.test",
            keep_host=True,
            credential=Credential("Authorization", "Basic S3cret"),
        )
        async with gateway(route) as house:
            await talk(house.address, get("/a", "Authorization: Bearer mine", host="erp.gw.test"))
    assert b"Host: erp.gw.test\r\n" in system.requests[0]
    assert system.requests[0].count(b"uthorization") == 1
    assert b"Authorization: Basic S3cret\r\n" in system.requests[0]
    assert "S3cret" not in repr(route)
    assert b"S3cret" not in house.log.getvalue()


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (TRACE, True),
        ("cc" + TRACE[2:] + "-more", True),
        (TRACE + "-more", False),
        ("ff" + TRACE[2:], False),
        (TRACE.upper(), False),
        ("00-" + "0" * 32 + TRACE[35:], False),
        ("junk", False),
        (None, False),
    ],
)
async def test_a_valid_trace_goes_on_and_any_other_begins_anew(sent, kept):
    desk, system = Desk(), System(ok())
    async with running(system), gateway(Route("erp", system.url, prefix="/erp"), desk=desk) as house:
        headers = [f"traceparent: {sent}", "tracestate: a=1"] if sent else []
        await talk(house.address, get("/erp/a", *headers))
    (flow,) = desk.flows
    version, trace, parent, flags = header(flow.request.headers, "traceparent").split("-")
    assert (version, flow.trace) == ("00", trace)
    assert (trace == TRACE[3:35]) == kept
    assert parent != TRACE[36:52]
    assert flags == ("01" if kept else "00")
    assert header(flow.request.headers, "tracestate") == ("a=1" if kept else None)


async def test_one_line_is_written_for_each_flow_and_says_nothing_of_its_content():
    desk, system = Desk(), System(ok(b"S3cret", b"X: S3cret"))
    async with running(system), gateway(Route("erp", system.url, prefix="/erp"), desk=desk) as house:
        await talk(house.address, get("/erp/S3cret?S3cret", "S3cret: S3cret"))
    lines = [json.loads(line) for line in house.log.getvalue().splitlines()]
    (line,) = [line for line in lines if line["event"] == "flow"]
    assert line["flow"] == desk.flows[0].id
    assert (line["system"], line["status"], line["request_bytes"], line["response_bytes"]) == ("erp", 200, 0, 6)
    assert b"S3cret" not in house.log.getvalue()


async def test_aiohttps_client_is_served_over_one_connection():
    system = System(ok(b"a" * 300_000))
    async with running(system), gateway(Route("erp", system.url, prefix="/erp")) as house:
        base = f"http://127.0.0.1:{house.address[1]}/erp"
        async with aiohttp.ClientSession() as session:
            for body in (b"", b"x" * 10, b"y" * 900_000):
                async with session.post(base + "/a", data=body) as answer:
                    assert (answer.status, len(await answer.read())) == (200, 300_000)
    assert system.connections == 1
    assert [len(raw.partition(b"\r\n\r\n")[2]) for raw in system.requests] == [0, 10, 900_000]


async def test_the_standard_librarys_client_is_served():
    system = System(ok(b"hello"))

    def ask(port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            bodies = []
            for method in ("GET", "PUT"):
                connection.request(method, "/erp/a", body=iter([b"ab", b"cd"]) if method == "PUT" else None)
                bodies.append(connection.getresponse().read())
            return bodies
        finally:
            connection.close()

    async with running(system), gateway(Route("erp", system.url, prefix="/erp")) as house:
        assert await asyncio.to_thread(ask, house.address[1]) == [b"hello"] * 2
    assert system.requests[1].endswith(b"\r\n\r\nabcd")


async def test_cookies_of_one_client_are_never_another_clients():
    system = System(ok(b"", b"Set-Cookie: session=ada"), ok(b""))
    async with running(system), gateway(Route("erp", system.url, prefix="/erp")) as house:
        await talk(house.address, get("/erp/a", "Cookie: who=ada"))
        await talk(house.address, get("/erp/a"))
    assert b"Cookie: who=ada\r\n" in system.requests[0]
    assert b"ookie" not in system.requests[1]

"""The PROXY protocol on real sockets: from whom it must come, from whom it doesn't count, and over TLS."""

import asyncio
import ssl
from ipaddress import ip_network

import pytest
import trustme
from proxy_kit import Desk, System, gateway, ok, running, until

from gateway.proxy.settings import Listener, Route, Tls
from gateway.proxy.whereabouts import Whereabouts

HERE = (ip_network("127.0.0.0/8"),)
ELSEWHERE = (ip_network("10.0.0.0/8"),)
REQUEST = b"GET /erp/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
V1 = b"PROXY TCP4 203.0.113.9 10.0.0.1 4660 443\r\n"
V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c" + bytes([203, 0, 113, 9, 10, 0, 0, 1]) + b"\x12\x34\x01\xbb"


class Seeing(Desk):
    """A desk that knows where requests come from."""

    def __init__(self):
        super().__init__()
        self.whereabouts = Whereabouts(str)


async def sent(address, *parts, context=None, after=b""):
    """Send bytes, give what comes back until the end."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.01)
        if context is not None:
            await writer.start_tls(context, server_hostname="localhost")
            writer.write(after)
        return await reader.read()
    except (ConnectionError, ssl.SSLError):
        return b""
    finally:
        writer.transport.abort()


def peers(desk):
    return [(flow.peer, flow.origin.peer, flow.origin.proxy) for flow in desk.flows]


async def asked(listener, *parts, **more):
    desk = Seeing()
    async with running(System(ok())) as system:
        route = Route("erp", system.url, "/erp")
        async with gateway(route, desk=desk, listener=listener, locate=desk.whereabouts.locate) as house:
            answers = [await sent(house.address, *parts, **more)]
            log = house.log.getvalue()
    return answers[0], desk, log


@pytest.mark.parametrize("head", [V1, V2], ids=["v1", "v2"])
async def test_a_proxy_says_for_whom_it_asks(head):
    answer, desk, _ = await asked(Listener(port=0, proxies=HERE), head + REQUEST)
    assert answer.startswith(b"HTTP/1.1 200")
    assert [(peer, origin) for peer, origin, _ in peers(desk)] == [("203.0.113.9", "127.0.0.1")]


@pytest.mark.parametrize("head", [V1, V2], ids=["v1", "v2"])
async def test_it_may_come_in_pieces(head):
    parts = [head[at : at + 9] for at in range(0, len(head), 9)]
    answer, desk, _ = await asked(Listener(port=0, proxies=HERE), *parts, REQUEST)
    assert (answer[:12], peers(desk)[0][0]) == (b"HTTP/1.1 200", "203.0.113.9")


BAD = {
    "none": REQUEST,
    "a broken one": b"PROXY TCP4 x\r\n" + REQUEST,
    "a line without an end": b"PROXY TCP4 " + b"1" * 200,
    "another version": V2[:12] + b"\x11" + V2[13:] + REQUEST,
    "two": V1 + V1 + REQUEST,
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
async def test_without_a_good_header_a_proxy_is_not_served(data):
    answer, desk, log = await asked(Listener(port=0, proxies=HERE), data)
    assert not desk.flows
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
    assert b"203.0.113.9" not in log


async def test_who_ends_before_the_header_is_let_go():
    desk = Seeing()
    async with (
        running(System(ok())) as system,
        gateway(Route("erp", system.url, "/erp"), desk=desk, listener=Listener(port=0, proxies=HERE)) as house,
    ):
        _, writer = await asyncio.open_connection(*house.address)
        writer.write(b"PROX")
        writer.close()
        await until(lambda: b"proxy-header-missing" in house.log.getvalue())


@pytest.mark.parametrize("listener", [Listener(port=0), Listener(port=0, proxies=ELSEWHERE)], ids=["nobody", "others"])
@pytest.mark.parametrize("head", [V1, V2], ids=["v1", "v2"])
async def test_from_anybody_else_it_is_no_request(listener, head):
    answer, desk, _ = await asked(listener, head + REQUEST)
    assert (answer[:12], desk.flows) == (b"HTTP/1.1 400", [])


async def test_who_is_no_proxy_is_served_as_ever():
    answer, desk, _ = await asked(Listener(port=0, proxies=ELSEWHERE), REQUEST)
    assert (answer[:12], peers(desk)) == (b"HTTP/1.1 200", [("127.0.0.1", "127.0.0.1", "")])


async def test_the_header_stands_before_tls(tmp_path):
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    listener = Listener(port=0, proxies=HERE, tls=Tls(tmp_path / "cert.pem", tmp_path / "key.pem"))
    answer, desk, _ = await asked(listener, V2, context=context, after=REQUEST)
    assert (answer[:12], peers(desk)[0][0]) == (b"HTTP/1.1 200", "203.0.113.9")

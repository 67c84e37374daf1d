"""TLS on both sides: who is checked, and what is told of them."""

import ssl
from pathlib import Path

import pytest
import trustme
from proxy_kit import QUICK, Desk, System, gateway, get, ok, parse, running, talk

from gateway.errors import UpstreamFailed
from gateway.flow import Request, header
from gateway.proxy.settings import Listener, Route, Timeouts, Tls, UpstreamTls
from gateway.proxy.upstream import Upstream

OURS, THEIRS = trustme.CA(), trustme.CA()
SERVER = OURS.issue_cert("127.0.0.1", "gw.test")
CLIENT = OURS.issue_cert("crm.test")


@pytest.fixture
def files(tmp_path):
    OURS.cert_pem.write_to_path(tmp_path / "ca.pem")
    for name, cert in (("server", SERVER), ("client", CLIENT)):
        cert.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.pem")
        cert.private_key_pem.write_to_path(tmp_path / f"{name}.key")
    return tmp_path


def server(cert=SERVER, client_ca=None):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    cert.configure_cert(context)
    if client_ca is not None:
        client_ca.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def visitor(cert=None):
    context = ssl.create_default_context()
    OURS.configure_trust(context)
    if cert is not None:
        cert.configure_cert(context)
    return context


def listener(files: Path, **more):
    return Listener(port=0, tls=Tls(files / "server.pem", files / "server.key", **more))


async def test_a_client_is_served_over_tls_and_the_system_is_told(files):
    desk, system = Desk(), System(ok())
    async with (
        running(system),
        gateway(Route("erp", system.url, prefix="/erp"), desk=desk, listener=listener(files)) as house,
    ):
        answer = parse(await talk(house.address, get(), ssl=visitor()))
    assert (answer.status, answer.body) == (200, b"hello")
    assert desk.seen[0].certificate is None
    assert header(desk.flows[0].request.headers, "x-forwarded-proto") == "https"


@pytest.mark.parametrize("required", [True, False])
async def test_a_client_certificate_is_checked_and_handed_on(files, required):
    desk, system = Desk(), System(ok())
    tls = listener(files, client_ca=files / "ca.pem", client_required=required)
    async with running(system), gateway(Route("erp", system.url, prefix="/erp"), desk=desk, listener=tls) as house:
        assert parse(await talk(house.address, get(), ssl=visitor(CLIENT))).status == 200
        with pytest.raises((ssl.SSLError, ConnectionError, ValueError, IndexError)):
            parse(await talk(house.address, get(), ssl=visitor(THEIRS.issue_cert("crm.test"))))
        if not required:
            assert parse(await talk(house.address, get(), ssl=visitor())).status == 200
    der = ssl.PEM_cert_to_DER_cert((files / "client.pem").read_text())
    assert [seen.certificate for seen in desk.seen] == ([der] if required else [der, None])


async def test_large_answers_and_refusals_arrive_over_tls(files):
    system = System(ok(b"x" * 3_000_000))
    async with (
        running(system),
        gateway(Route("erp", system.url, prefix="/erp"), listener=listener(files)) as house,
    ):
        assert len(parse(await talk(house.address, get(), ssl=visitor())).body) == 3_000_000
        refused = await talk(house.address, b"GET / HTTP/1.1\r\n\r\n" + b"x" * 100_000, ssl=visitor())
    assert parse(refused).status == 400


async def ask(url, **tls):
    upstream = Upstream(Route("erp", url, tls=UpstreamTls(**tls), timeouts=Timeouts(connect=0.5)), QUICK)
    try:
        return (await upstream.send(Request("GET", "/a"))).body
    except UpstreamFailed as error:
        return error.refusal
    finally:
        await upstream.close()


async def test_a_system_is_asked_over_tls_only_if_its_certificate_is_good(files):
    async with running(System(ok()), ssl=server()) as system:
        port = system.address[1]
        assert await ask(f"https://127.0.0.1:{port}", ca=files / "ca.pem") == b"hello"
        assert await ask(f"https://localhost:{port}", ca=files / "ca.pem") == "upstream-unreachable"
        assert await ask(f"https://127.0.0.1:{port}") == "upstream-unreachable"
    async with running(System(ok()), ssl=server(THEIRS.issue_cert("127.0.0.1"))) as system:
        assert await ask(f"https://127.0.0.1:{system.address[1]}", ca=files / "ca.pem") == "upstream-unreachable"
    async with running(System(ok())) as system:
        assert await ask(f"https://127.0.0.1:{system.address[1]}", ca=files / "ca.pem") == "upstream-unreachable"


async def test_a_system_that_asks_for_a_certificate_gets_ours(files):
    async with running(System(ok()), ssl=server(client_ca=OURS)) as system:
        url = f"https://127.0.0.1:{system.address[1]}"
        mine = {"ca": files / "ca.pem", "certificate": files / "client.pem", "key": files / "client.key"}
        assert await ask(url, **mine) == b"hello"
        assert await ask(url, ca=files / "ca.pem") in {"upstream-broken", "upstream-unreachable"}

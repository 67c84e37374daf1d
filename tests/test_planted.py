"""Nobody's data in what the gateway writes: unique values are planted everywhere, and every byte is searched for them.

Searched are log, tiles, journal, checkpoints, metrics, standard error, the folders of state and of temporary files; for
each value as it is, in the encodings that values travel in, and its words by themselves. Where a file may hold some of
them (customers' passports have their ids), that is said here.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from authenticator import Authenticator
from crafted_tokens import b64
from live import House, make_house, running, system, token
from pdf_kit import add_page, blank, saved
from test_cli import sovgate
from test_cli import write as write_house

from examples.orders.data import orders
from examples.orders.people import CUSTOMERS

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = """\
version: 1
catalog: erp
operations:
  read:
    request: "GET /things/{customer}"
    response: thing
    query: {email: user.contact.email}
    headers: {X-Customer-Email: user.contact.email}
  write: {request: "POST /things/{customer}", body: thing, response: thing}
  table: {request: GET /table, response: table}
  xml: {request: POST /xml, body: document, response: document}
  events: {request: GET /events, response: events}
  picture: {request: GET /picture, response: picture}
  paper: {request: "GET /papers/{name}", response: paper}
messages:
  thing:
    format: json
    customer: {path: customer}
    fields: {$.name: user.name, $.email: user.contact.email, $.token: user.contact.phone_number}
  table: {format: csv, customer: owner, fields: {owner: user.unique_id, name: user.name}}
  document: {format: xml, customer: /thing/owner, fields: {/thing/owner: user.unique_id, /thing/name: user.name}}
  events: {format: sse, fields: {message.data: {contains: thing-of}}}
  thing-of: {format: json, customer: $.owner, fields: {$.owner: user.unique_id, $.name: user.name}}
  picture: {format: png, class: business.photo, customer: {response-header: X-Customer}}
  paper: {format: pdf, class: business.photo, customer: {response-header: X-Customer}}
"""
POLICY = """\
version: 1
policy: open
scope: {from: crm, to: erp}
allow: true
protect:
  - {classes: user.name, leg: response, treatment: mask}
  - {classes: user.contact.email, leg: response, treatment: pseudonymise}
  - {classes: user.contact.phone_number, leg: response, treatment: encrypt}
watermark: {visible: "{customer} / {recipient} / {mark}"}
"""


class Plants:
    """Makes values that stand nowhere else, and looks for them."""

    def __init__(self) -> None:
        self.made: dict[str, str] = {}

    def __call__(self, where: str) -> str:
        """Make a value that is told apart by where it was planted."""
        return self.made.setdefault(where, f"plant{len(self.made):03}x{os.urandom(5).hex()}")

    def found(self, data: bytes) -> list[str]:
        """Name the places whose values stand in the data, in any encoding."""
        lowered = data.lower()
        return [where for where, value in self.made.items() if any(one in lowered for one in spellings(value))]


def spellings(value: str) -> Iterator[bytes]:
    """Give a value in the forms that it may have been written in, in lower case."""
    raw = value.encode()
    yield raw.lower()
    yield raw[::-1].lower()
    yield raw.hex().encode()
    yield quote(value).lower().encode()
    yield json.dumps(value)[1:-1].lower().encode()
    yield value.encode("utf-16-le").lower()
    for shift in range(3):  # base64 hangs on where a value begins
        inner = base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4]
        yield inner.lower()
        yield inner.lower().translate(bytes.maketrans(b"+/", b"-_"))


def written(*places: Path, without: tuple[str, ...] = ()) -> Iterator[tuple[Path, bytes]]:
    """Give every file below some places, compressed ones opened."""
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and not any(path.name.startswith(name) for name in without):
                data = path.read_bytes()
                yield path, gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


@pytest.fixture
def plants() -> Plants:
    return Plants()


def test_the_search_finds_what_is_there(plants, tmp_path):
    value = plants("here")
    for form in (value, value.upper(), json.dumps({"a": value}), quote(f"a b{value}")):
        assert plants.found(f"--{form}--".encode()) == ["here"]
    for shift in range(4):
        assert plants.found(base64.b64encode(b"-" * shift + value.encode() + b"...")) == ["here"]
    assert plants.found(value.encode("utf-16")) == plants.found(value.encode().hex().encode()) == ["here"]
    assert plants.found(b"plant000x") == []
    (tmp_path / "file.gz").write_bytes(gzip.compress(value.encode()))
    assert [plants.found(data) for _, data in written(tmp_path)] == [["here"]]


def answers(plants: Plants):
    """A system whose every answer is full of plants."""

    async def answer(request: web.Request) -> web.StreamResponse:
        path, owner = request.path, plants("customer-in-body")
        if path == "/table":
            return web.Response(text=f"owner,name\r\n{owner},{plants('csv')}\r\n", content_type="text/csv")
        if path == "/xml":
            text = f"<thing><owner>{owner}</owner><name>{plants('xml-answer')}</name></thing>"
            return web.Response(text=text, content_type="application/xml")
        if path == "/events":
            said = json.dumps({"owner": owner, "name": plants("event")})
            return web.Response(text=f"data: {said}\n\n", content_type="text/event-stream")
        if path == "/picture":
            body = b"\x89PNG\r\n\x1a\n" + plants("broken-picture").encode()
            return web.Response(body=body, content_type="image/png", headers={"X-Customer": plants("header-customer")})
        if path.startswith("/papers/"):
            headers = {
                "X-Customer": plants("header-customer"),
                "Content-Disposition": f'attachment; filename="{plants("file-name")}.pdf"',
            }
            broken = path.endswith("broken")
            return web.Response(body=paper(plants, broken=broken), content_type="application/pdf", headers=headers)
        if path.endswith(plants("customer-broken")):
            return web.Response(text='{"name": "' + plants("broken-answer"), content_type="application/json")
        if path.endswith(plants("customer-gone")):
            return web.json_response({"error": plants("error-text")}, status=500, reason=plants("reason"))
        said = {
            "name": plants("name"),
            "email": plants("email"),
            "token": plants("token"),
            plants("member"): plants("v"),
        }
        headers = {"X-Secret": plants("answer-header"), "Set-Cookie": f"s={plants('cookie-set')}"}
        return web.json_response(said, headers=headers)

    return answer


def paper(plants: Plants, *, broken: bool = False) -> bytes:
    """Make a PDF with plants in its text, its metadata and the names of what it holds."""
    pdf = blank()
    text = f"BT /F1 12 Tf 50 700 Td ({plants('pdf-text')}) Tj ET".encode()
    add_page(pdf, text)
    pdf.docinfo["/Title"] = plants("pdf-title")
    pdf.docinfo["/Author"] = plants("pdf-author")
    whole = saved(pdf, compress_streams=False)
    if not broken:
        return whole
    torn = f"%PDF-1.7\n1 0 obj <</{plants('pdf-name')} ({plants('pdf-string')}) >> endobj\n".encode()
    return torn + whole[9 : len(whole) // 2]


async def ask_everything(url: str, plants: Plants, client: aiohttp.ClientSession) -> set[int]:
    """Send plants in every part of a request; give the statuses."""
    bearer = {"Authorization": f"Bearer {token(sub=plants('subject'), role='sales')}"}
    noisy = bearer | {
        "User-Agent": plants("agent"), "Cookie": f"c={plants('cookie')}", "X-Customer-Email": plants("header-email"),
        "Referer": f"http://{plants('referer')}.example/", "Forwarded": f"for={plants('forwarded')}",
        "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01", "tracestate": f"x={plants('tracestate')}",
        "baggage": f"user={plants('baggage')}", "X-Purpose": plants("purpose"), "If-None-Match": f'"{plants("etag")}"',
    }  # fmt: skip
    thing = json.dumps({"name": plants("sent-name"), "email": plants("sent-email"), "token": plants("sent-token")})
    wrong = json.dumps({plants("sent-member"): plants("sent-unknown")})
    typed = bearer | {"Content-Type": "application/json"}
    asked = [
        ("GET", f"/things/{plants('customer')}", bearer, None),
        ("GET", f"/things/{plants('customer')}?email={plants('query')}", noisy, None),
        ("GET", f"/things/{plants('customer')}?{plants('query-name')}={plants('query-value')}", bearer, None),
        ("GET", f"/things/{plants('customer-broken')}", bearer, None),
        ("GET", f"/things/{plants('customer-gone')}", bearer, None),
        ("GET", f"/{plants('unknown-path')}?x={plants('unknown-query')}", bearer, None),
        ("POST", f"/things/{plants('customer')}", typed, thing),
        ("POST", f"/things/{plants('customer')}", typed, wrong),
        (
            "POST",
            f"/things/{plants('customer')}",
            bearer | {"Content-Type": "application/json"},
            f'{{"{plants("half")}',
        ),
        ("POST", f"/things/{plants('customer')}", bearer | {"Content-Type": plants("type")}, plants("untyped")),
        ("POST", "/xml", bearer | {"Content-Type": "application/xml"}, f"<thing><name>{plants('xml-bad')}</thing>"),
        ("GET", "/table", bearer, None),
        ("GET", "/events", bearer, None),
        ("GET", "/picture", bearer, None),
        ("GET", "/papers/whole", bearer, None),
        ("GET", "/papers/broken", bearer, None),
        *(("GET", "/table", bearer | evidence, None) for evidence in forged(plants)),
        ("GET", "/table", {"Authorization": f"Bearer {plants('no-token')}"}, None),
        ("GET", "/table", {"Authorization": f"Bearer {token(sub=plants('foreign'), system='nobody')}"}, None),
        ("GET", "/table", {"Authorization": f"Basic {plants('basic')}"}, None),
        (f"M{plants('method').upper()}", "/table", bearer, None),
    ]
    statuses = set()
    for method, path, headers, body in asked:
        async with client.request(method, url + path, headers=headers, data=body) as answer:
            await answer.read()
            statuses.add(answer.status)
    return statuses


def forged(plants: Plants) -> Iterator[dict[str, str]]:
    """Give headers with evidence that doesn't hold, as far as it is read at all."""

    def said(**members: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(members).encode()).decode().rstrip("=")

    response = {
        "clientDataJSON": said(type="webauthn.get", origin=f"https://{plants('origin')}.example", challenge="AAAA"),
        "authenticatorData": said(data=plants("authenticator")),
        "signature": said(signature=plants("signature")),
        "userHandle": plants("handle"),
    }
    flow = {"digest": "AAAA", "time": 1, "salt": said(salt=plants("salt"))}
    for id_ in (Authenticator().id, plants("credential").encode()):
        yield {"Sovgate-Assertion": said(id=b64(id_), response=response, flow=flow)}
    yield {"Sovgate-Assertion": plants("assertion")}
    yield {"Sovgate-Device": plants("device")}
    claims = said(ueid=plants("ueid"), eat_nonce=plants("nonce"), eat_profile=plants("profile"))
    yield {"Sovgate-Device": f"eat+jwt {said(alg='EdDSA', kid=plants('device-key'))}.{claims}.AAAA"}
    yield {"DPoP": f"{said(typ='dpop+jwt', alg='ES256')}.{said(jti=plants('jti'), htu=plants('htu'))}.AAAA"}
    yield {"X-Forwarded-For": f"{plants('hop')}, {plants('client')}"}


async def raw(url: str, request: bytes) -> bytes:
    """Send bytes that no client would."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


def demands_evidence(house: House, plants: Plants) -> None:
    """Let evidence of all kinds be checked."""
    one = Authenticator()
    registered = {"id": b64(one.id), "operator": plants("subject"), "rp": one.rp, "origins": "https://x.example"}
    listed = json.dumps([registered | {"key": b64(one.cose)}])
    (house.folder / "authenticators.yaml").write_text(f"version: 1\ncredentials: {listed}\n")
    text = house.config.read_text()
    checked = (
        "keys_file: jwks.json, dpop: {nonce: false}}\n  urls: https://gateway.example.com\n"
        "  webauthn: {credentials_file: authenticators.yaml}\n"
        "  device: {eat: {algorithms: [EdDSA], keys_file: jwks.json}}"
    )
    house.config.write_text(text.replace("keys_file: jwks.json}", checked))


async def test_nobodys_data_is_in_anything_that_the_gateway_writes(tmp_path, plants, monkeypatch):
    temporary, folder = tmp_path / "tmp", tmp_path / "house"
    temporary.mkdir()
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    policies = tmp_path / "policies"
    (policies / "catalog").mkdir(parents=True)
    (policies / "catalog/erp.yaml").write_text(CATALOGUE)
    (policies / "catalog/crm.yaml").write_text("version: 1\ncatalog: crm\n")
    (policies / "open.yaml").write_text(POLICY)
    async with system(answers(plants)) as upstream, aiohttp.ClientSession() as client:
        house = make_house(folder, policies, upstream, "network: {forwarded: {from: 127.0.0.0/8}}\n")
        demands_evidence(house, plants)
        with running(house) as gateway:
            statuses = await ask_everything(f"{gateway.data}/erp", plants, client)
            for request in (
                f"GET /erp/{plants('raw-path')} HTTP/1.1\r\nHost: x\r\n{plants('raw-header')}\r\n\r\n",
                f"{plants('raw-line')}\r\n\r\n",
                f"GET /erp/table HTTP/1.1\r\nHost: x\r\nX: {plants('raw-long') * 9000}\r\n\r\n",
                "POST /erp/xml HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                + plants("smuggled"),
            ):
                await raw(gateway.data, request.encode())
            async with client.get(gateway.admin + "/metrics") as answer:
                told = await answer.text()
            async with client.get(gateway.admin + "/readyz") as answer:
                told += await answer.text()
    assert {200, 400, 401, 403, 415, 422} <= statuses, statuses
    assert plants.found(told.encode()) == []
    seen = list(written(house.folder / "state", gateway.errors, temporary))
    assert len(seen) > 5
    found = {path.name: plants.found(data) for path, data in seen if plants.found(data)}
    # keys are kept by customers' ids
    whose = {where for where in found.pop("keys.sqlite", []) if "customer" not in where}
    assert whose == set()
    assert found == {}


def test_nothing_of_files_that_are_marked_and_traced_by_hand_stays(tmp_path, plants, monkeypatch):
    temporary, folder = tmp_path / "tmp", tmp_path / "house"
    temporary.mkdir()
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.chdir(folder)
    write_house(folder)
    names = {which: f"{plants(f'{which}-name')}.pdf" for which in ("whole", "torn", "marked")}
    Path(names["whole"]).write_bytes(paper(plants))
    Path(names["torn"]).write_bytes(paper(plants, broken=True))
    whose = ("--customer", plants("whose"), "--recipient", plants("for-whom"))
    said = [
        sovgate("mark", names["whole"], names["marked"], *whose),
        sovgate("mark", names["torn"], "none.pdf", *whose),
        sovgate("trace", names["marked"]),
        sovgate("trace", names["torn"]),
    ]
    assert [one.code for one in said] == [0, 1, 0, 2], said
    found = {path.name: plants.found(data) for path, data in written(folder / "state", temporary)}
    assert found
    assert {name: where for name, where in found.items() if where} == {}


def test_the_example_leaves_none_of_its_people_in_what_is_written(tmp_path):
    kept, temporary = tmp_path / "kept", tmp_path / "tmp"
    temporary.mkdir()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", "TMPDIR": str(temporary)}
    demo = [sys.executable, str(ROOT / "examples/orders/demo.py"), "--keep", str(kept)]
    ran = subprocess.run(demo, capture_output=True, text=True, timeout=150, env=environment, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    people = {value for one in CUSTOMERS for value in (one.name, one.email, one.phone, one.government_id)}
    people |= {value for one in CUSTOMERS for value in (one.address.street, one.birth_date)}
    people |= {value for order in orders().values() for value in (order.id, order.internal_note)}
    people |= {one.id for one in CUSTOMERS}
    places = (kept / "gateway/state/audit", kept / "gateway/gateway.log", kept / "gateway/state/custody", temporary)
    found = {
        (path.name, value)
        for path, data in written(*places)
        for value in people
        if any(one in data.lower() for one in (value.lower().encode(), json.dumps(value)[1:-1].lower().encode()))
    }
    assert found == set()

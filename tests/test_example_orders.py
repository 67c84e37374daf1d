"""The order system of the examples behaves as its API promises, without the gateway."""

from __future__ import annotations

import gzip
from decimal import Decimal
from io import BytesIO

import aiohttp
import msgspec
import orjson
import pikepdf
import pytest
import pytest_asyncio
from PIL import Image

from examples.orders.answers import patched
from examples.orders.data import customers, orders, total
from examples.orders.erp import start_erp
from examples.orders.model import to_json


@pytest_asyncio.fixture
async def erp():
    runner, url = await start_erp()
    async with aiohttp.ClientSession(url, auto_decompress=False) as session:
        yield session
    await runner.cleanup()


PLAIN = {"Accept-Encoding": "identity"}


async def fetch(session, path, **options):
    async with session.get(path, headers=PLAIN, **options) as answer:
        return answer.status, answer.headers, await answer.read()


def test_the_data_are_the_same_every_time_and_as_many_as_promised():
    first, second = orders(), orders()
    assert to_json(first) == to_json(second)
    assert len(first) == 200
    assert len({order.customer.id for order in first.values()}) == len(customers()) == 37


def test_every_total_is_the_exact_sum_of_its_lines():
    assert [order.id for order in orders().values() if order.total != total(order.lines)] == []


def test_the_order_that_the_documentation_quotes():
    order = orders()["SO-1001"]
    assert (order.customer.id, order.customer.name, order.customer.phone) == ("C-017", "Lin Wei", "+86 139 1234 5678")
    assert order.lines[0].unit_price == Decimal("12.50")


async def test_an_order_keeps_the_text_of_its_amounts(erp):
    status, headers, body = await fetch(erp, "/api/orders/SO-1001")
    assert status == 200
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert b'"unit_price":12.50,' in body
    assert b'"total":12345678901234567.89,' in body


async def test_a_list_has_its_count_and_takes_a_limit_and_a_customer(erp):
    _, _, everything = await fetch(erp, "/api/orders?limit=200")
    _, _, some = await fetch(erp, "/api/orders?limit=3")
    _, _, one_customers = await fetch(erp, "/api/orders?customer=C-017")
    assert orjson.loads(everything)["count"] == len(orjson.loads(everything)["value"]) == 200
    assert [order["id"] for order in orjson.loads(some)["value"]] == ["SO-1001", "SO-1002", "SO-1003"]
    assert {order["customer"]["id"] for order in orjson.loads(one_customers)["value"]} == {"C-017"}


async def test_what_was_read_can_be_written_back(erp):
    _, _, body = await fetch(erp, "/api/orders/SO-1001")
    async with erp.put("/api/orders/SO-1001", data=body, headers=PLAIN) as answer:
        assert (answer.status, await answer.read()) == (200, body)


async def test_a_patch_changes_what_it_names_and_no_other_byte(erp):
    _, _, before = await fetch(erp, "/api/orders/SO-1001")
    async with erp.patch("/api/orders/SO-1001", data=b'{"customer":{"phone":"+86 1"},"status":"shipped"}') as answer:
        assert answer.status == 200
    _, _, after = await fetch(erp, "/api/orders/SO-1001")
    assert after == before.replace(b"+86 139 1234 5678", b"+86 1").replace(b'"confirmed"', b'"shipped"')


async def test_a_new_order_gets_a_number_and_an_address_that_names_the_system_itself(erp):
    order = orjson.loads(to_json(orders()["SO-1002"]))
    del order["id"]
    async with erp.post("/api/orders", json=order) as answer:
        assert answer.status == 201
        location = answer.headers["Location"]
    assert location.startswith("http://127.0.0.1:")
    assert location.endswith("/api/orders/SO-1201")
    async with aiohttp.ClientSession() as session, session.get(location) as answer:
        assert (await answer.json())["id"] == "SO-1201"


async def test_a_customer_is_read_and_replaced(erp):
    _, _, body = await fetch(erp, "/api/customers/C-017")
    assert orjson.loads(body)["birth_date"] == "1988-04-12"
    moved = orjson.loads(body) | {"tier": "platinum"}
    async with erp.put("/api/customers/C-017", json=moved, headers=PLAIN) as answer:
        assert orjson.loads(await answer.read()) == moved


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/orders/SO-9999", None, 404),
        ("GET", "/api/customers/C-999", None, 404),
        ("GET", "/api/orders/SO-9999/invoice.pdf", None, 404),
        ("GET", "/nowhere", None, 404),
        ("DELETE", "/api/orders/SO-1001", None, 405),
        ("GET", "/api/orders?limit=-1", None, 422),
        ("PUT", "/api/orders/SO-1001", b"no json", 422),
        ("PUT", "/api/orders/SO-1001", b'{"id":"SO-1001"}', 422),
        ("PATCH", "/api/orders/SO-1001", b'{"id":"SO-1002"}', 422),
        ("PATCH", "/api/orders/SO-1001", b'{"lines":[]}', 422),
        ("PATCH", "/api/orders/SO-1001", b'{"customer":{"id":"C-999"}}', 422),
        ("PATCH", "/api/orders/SO-1001", b'{"discount":3}', 422),
        ("POST", "/api/orders", b"[]", 422),
    ],
)
async def test_errors_are_json(erp, method, path, body, status):
    async with erp.request(method, path, data=body, headers=PLAIN) as answer:
        assert answer.status == status
        assert orjson.loads(await answer.read())["error"]["status"] == status


async def test_answers_are_compressed_where_that_is_accepted_and_validated(erp):
    plain_headers, plain = (await fetch(erp, "/api/orders"))[1:]
    async with erp.get("/api/orders", headers={"Accept-Encoding": "gzip"}) as answer:
        packed = await answer.read()
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["ETag"] != plain_headers["ETag"]
    assert gzip.decompress(packed) == plain
    async with erp.get("/api/orders", headers=PLAIN | {"If-None-Match": plain_headers["ETag"]}) as answer:
        assert (answer.status, await answer.read()) == (304, b"")


async def test_invoices_are_pdfs_and_long_ones_have_two_pages(erp):
    for order, pages in (("SO-1001", 1), ("SO-1038", 2)):
        _, headers, body = await fetch(erp, f"/api/orders/{order}/invoice.pdf")
        assert (headers["Content-Type"], headers["X-Customer-Id"]) == ("application/pdf", "C-017")
        with pikepdf.open(BytesIO(body)) as pdf:
            assert len(pdf.pages) == pages


@pytest.mark.parametrize(("suffix", "kind"), [("png", "PNG"), ("jpg", "JPEG")])
async def test_photos_are_pictures_of_the_part(erp, suffix, kind):
    _, headers, body = await fetch(erp, f"/api/orders/SO-1001/photo.{suffix}")
    assert (headers["Content-Type"], headers["X-Customer-Id"]) == (f"image/{kind.lower()}", "C-017")
    with Image.open(BytesIO(body)) as picture:
        assert (picture.format, picture.size) == (kind, (1200, 840))


@pytest.mark.parametrize(
    ("document", "patch", "merged"),
    [
        (b'{"a":1.50,"b":2}', b'{"b":3}', b'{"a":1.50,"b":3}'),
        (b'{"a":{"b":1.10,"c":2}}', b'{"a":{"c":null}}', b'{"a":{"b":1.10}}'),
        (b'{"a":[1]}', b'{"a":{"b":2}}', b'{"a":{"b":2}}'),
        (b"{}", b'{"a":{"b":null}}', b'{"a":{}}'),
    ],
)
def test_merge_patches_keep_the_text_of_what_they_leave(document, patch, merged):
    assert patched(document, patch) == merged


def test_a_patch_that_is_no_object_is_an_error():
    with pytest.raises(msgspec.MsgspecError):
        patched(b"{}", b"[]")

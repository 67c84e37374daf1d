"""No value of the traffic is in anything that discover says, wherever it stood."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from discover_kit import customer, drafted, exchange, har, order, shop
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cli.main import _sovgate
from gateway.discover.report import as_json, summary
from gateway.discover.write import text_of

PLANTED = (
    "Zqxplant", "ZQX-77812", "zqx@planted.example", "zqx planted", "王伟zqx", "77812993311",
    "550e8400-e29b-41d4-a716-4466zqx40000",
    "+49 30 7781299", "DE89370400440532013000zqx", "2031-07-19", "zqx_planted_name", "Zqxgasse 99", "zqxapp",
)  # fmt: skip


def said(found) -> str:
    parts = [text_of(one) for one in found.drafts]
    return "\n".join([*parts, json.dumps(as_json(found), ensure_ascii=False), *summary(found)])


def planted(value: str):
    """Put one value wherever data stands: paths, queries, headers, names of map members, values of every kind."""
    at = quote(value, safe="")
    person = {
        "id": value,
        "name": value,
        "email": value,
        "address": {"street": value},
        "tags": [value],
        "x": {"y": value},
    }
    odd = (("X-Customer-Id", value.encode().decode("latin-1")), ("Cookie", f"s={at}"))
    yield exchange("GET", f"/api/customers/{at}?q={at}&customer={at}", person, answer_headers=odd)
    yield exchange("GET", f"/api/customer/{at}/orders/{at}.pdf", b"%PDF-1.4", kind="application/pdf", headers=odd)
    yield exchange("GET", f"/sap/opu/odata/Orders('{at}')", {"d": {"results": [person]}})
    yield exchange(
        "GET", f"/orders/7/{at}", {"by_customer": {value: {"total": 1}, "C-1": {"total": 2}}, "people": {value: 1}}
    )
    yield exchange("POST", "/rpc", {"result": [person], value: None}, {"method": value, "params": [value], "id": 1})
    yield exchange(
        "POST", "/act", {"error": value, "message": value}, {"action": value, "operationName": value, "query": value}
    )
    yield exchange("PATCH", "/orders/7", [value, [value]], {"items": {value: value, value + "2": value}}, status=409)
    yield exchange("POST", "/soap", b"<x/>", b"<x/>", headers=(("SOAPAction", at),))


@pytest.mark.parametrize("value", PLANTED)
def test_a_planted_value_is_nowhere(value):
    found = drafted([*planted(value), *shop()])
    assert value not in said(found)
    assert "zqx" not in said(found).lower()


def test_no_value_of_a_whole_service_is_said():
    text = said(drafted(shop()))
    values = set()

    def gather(value):
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            gather(inner)
        if isinstance(value, str) and len(value) > 3:
            values.add(value)

    gather([order(n, note=True) for n in range(40)] + [customer(n) for n in range(8)])
    values -= {"open", "paid", "shipped"}  # words of the draft's own
    assert len(values) > 100
    assert [value for value in values if value in text] == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=6, max_size=12), min_size=1, max_size=4))
def test_no_text_that_stands_as_a_value_is_said(texts):
    marked = [f"qz{text}zq" for text in texts]
    rows = [{"id": text, "name": text, "note": [text], "deep": {"email": text}} for text in marked]
    text = said(drafted([exchange("GET", "/orders", {"value": rows}), exchange("POST", "/orders", rows[0], rows[0])]))
    assert [one for one in marked if one in text or json.dumps(one)[1:-1] in text] == []


def test_errors_say_no_value_either(tmp_path):
    broken = har(planted("Zqxplant"))[:-40]
    (tmp_path / "x.har").write_bytes(broken)
    for arguments in ([str(tmp_path / "x.har")], [str(tmp_path / "x.har"), "-o", "json"]):
        result = CliRunner().invoke(_sovgate, ["discover", *arguments])
        assert "zqxplant" not in (result.output + str(result.exception)).lower()

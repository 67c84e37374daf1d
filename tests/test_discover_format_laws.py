"""Whatever bodies of any format hold: the draft loads, the gate finds all by it, and no value is shown."""

from __future__ import annotations

import json
import string

import pytest
from discover_bodies import (
    answered,
    archive,
    book,
    called,
    edifact,
    encoded,
    events,
    field,
    form,
    lines,
    multipart,
    returned,
    sent,
    soap,
    table,
    x12,
    xml,
)
from discover_kit import drafted, exchange
from hypothesis import given, settings
from hypothesis import strategies as st
from test_discover_private import said
from test_discover_properties import policies, through
from xlsx_kit import KIND

from gateway.regime import establish

WORDS = ("id", "name", "email", "customer", "order", "lines", "total", "KUNNR", "Status", "note")
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn")), min_size=1, max_size=12).map(
    lambda text: text.replace("\u2028", "x").replace("\u2029", "x").strip("\ufeff \u3000\xa0") or "x"
)
VALUES = st.one_of(TEXT, st.sampled_from(["a@b.example", "2024-01-01", "12.50", "{}", "[1]", "<a/>", "UNA", "7", ""]))
RECORD = st.dictionaries(st.sampled_from(WORDS), VALUES, min_size=2, max_size=5)
RECORDS = st.lists(RECORD, min_size=1, max_size=4).map(
    lambda rows: [{name: row.get(name, "x") for name in rows[0]} for row in rows]
)
PLAIN = st.text(string.ascii_letters + string.digits + " .-", min_size=1, max_size=10).map(
    lambda text: text.strip() or "x"
)

EVERY = {
    "csv": lambda rows: answered("/orders", table(rows), "text/csv"),
    "ndjson": lambda rows: answered("/orders", lines(rows), "application/x-ndjson"),
    "form": lambda rows: sent("/orders", form(rows[0]), "application/x-www-form-urlencoded"),
    "xml": lambda rows: answered("/orders", xml(rows), "application/xml"),
    "soap": lambda rows: answered(
        "/ws", soap(xml(rows).decode()), "text/xml", asked=soap("<ReadOrder><Id>7</Id></ReadOrder>")
    ),
    "xmlrpc": lambda rows: answered("/rpc", returned(rows), "text/xml", asked=called("order.search")),
    "sse": lambda rows: answered("/orders", events(rows), "text/event-stream"),
    "xlsx": lambda rows: answered("/orders", book(rows), KIND),
    "multipart": lambda rows: sent(
        "/orders",
        multipart([field(name, value.encode()) for name, value in rows[0].items()]),
        "multipart/form-data; boundary=b7",
    ),
    "zip": lambda rows: answered("/orders", archive({"orders/a1.json": lines(rows[:1])}), "application/zip"),
    "held": lambda rows: exchange("GET", "/docs/7", {"doc": json.dumps(rows), "z": encoded(lines(rows[:1]))}),
}
LEAVES = {"xlsx": "/?"}  # what stands beside the cells of a workbook


@pytest.mark.parametrize("name", EVERY)
@settings(max_examples=12, deadline=None)
@given(rows=RECORDS)
async def test_the_gate_finds_every_place_of_any_records(name, rows):
    seen = [EVERY[name](rows)]
    found = drafted(seen)
    establish(policies(found))
    _, refusals, unlisted = await through(seen, found)
    read = not any("can't be read" in note for one in found.drafts[0].operations for note in one.notes)
    assert {pointer for _, pointer in unlisted} <= {LEAVES.get(name)} | (set() if read else {"/?"})
    assert refusals == {""} or not read or "bytes" in str(found.drafts[0].operations)


@settings(max_examples=25, deadline=None)
@given(values=st.lists(PLAIN, min_size=4, max_size=4))
async def test_the_gate_finds_every_place_of_any_interchange(values):
    one, two, three, four = values
    seen = [
        sent("/edi", edifact([f"BGM+220+{one}+9", f"NAD+BY+{two}::9++{three}", f"NAD+{four[:3].upper()}+x"]),
             "application/edifact"),
        sent("/orders", x12([f"BEG*00*SA*{one}", f"N1*BY*{two}*92*{three}", f"N1*{four[:2].upper()}*x"]),
             "application/edi-x12"),
    ]  # fmt: skip
    found = drafted(seen)
    establish(policies(found))
    _, refusals, unlisted = await through(seen, found)
    assert (unlisted, refusals) == (set(), {""})


PLANTED = ("Zqxplant", "ZQX-77812", "zqx@planted.example", "zqx planted", "77812993311zqx", "+49 30 7781299zqx",
           "Zqxgasse 99", "zqxapp", "王伟zqx", "ZqxSmith")  # fmt: skip


def planted(value: str):
    """Put one value wherever data stands in bodies: values, names of members, columns, parts, members, types, tags."""
    plain = "".join(one for one in value if one.isalnum() and one.isascii()).capitalize() + "77812"
    row = {"id": value, "name": value, "email": value, value: value}
    yield answered("/csv", table([row, row]), "text/csv")
    yield answered("/csv2", f"{value};{value}x\n1;2\n".encode(), "text/csv")
    yield answered("/lines", lines([row]), "application/x-ndjson")
    yield sent("/form", form({**row, f"a[{value}]": value, "b[c][0]": value}), "application/x-www-form-urlencoded")
    yield answered("/xml", xml([{"@id": value, "name": value, plain: value}]), "application/xml")
    yield answered("/xml2", f'<{plain} xmlns:{plain}="urn:a"><{plain}:b>x</{plain}:b></{plain}>'.encode(), "text/xml")
    yield answered("/ws", soap(f"<{plain}>{plain}</{plain}>"), "text/xml", asked=soap(f"<{plain}/>"))
    yield answered("/rpc", returned([row]), "text/xml", asked=called(plain))
    yield answered("/sse", events([row], plain), "text/event-stream")
    yield answered("/xlsx", book([{"id": value, plain: value}]), KIND)
    part = field("scan", b"%PDF-1.7", f'; filename="{plain}.pdf"\r\nContent-Type: application/pdf')
    yield sent("/parts", multipart([field(plain, value.encode()), part]), "multipart/form-data; boundary=b7")
    yield answered("/zip", archive({f"{plain}/{plain}.json": lines([row]), f"{plain}.txt": b"x"}), "application/zip")
    yield sent(
        "/edi", edifact([f"NAD+{plain[:3].upper()}+{plain}::9++{plain}", f"RFF+{plain}:{plain}"]), "application/edifact"
    )
    yield sent("/x12", x12([f"N1*{plain}*{plain}*92*{plain}"]), "application/edi-x12")
    yield exchange(
        "GET", "/held", {"doc": json.dumps(row), "b": encoded(lines([row])), "x": f"<a><{plain}>{plain}</{plain}></a>"}
    )
    yield exchange("GET", f"/heads?{plain}=1&email={plain}@x.example", {"id": 1}, headers=((f"X-{plain}", plain),))


@pytest.mark.parametrize("value", PLANTED)
def test_a_planted_value_is_nowhere(value):
    seen = list(planted(value))
    text = said(drafted(seen)).lower()
    for line in text.splitlines():
        assert "zqx" not in line

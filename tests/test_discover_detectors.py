"""Each detector: what it takes, what it leaves, and that no text makes it slow or fail."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.catalog.classes import CLASSES
from gateway.discover.detector import prepared
from gateway.discover.detectors import DETECTORS, datum, look, look_inside
from gateway.discover.values import LONGEST, MOST

BY_NAME = {detector.name: detector for detector in DETECTORS}
PAGE = (Path(__file__).parent.parent / "docs" / "discover.md").read_text()

FITTING = [
    ("email", "ann@example.com"), ("email", "李雷@例子.中国"),
    ("email", "o'neil+x@mail.example.co.uk".replace("'", "")),
    ("phone", "+49 30 901820"), ("phone", "0033 1 42 68 53 00"), ("phone-national", "030 901820"),
    ("ip-address", "192.0.2.7"), ("ip-address", "2001:db8::1"), ("mac-address", "00:1a:2b:3c:4d:5e"),
    ("imei", "490154203237518"), ("uuid", "550e8400-e29b-41d4-a716-446655440000"), ("url", "https://erp.example/x?y=1"),
    ("date", "2025-03-01T08:00:00Z"), ("date", "/Date(1700000000000)/"), ("birth-date", "12.04.1988"),
    ("birth-date", "19880412"), ("payment-card", "4111 1111 1111 1111"), ("payment-card", "378282246310005"),
    ("container", "CSQU3054383"), ("vehicle-id", "1M8GDM9AXKP042788"), ("gtin", "4006381333931"),
    ("coordinate", "-52.52001"), ("amount", "1.234,50"), ("amount", "12.50 EUR"), ("person-name", "Thomas Müller"),
    ("company-name", "Müller GmbH & Co. KG"), ("street", "Hauptstraße 5a"), ("street", "100 Main Street"),
    ("street", "12 rue de la Paix"), ("cn-resident-id", "11010519491231002X"), ("cn-credit-code", "91350100M000100Y43"),
    ("cn-mobile", "13812345678"), ("cn-mobile", "+86 138-1234-5678"), ("cn-landline", "010-62345678"),
    ("cn-plate", "京A12345"), ("cn-plate", "粤BD12345"), ("cn-plate", "沪A·12345"), ("cn-plate", "苏E12345F"),
    ("cn-passport", "E12345678"), ("cn-bank-card", "6228480402564890018"), ("cn-name", "王小明"), ("cn-name", "欧阳娜"),
    ("cn-address", "北京市朝阳区建国路88号"), ("cn-company", "北京某某科技有限公司"),
    ("iban", "GB82 WEST 1234 5698 7654 32"), ("bic", "DEUTDEFF500"), ("eu-vat", "ATU13585627"),
    ("fr-siret", "73282932000074"),
    ("lei", "213800KUD8LAJWSQ9D15"), ("de-personal-number", "36574261809"), ("es-personal-number", "54362315K"),
    ("es-foreigner-personal-number", "X2482300W"), ("it-personal-number", "RCCMNL83S18D969H"),
    ("pl-personal-number", "83010411457"),
    ("fi-personal-number", "131052-308T"), ("nl-personal-number", "111222333"), ("se-personal-number", "880320-0016"),
    ("us-ssn", "536-90-4399"), ("us-ssn-digits", "536904399"), ("us-ein", "91-1144442"), ("us-routing", "111000025"),
    ("us-zip4", "02108-1234"), ("us-zip", "SW1A 1AA"), ("us-phone", "(212) 555-0123"),
    ("token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghij"), ("api-key", "AKIAIOSFODNN7EXAMPLE"),
    ("private-key", "-----BEGIN EC PRIVATE KEY-----"), ("password-hash", "$2b$12$abcdefghijklmnopqrstuv"),
]  # fmt: skip

NOT_FITTING = [
    ("email", "ann@"), ("email", "no address"), ("cn-resident-id", "110105194912310021"), ("cn-mobile", "12812345678"),
    ("cn-mobile", "138123456789"), ("cn-plate", "京I12345"), ("cn-name", "钢管"), ("cn-name", "王府井大街店"),
    ("cn-address", "钢管二十"),
    ("iban", "DE89370400440532013001"), ("eu-vat", "DE136695977"), ("lei", "213800KUD8LAJWSQ9D16"),
    ("container", "CSQU3054384"),
    ("payment-card", "4111111111111112"), ("payment-card", "79927398713"), ("ip-address", "10.1.2"),
    ("ip-address", "999.1.1.1"),
    ("us-ssn", "666-12-3456"), ("us-ssn", "000-12-3456"), ("us-zip4", "02108"), ("person-name", "Steel Pipe"),
    ("person-name", "Thomas"), ("company-name", "GmbH"), ("birth-date", "2045-01-01"), ("date", "2025-13-01"),
    ("token", "eyJ"),
    ("phone", "+1 000"), ("cn-bank-card", "6222021234567890123"), ("coordinate", "999.25"), ("url", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), FITTING)
def test_a_detector_takes_what_it_is_for(name, text):
    assert BY_NAME[name].fits(prepared(text))


@pytest.mark.parametrize(("name", "text"), NOT_FITTING)
def test_a_detector_leaves_what_only_resembles_it(name, text):
    assert not BY_NAME[name].fits(prepared(text))


def test_full_width_digits_are_digits_and_others_are_not():
    assert BY_NAME["cn-mobile"].fits(prepared("".join(chr(0xFF10 + int(digit)) for digit in "13812345678")))
    assert not BY_NAME["cn-mobile"].fits(prepared("١٣٨١٢٣٤٥٦٧٨"))  # Arabic-Indic digits: no such number is written so


@pytest.mark.parametrize("text", ["请致电13812345678谢谢", "电话13812345678。", "tel13812345678".replace("tel", "电")])
def test_a_number_among_han_is_found(text):
    assert [found.detector.name for found in look_inside([text])] == ["cn-mobile"]


@pytest.mark.parametrize("text", ["9138123456781", "SKU13812345678X"])
def test_a_number_within_a_longer_one_is_none(text):
    assert look_inside([text]) == ()


def test_every_detector_has_a_class_of_the_taxonomy_and_a_name_of_its_own():
    assert {detector.class_ for detector in DETECTORS} <= CLASSES
    assert len(BY_NAME) == len(DETECTORS)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400) | st.text("0123456789.-+/: @aA王\u0660\uff11", max_size=300))
def test_no_text_makes_a_detector_fail(text):
    look([text])
    look_inside([text])
    datum(text)


ATTACKS = [
    "a" * 256, "1" * 256, "1 " * 128, "a@" * 128, "a." * 128, "." * 256, ":" * 256, "0:" * 128, "王" * 256, "A-" * 128,
    "a@" + "a." * 127, "a@" + "a-" * 127, " " * 256, "rue " * 64, "str. " * 50, "1,111" * 50, "+" + "1(" * 127,
    "Anna " * 51,
    "eyJ" + "a." * 126, "/" + "a/" * 127, "-----BEGIN " * 23, "$2$" + " " * 253, "1" * 255 + "x", "京A" * 128,
    "é́" * 128,
]  # fmt: skip


def test_the_work_on_a_value_is_bounded_whatever_it_is():
    """The steps of regular expressions can't be counted: their patterns are looked at below."""
    for attack in ATTACKS:
        look([attack * 1000])
        look_inside([attack * 1000])
    assert len(prepared("ﷺ" * 1000)) <= LONGEST  # one character that NFKC makes eighteen of
    assert look(["x"] * 100_000 + ["ann@example.com"]) == ()
    assert MOST * LONGEST <= 1 << 14


SOURCES = sorted((Path(__file__).parent.parent / "gateway" / "discover").glob("*.py"))
NESTED = re.compile(r"\((?:\?:)?[^()]*[+*}]\)[+*]")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_no_pattern_repeats_a_repetition_without_end(source):
    compiled = [line for line in source.read_text().splitlines() if 'r"' in line or "re.compile" in line]
    assert [line for line in compiled if NESTED.search(line)] == []


ROW = re.compile(r"^\| `([a-z0-9-]+)` \| `([a-z_.]+)` \| ([^|]+?) \| (\w+)(, with its name)? \|$", re.MULTILINE)


def test_the_guide_tells_of_every_detector_as_it_is():
    told = {name: (class_, what, sure, bool(asks)) for name, class_, what, sure, asks in ROW.findall(PAGE)}
    assert told == {one.name: (one.class_, one.told, one.sure.name.lower(), one.asks) for one in DETECTORS}

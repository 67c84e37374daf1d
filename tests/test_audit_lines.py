"""What an entry says is shown to people, and each of its members is in the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import orjson
import pytest
from audit_logs import NOW, full

from gateway.audit.entry import Actor, DeviceUsed, Entry, Kind, Network, Start, encode
from gateway.audit.show import Shown
from gateway.audit.upkeep import Prune, PublicKey, Rotation
from gateway.cli.audit_lines import lines

DOC = (Path(__file__).parent.parent / "docs" / "audit.md").read_text()


def shown(entry: Entry, **more: object) -> str:
    """Show an entry as the log would hold it."""
    return lines(Shown(7, "tile/entries/000", orjson.loads(encode(entry)) | more))


def said(**members: object) -> list[str]:
    """Show an entry with a few members, without its first line."""
    return [line.strip() for line in shown(Entry(kind="outcome", time=NOW, **members)).splitlines()[1:]]  # type: ignore[arg-type]


def test_who_acted_is_shown_with_how_surely_that_is_known():
    operator = Actor(
        "o_x", "ceo", "human", "high", "jwt+dpop", acr="loa:3", amr=("hwk",), holder="attested", presence="claimed"
    )  # fmt: skip
    assert said(flow="f1", operator=operator) == [
        "flow f1",
        "operator o_x: human, ceo, by jwt+dpop, assurance high, holder attested, presence claimed, acr loa:3, amr hwk",
    ]


def test_evidence_is_named_by_its_kind_alone():
    evidence = (("jwt", "a" * 64), ("dpop", "b" * 64))
    assert said(operator=Actor("o_x", evidence=evidence)) == ["operator o_x: evidence jwt dpop"]


def test_a_flow_of_nobody_says_so():
    assert said(flow="f1") == ["flow f1  operator -"]


@pytest.mark.parametrize(
    ("device", "line"),
    [
        (DeviceUsed("claimed", "claim"), "device without a name: claimed by claim"),
        (
            DeviceUsed("attested", "eat", "d_x", "https://maker.example/p", "secure", "disabled", "ab" * 32),
            "device d_x: attested by eat, boot secure, debug disabled, profile https://maker.example/p, measured "
            + "ab" * 32,
        ),
    ],
)
def test_the_device_is_shown_with_its_evidence(device, line):
    assert said(device=device) == [line]


@pytest.mark.parametrize(
    ("network", "line"),
    [
        (Network("10.0.0.0/24"), "network 10.0.0.0/24"),
        (Network(client="unknown"), "network unknown"),
        (Network("10.0.0.1", proxy="v2", tls="TLSv1.3"), "network 10.0.0.1: PROXY v2, tls TLSv1.3 as the proxy says"),
        (
            Network("::1", "192.0.2.9", forwarded=("8.8.8.8", "192.0.2.9"), trusted=1, asn=7, country="DE", mmdb="old"),
            "network 192.0.2.9: peer ::1, AS7 DE by a database of old, forwarded 8.8.8.8 192.0.2.9 (1 trusted)",
        ),
    ],
)  # fmt: skip
def test_where_it_came_from_is_shown_with_what_vouches_for_it(network, line):
    assert said(network=network) == [line]


def test_keys_that_change_and_bodies_that_go_are_shown():
    key = PublicKey("Ed25519", "OKP", "new")
    assert said(rotation=Rotation("checkpoints", "old", key, endorsed="sig", reason="yearly")) == [
        "the log's key of checkpoints old was replaced by one with x new, endorsed by the old one: yearly"
    ]
    assert said(rotation=Rotation("entries", "old", key, lost=True)) == [
        "the log's key of entries old was lost, and replaced by one with x new"
    ]
    assert said(prune=Prune(0, 256, "a" * 64, "b" * 64, "flows 10 years", NOW, "asked for")) == [
        "bodies of entries 0 to 255 removed, older than 2026-09-21 14:13:20Z, flows 10 years, asked for"
    ]


def test_what_the_log_found_at_its_start_is_shown():
    assert said(start=Start("0.9", 17, ("f1", "f2", "f3", "f4"), 4)) == [
        "opened by version 0.9, 17 bytes of an unfinished write cut off, 4 flows without an outcome: f1 f2 f3 ..."
    ]
    assert said(start=Start("0.9")) == ["opened by version 0.9"]


def test_what_a_mark_cost_and_whom_a_file_is_for_is_shown():
    text = shown(full("f1"), lost=["attachments", "signature"], recipient="o_y", refusal="body-broken", why="xfa")
    assert "  allow  body-broken  (xfa)\n" in text
    assert text.endswith("\n    for o_y\n    goes without attachments, signature")


def structs(kind: object, found: set[type]) -> Iterator[type]:
    """Give a struct and all that it is made of."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in found:
        found.add(kind)
        yield kind
        for field in msgspec.structs.fields(kind):
            yield from structs(field.type, found)
    for inner in get_args(kind):
        yield from structs(inner, found)


@pytest.mark.parametrize("struct", list(structs(Entry, set())), ids=lambda struct: struct.__name__)
def test_the_table_of_members_is_complete(struct):
    table = DOC.split("## What an entry says")[1].split("A body that passes in pieces")[0]
    named = set(re.findall(r"`([a-z_]+)`", table))
    assert {field.encode_name for field in msgspec.structs.fields(struct)} - named == set()


def test_the_table_names_every_kind_of_entry():
    row = next(line for line in DOC.splitlines() if line.startswith("| `kind` |"))
    assert set(get_args(Kind)) == set(re.findall(r"`([a-z]+)`", row)) - {"kind"}

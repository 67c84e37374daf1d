"""Where requests come from: what counts as proven, what is only claimed, and how it is recorded."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmdb_kit import mmdb

from gateway.flow import Origin
from gateway.provenance.addresses import read, recorder, within
from gateway.provenance.forwarded import Trust, follow
from gateway.provenance.places import read_places
from gateway.provenance.proxied import FIXED, SIGNATURE, Proxied, length, read_binary, read_line
from gateway.proxy.incoming import Client
from gateway.proxy.whereabouts import Whereabouts

PROXIES = Trust("X-Forwarded-For", (ip_network("10.0.0.0/8"), ip_network("fd00::/8")))


def client_of(peer, *values, trust=PROXIES):
    headers = tuple((trust.header, value) for value in values)
    trail = follow(ip_address(peer), headers, trust)
    return None if trail.client is None else str(trail.client), trail.trusted


CHAINS = [
    # from a stranger, nothing counts but the connection
    ("203.0.113.9", ["10.1.1.1, 10.0.0.1"], "203.0.113.9", 0),
    ("203.0.113.9", [], "203.0.113.9", 0),
    # from a proxy, the last entry counts, and what stands before one by somebody else doesn't
    ("10.0.0.1", ["203.0.113.9"], "203.0.113.9", 1),
    ("10.0.0.1", ["8.8.8.8, 203.0.113.9"], "203.0.113.9", 1),
    ("10.0.0.1", ["10.9.9.9, 203.0.113.9, 10.0.0.2"], "203.0.113.9", 2),
    ("10.0.0.1", ["8.8.8.8", "203.0.113.9", "10.0.0.2"], "203.0.113.9", 2),
    ("10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9", 1),
    ("10.0.0.1", ["2001:db8::7"], "2001:db8::7", 1),
    ("10.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7", 1),
    ("10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9", 1),
    ("fd00::1", ["203.0.113.9"], "203.0.113.9", 1),
    # a proxy that asks for itself, or a chain of proxies alone
    ("10.0.0.1", [], "10.0.0.1", 0),
    ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3", 2),
    # what is no address can't be told
    ("10.0.0.1", ["203.0.113.9, unknown"], None, 1),
    ("10.0.0.1", ["203.0.113.9, "], None, 1),
    ("10.0.0.1", ["203.0.113.9\t;x"], None, 1),
    ("10.0.0.1", ["203.0.113.09"], None, 1),
    ("10.0.0.1", ["fe80::1%eth0"], None, 1),
    ("10.0.0.1", ["x, " * 500 + "203.0.113.9"], "203.0.113.9", 1),
]


@pytest.mark.parametrize(("peer", "values", "client", "trusted"), CHAINS)
def test_a_request_is_followed_back_as_far_as_our_proxies_vouch_for_it(peer, values, client, trusted):
    assert client_of(peer, *values) == (client, trusted)


HOPS = Trust("X-Forwarded-For", hops=2)


def test_entries_can_be_counted_instead():
    assert client_of("10.0.0.1", "8.8.8.8, 203.0.113.9, 10.0.0.2", trust=HOPS) == ("203.0.113.9", 2)
    assert client_of("10.0.0.1", "203.0.113.9", trust=HOPS) == (None, 0)
    assert client_of("10.0.0.1", trust=HOPS) == (None, 0)


FORWARDED = Trust("Forwarded", PROXIES.networks)


@pytest.mark.parametrize(
    ("value", "client"),
    [
        ("for=203.0.113.9", "203.0.113.9"),
        ('For="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"),
        ('for=8.8.8.8, for="203.0.113.9";proto=https;by=10.0.0.1', "203.0.113.9"),
        ("proto=https ; for=203.0.113.9", "203.0.113.9"),
        ('for="203.0.113.\\9"', "203.0.113.9"),
        ('for="203.0.113.9:_port"', "203.0.113.9"),
        ("for=203.0.113.9:4711", None),
        ("for=_hidden", None),
        ("for=unknown", None),
        ("proto=https", None),
        ('for="a,for=203.0.113.9', None),
        ("for=8.8.8.8;for=203.0.113.9", None),
        ("for = 203.0.113.9", None),
        ('for=8.8.8.8, x="', None),
        ("for=8.8.8.8" + " " * 60_000 + "x", None),  # not read in a time that grows with the square of it
        (" " * 60_000 + "for=203.0.113.9" + " " * 60_000, "203.0.113.9"),
        ("for=8.8.8.8," * 10_000 + "for=203.0.113.9", "203.0.113.9"),
        ('for="[fe80::1%25eth0]"', None),
    ],
)
def test_the_header_of_the_standard_is_read(value, client):
    assert client_of("10.0.0.1", value, trust=FORWARDED)[0] == client


@given(st.text(st.characters(max_codepoint=255), max_size=60), st.sampled_from([PROXIES, FORWARDED, HOPS]))
def test_whatever_a_stranger_writes_before_it_changes_nothing(text, trust):
    good = "for=203.0.113.9, for=10.0.0.2" if trust is FORWARDED else "203.0.113.9, 10.0.0.2"
    headers = ((trust.header, text), (trust.header, good))
    found = follow(ip_address("10.0.0.1"), headers, trust).client
    assert str(found) == "203.0.113.9" or (trust is FORWARDED and found is None)  # a quote that is left open


def test_networks_hold_addresses_in_both_spellings():
    mapped = (ip_network("::ffff:10.0.0.0/104"),)
    assert within(read("10.1.1.1"), mapped)
    assert within(read("::ffff:10.1.1.1"), (ip_network("10.0.0.0/8"),))
    assert not within(read("11.1.1.1"), mapped)


def test_addresses_are_recorded_as_the_officers_say():
    def pseudonym(text):
        return f"a_{len(text)}"

    write = recorder("shortened", pseudonym)
    assert [write(one) for one in ("203.0.113.9", "2001:db8:1:2::7", "127.0.0.1", "::1", "none")] == [
        "203.0.113.0/24",
        "2001:db8:1::/48",
        "127.0.0.1",
        "::1",
        "none",
    ]
    assert recorder("whole", pseudonym)("203.0.113.9") == "203.0.113.9"
    assert recorder("pseudonym", pseudonym)("203.0.113.9") == "a_11"
    assert recorder("pseudonym", pseudonym)("::ffff:203.0.113.9") == "a_11"


DATABASE = mmdb(
    {
        "203.0.113.0/24": {"autonomous_system_number": 64500, "country": {"iso_code": "DE"}},
        "198.51.100.0/24": {"asn": "AS64501", "country_code": "FR"},
        "2001:db8::/32": {"country": "CN"},
        "192.0.2.0/24": {"country": {"iso_code": 7}, "asn": "x"},
    }
)


def test_networks_and_countries_come_from_databases_with_their_dates():
    places = read_places([("a", DATABASE), ("b", mmdb({"2001:db8::/32": {"asn": 64502}}, built=0))])
    found = [places.find(one) for one in ("203.0.113.9", "198.51.100.1", "2001:db8::7", "192.0.2.1", "8.8.8.8", "?")]
    assert [(one.asn, one.country, one.dated) for one in found] == [
        (64500, "DE", "2026-05-28"),
        (64501, "FR", "2026-05-28"),
        (64502, "CN", "1970-01-01"),
        (None, "", ""),
        (None, "", ""),
        (None, "", ""),
    ]


@pytest.mark.parametrize(
    "data", [b"", b"x" * 1000, DATABASE[100:], DATABASE[: len(DATABASE) // 2], DATABASE.replace(b"MaxMind", b"MaxMine")]
)
def test_a_broken_database_is_refused_by_its_name(data):
    with pytest.raises(ValueError, match=r"^asn\.mmdb$"):
        read_places([("good.mmdb", DATABASE), ("asn.mmdb", data)])


def test_what_is_found_is_put_together():
    whereabouts = Whereabouts(recorder("shortened", str), PROXIES, read_places([("a", DATABASE)]))
    headers = (("X-Forwarded-For", "8.8.8.8, 203.0.113.9"),)
    found = whereabouts.locate(Client("10.0.0.1", "https", None), headers)
    assert found.peer == "203.0.113.9"
    assert found.origin == Origin(
        "10.0.0.0/24",
        "203.0.113.0/24",
        forwarded=("8.8.8.0/24", "203.0.113.0/24"),
        trusted=1,
        asn=64500,
        country="DE",
        dated="2026-05-28",
    )
    claimed = whereabouts.locate(Client("203.0.113.9", "https", None), (("X-Forwarded-For", "10.0.0.9"),))
    assert (claimed.peer, claimed.origin.client, claimed.origin.trusted) == ("203.0.113.9", "", 0)
    hidden = whereabouts.locate(Client("10.0.0.1", "https", None), (("X-Forwarded-For", "secret-name"),))
    assert (hidden.peer, hidden.origin.client, hidden.origin.forwarded) == ("", "unknown", ("unknown",))
    through = Client("10.0.0.1", "https", None, Proxied("v2", "203.0.113.9", "TLSv1.3"))
    proxied = whereabouts.locate(through, ())
    assert (proxied.peer, proxied.origin.proxy, proxied.origin.tls) == ("203.0.113.9", "v2", "TLSv1.3")


def binary(command=0x21, family=0x11, body=None, signature=SIGNATURE, size=None):
    body = bytes([203, 0, 113, 9, 10, 0, 0, 1]) + b"\x12\x34\x01\xbb" if body is None else body
    return signature + bytes([command, family]) + (len(body) if size is None else size).to_bytes(2) + body


def read_all(data):
    fixed = data[:FIXED]
    return read_binary(fixed, data[FIXED : FIXED + length(fixed)])


TLS = b"\x20\x00\x14" + b"\x01\x00\x00\x00\x00" + b"\x21\x00\x07TLSv1.3" + b"\x23\x00\x02EC"


def test_headers_of_both_versions_are_read():
    four = bytes([203, 0, 113, 9, 10, 0, 0, 1]) + b"\x12\x34\x01\xbb"
    six = ip_address("2001:db8::7").packed + ip_address("::1").packed + b"\x12\x34\x01\xbb"
    assert read_all(binary()) == Proxied("v2", "203.0.113.9")
    assert read_all(binary(family=0x21, body=six)) == Proxied("v2", "2001:db8::7")
    assert read_all(binary(body=four + TLS[:3].replace(b"\x14", b"\x14") + TLS[3:])) == Proxied(
        "v2", "203.0.113.9", "TLSv1.3"
    )
    assert read_all(binary(body=four + b"\x04\x00\x03xyz")) == Proxied("v2", "203.0.113.9")
    assert read_all(binary(command=0x20, family=0, body=b"")) == Proxied("v2")
    assert read_line(b"PROXY TCP4 203.0.113.9 10.0.0.1 4660 443\r\n") == Proxied("v1", "203.0.113.9")
    assert read_line(b"PROXY TCP6 2001:db8::7 ::1 4660 443\r\n") == Proxied("v1", "2001:db8::7")
    assert read_line(b"PROXY UNKNOWN\r\n") == Proxied("v1")


FOUR = bytes([203, 0, 113, 9, 10, 0, 0, 1]) + b"\x12\x34\x01\xbb"
BINARIES = {
    "another signature": binary(signature=b"\r\n\r\n\0\r\nQUIT\r"),
    "another version": binary(command=0x11),
    "another command": binary(command=0x22),
    "another family": binary(family=0x00),
    "datagrams": binary(family=0x12),
    "a socket of Unix": binary(family=0x31, body=b"x" * 216),
    "too short": binary(body=FOUR[:-1]),
    "cut in the values": binary(body=FOUR + b"\x04\x00"),
    "a value beyond the end": binary(body=FOUR + b"\x04\x00\x04xyz"),
    "a value of TLS that is cut": binary(body=FOUR + b"\x20\x00\x02xx"),
    "huge": binary(body=b"x" * 5000),
}


@pytest.mark.parametrize("data", BINARIES.values(), ids=BINARIES)
def test_a_broken_header_of_version_2_is_refused(data):
    with pytest.raises(ValueError, match="PROXY"):
        read_all(data)


LINES = [
    b"PROXY TCP4 203.0.113.9 10.0.0.1 4660 443\n",
    b"PROXY TCP4 203.0.113.9 10.0.0.1 4660\r\n",
    b"PROXY TCP4 203.0.113.9 10.0.0.1 4660 65536\r\n",
    b"PROXY TCP4 203.0.113.9 10.0.0.1 04660 443\r\n",
    b"PROXY TCP4 203.0.113.300 10.0.0.1 4660 443\r\n",
    b"PROXY TCP4 2001:db8::7 ::1 4660 443\r\n",
    b"PROXY TCP6 203.0.113.9 10.0.0.1 4660 443\r\n",
    b"PROXY  TCP4 203.0.113.9 10.0.0.1 4660 443\r\n",
    b"proxy TCP4 203.0.113.9 10.0.0.1 4660 443\r\n",
    b"PROXY UDP4 203.0.113.9 10.0.0.1 4660 443\r\n",
    b"PROXY UNKNOWN" + b" x" * 60 + b"\r\n",
]


@pytest.mark.parametrize("line", LINES)
def test_a_broken_header_of_version_1_is_refused(line):
    with pytest.raises(ValueError, match=r"\w"):
        read_line(line)


@given(st.binary(min_size=16, max_size=80))
def test_any_bytes_are_a_header_or_refused(data):
    for start in (b"", SIGNATURE, SIGNATURE + b"\x21\x11\x00\x0c"):
        try:
            assert read_all((start + data)[:80]).version == "v2"
        except ValueError:
            continue

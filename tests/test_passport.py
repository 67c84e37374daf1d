"""Passports: which consents are in force, and that nothing in a history can be changed unnoticed."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from joserfc import jws
from joserfc.jwk import OKPKey

from gateway.crypto import JwsSigner, b64url, b64url_decode, public_jwk
from gateway.errors import BrokenPassport, FactsUnavailable
from gateway.passport import change
from gateway.passport.chain import append, head, verify, verify_quickly
from gateway.passport.event import Change
from gateway.passport.force import NEVER, in_force, next_change

SIGNER = JwsSigner.of(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = JwsSigner.of(Ed25519PrivateKey.from_private_bytes(bytes(32)))
KEYS = {SIGNER.kid: SIGNER.key.public_key()}
DAY = 86_400_000_000_000


def grant(consent="contact", version=1, at=10, until=None, customer="c-1"):
    return Change(action="grant", customer=customer, consent=consent, version=version, at=at, until=until, by="desk")


def revoke(consent="contact", at=10, customer="c-1"):
    return Change(action="revoke", customer=customer, consent=consent, version=1, at=at, until=None, by="desk")


def passport(*changes, signer=SIGNER):
    events = []
    for made in changes:
        events.append(append(events, made, signer))
    return tuple(events)


def force(*changes, now=20, versions=None):
    return in_force(
        verify(passport(*changes), KEYS), now, {"contact": 1, "export": 1} if versions is None else versions
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((), set()),
        ((grant(),), {"contact"}),
        ((grant(), grant("export")), {"contact", "export"}),
        ((grant(), revoke()), set()),
        ((grant(), revoke(at=NEVER - 1)), set()),
        ((grant(), revoke(), grant()), {"contact"}),
        ((grant(), revoke("export")), {"contact"}),
        ((revoke(),), set()),
        ((grant(at=20),), {"contact"}),
        ((grant(at=21),), set()),
        ((grant(until=21),), {"contact"}),
        ((grant(until=20),), set()),
        ((grant(), grant(until=20)), set()),
        ((grant("undeclared"),), set()),
    ],
)
def test_the_last_event_about_a_consent_says_whether_it_is_in_force(changes, expected):
    assert force(*changes) == expected


def test_a_newer_wording_needs_a_new_grant():
    assert force(grant(version=1), versions={"contact": 2}) == set()
    assert force(grant(version=1), grant(version=2), versions={"contact": 2}) == {"contact"}
    assert force(grant(version=2), versions={"contact": 1}) == {"contact"}


def test_a_grant_ends_after_its_days_or_when_asked_whichever_is_first():
    def until(days, asked):
        return change.grant("c-1", "contact", 1, days, at=5, until=asked, by="desk").until

    assert until(None, None) is None
    assert until(2, None) == 5 + 2 * DAY
    assert until(None, 9) == 9
    assert until(2, 9) == 9
    assert until(2, 5 * DAY) == 5 + 2 * DAY
    with pytest.raises(ValueError, match="end before it begins"):
        until(None, 5)


@pytest.mark.parametrize("name", ["", "x" * 257, "\ud800"])
def test_a_name_that_can_be_none_is_refused(name):
    with pytest.raises(ValueError, match=r"characters|surrogates"):
        change.grant(name, "contact", 1, None, at=5, until=None, by="desk")
    with pytest.raises(ValueError, match=r"characters|surrogates"):
        change.revoke((), "c-1", name, at=5, by="desk")


def test_a_revocation_names_the_wording_that_it_ends():
    events = verify(passport(grant(version=3), grant("export", version=8)), KEYS)
    assert change.revoke(events, "c-1", "contact", at=11, by="desk").version == 3
    assert change.revoke((), "c-1", "contact", at=11, by="desk").version == 0


changes = st.builds(
    lambda action, consent, version, at, lasts: Change(
        action=action,
        customer="c-1",
        consent=consent,
        version=version,
        at=at,
        until=at + lasts if lasts and action == "grant" else None,
        by="desk",
    ),
    st.sampled_from(["grant", "grant", "revoke"]),
    st.sampled_from(["contact", "export", "price"]),
    st.integers(1, 3),
    st.integers(0, 30),
    st.integers(0, 12),
)


@given(
    st.lists(changes, max_size=8),
    st.integers(0, 40),
    st.dictionaries(st.sampled_from(["contact", "export"]), st.integers(1, 3)),
)
def test_any_history_agrees_with_a_naive_reading(history, now, versions):
    expected = set()
    for made in history:  # whatever is newer counts alone
        expected.discard(made.consent)
        begun, over = made.at <= now, made.until is not None and made.until <= now
        agreed = made.consent in versions and made.version >= versions[made.consent]
        if made.action == "grant" and begun and not over and agreed:
            expected.add(made.consent)
    assert force(*history, now=now, versions=versions) == expected


@given(st.lists(changes, max_size=8), st.integers(0, 40))
def test_nothing_changes_before_the_next_change_is_due(history, now):
    events = verify(passport(*history), KEYS)
    versions = {"contact": 1, "export": 2, "price": 1}
    due = next_change(events, now)
    assert due > now
    for later in range(now, min(due, 60)):
        assert in_force(events, later, versions) == in_force(events, now, versions)


HISTORY = passport(grant(), grant("export", until=99), revoke(at=12), grant(at=13))
FLAT = b"\n".join(HISTORY)


def test_the_head_is_the_hash_of_the_last_event():
    assert head(()) == ""
    assert head(HISTORY) == hashlib.sha256(HISTORY[-1]).hexdigest()
    assert verify(HISTORY, KEYS, expected_head=head(HISTORY)) == verify(HISTORY, KEYS)


def test_another_library_reads_and_verifies_the_events():
    key = OKPKey.import_key(public_jwk(SIGNER.key.public_key()))
    registry = jws.JWSRegistry(algorithms=["EdDSA"])
    registry.algorithms["EdDSA"].security_warning = None  # RFC 9864 prefers another name for the same thing
    for raw in HISTORY:
        read = jws.deserialize_compact(raw, key, registry=registry)
        assert read.payload == b64url_decode(raw.split(b".")[1])


@given(st.integers(0, len(FLAT) - 1), st.integers(1, 255))
def test_any_byte_changed_is_noticed(at, by):
    changed = FLAT[:at] + bytes([(FLAT[at] + by) % 256]) + FLAT[at + 1 :]
    for check in (lambda events: verify(events, KEYS), lambda events: verify_quickly(events, KEYS, "c-1")):
        with pytest.raises(BrokenPassport) as caught:
            check(changed.split(b"\n"))
        assert "c-1" not in str(caught.value)


@given(st.permutations(range(len(HISTORY))), st.integers(0, len(HISTORY)))
def test_events_left_out_or_moved_are_noticed(order, length):
    events = tuple(HISTORY[index] for index in order[:length])
    if events == HISTORY:
        return
    with pytest.raises(BrokenPassport):
        verify(events, KEYS, expected_head=head(HISTORY))
    if events != HISTORY[: len(events)]:  # a beginning is a passport in its own right
        with pytest.raises(BrokenPassport):
            verify(events, KEYS)


HEADER = b'{"alg":"EdDSA","kid":"%s"}' % SIGNER.kid.encode()


def resigned(payload, header=HEADER, signer=SIGNER):
    """Sign any payload under any header."""
    signed = b64url(header) + b"." + b64url(payload)
    return signed + b"." + b64url(signer.key.sign(signed))


PAYLOAD = b64url_decode(HISTORY[0].split(b".")[1])


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (passport(grant(), signer=OTHER)[0], "key that is not known"),
        (resigned(PAYLOAD, signer=OTHER), "signature does not verify"),
        (resigned(PAYLOAD, b'{"alg":"none"}'), "in another way"),
        (resigned(PAYLOAD, b'{"alg":"HS256","kid":"%s"}' % SIGNER.kid.encode()), "in another way"),
        (resigned(PAYLOAD, b'{"alg":"EdDSA","kid":"%s","crit":"b64"}' % SIGNER.kid.encode()), "in another way"),
        (resigned(PAYLOAD, b"[]"), "no header"),
        (resigned(b"{}"), "not an event"),
        (resigned(PAYLOAD.replace(b"sovgate.passport.1", b"sovgate.entry.1")), "not an event"),
        (resigned(PAYLOAD.replace(b'"at":10', b'"at":10.5')), "not an event"),
        (resigned(PAYLOAD.replace(b'"at":10', b'"at":10,"more":1')), "not an event"),
        (resigned(PAYLOAD.replace(b'"sequence":1', b'"sequence":2')), "does not follow"),
        (b"a.b", "not a compact JWS"),
        (b"", "not a compact JWS"),
    ],
)
def test_events_that_are_none_of_ours(event, why):
    with pytest.raises(BrokenPassport, match=why):
        verify((event,), KEYS)


def test_another_customers_events_are_noticed():
    with pytest.raises(BrokenPassport, match="another customer's"):
        verify(HISTORY, KEYS, customer="c-2")
    with pytest.raises(BrokenPassport, match="event 2 of the passport is another customer's"):
        verify(passport(grant(), grant(customer="c-2")), KEYS)


def test_keys_of_before_still_verify():
    older = passport(grant(), signer=OTHER)
    both = (*older, append(older, revoke(), SIGNER))
    assert len(verify(both, KEYS | {OTHER.kid: OTHER.key.public_key()})) == 2
    with pytest.raises(BrokenPassport, match="event 1"):
        verify(both, KEYS)


def test_a_broken_passport_is_facts_that_are_unavailable():
    assert issubclass(BrokenPassport, FactsUnavailable)


class Histories(RuleBasedStateMachine):
    """Changes come one by one while time goes on; a plain dict of what is granted until when is the model."""

    def __init__(self):
        super().__init__()
        self.events = ()
        self.now = 0
        self.model = {}

    @rule(consent=st.sampled_from(["contact", "export"]), lasts=st.none() | st.integers(1, 9))
    def grants(self, consent, lasts):
        until = None if lasts is None else self.now + lasts
        made = change.grant("c-1", consent, 1, None, at=self.now, until=until, by="desk")
        self.events += (append(self.events, made, SIGNER),)
        self.model[consent] = NEVER if until is None else until

    @rule(consent=st.sampled_from(["contact", "export"]))
    def revokes(self, consent):
        made = change.revoke(verify(self.events, KEYS), "c-1", consent, at=self.now, by="desk")
        self.events += (append(self.events, made, SIGNER),)
        self.model.pop(consent, None)

    @rule(passes=st.integers(1, 5))
    def time_goes_on(self, passes):
        self.now += passes

    @invariant()
    def what_is_in_force_agrees(self):
        found = in_force(verify_quickly(self.events, KEYS, "c-1"), self.now, {"contact": 1, "export": 1})
        assert found == {consent for consent, until in self.model.items() if self.now < until}


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)

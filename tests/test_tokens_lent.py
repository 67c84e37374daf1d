"""Keys that are lent: tokens stand for values and come back, nobody else's do, and every use is counted."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokens_kit import ANNA, BORIS, FIELD, data_key, handle, key_set, lent, tools

from gateway.custody.memory import MemoryVault
from gateway.errors import KeysUnavailable
from gateway.tokens.keys import KeyUse
from gateway.tokens.keyset import KeySet
from gateway.tokens.lent import Tools
from gateway.tokens.shapes import shape_of
from gateway.tokens.vault import Row

SHAPES = ("text", "digits", "phone")
EMAIL = '"anna@example.com"'
texts = st.text(max_size=30)


def only(*keys) -> KeySet:
    return KeySet("sovgate", ANNA, handle(ANNA), keys)


@pytest.mark.parametrize("shape", SHAPES)
@given(text=texts)
def test_a_token_of_the_vault_comes_back_as_what_it_stands_for(shape, text):
    keys = lent()
    token = keys.tokenise(text, FIELD, shape)
    assert shape_of(token) == shape
    whole = text.encode("utf-8", "backslashreplace").decode()
    assert keys.reveal(token, FIELD) == whole


@given(st.sets(texts, min_size=2, max_size=8))
def test_tokens_of_two_values_are_never_the_same_and_those_of_one_always_are(values):
    keys = lent()
    first = [keys.tokenise(text, FIELD, "text") for text in values]
    assert len(set(first)) == len(first)
    assert [keys.tokenise(text, FIELD, "text") for text in values] == first


def test_the_same_value_has_one_token_for_a_customer_field_purpose_and_shape_and_another_for_any_other():
    with_ = tools()
    seen = set()
    for customer in (ANNA, BORIS):
        for purpose in (None, "service", "marketing"):
            for field in (FIELD, "user.name"):
                for shape in SHAPES:
                    keys = lent(key_set(customer, purpose=purpose), purpose, with_)
                    seen.add(keys.tokenise(EMAIL, field, shape))
    assert len(seen) == 2 * 3 * 2 * 3


def test_a_token_of_the_vault_is_for_its_customer_field_and_purpose_alone():
    with_ = tools()
    everything = key_set(ANNA, *key_set(purpose="marketing").keys)
    token = lent(everything, with_=with_).tokenise(EMAIL, FIELD, "text")
    assert lent(everything, with_=with_).reveal(token, FIELD) == EMAIL
    assert lent(everything, with_=with_).reveal(token, "user.name") is None
    assert lent(everything, "marketing", with_).reveal(token, FIELD) is None
    assert lent(key_set(BORIS), with_=with_).reveal(token, FIELD) is None
    assert lent(everything).reveal(token, FIELD) is None  # another vault


def test_rows_that_someone_moved_changed_or_cut_in_the_vault_open_for_nobody():
    with_ = tools()
    keys = lent(with_=with_)
    one, two = (keys.tokenise(text, FIELD, "text") for text in (EMAIL, '"boris@example.com"'))
    vault = with_.vault
    row, other = vault.rows[one], vault.rows[two]
    damaged = [
        Row(one, row.handle, row.lookup, row.version, other.sealed),
        Row(one, handle(BORIS), row.lookup, row.version, row.sealed),
        Row(one, row.handle, row.lookup, 2, row.sealed),
        Row(one, row.handle, row.lookup, row.version, b""),
        Row(one, row.handle, row.lookup, row.version, row.sealed[:12]),
        Row(one, row.handle, row.lookup, row.version, row.sealed[:-1]),
        Row(one, row.handle, row.lookup, row.version, bytes([row.sealed[0] ^ 1]) + row.sealed[1:]),
    ]
    for row_ in damaged:
        vault.rows[one] = row_
        assert keys.reveal(one, FIELD) is None
        assert lent(key_set(BORIS), with_=with_).reveal(one, FIELD) is None


def test_the_vault_holds_no_value_and_no_customers_id():
    with_ = tools()
    token = lent(with_=with_).tokenise(EMAIL, FIELD, "text")
    row = with_.vault.rows[token]
    for part in (row.sealed, row.lookup, row.handle.encode(), token.encode()):
        assert b"anna" not in part
    assert "sealed" not in repr(row)


def test_a_taken_token_is_passed_over_and_where_none_is_free_none_is_given():
    class Full(MemoryVault):
        """Takes the third row that is offered."""

        offered = 0

        def add(self, row: Row) -> bool:
            self.offered += 1
            return self.offered >= self.free and super().add(row)

    for free, expected in ((3, True), (100, False)):
        vault = Full()
        vault.free = free
        keys = lent(with_=tools(vault))
        assert (keys.tokenise(EMAIL, FIELD, "digits") is not None) is expected
        assert keys.uses() == {3: 3 if expected else 8}
        assert keys.use().made == expected


def test_after_a_rotation_the_vaults_old_tokens_open_and_go_on_to_stand_for_their_values():
    with_ = tools()
    token = lent(with_=with_).tokenise(EMAIL, FIELD, "text")
    rotated = only(data_key(3, "vault", state="older"), data_key(7, "vault"))
    assert lent(rotated, with_=with_).tokenise(EMAIL, FIELD, "text") == token
    assert lent(rotated, with_=with_).reveal(token, FIELD) == EMAIL
    new = lent(rotated, with_=with_).tokenise('"new"', FIELD, "text")
    assert with_.vault.rows[new].version == 7


def test_a_revoked_version_of_the_vaults_key_opens_nothing_and_its_values_get_new_tokens():
    with_ = tools()
    token = lent(with_=with_).tokenise(EMAIL, FIELD, "text")
    revoked = only(data_key(3, "vault", state="revoked"), data_key(7, "vault"))
    assert lent(revoked, with_=with_).reveal(token, FIELD) is None
    assert lent(revoked, with_=with_).tokenise(EMAIL, FIELD, "text") != token


@pytest.mark.parametrize("state", ["older", "revoked"])
def test_without_a_current_key_nothing_is_made(state):
    keys = lent(only(*(data_key(n, kind, state=state) for n, kind in enumerate(("data", "vault", "pseudonym"), 1))))
    for make in (
        lambda: keys.encrypt(EMAIL, FIELD),
        lambda: keys.tokenise(EMAIL, FIELD, "text"),
        keys.pseudonym_key,
    ):
        with pytest.raises(KeysUnavailable):
            make()
    assert keys.use() == KeyUse(ANNA)
    assert keys.uses() == {}


def test_keys_that_are_wiped_while_they_are_lent_make_and_open_nothing_more():
    own = key_set()
    keys = lent(own)
    encrypted, token = keys.encrypt(EMAIL, FIELD), keys.tokenise(EMAIL, FIELD, "text")
    own.wipe()
    for use in (
        lambda: keys.encrypt(EMAIL, FIELD),
        lambda: keys.tokenise(EMAIL, FIELD, "text"),
        lambda: keys.reveal(encrypted, FIELD),
        lambda: keys.reveal(token, FIELD),
        keys.pseudonym_key,
    ):
        with pytest.raises(KeysUnavailable) as caught:
            use()
        assert "anna" not in str(caught.value)
    assert keys.use().made == 2


def test_each_purpose_has_a_pseudonym_key_of_its_own():
    everything = key_set(ANNA, *key_set(purpose="marketing").keys)
    one, two = lent(everything), lent(everything, "marketing")
    assert bytes(one.pseudonym_key()) != bytes(two.pseudonym_key())
    assert one.pseudonym_key() is everything.keys[1].key  # not a copy: it is gone when the key is wiped
    assert one.use() == KeyUse(ANNA, (everything.keys[1].thumbprint,))


@given(st.lists(st.tuples(st.sampled_from(["encrypt", "text", "digits"]), texts), max_size=20))
def test_the_evidence_is_the_digest_of_the_tokens_sorted(work):
    keys = lent()
    made = [keys.encrypt(text, FIELD) if how == "encrypt" else keys.tokenise(text, FIELD, how) for how, text in work]
    opened = [keys.reveal(token, FIELD) for token in made]
    refused = [keys.reveal(token, "user.name") for token in made] + [keys.reveal("no token", FIELD)]
    use = keys.use()
    assert use.digest == (sha256("".join(f"{token}\n" for token in sorted(made)).encode()).hexdigest() if made else "")
    assert (use.customer, use.made, use.opened, use.refused) == (ANNA, len(made), len(opened), len(refused))
    kinds = {"data" if how == "encrypt" else "vault" for how, _ in work}
    assert use.keys == tuple(sorted(key.thumbprint for key in key_set().keys if key.kind in kinds))


def test_the_evidence_of_a_long_message_is_the_same_as_of_a_short_one():
    keys = lent()
    made = [keys.encrypt(str(n), FIELD) for n in range(2000)]
    assert keys.use().digest == sha256("".join(f"{token}\n" for token in sorted(made)).encode()).hexdigest()
    assert keys.use().made == 2000
    assert keys.uses() == {1: 2000}


def test_uses_are_counted_by_version_and_a_value_that_was_in_the_vault_is_no_use():
    keys = lent()
    for _ in range(3):
        keys.encrypt(EMAIL, FIELD)
        keys.tokenise(EMAIL, FIELD, "text")
    assert keys.uses() == {1: 3, 3: 1}


def test_a_nonce_is_asked_for_each_time_that_something_is_encrypted():
    asked = []
    given_ = tools()

    def nonce() -> bytes:
        asked.append(given_.nonce())
        return asked[-1]

    keys = lent(with_=Tools(nonce, given_.random, given_.vault))
    token = keys.encrypt(EMAIL, FIELD)
    keys.tokenise(EMAIL, FIELD, "text")
    keys.reveal(token, FIELD)
    assert len(asked) == len(set(asked)) == 2

"""What every custody promises, the one on disk and its twin in memory alike.

To have another one tried, give `made` below a way to make it: something with `lend`, `owner`, `create`, `destroy`,
`register`, `rotate` and `revoke`.
"""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from custody_kit import keeping, smith

from gateway.custody.memory import MemoryCustody
from gateway.errors import KeysUnavailable
from gateway.tokens import public, shapes

NOW = 1_790_000_000_000_000_000
FIELD, PURPOSE = "user.contact.email", "service"
EMAIL = '"anna@example.com"'
X25519 = X25519PrivateKey.from_private_bytes(bytes(range(32)))


class OnDisk:
    """The keeper as the gateway has it, and the smith as people have him: each over files of its own."""

    def __init__(self, keeper, worker):
        self.lend, self.owner = keeper.lend, keeper.owner
        self.create, self.destroy, self.revoke = worker.create, worker.destroy, worker.revoke
        self.rotate = worker.rotate
        self.register = lambda customer, key, form: worker.register(customer, public.pem(key), form)


@pytest.fixture(params=["memory", "disk"])
async def custody(request, tmp_path):
    if request.param == "memory":
        yield MemoryCustody(b"a secret")
        return
    folder = tmp_path / "custody"
    async with keeping(folder) as keeper:
        with smith(folder) as worker:
            yield OnDisk(keeper, worker)


async def lend(custody, *customers, purpose=PURPOSE, make=True):
    return await custody.lend(customers or ["anna"], purpose, NOW, make=make)


async def keys_of(custody, customer="anna", **options):
    return (await lend(custody, customer, **options)).of(customer)


async def all_tokens(custody, customer="anna"):
    loan = await lend(custody, customer)
    keys = loan.of(customer)
    made = [keys.encrypt(EMAIL, FIELD), *(keys.tokenise(EMAIL, FIELD, shape) for shape in ("text", "digits", "phone"))]
    await loan.settle()
    return made


async def test_a_token_comes_back_on_another_leg(custody):
    for token in await all_tokens(custody):
        assert (await keys_of(custody, make=False)).reveal(token, FIELD) == EMAIL


async def test_a_token_is_for_its_customer_field_and_purpose_alone(custody):
    boris, marketing = await keys_of(custody, "boris"), await keys_of(custody, purpose="marketing")
    none = await keys_of(custody, purpose=None)
    for token in await all_tokens(custody):
        assert [keys.reveal(token, FIELD) for keys in (boris, marketing, none)] == [None] * 3
        assert (await keys_of(custody)).reveal(token, "user.name") is None


async def test_whose_a_token_is_can_be_told_and_of_what_is_none_that_it_is_nobodys(custody):
    custody.register("anna", X25519.public_key(), "hpke")
    sealed = (await keys_of(custody)).seal(EMAIL, FIELD, "hpke")
    assert [custody.owner(token) for token in [*await all_tokens(custody), sealed]] == ["anna"] * 5
    stranger = shapes.make("text", bytes)
    assert [custody.owner(text) for text in ("", "anna", stranger, sealed[:20], "\ud800")] == [None] * 5


async def test_who_has_no_keys_gets_none_unless_they_are_to_be_made(custody):
    assert await keys_of(custody, make=False) is None
    await lend(custody)
    assert await keys_of(custody, make=False) is not None
    assert await keys_of(custody, "boris", make=False) is None
    assert (await lend(custody, "anna")).of("boris") is None


async def test_each_customer_and_each_purpose_has_a_pseudonym_key_of_its_own_and_keeps_it(custody):
    asked = [("anna", PURPOSE), ("anna", None), ("anna", ""), ("boris", PURPOSE)]
    found = [[bytes((await keys_of(custody, who, purpose=why)).pseudonym_key()) for who, why in asked] for _ in "12"]
    assert len(set(found[0])) == len(asked)
    assert found[0] == found[1]


async def test_after_the_keys_are_destroyed_nothing_opens_and_nobody_is_named(custody):
    tokens = await all_tokens(custody)
    out = await keys_of(custody)
    custody.destroy("anna")
    assert await keys_of(custody) is None
    assert [custody.owner(token) for token in tokens] == [None] * len(tokens)
    for token in tokens:
        assert opened(out, token) is None


def opened(keys, token):
    """A loan that is out may say so loudly, or open nothing."""
    try:
        return keys.reveal(token, FIELD)
    except KeysUnavailable:
        return None


async def test_keys_made_anew_after_a_destruction_are_others(custody):
    tokens = await all_tokens(custody)
    before = bytes((await keys_of(custody)).pseudonym_key())
    custody.destroy("anna")
    custody.create("anna", PURPOSE)
    keys = await keys_of(custody)
    assert bytes(keys.pseudonym_key()) != before
    assert [keys.reveal(token, FIELD) for token in tokens] == [None] * len(tokens)
    assert set(await all_tokens(custody)).isdisjoint(tokens)


async def test_destroying_one_customers_keys_leaves_the_others_alone(custody):
    tokens = await all_tokens(custody, "boris")
    await lend(custody)
    custody.destroy("anna")
    assert [(await keys_of(custody, "boris")).reveal(token, FIELD) for token in tokens] == [EMAIL] * len(tokens)


async def test_after_a_rotation_old_tokens_open_new_ones_have_another_version_and_pseudonyms_stay(custody):
    tokens = await all_tokens(custody)
    pseudonym = bytes((await keys_of(custody)).pseudonym_key())
    custody.rotate("anna", PURPOSE)
    keys = await keys_of(custody)
    assert [keys.reveal(token, FIELD) for token in tokens] == [EMAIL] * len(tokens)
    old, new = shapes.kid_of(tokens[0]), shapes.kid_of(keys.encrypt(EMAIL, FIELD))
    assert (new.handle, new.context) == (old.handle, old.context)
    assert new.version > old.version
    assert (await all_tokens(custody))[1:] == tokens[1:]
    assert bytes(keys.pseudonym_key()) == pseudonym


async def test_a_revoked_version_opens_nothing_and_the_rest_goes_on(custody):
    (old, *_) = await all_tokens(custody)
    custody.rotate("anna", PURPOSE)
    (new, *_) = await all_tokens(custody)
    custody.revoke("anna", shapes.kid_of(old).version)
    keys = await keys_of(custody)
    assert (keys.reveal(old, FIELD), keys.reveal(new, FIELD)) == (None, EMAIL)


async def test_what_was_done_is_told_customer_by_customer(custody):
    loan = await lend(custody, "anna", "boris", "carl")
    anna, boris = loan.of("anna"), loan.of("boris")
    token = anna.encrypt(EMAIL, FIELD)
    anna.reveal(token, FIELD)
    boris.reveal(token, FIELD)
    uses = {use.customer: use for use in await loan.settle()}
    assert sorted(uses) == ["anna", "boris"]
    assert (uses["anna"].made, uses["anna"].opened, uses["anna"].refused, len(uses["anna"].keys)) == (1, 1, 0, 1)
    assert (uses["boris"].made, uses["boris"].opened, uses["boris"].refused, uses["boris"].keys) == (0, 0, 1, ())


async def test_no_nonce_is_used_twice_whatever_the_loan(custody):
    tokens = []
    for _ in range(50):
        loan = await lend(custody)
        tokens += [loan.of("anna").encrypt(EMAIL, FIELD) for _ in range(4)]
        await loan.settle()
    assert len({token.split(".")[2] for token in tokens}) == len(tokens)


@pytest.mark.parametrize("customer", ["王小明", "a" * 300, "a.b.c", "a|b", " ", "anna\x00"])
async def test_customers_ids_may_be_what_they_are(custody, customer):
    tokens = await all_tokens(custody, customer)
    assert [custody.owner(token) for token in tokens] == [customer] * 4
    assert all(part not in token for token in tokens for part in [customer.strip() or "  "])

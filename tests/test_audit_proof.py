"""Proofs from tiles are RFC 6962's at every size, and nothing else passes for one."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.proof import (
    Proof,
    check_consistency,
    check_inclusion,
    consistency,
    inclusion,
    leaf_hash,
    read_proof,
    write_proof,
)
from gateway.audit.tiles import Tree
from gateway.errors import BrokenLog

MOST = 1400


@cache
def files(size: int) -> dict[str, bytes]:
    tree, found = Tree(), {}
    for n in range(size):
        found.update(tree.add(b"%d" % n, leaf_hash(b"%d" % n)))
    found.update(tree.partial())
    return found


@cache
def root(first: int, end: int) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if first == end:
        return sha256(b"").digest()
    if end - first == 1:
        return sha256(b"\0%d" % first).digest()
    k = 1
    while k * 2 < end - first:
        k *= 2
    return sha256(b"\1" + root(first, first + k) + root(first + k, end)).digest()


def path(m: int, first: int, end: int) -> list[bytes]:
    """RFC 6962 section 2.1.1, word for word."""
    if end - first == 1:
        return []
    k = 1
    while k * 2 < end - first:
        k *= 2
    if m < k:
        return [*path(m, first, first + k), root(first + k, end)]
    return [*path(m - k, first + k, end), root(first, first + k)]


def subproof(m: int, first: int, end: int, whole: bool) -> list[bytes]:
    """RFC 6962 section 2.1.2, word for word."""
    if m == end - first:
        return [] if whole else [root(first, end)]
    k = 1
    while k * 2 < end - first:
        k *= 2
    if m <= k:
        return [*subproof(m, first, first + k, whole), root(first + k, end)]
    return [*subproof(m - k, first + k, end, False), root(first, first + k)]


SIZES = st.one_of(st.integers(1, 70), st.sampled_from([255, 256, 257, 511, 512, 513, 1024]), st.integers(1, MOST))


@given(SIZES, st.data())
def test_an_inclusion_proof_is_the_rfc_s_and_is_accepted_at_its_place_alone(size, data):
    index = data.draw(st.integers(0, size - 1))
    made = inclusion(files(size).get, index, size)
    assert made == path(index, 0, size)
    leaf, head = leaf_hash(b"%d" % index), root(0, size)
    check_inclusion(leaf, index, size, made, head)
    wrong = data.draw(st.integers(-1, size + 1).filter(lambda n: n != index))
    for attempt in (
        (leaf, wrong, size, made, head),
        (leaf, index, size, made, leaf if size > 1 else sha256(b"").digest()),
        (leaf_hash(b"x"), index, size, made, head),
        (leaf, index, size, [*made, leaf], head),
        *(
            [(leaf, index, size, made[:-1], head), (leaf, index, size, [made[0][::-1], *made[1:]], head)]
            if made
            else []
        ),
    ):
        with pytest.raises(BrokenLog, match="inclusion proof"):
            check_inclusion(*attempt)


@given(SIZES, st.data())
def test_a_consistency_proof_is_the_rfc_s_and_is_accepted_between_its_trees_alone(new, data):
    old = data.draw(st.integers(1, new))
    made = consistency(files(new).get, old, new)
    assert made == subproof(old, 0, new, True)
    check_consistency(old, root(0, old), new, root(0, new), made)
    for attempt in (
        (old, root(0, old)[::-1], new, root(0, new), made),
        (old, root(0, old), new, root(0, new)[::-1], made),
        (old, root(0, old), new, root(0, new), [*made, made[0] if made else b"\0" * 32]),
        (new + 1, root(0, old), new, root(0, new), made),
        *([(old, root(0, old), new, root(0, new), made[:-1])] if made else []),
        *([(old, root(0, old), new, root(0, new), [made[0][::-1], *made[1:]])] if made else []),
    ):
        with pytest.raises(BrokenLog, match="consistency proof"):
            check_consistency(*attempt)


def test_a_longer_log_proves_what_a_shorter_one_held():
    """The tiles of a larger tree serve the proofs of every smaller one: full tiles took the partial ones' place."""
    held = files(1024)
    check_inclusion(leaf_hash(b"300"), 300, 512, inclusion(held.get, 300, 512, held=1024), root(0, 512))
    check_consistency(300, root(0, 300), 512, root(0, 512), consistency(held.get, 300, 512, held=1024))


def test_the_empty_tree_is_the_beginning_of_every_other():
    nothing = sha256(b"").digest()
    assert consistency({}.get, 0, 7) == []
    check_consistency(0, nothing, 7, root(0, 7), [])
    check_consistency(0, nothing, 0, nothing, [])
    for attempt in (
        (0, root(0, 1), 7, root(0, 7), []),
        (0, nothing, 7, root(0, 7), [nothing]),
        (0, nothing, 0, b"", []),
    ):
        with pytest.raises(BrokenLog, match="consistency proof"):
            check_consistency(*attempt)


def test_there_is_no_proof_of_what_is_not_in_the_tree_and_none_from_missing_tiles():
    for index, size in ((-1, 5), (5, 5), (0, 0)):
        with pytest.raises(ValueError, match="inside of the tree"):
            inclusion(files(5).get, index, size)
    for old, new in ((-1, 5), (6, 5)):
        with pytest.raises(ValueError, match="no smaller"):
            consistency(files(5).get, old, new)
    with pytest.raises(BrokenLog, match=r"tile/0/000\.p/5: missing"):
        inclusion({}.get, 0, 5)


def test_a_path_of_absurd_length_is_refused_before_it_is_hashed():
    with pytest.raises(BrokenLog, match="inclusion proof"):
        check_inclusion(b"", 0, 1 << 80, [b""] * 80, b"")


# ---- as text

NOTE = "example.com/log\n5\nAAA=\n\n\N{EM DASH} example.com/log AAAA\n".encode()


def test_a_proof_is_written_as_the_specification_shows_it():
    written = write_proof(Proof(73894, (b"a" * 32, b"b" * 32), NOTE, b"extra"))
    assert written == (
        b"c2sp.org/tlog-proof@v1\nextra ZXh0cmE=\nindex 73894\nYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=\n"
        b"YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmI=\n\n" + NOTE
    )


@given(
    st.integers(0, 2**63),
    st.lists(st.binary(min_size=32, max_size=32), max_size=64),
    st.one_of(st.none(), st.binary(max_size=99)),
)
def test_a_proof_is_read_back(index, hashes, extra):
    proof = Proof(index, tuple(hashes), NOTE, extra)
    assert read_proof(write_proof(proof)) == proof


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"",
        lambda text: text.replace(b"@v1", b"@v2"),
        lambda text: text.replace(b"index 7", b"index 07"),
        lambda text: text.replace(b"index 7", b"index +7"),
        lambda text: text.replace(b"index 7", b"index -7"),
        lambda text: text.replace(b"index 7", b"index 7 "),
        lambda text: text.replace(b"index 7", "index \u0667".encode()),
        lambda text: text.replace(b"index 7\n", b""),
        lambda text: text.replace(b"index 7\n", b"index 7\nextra YQ==\n"),
        lambda text: text.replace(b"extra ", b"extra  "),
        lambda text: text.replace(b"YWE=\n", b"YWF=\n"),  # another encoding of the same bytes
        lambda text: text.replace(b"YWE=\n", b"YWE\n"),
        lambda text: text.replace(b"YWE=\n", b"\n"),
        lambda text: text.replace(b"\n\n", b"\n"),
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text.replace(b"index", b"Index"),
        lambda text: text + b" " * (1 << 20),
    ],
)
def test_a_proof_that_is_written_otherwise_is_refused(change):
    written = write_proof(Proof(7, (b"a" * 32,), NOTE, b"extra"))
    read_proof(written)
    with pytest.raises(BrokenLog, match="tlog-proof"):
        read_proof(change(written))

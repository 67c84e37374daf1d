"""The tree of the log is RFC 6962's at every size, computed three ways that share no code."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.merkle import EMPTY, leaf_hash, node_hash, peaks, root_of_peaks
from gateway.audit.reading import tile_hashes
from gateway.audit.tiles import Tree
from gateway.errors import BrokenLog


def naive(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\1" + naive(leaves[:k]) + naive(leaves[k:])).digest()


def entries(count: int) -> list[bytes]:
    return [b"entry %d" % n for n in range(count)]


# The vectors that implementations of Certificate Transparency share.
CT = [bytes.fromhex(leaf) for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")] + [
    bytes(range(0x60, 0x70))
]
CT_ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize("size", CT_ROOTS)
def test_the_shared_vectors_hold(size):
    assert root_of_peaks(peaks([leaf_hash(leaf) for leaf in CT[:size]])).hex() == CT_ROOTS[size]
    assert naive(CT[:size]).hex() == CT_ROOTS[size]


def test_a_leaf_can_never_pass_for_a_node():
    assert leaf_hash(b"a" * 32 + b"b" * 32) != node_hash(b"a" * 32, b"b" * 32)
    assert root_of_peaks([]) == EMPTY


def test_the_growing_tree_is_the_naive_one_at_every_size():
    tree, leaves = Tree(), entries(700)
    for size, entry in enumerate(leaves, 1):
        tree.add(entry, leaf_hash(entry))
        if size < 70 or size % 37 == 0 or size in (255, 256, 257, 511, 512, 513):
            assert tree.root() == naive(leaves[:size]), size


@given(st.integers(0, 1200), st.integers(0, 300))
def test_a_tree_that_was_put_down_and_taken_up_again_goes_on_as_if_it_had_not_been(first, more):
    files: dict[str, bytes] = {}
    tree, leaves = Tree(), entries(first + more)
    for entry in leaves[:first]:
        files.update(tree.add(entry, leaf_hash(entry)))
    files.update(tree.partial())
    again = Tree.restored(first, files.get)
    assert (again.root(), again.newest, again.size) == (tree.root(), tree.newest, tree.size)
    for entry in leaves[first:]:
        assert again.add(entry, leaf_hash(entry)) == tree.add(entry, leaf_hash(entry))
    assert again.root() == tree.root()
    assert list(again.partial()) == list(tree.partial())


def test_tiles_are_laid_out_as_the_specification_counts_them():
    """The example of C2SP tlog-tiles: 70,000 entries are 273 full tiles and 112 hashes, 1 and 17, and 1."""
    files: dict[str, bytes] = {}
    tree = Tree()
    for n in range(70_000):
        files.update(tree.add(b"e", leaf_hash(b"e%d" % n)))
    files.update(tree.partial())
    assert sum(path.startswith("tile/0/") and ".p/" not in path for path in files) == 273
    assert len(files["tile/0/273.p/112"]) == 112 * 32
    assert {path for path in files if path.startswith(("tile/1/", "tile/2/"))} == {
        "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1",
    }  # fmt: skip
    assert "tile/entries/272" in files
    assert "tile/entries/273.p/112" in files


def test_a_tile_that_was_exchanged_is_not_taken_up():
    files: dict[str, bytes] = {}
    tree = Tree()
    for entry in entries(10):
        tree.add(entry, leaf_hash(entry))
    files.update(tree.partial())
    files["tile/entries/000.p/10"] = files["tile/entries/000.p/10"].replace(b"entry 3", b"entry 8")
    with pytest.raises(BrokenLog, match=r"tile/entries/000\.p/10"):
        Tree.restored(10, files.get)
    with pytest.raises(BrokenLog, match="not 10 hashes"):
        tile_hashes({"tile/0/000.p/10": b"short"}.get, 0, 0, 10)

"""The gateway's keys: made once, kept private, never replaced in silence."""

from __future__ import annotations

import itertools
import os
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.errors import FaultyKeyring
from gateway.storage.keyring import Keyring


def counting():
    numbers = itertools.count()
    return lambda length: next(numbers).to_bytes(1, "big") * length


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_keys_are_made_at_the_first_use_and_read_ever_after(tmp_path):
    first = Keyring.open(tmp_path / "keys", random=counting())
    made = files(tmp_path / "keys")
    again = Keyring.open(tmp_path / "keys", random=counting())
    assert files(tmp_path / "keys") == made
    assert len({*made.values()}) == 3
    assert first.entries.private_bytes_raw() == again.entries.private_bytes_raw()
    assert first.checkpoints.private_bytes_raw() == again.checkpoints.private_bytes_raw()
    assert first.pseudonyms == again.pseudonyms


def test_nobody_else_may_read_them(tmp_path):
    mask = os.umask(0)
    try:
        Keyring.open(tmp_path / "keys")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()} == {0o600}


@pytest.mark.parametrize("name", ["", "entries.pem", "checkpoints.pem", "pseudonyms.key"])
@pytest.mark.parametrize("mode", [0o040, 0o004, 0o020])
def test_keys_that_others_may_read_or_change_are_refused(tmp_path, name, mode):
    Keyring.open(tmp_path / "keys")
    path = tmp_path / "keys" / name
    path.chmod(path.stat().st_mode | mode)
    with pytest.raises(FaultyKeyring, match="others may read or change it"):
        Keyring.open(tmp_path / "keys")


@pytest.mark.parametrize("name", ["checkpoints.pem", "pseudonyms.key"])
def test_a_lost_key_is_not_replaced_by_a_new_one(tmp_path, name):
    Keyring.open(tmp_path / "keys")
    (tmp_path / "keys" / name).unlink()
    with pytest.raises(FaultyKeyring, match=f"{name}: missing, though other keys are there"):
        Keyring.open(tmp_path / "keys")


def test_a_first_start_that_was_cut_short_is_gone_on_with(tmp_path):
    first = Keyring.open(tmp_path / "keys")
    (tmp_path / "keys" / "entries.pem").unlink()
    again = Keyring.open(tmp_path / "keys")
    assert again.pseudonyms == first.pseudonyms
    assert again.checkpoints.private_bytes_raw() == first.checkpoints.private_bytes_raw()


def elliptic() -> bytes:
    return generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("entries.pem", b"nonsense", "not a private key in PEM"),
        ("checkpoints.pem", elliptic(), "not an Ed25519 key"),
        ("pseudonyms.key", b"!", "not base64"),
        ("pseudonyms.key", b"AAAA", "not 32 bytes"),
    ],
)
def test_a_file_that_is_no_key_is_named(tmp_path, name, data, said):
    Keyring.open(tmp_path / "keys")
    (tmp_path / "keys" / name).write_bytes(data)
    with pytest.raises(FaultyKeyring, match=f"{name}: {said}"):
        Keyring.open(tmp_path / "keys")


def test_a_folder_that_can_t_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FaultyKeyring, match="file"):
        Keyring.open(tmp_path / "file" / "keys")


def test_keys_are_not_shown(tmp_path):
    assert repr(Keyring.open(tmp_path / "keys")) == "Keyring()"

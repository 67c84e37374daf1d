"""Checkpoints and entries are what the standards say: known vectors, and readers that we didn't write."""

from __future__ import annotations

import json
import shutil
import subprocess
import warnings
from base64 import b64decode, urlsafe_b64decode

import pytest
from audit_logs import CHECKPOINT_KEY, ENTRY_KEY, FOREIGN_KEY, JWKS, SETTINGS, VKEY
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import KeySet

from gateway.audit.note import NoteSigner
from gateway.audit.signatures import EntryKeys, NoteKey, open_checkpoint
from gateway.crypto import JwsSigner, b64url_decode, hkdf_sha256, thumbprint
from gateway.errors import BrokenLog

ROOT = bytes(range(32))


def test_a_key_is_named_as_rfc_8037_appendix_a_names_it():
    secret = urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    key = Ed25519PrivateKey.from_private_bytes(secret)
    assert thumbprint(key.public_key()) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    signed = JwsSigner(key, "", b"eyJhbGciOiJFZERTQSJ9.").sign(b"Example of Ed25519 signing")
    assert signed == (
        b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4"
        b"ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )


def test_an_entry_opens_with_joserfc():
    signed = JwsSigner.of(ENTRY_KEY).sign(b'{"kind":"start"}')
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # RFC 9864 prefers the name Ed25519; see docs/audit.md
        found = jws.deserialize_compact(signed, KeySet.import_key_set(json.loads(JWKS)), algorithms=["EdDSA"])
    assert found.payload == b'{"kind":"start"}'
    assert found.protected == {"alg": "EdDSA", "kid": thumbprint(ENTRY_KEY.public_key())}


def test_the_specification_s_own_note_key_id_is_ours():
    """The example key of Go's sumdb/note documentation."""
    key = NoteKey.read("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    note = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n"
        "\N{EM DASH} PeterNeumann "
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    with pytest.raises(BrokenLog, match="signed, but no checkpoint"):  # the signature is fine, the text is another
        open_checkpoint(note.encode(), key, "note")


def test_a_checkpoint_is_read_back():
    note = NoteSigner(SETTINGS.origin, CHECKPOINT_KEY).checkpoint(70, ROOT)
    head = open_checkpoint(note, NoteKey.read(VKEY), "checkpoint")
    assert (head.origin, head.size, head.root) == (SETTINGS.origin, 70, ROOT)


def test_openssl_verifies_a_checkpoint(tmp_path):
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    note = NoteSigner(SETTINGS.origin, CHECKPOINT_KEY).checkpoint(70, ROOT)
    text, _, signature = note.rpartition(b"\n\n")
    (tmp_path / "text").write_bytes(text + b"\n")
    (tmp_path / "signature").write_bytes(b64decode(signature.split(b" ")[2])[4:])
    (tmp_path / "key.pem").write_bytes(
        CHECKPOINT_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    command = [
        openssl,
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "key.pem",
        "-rawin",
        "-in",
        "text",
        "-sigfile",
        "signature",
    ]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "text").write_bytes(text.replace(b"70", b"71") + b"\n")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda note: note.replace(b"70", b"71"), "the signature doesn't fit"),
        (lambda note: note.replace(b"\n\n", b"\n"), "not signed by the key"),
        (lambda note: NoteSigner(SETTINGS.origin, FOREIGN_KEY).checkpoint(70, ROOT), "not signed by the key"),
        (lambda note: b"", "not signed by the key"),
        (lambda note: note.replace(b"\xe2\x80\x94 ", b"- "), "not written as those of a signed note"),
        (lambda note: note[:-1], "not written as those of a signed note"),
        (lambda note: note + note.splitlines(keepends=True)[-1], "not written as those of a signed note"),
        (lambda note: note + b"\n", "not signed by the key"),
    ],
)
def test_a_checkpoint_that_was_changed_is_refused(change, said):
    note = NoteSigner(SETTINGS.origin, CHECKPOINT_KEY).checkpoint(70, ROOT)
    with pytest.raises(BrokenLog, match=said):
        open_checkpoint(change(note), NoteKey.read(VKEY), "checkpoint")


def test_signatures_of_others_beside_ours_are_passed_over():
    ours = NoteSigner(SETTINGS.origin, CHECKPOINT_KEY).checkpoint(70, ROOT)
    theirs = NoteSigner(SETTINGS.origin, FOREIGN_KEY).checkpoint(70, ROOT).rpartition(b"\n\n")[2]
    assert open_checkpoint(ours + theirs, NoteKey.read(VKEY), "checkpoint").size == 70


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "line\nbreak"])
def test_an_origin_that_no_verifier_reads_is_refused(origin):
    with pytest.raises(ValueError, match="origin"):
        NoteSigner(origin, CHECKPOINT_KEY)


@pytest.mark.parametrize("key", ["", "name", VKEY.replace("+", "-"), "other" + VKEY, VKEY[:-4]])
def test_a_verifier_key_that_is_none_is_refused(key):
    with pytest.raises(BrokenLog, match="verifier key"):
        NoteKey.read(key)


@pytest.mark.parametrize(
    "keys", [b"", b"{}", b'{"keys":[]}', b'{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}', b"[]"]
)
def test_a_key_set_that_is_none_is_refused(keys):
    with pytest.raises(BrokenLog, match="public keys"):
        EntryKeys(keys)


def test_an_unsigned_entry_is_refused():
    header = b"eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    with pytest.raises(BrokenLog, match="not signed with EdDSA"):
        EntryKeys(JWKS).open(header + b".e30.", "entry 0")


def test_derived_keys_differ_wherever_the_context_does():
    contexts = [(b"ab", b"c"), (b"a", b"bc"), (b"abc",), (b"abc", b""), (b"abc", None), (b"",), (None,), ()]
    assert len({hkdf_sha256(b"k" * 32, *context) for context in contexts}) == len(contexts)


def test_base64url_has_one_form():
    assert b64url_decode(b"AA") == b"\0"
    for text in (b"AB", b"A", b"AA==", b"A+", b"AA\n"):
        with pytest.raises(ValueError, match="base64url"):
            b64url_decode(text)

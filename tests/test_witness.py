"""A witness cosigns what goes on from what it saw, answers the rest as C2SP tlog-witness says, and never forgets."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import os
from base64 import b64decode, b64encode

import aiohttp
import pytest
from audit_logs import FOREIGN_KEY, SETTINGS
from witness_kit import NAME, NOW, WITNESS_KEY, Log, post, witness

from gateway.audit.cosignature import COSIGNATURE, WitnessKey, cosignatures, key_id
from gateway.errors import BrokenLog, FaultyKeyring, FaultyWitness
from gateway.proxy.settings import Limits
from gateway.storage.disk import Disk
from gateway.witness.heads import Heads
from gateway.witness.submission import LONGEST, read_submission, write_submission

LOG = Log()
FOREIGN = Log(FOREIGN_KEY)
UNKNOWN = Log(origin="example.org/other")


def opened(folder, disk=None):
    return Heads.open(folder, NAME, random=lambda _: b"w" * 32, disk=disk)


async def test_a_cosignature_is_what_the_specification_says(tmp_path):
    """Checked from the bytes, with nothing of ours."""
    async with witness(tmp_path) as (url, _):
        status, kind, line = await post(url, LOG.body(0, 5))
    assert (status, kind) == (200, "text/plain")
    dash, name, encoded = line.decode().removesuffix("\n").split(" ")
    data, public = b64decode(encoded), WITNESS_KEY.public_key()
    assert (dash, name, len(data)) == ("\u2014", NAME, 4 + 8 + 64)
    assert data[:4] == hashlib.sha256(NAME.encode() + b"\n\x04" + public.public_bytes_raw()).digest()[:4]
    assert int.from_bytes(data[4:12], "big") == int(NOW)
    text = LOG.note(5).partition(b"\n\n")[0] + b"\n"
    public.verify(data[12:], b"cosignature/v1\ntime %d\n" % int(NOW) + text)


def test_the_specification_s_own_example_opens():
    """The cosignature in C2SP tlog-cosignature has the form that is read here (its key is not published)."""
    line = (
        "\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf"
        "5nNo0xUe+mbIUBkBIfZ+qnA=="
    )
    data = b64decode(line.split(" ")[2])
    assert (len(data), int.from_bytes(data[4:12], "big")) == (76, 1679315147)


@pytest.mark.parametrize(
    ("before", "body", "status", "said"),
    [
        (0, LOG.body(0, 5), 200, None),
        (5, LOG.body(5, 9), 200, None),
        (5, LOG.body(5, 5), 200, None),
        (0, LOG.body(0, 0), 200, None),
        (5, LOG.body(0, 9), 409, b"5\n"),
        (5, LOG.body(4, 9), 409, b"5\n"),
        (5, LOG.body(3, 4), 409, b"5\n"),
        (0, LOG.body(3, 4), 409, b"0\n"),
        (5, LOG.fork().body(5, 5), 409, b"5\n"),
        (5, LOG.fork().body(5, 9), 422, None),
        (5, write_submission(5, [], LOG.note(9)), 422, None),
        (5, write_submission(5, LOG.proof(4, 9), LOG.note(9)), 422, None),
        (5, write_submission(5, LOG.proof(5, 9), LOG.note(5)), 422, None),
        (0, write_submission(0, LOG.proof(3, 9), LOG.note(9)), 422, None),
        (0, write_submission(0, [], LOG.signer.checkpoint(0, b"\0" * 32)), 422, None),
        (0, write_submission(9, [], LOG.note(5)), 400, None),
        (5, FOREIGN.body(5, 9), 403, None),
        (5, UNKNOWN.body(0, 9), 404, None),
        (0, b"", 400, None),
        (0, b"old 0\n\n", 400, None),
        (0, b"old 00\n\n" + LOG.note(5), 400, None),
        (0, b"old +0\n\n" + LOG.note(5), 400, None),
        (0, b"old 0\r\n\r\n" + LOG.note(5), 400, None),
        (0, b"old 0\n" + LOG.note(5), 400, None),
        (0, b"old 0\nAAAA\n\n" + LOG.note(5), 400, None),
        (0, b"old 0\n" + b"A" * 43 + b"B\n\n" + LOG.note(5), 400, None),
        (0, b"old 0\n" + (b"A" * 43 + b"=\n") * 64 + b"\n" + LOG.note(5), 400, None),
        (0, b"old 0\n\n" + LOG.note(5).removesuffix(b"\n"), 400, None),
        (0, b"old 0\n\n" + LOG.note(5).replace(b"\n5\n", b"\n05\n"), 400, None),
        (0, b"old 0\n\n" + LOG.note(5) + b"\n", 400, None),
        (0, b"old 0\n\n\xff\n5\n", 400, None),
    ],
)
async def test_every_status_of_the_protocol(tmp_path, before, body, status, said):
    async with witness(tmp_path) as (url, _):
        if before:
            assert (await post(url, LOG.body(0, before)))[0] == 200
        found, kind, answer = await post(url, body)
        after = await post(url, LOG.body(before, before + 20))
    assert found == status
    assert (kind == "text/x.tlog.size") == (status == 409)
    assert said in (None, answer)
    if status != 200:
        assert after[0] == 200, "a refusal left no trace"


async def test_what_was_cosigned_is_remembered_through_a_restart(tmp_path):
    for old, new in ((0, 3), (3, 200), (200, 600)):
        async with witness(tmp_path) as (url, _):
            assert (await post(url, LOG.body(0, 700) if old else b""))[0] == (409 if old else 400)
            assert (await post(url, LOG.body(old, new)))[0] == 200


async def test_other_signatures_and_extensions_are_passed_over(tmp_path):
    other = FOREIGN.note(5).rpartition(b"\n\n")[2]
    async with witness(tmp_path) as (url, _):
        assert (await post(url, LOG.body(0, 5) + other))[0] == 200
        assert (await post(url, write_submission(5, [], FOREIGN.note(5) + b"")))[0] == 403


async def test_of_many_who_come_at_once_none_rolls_the_memory_back(tmp_path):
    """The race that the specification tells of: all go on from 5, and only one may win."""
    async with witness(tmp_path) as (url, _):
        await post(url, LOG.body(0, 5))
        found = await asyncio.gather(*(post(url, LOG.body(5, size)) for size in range(6, 26)))
        won = [size for size, (status, _, _) in zip(range(6, 26), found, strict=True) if status == 200]
        assert len(won) == 1
        assert {status for status, _, _ in found} == {200, 409}
        assert (await post(url, LOG.body(0, 30)))[2] == b"%d\n" % won[0]


async def test_a_client_that_leaves_changes_nothing(tmp_path):
    async with witness(tmp_path) as (url, _):
        host, port = url.removeprefix("http://").split(":")
        body = LOG.body(0, 5)
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()
        for _ in range(100):
            status, _, answer = await post(url, LOG.body(3, 9))
            if answer == b"5\n":
                break
            await asyncio.sleep(0.02)
        assert (status, answer) == (409, b"5\n")


async def test_two_signed_pasts_are_written_down(tmp_path):
    """A log that signed both is caught by its own signatures."""
    async with witness(tmp_path) as (url, written):
        await post(url, LOG.body(0, 5))
        await post(url, LOG.fork().body(5, 9))
    (line,) = [said for said in map(json.loads, written.getvalue().splitlines()) if said["level"] == "error"]
    assert (line["why"], line["note"]) == ("proof-fails", LOG.fork().note(9).decode())


async def test_a_body_that_is_too_long_or_too_slow_is_cut(tmp_path):
    async with witness(tmp_path, limits=Limits(body_seconds=0.3, body_rate=10**9)) as (url, _):
        assert (await post(url, b"old 0\n\n" + b"x" * LONGEST))[0] == 413
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 50\r\n\r\nold 0\n")
        assert b" 408 " in await reader.readline()
        writer.close()
        assert (await post(url, LOG.body(0, 5)))[0] == 200


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/add-checkpoint", 405), ("POST", "/", 404)])
async def test_there_is_nothing_else(tmp_path, method, path, status):
    async with (
        witness(tmp_path) as (url, _),
        aiohttp.ClientSession() as session,
        session.request(method, url + path) as answer,
    ):
        assert answer.status == status


class Full(Disk):
    """A disk that fails before, or after, a file is in its place."""

    before = after = False

    def put(self, path, data):
        if self.before:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().put(path, data)
        if self.after:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.parametrize("when", ["before", "after"])
async def test_what_can_t_be_remembered_is_not_cosigned(tmp_path, when):
    disk = Full()
    async with witness(tmp_path, disk=disk) as (url, _):
        assert (await post(url, LOG.body(0, 5)))[0] == 200
        setattr(disk, when, True)
        assert (await post(url, LOG.body(5, 9)))[0] == 503
        setattr(disk, when, False)
        assert (await post(url, LOG.fork().body(5, 9)))[0] == 422
        assert (await post(url, LOG.body(5, 12)))[0] == 200


# -- the memory


def test_the_key_is_the_same_after_a_restart_and_only_its_owner_s(tmp_path):
    first = opened(tmp_path)
    first.close()
    second = Heads.open(tmp_path, NAME)
    assert first.cosigner.verifier_key() == second.cosigner.verifier_key()
    assert (tmp_path / "witness.pem").stat().st_mode & 0o777 == 0o600
    second.close()


def test_two_processes_are_not_one_witness(tmp_path):
    heads = opened(tmp_path)
    with pytest.raises(FaultyWitness, match="another process"):
        opened(tmp_path)
    heads.close()
    opened(tmp_path).close()


def remembering(folder):
    heads = opened(folder)
    heads.keep(read_submission(LOG.body(0, 5)), int(NOW))
    heads.close()


def change(path, edit):
    path.write_bytes(edit(path.read_bytes()))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda f: (f / "heads").unlink(), "missing, though the key is there"),
        (lambda f: (f / "heads").write_bytes(b""), "damaged"),
        (lambda f: (f / "heads").write_bytes(b"[]"), "damaged"),
        (lambda f: change(f / "heads", lambda d: d[:-9]), "damaged"),
        (
            lambda f: change(f / "heads", lambda d: d.replace(b"\\n5\\n", b"\\n4\\n")),
            "is not one that this witness cosigned",
        ),
        (lambda f: change(f / "heads", lambda d: d.replace(b'{"example.com', b'{"example.org')), "is not one that"),
        (lambda f: (f / "witness.pem").unlink(), "missing, though there are heads"),
        (lambda f: change(f / "witness.pem", lambda d: d[:40]), "not a private key"),
        (lambda f: (f / "witness.pem").chmod(0o644), "others may read"),
    ],
)
def test_a_memory_that_was_harmed_is_refused(tmp_path, harm, said):
    remembering(tmp_path)
    harm(tmp_path)
    with pytest.raises((FaultyWitness, FaultyKeyring), match=said):
        opened(tmp_path)


def test_a_witness_under_another_name_is_another_witness(tmp_path):
    remembering(tmp_path)
    with pytest.raises(FaultyWitness, match="is not one that this witness cosigned"):
        Heads.open(tmp_path, "witness.example.com/w2")


def test_a_start_that_was_cut_short_begins_again(tmp_path):
    opened(tmp_path).close()
    (tmp_path / "witness.pem").unlink()
    assert opened(tmp_path).latest(SETTINGS.origin) is None


# -- those who read cosignatures


def test_a_key_under_which_anybody_can_sign_is_no_witness():
    public = b"\1" + bytes(31)
    text = f"w.example+{key_id('w.example', public).hex()}+{b64encode(COSIGNATURE + public).decode()}"
    with pytest.raises(BrokenLog, match="prove nothing"):
        WitnessKey.read(text)


def test_cosignatures_of_others_and_broken_ones_count_for_nothing(tmp_path):
    heads = opened(tmp_path)
    key = WitnessKey.read(heads.cosigner.verifier_key())
    submitted = read_submission(LOG.body(0, 5))
    older, newer = heads.keep(submitted, 100), heads.keep(submitted, 200)
    note = LOG.note(5)
    broken = older.replace(b"A", b"B", 1)
    assert [one.time for one in cosignatures(note + older + newer + broken, [key])] == [200]
    assert cosignatures(LOG.note(6) + newer, [key]) == ()
    assert cosignatures(note + newer, []) == ()
    assert cosignatures(note, [key]) == cosignatures(b"", [key]) == cosignatures(b"\n\n\xff\xff", [key]) == ()
    heads.close()

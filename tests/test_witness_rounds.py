"""The log has its heads cosigned and stamped, and goes on whatever those who should do it are up to."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import aiohttp
import pytest
from audit_logs import VKEY, grow, intent, ledger, outcome
from witness_kit import NAME, NOW, WITNESS_KEY, Authority, witness

from gateway.audit.cosignature import cosignatures
from gateway.audit.signatures import NoteKey, open_checkpoint
from gateway.audit.timestamp import check_timestamp
from gateway.errors import BrokenLog, NotRecorded
from gateway.proxy.logs import make_log
from gateway.witness.attended import Attended
from gateway.witness.cosigner import Cosigner
from gateway.witness.rounds import Rounds
from gateway.witness.settings import AskedWitness, TimestampSettings, WitnessSettings

KEY = Cosigner(NAME, WITNESS_KEY).witness_key()
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


class Seen:
    """What metrics are told."""

    def __init__(self):
        self.outcomes = []
        self.heads = []

    def attested(self, by, outcome):
        self.outcomes.append((by, outcome))

    def head_attested(self, kind, size, time):
        self.heads.append((kind, size))


def asking(*urls, **more):
    return WitnessSettings(tuple(AskedWitness(url, KEY) for url in urls), **more)


def stamping(url, authority):
    return TimestampSettings(url, authority.roots)


class Doing:
    """Rounds, with what they tell."""

    def __init__(self, folder, witnesses=WitnessSettings(), timestamps=None, wall=lambda: NOW):  # noqa: B008 - frozen
        self.seen, self.written = Seen(), io.BytesIO()
        self.folder, self.told = folder, (witnesses, timestamps)
        self.wall = wall
        self.rounds: Rounds | None = None

    async def __aenter__(self):
        self.session = aiohttp.ClientSession()
        self.rounds = Rounds(self.folder, self.session, *self.told, self.seen, make_log(self.written), self.wall)
        return self

    async def __aexit__(self, *_):
        await self.session.close()

    async def once(self):
        await self.rounds.once()
        return self.seen.outcomes[-1] if self.seen.outcomes else None

    @property
    def lines(self):
        return [json.loads(line) for line in self.written.getvalue().splitlines()]


def grown(folder, entries):
    log = ledger(folder)
    grow(log, entries - 1)
    log.close()


def cosigned(folder):
    """Read what lies beside the log, as an expert would."""
    note = (folder / "checkpoint.cosigned").read_bytes()
    return open_checkpoint(note, NoteKey.read(VKEY), "x").size, [one.name for one in cosignatures(note, [KEY])]


async def test_heads_are_cosigned_as_the_log_grows(tmp_path):
    log = ledger(tmp_path / "log")
    async with witness(tmp_path / "w") as (url, _), Doing(tmp_path / "log", asking(url)) as doing:
        for entries in (1, 2, 300, 1):
            grow(log, entries)
            log.publish()
            assert await doing.once() == (NAME, "done")
            assert cosigned(tmp_path / "log") == (log.published, [NAME])
    log.close()
    assert doing.seen.heads == [("cosigned", size) for size in (2, 4, 304, 305)]
    assert doing.lines == []


async def test_what_is_cosigned_and_fresh_is_not_asked_for_again(tmp_path):
    now = [NOW]
    grown(tmp_path / "log", 5)
    async with (
        witness(tmp_path / "w", wall=lambda: now[0]) as (url, _),
        Doing(tmp_path / "log", asking(url, oldest=100), wall=lambda: now[0]) as doing,
    ):
        for later, times in ((0, 1), (10, 1), (60, 2), (70, 2)):
            now[0] = NOW + later
            await doing.once()
            assert len(doing.seen.outcomes) == times
    (line,) = cosignatures((tmp_path / "log" / "checkpoint.cosigned").read_bytes(), [KEY])
    assert line.time == NOW + 60


async def test_a_gateway_that_starts_anew_goes_back_to_what_the_witness_names(tmp_path):
    log = ledger(tmp_path / "log")
    grow(log, 9)
    log.publish()
    async with witness(tmp_path / "w") as (url, _):
        async with Doing(tmp_path / "log", asking(url)) as doing:
            await doing.once()
        grow(log, 300)
        log.close()
        (tmp_path / "log" / "checkpoint.cosigned").unlink()
        async with Doing(tmp_path / "log", asking(url)) as doing:
            assert await doing.once() == (NAME, "done")
    assert cosigned(tmp_path / "log")[0] == 310


async def test_a_log_that_was_cut_off_or_rewritten_is_told_as_a_fork(tmp_path):
    grown(tmp_path / "log", 20)
    shutil.copytree(tmp_path / "log", tmp_path / "backup")
    log = ledger(tmp_path / "log")
    grow(log, 30)
    log.close()
    async with witness(tmp_path / "w") as (url, _):
        async with Doing(tmp_path / "log", asking(url)) as doing:
            assert await doing.once() == (NAME, "done")
        async with Doing(tmp_path / "backup", asking(url)) as doing:
            assert await doing.once() == (NAME, "fork")
            assert await doing.once() == (NAME, "fork")
        (line,) = doing.lines
        assert (line["level"], line["outcome"]) == ("error", "fork")
        assert line["why"] == "it remembers 51 entries, and the log has 20: cut off"
        for entries in (30, 60):  # a log of as many entries with another past, and of more
            other = ledger(tmp_path / f"other{entries}")
            grow(other, entries + 1 - 1, start=1000)
            if entries == 30:
                grow(other, 20, start=2000)
            other.close()
            async with Doing(tmp_path / f"other{entries}", asking(url)) as doing:
                assert await doing.once() == (NAME, "fork")
                assert "rewritten" in doing.lines[0]["why"]


async def test_with_a_quorum_of_two_one_is_not_enough(tmp_path):
    grown(tmp_path / "log", 5)
    other = AskedWitness("http://127.0.0.1:9/", Cosigner("witness.example.com/w2", WITNESS_KEY).witness_key())
    async with witness(tmp_path / "w") as (url, _):
        two = WitnessSettings((AskedWitness(url, KEY), other), quorum=2)
        async with Doing(tmp_path / "log", two) as doing:
            await doing.once()
            assert sorted(doing.seen.outcomes) == [(NAME, "done"), ("witness.example.com/w2", "unreachable")]
            assert not (tmp_path / "log" / "checkpoint.cosigned").exists()
        async with Doing(tmp_path / "log", replace(two, quorum=1)) as doing:
            await doing.once()
    assert cosigned(tmp_path / "log") == (5, [NAME])


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes", "invalid"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "invalid"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + b"x" * 99999, "invalid"),
        (b"HTTP/1.1 409 No\r\nContent-Length: 5\r\n\r\nmany\n", "invalid"),
        (b"HTTP/1.1 409 No\r\nContent-Length: 2\r\n\r\n0\n", "fork"),
        (b"HTTP/1.1 422 No\r\nContent-Length: 0\r\n\r\n", "fork"),
        (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "refused"),
        (b"HTTP/1.1 302 No\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "refused"),
        (b"no HTTP at all\r\n\r\n", "unreachable"),
        (b"", "unreachable"),
    ],
)
async def test_a_witness_that_misbehaves_costs_nothing_but_its_cosignature(tmp_path, answer, outcome):
    async def converse(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    grown(tmp_path / "log", 5)
    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Doing(tmp_path / "log", asking(url)) as doing:
        assert await doing.once() == (NAME, outcome)
        assert not (tmp_path / "log" / "checkpoint.cosigned").exists()


async def test_a_cosignature_of_another_key_or_from_the_future_is_not_taken(tmp_path):
    grown(tmp_path / "log", 5)
    other = AskedWitness("", Cosigner("witness.example.com/w2", WITNESS_KEY).witness_key())
    async with witness(tmp_path / "w") as (url, _):
        async with Doing(tmp_path / "log", WitnessSettings((replace(other, url=url),))) as doing:
            assert await doing.once() == ("witness.example.com/w2", "invalid")
        async with Doing(tmp_path / "log", asking(url), wall=lambda: NOW - 3600) as doing:
            assert await doing.once() == (NAME, "invalid")


async def test_the_schedule_goes_on_by_itself(tmp_path):
    log = ledger(tmp_path / "log")
    async with witness(tmp_path / "w") as (url, _), Doing(tmp_path / "log", asking(url, every=0.01)) as doing:
        task = asyncio.create_task(doing.rounds.keep())
        for _ in range(3):
            grow(log, 2)
            log.publish()
            while not doing.seen.heads or doing.seen.heads[-1][1] < log.published:  # noqa: ASYNC110 - as one who looks at metrics does
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    log.close()


# -- where it is required


class Recording:
    def __init__(self):
        self.entries = []

    async def __call__(self, entry):
        self.entries.append(entry)
        return len(self.entries)


async def told(port, entry):
    try:
        return await port(entry)
    except NotRecorded as error:
        return str(error)


async def test_where_witnesses_are_required_old_heads_stop_new_flows_and_nothing_else(tmp_path):
    now = [NOW]
    grown(tmp_path / "log", 5)
    async with witness(tmp_path / "w", wall=lambda: now[0]) as (url, _):
        settings = asking(url, required=True, oldest=100)
        port = Attended(Recording(), tmp_path / "log", settings, None, lambda: now[0], lambda: now[0])
        assert await told(port, intent("a")) == "no head of the log is cosigned by a quorum of witnesses yet"
        assert await told(port, outcome("a")) == 1
        async with Doing(tmp_path / "log", settings, wall=lambda: now[0]) as doing:
            await doing.once()
            now[0] += 50
            assert await told(port, intent("b")) == 2
            now[0] += 51
            old = "the newest head of the log that a quorum of witnesses cosigned is too old"
            assert await told(port, intent("c")) == old
            await doing.once()
            now[0] += 1
            assert await told(port, intent("d")) == 3
        path = tmp_path / "log" / "checkpoint.cosigned"
        path.write_bytes(path.read_bytes().replace(b"\n5\n", b"\n6\n"))
        now[0] += 1
        assert await told(port, intent("e")) == old


# -- timestamps


@needs_openssl
@pytest.mark.parametrize("chain", [False, True])
async def test_heads_are_stamped(tmp_path, chain):
    authority = Authority(tmp_path / "tsa", chain=chain)
    log = ledger(tmp_path / "log")
    folder = tmp_path / "log" / "timestamps"
    async with (
        authority.serve() as url,
        Doing(tmp_path / "log", timestamps=stamping(url, authority)) as doing,
    ):
        assert await doing.once() == ("timestamps", "done")
        await doing.once()
        grow(log, 3)
        log.publish()
        await doing.once()
    log.close()
    assert (authority.asked, doing.seen.heads) == (2, [("stamped", 1), ("stamped", 4)])
    assert sorted(path.name for path in folder.iterdir()) == ["1.checkpoint", "1.tsr", "4.checkpoint", "4.tsr"]
    answer, note = (folder / "4.tsr").read_bytes(), (folder / "4.checkpoint").read_bytes()
    roots = authority.roots.read_bytes()
    stamped = check_timestamp(answer, note, roots, "4.tsr")
    assert stamped.authority == "CN=Authority"
    assert abs((datetime.now(UTC) - stamped.time).total_seconds()) < 3600
    for changed, other, why in (
        (note.replace(b"\n4\n", b"\n5\n"), roots, "Mismatch between messages"),
        (note, Authority(tmp_path / "other").roots.read_bytes(), "Unable to verify"),
        (note, (tmp_path / "tsa" / "tsa.pem").read_bytes(), "there is no root"),
        (note, b"", "no PEM"),
    ):
        with pytest.raises(BrokenLog, match=why):
            check_timestamp(answer, changed, other, "4.tsr")


@needs_openssl
@pytest.mark.parametrize("lie", ["nonce", "other", "nothing", "noise", "long", "refusal"])
async def test_an_authority_that_lies_leaves_no_timestamp(tmp_path, lie):
    authority = Authority(tmp_path / "tsa")
    grown(tmp_path / "log", 5)
    kept: list[bytes] = []

    def stale(query):
        kept.append(authority.reply(query))
        return kept[0]

    answers = {
        "nonce": stale,  # an answer from before, over the same head
        "other": lambda query: authority.reply(query[:-40] + bytes(40)),
        "nothing": lambda query: b"",
        "noise": lambda query: b"\x30\x03\x02\x01\x00noise",
        "long": lambda query: b"\x30" * 100_000,
        "refusal": lambda query: bytes.fromhex("30053003020102"),
    }
    authority.answer = answers[lie]
    async with (
        authority.serve() as url,
        Doing(tmp_path / "log", timestamps=stamping(url, authority)) as doing,
    ):
        await doing.once()
        if lie == "nonce":
            for path in (tmp_path / "log" / "timestamps").iterdir():
                path.unlink()
            await doing.once()
    assert doing.seen.outcomes[-1] == ("timestamps", "failed")
    assert not list((tmp_path / "log").glob("timestamps/*"))


async def test_an_authority_that_never_answers_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.witness.stamping.TIMEOUT", aiohttp.ClientTimeout(total=0.2))
    grown(tmp_path / "log", 5)
    (tmp_path / "roots.pem").write_bytes(b"")

    async def silent(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Doing(tmp_path / "log", timestamps=TimestampSettings(url, tmp_path / "roots.pem")) as doing:
        assert await doing.once() == ("timestamps", "failed")
        assert doing.lines[0]["why"] == "the authority can't be reached: TimeoutError"


@needs_openssl
async def test_where_timestamps_are_required_entries_that_stay_unstamped_stop_new_flows(tmp_path):
    authority = Authority(tmp_path / "tsa")
    log = ledger(tmp_path / "log")
    start = datetime.now(UTC).timestamp()
    now = [start]
    async with authority.serve() as url:
        settings = TimestampSettings(url, authority.roots, required=True, oldest=100)
        port = Attended(Recording(), tmp_path / "log", WitnessSettings(), settings, lambda: now[0], lambda: now[0])
        assert await told(port, intent("a")) == "the newest timestamp of the log is too old"
        async with Doing(tmp_path / "log", timestamps=settings) as doing:
            await doing.once()
            now[0] += 5000  # an idle log is stamped, however long ago that was
            assert await told(port, intent("b")) == 1
            grow(log, 3)
            log.publish()
            now[0] += 1
            assert await told(port, intent("c")) == 2
            now[0] += 101
            assert await told(port, intent("d")) == "the newest timestamp of the log is too old"
            await doing.once()
            now[0] += 1
            assert await told(port, intent("e")) == 3
    log.close()

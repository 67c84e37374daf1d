"""Untrusted work is done elsewhere: what goes wrong there is a refusal, and the next call is served."""

import asyncio
import ctypes
import importlib.util
import io
import os
import platform
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import zlib
from pathlib import Path

import pikepdf
import pytest
from pdf_kit import blank, saved, texts
from PIL import Image

from gateway.errors import Unreadable
from gateway.sandbox import Sandbox
from gateway.sandbox.syscalls import MACHINES
from gateway.watermark.document import mark
from gateway.watermark.mark import code
from gateway.watermark.plan import Marked, Plan, Visible
from gateway.watermark.watch import Watch


def double(body: bytes) -> bytes:
    return body * 2


def whoami(ignored: int) -> int:
    return os.getpid() + 0 * ignored


def session_group(process: int) -> str:
    """Give the group that a process's session is scheduled as, "" where there are none: sched(7), autogroups."""
    group = Path(f"/proc/{process}/autogroup")
    return group.read_text().strip() if group.exists() else ""


def environment() -> dict[str, str]:
    return dict(os.environ)


def swap(plan: Plan) -> Marked:
    return Marked(plan.secret, plan.texts)


def refuse(refusal: str, reason: str) -> None:
    raise Unreadable(refusal, reason)


def fail(text: str) -> None:
    print(text)  # noqa: T201  into nowhere
    raise RuntimeError(text)


def end(status: int) -> None:
    os._exit(status)


def segfault() -> None:
    ctypes.string_at(0)


def hoard(megabytes: int) -> int:
    return len(bytearray(megabytes << 20))


def hang() -> None:
    while True:
        pass


def left(trusted: bool, *, watch: Watch) -> float:
    """Give the seconds of processor time that are left."""
    if trusted:
        watch.trust()
    return signal.setitimer(signal.ITIMER_PROF, 0)[0]  # what was left of the former


def hang_in_doubt(*, watch: Watch) -> None:
    watch.trust()
    watch.doubt()
    hang()


def lie() -> int:
    return "not a number"


def write_file(path: str) -> str:
    try:
        with open(path, "wb") as file:  # noqa: PTH123  the plainest way to try it
            file.write(b"x")
    except OSError as error:
        return type(error).__name__
    return "written"


def open_many() -> str:
    files = []
    try:
        while True:
            files.append(os.open("/dev/urandom", os.O_RDONLY))
    except OSError:
        return str(len(files) < 100)


def attempt(what: str, path: str, number: int) -> str:
    """Try something that no document needs; says what came of it."""
    tried = {
        "make a socket": lambda: socket.socket().close(),
        "make a pair of sockets": lambda: [one.close() for one in socket.socketpair()],
        "start a process": os.fork,
        "become a program": lambda: os.execv("/bin/true", ["true"]),
        "signal another": lambda: os.kill(number, 0),
        "read a file": Path(path).read_bytes,
        "list a folder": lambda: list(Path(path).parent.iterdir()),
        "write a file": lambda: os.close(os.open(path, os.O_WRONLY)),
        "append to a file": lambda: os.close(os.open(path, os.O_RDONLY | os.O_APPEND)),
        "make a file": lambda: os.close(os.open(path + "2", os.O_RDONLY | os.O_CREAT)),
        "remove a file": Path(path).unlink,
        "rename a file": lambda: Path(path).rename(path + "2"),
        "make a folder": Path(path + "3").mkdir,
        "make a link": lambda: Path(path + "4").symlink_to("/"),
        "change a mode": lambda: Path(path).chmod(0o777),
        "raise a limit": lambda: ctypes.CDLL(None, use_errno=True).prlimit(number, 0, None, None) and _error(),
        "trace another": lambda: ctypes.CDLL(None, use_errno=True).ptrace(16, number, None, None) and _error(),
        "read another's environment": lambda: Path(f"/proc/{number}/environ").read_bytes(),
        "make a thread": lambda: _started(threading.Thread(target=int)),
    }
    try:
        tried[what]()
    except OSError:
        return "refused"
    return "done"


def status(pid: int) -> str:
    return Path(f"/proc/{pid}/status").read_text()


def _error() -> None:
    raise OSError(ctypes.get_errno(), "")


def _started(thread: threading.Thread) -> None:
    thread.start()
    thread.join()


def reach(port: int) -> str:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError as error:
        return type(error).__name__
    return "reached"


def box_of(**limits):
    return Sandbox(preload=(), **limits)


@pytest.fixture
async def sandbox():
    box = box_of(workers=2, seconds=20, jobs=50)
    await box.start()
    yield box
    await box.close()


async def reason(box, function, *args):
    with pytest.raises(Unreadable) as caught:
        await box.run(function, *args)
    return caught.value.refusal, str(caught.value)


async def test_large_bodies_go_and_come_whole(sandbox):
    body = os.urandom(5 << 20)
    assert await sandbox.run(double, body) == body * 2


async def test_documents_are_marked_under_all_limits():
    box = Sandbox(workers=1)
    await box.start()
    plan = Plan((Visible("to ACME / {mark}"),), frozenset({"copy"}), bytes(32))
    picture = io.BytesIO()
    Image.new("RGB", (300, 200), "white").save(picture, "PNG")
    page = await box.run(mark, "pdf", saved(blank()), plan)
    image = await box.run(mark, "png", picture.getvalue(), plan)
    assert page.codes == image.codes == (code(plan.secret, 1),)
    assert page.codes[0] in texts(page.body)[0]
    assert await reason(box, mark, "pdf", b"%PDF-1.7", plan) == ("body-unmarkable", "broken")
    await box.close()


async def test_a_bomb_goes_off_in_the_worker_alone():
    box = Sandbox(workers=1, memory=300 << 20)
    await box.start()
    squeeze = zlib.compressobj(1)
    bomb = squeeze.compress(bytes(1 << 20)) + b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(239))
    pdf = blank()
    pdf.pages[0].obj.Contents.write(bomb + squeeze.flush(), filter=pikepdf.Name.FlateDecode)
    plan = Plan((), frozenset(), bytes(32))
    assert await reason(box, mark, "pdf", saved(pdf), plan) == ("body-unmarkable", "too-large")
    assert (await box.run(mark, "pdf", saved(blank()), plan)).codes
    await box.close()


async def test_plans_and_marked_documents_cross_with_their_types(sandbox):
    plan = Plan((Visible("a"), Visible("b", "footer")), frozenset({"print"}), bytes(range(32)))
    assert await sandbox.run(swap, plan) == Marked(bytes(range(32)), ("a", "b"))


async def test_a_worker_serves_many_calls_and_is_replaced_after_its_share():
    box = box_of(workers=1, jobs=2)
    await box.start()
    pids = [await box.run(whoami, number) for number in range(4)]
    await box.close()
    assert pids[0] == pids[1] != pids[2] == pids[3]
    assert os.getpid() not in pids


async def test_nothing_is_started_before_it_is_needed():
    box = box_of()
    await box.start()
    assert box._idle == []
    await box.close()


FAILURES = [
    (refuse, ("body-unmarkable", "signed"), ("body-unmarkable", "signed")),
    (refuse, ("body-not-json", "depth"), ("body-not-json", "depth")),
    (refuse, ("body-unmarkable", "Ms Secret, 1 Rue X"), ("body-unmarkable", "failed")),
    (refuse, ("no-such-refusal", "signed"), ("body-unmarkable", "failed")),
    (fail, ("Ms Secret",), ("body-unmarkable", "failed")),
    (lie, (), ("body-unmarkable", "failed")),
    (end, (0,), ("body-unmarkable", "crash")),
    (segfault, (), ("body-unmarkable", "crash")),
    (hoard, (4096,), ("body-unmarkable", "too-large")),
]


async def test_whatever_goes_wrong_is_a_refusal_without_words_of_the_document(sandbox):
    assert [await reason(sandbox, function, *args) for function, args, _ in FAILURES] == [
        expected for _, _, expected in FAILURES
    ]


async def test_the_pool_heals_after_each_crash(sandbox):
    for function, args in ((end, (1,)), (segfault, ())):
        assert await reason(sandbox, function, *args) == ("body-unmarkable", "crash")
        assert await sandbox.run(double, b"again") == b"againagain"


async def test_a_call_that_takes_too_long_is_ended():
    box = box_of(workers=1, seconds=0.5)
    await box.start()
    assert await reason(box, hang) == ("body-unmarkable", "timeout")
    await box.close()


async def test_a_call_has_few_seconds_of_doubt_and_all_of_its_time_afterwards():
    box = box_of(workers=1, seconds=600)
    await box.start()
    assert 3 < await box.run(left, False) < 4
    assert 500 < await box.run(left, True) < 601
    assert 3 < await box.run(left, False) < 4
    await box.close()


async def test_a_call_that_hangs_in_doubt_is_ended_long_before_its_time():
    box = box_of(workers=1, seconds=600)
    await box.start()
    async with asyncio.timeout(300):
        assert await reason(box, hang_in_doubt) == ("body-unmarkable", "timeout")
    assert await box.run(double, b"again") == b"againagain"
    await box.close()


async def test_a_document_too_large_for_a_worker_is_never_sent_there():
    box = box_of(workers=1, memory=256 << 20)
    await box.start()
    assert await reason(box, double, bytes(65 << 20)) == ("body-unmarkable", "too-large")
    assert box._idle == []
    await box.close()


async def test_a_cancelled_call_ends_its_worker_and_frees_its_place():
    box = box_of(workers=1)
    await box.start()
    before = await box.run(whoami, 0)
    task = asyncio.create_task(box.run(hang))
    while box._idle:  # noqa: ASYNC110  the pool tells nobody when a call has begun
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await box.run(whoami, 0) != before
    await box.close()
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)


async def test_cancelling_while_a_worker_starts_ends_it_too():
    box = box_of(workers=1)
    await box.start()
    task = asyncio.create_task(box.run(hang))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await box.run(double, b"x") == b"xx"
    await box.close()


async def test_more_calls_than_may_wait_are_refused_at_once():
    box = box_of(workers=1, waiting=1)
    await box.start()
    calls = [asyncio.create_task(box.run(double, b"x")) for _ in range(3)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    await box.close()
    assert [answer for answer in answers if isinstance(answer, bytes)] == [b"xx", b"xx"]
    assert [answer.refusal for answer in answers if isinstance(answer, Unreadable)] == ["overloaded"]


async def test_a_worker_steps_back_for_small_flows_also_where_sessions_share_the_processor(sandbox):
    worker = await sandbox.run(whoami, 0)
    assert os.getpriority(os.PRIO_PROCESS, worker) > os.getpriority(os.PRIO_PROCESS, 0)
    group = session_group(worker)
    if not group:
        pytest.skip("this kernel does not group processes by their sessions")
    assert group.endswith(" nice 5")


async def test_a_closed_sandbox_refuses_and_leaves_no_process(sandbox):
    pid = await sandbox.run(whoami, 0)
    await sandbox.close()
    assert await reason(sandbox, double, b"") == ("draining", "draining")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_worker_that_died_while_idle_costs_no_call(sandbox):
    pid = await sandbox.run(whoami, 0)
    os.kill(pid, 9)
    while sandbox._idle[0].alive:  # noqa: ASYNC110  a killed process is gone when it is gone
        await asyncio.sleep(0.01)
    assert await sandbox.run(whoami, 0) != pid


async def test_a_worker_knows_none_of_our_environment(sandbox, monkeypatch):
    monkeypatch.setenv("SOVGATE_SECRET", "hunter2")
    assert set(await sandbox.run(environment)) <= {
        *("LANG", "MALLOC_ARENA_MAX", "OPENBLAS_NUM_THREADS", "LD_LIBRARY_PATH", "LC_CTYPE"),
    }


async def test_a_worker_writes_no_files_and_opens_few(sandbox, tmp_path):
    assert await sandbox.run(write_file, str(tmp_path / "x")) in {"OSError", "PermissionError"}
    assert not (tmp_path / "x").exists() or not (tmp_path / "x").read_bytes()
    assert await sandbox.run(open_many) == "True"


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
async def test_a_worker_can_gain_no_privileges(sandbox):
    assert "NoNewPrivs:\t1" in status(await sandbox.run(whoami, 0))


FORBIDDEN = (
    "make a socket", "make a pair of sockets", "start a process", "become a program", "signal another", "write a file",
    "append to a file", "make a file", "remove a file", "rename a file", "make a folder", "make a link",
    "change a mode", "raise a limit", "trace another",
)  # fmt: skip


@pytest.mark.skipif(platform.machine() not in MACHINES, reason="no filter of system calls is known for this machine")
async def test_a_worker_makes_no_system_calls_but_those_of_computing(sandbox, tmp_path):
    pid = await sandbox.run(whoami, 0)
    if "Seccomp:\t2" not in status(pid):
        pytest.skip("this system has no seccomp: docs/marks.md says what that means")
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    tried = {what: await sandbox.run(attempt, what, str(victim), os.getpid()) for what in FORBIDDEN}
    assert tried == dict.fromkeys(FORBIDDEN, "refused")
    assert [path.name for path in tmp_path.iterdir()] == ["victim"]
    assert await sandbox.run(attempt, "make a thread", "", 0) == "done"
    assert await sandbox.run(whoami, 0) == pid


async def test_a_worker_finds_its_own_code_where_no_path_names_it(sandbox, monkeypatch):
    """As in an editable installation, whose import hook knows the folder."""
    own = str(Path(importlib.util.find_spec("gateway").origin).parents[1])
    monkeypatch.setattr("sys.path", [*(place for place in sys.path if place != own), str(Path(__file__).parent)])
    assert await sandbox.run(attempt, "read a file", f"{own}/gateway/watermark/leak/reading.py", 0) == "done"


async def test_a_worker_reads_code_and_fonts_and_nothing_else(sandbox, tmp_path):
    if ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1) < 1:
        pytest.skip("this system has no Landlock: docs/marks.md says what that means")
    secret = tmp_path / "secret"
    secret.write_bytes(b"a key")
    for what in ("read a file", "list a folder"):
        assert await sandbox.run(attempt, what, str(secret), os.getpid()) == "refused"
    assert await sandbox.run(attempt, "read another's environment", "", os.getpid()) == "refused"
    assert await sandbox.run(attempt, "read a file", "/etc/passwd", 0) == "refused"
    for module in ("PIL", "gateway.watermark.leak.reading"):
        assert await sandbox.run(attempt, "read a file", importlib.util.find_spec(module).origin, 0) == "done"


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
async def test_a_worker_has_no_network_where_namespaces_are_allowed(sandbox):
    probe = "import ctypes; l = ctypes.CDLL(None); raise SystemExit(bool(l.unshare(1 << 30) and l.unshare(5 << 28)))"
    if subprocess.run([sys.executable, "-c", probe], check=False).returncode:  # noqa: ASYNC221  nothing else runs
        pytest.skip("this system allows no network namespaces: docs/marks.md says what that means")
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert await sandbox.run(reach, server.getsockname()[1]) != "reached"


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
async def test_workers_die_with_the_gateway(tmp_path):
    (tmp_path / "busy.py").write_text(
        "import os\ndef pid() -> int:\n    return os.getpid()\ndef hang() -> None:\n    while True: pass\n"
    )
    gateway = textwrap.dedent("""
        import asyncio, busy
        from gateway.sandbox import Sandbox
        async def main():
            box = Sandbox(workers=1, preload=())
            await box.start()
            pid = await box.run(busy.pid)
            task = asyncio.create_task(box.run(busy.hang))
            while box._idle:
                await asyncio.sleep(0.01)
            print(pid, flush=True)
            await task
        asyncio.run(main())
    """)
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    with subprocess.Popen(  # noqa: ASYNC220  nothing else runs
        [sys.executable, "-c", gateway], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": path}
    ) as process:
        worker = int(process.stdout.readline())
        assert _runs(worker)
        process.kill()
    for _ in range(500):
        if not _runs(worker):
            break
        await asyncio.sleep(0.02)
    assert not _runs(worker)


def _runs(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False

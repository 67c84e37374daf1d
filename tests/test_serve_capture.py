"""`sovgate serve --capture`: what crossed is in the folder, sealed, within its bounds; flows never pay for it."""

from __future__ import annotations

import resource
import secrets
import shutil
import signal
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import aiohttp
import click
import pytest
from aiohttp import web
from capture_kit import read, reasons
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from live import House, lines, make_house, running, system, token, until
from yarl import URL

from gateway.capture import Exchange, Said
from gateway.cli.capturing import open_capturer, with_flags
from gateway.config import load
from gateway.errors import FaultyFiles, FaultyKeyring, SovgateError
from gateway.flow import CustomerFacts, Flow, Operator, Request, Response, header
from gateway.policy.load import load as load_policies
from gateway.proxy.logs import make_log
from gateway.proxy.metrics import Metrics
from gateway.storage.capture_folder import Bounds, CaptureFolder
from gateway.storage.policy_folder import read_folder
from gateway.workbench import Workbench

SHIPPED = Path(__file__).parent.parent / "policies"
KEY = X25519PrivateKey.from_private_bytes(b"k" * 32)
ORDER = {
    "id": "SO-1001",
    "customer": {"id": "C-017", "name": "Planted Wei", "email": "planted@example.cn", "phone": "+86 139 1234 5678"},
    "total": 37.5,
    "internal_note": "planted-note",
}
PLANTED = [b"Planted Wei", b"planted", b"139 1234", b"SO-1001", b"C-017", b"/api/orders", b"order-fulfilment", b"crm"]


async def orders(request: web.Request) -> web.Response:
    return web.json_response(ORDER, headers={"Set-Cookie": "planted-session=1", "X-Served-By": "erp-7"})


def bearer(**claims: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(**claims)}"}


@pytest.fixture
def house(tmp_path: Path):
    """Give a maker of houses that capture, with further words for the capture's section."""
    (tmp_path / "captures.pub").write_bytes(
        KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    policies = shutil.copytree(SHIPPED, tmp_path / "policies")

    def make(upstream: str, more: str = "") -> House:
        extra = f"capture: {{folder: captures, key: captures.pub{more}}}\n" if more is not None else ""
        return make_house(tmp_path, policies, upstream, extra)

    return make


def captured(folder: Path) -> list:
    """Read all files of a folder, in the order of their names."""
    return [item for path in sorted(folder.glob("*.sovcap")) for item in read(path.read_bytes(), [KEY])]


def in_clear(folder: Path) -> list[bytes]:
    data = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return [value for value in PLANTED if value in data]


async def test_what_crossed_is_captured_and_decided_again_to_the_same_bytes(tmp_path, house):
    async with system(orders) as upstream, aiohttp.ClientSession() as client:
        here = house(upstream)
        with running(here) as gateway:
            assert here.sovgate("passport", "grant", "C-017", "contact").returncode == 0
            url = URL(f"{gateway.data}/erp/api/orders/SO-1001?q=%27planted%27", encoded=True)
            async with client.get(url, headers={**bearer(), "Cookie": "planted=2", "X-Api-Key": "planted"}) as answer:
                got = (answer.status, await answer.read())
            async with client.get(url, headers=bearer(purpose="marketing")) as answer:
                assert answer.status == 403
            async with client.get(url, headers={"Authorization": "Bearer nonsense"}) as answer:
                assert answer.status == 401
            await until(lambda: sum(path.stat().st_size for path in (tmp_path / "captures").iterdir()) > 1500)
            async with client.get(gateway.admin + "/metrics") as answer:
                metrics = await answer.text()
        folder = tmp_path / "captures"
        assert in_clear(folder) == []
        assert [oct(path.stat().st_mode & 0o777) for path in (folder, *folder.iterdir())] == ["0o700", "0o600"]
        assert "sovgate_captured_flows_total 2.0" in metrics
        assert "sovgate_capture_active 1.0" in metrics
        told = [(line["event"], line.get("reason")) for line in lines(gateway.errors) if "capture" in line["event"]]
        assert told == [("capture-started", None), ("capture-stopped", "closed")]
        allowed, refused = captured(folder)
        assert (allowed.number, allowed.site, allowed.request.method) == (1, "", "GET")
        assert allowed.request.target == "/api/orders/SO-1001?q=%27planted%27"
        assert allowed.said.operator.system == "crm"
        assert allowed.said.operator.subject == "ann"
        assert allowed.said.purpose.name == "order-fulfilment"
        assert allowed.said.customers["C-017"].consents == {"contact"}
        assert b"planted-note" in allowed.response.body
        assert header(allowed.response.headers, "x-served-by") == "erp-7"
        assert allowed.repairs == ("credentials",)
        assert (header(allowed.request.headers, "cookie"), header(allowed.request.headers, "x-api-key")) == ("", "")
        assert header(allowed.response.headers, "set-cookie") == ""
        assert header(allowed.request.headers, "authorization") is None
        assert (refused.response, refused.repairs, refused.said.purpose.name) == (None, ("no-answer",), "marketing")
        assert await again(allowed, tmp_path / "policies") == got
        assert (await again(refused, tmp_path / "policies"))[0] == 403


async def again(exchange: Exchange, policies: Path) -> tuple[int, bytes]:
    """Put a captured exchange through the gate on the workbench."""

    async def offload(function, *arguments):
        return function(*arguments)

    def known(customer: str) -> CustomerFacts:
        return exchange.said.customers.get(customer, CustomerFacts(customer))

    bench = Workbench(load_policies(read_folder(policies)), offload, known=known)
    said = exchange.said
    flow = Flow("1", exchange.started, said.to, exchange.request, said.operator, said.purpose, said.peer)
    trial = await bench.put(flow, exchange.response)
    return trial.released.status, trial.released.body


async def test_after_kill_9_the_file_is_readable_and_says_that_it_is_cut(tmp_path, house):
    async with system(orders) as upstream, aiohttp.ClientSession() as client:
        with running(house(upstream)) as gateway:
            for _ in range(20):
                async with client.get(f"{gateway.data}/erp/api/orders/SO-1001", headers=bearer()) as answer:
                    assert answer.status == 200
            await until(lambda: len(captured(tmp_path / "captures")) == 21)
            gateway.process.send_signal(signal.SIGKILL)
            await until(lambda: gateway.process.poll() is not None)
        assert reasons(captured(tmp_path / "captures")) == [""] * 20 + ["truncated"]


async def test_only_what_was_asked_for_is_captured_also_after_a_reload(tmp_path, house):
    async with system(orders) as upstream, aiohttp.ClientSession() as client:
        with running(house(upstream, ", systems: [erp], operations: [erp.read-order]")) as gateway:
            for path in ("/erp/api/orders/SO-1001", "/erp/api/orders", "/erp/api/unheard-of"):
                async with client.get(gateway.data + path, headers=bearer()) as answer:
                    await answer.read()
            gateway.process.send_signal(signal.SIGHUP)
            await until(lambda: any(line["event"] == "reloaded" for line in lines(gateway.errors)))
            async with client.get(f"{gateway.data}/erp/api/orders/SO-2", headers=bearer()) as answer:
                await answer.read()
        assert [found.request.target for found in captured(tmp_path / "captures")] == [
            "/api/orders/SO-1001",
            "/api/orders/SO-2",
        ]


async def test_a_disk_that_fails_ends_the_capture_and_no_flow(tmp_path, house):
    async def long_orders(request: web.Request) -> web.Response:
        return web.json_response({**ORDER, "internal_note": "x" * 30_000})

    async with system(long_orders) as upstream, aiohttp.ClientSession() as client:
        with running(house(upstream)) as gateway:
            # A limit on the size of files, of this process alone, stands in for a full disk.
            resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
            for _ in range(8):
                async with client.get(f"{gateway.data}/erp/api/orders/SO-1001", headers=bearer()) as answer:
                    assert answer.status == 200

            def told() -> list:
                return [line.get("reason") for line in lines(gateway.errors) if line["event"] == "capture-stopped"]

            await until(lambda: bool(told()))
            assert told() == ["disk"]
            async with client.get(gateway.admin + "/metrics") as answer:
                assert "sovgate_capture_active 0.0" in await answer.text()
            async with client.get(f"{gateway.data}/erp/api/orders/SO-1001", headers=bearer()) as answer:
                assert answer.status == 200
        found = reasons(captured(tmp_path / "captures"))
        assert (found[0], found[-1]) == ("", "truncated")


async def test_flags_beat_the_file_and_are_enough_without_it(tmp_path, house, monkeypatch):
    (tmp_path / "elsewhere.pub").write_bytes((tmp_path / "captures.pub").read_bytes())
    monkeypatch.setenv("SOVGATE_SERVE_CAPTURE", str(tmp_path / "flagged"))
    monkeypatch.setenv("SOVGATE_SERVE_CAPTURE_KEY", str(tmp_path / "elsewhere.pub"))
    async with system(orders) as upstream, aiohttp.ClientSession() as client:
        with running(make_house(tmp_path, tmp_path / "policies", upstream)) as gateway:
            async with client.get(f"{gateway.data}/erp/api/orders/SO-1001", headers=bearer()) as answer:
                assert answer.status == 200
    assert reasons(captured(tmp_path / "flagged")) == [""]


def settings_of(tmp_path: Path, capture: str):
    make_house(tmp_path, tmp_path, "http://127.0.0.1:1", capture)
    return load(tmp_path / "gateway.yaml", {})


def test_what_flags_leave_open_is_as_the_file_says(tmp_path):
    said = (
        "capture: {folder: a, key: b, mib: 5, minutes: 7, file_mib: 2, free_mib: 0, systems: erp, operations: [erp.x]}"
    )
    found = settings_of(tmp_path, said)
    assert found.capture.bounds == Bounds(5 * 2**20, 420.0, 2 * 2**20, 0)
    assert (found.capture.systems, found.capture.operations) == ({"erp"}, {"erp.x"})
    assert with_flags(found, None, None, None, None) is found
    flagged = with_flags(found, Path("c"), None, 9, None).capture
    assert (flagged.folder, flagged.key, flagged.bounds.size) == (Path("c"), tmp_path / "b", 9 * 2**20)
    assert flagged == replace(found.capture, folder=Path("c"), bounds=replace(found.capture.bounds, size=9 * 2**20))
    assert settings_of(tmp_path, "").capture is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("capture: {folder: a}", "key"),
        ("capture: {key: a}", "folder"),
        ("capture: {folder: a, key: b, mb: 5}", "mb"),
        ("capture: {folder: a, key: b, mib: 0}", "out of range"),
        ("capture: {folder: a, key: b, systems: [epr]}", "epr"),
    ],
)
def test_a_section_that_says_nonsense_is_refused(tmp_path, said, told):
    with pytest.raises(FaultyFiles, match=told):
        settings_of(tmp_path, said)


STARTS = [  # what is wrong, what is said
    ("{folder: c, key: absent.pub}", "absent.pub: can't be read"),
    ("{folder: c, key: captures.key}", "a private key, which must not lie where the gateway runs"),
    ("{folder: open, key: captures.pub}", "others may look into it"),
    ("{folder: c, key: captures.pub, operations: [erp.read-ordr]}", 'did you mean "erp.read-order"'),
]


@pytest.mark.parametrize(("said", "told"), STARTS, ids=[case[1] for case in STARTS])
def test_a_capture_that_cant_be_is_refused_before_anything_is_kept(tmp_path, house, said, told):
    private = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "captures.key").write_bytes(private)
    (tmp_path / "open").mkdir(mode=0o755)
    settings, policies = settings_of(tmp_path, f"capture: {said}"), load_policies(read_folder(tmp_path / "policies"))
    with pytest.raises(SovgateError, match=told):
        open_capturer(settings, policies, Metrics("1"), make_log(BytesIO()), lambda _close: None)
    assert not (tmp_path / "c").exists()


def test_the_start_says_in_a_line_why_it_cant_capture(tmp_path, house, monkeypatch):
    here = make_house(tmp_path, tmp_path / "policies", "http://127.0.0.1:1", "capture: {folder: c, key: absent.pub}")
    ran = here.sovgate("serve")
    said = f"{tmp_path}/absent.pub: can't be read: No such file or directory"
    assert (ran.returncode, ran.stderr.strip()) == (2, said)


@pytest.mark.parametrize("flags", [(Path("c"), None, None, None), (None, Path("k"), None, None), (None, None, 1, None)])
def test_flags_that_say_too_little_are_refused(tmp_path, flags):
    with pytest.raises(click.UsageError, match="go together"):
        with_flags(settings_of(tmp_path, ""), *flags)


class Told:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.drops = 0
        self.reason = ""

    def kept(self, size: int) -> None:
        self.sizes.append(size)

    def dropped(self) -> None:
        self.drops += 1

    def stopped(self, reason: str) -> None:
        self.reason = reason


def exchange(size: int = 1000) -> Exchange:
    return Exchange(0, "", Request("GET", "/x"), Response(200, (), b"x" * size))


def folder_of(path: Path, **bounds: float) -> tuple[CaptureFolder, Told]:
    told = Told()
    made = CaptureFolder(path, KEY.public_key(), Bounds(**{"free": 0, **bounds}), told, secrets.token_bytes)
    return made, told


async def ended(told: Told) -> str:
    await until(lambda: bool(told.reason))
    return told.reason


async def test_the_folder_never_outgrows_its_bound_and_earlier_runs_count(tmp_path):
    for _ in range(2):
        folder, told = folder_of(tmp_path / "c", size=20_000, file_size=5000)
        folder.start()
        for _ in range(40):
            folder.offer(exchange())
        assert await ended(told) == "size"
        folder.close()
        files = sorted((tmp_path / "c").iterdir())
        assert 18_000 < sum(path.stat().st_size for path in files) <= 20_000
        assert (len(files), max(path.stat().st_size for path in files) < 7000) == (4, True)
        assert set(reasons(captured(tmp_path / "c"))) == {""}
    assert told.sizes == []


async def test_what_cant_be_written_as_text_is_told_as_missing(tmp_path):
    folder, told = folder_of(tmp_path / "c")
    folder.start()
    folder.offer(replace(exchange(), said=Said("erp", Operator("crm", subject="\ud800"))))
    folder.offer(exchange())
    folder.close()
    assert (told.drops, reasons(captured(tmp_path / "c"))) == (1, ["dropped", ""])


async def test_a_folder_that_goes_away_ends_it(tmp_path):
    folder, told = folder_of(tmp_path / "c", file_size=1)
    folder.start()
    folder.offer(exchange())
    await until(lambda: bool(told.sizes))
    shutil.rmtree(tmp_path / "c")
    folder.offer(exchange())
    assert await ended(told) == "disk"
    folder.close()


async def test_time_that_is_up_ends_it_with_and_without_traffic(tmp_path):
    folder, told = folder_of(tmp_path / "c", seconds=0.05)
    folder.start()
    folder.offer(exchange())
    assert await ended(told) == "time"
    folder.offer(exchange())
    assert reasons(captured(tmp_path / "c")) == [""]


async def test_room_on_the_disk_is_left_to_the_log(tmp_path):
    folder, told = folder_of(tmp_path / "c", free=10**18)
    folder.start()
    folder.offer(exchange())
    assert await ended(told) == "room"
    assert reasons(captured(tmp_path / "c")) == []


async def test_when_too_much_waits_flows_are_dropped_counted_and_told_in_the_file(tmp_path):
    folder, told = folder_of(tmp_path / "c")
    for _ in range(70):  # nobody writes yet: a disk that hangs
        folder.offer(exchange(1024 * 1024))
    assert told.drops == 6
    folder.start()
    await until(lambda: len(told.sizes) == 64)
    folder.offer(exchange())
    folder.close()
    assert (told.drops, told.reason) == (6, "closed")
    assert reasons(captured(tmp_path / "c")) == [""] * 64 + ["dropped", ""]


async def test_a_thousand_small_flows_may_wait_and_no_more(tmp_path):
    folder, told = folder_of(tmp_path / "c")
    for _ in range(1500):
        folder.offer(exchange(1))
    assert told.drops == 500
    folder.start()
    folder.close()
    assert reasons(captured(tmp_path / "c")) == [""] * 1000 + ["dropped"]


async def test_files_are_never_written_over_or_through_links(tmp_path):
    folder, told = folder_of(tmp_path / "c", file_size=1)
    folder.start()
    for _ in range(3):
        folder.offer(exchange())
    folder.close()
    assert told.reason == "closed"
    assert len(list((tmp_path / "c").iterdir())) == 3


def test_a_folder_that_others_may_look_into_is_refused(tmp_path):
    tmp_path.chmod(0o750)
    with pytest.raises(FaultyKeyring, match="others may look into it"):
        folder_of(tmp_path)

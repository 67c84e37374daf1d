"""Who is measured: bare proxies, nginx with Lua, mitmproxy, and the gateway doing all of its work."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.bodies import AGREED, Workload
from bench.processes import Cores, Process, free_ports, running
from examples.sidecar import Setting, sovgate
from gateway.cli.house import load_policies, now, open_keys, open_passports
from gateway.config import load

HERE = Path(__file__).resolve().parent
MITMPROXY = HERE.parent / ".cache/bench/mitmproxy"
HOUSE = HERE / "house"
CLAIMS = {"sub": "clerk-7", "role": "clerk", "kind": "human", "purpose": "order-fulfilment"}
FEW = 2  # characters that stay of a customer's texts who did not agree
KEEP = 4  # and of all texts, at the peers


@dataclass(frozen=True, slots=True)
class Contestant:
    """One that is measured. `start(folder, upstream_port)` runs it for a block; None: what is missing, in `missing`.

    `keep` tells how many characters stay of a customer's masked texts, None: nothing is masked. `without` names
    workloads that it can't do. `prefix` is put before paths.
    """

    name: str
    does: str
    start: Callable[[Path, int], AbstractContextManager[Running]] | None
    keep: Callable[[str], int] | None = None
    missing: str = ""
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Running:
    """One that runs: its port, its process, and what its requests must carry. `admin` is the gateway's other port."""

    port: int
    process: Process
    prefix: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    admin: int = 0


def contestants(cores: Cores) -> tuple[Contestant, ...]:
    """Give all, in the order of the table."""
    one = frozenset({cores.proxy})
    masked = lambda _customer: KEEP  # noqa: E731 - shorter than a def, and read once
    return (
        Contestant("aiohttp", "bare proxy, bytes untouched", lambda f, u: _bare(f, u, one, "pass")),
        Contestant("aiohttp+orjson", "bare proxy: parse, mask, write", lambda f, u: _bare(f, u, one, "mask"), masked),
        _nginx(one, masked),
        _mitmproxy(one, masked),
        Contestant("gateway", "all of its work, on one core", lambda f, u: serving(f, u, one), agreed),
        Contestant(
            "gateway (both cores)", "the same, free to use both cores", lambda f, u: serving(f, u, cores.both), agreed
        ),
    )


def agreed(customer: str) -> int:
    """Tell how many characters the gateway's policy lets stay."""
    return KEEP if customer in AGREED else FEW


@contextmanager
def upstream(folder: Path, cores: Cores, workloads: tuple[Workload, ...]) -> Iterator[tuple[Running, str]]:
    """Run the system behind the proxies, and tell what it is: nginx with files, else a program of our own."""
    (port,) = free_ports(1)
    rest = frozenset({cores.rest})
    if shutil.which("nginx") is None:
        with running([sys.executable, HERE / "upstream.py", str(port)], port, rest, folder / "upstream.log") as process:
            yield Running(port, process), "own"
        return
    root = folder / "files"
    for one in workloads:
        file = root / f"{one.path[1:]}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(one.body)
    with _nginx_running(folder / "upstream", "nginx-files.conf", rest, port, ROOT=root) as found:
        yield found, "nginx"


@contextmanager
def serving(folder: Path, upstream_port: int, cores: frozenset[int], more: tuple[str, ...] = ()) -> Iterator[Running]:
    """Run the gateway as it runs in earnest: its state is on disk in `folder`, some customers granted a consent."""
    port, admin = free_ports(2)
    setting = Setting(folder, f"http://127.0.0.1:{upstream_port}", HOUSE, port=port, admin=admin)
    setting.write()
    _grant(setting)
    token = setting.issuer.token(CLAIMS, minutes=60)
    words = sovgate("serve", "-c", str(setting.config), *more)
    with running(words, port, cores, folder / "gateway.log", cwd=HERE.parent) as process:
        yield Running(port, process, "/erp", {"Authorization": f"Bearer {token}"}, admin)


def _grant(setting: Setting) -> None:
    settings = load(setting.config, os.environ)
    policies = load_policies(settings.policies)
    passports = open_passports(settings, policies, open_keys(settings))
    try:
        for customer in sorted(AGREED):
            passports.grant(customer, policies.consents["contact"], at=now(), by="bench")
    finally:
        passports.close()


@contextmanager
def _bare(folder: Path, upstream_port: int, cores: frozenset[int], what: str) -> Iterator[Running]:
    (port,) = free_ports(1)
    words: list[str | Path] = [sys.executable, HERE / "peers/bare.py", str(port), str(upstream_port), what]
    with running(words, port, cores, folder / "log") as process:
        yield Running(port, process)


def _nginx(cores: frozenset[int], keep: Callable[[str], int]) -> Contestant:
    @contextmanager
    def start(folder: Path, upstream_port: int) -> Iterator[Running]:
        (port,) = free_ports(1)
        with _nginx_running(folder, "nginx-mask.conf", cores, port, modules or "", UPSTREAM=upstream_port) as found:
            yield found

    modules = _lua_modules()
    how = "apt-get install nginx libnginx-mod-http-lua lua-cjson"
    return Contestant(
        "nginx+Lua",
        "lua-cjson: decode, mask, encode",
        None if modules is None else start,
        keep,
        how,
        frozenset({"gzip"}),  # it would need a module that Debian doesn't have
    )


def _lua_modules() -> str | None:
    """Give the lines that load Lua into nginx: none where it is built in, None where there is none."""
    if shutil.which("nginx") is None:
        return None
    built = subprocess.run(["nginx", "-V"], capture_output=True, text=True, check=True).stderr
    if "openresty" in built:
        return ""
    folder = re.search(r"--modules-path=(\S+)", built)
    files = [Path(folder[1]) / name for name in ("ndk_http_module.so", "ngx_http_lua_module.so")] if folder else []
    if not files or not all(file.exists() for file in files):
        return None
    return "\n".join(f"load_module {file};" for file in files)


@contextmanager
def _nginx_running(
    folder: Path, config: str, cores: frozenset[int], port: int, modules: str = "", **filled: object
) -> Iterator[Running]:
    folder.mkdir(parents=True, exist_ok=True)
    text = (HERE / "peers/nginx.conf").read_text().replace("@HTTP@", (HERE / "peers" / config).read_text())
    user = "user root;" if os.geteuid() == 0 else ""
    for name, value in {**filled, "PORT": port, "FOLDER": folder, "USER": user, "MODULES": modules}.items():
        text = text.replace(f"@{name}@", str(value))
    (folder / "nginx.conf").write_text(text)
    words: list[str | Path] = ["nginx", "-p", folder, "-e", "stderr", "-c", folder / "nginx.conf"]
    with running(words, port, cores, folder / "nginx.log") as process:
        yield Running(port, process)


def _mitmproxy(cores: frozenset[int], keep: Callable[[str], int]) -> Contestant:
    own = MITMPROXY / "bin/mitmdump"
    program = str(own) if own.exists() else shutil.which("mitmdump")

    @contextmanager
    def start(folder: Path, upstream_port: int) -> Iterator[Running]:
        (port,) = free_ports(1)
        words: list[str | Path] = [
            program or "",
            "-q",
            "--mode",
            f"reverse:http://127.0.0.1:{upstream_port}",
            "--listen-host",
            "127.0.0.1",
        ]
        words += ["--listen-port", str(port), "-s", HERE / "peers/mitm_mask.py", "--set", f"confdir={folder}"]
        with running(words, port, cores, folder / "log") as process:
            yield Running(port, process)

    venv = MITMPROXY.relative_to(HERE.parent)
    how = f"python3 -m venv {venv} && {venv}/bin/pip install mitmproxy orjson"
    return Contestant("mitmproxy", "an addon: parse, mask, write with orjson", start if program else None, keep, how)

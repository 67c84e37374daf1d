"""What the tests with clients of others share: their packages, the services behind the gateway, a house around them.

Packages go into environments of their own under `.cache`, pinned; `run.sh` lets this module install them.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = ROOT / ".cache" / "clients"
_NETWORK = {"requests_ca_bundle", "curl_ca_bundle", "http_proxy", "https_proxy", "all_proxy", "no_proxy"}
"""What a machine may say of its own network: clients go straight to the gateway."""
_PATIENCE = 120  # seconds for a service to listen: the machine may be busy


def _kept(name: str, *files: Path) -> Path:
    digest = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    return CACHE / f"{name}-python{sys.version_info.major}.{sys.version_info.minor}-{digest}"


def python_home() -> Path:
    """Give where the Python packages are; they may not be there yet."""
    return _kept("python", HERE / "clients" / "requirements.txt")


def node_home() -> Path:
    """Give where the packages for Node are; they may not be there yet."""
    return _kept("node", *sorted(file for file in (HERE / "cap").rglob("*") if file.is_file()))


def install_python() -> None:
    """Install the Python packages. Raises `subprocess.CalledProcessError`."""
    home = python_home()
    if (home / "ready").exists():
        return
    shutil.rmtree(home, ignore_errors=True)
    venv.create(home, with_pip=True)
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(HERE / "clients" / "requirements.txt")], check=True)
    (home / "ready").touch()


def install_node() -> None:
    """Install the packages for Node; none of them runs a script. Raises as `subprocess.run` does."""
    home = node_home()
    if (home / "ready").exists():
        return
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(HERE / "cap", home)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=home, check=True)
    (home / "ready").touch()


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@contextmanager
def service(command: Sequence[str | Path], port: int, log: Path, **options: Any) -> Iterator[str]:
    """Run a service until the end of the block; give its URL once it listens."""
    with log.open("ab") as stream, subprocess.Popen(command, stdout=stream, stderr=stream, **options) as process:
        try:
            end = time.monotonic() + _PATIENCE
            while True:
                assert process.poll() is None, log.read_text(errors="replace")
                assert time.monotonic() < end, "the service did not listen"
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()


def told(command: Sequence[str | Path], **environment: str) -> dict[str, Any]:
    """Run a client; give what it says on its last line, an object of JSON."""
    whole = {name: value for name, value in os.environ.items() if name.lower() not in _NETWORK} | environment
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, env=whole, check=False)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-8000:]
    return json.loads(ran.stdout.splitlines()[-1])

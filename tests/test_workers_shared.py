"""What workers agree on: destroyed keys (and used proofs: `test_evidence_live`). Captures are each one's own."""

from __future__ import annotations

from pathlib import Path

import aiohttp
from capture_kit import read
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from live import Running, lines
from workers_kit import AUTH, check, house, ready, running

ORDER = "/erp/api/orders/1"
OFTEN = 16  # connections, one after the other: by the kernel's dealing both workers get some


async def ask(gateway: Running, headers: dict[str, str], times: int = OFTEN) -> list[tuple[int, dict]]:
    """Ask on a connection of its own each time."""
    got = []
    for _ in range(times):
        async with (
            aiohttp.ClientSession() as session,
            session.get(gateway.data + ORDER, headers=headers) as answer,
        ):
            got.append((answer.status, await answer.json()))
    return got


def both_served(gateway: Running) -> bool:
    return {line["worker"] for line in lines(gateway.errors) if line["event"] == "flow"} == {1, 2}


async def test_a_key_that_is_destroyed_counts_in_no_worker_any_more(tmp_path):
    async with house(tmp_path) as place:
        policy = tmp_path / "policies" / "sales-reads-orders.yaml"
        policy.write_text(policy.read_text().replace("treatment: mask, keep_last: 4", "treatment: encrypt"))
        with running(place) as gateway:
            await ready(gateway)
            before = await ask(gateway, AUTH)
            assert {status for status, _ in before} == {200}
            assert all(answer["customer"]["email"].startswith("ey") for _, answer in before)
            assert both_served(gateway)
            destroyed = place.sovgate("keys", "destroy", "C-1", "--yes")
            assert destroyed.returncode == 0, destroyed.stderr
            after = await ask(gateway, AUTH)
            assert 200 not in {status for status, _ in after}
            assert len({answer["type"] for _, answer in after}) == 1
        check(place.log)


def captured(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.sovcap"))


async def test_each_worker_captures_into_files_of_its_own(tmp_path):
    key = X25519PrivateKey.generate()
    (tmp_path / "captures.pub").write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    async with house(tmp_path, "workers: 2\ncapture: {folder: captures, key: captures.pub}\n") as place:
        with running(place) as gateway:
            await ready(gateway)
            got = await ask(gateway, AUTH, 24)
            assert {status for status, _ in got} == {200}
            assert both_served(gateway)
        files = captured(tmp_path / "captures")
        assert len(files) == 2
        kept = [len([one for one in read(path.read_bytes(), [key]) if hasattr(one, "request")]) for path in files]
        assert sum(kept) == 24
        assert min(kept) > 0

"""`make demo`: an order system, the gateway and a CRM, for real; shows what crosses, and checks all of it.

Exit 0 only if everything held. `--keep DIR` keeps what was made: documents, audit log, configuration.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that it also runs as a plain file

from examples.bodies import leaves
from examples.orders.crm import ANNA, Answer, Crm
from examples.orders.erp import start_erp
from examples.orders.expected import for_sales
from examples.orders.marks import codes_on_pages
from examples.sidecar import Issuer, Setting, Sidecar, call, running
from examples.telling import Teller

ORDER, INVOICE, LIST = "/api/orders/SO-1001", "/api/orders/SO-1038/invoice.pdf", "/api/orders?limit=200"
LEFT, REACHED = "left the order system", "reached the CRM"


@dataclass(slots=True)
class Demo:
    """The stage, and what is told on it."""

    tell: Teller
    crm: Crm
    gateway: Sidecar
    folder: Path
    kept: list[Path] = field(default_factory=list)

    async def play(self) -> None:
        """Play every scene, in order."""
        await self.one_order()
        await self.many_orders()
        await self.refusals()
        await self.consent()
        await self.marks()
        await self.log()

    async def one_order(self) -> None:
        self.tell.heading("One order: what left the order system, and what reached the CRM")
        left, reached = await self.crm.left(ORDER), await self.crm.ask("GET", ORDER)
        self.tell.sides(LEFT, REACHED, rows(left.body, reached.body))
        same = changed = 0
        for _, before, after in rows(left.body, reached.body):
            same, changed = (same + 1, changed) if before == after else (same, changed + 1)
        self.tell.equal(
            "every byte is as the policies say, worked out by hand", for_sales(left.body).decode(), reached.text
        )
        self.tell.check(f"{changed} values are treated; {same} that no rule names kept their text", holds=changed == 8)
        exact = b'"total":12345678901234567.89'
        self.tell.check(
            "the total has all its digits: 12345678901234567.89", holds=exact in left.body and exact in reached.body
        )
        self.tell.check(
            "caches may not keep it, and the ETag of the untreated body is gone",
            holds="no-store" in reached.headers.get("Cache-Control", "")
            and "ETag" in left.headers
            and "ETag" not in reached.headers,
        )

    async def many_orders(self) -> None:
        self.tell.heading("A list of 200 orders: each under its own customer")
        left, reached = await self.crm.left(LIST), await self.crm.ask("GET", LIST)
        some = (
            "/value/0/customer/phone",
            "/value/1/customer/phone",
            "/value/2/customer/email",
            "/value/3/customer/email",
        )
        self.tell.sides(LEFT, REACHED, [row for row in rows(left.body, reached.body) if row[0] in some])
        orders = json.loads(left.body)["value"]
        owners = {order["customer"]["id"] for order in orders}
        self.tell.equal("200 orders of 37 customers", (200, 37), (len(orders), len(owners)))
        self.tell.check(
            f"every one of the {len(reached.body):,} bytes is as worked out by hand",
            holds=for_sales(left.body) == reached.body,
        )

    async def refusals(self) -> None:
        self.tell.heading("Refusals: clear, recorded, and nothing leaks")
        before = await self.crm.left(ORDER)
        read = await self.crm.ask("GET", ORDER)
        agent = self.crm.issuer.token({"sub": "agent-7", "kind": "agent", "role": "assistant"})
        forged = Issuer().token(ANNA)
        masked = json.dumps({"customer": {"phone": json.loads(read.body)["customer"]["phone"]}}).encode()
        for what, name, answer in (
            ("deleting an order: no catalogue names it", "unknown-operation", await self.crm.ask("DELETE", ORDER)),
            ("an agent that says no purpose", "not-allowed", await self.crm.ask("GET", ORDER, token=agent)),
            ("a token that somebody else signed", "identity-invalid", await self.crm.ask("GET", ORDER, token=forged)),
            ("the masked phone number, written back", "masked-write-back", await self.crm.ask("PATCH", ORDER, masked)),
            (
                "the whole order as it was read, written back",
                "masked-write-back",
                await self.crm.ask("PUT", ORDER, read.body),
            ),
        ):
            self.tell.check(f"{what}: {answer.status} {name}", holds=refusal(answer) == name)
        self.tell.check(
            "the order system still has the true phone number", holds=(await self.crm.left(ORDER)).body == before.body
        )
        changed = await self.crm.ask("PATCH", "/api/orders/SO-1075", b'{"status":"shipped"}')
        self.tell.check(
            "what was never hidden can be written: the status, alone",
            holds=changed.status == 200 and b'"shipped"' in (await self.crm.left("/api/orders/SO-1075")).body,
        )

    async def consent(self) -> None:
        self.tell.heading("Consent: in force on the next request")
        left, hidden = await self.crm.left(LIST), await self.crm.ask("GET", LIST)
        await self._passport("grant")
        shown = await self.crm.ask("GET", LIST)
        some = (
            "/value/0/customer/name",
            "/value/0/customer/email",
            "/value/0/customer/phone",
            "/value/1/customer/phone",
        )
        self.tell.sides("before", "after", [row for row in rows(hidden.body, shown.body) if row[0] in some])
        self.tell.check(
            "Lin Wei (C-017) is reached again, on all six orders", holds=for_sales(left.body, {"C-017"}) == shown.body
        )
        self.tell.check("the other 36 are not", holds=for_sales(left.body) != shown.body)
        await self._passport("revoke")
        again = await self.crm.ask("GET", LIST)
        self.tell.check("revoked: the next answer is the old one, to the byte", holds=again.body == hidden.body)

    async def _passport(self, verb: str) -> None:
        self.tell.command("sovgate", "passport", verb, "C-017", "contact")
        said = await self.gateway.call("passport", verb, "C-017", "contact")
        if said.code:
            self.tell.check(f"sovgate passport {verb}: {said.err.strip()}", holds=False)

    async def marks(self) -> None:
        self.tell.heading("Marks: every page says who got it, when, and under which code")
        for path in (INVOICE, "/api/orders/SO-1038/photo.png"):
            name = path.rpartition("/")[2]
            original, answer = await self.crm.left(path), await self.crm.ask("GET", path)
            self._keep(f"original-{name}", original.body)
            self._keep(f"marked-{name}", answer.body)
            self.tell.check(
                f"{name}: 200, and not the original", holds=answer.status == 200 and answer.body != original.body
            )
            codes = await self._recorded(name)
            if name.endswith(".pdf"):
                on_pages = codes_on_pages(answer.body)
                self.tell.equal("both pages show their own code, the one that was recorded", codes, on_pages)
                self.tell.check("the two codes differ", holds=len(set(codes)) == 2)
            for page, code in enumerate(codes, start=1):
                self.tell.say(f"{name}, page {page}: {code}", "bold")
            if codes:
                await self._found(codes[-1], name)

    async def _recorded(self, name: str) -> list[str]:
        """Read from the log which codes the latest export of this kind got."""
        operation = "erp.invoice" if name.endswith(".pdf") else "erp.photo-png"
        said = await self.gateway.call("audit", "show", "--operation", operation, "--kind", "outcome", "-o", "json")
        entries = [json.loads(line) for line in said.out.splitlines()]
        return [mark["code"] for mark in entries[-1].get("marks", ())] if entries else []

    async def _found(self, code: str, name: str) -> None:
        self.tell.command("sovgate", "audit", "show", "--mark", code)
        said = await self.gateway.call("audit", "show", "--mark", code)
        for line in said.out.splitlines()[:4]:
            self.tell.say(f"  {line}", "dim")
        self.tell.check(f"the code on {name} leads to the one export", holds=said.code == 0 and code in said.out)

    async def log(self) -> None:
        self.tell.heading("The log: signed, and a changed byte shows")
        code = await self.gateway.stop()
        self.tell.equal("the gateway drained and stopped cleanly", 0, code)
        self.tell.command("sovgate", "audit", "verify")
        said = await self.gateway.call("audit", "verify")
        for line in said.out.splitlines()[:3]:
            self.tell.say(f"  {line.replace(str(self.folder), '.')}", "dim")
        self.tell.equal("the log is sound", 0, said.code)
        copy = self.folder / "tampered"
        shutil.copytree(self.gateway.setting.folder / "state" / "audit", copy)
        place = change_a_byte(copy)
        self.tell.command("sovgate", "audit", "verify", "--log", "tampered")
        said = await call("audit", "verify", "--log", str(copy))
        self.tell.say(f"  {(said.out + said.err).strip().replace(str(self.folder), '.')[:200]}", "dim")
        self.tell.equal(f"one byte of a copy changed ({place}): broken", 1, said.code)
        personal = ("lin.wei@example.com", "+86 139 1234 5678", "999999198804120177", "anna@crm.example", "C-017")
        seen = b"".join(
            file.read_bytes()
            for file in sorted((self.gateway.setting.folder / "state" / "audit").rglob("*"))
            if file.is_file()
        )
        seen += (self.gateway.setting.folder / "gateway.log").read_bytes()
        self.tell.check(
            "neither the log nor the gateway's output names anyone",
            holds=not any(one.encode() in seen for one in personal),
        )

    def _keep(self, name: str, body: bytes) -> None:
        place = self.folder / name
        place.write_bytes(body)
        self.kept.append(place)


def rows(before: bytes, after: bytes) -> list[tuple[str, str | None, str | None]]:
    """Pair the values of two bodies by place, in the order of the first."""
    there = {leaf.pointer: leaf.text.decode() for leaf in leaves(after)}
    return [(leaf.pointer, leaf.text.decode(), there.get(leaf.pointer)) for leaf in leaves(before)]


def refusal(answer: Answer) -> str:
    """Give the name of the refusal that an answer is, "" if it is none (RFC 9457)."""
    if answer.headers.get("Content-Type") != "application/problem+json":
        return ""
    return str(json.loads(answer.body)["type"]).removeprefix("urn:sovgate:refusal:")


def change_a_byte(folder: Path) -> str:
    """Flip one bit in the middle of the largest file; give the file's name."""
    largest = max((file for file in folder.rglob("*") if file.is_file()), key=lambda file: file.stat().st_size)
    data = bytearray(largest.read_bytes())
    data[len(data) // 2] ^= 1
    largest.write_bytes(data)
    return largest.relative_to(folder).as_posix()


async def play(folder: Path) -> int:
    """Set the stage in a folder, play, and give the exit code."""
    tell = Teller()
    tell.console.print("[bold]Sovgate[/]: an order system, the gateway and a CRM, over real HTTP")
    runner, direct = await start_erp()
    try:
        setting = Setting(folder / "gateway", direct)
        async with running(setting) as gateway, aiohttp.ClientSession() as session:
            tell.say(f"order system {direct}   gateway {gateway.url}/erp   policies in policies/", "dim")
            demo = Demo(tell, Crm(session, direct, f"{gateway.url}/erp", setting.issuer), gateway, folder)
            await demo.play()
    finally:
        await runner.cleanup()
    return tell.verdict()


def main() -> int:
    """Read the arguments and play."""
    parser = argparse.ArgumentParser(
        description="An order system, the gateway and a CRM: shows and checks what crosses."
    )
    parser.add_argument(
        "--keep", metavar="DIR", type=Path, help="keep what was made here (default: a temporary folder)"
    )
    asked = parser.parse_args()
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="sovgate-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        parser.error(f"{folder} is not empty")
    code = asyncio.run(play(folder.resolve()))
    print(f"Marked documents, audit log, configuration and state: {folder}")
    return code


if __name__ == "__main__":
    sys.exit(main())

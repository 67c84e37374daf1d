"""What the dry run says is what the proxy did: a live gateway's capture, put through again, gives its log once more."""

from __future__ import annotations

import json
import shutil

import aiohttp
from aiohttp import web
from capture_kit import read
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from dryrun_kit import PLANTED, inline, order
from gate_kit import SHIPPED
from live import make_house, running, system, token, until

from gateway.audit.entry import encode
from gateway.audit.show import Filter, published_size, show
from gateway.dryrun.flows import Assumed
from gateway.dryrun.run import DryRun
from gateway.dryrun.tally import Tally
from gateway.policy.load import load
from gateway.storage.folder import Folder
from gateway.storage.policy_folder import read_folder
from gateway.workbench import Workbench

KEY = X25519PrivateKey.from_private_bytes(b"d" * 32)
ASKED = (
    ("GET", "/api/orders", None),
    ("GET", "/api/orders/1", None),
    ("GET", "/api/customers/C-PLANTED-17", None),
    ("GET", "/api/nowhere", None),
    ("POST", "/api/orders", {"id": "1", "customer": {"id": "C-PLANTED-17", "phone": "***5678"}}),
    ("POST", "/api/orders", {"surprise": 1}),
    ("PATCH", "/api/orders/1", {"status": "closed"}),
)


async def erp(request: web.Request) -> web.Response:
    if request.path == "/api/orders" and request.method == "GET":
        return web.json_response({"count": 2, "value": [order(), order("C-2", note="secret")]})
    if request.path.startswith("/api/customers"):
        return web.json_response(
            {"id": "C-PLANTED-17", "email": "zephyrine@planted.example", "birth_date": "1988-04-12"}
        )
    return web.json_response(order())


def told(entry: dict) -> dict:
    """What both logs must say alike of a leg."""
    fields = sorted(
        (field["pointer"], field.get("treatment", ""), tuple(field.get("rules", ())), field["count"])
        for decided in entry.get("decided", ())
        for field in decided.get("fields", ())
    )
    return {
        "kind": entry["kind"],
        "operation": entry.get("operation", ""),
        "verdict": entry["verdict"],
        "refusal": entry.get("refusal", ""),
        "reasons": entry.get("reasons", []),
        "body": entry.get("body"),
        "fields": fields,
    }


async def test_the_dry_run_of_a_live_capture_gives_the_log_of_the_proxy(tmp_path):
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "captures.pub").write_bytes(public)
    private = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "captures.key").write_bytes(private)
    policies = shutil.copytree(SHIPPED, tmp_path / "policies")
    async with system(erp) as upstream, aiohttp.ClientSession() as client:
        house = make_house(tmp_path, policies, upstream, "capture: {folder: captures, key: captures.pub}\n")
        with running(house) as gateway:
            assert house.sovgate("passport", "grant", "C-2", "contact").returncode == 0
            for method, target, body in ASKED:
                headers = {"Authorization": f"Bearer {token()}"}
                async with client.request(method, f"{gateway.data}/erp{target}", json=body, headers=headers) as answer:
                    await answer.read()
        files = Folder(house.log)
        await until(lambda: published_size(files) > 0)
        live = [shown.payload for shown in show(files, Filter(), published_size(files))]
    flows = [entry for entry in live if entry["kind"] in {"intent", "outcome", "refusal"}]
    captured = [
        one for path in sorted((tmp_path / "captures").glob("*.sovcap")) for one in read(path.read_bytes(), [KEY])
    ]
    assert len(captured) == len(ASKED)
    loaded = load(read_folder(policies))
    run = DryRun(Workbench(loaded, inline), Assumed(), Tally(loaded))
    dry = []
    for one in captured:
        judged = await run.take("captures", one)
        dry += [json.loads(encode(entry)) for entry in judged.trial.entries]
    assert [told(entry) for entry in dry] == [told(entry) for entry in flows]
    assert {entry["verdict"] for entry in dry} == {"allow", "refuse"}
    done = house.sovgate("dry-run", str(tmp_path / "captures"), "--key", str(tmp_path / "captures.key"), "-o", "json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["flows"], said["refused"]) == (0, len(ASKED), 3), done.stderr
    assert [value for value in PLANTED if value.lower() in done.stdout.lower()] == []
    emails = {
        row["treatment"]: row["count"] for row in said["fields"]["rows"] if row["pointer"] == "/value/*/customer/email"
    }
    assert emails == {"keep": 1, "mask": 1}
    with_passports = house.sovgate(
        "dry-run", str(tmp_path / "captures"), "--key", str(tmp_path / "captures.key"), "--passports", "-o", "json"
    )
    again = json.loads(with_passports.stdout)
    assert (again["fields"], again["facts"]) == (said["fields"], "as the gateway's passports have them now")

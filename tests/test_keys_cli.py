"""`sovgate keys` as people use it: on real folders, with the log that tells of it, and beside a gateway that runs."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import subprocess
import sys
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from joserfc import jwe
from joserfc.jwk import OctKey
from jwcrypto.jwk import JWK
from live import House, make_house, running, system, token, until
from test_cli import sovgate

from gateway.cli import key_desk
from gateway.cli.account import account
from gateway.cli.house import open_providers
from gateway.config import load
from gateway.custody.opening import open_chest
from gateway.custody.smith import Smith

KEY = b"k" * 32
CONFIG = """version: 1
listen: {host: 127.0.0.1, port: 0}
admin: {host: 127.0.0.1, port: 0}
policies: policies
state: state
systems:
  erp: {at: /erp, upstream: "http://127.0.0.1:1"}
identity:
  development: {system: crm}
keys: {passphrase: {file: passphrase}}
"""
CATALOGUE = """version: 1
catalog: erp
operations:
  read-customer: {request: "GET /api/customers/{customer}", response: customer}
messages:
  customer: {format: json, customer: {path: customer}, unlisted: keep, fields: {$.email: user.contact.email}}
"""
POLICY = """version: 1
policy: sales
scope: {from: crm, to: erp, operations: read-customer}
allow: true
protect:
  - {classes: user.contact, leg: response, treatment: encrypt}
"""


def write(folder: Path, config: str = CONFIG) -> House:
    for name, text in (
        ("gateway.yaml", config),
        ("passphrase", "base64:" + b64encode(KEY).decode()),
        ("policies/sales.yaml", POLICY),
        ("policies/catalog/erp.yaml", CATALOGUE),
        ("policies/catalog/crm.yaml", "version: 1\ncatalog: crm\n"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "passphrase").chmod(0o600)
    return House(folder)


@pytest.fixture
def house(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOVGATE_KEYS_PASSPHRASE", raising=False)
    return write(tmp_path)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A house in which C-1 has keys."""
    made = write(tmp_path_factory.mktemp("begun"))
    assert sovgate("keys", "create", "C-1", "-c", str(made.config)).code == 0
    return made


@pytest.fixture
def used(begun, tmp_path, monkeypatch):
    """A copy of it, in the working directory."""
    shutil.copytree(begun.folder, tmp_path / "used")
    monkeypatch.chdir(tmp_path / "used")
    return House(tmp_path / "used")


@pytest.fixture
def two(used, monkeypatch):
    """A house in which destroying and handing out take two; gives a way to become somebody."""
    config = Path("gateway.yaml")
    config.write_text(CONFIG.replace("keys: {", "keys: {approve: [destroy, export], "))
    return lambda name: monkeypatch.setattr(key_desk, "account", lambda: name)


def keys(*arguments):
    return sovgate("keys", *arguments)


def versions(customer="C-1"):
    said = keys("list", customer, "-o", "json")
    assert said.code == 0, said.err
    return json.loads(said.out)["versions"]


def told():
    """The changes that the log tells of, in their order."""
    said = sovgate("audit", "show", "--kind", "key", "-o", "json")
    return [json.loads(line)["key"] for line in said.out.splitlines()]


def everything(folder):
    return b"".join(path.read_bytes() for path in [Path(folder), *Path(folder).rglob("*")] if path.is_file())


# -- what it does --------------------------------------------------------------------------------------------------


def test_each_action_is_in_the_log_under_pseudonyms_and_the_log_is_sound(house):
    customer = "the-customer-to-find"
    Path("own.key").write_text(b64encode(os.urandom(32)).decode())
    public = X25519PrivateKey.generate().public_key()
    Path("own.pub").write_text(JWK.from_pyca(public).export_public())
    for arguments in (
        ("create", customer),
        ("import", customer, "--key", "own.key", "--purpose", "billing"),
        ("import", customer, "--public", "own.pub"),
        ("rotate", customer, "--all-purposes"),
        ("revoke", customer, "1", "--yes"),
        ("export", customer, "--to", "theirs.json"),
        ("rotate", "--wrapping"),
        ("destroy", customer, "--yes"),
    ):
        said = keys(*arguments)
        assert said.code == 0, (arguments, said)
    actions = ["created", "imported", "imported", "rotated", "revoked", "exported", "rewrapped", "destroyed"]
    changes = told()
    assert [change["action"] for change in changes] == actions
    whose = {change["customer"] for change in changes if change["action"] != "rewrapped"}
    assert len(whose) == 1
    assert whose.pop().startswith("c_")
    assert {change["by"][:2] for change in changes} == {"o_"}
    assert len(changes[-1]["thumbprints"]) == 8
    log = everything("state/audit")
    assert customer.encode() not in log
    assert account().encode() + b'"' not in log
    assert sovgate("audit", "verify").code == 0
    assert customer.encode() not in everything("state/custody")


def test_the_log_is_searched_by_customer_and_by_who_did_it(house, monkeypatch):
    monkeypatch.setattr(key_desk, "account", lambda: "ann")
    keys("create", "C-1")
    keys("create", "C-2")
    found = sovgate("audit", "show", "--kind", "key", "--customer", "C-1")
    assert found.out.count("created: 3 versions, by o_") == 1
    assert sovgate("audit", "show", "--operator", "ann", "--kind", "key").out.count("created") == 2
    assert sovgate("audit", "show", "--operator", "bob").code == 1


def test_no_key_is_ever_printed(house):
    said = [keys("create", "C-1"), keys("list", "C-1"), keys("list", "C-1", "-o", "json"), keys("rotate", "C-1")]
    said.append(keys("export", "C-1", "--to", "theirs.json", "-o", "json"))
    secrets = [key["k"] for key in json.loads(Path("theirs.json").read_text())["keys"]]
    assert len(secrets) == 2
    printed = "".join(one.out + one.err for one in said)
    assert not [secret for secret in secrets if secret in printed]
    assert not [secret for secret in secrets if secret.encode() in everything("state")]
    assert b64encode(KEY).decode() not in printed


def test_what_is_handed_out_only_its_owner_may_read_and_nothing_is_overwritten(used):
    assert keys("export", "C-1", "--to", "theirs.json").out == "C-1: 1 key in theirs.json\n"
    assert Path("theirs.json").stat().st_mode & 0o777 == 0o600
    before = Path("theirs.json").read_bytes()
    again = keys("export", "C-1", "--to", "theirs.json")
    assert (again.code, again.err) == (2, "theirs.json: File exists\n")
    assert Path("theirs.json").read_bytes() == before
    assert keys("export", "C-1", "--to", "nowhere/theirs.json").code == 2
    assert [change["action"] for change in told()] == ["created", "exported"]


def test_a_key_that_a_customer_brings_is_the_one_that_they_are_handed(house):
    brought = os.urandom(32)
    jwk = {"kty": "oct", "k": urlsafe_b64encode(brought).decode().rstrip("=")}
    Path("own.jwk").write_text(json.dumps(jwk))
    assert keys("import", "C-1", "--key", "own.jwk", "--purpose", "billing").code == 0
    keys("export", "C-1", "--to", "theirs.json")
    (handed,) = json.loads(Path("theirs.json").read_text())["keys"]
    assert (handed["k"], handed["purpose"]) == (jwk["k"], "billing")


@pytest.mark.parametrize(
    ("form", "key"), [("hpke", X25519PrivateKey.generate()), ("jwe", generate_private_key(SECP256R1()))]
)
def test_a_public_key_is_taken_for_its_form(house, form, key):
    Path("own.pub").write_bytes(JWK.from_pyca(key.public_key()).export_to_pem())
    assert keys("import", "C-1", "--public", "own.pub", "--form", form).code == 0
    assert [(one["kind"], one["state"]) for one in versions()] == [(f"seal/{form}", "current")]


def test_a_rotation_makes_new_versions_and_leaves_pseudonyms(used):
    assert keys("rotate", "C-1").out == "C-1: 2 new versions\n"
    states = [(one["kind"], one["state"]) for one in versions()]
    assert states == [
        ("data", "older"),
        ("pseudonym", "current"),
        ("vault", "older"),
        ("data", "current"),
        ("vault", "current"),
    ]


def test_a_destroyed_customer_has_no_name_any_more_and_gets_new_keys_from_a_person_only(used):
    handle = json.loads(keys("list", "-o", "json").out)[0]["handle"]
    keys("destroy", "C-1", "--yes")
    (there,) = json.loads(keys("list", "-o", "json").out)
    assert (there["handle"], there["customer"], there["state"]) == (handle, None, "destroyed")
    assert keys("list", "C-1").code == 1
    assert keys("create", "C-1").code == 0
    assert json.loads(keys("list", "C-1", "-o", "json").out)["handle"] == handle


def test_somebody_has_to_type_the_name_of_what_can_t_be_undone(used, monkeypatch):
    for typed in ("C-2\n", "y\n", ""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        said = keys("destroy", "C-1")
        assert said.code == 1
        assert "C-1: this destroys 3 keys and 0 tokens of the vault" in said.err
    monkeypatch.setattr(sys, "stdin", io.StringIO("C-1\n"))
    assert keys("destroy", "C-1").out == "C-1: destroyed; nothing of theirs opens any more\n"


@pytest.mark.parametrize("name", ["-x", "Müller & Söhne", "客户", "../../x", "'; DROP TABLE", "🙂" * 256])
def test_a_customer_may_be_called_anything(house, name):
    assert keys("create", "--", name).code == 0
    said = keys("list", "-o", "json")
    assert json.loads(said.out)[0]["customer"] == name
    for listed in (keys("list"), keys("list", "--", name), keys("destroy", "--yes", "--", name)):
        assert listed.code == 0, listed


def test_a_list_of_many_is_one_line_each_or_one_json_array(house):
    chest = open_chest(
        house.folder / "state/custody", open_providers(load(house.config, {})), load(house.config, {}).keys.custody
    )
    with chest.store.writing():
        one = chest.provider("file").wrap(bytearray(32), b"h")
        for number in range(2500):
            chest.store.add_customer(f"{number:016}", f"C-{number}", "file", one, "", 1)
    chest.close()
    assert len(keys("list").out.splitlines()) == 2500
    said = json.loads(keys("list", "-o", "json").out)
    assert [one["customer"] for one in said] == [f"C-{number}" for number in range(2500)]


def test_an_empty_list_is_a_list(house):
    assert (keys("list").out, keys("list", "-o", "json").out) == ("", "[]\n")


# -- two people ----------------------------------------------------------------------------------------------------


def test_what_takes_two_waits_for_the_second(two):
    two("ann")
    said = keys("destroy", "C-1", "--yes")
    assert said.code == 1
    assert "a second person has to agree within 7 days: sovgate keys approve 1" in said.out
    again = keys("destroy", "C-1", "--yes", "-o", "json")
    assert (again.code, json.loads(again.out)) == (1, {"action": "destroy", "customer": "C-1", "waits": 1})
    assert len(versions()) == 3
    own = keys("approve", "1", "--yes")
    assert (own.code, own.err) == (1, "it takes a second person: ann asked for this\n")
    two("bob")
    assert "1  destroy  C-1  asked by ann" in keys("approve").out
    assert keys("approve", "1", "--yes").code == 0
    assert keys("list", "C-1").code == 1
    change = told()[-1]
    assert change["action"] == "destroyed"
    assert change["by"] != change["approved"]
    assert keys("approve", "1", "--yes").err == "nothing waits under the number 1\n"
    assert keys("approve").out == "nothing waits for a second person\n"


def test_keys_are_handed_out_by_two_into_the_second_one_s_file(two):
    two("ann")
    assert keys("export", "C-1", "--to", "a.json").code == 1
    assert not Path("a.json").exists()
    two("bob")
    assert keys("approve", "1").code == 2
    assert keys("approve", "1", "--to", "b.json").code == 0
    assert len(json.loads(Path("b.json").read_text())["keys"]) == 1


def test_a_wish_is_dropped_by_either_and_forgotten_in_a_week(two, monkeypatch):
    two("ann")
    keys("destroy", "C-1", "--yes")
    assert keys("approve", "1", "--drop").out == "destroy C-1: dropped\n"
    assert keys("approve", "-o", "json").out == "[]\n"
    keys("destroy", "C-1", "--yes")
    week = key_desk.now() + 7 * 86_400 * 10**9 + 1
    monkeypatch.setattr(key_desk, "now", lambda: week)
    two("bob")
    assert keys("approve", "2", "--yes").code == 1
    assert len(versions()) == 3


def test_a_destruction_leaves_nothing_that_waits_for_the_same_customer(two):
    two("ann")
    keys("export", "C-1", "--to", "a.json")
    keys("destroy", "C-1", "--yes")
    two("bob")
    keys("approve", "2", "--yes")
    assert keys("approve", "-o", "json").out == "[]\n"
    assert b"C-1" not in everything("state/custody")


def test_who_somebody_is_comes_from_the_system_and_not_from_the_environment(house):
    program = "from gateway.cli.account import account; print(account())"
    environment = {**os.environ, "LOGNAME": "bob", "USER": "bob", "SUDO_USER": "bob", "LNAME": "bob"}

    def login():
        Path("/proc/self/loginuid").write_text("54321")

    def asked(**more):
        command = [sys.executable, "-c", program]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, **more
        ).stdout.strip()

    assert asked() == account() != "bob"
    try:
        assert asked(preexec_fn=login) == "uid 54321"
    except subprocess.SubprocessError:
        pytest.skip("this system doesn't say who logged in")


# -- what can't be -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ("list nobody", 1, "this customer has no keys"),
        ("rotate nobody", 1, "this customer has no keys"),
        ("rotate C-1 --purpose other", 1, "this customer has no keys for that purpose"),
        ("revoke C-1 99 --yes", 1, "this customer has no key version 99"),
        ("revoke C-1 0 --yes", 2, "x>=1"),
        ("revoke C-1 99999999999999999999999 --yes", 1, "no key version"),
        ("destroy nobody --yes", 1, "this customer has no keys"),
        ("export nobody --to x.json", 1, "this customer has no keys"),
        ("approve 7", 1, "nothing waits under the number 7"),
        ("rotate", 2, "name a customer, or --wrapping"),
        ("rotate C-1 --wrapping", 2, "name a customer, or --wrapping"),
        ("rotate C-1 --all-purposes --purpose x", 2, "only one of"),
        ("import C-1", 2, "name one file: --key or --public"),
        ("import C-1 --key absent", 2, "No such file"),
        ("import C-1 --key passphrase", 2, "passphrase: neither a JWK of the kind oct nor base64"),
        ("import C-1 --key gateway.yaml", 2, "gateway.yaml: neither a JWK of the kind oct nor base64"),
        ("import C-1 --key short", 2, "short: a key has 32 bytes"),
        ("import C-1 --key /dev/zero", 2, "longer than any key"),
        ("import C-1 --public short", 2, "neither PEM nor a JWK"),
        ("import C-1 --public short --purpose x", 2, "for all purposes"),
        ("create", 2, "Missing argument 'CUSTOMER'"),
        ("create ''", 2, "no message could name this customer"),
        ("create \x1b[31m", 2, "no message could name this customer"),
        ("create C\t1", 2, "no message could name this customer"),
        ("create " + "x" * 257, 2, "no message could name this customer"),
    ],
)
def test_what_can_t_be_is_told_and_changes_nothing(used, arguments, code, says):
    Path("short").write_text("c2hvcnQ=")
    before = everything("state/custody/keys.sqlite")
    said = keys(*[word.strip("'") for word in arguments.split(" ")])
    assert (said.code, says in said.err) == (code, True), said
    assert "Traceback" not in said.err
    assert everything("state/custody/keys.sqlite") == before


def test_a_wrong_passphrase_a_damaged_file_and_no_passphrase_are_told(used):
    kek = Path("state/custody/kek.json")
    good = kek.read_bytes()
    Path("passphrase").write_text("base64:" + b64encode(b"x" * 32).decode())
    said = keys("list")
    assert said.code == 2
    assert said.err == "state/custody/kek.json: the key is wrong, or the file is damaged\n"
    write(used.folder)
    kek.write_bytes(good[:-20])
    assert "damaged" in keys("list").err
    kek.write_bytes(good)
    kek.chmod(0o644)
    assert "others may read or change it: chmod go= it" in keys("list").err
    kek.chmod(0o600)
    Path("gateway.yaml").write_text(CONFIG.replace("keys: {passphrase: {file: passphrase}}\n", ""))
    said = keys("list")
    assert (said.code, said.err.startswith("nothing protects customers' keys: set SOVGATE_KEYS_PASSPHRASE")) == (
        2,
        True,
    )


def test_another_passphrase_protects_the_same_keys(used):
    before = versions()
    Path("new").write_text("another passphrase\n")
    assert keys("passphrase", "--new", "new").code == 0
    assert keys("list").err == "state/custody/kek.json: protected by a passphrase, and a key is given\n"
    Path("new").replace("passphrase")
    Path("passphrase").chmod(0o600)
    assert versions() == before
    Path("empty").write_text("\n")
    assert keys("passphrase", "--new", "empty").err == "the passphrase of the keys is empty\n"
    assert versions() == before


@pytest.mark.parametrize("mode", [0o644, 0o602])
def test_a_passphrase_that_anybody_may_read_or_change_protects_nothing(house, mode):
    Path("passphrase").chmod(mode)
    said = keys("list")
    assert said.code == 2
    assert "anybody on this machine may read or change the file of the passphrase [SG513]" in said.err
    Path("passphrase").chmod(0o640)
    assert keys("list").code == 0


def test_where_the_log_can_t_be_written_nothing_is_handed_out_and_what_was_done_is_told_later(used):
    size = next(Path("state/audit").rglob("*.log"), None) or Path("state/audit")
    audit = Path("state/audit")
    audit.rename("state/elsewhere")
    audit.write_text("no folder")
    said = keys("export", "C-1", "--to", "theirs.json")
    assert said.code == 2, size
    assert "nothing is handed out" in said.err
    assert not Path("theirs.json").exists()
    audit.unlink()
    Path("state/elsewhere").rename(audit)
    assert keys("create", "C-2").code == 0
    assert [change["action"] for change in told()] == ["created", "exported", "created"]


# -- a gateway that runs -------------------------------------------------------------------------------------------


async def asked(gateway, path="/erp/api/customers/C-1"):
    headers = {"Authorization": f"Bearer {token()}"}
    async with aiohttp.ClientSession() as session, session.get(gateway.data + path, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


def jwks(path):
    return json.loads(Path(path).read_text())


async def answer(request):
    return web.json_response({"email": "ann@example.com"})


async def test_people_s_work_is_in_force_at_once_in_a_gateway_that_runs(tmp_path):
    write(tmp_path)
    async with system(answer) as upstream:
        house = make_house(tmp_path, tmp_path / "policies", upstream)
        with running(house) as gateway:
            first = (await asked(gateway))[1]["email"]
            async with aiohttp.ClientSession() as session, session.get(gateway.admin + "/readyz") as ready:
                shown = (await ready.json())["keys"]
            assert shown == {"tenant": "sovgate", "provider": "file", "cache_seconds": 300.0}
            assert await asyncio.to_thread(house.sovgate, "keys", "rotate", "C-1", "--all-purposes") is not None
            second = (await asked(gateway))[1]["email"]
            out = str(tmp_path / "theirs.json")
            exported = await asyncio.to_thread(house.sovgate, "keys", "export", "C-1", "--to", out)
            assert exported.returncode == 0, exported.stderr
            handed = {key["kid"]: OctKey.import_key(key) for key in jwks(out)["keys"]}
            opened = [
                json.loads(jwe.decrypt_compact(one, lambda o: handed[o.headers()["kid"].split(".")[1]]).plaintext)
                for one in (first, second)
            ]
            assert opened == ["ann@example.com"] * 2
            assert len({one.split(".")[0] for one in (first, second)}) == 2
            destroyed = await asyncio.to_thread(house.sovgate, "keys", "destroy", "C-1", "--yes")
            assert destroyed.returncode == 0, destroyed.stderr
            status, problem = await asked(gateway)
            assert (status, problem.get("type")) == (403, "urn:sovgate:refusal:keys-missing"), problem
            await asyncio.to_thread(house.sovgate, "keys", "create", "C-1", "--purpose", "order-fulfilment")
            assert (await asked(gateway))[0] == 200
            gateway.process.terminate()
            await until(lambda: gateway.process.poll() is not None)
    verified = house.sovgate("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    shown = house.sovgate("audit", "show", "--kind", "key", "-o", "json").stdout.splitlines()
    actions = [json.loads(line)["key"]["action"] for line in shown]
    assert actions == ["rotated", "exported", "destroyed", "created"]


def test_what_a_killed_command_did_is_told_when_the_gateway_starts(tmp_path):
    write(tmp_path)
    house = make_house(tmp_path, tmp_path / "policies", "http://127.0.0.1:1")
    settings = load(house.config, {})
    chest = open_chest(settings.state / "custody", open_providers(settings), settings.keys.custody)
    worker = Smith(chest, "ann", 1_763_900_000_000_000_000)
    worker.create("C-1", None)
    worker.destroy("C-1")
    chest.close()
    with running(house):
        pass
    shown = house.sovgate("audit", "show", "--kind", "key", "-o", "json").stdout.splitlines()
    assert [json.loads(line)["key"]["action"] for line in shown] == ["created", "destroyed"]
    assert b'"C-1"' not in everything(settings.state)

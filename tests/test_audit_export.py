"""A package for a court: a BagIt bag that other tools take, certified, stamped, and without what wasn't asked for."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import bagit
import pytest
from evidence_kit import Evidence, made, run, sovgate, typed
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey
from witness_kit import Authority

from gateway.cli.audit_certificate import CERTIFICATE, STAMP
from gateway.cli.house import open_keys
from gateway.storage.bag import bag
from gateway.storage.parcel import parcel

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    folder = tmp_path_factory.mktemp("attested")
    found = made(folder / "gateway", 150)
    found.attest(folder)
    return found


@pytest.fixture(scope="module")
def package(evidence, tmp_path_factory):
    """What is exported of one customer."""
    out = tmp_path_factory.mktemp("exported") / "package"
    said = export(evidence, out, "--customer", "C-40")
    assert said.code == 0, said.err
    assert said.out == f"{out}: 2 entries\n"
    return out


def export(evidence: Evidence, out: Path, *words):
    return sovgate("audit", "export", out, *words, "-c", evidence.folder / "gateway.yaml")


def entries(package):
    return sorted(int(path.stem) for path in (package / "data" / "entries").glob("*.jws"))


def files(package):
    return [path for path in package.rglob("*") if path.is_file()]


def copied(package, tmp_path):
    return Path(shutil.copytree(package, tmp_path / "copy"))


def test_bagit_takes_it_whole(package):
    said = subprocess.run(
        [sys.executable, "-m", "bagit", "--validate", package], capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr
    bag = bagit.Bag(str(package))
    assert (bag.version_info, bag.encoding, sorted(bag.algorithms)) == ((1, 0), "UTF-8", ["sha256", "sha512"])
    sizes = [path.stat().st_size for path in package.rglob("*") if path.is_file() and "data" in path.parts]
    assert bag.info["Payload-Oxum"] == f"{sum(sizes)}.{len(sizes)}"


def test_bagit_sees_a_file_that_was_changed(package, tmp_path):
    copy = copied(package, tmp_path)
    (copy / "data" / "README.txt").write_bytes(b"")
    with pytest.raises(bagit.BagError):
        bagit.Bag(str(copy)).validate()


def key_of(package):
    """Read the log's key as securesystemslib holds it, from the bag's own JWK set."""
    (jwk,) = json.loads((package / "data/keys/keys.jwks").read_text())["keys"]
    public = base64.urlsafe_b64decode(jwk["x"] + "=").hex()
    return SSlibKey(jwk["kid"], "ed25519", "ed25519", {"public": public})


def test_securesystemslib_takes_the_certificate(package):
    envelope = Envelope.from_dict(json.loads((package / "certificate.dsse.json").read_text()))
    key = key_of(package)
    assert list(envelope.verify([key], 1)) == [key.keyid]
    assert envelope.payload_type == "application/vnd.in-toto+json"
    said = json.loads(envelope.payload)
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert sorted(one["name"] for one in said["subject"]) == [
        "bag-info.txt", "bagit.txt", "manifest-sha256.txt", "manifest-sha512.txt",
    ]  # fmt: skip
    for one in said["subject"]:
        done = run(f"sha256sum {one['name']}; sha512sum {one['name']}", package)
        assert [line.split()[0] for line in done.stdout.splitlines()] == [
            one["digest"]["sha256"],
            one["digest"]["sha512"],
        ]
    assert (said["predicate"]["entries"], said["predicate"]["size"]) == (2, 301)
    envelope.payload = envelope.payload.replace(b'"entries":2', b'"entries":3')
    with pytest.raises(VerificationError):
        envelope.verify([key], 1)


def test_openssl_takes_the_certificate_s_time_stamp(evidence, tmp_path):
    authority = Authority(evidence.folder.parent / "authority")

    async def exported():
        async with authority.serve() as url:
            config = evidence.folder / "moved.yaml"
            config.write_text(re.sub(r"timestamps: {url: '[^']+'", f"timestamps: {{url: '{url}'", configured(evidence)))
            return await asyncio.to_thread(sovgate, "audit", "export", tmp_path / "p", "--flow", "f149", "-c", config)

    assert asyncio.run(exported()).code == 0
    command = f"openssl ts -verify -in {STAMP} -data {CERTIFICATE} -CAfile data/keys/timestamps.pem"
    assert run(command, tmp_path / "p").returncode == 0
    assert sovgate("audit", "verify-proof", tmp_path / "p").code == 0
    rewritten(tmp_path / "p" / "bag-info.txt", b"f149", b"f148")
    assert sovgate("audit", "verify-proof", tmp_path / "p").code == 1


def configured(evidence):
    return (evidence.folder / "gateway.yaml").read_text()


def test_where_timestamps_are_required_nothing_is_exported_without(evidence, tmp_path):
    config = evidence.folder / "required.yaml"
    config.write_text(configured(evidence).replace("timestamps: {", "timestamps: {required: true, "))
    said = sovgate("audit", "export", tmp_path / "p", "--flow", "f149", "-c", config)
    assert (said.code, said.err) == (2, "the authority can't be reached: ClientConnectorError\n")
    assert list(tmp_path.iterdir()) == []


def test_only_what_was_asked_for_is_in_it(evidence, package):
    assert entries(package) == [80, 82]
    names = open_keys(evidence.settings).pseudonyms
    theirs, others = names.customer("C-40"), names.customer("C-100")
    everything = b"".join(path.read_bytes() for path in package.rglob("*") if path.is_file())
    decoded = b"".join(path.read_bytes() for path in package.glob("data/entries/*.json"))
    assert (theirs.encode() in decoded, b"C-40" in everything) == (True, False), "people go by their pseudonyms"
    assert others.encode() not in everything
    assert b"f100" not in decoded
    assert f"Asked for: customer {theirs}" in (package / "data/README.txt").read_text()


def test_the_tiles_that_the_proofs_need_are_there(package, evidence):
    tiles = {
        path.relative_to(package / "data/log").as_posix()
        for path in (package / "data/log").rglob("*")
        if path.is_file()
    }
    assert {"checkpoint", "tile/0/000", "tile/0/001.p/45"} <= tiles
    for tile in tiles - {"checkpoint"}:
        assert (package / "data/log" / tile).read_bytes() == (evidence.log / tile).read_bytes()
    assert not any("entries" in tile for tile in tiles)


def test_a_zip_is_the_same_package_and_holds_too(evidence, package, tmp_path):
    assert export(evidence, tmp_path / "p.zip", "--customer", "C-40").code == 0
    said = sovgate("audit", "verify-proof", tmp_path / "p.zip")
    assert said.code == 0, said.err
    assert "certified by a key of the log" in said.out
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        assert sorted(archive.namelist()) == sorted(str(path.relative_to(package)) for path in files(package))


def test_however_much_there_is_memory_stays_bounded():
    with bag(Nowhere()) as one:
        tracemalloc.start()
        for n in range(5000):
            one.put(f"entries/{n}.jws", b"entry")
        one.manifests()
        one.close()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert one.files == 5000
    assert most < 400_000  # manifests of these 5,000 files are three times as much


class Nowhere:
    """Takes files, and keeps nothing."""

    def put(self, path, data):
        pass

    def open(self, path):
        return Path(os.devnull).open("wb")


def test_it_holds(package, evidence):
    said = sovgate("audit", "verify-proof", package, "--jwks", evidence.log / "keys.jwks")
    assert said.code == 0, said.err
    assert "holds: 2 entries of the log sovgate, which had 301" in said.out
    assert "cosigned by witness.example.com/w1" in said.out


def test_the_commands_of_the_readme_work(package, tmp_path):
    data = copied(package, tmp_path) / "data"
    commands = typed((data / "README.txt").read_text())
    assert len(commands) == 6
    for command in commands:
        done = run(command, data)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    assert run("sha256sum -c manifest-sha256.txt", package).returncode == 0


def test_a_package_whose_certificate_was_taken_away_is_said_to_have_none(package, tmp_path):
    copy = copied(package, tmp_path)
    for path in copy.glob("certificate*"):
        path.unlink()
    for path in copy.glob("tagmanifest-*"):
        path.write_text("".join(line for line in path.read_text().splitlines(True) if "certificate" not in line))
    said = sovgate("audit", "verify-proof", copy, "-o", "json")
    found = json.loads(said.out)
    assert (said.code, found["certified"]) == (0, False)
    assert "no certificate" in found["notes"][-1]


def instead(path, make):
    path.unlink()
    make(path)


def rewritten(path, before, after):
    data = path.read_bytes()
    assert before in data
    path.write_bytes(data.replace(before, after))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda p: (p / "data/entries/80.json").write_bytes(b"{}"), "data/entries/80.json: it is not what it was"),
        (lambda p: (p / "data/entries/80.jws").unlink(), "data/entries/80.jws: missing"),
        (lambda p: (p / "data/entries/7.json").write_bytes(b"{}"), "data/entries/7.json: not in manifest"),
        (lambda p: rewritten(p / "bag-info.txt", b"customer", b"operator"), "bag-info.txt: it is not what it was"),
        (
            lambda p: rewritten(p / "certificate.dsse.json", b'"payload": "', b'"payload": "A'),
            "certificate.dsse.json: ",
        ),
        (lambda p: (p / "certificate.dsse.json").write_bytes(b"[]"), "no DSSE envelope"),
        (lambda p: (p / "certificate.dsse.json.tsr").write_bytes(b""), "certificate.dsse.json.tsr: no timestamp"),
        (lambda p: (p / "manifest-sha512.txt").unlink(), "manifest-sha512.txt: missing"),
        (lambda p: rewritten(p / "manifest-sha256.txt", b"  data/check.py", b"  data/../../x"), "no manifest"),
        (lambda p: (p / "bagit.txt").write_bytes(b"BagIt-Version: 0.97\n"), "no BagIt bag of version 1.0"),
        (lambda p: (p / "certificate.dsse.json").unlink(), "certificate.dsse.json: missing"),
        (lambda p: os.mkfifo(p / "data/entries/7.jws"), "data/entries/7.jws: not in manifest"),
        (lambda p: instead(p / "data/check.py", os.mkfifo), "data/check.py: not a file"),
        (lambda p: instead(p / "manifest-sha256.txt", os.mkfifo), "manifest-sha256.txt: not a file"),
        (lambda p: instead(p / "data/README.txt", lambda at: at.symlink_to("/dev/zero")), "README.txt: not a file"),
        (lambda p: os.truncate(p / "data/check.py", 1 << 40), "data/check.py: 1099511627776 bytes"),
        (lambda p: instead(p / "data/entries/80.jws", Path.mkdir), "data/entries/80.jws: missing"),
    ],
)
def test_a_package_that_was_tampered_with_does_not_hold(package, tmp_path, harm, said):
    copy = copied(package, tmp_path)
    harm(copy)
    found = sovgate("audit", "verify-proof", copy)
    assert found.code == 1
    assert said in found.err


def test_a_manifest_that_was_made_anew_is_not_the_certified_one(package, tmp_path):
    copy = copied(package, tmp_path)
    (copy / "data/README.txt").write_bytes(b"nothing to see here")
    bag = bagit.Bag(str(copy))
    bag.save(manifests=True)
    bag.validate()
    (copy / "bagit.txt").write_bytes((package / "bagit.txt").read_bytes())
    found = sovgate("audit", "verify-proof", copy)
    assert (found.code, "it is not what it was when this was made" in found.err) == (1, True)


def test_what_exists_is_left_alone_and_nothing_half_stays(evidence, package, tmp_path):
    before = sorted(package.rglob("*"))
    assert export(evidence, package, "--flow", "f1").code == 2
    assert sorted(package.rglob("*")) == before
    assert export(evidence, tmp_path / "none", "--flow", "f9999").code == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["p", "p.zip"])
def test_a_crash_leaves_nothing_under_the_final_name(tmp_path, name):
    program = (
        "import os, sys; from pathlib import Path; from gateway.storage.parcel import parcel\n"
        "with parcel(Path(sys.argv[1])) as put:\n    put.put('a/b', b'x'); os._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path / name], check=False, env=os.environ)
    assert done.returncode == 9
    assert not (tmp_path / name).exists()
    with parcel(tmp_path / name) as put:
        put.put("a/b", b"x")
    assert (tmp_path / name).exists()


def test_without_keys_it_is_uncertified_and_says_so(evidence, tmp_path):
    said = sovgate("audit", "export", tmp_path / "p", "--log", evidence.log, "--flow", "f1", "--uncertified")
    assert (said.code, said.out) == (0, f"{tmp_path}/p: 2 entries, without a certificate\n")
    assert not (tmp_path / "p" / "certificate.dsse.json").exists()
    assert "It has no certificate" in (tmp_path / "p" / "data" / "README.txt").read_text()
    bagit.Bag(str(tmp_path / "p")).validate()
    assert sovgate("audit", "verify-proof", tmp_path / "p").code == 0


def test_a_whole_log_can_be_exported(evidence, tmp_path):
    assert export(evidence, tmp_path / "p").out == f"{tmp_path}/p: 301 entries\n"
    bagit.Bag(str(tmp_path / "p")).validate()
    assert entries(tmp_path / "p") == list(range(301))

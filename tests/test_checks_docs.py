"""Every code has its page, and every page tells the truth: its wrong example gives the code, its right one nothing."""

from __future__ import annotations

import asyncio
import io
import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from checks_pages import CHECKS, INDEX, files, index, page, report, tell

from gateway.attestation.credentials import read_credentials
from gateway.cli.checking import check_folder
from gateway.cli.forms.finding import Checked, Level
from gateway.cli.locating import open_whereabouts
from gateway.cli.testing import Wanted, run_folder
from gateway.config import load as load_config
from gateway.config.settings import NetworkSettings
from gateway.errors import FaultyFiles, Place, Problem
from gateway.faults import Fault
from gateway.identity.jwks import read_key_set
from gateway.policy.compile import RuleBook
from gateway.proxy.logs import make_log
from gateway.storage.policy_folder import read_folder
from gateway.yamlsource import LARGEST, parse

PAGES = sorted(CHECKS.glob("SG*.md"))
SHOWN = [path for path in PAGES if page(path).wrong]
"""Pages whose examples are written files; the others are about what no file shows."""


@pytest.mark.parametrize("fault", Fault)
def test_every_code_has_a_page_under_its_words(fault):
    assert page(CHECKS / f"{fault}.md").title == f"# {fault}: {fault.means}"


def test_every_page_has_a_code():
    assert {path.stem for path in PAGES} == set(Fault)


def test_the_index_lists_every_code():
    assert INDEX.read_text(encoding="utf-8").endswith(index()), "run: python tests/checks_pages.py"


def test_the_files_of_the_examples_are_fine_by_themselves():
    assert report({}) == ""


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_says_what_it_means_and_why_it_matters(path):
    read = page(path)
    assert len(read.meaning.split()) > 5
    assert len(read.why.split()) > 5
    assert bool(read.wrong) == bool(read.right)


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.stem)
def test_the_wrong_example_gives_exactly_this_code_as_the_page_shows_it(path):
    read = page(path)
    assert {finding.code for finding in tell(read.wrong)} == {path.stem}
    assert report(read.wrong) == read.told, "run: python tests/checks_pages.py"


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.stem)
def test_the_right_example_gives_nothing(path):
    assert report(page(path).right) == ""


# -- what no file shows --------------------------------------------------------------------------------------------


def missing(folder: Path) -> None:
    read_folder(folder / "polices")


def empty(folder: Path) -> None:
    read_folder(folder)


def crowded(folder: Path) -> None:
    for number in range(10_001):
        (folder / f"{number}.yaml").touch()
    read_folder(folder)


def large(folder: Path) -> None:
    parse("sales.yaml", b" " * (LARGEST + 1))


def half_a_flag(folder: Path) -> None:
    (folder / "gateway.yaml").write_text("version: 1\npolicies: p\nstate: s\nsystems: {}\nidentity: {}")
    load_config(folder / "gateway.yaml", {}, {"listen": "8080"})


def symmetric(folder: Path) -> None:
    read_key_set(example(Fault.BAD_KEY_SET, "Wrong"), "keys.json")


CASE = page(CHECKS / "SG634.md").right["tests/orders.yaml"].decode().partition("\n")[2]


def run_cases(folder: Path, cases: str, wanted: Wanted) -> None:
    """Run cases in the folder of the examples, and raise what is told of them as errors."""
    for name, data in {**files(INDEX.read_text(encoding="utf-8")), "tests/orders.yaml": cases.encode()}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    told = asyncio.run(_checked(folder, wanted))
    found = [finding for one in told for finding in one.findings if finding.level is Level.ERROR]
    raise FaultyFiles(
        Problem(one.place or Place("", 1, 1), one.message, one.hint, code=Fault(one.code)) for one in found
    )


async def _checked(folder: Path, wanted: Wanted) -> list[Checked]:
    return list((await run_folder(folder, wanted)).checked())


def example(fault: Fault, part: str) -> bytes:
    text = (CHECKS / f"{fault}.md").read_text(encoding="utf-8")
    return re.search(rf"## {part}\n.*?```json\n(.*?)```", text, re.DOTALL)[1].encode()


def broken_gate(folder: Path) -> None:
    def stumble(self: object, now: int) -> None:
        raise ZeroDivisionError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RuleBook, "windows_at", stumble)
        run_cases(folder, CASE, Wanted())


def two_goldens(folder: Path) -> None:
    more = CASE.replace("id: 7,", "id: 8,").replace("Sales", "Sales again").partition("list:\n")[2]
    text = (CASE + more).replace("fields: {$.customer.id: pseudonymise}", "file: order.json")
    run_cases(folder, text, Wanted(update=True))


def in_the_way(folder: Path) -> None:
    (folder / "tests" / "order.json").mkdir(parents=True)
    run_cases(folder, CASE.replace("fields: {$.customer.id: pseudonymise}", "file: order.json"), Wanted(update=True))


def little_reached(folder: Path) -> None:
    run_cases(
        folder,
        CASE.replace("customer: {id: C-1}", "price: 1").replace("$.customer.id: pseudonymise", "$.price: keep"),
        Wanted(coverage=90),
    )


def unread_key(folder: Path) -> None:
    text = (CHECKS / f"{Fault.BAD_CREDENTIAL}.md").read_text(encoding="utf-8")
    wrong, right = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(read_credentials("authenticators.yaml", right.encode())) == 1
    read_credentials("authenticators.yaml", wrong.encode())


def no_database(folder: Path) -> None:
    (folder / "asn.mmdb").write_bytes(b"no database")
    asyncio.run(_located(folder / "asn.mmdb"))


async def _located(path: Path) -> None:
    async with AsyncExitStack() as stack:
        await open_whereabouts(NetworkSettings(databases=(path,)), str, make_log(io.BytesIO()), stack)


OTHERWISE = {
    Fault.BAD_CREDENTIAL: unread_key,
    Fault.BAD_DATABASE: no_database,
    Fault.CASE_BROKE: broken_gate,
    Fault.TWO_GOLDENS: two_goldens,
    Fault.NOT_WRITTEN: in_the_way,
    Fault.COVERAGE_TOO_LOW: little_reached,
    Fault.UNREADABLE: missing,
    Fault.NO_FILES: empty,
    Fault.TOO_MANY_FILES: crowded,
    Fault.TOO_LARGE: large,
    Fault.BAD_LISTENER: half_a_flag,
    Fault.BAD_KEY_SET: symmetric,
}


@pytest.mark.parametrize("fault", OTHERWISE)
def test_what_no_file_shows_is_told_as_its_page_says(fault, tmp_path):
    with pytest.raises(FaultyFiles) as raised:
        OTHERWISE[fault](tmp_path)
    (told,) = [problem for problem in raised.value.problems if problem.code == fault]
    page_ = (CHECKS / f"{fault}.md").read_text(encoding="utf-8")
    assert f"error: {told.message} [{fault}]" in page_
    assert told.hint in page_


def test_every_page_is_tried_in_one_way_or_the_other():
    assert {path.stem for path in SHOWN} | set(OTHERWISE) == set(Fault)


def test_the_key_set_put_right_is_taken():
    assert read_key_set(example(Fault.BAD_KEY_SET, "Right"), "keys.json").keys


def test_nothing_can_be_told_without_a_code():
    place = parse("f.yaml", b"a: 1").place
    with pytest.raises(TypeError, match="code"):
        Problem(place, "something is wrong")


def test_codes_are_grouped_and_never_given_twice():
    assert all(re.fullmatch(r"SG[0-7][0-9]{2}", fault) for fault in Fault)
    assert len({fault.means for fault in Fault}) == len(Fault) == len(Fault.__members__)
    assert check_folder(Path(), {}).findings[0].code == Fault.NOTHING_ALLOWED

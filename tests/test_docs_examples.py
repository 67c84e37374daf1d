"""Every example in the docs is tried: files load, commands print what is shown, befores become afters."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from docs_pages import Page, Reading, alike, commands, read
from keys_kit import subject

from gateway.catalog.classes import CLASSES
from gateway.custody.memory import MemoryCustody
from gateway.errors import SovgateError
from gateway.formats.document import Signal
from gateway.policy.load import load
from gateway.tokens import shapes
from gateway.treatments.lattice import join
from gateway.treatments.registry import TREATMENTS, build

ROOT = Path(__file__).parent.parent
OFFICER = ROOT / "docs" / "officer"
EDITIONS = (OFFICER, OFFICER / "zh-CN")
PAGES = [read(path) for path in (*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").rglob("*.md")))]
# test_checks_docs.py tries the pages of codes. The Chinese README has the English one's commands, which start servers.
TRIED = [
    page for page in PAGES if page.runs and page.path.parent.name != "checks" and page.path.name != "README.zh-CN.md"
]
PAIRS = [
    (read(page), read(OFFICER / "zh-CN" / page.name))
    for page in sorted(OFFICER.glob("*.md"))
    if page.name != "classes.md"
]
PAIRS.append((read(ROOT / "README.md"), read(ROOT / "README.zh-CN.md")))


def _name(page: Any) -> str:
    return str(page.path.relative_to(ROOT)) if isinstance(page, Page) else ""


@pytest.mark.parametrize("page", TRIED, ids=_name)
def test_the_examples_of_a_page_do_what_the_page_says(page, tmp_path):
    Reading(page, tmp_path).run()


def test_every_page_for_officers_is_among_those_that_are_tried():
    tried = {page.path for page in TRIED}
    assert {folder / name for folder in EDITIONS for name in ("guide.md", "examples.md", "workbench.md")} <= tried


@pytest.mark.parametrize("page", [page for page in PAGES if "officer" in page.path.parts], ids=_name)
def test_no_block_of_an_officers_page_goes_untried(page):
    loose = [block.line for block in page.blocks if block.info[:1] in {("yaml",), ("json",)} and len(block.info) < 2]
    assert loose == []


# -- treatments

PUBLIC = X25519PrivateKey.generate().public_key()
SIGNALS = {
    "(gone)": Signal.REMOVE,
    "(refused)": Signal.REFUSE,
    "\uff08\u6d88\u5931\uff09": Signal.REMOVE,  # the same in Chinese, with its wide brackets
    "\uff08\u62d2\u7edd\uff09": Signal.REFUSE,
}
_ROW = re.compile(r"^\| (?P<options>[^|]*?) ?\| (?P<before>`[^`]*`) \| (?P<after>[^|]+) \|$")
_OPTION = re.compile(r"`(\w+): ([^`]+)`")


def rows_of(folder: Path) -> list[tuple[str, str, str, str]]:
    """Give every before and after of the treatments' page: treatment, options, before, after."""
    found, treatment = [], ""
    for line in (folder / "treatments.md").read_text().splitlines():
        treatment = line.removeprefix("## ") if line.startswith("## ") else treatment
        row = _ROW.match(line)
        if row and treatment in TREATMENTS:
            found.append((treatment, row["options"], row["before"], row["after"].strip()))
    return found


@pytest.mark.parametrize(("treatment", "options", "before", "after"), [row for e in EDITIONS for row in rows_of(e)])
def test_a_treatment_makes_of_a_value_what_its_page_shows(treatment, options, before, after):
    given = {name: yaml.safe_load(value) for name, value in _OPTION.findall(options)}
    value = json.loads(before.strip("`"), parse_float=Decimal)
    custody = MemoryCustody()
    for form in ("hpke", "jwe"):
        custody.register("C-017", PUBLIC, form)
    made = build(treatment, given).apply(value, subject("C-017", custody=custody))
    if treatment in {"tokenise", "encrypt", "seal"} and value is not None:
        begins = re.match(r'`("?)([^`]+)`', after)
        assert str(made).startswith(begins[2])
        assert isinstance(made, str if begins[1] else int)
        assert shapes.is_token(str(made))
        length = int(re.search(r"[0-9]+", after[begins.end() :])[0])
        assert len(str(made)) - len(begins[2]) == pytest.approx(length, abs=0 if treatment == "tokenise" else 50)
    elif treatment == "pseudonymise" and not isinstance(value, bool | None):
        shape = r"pn_[\w-]{22}" if isinstance(value, str) else "[0-9]{16}"
        assert re.fullmatch(shape, str(made))
        assert re.search("22|16", after)
    elif after in SIGNALS:
        assert made is SIGNALS[after]
    else:
        expected = json.loads(after.strip("`"), parse_float=Decimal)
        assert (made, type(made)) == (expected, type(expected))


@pytest.mark.parametrize("folder", EDITIONS, ids=lambda folder: folder.name)
def test_every_treatment_has_its_section_and_every_option_is_explained(folder):
    text = (folder / "treatments.md").read_text()
    sections = dict(zip(*(iter(re.split(r"^## (.+)\n", text, flags=re.MULTILINE)[1:]),) * 2, strict=True))
    assert list(TREATMENTS) == [name for name in sections if name in TREATMENTS]
    for name, kind in TREATMENTS.items():
        words = set(re.findall(r"`(\w+)", sections[name]))
        needed = {*kind.OPTIONS, *(choice for option in kind.OPTIONS.values() for choice in option.choices)}
        assert needed <= words, name
        assert f"](#{name})" in text
    assert len(rows_of(folder)) > 3 * len(TREATMENTS)


def test_both_editions_show_the_same_values():
    english, chinese = ([row[:3] for row in rows_of(folder)] for folder in EDITIONS)
    assert english == chinese


# -- the guide's tables


def _treatment(cell: str) -> Any:
    name, *options = re.findall(r"`([^`]+)`", cell)
    return build(name, {k: v for o in options for k, v in yaml.safe_load(f"{{{o}}}").items()})


@pytest.mark.parametrize("folder", EDITIONS, ids=lambda folder: folder.name)
def test_restrictions_add_up_as_the_guide_says(folder):
    text = (folder / "guide.md").read_text()
    rows = re.findall(r"^\| (`(?:mask|generalise|redact)`.*?) \| (`\w+`.*?) \| (`\w+`.*?) \|$", text, re.MULTILINE)
    assert len(rows) == 5
    for one, other, both in rows:
        # What is said of the result in words comes after its code.
        a, b, together = map(_treatment, (one, other, re.match(r"`[^`]+`(, `[^`]+`)*", both)[0]))
        assert join(a, b) == join(b, a) == together, (one, other)


@pytest.mark.parametrize("folder", EDITIONS, ids=lambda folder: folder.name)
def test_every_condition_of_the_guide_loads_where_it_may_stand(folder):
    text = (folder / "guide.md").read_text()
    table = re.search(r"## 9\..*?(\n\|.*?)\n\n", text, re.DOTALL)[1]
    examples = [row.split(" | ")[1].strip("` ") for row in table.strip().splitlines()[2:]]
    assert len(examples) == 10
    crm, tms = (f"version: 1\ncatalog: {name}\n" for name in ("crm", "tms"))
    erp = (
        "version: 1\ncatalog: erp\noperations: {read-order: {request: GET /o, response: o}, "
        "photo-a: {request: GET /p, response: o}}\nmessages: {o: {format: json, fields: {$.mail: user.contact}}}\n"
    )
    consents = "version: 1\nconsents: {contact: {wording: x}}\n"
    for example in examples:
        unless = example.startswith("unless")
        beside = example if unless else f"{example}, unless: {{operator: {{role: x}}}}"
        rule = f"version: 1\npolicy: p\nallow: true\nprotect: [{{classes: user, treatment: mask, {beside}}}]\n"
        files = {"catalog/crm.yaml": crm, "catalog/tms.yaml": tms, "catalog/erp.yaml": erp, "consents.yaml": consents}
        load({name: data.encode() for name, data in {**files, "p.yaml": rule}.items()})


# -- classes


def test_every_class_has_its_labels_in_both_languages():
    text = (OFFICER / "classes.md").read_text()
    rows = re.findall(r"^\| `([a-z_.]+)` \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    assert sorted(key for key, *_ in rows) == sorted(CLASSES)
    for key, english, chinese in rows:
        assert english.isascii(), key
        assert re.search("[\u4e00-\u9fff]|Cookie", chinese), key
    for column in (1, 2):
        assert len({row[column] for row in rows}) == len(rows), "two classes share a label"


# -- editions


def _bare(block: Any) -> object:
    """Give what a block comes to without its comments, titles and wordings."""
    if block.info[:1] == ("yaml",):
        return _without(yaml.safe_load(block.text), ("title", "wording"))
    return re.sub(r"\s+#.*$", "", block.text, flags=re.MULTILINE)


def _without(value: Any, keys: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _without(member, keys) for key, member in value.items() if key not in keys}
    return [_without(member, keys) for member in value] if isinstance(value, list) else value


def _same(block: Any) -> bool:
    """Tell whether a block is for programs: drawings and words may differ from edition to edition."""
    return bool(block.info)


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=_name)
def test_both_editions_have_the_same_sections(english, chinese):
    assert english.headings == chinese.headings


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=_name)
def test_both_editions_have_the_same_code(english, chinese):
    one, other = ([block for block in page.blocks if _same(block)] for page in (english, chinese))
    assert [block.info for block in one] == [block.info for block in other]
    assert [block.note for block in one] == [block.note for block in other]
    for a, b in zip(one, other, strict=True):
        assert _bare(a) == _bare(b), f"{english.path.name}:{a.line}, {chinese.path.name}:{b.line}"


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=_name)
def test_both_editions_lead_to_each_other_and_have_the_same_tables(english, chinese):
    there, back = (chinese.path.relative_to(english.path.parent), english.path.name)
    assert f"]({there})" in english.text
    assert re.search(rf"\]\([./]*{re.escape(back)}\)", chinese.text)
    tables = [len(re.findall(r"^\|", page.prose, re.MULTILINE)) for page in (english, chinese)]
    assert tables[0] == tables[1]


# -- the way that pages are read


def test_a_console_is_commands_with_what_they_print():
    text = "$ sovgate check  # look\nfine\n$ sovgate test \\\n    policies\n...\n"
    assert list(commands(text)) == [("sovgate check", "fine\n"), ("sovgate test     policies", "...\n")]


@pytest.mark.parametrize(
    ("shown", "said", "same"),
    [
        ("fine", "fine\n", True),
        ("fine", "not fine", False),
        ("a ... c", "a b c", True),
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("a\n...", "b", False),
    ],
)
def test_three_dots_stand_for_anything(shown, said, same):
    assert alike(shown, said) is same


@pytest.mark.parametrize(
    "broken",
    [
        "```yaml policies/x.yaml\nversion: 1\npolicy: x\n```\n",
        '```json erp-answers\n{"a": 1}\n```\n```json crm-gets\n{"a": 2}\n```\n',
        "```console\n$ sovgate check nowhere\n```\n",
    ],
)
def test_a_page_that_says_something_wrong_fails(broken, tmp_path):
    guide = read(OFFICER / "guide.md")
    page = Page(guide.path, "\n".join(f"```{' '.join(b.info)}\n{b.text}```" for b in guide.blocks[:5]) + f"\n{broken}")
    with pytest.raises((AssertionError, SovgateError)):
        Reading(page, tmp_path).run()

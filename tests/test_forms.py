"""What was checked, in the forms that other programs read: each valid, and safe with whatever stands in a message."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.cli.forms.clean import relative, uri
from gateway.cli.forms.data import finding_data
from gateway.cli.forms.finding import Checked, Finding, Level
from gateway.cli.forms.github import github
from gateway.cli.forms.junit import junit
from gateway.cli.forms.sarif import Explained, sarif
from gateway.cli.forms.text import coloured, counted, plural, text
from gateway.errors import Place, Second

ROOT = Path("/house")
LINE = "  - {classes: user.contact, treatmint: mask}"
PLACE = Place("policies/a b.yaml", 7, 29, LINE, 9)
ERROR = Finding(Level.ERROR, "SG101", 'unknown key "treatmint"', PLACE, 'did you mean "treatment"?')
DOUBT = Finding(
    Level.WARNING,
    "SG416",
    "adds nothing",
    Place("p.yaml", 2, 1),
    also=Second("the other is here", Place("q.yaml", 1, 1)),
)
BARE = Finding(Level.ERROR, "newly-exposed", "business.price: 3 flows")
NOTE = Finding(Level.NOTE, "SG427", "only observes", Place("p.yaml", 1, 9, "policy: 客户", 2))
CHECKED = [
    Checked("policies", "policies/a b.yaml", (ERROR, DOUBT), 0.25),
    Checked("policies", "fine.yaml"),
    Checked("week.har", "flow 3", (BARE,)),
    Checked("policies", "p.yaml", (NOTE,)),
]
TEXTS = st.text(st.characters(), max_size=30)
PLACES = st.builds(Place, TEXTS.map(lambda t: f"f{t}"), st.integers(1, 9), st.integers(1, 9), TEXTS, st.integers(0, 9))
FINDINGS = st.builds(
    Finding,
    st.sampled_from(Level),
    TEXTS,
    TEXTS,
    st.none() | PLACES,
    TEXTS,
    st.none() | st.builds(Second, TEXTS, PLACES),
)
ANY = st.lists(st.builds(Checked, TEXTS, TEXTS, st.lists(FINDINGS, max_size=3).map(tuple)), max_size=4)


# -- text


def test_text_reads_as_a_compiler_writes():
    assert text([ERROR, DOUBT]) == (
        'policies/a b.yaml:7:29: error: unknown key "treatmint" [SG101]\n'
        "      - {classes: user.contact, treatmint: mask}\n"
        "                                ^^^^^^^^^\n"
        '    hint: did you mean "treatment"?\n'
        "\n"
        "p.yaml:2:1: warning: adds nothing [SG416]\n"
        "    q.yaml:1:1: the other is here\n"
    )
    assert text([]) == ""


def test_what_is_meant_is_underlined_where_a_terminal_shows_it():
    *_, line, underline = text([NOTE]).splitlines()
    assert (line, underline) == ("    policy: 客户", "            ^^^^")


def test_findings_are_counted_in_words():
    assert counted(finding for one in CHECKED for finding in one.findings) == "2 errors, 1 warning, 1 note"
    assert (counted([]), plural(1, "policy"), plural(1000, "policy")) == ("", "1 policy", "1,000 policies")


class Terminal(StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "expected"),
    [
        (Terminal(), {}, True),
        (StringIO(), {}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
    ],
)
def test_colour_is_for_terminals_whose_owner_wants_it(monkeypatch, stream, environment, expected):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert coloured(stream) is expected


def test_colour_changes_nothing_else():
    shown = text([ERROR, DOUBT, NOTE], colour=True)
    assert "\x1b[" in shown
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == text([ERROR, DOUBT, NOTE])


# -- junit

ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "time", "tests", "failures", "errors", "skipped"},
    "testcase": {"name", "time", "classname"},
    "failure": {"message", "type"},
    "system-out": set(),
}
"""What GitLab's reader, Jenkins' schema (junit-10.xsd) and pytest's all know; nothing else is written."""
WITHIN = {
    "testsuites": ["testsuite"], "testsuite": ["testcase"], "testcase": ["failure", "system-out"],
    "failure": [], "system-out": [],
}  # fmt: skip


def valid(document: str) -> etree._Element:
    """Read a document, which must be of the shape that all readers share."""
    root = etree.fromstring(document.encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.attrib) == ATTRIBUTES[element.tag]
        assert all(child.tag in WITHIN[element.tag] for child in element)
        assert re.fullmatch(r"[0-9]+\.[0-9]{3}", element.get("time", "0.000"))
        if element.tag == "testcase":
            tags = [child.tag for child in element]
            assert tags == sorted(set(tags))
        if element.tag == "testsuite":
            assert int(element.get("tests")) == len(element)
            assert int(element.get("failures")) == len(element.findall("testcase/failure"))
    return root


def test_junit_has_a_case_for_each_thing_looked_at():
    root = valid(junit(CHECKED, "sovgate check"))
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in root] == [
        ("policies", "3", "1"),
        ("week.har", "1", "1"),
    ]
    assert (root.get("name"), root.get("tests"), root.get("failures"), root.get("errors")) == (
        "sovgate check", "4", "2", "0",
    )  # fmt: skip
    first = root[0][0]
    assert (first.get("classname"), first.get("name"), first.get("time")) == ("policies", "policies/a b.yaml", "0.250")
    failure, output = first
    assert (failure.get("message"), failure.get("type"), failure.text) == (ERROR.message, "SG101", text([ERROR]))
    assert (output.tag, output.text) == ("system-out", text([DOUBT]))


def test_a_case_has_one_failure_however_many_errors():
    (suite,) = valid(junit([Checked("g", "n", (ERROR, BARE, ERROR))], "s"))
    (failure,) = suite[0]
    assert failure.get("message").endswith("(and 2 more)")
    assert failure.text.count(": error: unknown key") == 2


@given(ANY)
def test_junit_can_be_read_whatever_a_message_holds(checked):
    valid(junit(checked, "x"))


# -- sarif

REQUIRED = {
    "log": ({"$schema", "version", "runs"}, set()),
    "run": ({"tool", "columnKind", "results"}, set()),
    "driver": ({"name", "version", "rules"}, set()),
    "rule": ({"id", "shortDescription"}, {"help"}),
    "result": (
        {"ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"},
        {"relatedLocations"},
    ),
    "region": ({"startLine", "startColumn", "endColumn"}, {"snippet"}),
}
"""Of the SARIF 2.1.0 schema, which allows no other properties, those that we write: always, and sometimes."""


def shaped(kind: str, value: dict) -> None:
    must, may = REQUIRED[kind]
    assert must <= value.keys() <= must | may, kind


def checked_sarif(document: str) -> dict:
    """Read a log, which must be of the shape that the standard gives it."""
    log = json.loads(document)
    shaped("log", log)
    (run,) = log["runs"]
    shaped("run", run)
    assert (log["version"], run["columnKind"]) == ("2.1.0", "unicodeCodePoints")
    driver = run["tool"]["driver"]
    shaped("driver", driver)
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        shaped("rule", rule)
        assert rule["id"]
        assert rule.get("help", {"text": "x"})["text"]
    prints = [result["partialFingerprints"]["sovgate/v1"] for result in run["results"]]
    assert len(prints) == len(set(prints))
    for result in run["results"]:
        shaped("result", result)
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        for location in (*result["locations"], *result.get("relatedLocations", ())):
            if "physicalLocation" in location:
                physical = location["physicalLocation"]
                assert set(physical) == {"artifactLocation", "region"}
                assert re.fullmatch(r"[A-Za-z0-9_.~/%:-]+", physical["artifactLocation"]["uri"])
                shaped("region", physical["region"])
                assert physical["region"]["endColumn"] > physical["region"]["startColumn"] >= 1
            else:
                assert set(location["logicalLocations"][0]) == {"name", "fullyQualifiedName"}
    return run


def test_sarif_tells_what_is_meant_and_why_it_matters():
    rules = {"SG101": Explained("an unknown key", "# SG101\n")}
    run = checked_sarif(sarif(CHECKED, version="1.2.3", rules=rules, root=ROOT))
    assert run["tool"]["driver"]["version"] == "1.2.3"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["SG101", "SG416", "SG427", "newly-exposed"]
    assert run["tool"]["driver"]["rules"][0]["help"] == {"text": "# SG101\n", "markdown": "# SG101\n"}
    error, doubt, bare, note = run["results"]
    assert error["message"]["text"] == 'unknown key "treatmint"\nhint: did you mean "treatment"?'
    assert error["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 7, "startColumn": 29, "endColumn": 38, "snippet": {"text": LINE},
    }  # fmt: skip
    assert doubt["relatedLocations"][0]["message"]["text"] == "the other is here"
    assert bare["locations"] == [{"logicalLocations": [{"name": "flow 3", "fullyQualifiedName": "week.har/flow 3"}]}]
    assert note["level"] == "note"


def test_a_fingerprint_stays_when_lines_are_added_above_and_tells_two_alike_apart():
    def prints(*places: Place) -> list[str]:
        found = tuple(Finding(Level.ERROR, "SG101", "m", place) for place in places)
        run = checked_sarif(sarif([Checked("g", "n", found)], version="1"))
        return [result["partialFingerprints"]["sovgate/v1"] for result in run["results"]]

    before, after = Place("a.yaml", 7, 3, "alow: true"), Place("a.yaml", 9, 3, "alow: true")
    assert prints(before) == prints(after)
    assert len(set(prints(before, after))) == 2
    assert prints(before) != prints(Place("b.yaml", 7, 3, "alow: true"))


@given(ANY)
def test_sarif_keeps_its_shape_whatever_a_message_holds(checked):
    checked_sarif(sarif(checked, version="1", root=ROOT))


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("/house/policies/a b.yaml", "policies/a%20b.yaml"),
        ("/house/客户.yaml", "%E5%AE%A2%E6%88%B7.yaml"),
        ("/house/c:d#e?.yaml", "c%3Ad%23e%3F.yaml"),
        ("/elsewhere/x.yaml", "file:///elsewhere/x.yaml"),
        ("/house/a/../b.yaml", "b.yaml"),
        ("/house/\udcff.yaml", "%FF.yaml"),
    ],
)
def test_files_are_named_from_where_one_stands(file, expected):
    assert uri(file, ROOT) == expected
    if "\udcff" not in file:
        assert unquote(expected).removeprefix("file://") == relative(file, ROOT)


# -- github


def test_github_gets_a_command_for_each_finding():
    first = "::error file=policies/a b.yaml,line=7,col=29,endColumn=38,title=SG101::"
    assert github(CHECKED, root=Path.cwd()).splitlines() == [
        f'{first}unknown key "treatmint"%0Ahint: did you mean "treatment"?',
        "::warning file=p.yaml,line=2,col=1,endColumn=2,title=SG416::adds nothing%0Aq.yaml:1: the other is here",
        "::error title=newly-exposed::week.har flow 3: business.price: 3 flows",
        "::notice file=p.yaml,line=1,col=9,endColumn=11,title=SG427::only observes",
    ]


def test_what_ends_a_command_is_escaped():
    finding = Finding(Level.ERROR, "a:b,c", "100%\r\n::error::forged", Place("x,y:z.yaml", 1, 1))
    assert github([Checked("g", "n", (finding,))], root=Path.cwd()) == (
        "::error file=x%2Cy%3Az.yaml,line=1,col=1,endColumn=2,title=a%3Ab%2Cc::100%25\ufffd%0A::error::forged\n"
    )


@given(ANY)
def test_no_message_ends_its_command(checked):
    lines = github(checked, root=ROOT).split("\n")
    assert len(lines) - 1 == sum(len(one.findings) for one in checked)
    assert all(re.match(r"::(error|warning|notice)[ :]", line) for line in lines[:-1])
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", "".join(lines))


# -- json


def test_json_gives_every_part_of_a_finding():
    assert finding_data(ERROR) == {
        "level": "error", "code": "SG101", "file": "policies/a b.yaml", "line": 7, "column": 29, "end_column": 38,
        "text": LINE, "message": 'unknown key "treatmint"', "hint": 'did you mean "treatment"?',
    }  # fmt: skip
    assert finding_data(DOUBT)["also"] == {
        "what": "the other is here", "file": "q.yaml", "line": 1, "column": 1, "end_column": 2, "text": "",
    }  # fmt: skip
    assert "file" not in finding_data(BARE)

"""SARIF 2.1.0 (OASIS), for code scanning: each finding a result, each code a rule that explains itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import orjson

from gateway.cli.forms.clean import clean, uri
from gateway.cli.forms.finding import Checked, Finding
from gateway.errors import Place

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


@dataclass(frozen=True, slots=True)
class Explained:
    """What a code means: `title` in a line, `page` as Markdown, as long as it takes."""

    title: str
    page: str = ""


_NOTHING: Mapping[str, Explained] = {}


def sarif(
    checked: Iterable[Checked], *, version: str, rules: Mapping[str, Explained] = _NOTHING, root: Path | None = None
) -> str:
    """Write a log of one run, as JSON text.

    `rules` explain codes; one that isn't explained is a rule by its name alone. `root` is the folder that files are
    named from (None: the working directory); a file outside it has an absolute URI. Columns count code points.
    """
    base = root or Path.cwd()
    found = [(one, finding) for one in checked for finding in one.findings]
    codes = sorted({_code(finding) for _, finding in found})
    seen: Counter[str] = Counter()
    run = {
        "tool": {
            "driver": {
                "name": "sovgate",
                "version": version,
                "rules": [_rule(code, rules.get(code)) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, finding, codes, base, seen) for one, finding in found],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return orjson.dumps(log, option=orjson.OPT_INDENT_2).decode() + "\n"


def _code(finding: Finding) -> str:
    """Give what a rule is called."""
    return clean(finding.code) or "none"


def _rule(code: str, explained: Explained | None) -> dict[str, object]:
    """Give a `reportingDescriptor` (section 3.49)."""
    if explained is None:
        return {"id": code, "shortDescription": {"text": code}}
    return {
        "id": code,
        "shortDescription": {"text": explained.title},
        "help": {"text": explained.page or explained.title, "markdown": explained.page or explained.title},
    }


def _result(one: Checked, finding: Finding, codes: list[str], base: Path, seen: Counter[str]) -> dict[str, object]:
    """Give a `result` (section 3.27); what has no place in a file is named by what was looked at."""
    code = _code(finding)
    told = clean(f"{finding.message}\nhint: {finding.hint}" if finding.hint else finding.message)
    return {
        "ruleId": code,
        "ruleIndex": codes.index(code),
        "level": finding.level.value,
        "message": {"text": told},
        "locations": [_location(one, finding, base)],
        **_related(finding, base),
        "partialFingerprints": {"sovgate/v1": _fingerprint(one, finding, base, seen)},
    }


def _related(finding: Finding, base: Path) -> dict[str, object]:
    """Give the second place of a finding (section 3.27.22), where it has one."""
    if finding.also is None:
        return {}
    physical = _physical(finding.also.place, base)
    return {"relatedLocations": [{"physicalLocation": physical, "message": {"text": clean(finding.also.what)}}]}


def _location(one: Checked, finding: Finding, base: Path) -> dict[str, object]:
    """Give a `location` (section 3.28)."""
    if finding.place is None:
        return {"logicalLocations": [{"name": clean(one.name), "fullyQualifiedName": clean(f"{one.group}/{one.name}")}]}
    return {"physicalLocation": _physical(finding.place, base)}


def _physical(place: Place, base: Path) -> dict[str, object]:
    """Give a `physicalLocation` (section 3.29); its end column is the one behind the last that is meant."""
    region: dict[str, object] = {
        "startLine": place.line,
        "startColumn": place.column,
        "endColumn": place.column + max(place.width, 1),
    }
    if place.text:
        region["snippet"] = {"text": clean(place.text)}
    return {"artifactLocation": {"uri": uri(place.file, base)}, "region": region}


def _fingerprint(one: Checked, finding: Finding, base: Path, seen: Counter[str]) -> str:
    """Tell a finding again when lines above it have moved: by its code, its file, its line's text, and which one."""
    place = finding.place
    where = f"{one.group}\0{one.name}" if place is None else f"{uri(place.file, base)}\0{place.text.strip()}"
    print_ = sha256(clean(f"{finding.code}\0{where}").encode()).hexdigest()[:32]
    seen[print_] += 1
    return f"{print_}:{seen[print_]}"

"""Findings for programs that read JSON."""

from __future__ import annotations

from gateway.cli.forms.clean import clean
from gateway.cli.forms.finding import Finding
from gateway.errors import Place


def finding_data(finding: Finding) -> dict[str, object]:
    """Give a finding. Lines and columns count from 1; `end_column` is the one behind the last that is meant."""
    data: dict[str, object] = {"level": finding.level.value, "code": str(finding.code)}
    if finding.place is not None:
        data |= _place(finding.place)
    data |= {"message": clean(finding.message), "hint": clean(finding.hint)}
    if finding.also is not None:
        data["also"] = {"what": clean(finding.also.what), **_place(finding.also.place)}
    return data


def _place(place: Place) -> dict[str, object]:
    return {
        "file": clean(place.file),
        "line": place.line,
        "column": place.column,
        "end_column": place.column + max(place.width, 1),
        "text": clean(place.text),
    }

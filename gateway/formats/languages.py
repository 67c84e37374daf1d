"""Every query language by the name that catalogues use."""

from __future__ import annotations

from gateway.formats.odata_query import OPTIONS, Option, option_name
from gateway.formats.query_language import Language
from gateway.formats.soql import Soql

LANGUAGES: dict[str, str] = {
    "odata": "OData: this parameter and all other system query options ($filter, $orderby, $expand ...).",
    "soql": "SOQL, the queries of Salesforce.",
}
"""The names, each with a word for editors."""
IN_BODIES: dict[str, str] = {"soql": LANGUAGES["soql"]}
"""Those that a value in a body can be in; OData asks by parameters."""


def takes(language: str, parameter: str) -> bool:
    """Tell whether a parameter can be in a language."""
    return language != "odata" or option_name(parameter) in OPTIONS


def read_by(language: str, parameter: str) -> Language:
    """Give what reads a parameter."""
    return Option(option_name(parameter)) if language == "odata" else Soql()


def odata_option(parameter: str) -> str | None:
    """Give the name of the system query option that a parameter is; None where it is none."""
    name = option_name(parameter)
    return name if name in OPTIONS else None

"""Where one path serves many operations: the value of the request that names the one that is meant.

JSON-RPC and its kin (`method`, with `model` or `service` among the parameters), GraphQL (`operationName`), SOAP (the
SOAPAction header), and members such as `action`. Only words that programs use are taken, since they stand in the draft.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.discover.outline import Told
from gateway.discover.shown import digits, mostly_known
from gateway.discover.words import known, personal, words
from gateway.flow import Headers

MOST = 100
"""Operations at one path beyond which they aren't told apart."""

_METHOD = re.compile(r"[A-Za-z_][\w]{0,60}(?:[./:][A-Za-z_][\w]{0,60}){0,8}", re.ASCII)
_ACTION = re.compile(r"\"?[A-Za-z][\w./:#-]{0,200}\"?", re.ASCII)
_COMPANIONS = frozenset({"params", "jsonrpc", "id", "args", "arguments", "parameters"})
_WITHIN = ("service", "model", "method")
_ACTIONS = ("action", "command", "operation", "cmd", "op")
_YEAR = 4


def told_by(method: str, headers: Headers, body: object, told: Told = ()) -> Told:
    """Give what tells a request apart from others at its path; () where nothing does.

    `body` is what a JSON body is, `told` what one of another format says by itself.
    """
    if told:
        return told
    lines = [(name, value) for name, value in headers if name.lower() == "soapaction"]
    if len(lines) == 1 and method == "POST" and _ACTION.fullmatch(lines[0][1]) and _safe(_last(lines[0][1])):
        return (("header", lines[0][1].strip('"')),)
    if method == "GET" or not isinstance(body, dict):
        return ()
    method_ = body.get("method")
    if _COMPANIONS & body.keys() and called(method_):
        return (("$.method", str(method_)), *_inner(body.get("params")))
    if isinstance(body.get("query"), str) and called(body.get("operationName")):
        return (("$.operationName", str(body["operationName"])),)
    for name in _ACTIONS:
        value = body.get(name)
        if isinstance(value, str) and _METHOD.fullmatch(value) and _all_safe(value):
            return ((f"$.{name}", value),)
    return ()


def _inner(params: object) -> Told:
    """Give what the parameters of a remote call say of whose method it is (Odoo: model and method)."""
    if not isinstance(params, Mapping):
        return ()
    return tuple((f"$.params.{name}", params[name]) for name in _WITHIN if called(params.get(name)))


def called(value: object) -> bool:
    """Tell whether a value is the name of a method: a text made of program words."""
    return isinstance(value, str) and type(value) is str and _METHOD.fullmatch(value) is not None and _safe(value)


def _safe(text: str) -> bool:
    """Tell whether a text is made of program words: one of them known, none a person's, no long number."""
    return mostly_known(text) and not any(map(personal, words(text))) and digits(text) <= _YEAR


def _all_safe(text: str) -> bool:
    return _safe(text) and all(map(known, words(text)))


def _last(action: str) -> str:
    return re.split("[/:#]", action.strip('"'))[-1]

"""What a new deployment is asked. Each question knows which answers it takes, and says why it doesn't take others."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.catalog.names import PATTERN
from gateway.catalog.template import parse, variables
from gateway.cli.starter.quoting import MEANS_MORE
from gateway.formats import selector as selectors
from gateway.identity.purpose import is_purpose

_NAME = re.compile(PATTERN)
_LONGEST_NAME = 40
_LONGEST = 300
_PLACE = re.compile(r"\$(\.[^\W\d]\w*)+")
_VARIABLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*)\}")
_ADDRESS = re.compile(r"[A-Za-z0-9._~:/\[\]@!$&'()*+,;=-]+")


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered, checked one by one. All but the first three are unused where a catalogue is there already."""

    caller: str
    purpose: str
    upstream: str
    system: str = ""
    region: str = ""
    path: str = ""
    customer: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One question: the answer's name and option, what is asked, what is proposed, and what makes an answer good.

    `check` gives the answer as it will be written; ValueError says in plain words what is wrong with it.
    """

    name: str
    asks: str
    proposed: str
    check: Callable[[str], str]
    of_catalogue: bool = False


def checked(question: Question, text: str) -> str:
    """Check one answer. Raises ValueError."""
    text = text.strip()
    if not text:
        raise ValueError("nothing was answered")
    if len(text) > _LONGEST:
        raise ValueError(f"that is longer than {_LONGEST} characters")
    if not text.isprintable():
        raise ValueError("a character of it does not show; type it anew")
    return question.check(text)


def check_together(answers: Answers) -> None:
    """Check what only two answers together can be wrong about. Raises ValueError, which tells all of it."""
    wrong = []
    if answers.caller == answers.system:
        wrong.append(f'the caller and the system are both called "{answers.caller}"; they need two names')
    named = _VARIABLE.fullmatch(answers.customer)
    if named is not None and named[1] not in variables(parse(answers.path)):
        wrong.append(f"the path {answers.path} has no variable {answers.customer}, which was to name the customer")
    if wrong:
        raise ValueError("\n".join(wrong))


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        likely = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-0123456789")[:_LONGEST_NAME].strip("-")
        raise ValueError(
            f'"{text}" is no name: use lower-case letters, digits, hyphens and underscores, beginning with a letter'
            + (f", for example {likely}" if likely else "")
        )
    if text in MEANS_MORE:
        raise ValueError(f'some readers of YAML take "{text}" for something else than text; choose another name')
    if len(text) > _LONGEST_NAME:
        raise ValueError(f"a name has at most {_LONGEST_NAME} characters")
    return text


def _purpose(text: str) -> str:
    if not is_purpose(text):
        raise ValueError(f'"{text}" is no purpose: use lower-case letters, digits and hyphens, beginning with a letter')
    if text in MEANS_MORE:
        raise ValueError(f'some readers of YAML take "{text}" for something else than text; choose another word')
    return text


def _upstream(text: str) -> str:
    wanted = "an address is http:// or https:// with a host, for example http://127.0.0.1:9000"
    if not _ADDRESS.fullmatch(text):
        raise ValueError(f"{wanted}; characters beyond ASCII, spaces, ?, # and % can't be in it")
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:  # a port or an IPv6 address that is none
        good = False
    if not good:
        raise ValueError(wanted)
    if "@" in parts.netloc:
        raise ValueError("a name or password has no place in the address; see `credential` in the configuration")
    return text.rstrip("/")


def _path(text: str) -> str:
    template = parse(text)
    if not template[0].prefix and template[0].variable is None:
        raise ValueError("a path names something: for example /api/orders/{order}")
    return text


def _customer(text: str) -> str:
    if not (_PLACE.fullmatch(text) or _VARIABLE.fullmatch(text)):
        raise ValueError(
            "write a place in the record, such as $.customer.id, or a variable of the path, such as {customer}"
        )
    if _PLACE.fullmatch(text):
        selectors.parse(text)
    return text


def _any(text: str) -> str:
    return text


QUESTIONS = (
    Question("caller", "Which system calls? A name for it", "crm", _name),
    Question("system", "Which system is called? A name for it", "erp", _name, of_catalogue=True),
    Question("upstream", "Where that system is", "http://127.0.0.1:9000", _upstream),
    Question("region", "Where its data is stored", "eu-central", _any, of_catalogue=True),
    Question("purpose", "What the data is asked for", "order-fulfilment", _purpose),
    Question(
        "path", "A path by which one record is read, what varies in braces", "/api/orders/{order}", _path,
        of_catalogue=True,
    ),
    Question(
        "customer", "Where the customer's id is: in the record, or {in braces} in the path", "$.customer.id", _customer,
        of_catalogue=True,
    ),
)  # fmt: skip
"""In the order in which they are asked."""

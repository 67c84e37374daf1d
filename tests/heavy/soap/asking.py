"""Real SOAP clients, unchanged, driven by lines of JSON: a line in is a call, a line out is what the client gave.

python asking.py zeep|suds      in an environment of its own
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

import requests
import zeep
from lxml import etree
from suds import WebFault
from suds.client import Client
from suds.sudsobject import asdict
from suds.transport import TransportError
from zeep.helpers import serialize_object
from zeep.wsdl.attachments import MessagePack

Answer = dict[str, Any]


def plain(value: Any) -> Any:
    """Give a value as JSON that still tells its type."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, bytes):
        return f"{len(value)} bytes, {sha256(value).hexdigest()}"
    if isinstance(value, Decimal):
        return f"Decimal {value}"
    if isinstance(value, datetime | date | time | timedelta):
        return f"{type(value).__name__} {value}"
    return value


class Zeep:
    """zeep, with what its own documentation says about headers."""

    def __init__(self, wsdl: str, headers: Mapping[str, str]) -> None:

        session = requests.Session()
        session.headers.update(headers)
        session.trust_env = False
        self.client = zeep.Client(wsdl, transport=zeep.Transport(session=session))

    def location(self) -> str:
        return str(self.client.service._binding_options["address"])

    def at(self, address: str) -> None:
        """Go on at another address, as a setting of the client says."""
        name = str(next(iter(self.client.wsdl.bindings)))
        self.client.service_ = self.client.create_service(name, address)

    def call(self, operation: str, arguments: Mapping[str, Any], user: str | None) -> Answer:

        service = getattr(self.client, "service_", self.client.service)
        headers = [] if user is None else [self.client.get_element("ns0:Session")(user=user, trace="T-0")]
        try:
            made = getattr(service, operation)(**arguments, **({"_soapheaders": headers} if headers else {}))
        except zeep.exceptions.Fault as fault:
            detail = None if fault.detail is None else etree.tostring(fault.detail).decode()
            return {"fault": fault.message, "code": fault.code, "detail": detail}
        except zeep.exceptions.TransportError as error:
            return {"error": type(error).__name__, "status": error.status_code, "content": str(error.content)}
        except zeep.exceptions.Error as error:
            return {"error": type(error).__name__, "content": str(error)}
        if isinstance(made, MessagePack):
            made = made.root
        return {"result": plain(serialize_object(made, dict))}


class Suds:
    """suds-community: another parser, another way to build envelopes (1.1 only)."""

    def __init__(self, wsdl: str, headers: Mapping[str, str]) -> None:

        self.client = Client(wsdl, headers=dict(headers), cache=None, timeout=60)

    def location(self) -> str:
        return str(self.client.wsdl.services[0].ports[0].location)

    def at(self, address: str) -> None:
        self.client.set_options(location=address)

    def call(self, operation: str, arguments: Mapping[str, Any], user: str | None) -> Answer:

        def bare(value: Any) -> Any:
            if isinstance(value, list):
                return [bare(each) for each in value]
            return {str(k): bare(v) for k, v in asdict(value).items()} if hasattr(value, "__keylist__") else value

        if user is not None:
            session = self.client.factory.create("{urn:example:orders:v1}Session")
            session.user, session.trace = user, "T-0"
            self.client.set_options(soapheaders=session)
        try:
            made = getattr(self.client.service, operation)(**arguments)
        except WebFault as fault:
            return {"fault": str(fault.fault.faultstring), "code": str(fault.fault.faultcode), "detail": str(fault)}
        except TransportError as error:
            return {"error": type(error).__name__, "status": error.httpcode, "content": str(error)}
        return {"result": plain(bare(made))}


def typed(value: Any) -> Any:
    """Read arguments: {"decimal": "1.5"}, {"date": "1988-04-12"}, {"bytes": 300} are what JSON can't say."""
    if isinstance(value, list):
        return [typed(each) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"decimal"}:
        return Decimal(value["decimal"])
    if set(value) == {"date"}:
        return date.fromisoformat(value["date"])
    if set(value) == {"bytes"}:
        return bytes(range(256)) * value["bytes"]
    return {key: typed(each) for key, each in value.items()}


def main() -> None:
    kind: Any = {"zeep": Zeep, "suds": Suds}[sys.argv[1]]
    clients: dict[str, Any] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        name = asked["name"]
        try:
            if "wsdl" in asked:
                clients[name] = kind(asked["wsdl"], asked.get("headers", {}))
                said: Answer = {"location": clients[name].location()}
            else:
                if "at" in asked:
                    clients[name].at(asked["at"])
                said = clients[name].call(asked["operation"], typed(asked["arguments"]), asked.get("user"))
        except Exception as error:  # noqa: BLE001 - the other side has to be told, whatever it was
            said = {"error": type(error).__name__, "content": str(error)[:2000]}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Any bytes as what officers and operators write: all faults at once, by one kind of error, and never slowly.

What loads is what is in force: it can be made ready, and its paths be matched.
"""

from __future__ import annotations

from pathlib import Path

from harness import fuzz

from gateway.config.load import read
from gateway.errors import FaultyFiles
from gateway.policy.load import load
from gateway.regime import establish

CRM = b"version: 1\ncatalog: crm\n"
ERP = b"""version: 1
catalog: erp
operations:
  read: {request: "GET /orders/{order}", response: order}
messages:
  order: {format: json, customer: $.who, fields: {$.who: user.unique_id, $.email: user.contact.email}}
"""
POLICY = b"version: 1\npolicy: p\nscope: {from: crm, to: erp}\nallow: true\n"


def target(data: bytes) -> None:
    for files in (
        {"catalog/crm.yaml": CRM, "catalog/erp.yaml": data, "p.yaml": POLICY},
        {"catalog/crm.yaml": CRM, "catalog/erp.yaml": ERP, "p.yaml": data},
        {"catalog/crm.yaml": CRM, "catalog/erp.yaml": ERP, "p.yaml": POLICY, "consents.yaml": data},
    ):
        try:
            regime = establish(load(files))
        except FaultyFiles as error:
            check(error)
            continue
        regime.matcher.candidates("erp", "GET", ("orders", "7"), ())
    try:
        read(Path("gateway.yaml"), data, {})
    except FaultyFiles as error:
        check(error)


def check(error: FaultyFiles) -> None:
    """Check that faults are told with their places."""
    assert error.problems
    assert all(one.place.line > 0 and str(one) for one in error.problems)


if __name__ == "__main__":
    fuzz(target, "yaml")

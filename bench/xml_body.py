"""What reading, checking, treating and writing one XML body costs, beside lxml parsing, editing and writing it.

The gateway's side does all of its work: grammar, names, depth, two parsers held against each other, each record's
customer, five edits in each order by that customer's decision, unlisted places; every other byte stays. lxml's side
parses, edits in place and writes, and keeps neither quotes nor CDATA. Both take turns; the medians of many turns are
compared, in processor time of one core.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable

from lxml import etree

from gateway.formats.document import Edit, Edits
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.registry import FORMATS
from gateway.treatments.contract import Subject, Treatment
from gateway.treatments.many import all_treated
from gateway.treatments.registry import build

WANTED_MB = 30
SPACES = {"cbc": "urn:example:components:basic", "cac": "urn:example:components:aggregate"}
TREATED = (
    "cac:AccountingCustomerParty/cbc:Name",
    "cac:AccountingCustomerParty/cac:Contact/cbc:ElectronicMail",
    "cac:AccountingCustomerParty/cac:Contact/cbc:Telephone",
    "cac:AccountingCustomerParty/cac:PostalAddress/cbc:StreetName",
    "cac:AccountingCustomerParty/cac:PostalAddress/cbc:PostalZone",
)
FIELDS = (
    *TREATED,
    *("cbc:ID", "cbc:IssueDate", "cbc:InvoiceTypeCode", "cbc:DocumentCurrencyCode", "cac:OrderReference"),
    "cac:AccountingCustomerParty/cbc:CustomerAssignedAccountID",
    "cac:AccountingCustomerParty/cac:PostalAddress/cbc:CityName",
    *("cac:InvoiceLine", "cac:LegalMonetaryTotal"),
)
CUSTOMER = "cac:AccountingCustomerParty/cbc:CustomerAssignedAccountID"
ORDER = """\
  <cac:Invoice>
    <cbc:ID>INV-2026-{0:06}</cbc:ID>
    <cbc:IssueDate>2026-11-23</cbc:IssueDate>
    <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>
    <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
    <cac:OrderReference><cbc:ID>SO-2026-{0:06}</cbc:ID></cac:OrderReference>
    <cac:AccountingCustomerParty>
      <cbc:CustomerAssignedAccountID>C-{1:03}</cbc:CustomerAssignedAccountID>
      <cbc:Name>Annika Petersen Maschinenbau GmbH {1}</cbc:Name>
      <cac:Contact>
        <cbc:Telephone>+49 40 5550 {0:04}</cbc:Telephone>
        <cbc:ElectronicMail>annika.petersen{0}@works{1}.example</cbc:ElectronicMail>
      </cac:Contact>
      <cac:PostalAddress>
        <cbc:StreetName>Elbchaussee 17, Hinterhaus, {1}. Etage</cbc:StreetName>
        <cbc:CityName>Hamburg</cbc:CityName>
        <cbc:PostalZone>22763</cbc:PostalZone>
      </cac:PostalAddress>
    </cac:AccountingCustomerParty>
    <cac:InvoiceLine>
      <cbc:InvoicedQuantity unitCode="C62">12</cbc:InvoicedQuantity>
      <cbc:LineExtensionAmount currencyID="EUR">1188.00</cbc:LineExtensionAmount>
      <cac:Item><cbc:Description>Bearing bush, bronze, 40 x 50, drawing 4711-{0} revision C</cbc:Description></cac:Item>
    </cac:InvoiceLine>
    <cac:LegalMonetaryTotal><cbc:PayableAmount currencyID="EUR">1413.72</cbc:PayableAmount></cac:LegalMonetaryTotal>
  </cac:Invoice>
"""


def body(count: int) -> bytes:
    """Write a list of invoices of 37 customers."""
    inside = "".join(ORDER.format(number, number % 37) for number in range(count))
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in SPACES.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<cac:Invoices {spaces}>\n{inside}</cac:Invoices>\n'.encode()


def mask(text: str, keep: int) -> str:
    return "*" * (len(text) - keep) + text[-keep:]


def by_lxml(given: bytes) -> bytes:
    root = etree.fromstring(given, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    for invoice in root:
        keep = 4 if int(invoice.findtext(CUSTOMER, "", SPACES)[2:]) % 2 else 2
        for path in TREATED:
            place = invoice.find(path, SPACES)
            if place is not None and place.text:
                place.text = mask(place.text, keep)
    return etree.tostring(root)


def by_the_gateway() -> Callable[[bytes], bytes]:
    form, nobody = FORMATS["xml"], Subject(None)
    layout = form.layout(Shape(FIELDS, CUSTOMER, "/cac:Invoices/cac:Invoice", (), {"namespaces": SPACES}))

    def bound(treatment: Treatment) -> Edit:  # as `steps.edit` binds them
        many = all_treated(treatment, nobody)
        return Edit(lambda value, _customer: treatment.apply(value, nobody), treatment.WHOLE, many=many)

    redact = bound(build("redact", {}))

    def edits(keep: int) -> Edits:
        masked = bound(build("mask", {"keep_last": keep}))
        return Edits(lambda spot: masked if spot[0] < len(TREATED) else None, redact)

    kinds, frame, limits = (edits(2), edits(4)), Edits(lambda _spot: None, redact), BodyLimits()

    def treat(given: bytes) -> bytes:
        document = form.read(given, layout, limits)
        records = [kinds[int((customer or "C-0")[2:]) % 2] for customer in document.customers]
        return document.write(records, frame).body

    return treat


def compare(count: int, turns: int) -> dict[str, float | int | str]:
    given, treat = body(count), by_the_gateway()
    assert etree.tostring(etree.fromstring(treat(given)), method="c14n") == etree.tostring(
        etree.fromstring(by_lxml(given)), method="c14n"
    )
    spent: dict[str, list[float]] = {"gateway": [], "lxml": []}
    for _ in range(turns):
        for name, do in (("gateway", treat), ("lxml", by_lxml)):
            began = time.process_time()
            do(given)
            spent[name].append(time.process_time() - began)
    gateway, lxml = (statistics.median(each) for each in spent.values())
    return {
        "body": f"{count} invoices",
        "bytes": len(given),
        "gateway_mb_s": round(len(given) / gateway / 1e6, 1),
        "lxml_mb_s": round(len(given) / lxml / 1e6, 1),
        "ratio": round(lxml / gateway, 2),
        "wanted_mb_s": WANTED_MB,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--turns", type=int, default=15, help="how often the two take turns")
    arguments = parser.parse_args()
    rows = [compare(count, arguments.turns) for count in (1, 150, 3000)]
    if arguments.json:
        json.dump(rows, sys.stdout, indent=2)
        print()
        return
    print(f"{'body':16}{'bytes':>10}{'gateway MB/s':>14}{'lxml MB/s':>12}{'ratio':>8}")
    for row in rows:
        print(f"{row['body']:16}{row['bytes']:>10}{row['gateway_mb_s']:>14}{row['lxml_mb_s']:>12}{row['ratio']:>8}")


if __name__ == "__main__":
    main()

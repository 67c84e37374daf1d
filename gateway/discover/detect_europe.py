"""Detectors for Europe: bank accounts, tax numbers, and the national numbers that python-stdnum can check."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from stdnum import iban, lei
from stdnum.at import vnr
from stdnum.be import nn
from stdnum.bg import egn
from stdnum.cz import rc
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.ee import ik
from stdnum.es import dni, nie
from stdnum.eu import vat
from stdnum.fi import hetu
from stdnum.fr import nir, siret
from stdnum.gr import amka
from stdnum.hr import oib
from stdnum.ie import pps
from stdnum.it import codicefiscale
from stdnum.lt import asmens
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.pt import cc
from stdnum.ro import cnp
from stdnum.se import personnummer
from stdnum.si import emso

from gateway.discover.detector import Detector, Sure, checked, pattern

_NATIONAL: tuple[tuple[str, str, str, Callable[[str], bool], bool], ...] = (
    ("at", "insurance numbers of Austria", r"\d{4} ?\d{6}", vnr.is_valid, True),
    ("be", "national numbers of Belgium", r"\d{2}[. ]?\d{2}[. ]?\d{2}[- ]?\d{3}[. ]?\d{2}", nn.is_valid, True),
    ("bg", "personal numbers of Bulgaria", r"\d{10}", egn.is_valid, True),
    ("cz", "birth numbers of Czechia and Slovakia", r"\d{6}/?\d{3,4}", rc.is_valid, True),
    ("de", "tax identification numbers of Germany", r"\d{2} ?\d{3} ?\d{3} ?\d{3}", idnr.is_valid, True),
    ("dk", "personal numbers of Denmark", r"\d{6}-?\d{4}", cpr.is_valid, True),
    ("ee", "personal codes of Estonia", r"\d{11}", ik.is_valid, True),
    ("es", "identity numbers of Spain", r"\d{8}[ -]?[A-Z]", dni.is_valid, False),
    ("es-foreigner", "foreigners' numbers of Spain", r"[XYZ][ -]?\d{7}[ -]?[A-Z]", nie.is_valid, False),
    ("fi", "personal codes of Finland", r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]", hetu.is_valid, False),
    ("fr", "insurance numbers of France", r"[12][ ]?\d{2}[ ]?\d{2}[ ]?\d[0-9AB][ ]?\d{3}[ ]?\d{3}[ ]?\d{2}",
     nir.is_valid, False),
    ("gr", "insurance numbers of Greece", r"\d{11}", amka.is_valid, True),
    ("hr", "personal numbers of Croatia", r"\d{11}", oib.is_valid, True),
    ("ie", "public service numbers of Ireland", r"\d{7}[A-W][A-IW]?", pps.is_valid, False),
    ("it", "tax codes of Italy", r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", codicefiscale.is_valid, False),
    ("lt", "personal codes of Lithuania", r"\d{11}", asmens.is_valid, True),
    ("nl", "citizen service numbers of the Netherlands", r"\d{4}[. ]?\d{2}[. ]?\d{3}", bsn.is_valid, True),
    ("pl", "personal numbers of Poland", r"\d{11}", pesel.is_valid, True),
    ("pt", "citizen card numbers of Portugal", r"\d{8}[ ]?\d[ ]?[A-Z0-9]{2}\d", cc.is_valid, False),
    ("ro", "personal codes of Romania", r"\d{13}", cnp.is_valid, True),
    ("se", "personal numbers of Sweden", r"(?:\d{2})?\d{6}[-+]?\d{4}", personnummer.is_valid, True),
    ("si", "personal numbers of Slovenia", r"\d{13}", emso.is_valid, True),
)  # fmt: skip
"""Country, what they are, their shape, the check, and whether the field's name must say so as well."""


def _national() -> Iterator[Detector]:
    for country, told, shape, valid, asks in _NATIONAL:
        name, class_ = f"{country}-personal-number", "user.government_id.national_identification_number"
        yield Detector(name, class_, f"{told} (checksum)", Sure.CHECKSUM, checked(shape, valid), asks=asks)


DETECTORS = (
    Detector("iban", "user.financial.bank_account", "IBANs (checksum)", Sure.CHECKSUM,
             checked(r"[A-Z]{2}\d{2}[ ]?(?:[A-Z0-9]{4}[ ]?){2,7}[A-Z0-9]{0,4}", iban.is_valid)),
    Detector("bic", "user.financial.bank_account", "BICs (8 or 11 characters)", Sure.LOOSE,
             pattern(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?"), asks=True),
    Detector("eu-vat", "business.tax", "VAT numbers of the EU (country and checksum)", Sure.CHECKSUM,
             checked(r"(?:AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK)"
                     r"[ -]?[A-Z0-9 .+*-]{7,16}", vat.is_valid)),
    Detector("fr-siret", "business.tax", "company numbers of France (14 digits and checksum)", Sure.CHECKSUM,
             checked(r"\d{3} ?\d{3} ?\d{3} ?\d{5}", siret.is_valid), asks=True),
    Detector("lei", "business.identifier", "legal entity identifiers (20 characters and checksum)", Sure.CHECKSUM,
             checked(r"[A-Z0-9]{18}\d{2}", lei.is_valid)),
    *_national(),
)  # fmt: skip

"""What segments of EDIFACT and X12 mean: qualifiers that tell them apart, and classes of their elements.

From the directories of UN/EDIFACT (D.96A and later) and ASC X12 (004010): orders, invoices, transport, stock.
What stands in none of these tables is judged by its values.
"""

from __future__ import annotations

EDIFACT_QUALIFIERS = {
    "NAD": "1", "RFF": "1.1", "COM": "1.2", "MOA": "1.1", "DTM": "1.1", "LOC": "1", "QTY": "1.1", "PRI": "1.1",
    "CTA": "1", "FTX": "1", "TDT": "1", "IMD": "1", "PIA": "1", "FII": "1", "TAX": "1", "ALC": "1",
}  # fmt: skip
"""Where the qualifier stands that says what a segment is about: an element, or a component of one."""

X12_QUALIFIERS = {"N1": "1", "REF": "1", "PER": "1", "DTM": "1", "G62": "1", "NTE": "1", "ITD": "1", "PID": "1"}

_CODES = {
    "NAD": "BY SU IV DP CN CZ CA FW SE PW UC UD ST SH BS PE II MR MS AB CB BO DO OB RE SF WH",
    "N1": "BY ST BT SF SH CN SE SO VN RI RE PR PE II IL CA UC",
    "COM": "TE FX EM EI AL MA CA",
    "CTA": "AC AD AL AP BF CA DI GR HE IC IN LB MA OC PD PE PU RP SA SR SU TI WH",
    "PRI": "AAA AAB AAE AAF CAL INF INV NTP",
    "FTX": "AAA AAI AAK ADU DEL GEN INV ORI PUR SUR TXD ZZZ",
    "IMD": "A B C D E F S X",
    "ALC": "A C",
    "RFF": "VA ON IV CT AAK AAN BM CN DQ FC GN IA LI PL VN ABO ACD ADE CR SS UC",
    "PER": "BD BL CN CR DC EA IC IN OC PU RE SA SH SR TE",
    "NTE": "ADD DEL GEN INV LIN ORI SPH ZZZ",
    "PID": "F S X",
    "REF": "CO PO BM CN CR IA IV VR 2I SI SN TJ EI SY DP",
}
CODES = {tag: frozenset(codes.split()) for tag, codes in _CODES.items()}
"""Codes of qualifiers that are written in a draft, beside those of up to three digits; any other could be a value."""

BUYERS = {"NAD": ("BY", "CN", "UC", "IV"), "N1": ("BY", "BT", "SO", "ST", "CN")}
"""The parties that are customers, the surest first; where their id stands."""

IDS = {"NAD": "2.1", "N1": "4"}

EDIFACT_CLASSES: dict[str, str] = {
    "NAD/2.1": "user.unique_id", "NAD/3": "user.name", "NAD/4": "user.name", "NAD/5": "user.contact.address.street",
    "NAD/6": "user.contact.address.city", "NAD/7": "user.contact.address.state",
    "NAD/8": "user.contact.address.postal_code", "NAD/9": "user.contact.address.country",
    "CTA/2": "user.name", "COM/1.1": "user.contact", "FTX/4": "business.note", "FTX/3": "business.note",
    "BGM": "business.order", "DTM/1.2": "business.schedule.date", "RFF[1.1=VA]/1.2": "business.tax",
    "RFF": "business.identifier", "LIN": "business.product", "PIA": "business.product",
    "IMD": "business.product.description",
    "QTY": "business.quantity", "PRI": "business.price", "MOA": "business.price.total", "CUX": "business.order",
    "TAX": "business.tax", "PAT": "business.order", "LOC": "business.delivery", "TDT": "business.delivery",
    "EQD": "business.delivery", "GID": "business.delivery", "MEA": "business.delivery", "PAC": "business.delivery",
    "FII/2": "user.financial.bank_account", "FII/3": "user.financial.bank_account", "CNT": "business.order",
    "UNB/2": "business.customer", "UNB/3": "business.customer",
}  # fmt: skip
"""Classes of elements; of a segment as a whole, for those of its elements that stand nowhere else."""

X12_CLASSES: dict[str, str] = {
    "N1/2": "user.name", "N1/4": "user.unique_id", "N2": "user.name", "N3": "user.contact.address.street",
    "N4/1": "user.contact.address.city", "N4/2": "user.contact.address.state",
    "N4/3": "user.contact.address.postal_code", "N4/4": "user.contact.address.country", "N4": "user.contact.address",
    "PER/2": "user.name", "PER/4": "user.contact", "PER/6": "user.contact", "PER/8": "user.contact",
    "REF/2": "business.identifier", "BEG": "business.order", "BIG": "business.invoice", "B2": "business.delivery",
    "B2A": "business.delivery", "B10": "business.delivery", "BSN": "business.delivery", "PO1": "business.order",
    "IT1": "business.invoice", "PID": "business.product.description", "TDS": "business.price.total",
    "CTT": "business.order", "AMT": "business.price", "CTP": "business.price", "SAC": "business.price",
    "L3": "business.price.total", "L5": "business.product.description", "L11/1": "business.identifier",
    "AT8": "business.delivery", "S5": "business.delivery", "G62": "business.schedule.date",
    "DTM": "business.schedule.date", "NTE/2": "business.note", "MSG": "business.note", "TD5": "business.delivery",
    "TD1": "business.delivery", "HL": "business.delivery", "LX": "business.order", "MS1": "business.delivery",
    "MS2": "business.delivery", "AT7": "business.delivery", "AK1": "system.operations", "AK9": "system.operations",
}  # fmt: skip

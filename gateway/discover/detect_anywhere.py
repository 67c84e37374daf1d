"""Detectors for what looks alike everywhere: addresses of mail and machines, phones, cards, dates, places, amounts."""

from __future__ import annotations

import re
from datetime import date
from ipaddress import ip_address

import phonenumbers
from stdnum import ean, imei, iso6346, luhn

from gateway.discover.detector import Detector, Sure, checked, pattern
from gateway.discover.words import personal, words

_EMAIL = r"[^\s@<>()\[\],;:\"'\\/=&?]{1,64}@(?:[^\W_][\w-]{0,62}\.){1,6}[^\W\d_][\w-]{1,23}"
_EMAIL_WHOLE = re.compile(_EMAIL)
_DATE = r"(?:19|20)\d{2}[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])"
_TIME = r"[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?(?: ?(?:Z|[+-]\d{2}:?\d{2}|UTC))?"
_REGIONS = ("DE", "FR", "ES", "GB", "US", "CN", "IT", "NL")
_COMPANY = re.compile(
    r"[^\n]{1,80}[ ,](?:GmbH(?: & Co\. ?KG)?|AG|KG|OHG|e\.K\.|UG|SE|Ltd\.?|Limited|LLC|L\.L\.C\.|Inc\.?|Corp\.?|PLC|plc"
    r"|S\.?A\.?S?|SARL|S\.?L\.?U?|S\.?p\.?A\.?|S\.?r\.?l\.?|B\.?V\.?|N\.?V\.?|Oy|AB|A/S|ApS|Pty)\.?"
)
_STREET = re.compile(
    r"\d{1,5}[a-zA-Z]?,? [^\d\n]{2,50} (?:St|Street|Ave|Avenue|Rd|Road|Ln|Lane|Dr|Drive|Blvd|Boulevard|Way|Ct|Pl)\.?"
    r"|[^\d\n]{1,50}(?:stra(?:ss|ß)e|str\.|weg|platz|allee|gasse|ring|damm|ufer) ?\d{1,4} ?[a-z]?"
    r"|(?:\d{1,4},? )?(?:rue|avenue|boulevard|place|chemin|impasse|calle|avenida|plaza|paseo|via|viale) [^\n]{2,60}",
    re.IGNORECASE,
)
_NAME = re.compile(r"[^\W\d_]{1,25}(?:[ '\u2019.-]{1,2}[^\W\d_]{1,24}){1,4}")


def _phone(text: str) -> bool:
    """Ask the library, which is slow, about what has the digits of an international number."""
    return phonenumbers.is_valid_number(phonenumbers.parse(text if text[0] == "+" else f"+{text[2:]}", None))


def _phone_somewhere(text: str) -> bool:
    return any(phonenumbers.is_valid_number(phonenumbers.parse(text, region)) for region in _REGIONS)


def _person(text: str) -> bool:
    return _NAME.fullmatch(text) is not None and any(personal(word) for word in words(text))


def _born(text: str) -> bool:
    parts = [int(part) for part in re.findall(r"\d{1,4}", text, re.ASCII)[:3]]
    year, month, day = parts if parts[0] > 31 else parts[::-1]  # noqa: PLR2004 - no day of the month
    return 1900 <= date(year, month, day).year <= 2020  # noqa: PLR2004 - people who live


def _longitude(text: str) -> bool:
    return abs(float(text)) <= 180  # noqa: PLR2004 - degrees


DETECTORS = (
    Detector("email", "user.contact.email", "e-mail addresses, those with international names included", Sure.CHECKSUM,
             lambda text: _EMAIL_WHOLE.fullmatch(text) is not None, inside=re.compile(_EMAIL)),
    Detector("phone", "user.contact.phone_number", "international phone numbers (a numbering plan has them)",
             Sure.CHECKSUM, checked(r"(?:\+|00)[1-9][\d ()./-]{6,24}", _phone)),
    Detector("phone-national", "user.contact.phone_number", "national phone numbers of some countries", Sure.PATTERN,
             checked(r"[(0-9][\d ()./-]{5,24}", _phone_somewhere), asks=True),
    Detector("ip-address", "user.device.ip_address", "IP addresses, version 4 and 6", Sure.PATTERN,
             checked(r"(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f:]{2,39}(?:\d{1,3}\.){0,3}\d{0,3}(?:%\w{1,16})?",
                     lambda text: ip_address(text) is not None)),
    Detector("mac-address", "user.device.device_id", "MAC addresses", Sure.PATTERN,
             pattern(r"[0-9A-Fa-f]{2}(?:(?::[0-9A-Fa-f]{2}){5}|(?:-[0-9A-Fa-f]{2}){5})")),
    Detector("imei", "user.device.device_id", "numbers of mobile devices (15 digits and checksum)", Sure.CHECKSUM,
             checked(r"\d{15}", imei.is_valid), asks=True),
    Detector("uuid", "business.identifier", "UUIDs", Sure.LOOSE,
             pattern(r"\{?[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\}?")),
    Detector("url", "system.operations", "URLs and paths", Sure.LOOSE,
             pattern(r"(?:https?|ftp|urn|file|data):[!-~]{3,250}|/(?:[\w.~$()'=-]{1,80}/){1,20}[\w.~$()'=-]{0,80}")),
    Detector("date", "business.schedule.date", "dates and times",
             Sure.LOOSE, pattern(rf"{_DATE}(?:{_TIME})?|\d{{1,2}}[./]\d{{1,2}}[./](?:19|20)\d{{2}}|/Date\(-?\d{{1,16}}"
                                 r"(?:[+-]\d{4})?\)/|PT\d{1,2}H\d{1,2}M\d{1,2}S")),
    Detector("birth-date", "user.demographic.date_of_birth", "dates within a lifetime", Sure.LOOSE,
             checked(rf"{_DATE}(?:{_TIME})?|\d{{1,2}}[./]\d{{1,2}}[./](?:19|20)\d{{2}}|(?:19|20)\d{{6}}",
                     lambda text: _born(f"{text[:4]}-{text[4:6]}-{text[6:]}" if text.isdigit() else text)), asks=True),
    Detector("payment-card", "user.financial.credit_card", "payment cards (a known prefix and checksum)", Sure.CHECKSUM,
             checked(r"(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6(?:011|5\d{2}|2\d{2})|3[47]\d{2}|35\d{2})[ -]?\d{4}[ -]?\d{4}"
                     r"[ -]?\d{2,7}|3[47]\d{2}[ -]?\d{6}[ -]?\d{5}",
                     lambda text: luhn.is_valid(re.sub("[ -]", "", text))), asks=True),
    Detector("container", "business.delivery", "shipping containers (ISO 6346: owner, number, checksum)", Sure.CHECKSUM,
             checked(r"[A-Z]{3}[UJZ] ?\d{6}-? ?\d", iso6346.is_valid)),
    Detector("vehicle-id", "user.government_id.vehicle_registration", "vehicle identification numbers (17 characters)",
             Sure.LOOSE, pattern(r"[A-HJ-NPR-Z0-9]{17}"), asks=True),
    Detector("gtin", "business.product", "trade item numbers (8, 12, 13 or 14 digits and checksum)", Sure.CHECKSUM,
             checked(r"\d{8}|\d{12,14}", ean.is_valid), asks=True),
    Detector("coordinate", "user.location.precise", "degrees with decimals", Sure.LOOSE,
             checked(r"[+-]?\d{1,3}\.\d{2,15}", _longitude), asks=True),
    Detector("amount", "business.price", "amounts (two to four decimals, or whole numbers)", Sure.LOOSE,
             pattern(r"[+-]?(?:\d{1,3}(?:[ ,.']\d{3}){0,5}|\d{1,15})(?:[.,]\d{1,4})?(?: ?[A-Z]{3}| ?[€$£¥])?"),
             asks=True),
    Detector("person-name", "user.name", "names of people (a given or family name that is common)", Sure.LOOSE, _person,
             share=0.3),
    Detector("company-name", "user.contact.organization", "names of companies (by their legal forms)", Sure.PATTERN,
             lambda text: _COMPANY.fullmatch(text) is not None, share=0.5),
    Detector("street", "user.contact.address.street", "streets with a house number, or a word for street", Sure.PATTERN,
             lambda text: _STREET.fullmatch(text) is not None, share=0.5),
)  # fmt: skip

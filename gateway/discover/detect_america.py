"""Detectors for the United States."""

from __future__ import annotations

from stdnum.us import ein, rtn, ssn

from gateway.discover.detector import Detector, Sure, checked, pattern

DETECTORS = (
    Detector("us-ssn", "user.government_id.national_identification_number",
             "social security numbers of the US (3-2-4 digits, groups never issued left out)", Sure.PATTERN,
             checked(r"\d{3}-\d{2}-\d{4}", ssn.is_valid)),
    Detector("us-ssn-digits", "user.government_id.national_identification_number",
             "social security numbers of the US without hyphens (9 digits)", Sure.LOOSE,
             checked(r"\d{9}", ssn.is_valid), asks=True),
    Detector("us-ein", "business.tax", "employer numbers of the US (2-7 digits, prefixes in use)", Sure.LOOSE,
             checked(r"\d{2}-\d{7}", ein.is_valid)),
    Detector("us-routing", "user.financial.bank_account", "routing numbers of US banks (9 digits and checksum)",
             Sure.CHECKSUM, checked(r"\d{9}", rtn.is_valid), asks=True),
    Detector("us-zip4", "user.contact.address.postal_code", "ZIP+4 codes of the US (5-4 digits)", Sure.PATTERN,
             pattern(r"\d{5}-\d{4}")),
    Detector("us-zip", "user.contact.address.postal_code", "ZIP codes and other short postal codes (4 to 7 characters)",
             Sure.LOOSE, pattern(r"(?:\d{4,6}|\d{5}-\d{3}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d)"),
             asks=True),
    Detector("us-phone", "user.contact.phone_number", "phone numbers as written in North America (3-3-4 digits)",
             Sure.PATTERN, pattern(r"(?:\+?1[ .-]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}")),
)  # fmt: skip

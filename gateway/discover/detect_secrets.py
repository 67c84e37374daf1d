"""Detectors for secrets: what opens something, and should cross a gateway in no answer at all."""

from __future__ import annotations

from gateway.discover.detector import Detector, Sure, pattern

DETECTORS = (
    Detector("token", "user.authorization.credentials", "signed tokens (JWT)", Sure.CHECKSUM,
             pattern(r"(?:Bearer )?eyJ[\w-]{5,250}\.(?:eyJ)?[\w-]{2,250}\.?[\w-]{0,250}"), share=0.3, secret=True),
    Detector("api-key", "user.authorization.credentials", "keys of well-known services (by their prefixes)",
             Sure.CHECKSUM,
             pattern(r"(?:sk|pk|rk)_(?:live|test)_\w{10,200}|gh[pousr]_\w{20,200}|github_pat_\w{20,200}|glpat-[\w-]{15,60}"
                     r"|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{35}|xox[abpors]-[\w-]{10,200}|SG\.[\w-]{16,40}\.[\w-]{16,60}"
                     r"|sk-[\w-]{20,200}|LTAI\w{12,24}|AKID\w{13,40}"), share=0.3, secret=True),
    Detector("private-key", "user.authorization.credentials", "private keys (PEM)", Sure.CHECKSUM,
             lambda text: text.startswith("-----BEGIN ") and "PRIVATE KEY" in text[:60], share=0.3, secret=True),
    Detector("password-hash", "user.authorization.password", "hashes of passwords (bcrypt, argon2, crypt)",
    Sure.CHECKSUM,
             pattern(r"\$(?:2[abxy]?|argon2(?:id|i|d)|[156]|y)\$[ -~]{8,250}"), share=0.3, secret=True),
)  # fmt: skip

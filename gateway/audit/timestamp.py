"""Timestamps of an authority (RFC 3161): asked for, and checked with its root certificates alone.

An authority states that some bytes existed at a time, and not what they are. The work is done by `rfc3161-client` (an
extra: `pip install sovgate[timestamps]`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cryptography import x509

from gateway.audit.der import sorted_certificates
from gateway.errors import BrokenLog, NoTimestamps

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse
    from rfc3161_client.verify import Verifier

LONGEST = 64 * 1024
"""Bytes of an answer; one with a chain of certificates has about six thousand."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """When some bytes existed at the latest, and by whose certificate (its subject, RFC 4514)."""

    time: datetime
    authority: str


@dataclass(frozen=True, slots=True)
class Query:
    """What an authority is asked: the request, and the number that its answer must repeat."""

    request: bytes
    nonce: int


def query(data: bytes) -> Query:
    """Ask for a timestamp over the SHA-256 of some bytes, with a fresh nonce, and the authority's certificate in it.

    Raises `NoTimestamps` where the extra is not installed.
    """
    try:
        from rfc3161_client import TimestampRequestBuilder  # noqa: PLC0415 - an extra
        from rfc3161_client.base import HashAlgorithm  # noqa: PLC0415 - the same
    except ImportError:
        raise NoTimestamps(_MISSING) from None
    made = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
    if made.nonce is None:
        raise NoTimestamps("a request without a nonce")
    return Query(made.as_bytes(), made.nonce)


def check_timestamp(answer: bytes, data: bytes, roots: bytes, where: str, nonce: int | None = None) -> Stamped:
    """Check an authority's answer over `data` with `roots` (PEM; intermediate certificates may stand there too).

    The certificates count as of the time that the answer names. Raises `BrokenLog`, naming it as `where`, and
    `NoTimestamps` where the extra is not installed.
    """
    verifier = _verifier(read_roots(roots), nonce)
    try:
        response = _decoded(answer)
        verifier.verify_message(response, data)
        return Stamped(response.tst_info.gen_time, _signer(response))
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise BrokenLog(f"{where}: no timestamp over this by an authority that is trusted: {_why(error)}") from None


def read_roots(roots: bytes) -> list[x509.Certificate]:
    """Read certificates in PEM; raises `BrokenLog` where there is none."""
    try:
        return x509.load_pem_x509_certificates(roots)
    except ValueError as error:
        raise BrokenLog("the authority's root certificates are no PEM") from error


_MISSING = "timestamps need the extra `timestamps`: pip install sovgate[timestamps]"


def _verifier(certificates: list[x509.Certificate], nonce: int | None) -> Verifier:
    try:
        from rfc3161_client import VerifierBuilder  # noqa: PLC0415 - an extra
    except ImportError:
        raise NoTimestamps(_MISSING) from None
    roots = [one for one in certificates if one.issuer == one.subject]
    between = [one for one in certificates if one.issuer != one.subject]
    if not roots:
        raise BrokenLog("there is no root among the authority's certificates: none is its own issuer")
    return VerifierBuilder(roots=roots, intermediates=between, nonce=nonce).build()


def _decoded(answer: bytes) -> TimeStampResponse:
    from rfc3161_client import decode_timestamp_response  # noqa: PLC0415 - an extra, which is there by now

    if len(answer) > LONGEST:
        raise ValueError("too long")
    return decode_timestamp_response(sorted_certificates(answer))


def _signer(response: TimeStampResponse) -> str:
    """Name the certificate that signed; the verifier made sure that there is one."""
    (signer,) = response.signed_data.signer_infos
    for der in response.signed_data.certificates:
        certificate = x509.load_der_x509_certificate(der)
        if (certificate.issuer, certificate.serial_number) == (signer.issuer, signer.serial_number):
            return certificate.subject.rfc4514_string()
    return signer.issuer.rfc4514_string()


def _why(error: BaseException) -> str:
    """Say what is wrong in a line; parsers' texts hold places, never content."""
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__

"""Client certificates: which system they are, when they count, and how they go with a token."""

import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from crafted_tokens import NOW, RULES, SECOND, b64, craft, key_set, private_key
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import NotAuthenticated
from gateway.flow import Operator
from gateway.identity.identified import NEVER, Identified, combine, unproven
from gateway.identity.jwt import verify
from gateway.identity.mtls import CertificateRules, Certificates, read_certificate

BEGIN = datetime.fromtimestamp(NOW // SECOND, UTC) - timedelta(days=1)
END = BEGIN + timedelta(days=90)
CRM = x509.UniformResourceIdentifier("spiffe://example.org/crm")
TMS = x509.UniformResourceIdentifier("spiffe://example.org/tms")
MAPPING = CertificateRules(
    uris={CRM.value: "crm", TMS.value: "tms"},
    dns={"CRM.example.org": "crm", "tms.example.org": "tms"},
    common_names={"crm-client": "crm"},
)


@cache
def certificate(*names, common=("crm-client",), begin=BEGIN, end=END):
    key = private_key("ES256")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in common])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def refusal(der, now=NOW):
    with pytest.raises(NotAuthenticated) as caught:
        read_certificate(der, MAPPING, now)
    return caught.value.refusal


def test_a_certificate_tells_which_system_calls():
    der = certificate(CRM)
    evidence = (("x509", hashlib.sha256(der).hexdigest()),)
    assert read_certificate(der, MAPPING, NOW) == Identified(
        Operator("crm", CRM.value, authenticated="mtls", evidence=evidence, holder="attested"),
        None,
        int(END.timestamp()) * SECOND,
    )


@pytest.mark.parametrize(
    ("der", "subject"),
    [
        (certificate(x509.DNSName("crm.EXAMPLE.org")), "crm.example.org"),
        (certificate(x509.DNSName("unknown.example.org"), x509.DNSName("crm.example.org")), "crm.example.org"),
        (certificate(CRM, x509.DNSName("crm.example.org")), CRM.value),
        (certificate(), "crm-client"),
    ],
)
def test_any_of_its_names_can_tell(der, subject):
    found = read_certificate(der, MAPPING, NOW).operator
    assert (found.system, found.subject) == ("crm", subject)


@pytest.mark.parametrize(
    ("der", "expected"),
    [
        (certificate(CRM, TMS), "identity-invalid"),
        (certificate(CRM, x509.DNSName("tms.example.org")), "identity-invalid"),
        (certificate(x509.DNSName("other.example.org")), "identity-unknown-system"),
        (certificate(x509.RFC822Name("a@example.org")), "identity-unknown-system"),
        (certificate(x509.DNSName("*.example.org")), "identity-unknown-system"),
        (certificate(x509.DNSName("crm.example.org.evil.example")), "identity-unknown-system"),
        (certificate(x509.UniformResourceIdentifier("SPIFFE://example.org/crm")), "identity-unknown-system"),
        (certificate(common=("other",)), "identity-unknown-system"),
        (certificate(common=("CRM-client",)), "identity-unknown-system"),
        (certificate(common=("crm-client", "other")), "identity-unknown-system"),
        (certificate(common=()), "identity-unknown-system"),
        (certificate(CRM)[:-10], "identity-invalid"),
        (certificate(CRM) + b"more", "identity-invalid"),
        (b"", "identity-invalid"),
    ],
)
def test_certificates_that_are_refused(der, expected):
    assert refusal(der) == expected


def test_a_certificate_counts_between_its_dates():
    der = certificate(CRM)
    begin, end = (int(moment.timestamp()) * SECOND for moment in (BEGIN, END))
    assert read_certificate(der, MAPPING, begin).expires == end
    assert read_certificate(der, MAPPING, end - 1).expires == end
    assert refusal(der, begin - 1) == "identity-expired"
    assert refusal(der, end) == "identity-expired"


def test_certificates_are_remembered_until_they_end():
    certificates = Certificates(MAPPING, capacity=2)
    found = certificates.identify(certificate(CRM), NOW)
    assert certificates.identify(certificate(CRM), NOW) is found
    with pytest.raises(NotAuthenticated):
        certificates.identify(certificate(CRM), found.expires)
    for der in (certificate(TMS), certificate()):
        certificates.identify(der, NOW)
    assert len(certificates._known) == 2


@given(st.binary(max_size=80) | st.integers(0, len(certificate(CRM)) - 1).map(lambda at: certificate(CRM)[:at]))
def test_bytes_that_are_no_certificate_are_refused(der):
    assert refusal(der) == "identity-invalid"


def token(**claims):
    return verify(craft(**claims), key_set("ed25519"), RULES, NOW)


def test_a_token_and_a_certificate_of_one_system_go_together():
    both = combine(token(), read_certificate(certificate(CRM), MAPPING, NOW))
    assert (both.operator.subject, both.operator.authenticated) == ("u-17", "jwt+mtls")
    assert [kind for kind, _ in both.operator.evidence] == ["jwt", "x509"]
    assert both.expires == token().expires
    assert both.purpose == token().purpose


def test_either_alone_is_enough_and_nothing_is_not():
    only = read_certificate(certificate(CRM), MAPPING, NOW)
    assert combine(None, only) is only
    assert combine(token(), None) == token()
    with pytest.raises(NotAuthenticated) as caught:
        combine(None, None)
    assert caught.value.refusal == "no-identity"


def test_a_token_and_a_certificate_of_two_systems_are_refused():
    with pytest.raises(NotAuthenticated) as caught:
        combine(token(), read_certificate(certificate(TMS), MAPPING, NOW))
    assert caught.value.refusal == "identity-invalid"


def test_a_token_that_is_bound_to_a_certificate_comes_with_it():
    mine, other = certificate(CRM), certificate(x509.DNSName("crm.example.org"))
    bound = token(cnf={"x5t#S256": b64(hashlib.sha256(mine).digest())})
    assert combine(bound, read_certificate(mine, MAPPING, NOW)).operator.subject == "u-17"
    for certificate_given in (None, read_certificate(other, MAPPING, NOW)):
        with pytest.raises(NotAuthenticated) as caught:
            combine(bound, certificate_given)
        assert caught.value.refusal == "identity-invalid"


def test_development_mode_gives_the_configured_system():
    assert unproven("crm") == Identified(Operator("crm", authenticated="none"), None, NEVER)

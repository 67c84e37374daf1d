"""Vault's transit engine and AWS KMS over HTTP: what they answer, what they shouldn't, what nobody must ever read."""

from __future__ import annotations

import json
import logging
import os
import ssl
import threading
from base64 import b64decode
from dataclasses import replace

import pytest
import trustme
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from services_kit import ARN, MISBEHAVING, OTHER_ARN, TOKEN, drips, hangs, kms, vault

from gateway.custody.aws_kms import Kms
from gateway.custody.outside import OutsideProvider
from gateway.custody.provider import Wrapped
from gateway.custody.services import KmsSettings, SecretSource, TransitSettings
from gateway.custody.vault_transit import Transit
from gateway.errors import FaultyCustody, KeyGone, KeysUnavailable

CONTEXT = b"AAAAAAAAAAAAAAAA"
SLOW = {"hangs", "drips"}
"""What is only ended by the clock: these get half a second, the others all the time of a busy machine."""


OPENED = []


def transit(server, seconds=30, **more):
    told = {"url": server.url, "key": "sovgate", "token": SecretSource(value=TOKEN), **more}
    OPENED.append(Transit(TransitSettings(**told), seconds))
    return OPENED[-1]


def kms_at(server, seconds=30, **more):
    pytest.importorskip("botocore", reason="needs botocore: pip install 'sovgate[aws]'")
    OPENED.append(Kms(KmsSettings(**{"key": ARN, "endpoint": server.url, **more}), seconds))
    return OPENED[-1]


@pytest.fixture(autouse=True)
def closing():
    yield
    while OPENED:
        OPENED.pop().close()


@pytest.fixture(autouse=True)
def credentials(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-to-find")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-session-to-find")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(params=["vault", "aws-kms"])
def opened(request):
    """Give a way to open a service, and its server."""
    make, serve = {"vault": (transit, vault), "aws-kms": (kms_at, kms)}[request.param]
    with serve() as server:
        server.hang = threading.Event()
        yield lambda seconds=30, **more: make(server, seconds, **more), server
        server.hang.set()


def gone_or_not(ask):
    with pytest.raises(KeysUnavailable) as caught:
        ask()
    return type(caught.value)


# -- what goes wrong on the way


@pytest.mark.parametrize("name", MISBEHAVING)
def test_a_server_that_misbehaves_is_unavailable_and_never_believed(opened, name):
    opening, server = opened
    service = opening(0.5 if name in SLOW else 30)
    sealed = opening().seal(bytearray(32), CONTEXT)
    server.behaviour = MISBEHAVING[name]
    provider = OutsideProvider("acme", service, os.urandom, clock=iter(range(0, 10**6, 100)).__next__)
    assert gone_or_not(lambda: provider.wrap(bytearray(32), CONTEXT)) is KeysUnavailable
    whole = Wrapped(sealed.kek, len(sealed.data).to_bytes(2) + sealed.data + bytes(60))
    assert gone_or_not(lambda: provider.unwrap(whole, CONTEXT)) is KeysUnavailable


def test_an_answer_without_end_is_read_no_further_than_one_could_be(opened):
    opening, server = opened
    server.behaviour = MISBEHAVING["floods"]
    with pytest.raises(KeysUnavailable, match="more than can be"):
        opening().seal(bytearray(32), CONTEXT)


def test_nothing_is_sent_to_where_a_server_redirects(opened):
    opening, server = opened
    server.behaviour = MISBEHAVING["redirects"]
    with pytest.raises(KeysUnavailable, match="somewhere else"):
        opening().seal(bytearray(32), CONTEXT)
    assert [path for path, _, _ in server.asked if "elsewhere" in path] == []
    assert len(server.asked) == 1


def test_a_server_that_is_not_there_is_unavailable(opened):
    opening, server = opened
    service = opening()
    server.shutdown()
    server.server_close()
    with pytest.raises(KeysUnavailable, match="can't be reached"):
        service.seal(bytearray(32), CONTEXT)


def test_a_connection_that_was_closed_while_idle_is_no_failure(opened):
    opening, server = opened
    service = opening()
    service.seal(bytearray(32), CONTEXT)

    def once(handler):
        server.behaviour = None
        handler.close_connection = True

    server.behaviour = once
    assert service.seal(bytearray(32), CONTEXT)


def test_a_call_that_hangs_ends_and_others_go_on_meanwhile(opened):
    opening, server = opened
    quick, slow = opening(), opening(0.5)
    server.behaviour = hangs
    ended = []
    thread = threading.Thread(target=lambda: ended.append(gone_or_not(lambda: slow.seal(bytearray(32), CONTEXT))))
    thread.start()
    while not server.asked:
        threading.Event().wait(0.01)
    server.behaviour = None
    assert quick.seal(bytearray(32), CONTEXT)
    thread.join(20)
    assert ended == [KeysUnavailable]


def test_closing_ends_what_was_begun_and_can_be_done_twice(opened):
    opening, _ = opened
    service = opening()
    service.seal(bytearray(32), CONTEXT)
    before = threading.active_count()
    service.close()
    service.close()
    assert threading.active_count() <= before


# -- TLS


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def tls(authority, tmp_path):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return context, tmp_path / "ca.pem"


def test_a_server_is_known_by_the_authority_that_is_named(tls):
    context, ca = tls
    with vault(context) as server:
        assert transit(server, ca=ca).seal(bytearray(32), CONTEXT)


def test_a_certificate_that_nobody_vouches_for_ends_the_call_before_anything_is_sent(tls):
    context, _ = tls
    with vault(context) as server:
        with pytest.raises(KeysUnavailable, match="can't be trusted"):
            transit(server).seal(bytearray(32), CONTEXT)
        assert server.asked == []


def test_a_certificate_for_another_host_ends_the_call(authority, tmp_path):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("vault.example.com").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with vault(context) as server:
        with pytest.raises(KeysUnavailable, match="can't be trusted"):
            transit(server, ca=tmp_path / "ca.pem").seal(bytearray(32), CONTEXT)
        assert server.asked == []


def test_a_server_without_tls_is_not_spoken_to_where_it_should_have_some(tls):
    with vault() as server:
        server.url = server.url.replace("http:", "https:")
        with pytest.raises(KeysUnavailable, match="no TLS"):
            transit(server).seal(bytearray(32), CONTEXT)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_read_is_a_fault_of_the_configuration(tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(FaultyCustody, match=r"ca\.pem"):
        Transit(TransitSettings("https://h", "sovgate", SecretSource(value="t"), ca=path), 1)


# -- what the servers mean


def test_vault_is_asked_as_its_interface_says():
    with vault() as server:
        sealed = transit(server, namespace="eu").seal(bytearray(b"k" * 32), CONTEXT)
    ((path, headers, body),) = server.asked
    assert path == "/v1/transit/encrypt/sovgate"
    assert (headers["X-Vault-Token"], headers["X-Vault-Namespace"]) == (TOKEN, "eu")
    asked = json.loads(body)
    assert {name: b64decode(text) for name, text in asked.items()} == {"plaintext": b"k" * 32, "context": CONTEXT}
    assert (sealed.kek, sealed.data[:9]) == ("sovgate:1", b"vault:v1:")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda server: server.keys.clear(), KeyGone),
        (lambda server: setattr(server, "least", 2), KeyGone),
        (lambda server: server.keys.update(sovgate=[AESGCM(os.urandom(32))]), KeyGone),
        (lambda server: setattr(server, "mounted", False), KeyGone),
        (lambda server: setattr(server, "denied", True), KeyGone),
        (lambda server: setattr(server, "token", "another"), KeysUnavailable),
    ],
    ids=["deleted", "version taken away", "made anew", "unmounted", "policy taken away", "our token ran out"],
)
def test_what_takes_a_vault_key_away_is_told_from_what_only_fails(change, told):
    with vault() as server:
        service = transit(server)
        sealed = service.seal(bytearray(32), CONTEXT)
        change(server)
        assert gone_or_not(lambda: service.open(sealed, CONTEXT)) is told


def test_a_server_that_lags_behind_has_not_lost_a_key():
    with vault() as server:
        server.keys["sovgate"].append(AESGCM(os.urandom(32)))
        service = transit(server)
        sealed = service.seal(bytearray(32), CONTEXT)
        server.keys["sovgate"].pop()
        assert gone_or_not(lambda: service.open(sealed, CONTEXT)) is KeysUnavailable


def test_a_new_version_wraps_and_the_old_one_opens():
    with vault() as server:
        service = transit(server)
        old = service.seal(bytearray(b"k" * 32), CONTEXT)
        server.keys["sovgate"].append(AESGCM(os.urandom(32)))
        assert (old.kek, service.current()) == ("sovgate:1", "sovgate:2")
        assert service.open(old, CONTEXT) == b"k" * 32


def test_a_token_in_a_file_is_read_anew_each_time(tmp_path):
    path = tmp_path / "token"
    with vault() as server:
        service = transit(server, token=SecretSource(file=path))
        with pytest.raises(KeysUnavailable, match="file of its token"):
            service.seal(bytearray(32), CONTEXT)
        path.write_text("old\n")
        with pytest.raises(KeysUnavailable, match="isn't accepted"):
            service.seal(bytearray(32), CONTEXT)
        path.write_text(TOKEN + "\n")
        assert service.seal(bytearray(32), CONTEXT)
        path.write_text("two\r\nlines")
        with pytest.raises(KeysUnavailable, match="file of its token"):
            service.seal(bytearray(32), CONTEXT)


def test_kms_is_asked_as_its_model_says_and_the_call_is_signed():
    with kms() as server:
        service = kms_at(server)
        service.open(service.seal(bytearray(b"k" * 32), CONTEXT), CONTEXT)
    botocore = pytest.importorskip("botocore.loaders")
    model = botocore.Loader().load_service_model("kms", "service-2")
    assert len(server.asked) == 2
    for (_, headers, body), action in zip(server.asked, ("Encrypt", "Decrypt"), strict=True):
        assert headers["X-Amz-Target"] == f"{model['metadata']['targetPrefix']}.{action}"
        assert headers["Content-Type"] == f"application/x-amz-json-{model['metadata']['jsonVersion']}"
        members = model["shapes"][model["operations"][action]["input"]["shape"]]
        assert set(members.get("required", ())) <= set(json.loads(body)) <= set(members["members"])
        assert json.loads(body)["EncryptionContext"] == {"sovgate": CONTEXT.decode()}
        assert "Credential=AKIDEXAMPLE/" in headers["Authorization"]
        assert "/eu-central-1/kms/aws4_request" in headers["Authorization"]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("DisabledException", KeyGone),
        ("KMSInvalidStateException", KeyGone),
        ("NotFoundException", KeyGone),
        ("AccessDeniedException", KeyGone),
        ("com.amazonaws.kms#AccessDeniedException", KeyGone),
        ("IncorrectKeyException", KeyGone),
        ("ThrottlingException", KeysUnavailable),
        ("KMSInternalException", KeysUnavailable),
        ("KeyUnavailableException", KeysUnavailable),
        ("DependencyTimeoutException", KeysUnavailable),
        ("ExpiredTokenException", KeysUnavailable),
        ("UnrecognizedClientException", KeysUnavailable),
        ("InvalidSignatureException", KeysUnavailable),
        ("SomethingNew", KeysUnavailable),
    ],
)
def test_what_takes_a_kms_key_away_is_told_from_what_only_fails(state, told):
    with kms() as server:
        service = kms_at(server)
        sealed = service.seal(bytearray(32), CONTEXT)
        server.states[ARN] = state
        assert gone_or_not(lambda: service.open(sealed, CONTEXT)) is told
        assert gone_or_not(lambda: service.seal(bytearray(32), CONTEXT)) is told


def test_without_credentials_nothing_is_asked(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with kms() as server:
        with pytest.raises(KeysUnavailable, match="no credentials"):
            kms_at(server).seal(bytearray(32), CONTEXT)
        assert server.asked == []


def test_a_profile_has_credentials_of_its_own(monkeypatch, tmp_path):
    config = tmp_path / "config"
    config.write_text("[profile acme]\naws_access_key_id = AKIDACME\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    with kms() as server:
        kms_at(server, profile="acme").seal(bytearray(32), CONTEXT)
        assert "Credential=AKIDACME/" in server.asked[0][1]["Authorization"]
        with pytest.raises(FaultyCustody, match='no profile "acne"'):
            kms_at(server, profile="acne")


@pytest.mark.parametrize(
    ("arn", "url"),
    [
        (ARN, "https://kms.eu-central-1.amazonaws.com"),
        (
            ARN.replace("aws:", "aws-cn:").replace("eu-central-1", "cn-north-1"),
            "https://kms.cn-north-1.amazonaws.com.cn",
        ),
    ],
)
def test_where_kms_is_stands_in_the_arn(arn, url):
    pytest.importorskip("botocore")
    assert Kms(KmsSettings(arn), 1)._url == url


# -- older keys, and keys that the store names and nobody else


def test_an_older_key_opens_and_one_that_the_configuration_does_not_name_is_never_asked(opened):
    opening, server = opened
    sealed = opening().seal(bytearray(b"k" * 32), CONTEXT)
    old = sealed.kek.partition(":")[0] if sealed.kek.startswith("sovgate") else sealed.kek
    new = {"sovgate": "newer", ARN: OTHER_ARN}[old]
    assert opening(key=new, older=(old,)).open(sealed, CONTEXT) == b"k" * 32
    asked = len(server.asked)
    with pytest.raises(KeysUnavailable, match="does not name"):
        opening().open(replace(sealed, kek=f"{new}:1" if old == "sovgate" else new), CONTEXT)
    assert len(server.asked) == asked


# -- what nobody must ever read


def test_no_log_however_loud_holds_a_secret_and_no_error_does(opened, caplog):
    opening, server = opened
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    try:
        service = opening()
        sealed = service.seal(bytearray(b"find-me-" * 4), CONTEXT)
        service.open(sealed, CONTEXT)
        provider = OutsideProvider("acme", service, os.urandom, clock=iter(range(0, 10**6, 100)).__next__)
        whole = Wrapped(sealed.kek, len(sealed.data).to_bytes(2) + sealed.data + bytes(60))
        told = []
        for behaviour in MISBEHAVING.values():
            if behaviour not in (hangs, drips):
                server.behaviour = behaviour
                with pytest.raises(KeysUnavailable) as caught:
                    provider.unwrap(whole, CONTEXT)
                told.append(str(caught.value))
    finally:
        root.setLevel(before)
    read = caplog.text + "".join(told)
    for secret in ("find-me", "ZmluZC1tZS", TOKEN, "to-find", sealed.data.decode("latin-1"), "AKIDEXAMPLE"):
        assert secret not in read
    assert "hvs" not in repr(service._settings) + repr(sealed)


def test_what_a_server_says_is_not_passed_on(opened):
    opening, server = opened
    server.behaviour = lambda handler: handler.answer(
        400, {"errors": ["a-word-to-find not found"], "__type": "a-word-to-find"}
    )
    with pytest.raises(KeysUnavailable) as caught:
        opening().seal(bytearray(32), CONTEXT)
    assert "to-find" not in str(caught.value)

"""Services of keys on this machine: one in memory, and small HTTP servers that keep to Vault's and to KMS' contract.

The servers' words (paths, members, statuses, messages) are those of the published interfaces: of Vault's and OpenBao's
transit engine (`path_encrypt.go`, `path_decrypt.go`), and of KMS' model as botocore ships it.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from base64 import b64decode, b64encode
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.custody.provider import Wrapped
from gateway.errors import KeyGone, KeysUnavailable

ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_ARN = ARN[:-1] + "c"
TOKEN = "hvs.a-token-to-find"


class MemoryService:
    """A service in memory. `fault` is raised by every call while it is set; `keys` are its keys by name."""

    def __init__(self, key="one"):
        self.key = key
        self.keys = {key: AESGCM(os.urandom(32))}
        self.fault = None
        self.calls = 0
        self.seen = []
        self.closed = False

    def current(self):
        self._asked(self.key)
        return self.key

    def seal(self, data, context):
        nonce = os.urandom(12)
        self.seen.append(bytes(data))
        return Wrapped(self.key, nonce + self._asked(self.key).encrypt(nonce, bytes(data), context))

    def open(self, sealed, context):
        try:
            return bytearray(self._asked(sealed.kek).decrypt(sealed.data[:12], sealed.data[12:], context))
        except InvalidTag:
            raise KeyGone("doesn't fit") from None

    def close(self):
        self.closed = True

    def rotate(self, key):
        self.key = key
        self.keys[key] = AESGCM(os.urandom(32))

    def _asked(self, key):
        self.calls += 1
        if self.fault is not None:
            raise self.fault
        if key not in self.keys:
            raise KeyGone("its key is gone")
        return self.keys[key]


DOWN = KeysUnavailable("can't be reached")


class Contract(BaseHTTPRequestHandler):
    """What both servers share. `server.behaviour`, where it is set, answers in the place of the contract."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        size = int(self.headers.get("Content-Length", 0))
        self.body = self.rfile.read(size)
        self.server.asked.append((self.path, dict(self.headers), self.body))
        if self.server.behaviour is not None:
            self.server.behaviour(self)
            return
        self.contract()

    def do_GET(self):
        self.do_POST()

    def answer(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        return


class VaultContract(Contract):
    """The transit engine at `transit/`, with keys by name: a list of versions."""

    def contract(self):
        server = self.server
        if self.headers.get("X-Vault-Token") != server.token:
            self.errors(403, "permission denied")
            return
        _, version, *path = self.path.split("/")
        if version != "v1":
            self.errors(404)
        elif path == ["auth", "token", "lookup-self"]:
            self.answer(200, {"data": {"policies": ["sovgate"]}})
        elif server.denied:
            self.errors(403, "1 error occurred:\n\t* permission denied\n\n")
        elif path[0] != "transit" or not server.mounted:
            self.errors(404, f'no handler for route "{"/".join(path)}". route entry not found.')
        else:
            self.transit(path[1], path[2], json.loads(self.body))

    def transit(self, action, name, asked):
        versions = self.server.keys.get(name)
        context = b64decode(asked["context"])
        if versions is None:
            self.errors(400, "encryption key not found")
        elif action == "encrypt":
            nonce = os.urandom(12)
            sealed = nonce + versions[-1].encrypt(nonce, b64decode(asked["plaintext"]), context)
            text = f"vault:v{len(versions)}:{b64encode(sealed).decode()}"
            self.answer(200, {"data": {"ciphertext": text, "key_version": len(versions)}, "lease_id": ""})
        else:
            found = re.fullmatch("vault:v([0-9]+):(.*)", asked["ciphertext"], re.DOTALL)
            try:
                number, sealed = int(found[1]), b64decode(found[2], validate=True)
            except (TypeError, ValueError):
                self.errors(400, f"invalid ciphertext: {'could not decode base64' if found else 'no prefix'}")
                return
            if number < self.server.least:
                self.errors(400, "ciphertext or signature version is disallowed by policy (too old)")
            elif number > len(versions):
                self.errors(400, "invalid ciphertext: version is too new")
            else:
                try:
                    opened = versions[number - 1].decrypt(sealed[:12], sealed[12:], context)
                except InvalidTag:
                    self.errors(400, "invalid ciphertext: unable to decrypt")
                    return
                self.answer(200, {"data": {"plaintext": b64encode(opened).decode()}})

    def errors(self, status, *words):
        self.answer(status, {"errors": list(words)})


class KmsContract(Contract):
    """`Encrypt` and `Decrypt`; `server.states` has what is said of a key instead, by ARN."""

    def contract(self):
        server, asked = self.server, json.loads(self.body)
        action = self.headers["X-Amz-Target"].removeprefix("TrentService.")
        key = asked["KeyId"]
        if "Credential=" not in self.headers.get("Authorization", ""):
            self.fault("MissingAuthenticationTokenException")
        elif key in server.states:
            self.fault(server.states[key])
        elif key not in server.keys:
            self.fault("NotFoundException")
        elif action == "Encrypt":
            nonce, context = os.urandom(12), json.dumps(asked["EncryptionContext"]).encode()
            sealed = nonce + server.keys[key].encrypt(nonce, b64decode(asked["Plaintext"]), context)
            self.answer(200, {"CiphertextBlob": b64encode(sealed).decode(), "KeyId": key})
        else:
            sealed, context = b64decode(asked["CiphertextBlob"]), json.dumps(asked["EncryptionContext"]).encode()
            try:
                opened = server.keys[key].decrypt(sealed[:12], sealed[12:], context)
            except InvalidTag:
                self.fault("InvalidCiphertextException")
                return
            self.answer(200, {"Plaintext": b64encode(opened).decode(), "KeyId": key})

    def fault(self, kind):
        self.answer(400, {"__type": kind, "message": "told of a-secret-to-find"})


@contextmanager
def serving(contract, tls=None, **state):
    """Serve on this machine; gives the server, with `url`, `asked` and the state of its contract."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), contract)
    server.daemon_threads = True
    server.behaviour, server.asked = None, []
    for name, value in state.items():
        setattr(server, name, value)
    scheme = "http"
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    server.url = f"{scheme}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def vault(tls=None):
    """Serve Vault's contract with one key."""
    keys = {"sovgate": [AESGCM(os.urandom(32))]}
    return serving(VaultContract, tls, keys=keys, token=TOKEN, denied=False, mounted=True, least=1)


def kms():
    """Serve KMS' contract with one key."""
    return serving(KmsContract, keys={ARN: AESGCM(os.urandom(32))}, states={})


# -- servers that misbehave


def hangs(handler):
    """Say nothing for as long as somebody waits."""
    handler.server.hang.wait(20)
    handler.close_connection = True


def drips(handler):
    """Answer a byte at a time, without end."""
    handler.send_response(200)
    handler.send_header("Content-Length", "10000")
    handler.end_headers()
    try:
        while not handler.server.hang.wait(0.05):
            handler.wfile.write(b" ")
            handler.wfile.flush()
    except OSError:
        handler.close_connection = True


def floods(handler):
    """Answer with far more than anybody expects."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(1 << 30))
    handler.end_headers()
    try:
        for _ in range(1 << 14):
            handler.wfile.write(b"{" * (1 << 16))
    except OSError:
        handler.close_connection = True


def redirects(handler):
    """Send the caller to a place where a key could be waited for."""
    handler.answer(307, {}, [("Location", handler.server.url + "/v1/elsewhere")])


def breaks_off(handler):
    """End the connection in the middle of an answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"data":')
    handler.close_connection = True


def raw(data):
    """Answer these bytes in the place of HTTP."""

    def behaviour(handler):
        handler.wfile.write(data)
        handler.close_connection = True

    return behaviour


def says(status, body):
    """Answer this."""
    return lambda handler: handler.answer(status, body)


MISBEHAVING = {
    "hangs": hangs,
    "drips": drips,
    "floods": floods,
    "redirects": redirects,
    "breaks off": breaks_off,
    "isn't HTTP": raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "closes": raw(b""),
    "a page of a proxy": says(404, b"<html>not found</html>"),
    "an error of its own": says(500, {"errors": ["internal error"], "__type": "KMSInternalException"}),
    "sealed or standby": says(503, {"errors": ["Vault is sealed"], "__type": "KeyUnavailableException"}),
    "too much is asked": says(429, {"errors": [], "__type": "ThrottlingException"}),
    "a list": says(200, b"[]"),
    "half of JSON": says(200, b'{"data": {"plaintext": "'),
    "nothing": says(200, b""),
    "another kind": says(200, {"data": {"plaintext": 1, "ciphertext": 1}, "Plaintext": 1, "CiphertextBlob": 1}),
    "no base64": says(
        200,
        {"data": {"plaintext": "%%%", "ciphertext": "%%%"}, "Plaintext": "%", "CiphertextBlob": "%", "KeyId": ARN},
    ),
    "a short key": says(
        200,
        {
            "data": {"plaintext": "AAAA", "ciphertext": "vault:v1:"},
            "Plaintext": "AAAA", "CiphertextBlob": "", "KeyId": ARN,
        },
    ),
    "for another key": says(
        200, {"data": {}, "Plaintext": "A" * 43 + "=", "CiphertextBlob": "AAAA", "KeyId": OTHER_ARN}
    ),
    "huge numbers of errors": says(400, {"errors": ["x" * 60_000]}),
}  # fmt: skip
"""What a server may do that isn't the contract: each must be `KeysUnavailable`, soon."""


def until(found, seconds=10.0):
    """Wait until something is so, without depending on how fast the machine is."""
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "it never was"
        time.sleep(0.01)

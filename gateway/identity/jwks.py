"""The public keys of an issuer of tokens: a JWK Set (RFC 7517), read strictly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import InvalidKeyError
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from gateway.errors import FaultyFiles, NotAuthenticated, Place, Problem
from gateway.faults import Fault
from gateway.identity.strict import base64url, json_object

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey | Ed448PublicKey

RSA_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
CURVE_ALGORITHMS = {
    "P-256": frozenset({"ES256"}),
    "P-384": frozenset({"ES384"}),
    "P-521": frozenset({"ES512"}),
    "Ed25519": frozenset({"EdDSA", "Ed25519"}),
    "Ed448": frozenset({"EdDSA", "Ed448"}),
}
ALGORITHMS = RSA_ALGORITHMS.union(*CURVE_ALGORITHMS.values())
"""The JWS algorithms that can be allowed (RFC 7518 section 3.1, RFC 8037, RFC 9864): asymmetric ones only."""

_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})  # RFC 7518 sections 6.2.2 and 6.3.2
_SECRET = _PRIVATE | {"k"}
_READERS: dict[str, tuple[Callable[[dict[str, Any]], Any], tuple[str, ...]]] = {
    "RSA": (RSAAlgorithm.from_jwk, ("n", "e")),
    "EC": (ECAlgorithm.from_jwk, ("x", "y")),
    "OKP": (OKPAlgorithm.from_jwk, ("x",)),
}
_LONGEST_RSA = 8192  # bits; a larger key only makes each verification slow
_SHORTEST_RSA = 2048
_MOST_KEYS = 100


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One public key and the algorithms whose signatures it may check: a key serves no other (RFC 8725 section 3.1)."""

    kid: str | None
    algorithms: frozenset[str]
    public: PublicKey


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys that may sign tokens, and what was wrong with those left out."""

    keys: tuple[VerificationKey, ...] = ()
    problems: tuple[str, ...] = ()

    def find(self, kid: str | None, algorithm: str) -> PublicKey:
        """Give the one key that a token's header means; raises `NotAuthenticated`.

        A `kid` is a name to compare and nothing else: never a path, a query or an address. Without one, the set must
        leave no choice.
        """
        named = [key for key in self.keys if kid is None or key.kid == kid]
        if not named:
            raise NotAuthenticated("identity-invalid", "no key of that name is known", unknown_key=True)
        fitting = [key.public for key in named if algorithm in key.algorithms]
        if len(fitting) != 1:
            raise NotAuthenticated("identity-invalid", "no key, or more than one, fits the token's algorithm")
        return fitting[0]


def read_key_set(data: bytes, name: str) -> KeySet:
    """Read a JWK Set; `name` (a file or an address) names it in errors.

    Keys for encryption, symmetric keys, weak and malformed keys are left out and named in `problems`. Raises
    `FaultyFiles` where the set is no JWK Set, where nothing usable is left, and where a private key stands in it.
    """
    try:
        entries = json_object(data).get("keys")
    except ValueError as error:
        raise _faulty(name, f"the key set is {error}") from None
    if not isinstance(entries, list):
        raise _faulty(name, 'the key set has no list "keys"', "RFC 7517 section 5")
    if len(entries) > _MOST_KEYS:
        raise _faulty(name, f"the key set has more than {_MOST_KEYS} keys")
    keys: list[VerificationKey] = []
    problems: list[str] = []
    for index, entry in enumerate(entries):
        if isinstance(entry, dict) and _PRIVATE & entry.keys():
            raise _faulty(
                name,
                f"keys[{index}] is a private key",
                "publish public keys only, and replace this one: it is known now",
            )
        try:
            key = _read_key(entry)
            if any(key.kid == other.kid and key.algorithms & other.algorithms for other in keys):
                raise ValueError("another key has the same kid and algorithm")  # noqa: TRY301 - one way to leave out
        except ValueError as error:
            problems.append(f"keys[{index}] is not used: {error}")
        else:
            keys.append(key)
    if not keys:
        raise _faulty(name, "the key set has no usable key", "; ".join(problems))
    return KeySet(tuple(keys), tuple(problems))


def read_public(entry: object) -> tuple[PublicKey, frozenset[str]]:
    """Read a JWK that came with a message: its key, and the algorithms that it may serve.

    Raises `ValueError` for a private or symmetric one, and for what else a key set would leave out.
    """
    if isinstance(entry, dict) and not _SECRET.isdisjoint(entry):
        raise ValueError("it is a private key")
    key = _read_key(entry)
    return key.public, key.algorithms


def _read_key(entry: object) -> VerificationKey:
    """Read one JWK (RFC 7517 section 4); raises `ValueError` that says why it can't be used."""
    if not isinstance(entry, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 - bytes from outside, not a misuse
    kid, kty, use, operations = (entry.get(member) for member in ("kid", "kty", "use", "key_ops"))
    if kid is not None and not isinstance(kid, str):
        raise ValueError("its kid is not text")
    if use not in (None, "sig") or not (
        operations is None or (isinstance(operations, list) and "verify" in operations)
    ):
        raise ValueError("it is not for signatures")
    if not isinstance(kty, str) or kty not in _READERS:
        raise ValueError("its kty is not RSA, EC or OKP; symmetric keys are never accepted")
    reader, members = _READERS[kty]
    try:
        for member in members:
            base64url(entry[member])
        public: PublicKey = reader(entry)
    except (KeyError, AttributeError, TypeError, ValueError, InvalidKeyError):
        raise ValueError("it is malformed") from None
    fitting = _algorithms(entry, public)
    return VerificationKey(kid, fitting, public)


def _algorithms(entry: dict[str, Any], public: PublicKey) -> frozenset[str]:
    """Tell which algorithms a key fits; its own `alg`, where it has one, leaves only that."""
    if isinstance(public, RSAPublicKey):
        if not _SHORTEST_RSA <= public.key_size <= _LONGEST_RSA:
            raise ValueError(f"its modulus is not between {_SHORTEST_RSA} and {_LONGEST_RSA} bits")
        fitting = RSA_ALGORITHMS
    else:
        # the reader knows more curves than are allowed here (secp256k1)
        fitting = CURVE_ALGORITHMS.get(entry["crv"], frozenset())
    if "alg" in entry:
        fitting &= {entry["alg"]} if isinstance(entry["alg"], str) else frozenset()
    if not fitting:
        raise ValueError("its algorithm is not allowed, or not one for its type")
    return fitting


def _faulty(name: str, message: str, hint: str = "") -> FaultyFiles:
    """Make the error for a key set that can't be used; key sets are written by programs, so it points to the start."""
    return FaultyFiles([Problem(Place(name, 1, 1), message, hint, code=Fault.BAD_KEY_SET)])

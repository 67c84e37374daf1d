"""What customers' keys cost: fields a second on one core, beside a general JOSE library; and in the gate.

    python bench/keys.py [--seconds 1] [--json]

The values are e-mail addresses. Every line is the best of three, in processor time; the peer encrypts and decrypts the
same values to the same form under the same key in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from joserfc import jwe as joserfc_jwe
from joserfc.jwk import OctKey

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import keys_gate
from gateway.custody.memory import MemoryCustody
from gateway.tokens.lent import LentKeys
from gateway.tokens.shapes import could_be_token

FIELD, PURPOSE = "user.contact.email", "order-fulfilment"
TARGETS = {"encrypt": 150_000, "reveal an encrypted value": 150_000, "seal with HPKE": 8_000}
LEG_CUSTOMERS, LEG_RECORDS, LEG_FIELDS = 37, 200, 5
LEG_TARGET_MS = 15
ROUNDS = 3
_ALGORITHMS = ["dir", "A256GCM"]


def rate(once: Callable[[int], object], seconds: float) -> int:
    """Give how often a second `once` runs on one core: the best of a few rounds."""
    count, best = 64, 0.0
    for _ in range(ROUNDS):
        spent = 0.0
        while spent < seconds / ROUNDS / 2:
            began = time.process_time()
            for number in range(count):
                once(number)
            spent = time.process_time() - began
            best = max(best, count / spent if spent else 0)
            count *= 1 if spent > seconds / ROUNDS / 2 else 2
    return round(best)


def lent(custody: MemoryCustody, customer: str = "c-1") -> LentKeys:
    keys = asyncio.run(custody.lend([customer], PURPOSE, 0, make=True)).of(customer)
    assert keys is not None
    return keys


def measure(seconds: float) -> dict[str, object]:
    texts = [f'"anna.lindqvist.{number:04}@example.com"' for number in range(1024)]
    found: dict[str, object] = {}
    custody = MemoryCustody()
    custody.register("c-1", X25519PrivateKey.generate().public_key(), "hpke")
    custody.register("c-1", ec.generate_private_key(ec.SECP256R1()).public_key(), "jwe")
    keys = lent(custody)
    tokens = [keys.encrypt(text, FIELD) for text in texts]
    kept = [keys.tokenise(text, FIELD, "text") or "" for text in texts]
    moved = [keys.encrypt(text, "user.name") for text in texts]
    works: dict[str, Callable[[int], object]] = {
        "encrypt": lambda n: keys.encrypt(texts[n & 1023], FIELD),
        "reveal an encrypted value": lambda n: keys.reveal(tokens[n & 1023], FIELD),
        "refuse another field's": lambda n: keys.reveal(moved[n & 1023], FIELD),
        "tokenise a value that has a token": lambda n: keys.tokenise(texts[n & 1023], FIELD, "text"),
        "tokenise a new value": lambda n: keys.tokenise(str(n) + str(time.monotonic_ns()), FIELD, "text"),
        "reveal a token": lambda n: keys.reveal(kept[n & 1023], FIELD),
        "seal with HPKE": lambda n: keys.seal(texts[n & 1023], FIELD, "hpke"),
        "seal as a JWE (P-256)": lambda n: keys.seal(texts[n & 1023], FIELD, "jwe"),
        "see that a value is no token": lambda n: could_be_token(texts[n & 1023]),
        **peers(custody, texts, tokens),
    }
    for name, work in works.items():
        found[name] = {"a second": rate(work, seconds)}
        if name in TARGETS:
            found[name] |= {"target": TARGETS[name]}  # type: ignore[operator]
    found["a list of 200 records, 5 fields each, 37 customers"] = {"ms": leg(texts), "target below": LEG_TARGET_MS}
    return {**found, **keys_gate.measure()}


def peers(custody: MemoryCustody, texts: list[str], tokens: list[str]) -> dict[str, Callable[[int], object]]:
    """What a general library does under the same key; it opens ours."""
    (data,) = [key for key in custody.keys("c-1") if key.kind == "data"]
    key = OctKey.import_key(bytes(data.key))
    header = {"alg": "dir", "enc": "A256GCM", "cty": "json", "kid": "a-handle-of-16-l.1.context-16-chars"}
    return {
        "joserfc: encrypt": lambda n: joserfc_jwe.encrypt_compact(header, texts[n & 1023], key, algorithms=_ALGORITHMS),
        "joserfc: decrypt": lambda n: joserfc_jwe.decrypt_compact(tokens[n & 1023], key, algorithms=_ALGORITHMS),
    }


def leg(texts: list[str]) -> float:
    """Give the milliseconds that a list adds: keys lent, every field encrypted, evidence given. The keys are warm."""
    custody = MemoryCustody()
    customers = [f"c-{number}" for number in range(LEG_CUSTOMERS)]
    fields = [f"user.field{number}" for number in range(LEG_FIELDS)]

    async def once() -> None:
        loan = await custody.lend(customers, PURPOSE, 0, make=True)
        for record in range(LEG_RECORDS):
            keys = loan.of(customers[record % LEG_CUSTOMERS])
            assert keys is not None
            for number, field in enumerate(fields):
                keys.encrypt(texts[record * LEG_FIELDS + number], field)
        await loan.settle()

    best = float("inf")
    for _ in range(10):
        began = time.process_time()
        asyncio.run(once())
        best = min(best, time.process_time() - began)
    return round(best * 1e3, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = measure(asked.seconds)
    if asked.json:
        print(json.dumps(found, indent=1))
        return
    for name, values in found.items():
        assert isinstance(values, dict)
        print(f"{name:52}" + "  ".join(f"{key} {value:>9,}" for key, value in values.items()))


if __name__ == "__main__":
    main()

"""What a request brings beside its token: an assertion that the operator is there, an attestation of their device."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.attestation.device import Devices
from gateway.attestation.webauthn import Assertions
from gateway.errors import NotAuthenticated
from gateway.flow import Headers, Operator


@dataclass(slots=True)
class Evidence:
    """Checks it; a reload puts other checks in place. `""` as the name of a header: that evidence isn't looked for."""

    assertions: Assertions | None = None
    assertion_header: str = ""
    devices: Devices | None = None
    device_header: str = ""

    def weigh(
        self, operator: Operator, headers: Headers, method: str, target: str, now: int
    ) -> tuple[Operator, bytes | None]:
        """Give the operator with all that is proven of them, and the SHA-256 that the body must have, None: any.

        Raises `NotAuthenticated` for evidence that doesn't hold: it is never taken for none.
        """
        body = None
        if self.devices is not None and (value := _only(headers, self.device_header, "device-invalid")) is not None:
            operator = self.devices.check(value, operator, now)
        value = _only(headers, self.assertion_header, "proof-invalid")
        if self.assertions is not None and value is not None:
            asserted = self.assertions.check(value, operator, method, target, now)
            operator, body = asserted.operator, asserted.body
        return operator, body


def _only(headers: Headers, name: str, refusal: str) -> str | None:
    """Give the value of a header that may be there once; one with `_` would stand beside the real one."""
    wanted = name.lower()
    found = [value for key, value in headers if key.lower().replace("_", "-") == wanted]
    if len(found) > 1:
        raise NotAuthenticated(refusal, "the header of the evidence is given more than once")
    return found[0].strip(" \t") if found else None

"""The stage of the Tryton demo: each call is made twice, straight and through the gateway, and compared."""

from __future__ import annotations

import re
from dataclasses import dataclass

from examples.asking import Answer
from examples.bodies import leaves, masked, replaced
from examples.sidecar import Sidecar
from examples.telling import Teller
from examples.tryton.client import Client

LEFT, REACHED = "left Tryton", "reached the CRM"

_CONTACT = re.compile(
    r"/result/\d+/(email|phone|mobile|value|url|street|postal_code|city|full_address|invoice_address\./full_address)"
    r"|/result/(invoice|shipment)_address\./rec_name"
)
"""What policies/sales.yaml hides, worked out a second time by hand."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Who tells, the CRM's connector, and the gateway."""

    tell: Teller
    client: Client
    gateway: Sidecar

    async def both(self, method: str, *params: object) -> tuple[Answer, Answer]:
        """Send the same bytes straight to Tryton and through the gateway."""
        body = self.client.request(method, params)
        return await self.client.straight(body), await self.client.gated(body)

    def same(self, sentence: str, straight: Answer, gated: Answer) -> None:
        """Check that an answer arrived byte for byte as it left."""
        self.tell.equal(sentence, (straight.status, straight.text), (gated.status, gated.text))


def hidden(body: bytes) -> bytes:
    """Give what sales sees of an answer while nobody has agreed to anything."""
    texts = {leaf.pointer: leaf.text for leaf in leaves(body) if leaf.text.startswith(b'"')}
    return replaced(body, {place: masked(text) for place, text in texts.items() if _CONTACT.fullmatch(place)})

"""Scene: a screenshot of the invoice turns up, cropped and sent through a messenger; who had it?"""

from __future__ import annotations

import json
from io import BytesIO

import pypdfium2

from examples.orders.crm import ANNA
from examples.orders.data import orders
from examples.orders.marking import INVOICE_ORDER
from examples.orders.people import CUSTOMERS
from examples.orders.stage import Stage

_DOTS = 96  # an inch, as on an ordinary screen
_LEFT_OF_IT = (0.06, 0.04, 0.92, 0.74)  # what the crop leaves of the page
_QUALITY = 60


async def leak(stage: Stage) -> None:
    tell = stage.tell
    tell.heading("A leak: a screenshot of the invoice, cropped and recompressed, is traced")
    (stage.folder / "leak.jpg").write_bytes(_screenshot((stage.folder / "marked-invoice.pdf").read_bytes()))
    people = stage.folder / "people.txt"
    people.write_text("\n".join([ANNA["sub"], *(customer.id for customer in CUSTOMERS)]) + "\n")
    asked = ("trace", str(stage.folder / "leak.jpg"), "--people", str(people))
    tell.command("sovgate", "trace", "leak.jpg", "--people", "people.txt")
    said = await stage.gateway.call(*asked, "-o", "json")
    exports = json.loads(said.out)["exports"] if said.code == 0 else []
    tell.equal("one export is named", 1, len(exports))
    if not exports:
        return
    (export,) = exports
    (page,) = export["pages"]
    customer = orders()[INVOICE_ORDER].customer.id
    named = ", ".join(one.get("id", "nobody known") for one in export["customers"])
    tell.say(f"  {export['operation']}, {export['time']}: customer {named}, by {export['operator'].get('id')}", "dim")
    tell.equal("its customer is the order's", [customer], [one.get("id") for one in export["customers"]])
    tell.equal("who fetched it is named", ANNA["sub"], export["operator"].get("id"))
    tell.equal("it was read from the hidden mark of page 1", ("hidden", 1), (page["by"], page["export_page"]))


def _screenshot(body: bytes) -> bytes:
    """Give the first page as somebody takes it off a screen and sends it on."""
    with pypdfium2.PdfDocument(body) as document:
        shown = document[0].render(scale=_DOTS / 72).to_pil().convert("RGB")
    left, top, right, low = _LEFT_OF_IT
    box = (int(left * shown.width), int(top * shown.height), int(right * shown.width), int(low * shown.height))
    out = BytesIO()
    shown.crop(box).save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()

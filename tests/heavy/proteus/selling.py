"""A salesperson's program on proteus, unchanged, over XML-RPC: it knows a URL, an account and a header, and no gateway.

python selling.py URL ACCOUNT PASSWORD HEADERS STEP...     HEADERS and what is printed are JSON
"""

from __future__ import annotations

import json
import sys
import xmlrpc.client
from collections.abc import Callable
from typing import Any

from proteus import Model, config

STEPS: dict[str, Callable[[], Any]] = {}


def step(function: Callable[[], Any]) -> Callable[[], Any]:
    STEPS[function.__name__] = function
    return function


def seen(party: Any) -> dict[str, Any]:
    """Give what is to be seen of a party."""
    contacts = [[one.type, one.value] for one in party.contact_mechanisms]
    homes = [[one.street, one.postal_code, one.city, one.full_address] for one in party.addresses]
    told = {"name": party.name, "email": party.email, "phone": party.phone, "tax": str(party.tax_identifier or "")}
    return told | {"contacts": contacts, "homes": homes}


def found(name: str) -> Any:
    (party,) = Model.get("party.party").find([("name", "=", name)])
    return party


@step
def parties() -> Any:
    return [seen(found(name)) for name in ("Lin Wei", "Étienne Royer", "Harper Quinlan")]


@step
def new_party() -> Any:
    party = Model.get("party.party")(name="Lotte Fält")
    (home,) = party.addresses or [party.addresses.new()]
    home.street, home.postal_code, home.city = "Weg 11", "04109", "Leipzig"
    party.contact_mechanisms.new(type="email", value="lotte@example.org")
    party.save()
    return seen(party)


@step
def new_party_read() -> Any:
    return seen(found("Lotte Fält"))


@step
def sale() -> Any:
    """Go all the way, from the first click to the posted invoice."""
    (product,) = Model.get("product.product").find([("template.name", "=", "Flange DN80")])
    sale = Model.get("sale.sale")()
    sale.party = found("Lin Wei")
    sale.payment_term = Model.get("account.invoice.payment_term").find([])[0]
    line = sale.lines.new()
    line.product, line.quantity = product, 3
    sale.save()
    states = [sale.state]
    for word in ("quote", "confirm", "process"):
        sale.click(word)
        states.append(sale.state)
    (invoice,), (shipment,) = sale.invoices, sale.shipments
    invoice.click("post")
    return {
        "states": states,
        "amounts": [str(sale.untaxed_amount), str(sale.total_amount), str(invoice.total_amount)],
        "invoice": [invoice.state, bool(invoice.number), invoice.party.name, invoice.invoice_address.full_address],
        "shipment": [shipment.state, shipment.customer.name, shipment.delivery_address.street],
        "sold to": [sale.invoice_address.rec_name, sale.shipment_address.city],
    }


@step
def write_back() -> Any:
    """Save a telephone number as it was read, as a program does that saves all that it has."""
    (phone,) = [one for one in found("Lin Wei").contact_mechanisms if one.type == "phone"]
    phone._proxy.write([phone.id], {"value": phone.value}, phone._context)
    return phone.value


@step
def change() -> Any:
    (phone,) = [one for one in found("Lin Wei").contact_mechanisms if one.type == "phone"]
    phone.value = "+86 139 1234 9999"
    phone.save()
    return phone.value


@step
def nobody() -> Any:
    """Ask for a party that isn't there: Tryton says so in words, under status 200."""
    return Model.get("party.party")(4711).name


@step
def delete() -> Any:
    found("Harper Quinlan").delete()
    return "deleted"


@step
def guess() -> Any:
    """Ask whose address begins with l."""
    return [party.id for party in Model.get("party.party").find([("contact_mechanisms.value", "ilike", "l%")])]


@step
def sort() -> Any:
    """Ask for an order, which could tell of what is hidden."""
    return [party.id for party in Model.get("party.party").find([("name", "=", "Lin Wei")], order=[("name", "ASC")])]


def main() -> None:
    url, account, password, headers, *steps = sys.argv[1:]
    shown = list(json.loads(headers).items())
    told: dict[str, Any] = {}
    with config.set_xmlrpc_session(url, account, password, headers=shown):
        for name in steps:
            try:
                told[name] = STEPS[name]()
            except xmlrpc.client.Fault as fault:
                told[name] = {"fault": fault.faultCode, "words": fault.faultString}
            except xmlrpc.client.ProtocolError as error:
                told[name] = {"status": error.errcode}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()

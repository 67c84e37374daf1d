"""A program of the sales side with `python-odata` (version 4) and `pyodata` (version 2), against one shop."""

from __future__ import annotations

import os

import pyodata
import requests
from odata import ODataService
from telling import Teller

URL4, URL2 = os.environ["SERVICE"] + "/odata/v4/shop/", os.environ["SERVICE"] + "/odata/v2/shop/"
session = requests.Session()
session.headers["Authorization"] = "Bearer " + os.environ["TOKEN"]
teller = Teller()
step = teller.step

service = ODataService(URL4, session=session, reflect_entities=True, quiet_progress=True)
Customer, Order = service.entities["Customers"], service.entities["Orders"]


def customer_of(one):
    return {name: getattr(one, name) for name in ("ID", "name", "email", "phone", "credit")}


@step
def listed_over_pages():
    return [customer_of(one) for one in service.query(Customer)]


@step
def page():
    return session.get(URL4 + "Customers?$count=true").json()


@step
def next_page():
    return session.get(URL4 + teller.said["page"]["gave"]["@odata.nextLink"]).json()


@step
def one():
    return customer_of(service.query(Customer).get("C-002"))


@step
def filtered():
    query = service.query(Customer)
    return [one.ID for one in query.filter(Customer.name.startswith("O'")).order_by(Customer.name.asc())]


@step
def filtered_by_a_hidden_property():
    query = service.query(Customer)
    return [one.ID for one in query.filter(Customer.email == "lin@c1.example")]


@step
def sorted_by_a_hidden_property():
    return [one.ID for one in service.query(Customer).order_by(Customer.email.desc()).limit(3)]


@step
def token_made_up():
    """Ask for what follows a value of a hidden property, as services whose tokens hold values would answer."""
    return session.get(URL4 + "Customers?$skiptoken=email-'m'").status_code


@step
def expanded():
    return session.get(URL4 + "Orders?$expand=customer&$top=2").json()


@step
def expanded_by_a_hidden_property():
    return session.get(URL4 + "Customers?$expand=orders($filter=note eq 'remark 4')").status_code


@step
def lambda_by_a_hidden_property():
    return session.get(URL4 + "Orders?$filter=contains(customer/email,'lin')").status_code


@step
def created():
    made = Customer()
    made.ID, made.name, made.email, made.phone = "C-099", "Zoë Zhang", "zoe@z.example", "+86 139 1234 5678"
    service.save(made)
    return customer_of(made)


@step
def changed():
    made = service.query(Customer).get("C-099")
    made.phone = "+86 138 8765 4321"
    service.save(made)
    return customer_of(service.query(Customer).get("C-099"))


@step
def written_back():
    made = service.query(Customer).get("C-099")
    mask = made.phone
    made.phone = "anything else"
    made.phone = mask
    service.save(made)


@step
def deleted():
    service.delete(service.query(Customer).get("C-099"))
    return [one.ID for one in service.query(Customer) if one.ID == "C-099"]


client = pyodata.Client(URL2, session)
customers = client.entity_sets.Customers


@step
def pages_of_version_2():
    found, pages, url = [], [], None
    while True:
        request = customers.get_entities().count(inline=True)
        result = (request.next_url(url) if url else request).execute()
        found += [[one.ID, one.email, one.born, one.credit] for one in result]
        pages.append(result.next_url)
        url = result.next_url
        if url is None or len(pages) > 9:
            return {"found": found, "pages": pages}


@step
def links_of_version_2():
    raw = session.get(URL2 + "Customers('C-001')").json()["d"]
    uri, deferred = raw["__metadata"]["uri"], raw["orders"]["__deferred"]["uri"]
    return {"uri": uri, "deferred": deferred, "orders": len(session.get(deferred).json()["d"]["results"])}


@step
def batch_of_version_2():
    batch = client.create_batch()
    batch.add_request(customers.get_entity("C-003"))
    changes = client.create_changeset()
    request = client.entity_sets.Orders.create_entity()
    request.set(ID=int(os.environ["FRESH"]), customer_ID="C-003", note="in a batch")
    changes.add_request(request)
    batch.add_request(changes)
    batch.add_request(client.entity_sets.Orders.get_entities().filter("ID eq " + os.environ["FRESH"]))
    one, ((made),), found = batch.execute()
    return [one.phone, made.note, [order.note for order in found]]


@step
def refused_in_version_2():
    customers.update_entity("C-004", method="MERGE").set(email="*************mple").execute()


teller.tell()

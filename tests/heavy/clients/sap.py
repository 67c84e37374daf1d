"""A program of the sales side with `pyodata`, as its documentation has it: it knows a URL and a token, no gateway."""

from __future__ import annotations

import os

import pyodata
import requests
from telling import Teller

URL = os.environ["SERVICE"]
session = requests.Session()
session.headers["Authorization"] = "Bearer " + os.environ["TOKEN"]
teller = Teller()
step = teller.step


def fetch_token():
    """Fetch the CSRF token, as SAP wants it before anything is changed."""
    answer = session.head(URL, headers={"x-csrf-token": "fetch"})
    session.headers["x-csrf-token"] = answer.headers.get("x-csrf-token", "")
    return answer


def partner_of(entity):
    return {
        name: getattr(entity, name)
        for name in (
            "BusinessPartnerID", "CompanyName", "EmailAddress", "PhoneNumber", "FaxNumber", "LegalForm", "Address",
            "CreatedAt",
        )
    }  # fmt: skip


@step
def token():
    answer = fetch_token()
    return {"status": answer.status_code, "token": session.headers["x-csrf-token"], "cookies": dict(session.cookies)}


client = pyodata.Client(URL, session)
partners = client.entity_sets.BusinessPartnerSet
orders = client.entity_sets.SalesOrderSet


@step
def listed():
    return [partner_of(one) for one in partners.get_entities().top(30).execute()]


@step
def one():
    return partner_of(partners.get_entity("0100000000").execute())


@step
def addresses():
    raw = session.get(f"{URL}BusinessPartnerSet?$top=1", headers={"Accept": "application/json"}).json()
    found = raw["d"]["results"][0]
    again = session.get(found["__metadata"]["uri"]).json()["d"]
    contacts = session.get(found["ToContacts"]["__deferred"]["uri"]).json()["d"]["results"]
    return {
        "uri": found["__metadata"]["uri"],
        "deferred": found["ToContacts"]["__deferred"]["uri"],
        "same": again == found,
        "contacts": len(contacts),
    }


@step
def filtered():
    found = partners.get_entities().filter(CompanyName__startswith="S").count(inline=True).execute()
    return {"count": found.total_count, "names": [one.CompanyName for one in found]}


@step
def filtered_by_a_hidden_property():
    return len(partners.get_entities().filter("EmailAddress eq 'do.not.reply@sap.example'").execute())


@step
def filtered_by_a_constant_that_is_data():
    return len(orders.get_entities().filter("CustomerID eq '0100000005' and NetAmount gt 100.5M").execute())


@step
def counted():
    return partners.get_entities().count().execute()


@step
def selected():
    found = partners.get_entities().select("BusinessPartnerID,EmailAddress").top(1).execute()
    return [found[0].BusinessPartnerID, found[0].EmailAddress]


@step
def expanded():
    found = partners.get_entity("0100000000").expand("ToContacts").execute()
    return [[one.FirstName, one.EmailAddress, one.DateOfBirth] for one in found.ToContacts]


@step
def navigated():
    found = partners.get_entity("0100000000").execute().nav("ToContacts").get_entities().execute()
    return [[one.FirstName, one.EmailAddress, one.DateOfBirth] for one in found]


@step
def navigated_to_one():
    order = orders.get_entities().top(1).execute()[0]
    partner = order.nav("ToBusinessPartner").execute()
    return {"customer": order.CustomerID, "partner": partner.BusinessPartnerID, "email": partner.EmailAddress}


@step
def amounts():
    order = orders.get_entities().top(1).execute()[0]
    return {"net": str(order.NetAmount), "gross": repr(order.GrossAmount), "note": order.Note}


@step
def created():
    request = partners.create_entity()
    request.set(
        BusinessPartnerID="0199999999", CompanyName="O'Neill & Söhne", EmailAddress="o@neill.example",
        PhoneNumber="+353 1 6666 7777", LegalForm="Ltd.", BusinessPartnerRole="01", CurrencyCode="EUR",
    )  # fmt: skip
    made = request.execute()
    return partner_of(made)


@step
def changed():
    partners.update_entity("0199999999").set(PhoneNumber="+353 1 8888 9999").execute()
    return partner_of(partners.get_entity("0199999999").execute())


@step
def merged():
    partners.update_entity("0199999999", method="MERGE").set(LegalForm="Inc.").execute()
    return partners.get_entity("0199999999").execute().LegalForm


@step
def changed_with_an_etag():
    before = partners.get_entity("0199999999").execute()
    request = partners.update_entity("0199999999").set(LegalForm="SE")
    request.add_headers({"If-Match": before.etag})
    request.execute()
    stale = partners.update_entity("0199999999").set(LegalForm="AG")
    stale.add_headers({"If-Match": "W/\"datetime'2001-01-01T00%3A00%3A00'\""})
    try:
        stale.execute()
    except pyodata.exceptions.HttpError as error:
        return {"etag": before.etag, "stale": error.response.status_code}
    return {"etag": before.etag, "stale": "taken"}


@step
def written_back():
    seen = partners.get_entity("0199999999").execute()
    partners.update_entity("0199999999").set(LegalForm="Ltd.", PhoneNumber=seen.PhoneNumber).execute()


@step
def batched():
    batch = client.create_batch()
    batch.add_request(partners.get_entity("0199999999"))
    changes = client.create_changeset()
    changes.add_request(partners.update_entity("0199999999").set(FaxNumber="+353 1 1234 5678"))
    changes.add_request(partners.update_entity("0100000001").set(LegalForm="GmbH"))
    batch.add_request(changes)
    batch.add_request(partners.get_entities().filter("CompanyName eq 'O''Neill & Söhne'"))
    before, changed, found = batch.execute()
    return {"before": partner_of(before), "changed": changed, "found": [partner_of(one) for one in found]}


@step
def batched_create():
    batch = client.create_batch()
    changes = client.create_changeset()
    request = partners.create_entity()
    request.set(
        BusinessPartnerID="0199999998", CompanyName="林业有限公司", EmailAddress="lin@forest.example",
        PhoneNumber="+86 139 1234 5678",
    )  # fmt: skip
    changes.add_request(request)
    batch.add_request(changes)
    ((made,),) = batch.execute()
    return partner_of(made)


@step
def batched_write_back():
    seen = partners.get_entity("0199999999").execute()
    batch = client.create_batch()
    changes = client.create_changeset()
    changes.add_request(partners.update_entity("0199999999").set(LegalForm="OHG"))
    changes.add_request(partners.update_entity("0199999999").set(EmailAddress=seen.EmailAddress))
    batch.add_request(changes)
    batch.execute()


@step
def after_the_refused_batch():
    return partners.get_entity("0199999999").execute().LegalForm


@step
def batched_question():
    batch = client.create_batch()
    batch.add_request(partners.get_entities().filter("startswith(EmailAddress,'do')"))
    return batch.execute()


@step
def batched_failure():
    batch = client.create_batch()
    changes = client.create_changeset()
    changes.add_request(partners.update_entity("0000000000").set(LegalForm="OHG"))
    batch.add_request(changes)
    return batch.execute()


@step
def missing():
    return partner_of(partners.get_entity("0000000000").execute())


@step
def missing_in_json():
    return session.get(f"{URL}BusinessPartnerSet('0000000000')").json()


@step
def deleted():
    partners.delete_entity("0199999999").execute()
    partners.delete_entity("0199999998").execute()
    return [one.CompanyName for one in partners.get_entities().filter("BusinessPartnerID gt '0199'").execute()]


@step
def in_xml():
    answer = session.get(f"{URL}BusinessPartnerSet?$top=1", headers={"Accept": "application/atom+xml"})
    return {"status": answer.status_code, "type": answer.headers.get("Content-Type")}


teller.tell()

"""A program of the order side with `simple-salesforce`, as its documentation has it.

It knows a domain and a password. The name of the domain is looked up where the gateway is: that is all that was
changed, and it was changed in the network.
"""

from __future__ import annotations

import base64
import io
import os
import socket
import sys

import pandas as pd
import requests
from simple_salesforce import Salesforce
from simple_salesforce.login import SalesforceLogin
from telling import Teller

HOST, DOMAIN = os.environ["HOST"], os.environ["HOST"].removesuffix(".salesforce.com")
ADDRESS = ("127.0.0.1", int(os.environ["PORT"]))
asked = []
looked_up = socket.getaddrinfo


def look_up(host, port, *more, **options):
    """Stand in for the network's names: the company's own domain is at the gateway, and nothing else is anywhere."""
    if host == ADDRESS[0]:
        return looked_up(host, port, *more, **options)
    asked.append(host)
    if host != HOST:
        raise socket.gaierror(f"{host} is not known here")
    return looked_up(*ADDRESS, *more, **options)


socket.getaddrinfo = look_up
teller = Teller()
step = teller.step
session = requests.Session()
session.verify, session.cert = os.environ["CA"], os.environ["CERTIFICATE"]
session.headers["X-Purpose"] = "order-fulfilment"
LOGIN = {"username": "robot@erp.example", "password": "secret&", "security_token": "TOKEN", "domain": DOMAIN}
sf = Salesforce(**LOGIN, session=session)
FIELDS = "Id, AccountId, Name, Email, Phone, Birthdate"


def rows(found):
    return [{name: value for name, value in row.items() if name != "attributes"} for row in found["records"]]


@step
def instance():
    return sf.sf_instance


@step
def wrong_password():
    SalesforceLogin(username="x", password="y", security_token="z", domain=DOMAIN, session=session)


@step
def logged_in_by_oauth():
    other = Salesforce(username="robot@erp.example", password="secret", consumer_key="key", consumer_secret="word",
                       domain=DOMAIN, session=session)  # fmt: skip
    return {"instance": other.sf_instance, "total": other.query(f"SELECT {FIELDS} FROM Contact")["totalSize"]}


@step
def all_pages():
    return rows(sf.query_all(f"SELECT {FIELDS} FROM Contact ORDER BY Name"))


@step
def first_page():
    found = sf.query(f"SELECT {FIELDS} FROM Contact")
    return {"total": found["totalSize"], "done": found["done"], "next": found["nextRecordsUrl"],
            "type": found["records"][0]["attributes"]["type"]}  # fmt: skip


@step
def by_name():
    return rows(sf.query("SELECT Id, Email FROM Contact WHERE LastName = 'O\\'Dea'"))


@step
def by_a_hidden_field():
    return rows(sf.query("SELECT Id FROM Contact WHERE Email LIKE 'lin%'"))


@step
def counted_by_a_hidden_field():
    return sf.query("SELECT COUNT() FROM Contact WHERE Phone LIKE '%1003'")["totalSize"]


@step
def sorted_by_a_hidden_field():
    return rows(sf.query_all("SELECT Id FROM Contact ORDER BY Birthdate DESC LIMIT 2"))


@step
def searched():
    return sf.quick_search("Lin")


@step
def described():
    return [len(sf.describe()["sobjects"]), len(sf.Contact.describe()["fields"])]


@step
def one():
    return {name: value for name, value in sf.Contact.get("003A00000000001AAA").items() if name != "attributes"}


@step
def created():
    made = sf.Contact.create({"LastName": "Öz", "FirstName": "Ömer", "Email": "omer@oz.example",
                              "Phone": "+90 555 1234", "AccountId": "001A00000000002AAA"})  # fmt: skip
    return {**made, "read": sf.Contact.get(made["id"])}


@step
def changed():
    key = teller.said["created"]["gave"]["id"]
    return [sf.Contact.update(key, {"Phone": "+90 555 9876"}), sf.Contact.get(key)["Phone"]]


@step
def written_back():
    key = teller.said["created"]["gave"]["id"]
    seen = sf.Contact.get(key)
    return sf.Contact.update(key, {"FirstName": "Omar", "Email": seen["Email"]})


@step
def after_the_refusal():
    return sf.Contact.get(teller.said["created"]["gave"]["id"])["FirstName"]


@step
def upserted():
    again = {"LastName": "Wei", "AccountId": "001A00000000001AAA"}
    new = {"LastName": "Neu", "AccountId": "001A00000000003AAA"}
    return [sf.Contact.upsert("ExternalId__c/X-0", again), sf.Contact.upsert("ExternalId__c/X-99", new)]


@step
def deleted():
    return sf.Contact.delete(teller.said["created"]["gave"]["id"])


@step
def missing():
    return sf.Contact.get("003A00000009999AAA")


@step
def incomplete():
    return sf.Contact.create({"FirstName": "Nobody"})


@step
def composite():
    requests_ = [
        {"method": "POST", "url": "/services/data/v59.0/sobjects/Contact", "referenceId": "new",
         "body": {"LastName": "Composite", "Email": "com@posite.example", "AccountId": "001A00000000003AAA"}},
        {"method": "GET", "url": "/services/data/v59.0/sobjects/Contact/003A00000000001AAA", "referenceId": "read"},
        {"method": "GET", "url": "/services/data/v59.0/query?q=SELECT+Id,Email,AccountId+FROM+Contact+LIMIT+2",
         "referenceId": "list"},
        {"method": "GET", "url": "/services/data/v59.0/sobjects/Contact/003A00000009999AAA", "referenceId": "none"},
    ]  # fmt: skip
    return sf.restful("composite", method="POST", json={"allOrNone": False, "compositeRequest": requests_})


@step
def composite_write_back():
    seen = sf.Contact.get("003A00000000001AAA")
    body = {"Phone": seen["Phone"]}
    url = "/services/data/v59.0/sobjects/Contact/003A00000000001AAA"
    one = {"method": "PATCH", "url": url, "referenceId": "back", "body": body}
    return sf.restful("composite", method="POST", json={"compositeRequest": [one]})


@step
def a_file():
    pdf = open(os.environ["PDF"], "rb").read()  # noqa: SIM115, PTH123 - a small program
    made = sf.ContentVersion.create({"Title": "Drawing", "PathOnClient": "drawing.pdf",
                                     "VersionData": base64.b64encode(pdf).decode()})  # fmt: skip
    record = sf.ContentVersion.get(made["id"])
    got = session.get(f"https://{sf.sf_instance}{record['VersionData']}", headers=sf.headers)
    with open(os.environ["PDF"] + ".got", "wb") as out:  # noqa: PTH123 - a small program
        out.write(got.content)
    return {"address": record["VersionData"], "type": got.headers["Content-Type"], "same": got.content == pdf}


@step
def no_file():
    data = base64.b64encode(b"<html>not a drawing</html>").decode()
    return sf.ContentVersion.create({"Title": "Page", "PathOnClient": "page.pdf", "VersionData": data})


@step
def bulk_query():
    pages = list(sf.bulk2.Contact.query(f"SELECT {FIELDS} FROM Contact", max_records=3, wait=0.1))
    tables = [pd.read_csv(io.StringIO(page), dtype=str, keep_default_na=False) for page in pages]
    return {"pages": len(pages), "rows": pd.concat(tables).to_dict("records"), "raw": pages[0]}


@step
def bulk_query_by_a_hidden_field():
    return list(sf.bulk2.Contact.query("SELECT Id FROM Contact WHERE Email LIKE 'lin%'", wait=0.1))


@step
def bulk_insert():
    records = [{"FirstName": f"Bulk {n}", "LastName": 'Löwe, "Leo"' if n else "", "Email": f"b{n}@bulk.example",
                "AccountId": "001A00000000001AAA" if n < 2 else "001A00000000002AAA"} for n in range(4)]  # fmt: skip
    (told,) = sf.bulk2.Contact.insert(records=records, wait=0.1)
    good, bad = (
        sf.bulk2.Contact.get_successful_records(told["job_id"]),
        sf.bulk2.Contact.get_failed_records(told["job_id"]),
    )
    frame = pd.read_csv(io.StringIO(good), dtype=str, keep_default_na=False)
    return {"told": told, "good": frame.to_dict("records"), "bad": bad}


@step
def bulk_write_back():
    page = next(iter(sf.bulk2.Contact.query(f"SELECT {FIELDS} FROM Contact LIMIT 2", wait=0.1)))
    frame = pd.read_csv(io.StringIO(page), dtype=str, keep_default_na=False)
    records = frame[["Id", "AccountId", "Email"]].to_dict("records")
    return sf.bulk2.Contact.update(records=records, wait=0.1)


@step
def after_a_lost_session():
    before = sf.session_id
    requests.post(os.environ["FORGET"], timeout=30)  # in Salesforce itself, as time does
    total = sf.query(f"SELECT {FIELDS} FROM Contact LIMIT 1")["totalSize"]
    return {"total": total, "again": sf.session_id != before}


@step
def without_a_certificate():
    with requests.Session() as other:
        other.verify = session.verify
        return other.get(f"https://{HOST}/services/data/", timeout=30).status_code


@step
def hosts():
    return sorted(set(asked))


teller.tell()
sys.exit(0)

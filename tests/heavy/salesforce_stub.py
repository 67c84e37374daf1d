"""A stand-in for Salesforce, as its documentation describes the REST, Bulk 2.0 and SOAP login APIs.

It knows no gateway. It names itself by the address of its instance everywhere that Salesforce does, pages by three
records, packs its answers, and forgets sessions when told to. Run it with a port: `python salesforce_stub.py 8001`.
"""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import re
import sys
from typing import Any
from urllib.parse import unquote_plus
from xml.sax.saxutils import escape

from aiohttp import web

INSTANCE = "https://na139.my.salesforce.com"
LOGIN = "https://login.salesforce.com"
V = "/services/data/v59.0"
PAGE = 3
NOW = "2026-11-23T09:00:00.000+0000"

ACCOUNTS = ("001A00000000001AAA", "001A00000000002AAA", "001A00000000003AAA")
PEOPLE = ("Lin Wei", "Ana Souza", "Bo Berg", "Cy Young", "Dee O'Dea", "Eve Ho", "Flo Fox", "Gus Gil")


class Org:
    """Its records, jobs and sessions."""

    def __init__(self) -> None:
        self.sessions: set[str] = set()
        self.logins = 0
        self.cursors: dict[str, list[dict[str, Any]]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.made = 100
        self.objects: dict[str, dict[str, dict[str, Any]]] = {"Contact": {}, "Account": {}, "ContentVersion": {}}
        for at, key in enumerate(ACCOUNTS):
            self.objects["Account"][key] = {"Id": key, "Name": f"Account {at + 1}", "Phone": f"+49 30 555 000{at}"}
        for at, name in enumerate(PEOPLE):
            first, _, last = name.partition(" ")
            self.put("Contact", f"003A0000000{at:04}AAA", {
                "AccountId": ACCOUNTS[at % 3], "FirstName": first, "LastName": last, "Name": name,
                "Email": f"{first.lower()}@c{at}.example", "Phone": f"+86 139 0000 {1000 + at}",
                "Birthdate": f"19{60 + at}-03-1{at}", "ExternalId__c": f"X-{at}", "Description": f"secret remark {at}",
                "AnnualValue__c": 1234567.89 + at,
            })  # fmt: skip

    def put(self, kind: str, key: str, values: dict[str, Any]) -> None:
        """Store a record."""
        self.objects.setdefault(kind, {})[key] = {"Id": key, **values}

    def key(self, prefix: str) -> str:
        """Make a key."""
        self.made += 1
        return f"{prefix}B0000000{self.made:04}AAA"


def shown(kind: str, record: dict[str, Any], names: list[str] | None = None) -> dict[str, Any]:
    """Give a record as the REST API does."""
    about = {"type": kind, "url": f"{V}/sobjects/{kind}/{record['Id']}"}
    held = record if names is None else {name: record.get(name) for name in names}
    if kind == "ContentVersion" and "VersionData" in held:
        held = {**held, "VersionData": f"{about['url']}/VersionData"}
    return {"attributes": about, **held}


def selected(org: Org, text: str) -> tuple[str, list[str], list[dict[str, Any]]]:
    """Answer the part of SOQL that the tests use."""
    found = re.fullmatch(
        r"SELECT (.+?) FROM (\w+)(?: WHERE (.+?))?(?: ORDER BY (\w+)( DESC)?)?(?: LIMIT (\d+))?", text.strip()
    )
    if found is None:
        raise Failed(400, "MALFORMED_QUERY", f"unexpected token: {text}")
    names = [name.strip() for name in found[1].split(",")]
    kind, where, order, down, limit = found[2], found[3], found[4], found[5], found[6]
    records = list(org.objects.get(kind, {}).values())
    for condition in re.split(r" AND ", where) if where else ():
        name, operator, value = re.fullmatch(r"(\w+) ?(=|LIKE|IN|>) ?(.+)", condition.strip()).groups()  # type: ignore[union-attr]
        texts = [one.replace("\\'", "'") for one in re.findall(r"'((?:[^'\\]|\\.)*)'", value)] or [value]
        if operator == "LIKE":
            pattern = re.compile(re.escape(texts[0]).replace("%", ".*"), re.IGNORECASE)
            records = [one for one in records if pattern.fullmatch(str(one.get(name)))]
        elif operator == ">":
            records = [one for one in records if one.get(name) is not None and one[name] > float(texts[0])]
        else:
            records = [one for one in records if str(one.get(name)) in texts]
    if order:
        records.sort(key=lambda one: str(one.get(order)), reverse=bool(down))
    return kind, names, records[: int(limit)] if limit else records


class Failed(Exception):
    """An error of Salesforce: a list of one object."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = [{"message": message, "errorCode": code, **more}]


def check(holds: bool, status: int, code: str, message: str) -> None:
    """Raise an error where something does not hold."""
    if not holds:
        raise Failed(status, code, message)


def answered(request: web.Request, body: Any, status: int = 200, **headers: str) -> web.Response:
    """Answer with JSON, packed where the client takes it."""
    raw = json.dumps(body, indent=2 if request.headers.get("X-PrettyPrint") else None).encode()
    extra = {"Sforce-Limit-Info": "api-usage=18/15000", **headers}
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        raw, extra = gzip.compress(raw), {**extra, "Content-Encoding": "gzip"}
    return web.Response(body=raw, status=status, headers=extra, content_type="application/json", charset="UTF-8")


def tabular(request: web.Request, text: str, **headers: str) -> web.Response:
    """Answer with a table."""
    raw = text.encode()
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        raw, headers = gzip.compress(raw), {**headers, "Content-Encoding": "gzip"}
    return web.Response(body=raw, headers={**headers, "Content-Type": "text/csv; charset=UTF-8"})


def table(names: list[str], rows: list[dict[str, Any]]) -> str:
    """Write a table as Bulk 2.0 does: every cell in quotes, rows end with LF."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([["" if row.get(name) is None else row[name] for name in names] for row in rows])
    return out.getvalue()


SOAP = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" \
{spaces} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"""


async def login(request: web.Request) -> web.Response:
    """SOAP login of the partner API."""
    org: Org = request.app["org"]
    text = await request.text()
    name = re.search(r"<(?:\w+:)?username>(.*?)</", text)
    word = re.search(r"<(?:\w+:)?password>(.*?)</", text)
    if name is None or word is None or word[1] != "secret&amp;TOKEN":
        fault = (
            "<soapenv:Fault><faultcode>sf:INVALID_LOGIN</faultcode><faultstring>INVALID_LOGIN: Invalid username"
            f' for {escape(name[1] if name else "")}</faultstring><detail><sf:LoginFault xsi:type="sf:LoginFault">'
            "<sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode><sf:exceptionMessage>Invalid username, password, "
            "security token; or user locked out.</sf:exceptionMessage></sf:LoginFault></detail></soapenv:Fault>"
        )
        body = SOAP.format(spaces='xmlns:sf="urn:fault.partner.soap.sforce.com"', body=fault)
        return web.Response(text=body, status=500, content_type="text/xml")
    org.logins += 1
    session = f"00D000000000001!{org.logins}"
    org.sessions.add(session)
    version = request.match_info["version"]
    result = (
        f"<loginResponse><result><metadataServerUrl>{INSTANCE}/services/Soap/m/{version}/00D000000000001"
        f"</metadataServerUrl><passwordExpired>false</passwordExpired><sandbox>false</sandbox><serverUrl>{INSTANCE}"
        f"/services/Soap/u/{version}/00D000000000001</serverUrl><sessionId>{session}</sessionId><userId>005000000000001"
        "</userId><userInfo><userEmail>robot@erp.example</userEmail><userFullName>ERP Robot</userFullName>"
        "<userName>robot@erp.example</userName></userInfo></result></loginResponse>"
    )
    return web.Response(
        text=SOAP.format(spaces='xmlns="urn:partner.soap.sforce.com"', body=result), content_type="text/xml"
    )


async def token(request: web.Request) -> web.Response:
    """OAuth 2.0, the password flow."""
    org: Org = request.app["org"]
    form = await request.post()
    if form.get("password") != "secret":
        return web.json_response({"error": "invalid_grant", "error_description": "authentication failure"}, status=400)
    org.logins += 1
    session = f"00D000000000001!{org.logins}"
    org.sessions.add(session)
    return web.json_response({
        "access_token": session, "instance_url": INSTANCE, "id": f"{LOGIN}/id/00D000000000001/005000000000001",
        "token_type": "Bearer", "issued_at": "1795424400000", "signature": "c2ln",
    })  # fmt: skip


async def describe_global(request: web.Request) -> web.Response:
    """List the objects."""
    kinds = [
        {
            "name": kind,
            "label": kind,
            "urls": {"sobject": f"{V}/sobjects/{kind}", "describe": f"{V}/sobjects/{kind}/describe"},
        }
        for kind in request.app["org"].objects
    ]
    return answered(request, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": kinds})


async def describe(request: web.Request) -> web.Response:
    """Describe an object."""
    kind = request.match_info["kind"]
    names = sorted({name for record in request.app["org"].objects[kind].values() for name in record})
    fields = [{"name": name, "type": "string", "label": name} for name in names]
    return answered(request, {"name": kind, "fields": fields, "urls": {"rowTemplate": f"{V}/sobjects/{kind}/{{ID}}"}})


def paged(org: Org, records: list[dict[str, Any]], total: int) -> dict[str, Any]:
    """Give a page, and where the next one is."""
    page, rest = records[:PAGE], records[PAGE:]
    found: dict[str, Any] = {"totalSize": total, "done": not rest}
    if rest:
        locator = f"01g000000000001-{total - len(rest)}"
        org.cursors[locator] = rest
        found["nextRecordsUrl"] = f"{V}/query/{locator}"
    return {**found, "records": page}


async def query(request: web.Request) -> web.Response:
    """Answer a query."""
    org: Org = request.app["org"]
    text = request.query["q"]
    if text.startswith("SELECT COUNT() "):
        _, _, records = selected(org, text.replace("COUNT()", "Id", 1))
        return answered(request, {"totalSize": len(records), "done": True, "records": []})
    kind, names, records = selected(org, text)
    return answered(request, paged(org, [shown(kind, one, names) for one in records], len(records)))


async def query_more(request: web.Request) -> web.Response:
    """Give the next page."""
    org: Org = request.app["org"]
    locator = request.match_info["locator"]
    if locator not in org.cursors:
        raise Failed(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    rest = org.cursors[locator]
    return answered(request, paged(org, rest, int(locator.split("-")[1]) + len(rest)))


async def create(request: web.Request) -> web.Response:
    """Make a record."""
    org, kind = request.app["org"], request.match_info["kind"]
    return answered(request, made(org, kind, await request.json()), 201, Location=f"{V}/sobjects/{kind}")


def made(org: Org, kind: str, values: dict[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in values.items() if name != "attributes"}
    if kind == "Contact" and not values.get("LastName"):
        raise Failed(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", fields=["LastName"])
    key = org.key("003" if kind == "Contact" else "068")
    org.put(kind, key, {**values, "Name": f"{values.get('FirstName', '')} {values.get('LastName', '')}".strip()})
    return {"id": key, "success": True, "errors": []}


def found(request: web.Request) -> tuple[str, dict[str, Any]]:
    org, kind, key = request.app["org"], request.match_info["kind"], request.match_info["key"]
    record = org.objects.get(kind, {}).get(key)
    if record is None:
        raise Failed(404, "NOT_FOUND", f"The requested resource does not exist: {key}")
    return kind, record


async def read(request: web.Request) -> web.Response:
    """Read a record."""
    kind, record = found(request)
    names = request.query.get("fields")
    return answered(request, shown(kind, record, names.split(",") if names else None))


async def change(request: web.Request) -> web.Response:
    """Change a record."""
    _, record = found(request)
    record.update(await request.json())
    return web.Response(status=204)


async def delete(request: web.Request) -> web.Response:
    """Delete a record."""
    kind, record = found(request)
    del request.app["org"].objects[kind][record["Id"]]
    return web.Response(status=204)


async def upsert(request: web.Request) -> web.Response:
    """Make or change a record by an external id."""
    org, kind, name, value = (request.app["org"], *(request.match_info[one] for one in ("kind", "name", "value")))
    record = next((one for one in org.objects[kind].values() if str(one.get(name)) == value), None)
    if record is not None:
        record.update(await request.json())
        return answered(request, {"id": record["Id"], "success": True, "errors": [], "created": False})
    return answered(request, {**made(org, kind, {**await request.json(), name: value}), "created": True}, 201)


async def version_data(request: web.Request) -> web.Response:
    """Give a file's bytes."""
    record = request.app["org"].objects["ContentVersion"][request.match_info["key"]]
    return web.Response(body=base64.b64decode(record["VersionData"]), content_type="application/octet-stream")


async def composite(request: web.Request) -> web.Response:
    """Carry out requests one by one; `@{ref.id}` stands for what an earlier one made."""
    org, names, answers = request.app["org"], dict[str, str](), []
    for one in (await request.json())["compositeRequest"]:
        text = re.sub(r"@\{(\w+)\.id\}", lambda match: names[match[1]], json.dumps(one.get("body")))
        body, headers, status = json.loads(text), {}, 200
        path = one["url"].removeprefix(V)
        try:
            if one["method"] == "POST":
                kind = path.split("/")[2]
                reply: Any = made(org, kind, body)
                names[one["referenceId"]] = reply["id"]
                status, headers = 201, {"Location": f"{V}/sobjects/{kind}/{reply['id']}"}
            elif path.startswith("/query"):
                kind, fields, records = selected(org, unquote_plus(path.partition("?q=")[2]))
                reply = paged(org, [shown(kind, record, fields) for record in records], len(records))
            else:
                _, _, kind, key = path.split("?")[0].split("/")
                check(key in org.objects[kind], 404, "NOT_FOUND", f"no {kind} {key}")
                if one["method"] == "PATCH":
                    org.objects[kind][key].update(body)
                    reply, status = None, 204
                else:
                    reply = shown(kind, org.objects[kind][key])
        except Failed as error:
            reply, status = error.body, error.status
        answers.append(
            {"body": reply, "httpHeaders": headers, "httpStatusCode": status, "referenceId": one["referenceId"]}
        )
    return answered(request, {"compositeResponse": answers})


async def create_job(request: web.Request) -> web.Response:
    """Open a job of Bulk 2.0."""
    org, kind = request.app["org"], request.match_info["kind"]
    key = org.key("750")
    job = {**await request.json(), "id": key, "kind": kind, "rows": [], "done": []}
    job["state"] = "JobComplete" if kind == "query" else "Open"
    org.jobs[key] = job
    return answered(request, told(job))


def told(job: dict[str, Any]) -> dict[str, Any]:
    about = {
        "id": job["id"], "operation": job["operation"], "state": job["state"], "createdDate": NOW, "contentType": "CSV",
        "createdById": "005000000000001", "apiVersion": 59.0, "concurrencyMode": "Parallel",
        "lineEnding": job.get("lineEnding", "LF"), "columnDelimiter": job.get("columnDelimiter", "COMMA"),
        "numberRecordsProcessed": len(job["done"]),
        "numberRecordsFailed": sum(1 for row in job["done"] if row["sf__Error"]),
    }  # fmt: skip
    if job["kind"] == "ingest":
        about |= {"contentUrl": f"services/data/v59.0/jobs/ingest/{job['id']}/batches", "object": job["object"]}
    return about


def job_of(request: web.Request) -> dict[str, Any]:
    job = request.app["org"].jobs.get(request.match_info["job"])
    if job is None:
        raise Failed(404, "NOT_FOUND", "no such job")
    return job


async def read_job(request: web.Request) -> web.Response:
    """Tell how a job is."""
    return answered(request, told(job_of(request)))


async def delete_job(request: web.Request) -> web.Response:
    """Delete a job."""
    del request.app["org"].jobs[job_of(request)["id"]]
    return web.Response(status=204)


async def upload(request: web.Request) -> web.Response:
    """Take the rows of a job."""
    job = job_of(request)
    job["rows"] = list(csv.DictReader(io.StringIO((await request.read()).decode())))
    return web.Response(status=201)


async def change_job(request: web.Request) -> web.Response:
    """Carry a job out."""
    org, job = request.app["org"], job_of(request)
    job["state"] = (await request.json())["state"]
    if job["state"] == "UploadComplete":
        for row in job["rows"]:
            values = {name: value for name, value in row.items() if value != ""}
            if job["operation"] == "insert":
                try:
                    key, problem = made(org, job["object"], values)["id"], ""
                except Failed as error:
                    key, problem = "", f"{error.body[0]['errorCode']}:{error}"
            else:
                key = row["Id"]
                known = org.objects[job["object"]].get(key)
                problem = "" if known is not None else "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id"
                if known is not None:
                    known.update(values)
            job["done"].append({"sf__Id": key, "sf__Created": str(job["operation"] == "insert").lower(),
                                "sf__Error": problem, **row})  # fmt: skip
        job["state"] = "JobComplete"
    return answered(request, told(job))


async def results(request: web.Request) -> web.Response:
    """Give what became of a job's rows."""
    job, which = job_of(request), request.match_info["which"]
    rows = [row for row in job["done"] if bool(row["sf__Error"]) == (which == "failedResults")]
    own = list(job["rows"][0])
    head = ["sf__Id", "sf__Error"] if which == "failedResults" else ["sf__Id", "sf__Created"]
    return tabular(request, table([*head, *own], rows if which != "unprocessedRecords" else []))


async def query_results(request: web.Request) -> web.Response:
    """Give a page of what a query job found; where the next one begins stands in the header."""
    _, names, records = selected(request.app["org"], job_of(request)["query"])
    start = int(base64.b64decode(request.query.get("locator", base64.b64encode(b"0").decode())))
    size = int(request.query["maxRecords"])
    page, rest = records[start : start + size], records[start + size :]
    locator = base64.b64encode(str(start + size).encode()).decode() if rest else "null"
    headers = {"Sforce-NumberOfRecords": str(len(page)), "Sforce-Locator": locator}
    return tabular(request, table(names, page), **headers)


async def forget(request: web.Request) -> web.Response:
    """End all sessions, as time does."""
    request.app["org"].sessions.clear()
    return web.Response(status=204)


@web.middleware
async def checked(request: web.Request, handler: Any) -> web.StreamResponse:
    """Check the session; give errors as Salesforce does."""
    try:
        if request.path.startswith("/services/data"):
            session = request.headers.get("Authorization", "").removeprefix("Bearer ")
            known = session in request.app["org"].sessions
            check(known, 401, "INVALID_SESSION_ID", "Session expired or invalid")
        return await handler(request)
    except Failed as error:
        return answered(request, error.body, error.status)


def stand_in() -> web.Application:
    """Make the application."""
    app = web.Application(middlewares=[checked], client_max_size=64 << 20)
    app["org"] = Org()
    job = V + r"/jobs/{kind:ingest|query}"
    app.add_routes([
        web.post("/services/Soap/u/{version}", login),
        web.post("/services/oauth2/token", token),
        web.post("/forget", forget),
        web.get(V + "/sobjects", describe_global),
        web.get(V + "/sobjects/{kind}/describe", describe),
        web.get(V + "/query/", query),
        web.get(V + "/queryAll/", query),
        web.get(V + "/query/{locator}", query_more),
        web.get(V + "/sobjects/ContentVersion/{key}/VersionData", version_data),
        web.post(V + "/sobjects/{kind}", create),
        web.post(V + "/sobjects/{kind}/", create),
        web.get(V + "/sobjects/{kind}/{key}", read),
        web.patch(V + "/sobjects/{kind}/{key}", change),
        web.delete(V + "/sobjects/{kind}/{key}", delete),
        web.patch(V + "/sobjects/{kind}/{name}/{value}", upsert),
        web.post(V + "/composite", composite),
        web.post(job, create_job),
        web.get(job + "/{job}", read_job),
        web.patch(job + "/{job}", change_job),
        web.delete(job + "/{job}", delete_job),
        web.put(job + "/{job}/batches", upload),
        web.get(V + "/jobs/query/{job}/results", query_results),
        web.get(V + "/jobs/ingest/{job}/{which:successfulResults|failedResults|unprocessedRecords}", results),
    ])  # fmt: skip
    return app


if __name__ == "__main__":
    web.run_app(stand_in(), host="127.0.0.1", port=int(sys.argv[1]), print=None)

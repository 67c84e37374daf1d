"""What a dry run says is what the gate does, added up; and never a value, unless it was asked for."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import orjson
import pytest
from dryrun_kit import ASSUMED, PLANTED, Traffic, judge, listed, order, texts
from gate_kit import JSON, answering, shipped, written
from lxml import html as lxml_html

from gateway.capture.exchange import Said
from gateway.cli.dry_run_findings import failing, findings
from gateway.cli.forms.finding import Level
from gateway.cli.forms.github import github
from gateway.cli.forms.junit import junit
from gateway.cli.forms.sarif import sarif
from gateway.dryrun.as_json import as_dict, flow_line
from gateway.dryrun.by_rule import NEVER_HELD, NO_FIELD, NO_FLOW, NO_PAGE
from gateway.dryrun.html import html
from gateway.dryrun.report import Where
from gateway.dryrun.text import flow_text, text
from gateway.flow import CustomerFacts, Operator, Purpose, Response

EVIL = "</style><script>alert('Zephyrine')</script>"


def week() -> Traffic:
    """A little of everything, with planted values."""
    return (
        Traffic()
        .ask(answer=listed(order(), order(note="Zephyrine", meta={"C-PLANTED-17": 1, "by": "Zephyrine"})))
        .ask("/api/customers/C-PLANTED-17", answering({"id": "C-PLANTED-17", "credit_limit": 51234, "email": None}))
        .ask("/api/orders/O-PLANTED/C-PLANTED-17?q=Zephyrine", answering({"Zephyrine": 1}))
        .ask("/api/orders", method="POST", body=b'{"Zephyrine": "Geheimweg"}')
        .ask("/api/orders/O-PLANTED", answering(b"Geheimweg", headers=JSON))
        .ask("/api/orders/O-PLANTED", answering({"Zephyrine": 1}, status=404))
        .ask("/api/orders", None)
        .ask("/x", answering({}), site="https://other.example")
        .ask("/x", answering({}), site="https://Zephyrine@planted.example/")
        .ask("/api/streets/Geheimweg/5", method="ZEPHYRINE", repairs=("decoded",))
        .unusable("not-http")
    )


async def found(values=False, **more):
    return (await judge(week().items, values=values, **more))[0]


async def test_flows_are_counted_by_what_becomes_of_them():
    report = await found()
    assert (report.entries, report.flows, report.refused, report.unanswered) == (11, 8, 4, 1)
    assert dict(report.skipped) == {"no-system": 2}
    assert dict(report.unusable) == {"not-http": 1}
    assert dict(report.repairs) == {"decoded": 1}
    rows = {row.operation: (row.flows, row.refused, row.records, row.withheld) for row in report.operations.rows}
    assert rows == {
        "erp.list-orders": (2, 0, 2, 0),
        "erp.read-order": (2, 1, 0, 1),
        "erp.read-customer": (1, 0, 1, 0),
        "erp.create-order": (1, 1, 0, 0),
        "": (2, 2, 0, 0),
    }


async def test_refusals_say_why_and_where():
    report = await found()
    rows = {(row.refusal, row.leg, row.operation): row for row in report.refusals.rows}
    assert set(rows) == {
        ("unknown-operation", "request", ""),
        ("unlisted-field", "request", "erp.create-order"),
        ("body-not-json", "response", "erp.read-order"),
    }
    unlisted = rows["unlisted-field", "request", "erp.create-order"]
    assert (unlisted.first, unlisted.places) == (Where("week.har", 4), {"/?": 1})


async def test_a_denial_names_its_rule():
    policies = written(
        catalog_erp="version: 1\ncatalog: erp\noperations: {read: {request: GET /x}}\n",
        catalog_crm="version: 1\ncatalog: crm\n",
        sales="version: 1\npolicy: sales\nscope: {from: crm, to: erp}\nallow: true\ndeny: {operator: {role: sales}}\n",
    )
    report, _ = await judge(Traffic().ask("/x").items, policies)
    assert [(row.refusal, row.rules) for row in report.refusals.rows] == [("denied", {"sales/deny[0]": 1})]


async def test_fields_say_what_their_values_met_and_by_which_rule():
    report = await found()
    rows = {(row.operation, row.pointer): row for row in report.fields.rows}
    email = rows["erp.list-orders", "/value/*/customer/email"]
    assert (email.treatment, email.rules, email.count, email.flows) == (
        "mask",
        ("sales-reads-orders/protect[0]",),
        2,
        1,
    )
    assert rows["erp.list-orders", "/value/*/customer/name"].treatment == "keep"
    assert rows["erp.list-orders", "/value/*/?"].classes == ()
    classes = {share.name: dict(share.treatments) for share in report.classes}
    assert classes["user.contact.email"] == {"mask": 3}
    assert report.treatments["remove"] == 2


async def test_rules_that_did_nothing_are_told_with_how_far_they_got():
    report = await found()
    why = {row.rule: row.why for row in report.rules}
    assert why["production/allow[0]"] == NO_FLOW
    assert why["sales-reads-orders/protect[2]"] == NO_FIELD
    assert why["sales-reads-orders/watermark[0]"] == NO_PAGE
    assert why["sales-reads-orders/allow[0]"] == why["sales-reads-orders/protect[0]"] == ""
    assert why["credit-limits-trial/protect[0]"] == ""  # it only observes, and would have done something
    assert [(row.rule, row.effect, row.count) for row in report.observed.rows] == [
        ("credit-limits-trial/protect[0]", "generalise", 1)
    ]


async def test_a_rule_whose_unless_always_held_says_so():
    traffic = Traffic().ask(answer=answering(order()))
    policies = written(
        catalog_erp="""
version: 1
catalog: erp
operations: {read: {request: GET /api/orders, response: order}}
messages:
  order: {format: json, customer: $.customer.id, unlisted: keep, fields: {$.customer.email: user.contact.email}}
""",
        catalog_crm="version: 1\ncatalog: crm\n",
        consents="version: 1\nconsents: {contact: {wording: Yes.}}\n",
        sales="""
version: 1
policy: sales
scope: {from: crm, to: erp}
allow: true
protect: {classes: user.contact, treatment: remove, leg: response, unless: {consent: contact}}
""",
    )
    agreed, _ = await judge(traffic.items, policies, known=lambda name: CustomerFacts(name, frozenset({"contact"})))
    assert {row.rule: row.why for row in agreed.rules}["sales/protect[0]"] == NEVER_HELD
    nobody, _ = await judge(traffic.items, policies)
    assert {row.rule: row.why for row in nobody.rules}["sales/protect[0]"] == ""


async def test_what_no_catalogue_names_is_told_as_far_as_it_is_no_value():
    report = await found()
    asked = {(row.system, row.method, row.template): row.count for row in report.unnamed_operations.rows}
    assert asked == {("erp", "GET", "/api/orders/{id}/{id}"): 1, ("erp", "?", "/api/streets/{id}/{id}"): 1}
    places = {(row.operation, row.pointer): row.treatment for row in report.unnamed_fields.rows}
    assert places["erp.list-orders", "/value/*/note"] == "redact"
    assert places["erp.list-orders", "/value/*/meta/?"] == "redact"
    assert report.sites.rows == (("?", 1), ("https://other.example", 1))


async def test_customers_are_numbers():
    report = await found()
    assert [(row.name, row.flows, row.records) for row in report.customers.rows] == [("customer 1", 2, 3)]
    assert report.strangers == 1  # the order that was to be made names nobody


async def test_what_customers_agreed_to_is_taken_from_where_it_was_said():
    def agreed(name):
        return CustomerFacts(name, frozenset({"contact"}))

    said = Said("erp", Operator("crm", role="sales"), Purpose("order-fulfilment", "claim"), customers={
        "C-PLANTED-17": agreed("C-PLANTED-17"),
    })  # fmt: skip
    traffic = Traffic().ask(answer=listed(order(), order("C-OTHER")), said=said)
    recorded, _ = await judge(traffic.items)
    email = {row.treatment: row.count for row in recorded.fields.rows if row.pointer.endswith("/email")}
    assert (email, recorded.unrecorded) == ({"keep": 1, "mask": 1}, 1)
    listed_, _ = await judge(traffic.items, known=CustomerFacts)
    assert {row.treatment for row in listed_.fields.rows if row.pointer.endswith("/email")} == {"mask"}


@pytest.fixture
async def forms():
    report, taken = await judge(week().items)
    checked = list(findings(report, shipped(), Path("policies"), ("refused",)))
    return {
        "text": text(report),
        "json": orjson.dumps(as_dict(report)).decode(),
        "html": html(report),
        "flows": "\n".join(map(flow_text, taken)),
        "lines": "\n".join(orjson.dumps(flow_line(one)).decode() for one in taken),
        "junit": junit(checked, "dry run"),
        "sarif": sarif(checked, version="1"),
        "github": github(checked),
    }


@pytest.mark.parametrize("form", ["text", "json", "html", "flows", "lines", "junit", "sarif", "github"])
async def test_no_form_holds_a_planted_value(form, forms):
    assert len(forms[form]) > 100
    for value in PLANTED:
        assert value.lower() not in forms[form].lower(), form


async def test_words_of_which_there_are_many_in_one_place_of_paths_are_values():
    traffic = Traffic()
    for name in ("smith", "miller", "brown", "white", "black", "green", "young", "stone", "wood", "river"):
        traffic.ask(f"/profile/{name}/photo").ask("/profile/login")
    report, _ = await judge(traffic.items)
    asked = {row.template: row.count for row in report.unnamed_operations.rows}
    assert asked == {"/profile/{id}/photo": 10, "/profile/login": 10}


async def test_values_are_shown_where_they_were_asked_for():
    report = await found(values=True)
    rows = {(row.operation, row.pointer): row.example for row in report.fields.rows}
    assert rows["erp.list-orders", "/value/*/customer/email"].before == '"zephyrine@planted.example"'
    assert rows["erp.list-orders", "/value/*/customer/email"].after == '"*********************mple"'
    assert rows["erp.list-orders", "/value/*/customer/government_id"].after is None
    assert (
        rows["erp.list-orders", "/value/*/total"].before == rows["erp.list-orders", "/value/*/total"].after == "1234.5"
    )
    assert report.customers.rows[0].name == "C-PLANTED-17"
    assert "/value/*/meta/C-PLANTED-17" in {row.pointer for row in report.unnamed_fields.rows}
    assert "handle it as that data" in html(report)


async def test_the_text_of_a_report_is_in_columns(request):
    report, _ = await judge(
        Traffic().ask(answer=listed(order())).ask("/x", answering({}), site="https://other.example").items
    )
    golden = Path(request.path).parent / "cases" / "dry-run.txt"
    said = text(report)
    said = re.sub(r"\(([0-9a-f]{16}); catalogues [0-9a-f]{16}\)", "(DIGEST; catalogues DIGEST)", said)
    assert said == golden.read_text()


async def test_the_json_keeps_its_members():
    said = as_dict(await found())
    assert set(said) == {
        "version", "made", "folder", "policies", "catalogue", "facts", "captures", "entries", "flows", "allowed",
        "refused", "unanswered", "since", "until", "values_shown", "interrupted", "callers", "operations", "refusals",
        "fields", "classes", "treatments", "by_rule", "rules", "observed", "customers", "customer_count", "crowded",
        "strangers", "unrecorded", "marks", "unnamed_operations", "unnamed_fields", "unusable", "repairs", "skipped",
        "sites", "failures",
    }  # fmt: skip
    assert said["made"] == "2025-11-23T12:13:20Z"
    assert said["callers"]["rows"][0]["from"] == "crm"
    assert set(said["refusals"]) == {"rows", "more"}


async def test_the_page_stands_alone_and_says_so():
    page = html(await found())
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    tree = lxml_html.fromstring(page)
    policy = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert tree.xpath("//script | //img | //link | //iframe | //object | //*[@src] | //*[@href] | //*[@style]") == []
    assert "url(" not in style
    assert "@import" not in style
    assert [h.text for h in tree.xpath("//h2")][:3] == ["Summary", "By operation", "Refused, and why"]
    assert all(table.xpath("caption") and table.xpath("thead//th[@scope='col']") for table in tree.xpath("//table"))


async def test_markup_in_names_and_values_stays_text():
    traffic = (
        Traffic()
        .ask(answer=listed(order(f"{EVIL}", **{EVIL: EVIL})))
        .ask("/api/<script>alert('Zephyrine')</script>", site="https://erp.example")
        .ask("/x", site=f"https://{EVIL}")
    )
    for values in (False, True):
        report, taken = await judge(traffic.items, values=values)
        page = html(report)
        assert ("Zephyrine" in page) == values
        assert lxml_html.fromstring(page).xpath("//script") == []
        assert page.count("</style>") == 1
        assert text(report)
        assert all(flow_text(one) for one in taken)


async def test_what_acts_on_a_terminal_is_taken_out_of_the_text():
    report, _ = await judge(
        Traffic().ask("/api/\x1b[31m\u202eevil", answering({})).ask(answer=listed(order("\x9b\u202e"))).items,
        values=True,
    )
    assert not set("\x1b\x9b\u202e") & set(text(report) + html(report))


async def test_tables_are_bounded_and_say_what_found_no_room(monkeypatch):
    monkeypatch.setattr("gateway.dryrun.unnamed._OPERATIONS", 3)
    monkeypatch.setattr("gateway.dryrun.unnamed._SITES", 2)
    monkeypatch.setattr("gateway.dryrun.by_customer._CUSTOMERS", 4)
    monkeypatch.setattr("gateway.dryrun.by_field._FIELDS", 5)
    traffic = Traffic()
    for letter in "abcdefgh":
        traffic.ask(f"/{letter}", answering({})).ask(f"/{letter}", site=f"https://{letter}.example")
        traffic.ask(answer=listed(order(f"C-{letter}")))
    report, _ = await judge(traffic.items)
    assert (len(report.unnamed_operations), report.unnamed_operations.more) == (3, 5)
    assert (len(report.sites), report.sites.more) == (2, 6)
    assert (report.customer_count, report.crowded) == (4, True)
    assert (len(report.fields), report.fields.more > 0) == (5, True)
    assert "more than 4" in html(report)
    assert "and 5 more" in text(report)


async def test_an_error_that_nobody_foresaw_is_a_refusal_and_told(monkeypatch):
    async def broken(*_arguments):
        raise RuntimeError("Zephyrine")

    monkeypatch.setattr("gateway.workbench.Workbench.put", broken)
    report, (one,) = await judge(Traffic().ask().items)
    assert (one.refusal, report.refused, dict(report.failures)) == ("internal", 1, {"RuntimeError": 1})
    assert "Zephyrine" not in text(report) + html(report)
    assert "RuntimeError" in text(report)


async def test_nothing_judged_is_told_first():
    report, _ = await judge(Traffic().ask(site="https://other.example").items)
    assert "! No flow was judged, so this says nothing about the policies." in text(report)


async def test_findings_have_their_places_and_levels():
    report = await found()
    checked = list(findings(report, shipped(), Path("policies"), ("unmatched-rule",)))
    by_code = {}
    for one in checked:
        for finding in one.findings:
            by_code.setdefault(finding.code, []).append(finding)
    assert {code: {f.level for f in some} for code, some in by_code.items()} == {
        "refused": {Level.WARNING},
        "unnamed-operation": {Level.WARNING},
        "unnamed-field": {Level.NOTE},
        "unmatched-rule": {Level.ERROR},
    }
    assert all(str(f.place).startswith("policies/") for some in by_code.values() for f in some if f.place)
    idle = next(f for f in by_code["unmatched-rule"] if f.message.startswith("production/allow[0]"))
    assert idle.place.text == "allow: true"
    assert "erp.list-orders" in {one.name for one in checked if one.group == "operations"}


@pytest.mark.parametrize(
    ("what", "answer"), [("refused", True), ("unlisted", True), ("unmatched-rule", True), (None, False)]
)
async def test_the_answer_is_no_only_for_what_was_asked(what, answer):
    assert failing(await found(), [what] if what else []) is answer


async def test_the_answer_is_yes_where_nothing_of_that_was_found():
    report, _ = await judge(Traffic().ask(answer=Response(204)).items)
    assert not failing(report, ["refused", "unlisted"])


async def test_one_line_a_flow():
    _, taken = await judge(week().items)
    lines = list(map(flow_text, taken))
    assert lines[0] == "week.har#1  crm -> erp  erp.list-orders  allow: mask 8, remove 2, redact 2"
    assert lines[2] == "week.har#3  crm -> erp  GET /api/orders/{id}/{id}  refuse: unknown-operation, request"
    assert lines[7] == "week.har#8  passed over: no-system"
    assert lines[10] == "week.har#11  passed over: not-http"
    said = flow_line(taken[0])
    assert (said["verdict"], said["treated"], said["reasons"]) == (
        "allow", {"mask": 8, "remove": 2, "redact": 2}, ["sales-reads-orders/allow[0]"],
    )  # fmt: skip
    assert set(texts(said)) & set(PLANTED) == set()


async def test_without_a_caller_nothing_is_judged():
    report, _ = await judge(week().items, assumed=type(ASSUMED)(ASSUMED.sites))
    assert (report.flows, report.skipped["no-caller"]) == (0, 8)


async def test_what_is_in_a_refused_answer_reaches_nobody_and_is_not_counted():
    policies = written(
        catalog_erp="""
version: 1
catalog: erp
operations: {read: {request: GET /api/orders, response: order}}
messages:
  order: {format: json, customer: $.customer.id, unlisted: keep, fields: {$.customer.email: user.contact.email}}
""",
        catalog_crm="version: 1\ncatalog: crm\n",
        sales="""
version: 1
policy: sales
scope: {from: crm, to: erp}
allow: true
deny: {classes: user.contact, leg: response}
""",
    )
    report, (one,) = await judge(Traffic().ask(answer=answering(order())).items, policies)
    assert (one.refusal, one.leg, report.treatments, report.fields.rows) == ("denied", "response", {}, ())
    assert [row.why for row in report.rules] == ["", ""]

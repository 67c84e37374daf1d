"""What cases reach is counted rule by rule, exception by exception, field by field, operation by operation."""

from __future__ import annotations

import pytest
from cases_kit import HEAD, ORDER, POLICIES, READ, reading, run, run_all
from gate_kit import SHIPPED, written

from gateway.cases import load
from gateway.cases.attached import AttachedFiles
from gateway.cases.coverage import Coverage
from gateway.storage.policy_folder import read_folder

WORLD = {
    "catalog_erp": """
version: 1
catalog: erp
operations:
  read: {request: GET /a, response: list}
  write: {request: PUT /a, body: one}
  paper: {request: GET /p, response: paper}
messages:
  list: {format: json, records: "$.rows[*]", each: one, fields: {$.count: business.order}}
  one: {format: json, customer: $.id, fields: {$.id: user.unique_id, $.name: user.name, $.mail: user.contact}}
  paper: {format: png, class: business.photo, customer: {response-header: X}}
  never: {format: json, fields: {$.x: user.name}}
""",
    "consents": "version: 1\nconsents: {contact: {wording: x, classes: user.contact}, photos: {wording: y}}",
    "p": """
version: 1
policy: p
allow: true
deny:
  - {operator: {kind: agent}, unless: {region: eu}}
protect:
  - {classes: [user.contact, user.name], leg: response, treatment: mask, unless: {consent: contact}}
watermark:
  - {visible: x, unless: {consent: photos}}
""",
    "trial": """
version: 1
policy: trial
mode: observe
protect: {classes: user.name, leg: response, treatment: remove}
""",
}
SMALL = written(**WORLD)
HUMAN = "from: erp, to: erp, operator: {kind: human}, request:"


def missed(*cases: str, policies=SMALL) -> list[str]:
    """Give what cases don't reach, in short: `p/deny[0]`, `unless p/deny[0]`, `$.name`, `erp.read`."""
    coverage = Coverage(policies)
    for text in cases:
        for result in run(text, policies, attached={"tests/x.png": b"\x89PNG\r\n\x1a\n"}):
            assert result.failures == (), result.failures
            coverage.add(result.outcome)
    words = (problem.message.removeprefix("no case ") for problem in coverage.missed())
    return sorted(
        word.replace("is exempted from", "unless").removesuffix(" by its `unless`").removeprefix("reaches ")
        for word in words
    )


ALL = [
    "$.count of erp.list",
    "$.id of erp.one",
    "$.mail of erp.one",
    "$.name of erp.one",
    "erp.paper",
    "erp.read",
    "erp.write",
    "p/allow[0]",
    "p/deny[0]",
    "p/protect[0]",
    "p/watermark[0]",
    "the document erp.paper",
    "trial/protect[0]",
    "unless p/deny[0]",
    "unless p/protect[0]",
    "unless p/watermark[0]",
]


def test_without_a_case_nothing_is_reached_and_what_no_operation_carries_is_not_to_be_reached():
    assert missed() == ALL


def rows(body: str, consents: str = "", kind: str = "human", expect: str = "{verdict: allow}", region: str = "") -> str:
    customers = f"    customers: {{'*': {{consents: [{consents}], attributes: {{{region}}}}}}}\n"
    return reading(
        expect, body=body, flow=f"from: erp, to: erp, operator: {{kind: {kind}}}, request: GET /a", more=customers
    )


def left(*reached: str) -> list[str]:
    return [item for item in ALL if item not in reached]


READ_ = ("erp.read", "p/allow[0]")


@pytest.mark.parametrize(
    ("case", "reached"),
    [
        (rows("{count: 1}"), (*READ_, "$.count of erp.list")),
        (rows("{rows: [{id: C}]}"), (*READ_, "$.id of erp.one")),
        (rows("{rows: [{name: Al}]}"), (*READ_, "$.name of erp.one", "p/protect[0]", "trial/protect[0]")),
        # The consent covers contact data only: the rule still touches names.
        (
            rows("{rows: [{id: C, mail: a}]}", "contact"),
            (*READ_, "$.id of erp.one", "$.mail of erp.one", "unless p/protect[0]"),
        ),
        (
            rows("{rows: [{id: C, name: Al}]}", "contact"),
            (*READ_, "$.id of erp.one", "$.name of erp.one", "p/protect[0]", "trial/protect[0]"),
        ),
        (rows("{rows: [{id: C}]}", kind="agent", expect="{refusal: denied}"), (*READ_, "p/deny[0]", "$.id of erp.one")),
        # A denial that asks about customers is asked for each record; it exempts this one's.
        (
            rows("{rows: [{id: C}]}", kind="agent", region="region: eu"),
            (*READ_, "$.id of erp.one", "unless p/deny[0]"),
        ),
        (
            reading("{refusal: body-unmarkable}", flow=f"{HUMAN} GET /p").replace(
                f"{{body: {ORDER}}}", "{file: x.png}"
            ),
            ("erp.paper", "p/allow[0]", "p/watermark[0]", "the document erp.paper"),
        ),
        (
            reading(
                "{verdict: allow}", flow=f"{HUMAN} GET /p", more="    customers: {C: {consents: photos}}\n"
            ).replace(f"{{body: {ORDER}}}", "{file: x.png, headers: {X: C}}"),
            ("erp.paper", "p/allow[0]", "unless p/watermark[0]", "the document erp.paper"),
        ),
        (HEAD + f"  - case: a\n    flow: {{{HUMAN} GET /b}}\n    expect: {{refusal: unknown-operation}}", ()),
        (
            HEAD + f"  - case: a\n    flow: {{{HUMAN} PUT /a, body: {{id: C}}}}\n    expect: {{verdict: allow}}",
            ("erp.write", "p/allow[0]", "$.id of erp.one"),
        ),
    ],
)
def test_a_case_reaches_what_had_a_say_and_what_was_there(case, reached):
    assert missed(case) == left(*reached)


def test_cases_add_up():
    assert missed(rows("{count: 1}"), rows("{rows: [{id: C}]}")) == left(
        *READ_, "$.count of erp.list", "$.id of erp.one"
    )


def test_what_is_missed_is_told_where_it_is_written_and_counted_by_kind():
    coverage = Coverage(POLICIES)
    (result,) = run(reading("{verdict: allow}"))
    coverage.add(result.outcome)
    shares = {share.kind: (share.reached, share.all) for share in coverage.shares()}
    rules = sum(len(policy.rules) for policy in POLICIES.policies)
    assert shares == {"rules": (2, rules), "exceptions": (0, 3), "fields": (3, 35), "operations": (1, 10)}
    missed_ = {(problem.message, problem.place) for problem in coverage.missed()}
    rule = next(rule for policy in POLICIES.policies for rule in policy.rules if rule.id == "production/protect[1]")
    assert ("no case reaches production/protect[1]", rule.place) in missed_


def test_nothing_to_reach_is_reached_altogether():
    empty = written(catalog_crm="version: 1\ncatalog: crm")
    assert [share.percent for share in Coverage(empty).shares()] == [100, 100, 100, 100]


def test_the_cases_that_ship_reach_every_rule_exception_field_and_operation_that_ships():
    suites = load(read_folder(SHIPPED), POLICIES, AttachedFiles(SHIPPED))
    coverage = Coverage(POLICIES)
    for result in run_all(suites):
        assert (result.failures, result.doubts) == ((), ()), result.case.name
        coverage.add(result.outcome)
    assert coverage.missed() == ()
    assert READ in reading("{verdict: allow}")

"""The tables of the HTML report, one for each question that it answers."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.dryrun import words
from gateway.dryrun.html_parts import Html, bar, code, element, table, text
from gateway.dryrun.report import FieldRow, Report, Share
from gateway.dryrun.words import NO_OPERATION, WHOLE, number


def operations(report: Report) -> Html:
    """Tell what became of the flows of each operation."""
    rows = [
        (
            code(row.operation) or NO_OPERATION,
            bar(row.refused, row.flows, "refused"),
            *map(
                number,
                (row.flows, row.allowed, row.refused, row.records, row.strangers, row.treated, row.marks, row.withheld),
            ),
        )
        for row in report.operations.rows
    ]
    headings = (
        "operation", "refused", "flows", "pass", "refused", "records", "of nobody", "values treated", "marks",
        "errors withheld",
    )  # fmt: skip
    caption = "Each operation of the catalogues that was asked for. The bar is the share that would be refused."
    return table(caption, headings, rows, range(2, 10), report.operations.more)


def refused(report: Report) -> Html:
    """Tell what was refused, and why."""
    rows = []
    for row in report.refusals.rows:
        about = [Html(f"by {code(rule)} ({number(count)})") for rule, count in row.rules.items()]
        about += [Html(f"at {code(place or WHOLE)} ({number(count)})") for place, count in row.places.items()]
        told = Html(f"{text(row.title)} {element('span', f'({row.refusal}, {row.leg})', class_='soft')}")
        rows.append(
            (
                told,
                code(row.operation) or NO_OPERATION,
                number(row.count),
                Html("<br>".join(about)),
                code(str(row.first)),
            )
        )
    caption = "Why flows would be refused; docs/refusals.md says more. The last column names one flow to look at."
    return table(caption, ("reason", "operation", "flows", "because", "first"), rows, (2,), report.refusals.more)


def classes(report: Report) -> Html:
    """Tell what the values of each class met."""
    names = list(report.treatments)
    rows = [
        (code(share.name), bar(share.kept, share.count), number(share.count), *_met(share, names))
        for share in report.classes
    ]
    caption = "How many values of each class met what. The bar is the share that arrives as it is."
    return table(caption, ("class", "as it is", "values", *names), rows, range(2, len(names) + 3))


def rules(report: Report) -> Html:
    """Tell what each rule did."""
    names = list(report.treatments)
    rows = [(code(share.name), number(share.count), *_met(share, names)) for share in report.by_rule]
    caption = "How many values each rule was asked to treat, and what they met where several rules are joined."
    return table(caption, ("rule", "values", *names), rows, range(1, len(names) + 2))


def _met(share: Share, names: Iterable[str]) -> tuple[str, ...]:
    """Give how many values met each treatment, blank for none."""
    return tuple(number(share.treatments[name]) if name in share.treatments else "" for name in names)


def idle(report: Report) -> Html:
    """Tell which rules did nothing."""
    rows = [
        (
            code(row.rule),
            code(f"{row.place.file}:{row.place.line}"),
            row.why,
            number(row.in_question),
            number(row.in_force),
        )
        for row in (report.idle if report.flows else ())
    ]
    caption = "Rules that did nothing on this traffic: either it has no such flows, or the rule is not what was meant."
    return table(caption, ("rule", "written at", "why", "in question", "in force"), rows, (3, 4))


def observed(report: Report) -> Html:
    """Tell what rules in observe mode would have done."""
    rows = [(code(row.rule), row.effect, number(row.count)) for row in report.observed.rows]
    caption = "Rules that only observe, and what they would have done to how many records."
    return table(caption, ("rule", "effect", "records"), rows, (2,), report.observed.more)


def unnamed(report: Report) -> Html:
    """Tell what no catalogue names."""
    operations, fields, sites = report.unnamed_operations, report.unnamed_fields, report.sites
    asked = [
        (code(f"{row.method} {row.template}"), row.system, number(row.count), code(str(row.first)))
        for row in operations.rows
    ]
    places = [
        (code(row.pointer), code(row.operation), row.leg, row.treatment, number(row.count)) for row in fields.rows
    ]
    addresses = [(code(site), number(count)) for site, count in sites.rows]
    guess = "Requests that no catalogue names. Paths are a guess: whatever could be a value is {id}."
    hidden = "Places that no catalogue names. Names that could be a value are ?."
    nobody = "Addresses in the captures that are no known system's."
    return Html(
        table(guess, ("request", "system", "flows", "first"), asked, (2,), operations.more)
        + table(hidden, ("place", "operation", "leg", "meets", "times"), places, (4,), fields.more)
        + table(nobody, ("address", "entries"), addresses, (1,), sites.more)
    )


def fields(report: Report) -> Html:
    """Tell of every place."""
    headings = ("place", "operation", "leg", "class", "meets", "by", "values", "flows", "before", "after")
    told = len(headings) if report.values_shown else len(headings) - 2
    caption = "Every place of every message that passed, with what its values met and the rules for it."
    rows = [_field(row)[:told] for row in report.fields.rows]
    return table(caption, headings[:told], rows, (6, 7), report.fields.more)


def _field(row: FieldRow) -> tuple[str, ...]:
    """Tell of one place."""
    example = row.example
    return (
        code(row.pointer or WHOLE),
        code(row.operation),
        row.leg,
        Html("<br>".join(map(code, row.classes))) or "(unlisted)",
        row.treatment,
        Html("<br>".join(map(code, row.rules))),
        number(row.count),
        number(row.flows),
        code(example.before) if example else "",
        (code(example.after or "") or "(gone)") if example else "",
    )


def customers(report: Report) -> Html:
    """Tell of customers."""
    rows = [
        (
            row.name,
            ", ".join(row.consents) or "-",
            *map(number, (row.flows, row.refused, row.records)),
            code(str(row.first)),
        )
        for row in report.customers.rows
    ]
    known = f"more than {number(report.customer_count)}" if report.crowded else number(report.customer_count)
    named = "" if report.values_shown else " They are numbered as they appear: nothing here leads to a name."
    caption = f"The customers with the most records, of {known}.{named}"
    headings = ("customer", "consents that counted", "flows", "refused", "records", "first")
    return table(caption, headings, rows, (2, 3, 4), report.customers.more)


def reasons(report: Report) -> Html:
    """Tell what was not judged, or mended."""
    rows = [(code(name), kind, meaning, number(count)) for kind, name, count, meaning in words.reasons(report)]
    caption = "What the captures hold beside what was judged: passed over with the reason, or mended on the way in."
    return table(caption, ("reason", "what was done", "meaning", "entries"), rows, (3,))

"""A flow's story as plain text, for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from gateway.dryrun.advice import advice, gives_way
from gateway.dryrun.aligned import aligned
from gateway.dryrun.asking import asked, found, near, state, why_not
from gateway.dryrun.explain import Group, LegStory, Story
from gateway.dryrun.marks_words import asked_of_marks
from gateway.dryrun.origin import within
from gateway.dryrun.story import FieldStory, protects
from gateway.dryrun.words import NO_OPERATION, WHOLE, counted
from gateway.policy.explain import Account
from gateway.policy.situation import Situation
from gateway.refusals import REFUSALS
from gateway.treatments.words import told
from gateway.yamlsource.node import shown

Paint = Callable[[str], str]
"""Makes a heading stand out on a terminal."""


def text(
    story: Story, name: str, fields: Sequence[tuple[LegStory, FieldStory]] | None, heading: Paint = str, *, ids: bool
) -> str:
    """Write a story; `name` is what the flow is called. `fields`: only these places, each with all that decided on it.

    `ids`: customers by their ids, not by numbers.
    """
    lines = _Lines(story, ids=ids)
    parts = [*lines.head(name), *lines.advised()]
    if fields is None:
        for leg in story.legs:
            parts += ["", heading(f"{leg.leg.value}: {lines.leg(leg)}"), *lines.decided(leg), *lines.table(leg)]
    else:
        for leg, field in fields:
            title = (
                f"{leg.leg.value} {field.pointer or WHOLE}: {counted(field.values, 'value')}, arriving {field.arrives}"
            )
            parts += ["", heading(shown(title)), *lines.field(leg, field)]
    return "\n".join(parts) + "\n"


class _Lines:
    """Writes the parts of one story."""

    def __init__(self, story: Story, *, ids: bool) -> None:
        self.story = story
        self.ids = ids

    def head(self, name: str) -> Iterator[str]:
        """Say which flow it is, what it was recognised as, and the verdict."""
        story = self.story
        purpose = f", for {story.purpose}" if story.purpose else ", for no purpose"
        yield shown(f"{name}: {story.asked}, {story.from_} -> {story.to}{purpose}")
        if story.operation:
            yield shown(f"operation  {story.operation.name} ({story.request}) at {story.operation.place}")
        else:
            yield f"operation  {NO_OPERATION}"
        for one in story.nearby:
            place = within(story.folder, one.operation.place)
            yield shown(f"nearly     {one.operation.name}: {one.why}, at {place}")
        if story.refusal:
            title = REFUSALS[story.refusal].title
            yield f"verdict    refused on the {story.leg}: {story.refusal}: {title}"
        else:
            yield "verdict    allowed" + ("" if story.answered else ", as far as it was captured: there is no answer")

    def advised(self) -> Iterator[str]:
        """Say what would have let it pass."""
        said = advice(self.story)
        if said:
            yield from ("", "It would be allowed if")
            for words, rule in said:
                yield shown(f"  - {words}" + (f"   ({rule.name} at {rule.place})" if rule else ""))

    def leg(self, leg: LegStory) -> str:
        """Name the message of a leg."""
        told_ = f"{leg.message.name} at {leg.message.place}" if leg.message else "no body"
        if self.story.batch:
            told_ = f"a batch ({self.story.batch}), each part of which is decided by itself"
        return shown(told_ + ("" if leg.passes else "; it does not go on"))

    def decided(self, leg: LegStory) -> Iterator[str]:
        """Give, for each group of records, the rules about whole messages that held or nearly did."""
        for group in leg.groups:
            yield shown(f"  {self.whose(leg, group)}")
            for account in group.accounts:
                if account.rule.kind == "protect" or (account.rule.kind == "watermark" and not leg.marked):
                    continue
                if account.in_force or near(account):
                    yield from self.account(account, leg.situation, "    ", brief=leg.passes)
        if leg.marking is not None:
            yield from (shown(f"  marks      {words}") for words in asked_of_marks(leg.marking))

    def whose(self, leg: LegStory, group: Group) -> str:
        """Say whose records were decided alike."""
        if group.frame:
            return "around the records" if leg.message else "before any record"
        names = [self.story.ids[number] if self.ids else f"customer {number}" for number in group.customers[:8]]
        more = f" and {len(group.customers) - 8} more" if len(group.customers) > 8 else ""  # noqa: PLR2004 - a line full
        return (", ".join(names) + more or "no customer that could be found") + (
            f": {counted(group.records, 'record')}" if group.records else ""
        )

    def table(self, leg: LegStory) -> Iterator[str]:
        """Give the places of a leg."""
        rows = [
            (
                field.pointer or WHOLE, ", ".join(field.classes) or "(unlisted)", field.treatment, field.arrives,
                str(field.values), ", ".join(f"{rule.name} ({rule.place})" for rule in field.rules),
            )
            for field in leg.fields
        ]  # fmt: skip
        if rows:
            headings = ("place", "class", "treatment", "arrives", "values", "by")
            yield from (f"  {line}" for line in aligned(headings, rows, (4,)))

    def field(self, leg: LegStory, field: FieldStory) -> Iterator[str]:
        """Give the way of one place from the catalogue to its treatment."""
        for one in field.fields:
            yield shown(f"  field      {one.name} at {one.place}")
            yield shown(f"             {one.place.text.strip()}")
        yield f"  class      {', '.join(field.classes) or '(unlisted: no field of the catalogue names it)'}"
        yield shown(f"  whose      {self.whose(leg, leg.groups[field.group])}")
        yield shown(f"  treatment  {field.treatment}")
        if not field.classes:
            yield from (shown(f"             for {rule.name} at {rule.place}") for rule in field.rules)
        if field.join:
            yield f"             {field.join}"
        if field.made:
            yield f"  refused    the value looks like what the gateway made of it: {', '.join(field.made)}"
        elif field.forms:
            yield f"  guarded    against writing back {', '.join(field.forms)}"
        classes = frozenset(field.classes)
        named = [one for one in field.accounts if protects(one, classes) or near(one) or one.held is not None]
        for account in named:
            yield from self.account(account, leg.situation, "  ", brief=False, exempt=not protects(account, classes))
        others = len(field.accounts) - len(named)
        if others:
            yield f"  {counted(others, 'rule')} for these classes, each with more than one condition that fails"
        if not field.accounts and field.classes:
            yield "  no rule is written for these classes: the field is kept"

    def account(
        self, account: Account, situation: Situation, gap: str, *, brief: bool, exempt: bool = False
    ) -> Iterator[str]:
        """Give one rule with the line that it stands in, and each of its conditions."""
        rule = account.rule
        status = "in force" if account.in_force and not exempt else "nearly" if near(account) else "no"
        what = f": {told(rule.treatment)}" if rule.treatment else ""
        place = within(self.story.folder, rule.place)
        why = f"   ({why_not(account)})" if brief and why_not(account) else ""
        yield shown(f"{gap}{status:<9}  {rule.id}{what} at {place}{why}")
        if brief:
            return
        yield shown(f"{gap}           {rule.place.text.strip()}")
        for answer in account.answers:
            why = found(answer, situation)
            yield shown(f"{gap}             {state(answer):<8} {asked(answer)}" + (f" ({why})" if why else ""))
        because = "a consent exempts these classes" if exempt and account.in_force else why_not(account)
        if because:
            yield shown(f"{gap}           not in force: {because}")
        elif account.missing:
            yield shown(f"{gap}           it would give way if {gives_way(account)}")

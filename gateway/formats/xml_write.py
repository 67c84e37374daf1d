"""Writing XML back: new text goes into the very pieces that held the old; all other pieces stay the bytes they were."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from decimal import Decimal
from itertools import compress
from operator import is_not

from gateway.formats.document import Owner, Scalar, Signal, Whole, Written
from gateway.formats.tally import Tally
from gateway.formats.tally import text_of as worded
from gateway.formats.xml_changes import Changes
from gateway.formats.xml_leaf import Leaf, written
from gateway.formats.xml_path import Kind
from gateway.formats.xml_plan import Act, Plan, Plans
from gateway.formats.xml_scan import Scan
from gateway.formats.xml_tag import HINTS, attributes
from gateway.formats.xml_text import all_as_text, as_text, as_value

_OPENS = frozenset({Kind.OPEN, Kind.EMPTY})
_OPEN, _EMPTY, _CLOSE = Kind.OPEN, Kind.EMPTY, Kind.CLOSE
_TEXTS = {str}
_LARGE = 200  # from so many pieces on, equal places are treated together


class Writer:
    """One writing of one body."""

    def __init__(self, scan: Scan, tally: Tally, *, typed: bool) -> None:
        """Begin with nothing changed."""
        self.scan = scan
        self.tally = tally
        self.typed = typed
        self.owner: Owner = None
        self.touched: dict[Act, int] = {}
        self.changes = Changes(scan)
        self.tails = scan.starts()
        self.past = 0  # pieces before it were treated with what is around them
        self._together: dict[Plan, tuple[list[int], Plans]] = {}
        self._owners: dict[int, Owner] = {}  # by the piece at which each one's begin

    def written(self, body: bytes) -> Written:
        """Give the body as it became, the very same where nothing changed, and what was done."""
        for plan, (places, plans) in self._together.items():
            if not self._treat_together(places, plan):
                self._treat_apart(places, plan, plans)
        for act, count in self.touched.items():
            self.tally.touch(act.edits, act.spot, act.pointer, count)
        return self.tally.written(self.changes.body(body))

    def treat(self, first: int, last: int, plans: Plans, owner: Owner) -> None:
        """Treat the pieces from `first` to `last`, without the text after the last."""
        if first > last:
            return
        steps, self.owner, self.past = self.scan.steps, owner, first
        self._owners[first] = owner
        doing = list(map(plans.__getitem__, steps[first : last + 1]))
        if self.tails:
            tails = set(self.tails[bisect_left(self.tails, first) : bisect_left(self.tails, last)])
            if tails:
                self._treat_mixed(first, doing, tails, plans)
                return
        pieces, texts, touched, together = self.scan.pieces, self.changes.texts, self.touched, self._together
        quick, large = not self.typed, len(pieces) >= _LARGE
        for at, plan in compress(enumerate(doing, first), doing):
            if at < self.past or plan is None:
                continue
            step = steps[at]
            if (
                quick and step.kind is _OPEN and step.bare
            ):  # most are elements with a plain text, or only elements in them
                after = steps[at + 1].kind
                if large and after is _CLOSE and plan.many is not None and len(pieces[at]) > step.size:
                    if plan not in together:
                        together[plan] = ([], plans)
                    together[plan][0].append(at)
                    continue
                raw = pieces[at][step.size :]
                if after is _CLOSE and raw and plan.value is not None and b"&" not in raw and b"\r" not in raw:
                    old = raw.decode()
                    new = old if old.isspace() else plan.value(old, owner)
                    if type(new) is str and not old.isspace():
                        if new is not old:
                            touched[plan.text] = touched.get(plan.text, 0) + 1
                            texts[at] = as_text(new, raw)
                        continue
                    if not old.isspace():
                        self._became(new, old, at, at + 1, plan)
                        continue
                elif (after is _OPEN or after is _EMPTY) and not plan.whole and (not raw or raw.isspace()):
                    continue
            self._visit(at, plan, plans)

    def _treat_together(self, places: list[int], plan: Plan) -> bool:
        """Treat the texts of elements that hold nothing else, all at once; False where one has to be looked at."""
        assert plan.many is not None
        pieces, steps = self.scan.pieces, self.scan.steps
        raws = [pieces[at][steps[at].size :] for at in places]
        raw = b"<".join(raws)
        old = raw.decode().split("<")
        if b"&" in raw or b"\r" in raw or not all(map(str.strip, old)):
            return False
        new = plan.many(old)
        if new is old:
            return True
        if set(map(type, new)) != _TEXTS:
            return False
        changed = list(map(is_not, new, old))
        if True in changed:
            self.touched[plan.text] = self.touched.get(plan.text, 0) + changed.count(True)
            self.changes.texts.update(compress(zip(places, all_as_text(new, raws), strict=True), changed))
        return True

    def _treat_apart(self, places: list[int], plan: Plan, plans: Plans) -> None:
        """Do as `_treat_together`, one by one."""
        begun = sorted(self._owners)
        for at in places:
            self.owner = self._owners[begun[bisect_right(begun, at) - 1]]
            self._visit(at, plan, plans)

    def _treat_mixed(self, first: int, doing: list[Plan | None], tails: set[int], plans: Plans) -> None:
        """Do as `treat` where text stands after elements: `tails` are the tags that it follows."""
        for at, plan in enumerate(doing, first):
            if plan is not None and at >= self.past:
                self._visit(at, plan, plans)
            if at in tails and at >= self.past and self.scan.steps[at].kind is not Kind.OPEN:
                self._text(at, plans.at(self.scan.steps[at].after))

    def _visit(self, at: int, plan: Plan, plans: Plans) -> None:
        """Treat what a piece begins."""
        if self.scan.steps[at].kind in _OPENS:
            self._element(at, plan, plans)
        elif self.changes.tags.get(at, b"") is not None:
            self._remark(at, plan)

    def tail(self, at: int, plans: Plans) -> None:
        """Treat the text after a record: it is around it."""
        index = bisect_left(self.tails, at)
        if self.tails[index : index + 1] == [at]:
            self.owner = None
            self._text(at, plans.at(self.scan.steps[at].after))

    def _element(self, at: int, plan: Plan, plans: Plans) -> None:
        """Treat an element: as a whole, or its value, then its attributes."""
        scan = self.scan
        step, end = scan.steps[at], at
        after = step.kind
        if after is _OPEN:
            end = scan.run(at)
            after = scan.steps[at + 1].kind
            end = end if scan.steps[end].kind is _CLOSE else 0
        if end:
            if (plan.text.edit is None or not self._value(at, end, plan)) and not step.bare:
                self._attributes(at, plan)
        elif plan.whole:
            self._whole(at, plan, plans)
        else:
            if not step.bare:
                self._attributes(at, plan)
            if plan.text.edit is not None and (after not in _OPENS or not scan.pieces[at][step.size :].isspace()):
                self._text(at, plan)

    def _value(self, at: int, end: int, plan: Plan) -> bool:
        """Treat the value of an element without elements in it; True where its tag is done with."""
        act = plan.text
        assert act.edit is not None
        leaf = Leaf(self.scan.pieces, self.scan.steps, at, end)
        old = leaf.typed() if self.typed else leaf.value()
        new: Scalar | Signal = old
        if old != "":
            new = act.edit.value(old, self.owner)
        elif plan.alone:
            new = _of_nothing(act, self.owner)
        return self._became(new, old, at, end, plan)

    def _became(self, new: Scalar | Signal, old: Scalar, at: int, end: int, plan: Plan) -> bool:
        """Write what an edit made of a value; True where the element's tag is done with."""
        act = plan.text
        if new is old or (new == "" and old == ""):
            return False
        if new is Signal.DROP:
            member = self.changes.member(at) if self.typed else 0
            if member:
                self._touch(act)
                self.changes.drop(member, self.scan.close(member))
                return True
            new = Signal.REMOVE if plan.alone and self.changes.droppable(at) else Signal.REFUSE
        if new is Signal.REFUSE:
            self._refuse(act, plan)
            return False
        self._touch(act)
        if new is Signal.REMOVE and plan.alone:
            self._look_for_refusals(at, plan, own=False)
            self._take_out(at, end)
            return True
        if old == "":
            return False
        if isinstance(new, Signal):
            self.changes.replace(at, end, b"")
            return False
        made = written(new, Leaf(self.scan.pieces, self.scan.steps, at, end), typed=self.typed)
        if made.name is None:
            self.changes.replace(at, end, made.content)
            return False
        self.changes.rename(at, end, made)
        return True

    def _text(self, at: int, plan: Plan) -> None:
        """Treat the text after a tag, where elements stand beside it; comments in it go with it where it changes."""
        end = self.scan.run(at)
        leaf = Leaf(self.scan.pieces, self.scan.steps, at, end)
        act, old = plan.text, leaf.value()
        if not old or act.edit is None:
            return
        new = act.edit.value(old, self.owner)
        if new is old:
            return
        if new is Signal.REFUSE or new is Signal.DROP:
            self._refuse(act, plan)
            return
        self._touch(act)
        self.changes.replace(at, end, b"" if isinstance(new, Signal) else written(new, leaf, typed=False).content)

    def _whole(self, at: int, plan: Plan, plans: Plans) -> None:
        """Treat an element that has others in it, in one piece."""
        assert plan.element.edit is not None
        act, whole = plan.element, plan.element.edit.whole
        end = self.scan.close(at)
        if whole is Whole.REFUSE:
            self._refuse(act, plan)
            self.past = end
            return
        for inside in range(at, end):
            below = plans[self.scan.steps[inside]]
            if below is not None and self.scan.steps[inside].kind in _OPENS:
                self._look_for_refusals(inside, below, own=inside != at)
        self._touch(act)
        if whole is Whole.REMOVE:
            self._take_out(at, end)
        else:
            self.changes.hollow_out(at, end)
        self.past = end

    def _take_out(self, at: int, end: int) -> None:
        """Take out an element; a member of an XML-RPC struct goes with its value, without which nobody reads it."""
        member = self.changes.member(at) if self.typed else 0
        if member:
            self.changes.drop(member, self.scan.close(member))
        else:
            self.changes.remove(at, end)

    def _attributes(self, at: int, plan: Plan) -> None:
        """Treat the attributes of an element."""
        step = self.scan.steps[at]
        tag = self.scan.pieces[at][: step.size]
        made, done = list[bytes](), 0
        for one in attributes(tag, step.path.names):
            act = plan.attribute(one.name)
            if act.edit is None or (act.spot == plan.path.cover and one.structural):
                continue
            old = one.value
            new = act.edit.value(old, self.owner)
            if new is old or (not old and isinstance(new, str)):
                continue
            if new is Signal.REFUSE:
                self._refuse(act, plan)
                continue
            self._touch(act)
            if isinstance(new, Signal) or one.name in HINTS:
                made.append(tag[done : one.start])
                done = one.end
            elif old:
                made += (tag[done : one.at + 1], as_value(worded(new), one.raw))
                done = one.end - 1
        if done:
            self.changes.tags[at] = b"".join(made) + tag[done:]

    def _remark(self, at: int, plan: Plan) -> None:
        """Treat a comment or an instruction: it is kept, it goes, or it is refused; it is never rewritten."""
        edit, pointer = plan.element.edit, plan.element.pointer
        assert edit is not None
        step, piece = self.scan.steps[at], self.scan.pieces[at]
        comment = step.kind is Kind.COMMENT
        old = piece[3 : step.size - 3] if comment else piece[1 : step.size - 2]
        text = old.decode()
        new = edit.value(text, self.owner)
        if new is text:
            return
        pointer += "/#comment" if comment else "/#instruction"
        if new is Signal.REFUSE:
            self.tally.refuse(plan.edits, plan.element.spot, pointer)
            return
        self.tally.touch(plan.edits, plan.element.spot, pointer)
        self.changes.drop(at, at)

    def _touch(self, act: Act) -> None:
        self.touched[act] = self.touched.get(act, 0) + 1

    def _refuse(self, act: Act, plan: Plan) -> None:
        self.tally.refuse(plan.edits, act.spot, act.pointer)

    def _look_for_refusals(self, at: int, plan: Plan, *, own: bool) -> None:
        """Find what is refused in what goes as a whole: hiding more must never undo a refusal."""
        step = self.scan.steps[at]
        acts = [plan.text, plan.element] if own else []
        if not step.bare:
            tag = self.scan.pieces[at][: step.size]
            acts += [plan.attribute(one.name) for one in attributes(tag, step.path.names)]
        for act in acts:
            if act.edit is not None and act.edit.whole is Whole.REFUSE and act.spot:
                self._refuse(act, plan)


def _of_nothing(act: Act, owner: Owner) -> Scalar | Signal:
    """Treat an element that holds no value: it can go or be refused, and there is nothing else to hide.

    One that is labelled may have been emptied by the gateway; of others, empty ones are too common to tell.
    """
    assert act.edit is not None
    if act.edit.hollow is not None and act.spot:
        return act.edit.hollow
    new = act.edit.value("", owner)
    return "" if isinstance(new, str | int | Decimal) else new

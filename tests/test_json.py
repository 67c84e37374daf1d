"""JSON bodies, case by case: what is refused, whose records they are, what is touched, and what stays as it was.

Every case is read several times through one layout: the first time the slow way, then by the shape that was learned.
"""

import json
from decimal import Decimal
from typing import ClassVar

import pytest

from gateway.errors import Unreadable
from gateway.formats.document import Edit, Edits, Signal, Whole
from gateway.formats.json import layout, read
from gateway.formats.selector import parse

KEEP = Edits(of=lambda _spot: None)
MARK = Edit(lambda value, _customer: None if value is None else "X")
REDACT = Edit(lambda value, _customer: None if value is None else "X", Whole.EMPTY)
REMOVE = Edit(lambda _value, _customer: Signal.REMOVE, Whole.REMOVE)
DROP = Edit(lambda _value, _customer: Signal.REMOVE)
REFUSE = Edit(lambda _value, _customer: Signal.REFUSE, Whole.REFUSE)


def message(*fields, customer=None, records=None, envelope=()):
    return layout(
        [parse(field) for field in fields],
        parse(customer) if customer else None,
        parse(records) if records else None,
        [parse(field) for field in envelope],
    )


def edits(*each, unlisted=None):
    """Edit field by field; where several fields meet, the last one that does anything decides."""
    return Edits(
        lambda spot: next((each[index] for index in reversed(spot) if index < len(each) and each[index]), None),
        unlisted,
    )


def text(value):
    return value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def treated(body, plan, record=KEEP, envelope=KEEP, times=4):
    """Read and write a body again and again; it must come out the same each time."""
    body = text(body)
    written = []
    for _ in range(times):
        document = read(body, plan)
        written.append(document.write([record] * len(document.customers), envelope))
    for each in written:  # white space around what was treated may differ, nothing else
        assert each.body == written[0].body or b" " in body
        assert exactly(each.body) == exactly(written[0].body)
    assert len({frozenset((t.pointer, t.spot, t.count) for t in each.touches) for each in written}) == 1
    return written[-1]


def exactly(body):
    """Parse, with numbers as they are written and members in their order."""
    return json.loads(body, parse_int=str, parse_float=str, object_pairs_hook=list)


def touched(written):
    return {(touch.pointer, touch.spot): touch.count for touch in written.touches}


@pytest.mark.parametrize("space", ["", " ", "\n", "\r\n\t ", "\n" * 1000])
class TestSpaceAround:
    """It is no part of any value, and hides none: neither where a shape is known nor where it isn't."""

    HIDE: ClassVar[Edits] = Edits(lambda _: Edit(lambda _value, _customer: "x"), Edit(lambda _value, _customer: "y"))

    def test_of_a_record(self, space):
        plan = message("$.a", customer="$.who")
        for _ in range(3):
            document = read(f'{space}{{"a": "secret", "who": "c", "b": ["secret"]}}{space}'.encode(), plan)
            assert document.customers == ["c"]
            assert document.lookup("$.a") == "secret"
            assert exactly(document.write([self.HIDE], KEEP).body) == [("a", "x"), ("who", "y"), ("b", ["y"])]

    def test_of_a_list_and_what_is_around_it(self, space):
        plan = message("$.a", customer="$.who", records="$.rows[*]", envelope=["$.total"])
        body = f'{space}{{"total": "secret", "rows": [{{"a": "secret", "who": "c"}}], "b": "secret"}}{space}'.encode()
        for _ in range(3):
            document = read(body, plan)
            assert document.customers == ["c"]
            new = exactly(document.write([self.HIDE], self.HIDE).body)
            assert new == [("total", "x"), ("rows", [[("a", "x"), ("who", "y")]]), ("b", "y")]

    def test_of_a_value_alone(self, space):
        for value in ("secret", 5, ["secret"]):
            document = read(f"{space}{json.dumps(value)}{space}".encode(), message("$.a"))
            assert b"secret" not in document.write([self.HIDE], KEEP).body
            assert document.write([self.HIDE], KEEP).body != document.body

    def test_of_what_is_kept_where_nobody_labelled_it(self, space):
        body = f'{space}{{"a": "secret", "b": "open"}}{space}'.encode()
        labelled = Edits(lambda _: Edit(lambda _value, _customer: "x"))
        for _ in range(3):
            assert exactly(read(body, message("$.a")).write([labelled], KEEP).body) == [("a", "x"), ("b", "open")]

    def test_of_what_nothing_changes(self, space):
        body = f'{space}{{"a": "b"}}{space}'.encode()
        for _ in range(3):
            assert read(body, message("$.a")).write([KEEP], KEEP).body is body


class TestRefused:
    PLAN = message("$.a", "$.b.c")

    @pytest.mark.parametrize(
        ("body", "refusal"),
        [
            (b"", "body-not-json"),
            (b"   ", "body-not-json"),
            (b"{", "body-not-json"),
            (b'{"a":1}}', "body-not-json"),
            (b'{"a":1} {"a":2}', "body-not-json"),
            (b'{"a":1,}', "body-not-json"),
            (b"{'a':1}", "body-not-json"),
            (b'{"a":01}', "body-not-json"),
            (b'{"a":NaN}', "body-not-json"),
            (b'{"a":.5}', "body-not-json"),
            (b'{"a":"\t"}', "body-not-json"),
            (b'{"a":"\\x41"}', "body-not-json"),
            (b'{"a":"\\ud800"}', "body-not-json"),
            (b'{"\\ud800":1}', "body-not-json"),
            (b'{"a":1 /* */}', "body-not-json"),
            (b'{"a":1,"a":2}', "body-duplicate-key"),
            (b'{"a":1,"\\u0061":2}', "body-duplicate-key"),
            (b'{"a":1, "b" : {"c":1,\n"c" :2}}', "body-duplicate-key"),
            (b'{"z":[[{"y":{"x":1,"x":1}}]]}', "body-duplicate-key"),
            (b'{"a":"{\\"a\\":1}","b":{"c":1},"b":2}', "body-duplicate-key"),
            (b"\xef\xbb\xbf{}", "body-encoding"),
            ('{"a":"é"}'.encode("latin-1"), "body-encoding"),
            (b'{"a":"\xc0\xaf"}', "body-encoding"),
            (b'{"a":"\xed\xa0\x80"}', "body-encoding"),
            ('{"a":1}'.encode("utf-16"), "body-encoding"),
            ('{"a":1}'.encode("utf-16-le"), "body-encoding"),
            ('{"a":1}'.encode("utf-32-be"), "body-encoding"),
            (b"[" * 65 + b"]" * 65, "body-too-deep"),
            (b'{"a":' * 65 + b"1" + b"}" * 65, "body-too-deep"),
            (b'{"a":1,"z":' + b"[" * 64 + b"]" * 64 + b"}", "body-too-deep"),
            (b"[" * 1_000_000 + b"]" * 1_000_000, "body-too-deep"),
            (b'{"a":' * 200_000, "body-too-deep"),
        ],
    )
    def test_what_cannot_be_read_in_one_way_only(self, body, refusal):
        treated({"a": 1, "b": {"c": 2}}, self.PLAN)  # the layout knows a shape by now
        for _ in range(2):
            with pytest.raises(Unreadable) as error:
                read(body, self.PLAN)
            assert error.value.refusal == refusal

    def test_depth_is_counted_to_the_level(self):
        body = b"[" * 64 + b"]" * 64
        for _ in range(3):
            assert read(body, self.PLAN).write([KEEP], KEEP).body is body
        with pytest.raises(Unreadable):
            read(body, self.PLAN, max_depth=63)

    def test_a_known_shape_is_no_way_around_the_depth(self):
        plan = message("$.a")
        body = {"a": {"b": {"c": [1]}}}
        treated(body, plan)
        for _ in range(2):
            with pytest.raises(Unreadable):
                read(text(body), plan, max_depth=3)

    def test_a_known_shape_is_no_way_around_duplicates(self):
        plan = message("$.a", "$.b.c", customer="$.a")
        good = b'{"a":1,"b":{"c":2},"z":[{"y":1,"x":"}"}]}'
        treated(good, plan)
        for twice in (
            b'{"a":1,"a":1,"b":{"c":2},"z":[{"y":1,"x":"}"}]}',
            b'{"a":1,"b":{"c":2,"c":2},"z":[{"y":1,"x":"}"}]}',
            b'{"a":1,"b":{"c":2},"z":[{"y":1,"x":"}","y":1}]}',
            b'{"a":1,"b":{"c":2},"z":[{"y":1,"x":"}"}],"z":1}',
            b'{"a":1,"b":{"c":2},"z":[{"y":1,"\\u0079":"}"}]}',
        ):
            with pytest.raises(Unreadable) as error:
                read(twice, plan)
            assert error.value.refusal == "body-duplicate-key"


class TestCustomers:
    @pytest.mark.parametrize(
        ("value", "customer"),
        [
            ('"C-1"', "C-1"),
            ('"7"', "7"),
            ("7", "7"),
            ("-7", "-7"),
            ('"\\u0043-1"', "C-1"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ('""', None),
            ("7.0", None),
            ("7e0", None),
            ("true", None),
            ("null", None),
            ("{}", None),
            ('["C-1"]', None),
            ("1" * 5000, None),
        ],
    )
    def test_ids_are_texts_and_whole_numbers(self, value, customer):
        plan = message("$.c.id", customer="$.c.id")
        for _ in range(3):
            assert list(read(f'{{"c":{{"id":{value}}}}}'.encode(), plan).customers) == [customer]

    def test_each_record_has_its_own(self):
        plan = message("$.c", "$.n", customer="$.c", records="$.value[*]")
        body = {"value": [{"c": "a", "n": 1}, {"c": 7, "n": 2}, {"n": 3}, {"c": "b", "n": 4}, {"c": None, "n": 5}]}
        own = Edits(lambda spot: Edit(lambda _value, customer: f"of {customer}") if spot == (1,) else None)
        for _ in range(5):
            document = read(text(body), plan)
            assert list(document.customers) == ["a", "7", None, "b", None]
            found = json.loads(document.write([own] * 5, KEEP).body)["value"]
            assert [record["n"] for record in found] == ["of a", "of 7", "of None", "of b", "of None"]

    def test_customers_found_elsewhere_are_handed_to_the_edits(self):
        plan = message("$.n")
        own = Edits(lambda _spot: Edit(lambda _value, customer: customer))
        for _ in range(3):
            assert read(b'{"n":1}', plan).write([own], KEEP, owners=["anna"]).body == b'{"n":"anna"}'

    def test_what_is_no_object_is_a_record_all_the_same(self):
        plan = message("$.c", customer="$.c", records="$[*]")
        body = [{"c": "a"}, 5, None, [1], "text", {"c": "b"}]
        for _ in range(3):
            assert list(read(text(body), plan).customers) == ["a", None, None, None, None, "b"]
        written = treated(body, plan, edits(None, unlisted=REDACT))
        assert json.loads(written.body) == [{"c": "a"}, "X", None, [], "X", {"c": "b"}]


class TestLists:
    PLAN = message("$.id", "$.c.mail", customer="$.c.id", records="$.value[*]", envelope=["$.count", "$.next"])
    BODY = (
        b'{"count":2,"value":[{"id":1,"c":{"id":"a","mail":"secret-1","extra":1}},'
        b'{"id":2,"c":{"id":"b","mail":"secret-2"}}],"next":null,"debug":"secret-3"}'
    )

    def test_records_and_envelope_have_their_own_edits(self):
        written = treated(self.BODY, self.PLAN, edits(None, MARK, unlisted=REDACT), edits(None, None, unlisted=REDACT))
        assert json.loads(written.body) == {
            "count": 2,
            "value": [{"id": 1, "c": {"id": "X", "mail": "X", "extra": "X"}}, {"id": 2, "c": {"id": "X", "mail": "X"}}],
            "next": None,
            "debug": "X",
        }
        assert touched(written) == {
            ("/value/*/c/mail", (1,)): 2,
            ("/value/*/c/?", ()): 3,
            ("/?", ()): 1,
        }

    def test_an_envelope_that_stays_is_the_same_to_the_byte(self):
        body = self.BODY.replace(b'"count":2', b'"count" : 2.0e0').replace(b'"next":null', b'"next":\n null')
        written = treated(body, self.PLAN, edits(None, MARK))
        assert b"secret-1" not in written.body
        assert json.loads(written.body)["value"][0]["c"]["mail"] == "X"

    def test_empty_lists_stay_empty(self):
        for body in (
            b'{"count":0,"value":[]}',
            b'{"value":[ ],"count":0}',
            b'{"count":0,"value":null}',
            b'{"count":0}',
        ):
            assert treated(body, self.PLAN, edits(MARK, MARK), edits(None, None, unlisted=REDACT)).body is body

    def test_each_record_is_edited_by_its_own_decision(self):
        decisions = [edits(MARK, None), edits(None, MARK)]
        for _ in range(4):
            document = read(self.BODY, self.PLAN)
            found = json.loads(document.write(decisions, KEEP).body)["value"]
            assert [(record["id"], record["c"]["mail"]) for record in found] == [("X", "secret-1"), (2, "X")]

    def test_a_decision_too_few_is_never_taken_for_all(self):
        for _ in range(3):
            with pytest.raises(ValueError, match="one decision"):
                read(self.BODY, self.PLAN).write([KEEP], KEEP)

    def test_a_record_that_goes_leaves_no_gap(self):
        plan = message("$", records="$.value[*]")
        assert treated({"value": [1, {"a": 2}, 3]}, plan, edits(REMOVE)).body == b'{"value":[]}'

    def test_labels_that_reach_into_records_from_outside_are_refused(self):
        for envelope in ("$.value", "$.*", "$.value[*].a", "$"):
            with pytest.raises(ValueError, match="reaches into its records"):
                message("$.a", records="$.value[*]", envelope=[envelope])

    def test_records_must_be_named_plainly(self):
        for records in ("$..value", "$.value[0:2]", "$.value[?@.a]", "$.value[-1]"):
            with pytest.raises(ValueError, match="must name members"):
                message("$.a", records=records)

    def test_a_customer_must_be_one(self):
        with pytest.raises(ValueError, match="can find several"):
            message("$.a", customer="$.a[*]")


class TestPlaces:
    BODY: ClassVar = {"a": {"b": "x", "c": {"d": [1, 2.5, True, None, {"e": "y"}]}}, "f": []}

    @pytest.mark.parametrize(
        ("edit", "expected", "count"),
        [
            (MARK, {"a": {"b": "X", "c": {"d": ["X", "X", "X", None, {"e": "X"}]}}, "f": []}, 5),
            (REDACT, {"a": {}, "f": []}, 1),
            (REMOVE, {"f": []}, 1),
            (DROP, {"a": {"c": {"d": [{}]}}, "f": []}, 6),
        ],
    )
    def test_a_label_on_an_object_covers_all_of_it(self, edit, expected, count):
        written = treated(self.BODY, message("$.a", "$.f"), edits(edit))
        assert json.loads(written.body) == expected
        assert touched(written) == {("/a", (0,)): count}

    def test_a_place_under_several_labels_has_the_spot_of_all(self):
        seen = set()
        spy = Edits(seen.add)
        treated(self.BODY, message("$.a", "$.a.b", "$.*.b", "$.a.c.d[4].e", "$.f"), spy)
        assert seen == {(0,), (0, 1, 2), (0, 3), (2,), (4,), (2, 4)}

    def test_names_are_escaped_and_unlisted_ones_are_never_told(self):
        plan = message("$['a/b~c'].x", "$.list[*].y", "$.map.*.z")
        body = {"a/b~c": {"x": 1, "Ada": 1}, "list": [{"y": 1}], "map": {"Ada": {"z": 1}}, "Lovelace": 1}
        written = treated(body, plan, edits(MARK, MARK, MARK, unlisted=REDACT))
        assert set(touched(written)) == {
            ("/a~1b~0c/x", (0,)),
            ("/a~1b~0c/?", ()),
            ("/list/*/y", (1,)),
            ("/map/*/z", (2,)),
            ("/?", ()),
        }

    def test_places_that_were_searched_for_tell_only_names_that_the_officer_wrote(self):
        body = {"Ada": {"mail": "secret"}, "list": [{"deep": {"mail": "secret"}}]}
        written = treated(body, message("$..mail"), edits(MARK))
        assert b"secret" not in written.body
        assert touched(written) == {("/?/mail", (0,)): 1, ("/?/*/?/mail", (0,)): 1}

    @pytest.mark.parametrize("value", ["text", 7, True, ["a"], [{"email": "a"}]])
    def test_what_stands_where_labels_lead_through_is_unlisted(self, value):
        plan = message("$.customer.email")
        treated({"customer": {"email": "a"}}, plan, edits(None))
        written = treated({"customer": value}, plan, edits(None, unlisted=REDACT))
        assert json.loads(written.body) == {"customer": [] if isinstance(value, list) else "X"}
        assert touched(written) == {("/customer", ()): 1}

    @pytest.mark.parametrize("value", [None, {}, []])
    def test_nothing_there_is_nothing_unlisted(self, value):
        body = text({"customer": value})
        refused = edits(None, unlisted=REFUSE)
        assert treated(body, message("$.customer.email"), refused).body is body

    def test_a_scalar_body_is_unlisted(self):
        written = treated(b'"Ada"', message("$.a"), edits(None, unlisted=REDACT))
        assert (written.body, touched(written)) == (b'"X"', {("", ()): 1})
        assert treated(b'{"a":1}', message("$"), edits(REMOVE)).body == b"null"

    def test_a_message_without_labels_is_unlisted_altogether(self):
        assert treated({"a": 1}, message(), edits(unlisted=REDACT)).body == b"{}"


class TestUntouched:
    @pytest.mark.parametrize(
        "kept",
        [
            b"12345678901234567.89",
            b"1.50",
            b"-0",
            b"1E400",
            b"1e-400",
            b"0.1000",
            b'"\\u00e9\\/\\uD83D\\uDE00"',
            b'{ "z" : 1 ,\n\t"y":[ 1,2 ] }',
            b"[ ]",
            b"9" * 6000,
            b'"\x7f\xe2\x80\xa8"',
        ],
    )
    def test_what_no_edit_names_arrives_as_it_left(self, kept):
        plan = message("$.keep", "$.mark")
        for template in (b'{"keep":%b,"mark":"secret"}', b'{"mark":"secret","keep":%b}'):
            body = template % kept
            assert treated(body, plan, edits(None, MARK)).body == body.replace(b'"secret"', b'"X"')
            assert treated(body, plan, KEEP).body is body

    def test_numbers_come_to_edits_exactly(self):
        seen = []
        spy = Edits(lambda _spot: Edit(lambda value, _customer: seen.append(value) or "X"))
        numbers = b"[7,-0,1.50,12345678901234567.89,1E400,123456789012345678901234567890]"
        treated(b'{"n":%b}' % numbers, message("$.n"), spy, times=1)
        assert seen == [
            7,
            0,
            Decimal("1.50"),
            Decimal("12345678901234567.89"),
            Decimal("1E+400"),
            123456789012345678901234567890,
        ]
        assert not any(isinstance(value, float) for value in seen)

    @pytest.mark.parametrize("number", [b"1" * 6000, b"1." + b"1" * 1000, b"1e99999999999999999999"])
    def test_a_number_too_long_to_be_treated_is_refused_not_passed(self, number):
        plan = message("$.n")
        for _ in range(3):
            written = read(b'{"n":%b}' % number, plan).write([edits(MARK)], KEEP)
            assert [refused.pointer for refused in written.refused] == ["/n"]

    @pytest.mark.parametrize(
        ("made", "expected"),
        [
            (Decimal("1.50"), b"1.50"),
            (Decimal("1E+400"), b"1E+400"),
            (2**70, b"1180591620717411303424"),
            (None, b"null"),
            (False, b"false"),
            ('é"\n\\', '"é\\"\\n\\\\"'.encode()),
        ],
    )
    def test_values_are_written_as_they_are(self, made, expected):
        plan = message("$.v", "$.w")
        for body in (b'{"v":"old","w":1}', b'{"v":2.5,"w":1}'):
            assert treated(body, plan, edits(Edit(lambda _v, _c: made))).body == b'{"v":%b,"w":1}' % expected

    def test_the_order_of_members_and_elements_stays(self):
        body = b'{"z":1,"a":2,"m":[3,{"y":1,"b":2}],"\\u0065":5}'
        assert treated(body, message("$.a", "$.m[1].b"), edits(MARK, MARK)).body in {
            b'{"z":1,"a":"X","m":[3,{"y":1,"b":"X"}],"\\u0065":5}',
            b'{"z":1,"a":"X","m":[3,{"y":1,"b":"X"}],"e":5}',
        }


class TestRemoved:
    FIELDS = ("a", "b", "c", "d")

    @pytest.mark.parametrize("gone", [{"a"}, {"d"}, {"b", "c"}, {"c", "d"}, {"a", "d"}, {"b", "d"}, set(FIELDS)])
    @pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (",\n  ", " : ")])
    def test_members_go_with_their_names_and_commas(self, gone, separators):
        records = [
            {"a": 1, "b": {"x": "},{"}, "c": "3,", "d": 4},
            {"b": None, "d": "}"},
            {"a": "1,", "d": 4},
            {"a": 1, "c": ","},
            {},
        ]
        body = json.dumps({"value": records}, separators=separators).encode()
        plan = message(*(f"$.{name}" for name in self.FIELDS), records="$.value[*]")
        chosen = edits(*(REMOVE if name in gone else None for name in self.FIELDS))
        written = treated(body, plan, chosen)
        assert json.loads(written.body)["value"] == [
            {name: value for name, value in record.items() if name not in gone} for record in records
        ]

    def test_what_may_be_dropped_is_dropped_where_the_edit_says_so(self):
        plan = message("$.a", "$.b", records="$[*]")
        drop = edits(None, Edit(lambda value, _customer: Signal.REMOVE if value == "***" else value))
        body = [{"a": 1, "b": "***"}, {"a": 2, "b": "new"}]
        assert treated(body, plan, drop).body == b'[{"a":1},{"a":2,"b":"new"}]'

    def test_elements_close_up(self):
        odd = Edit(lambda value, _customer: Signal.REMOVE if value % 2 else value)
        assert treated({"l": [1, 2, 3, 4, 5]}, message("$.l[*]"), edits(odd)).body == b'{"l":[2,4]}'


class TestRefusing:
    def test_places_that_refuse_are_named_once_each_and_ten_at_most(self):
        plan = message(*(f"$.f{number}" for number in range(12)), records="$[*]")
        body = [{f"f{number}": number for number in range(12)}] * 3
        refused = treated(body, plan, edits(*[REFUSE] * 12)).refused
        assert [each.pointer for each in refused] == [f"/*/f{number}" for number in range(10)]
        assert [each.spot for each in refused] == [(number,) for number in range(10)]

    def test_hiding_the_whole_never_undoes_a_refusal_inside(self):
        plan = message("$.a", "$.a.b.c")
        for whole in (REDACT, REMOVE):
            refused = treated({"a": {"b": {"c": 1}}}, plan, edits(whole, REFUSE)).refused
            assert [each.pointer for each in refused] == ["/a/b/c"]
            assert not treated({"a": {"b": {"d": 1}}}, plan, edits(whole, REFUSE)).refused

    def test_unlisted_places_can_refuse(self):
        written = treated({"a": 1, "x": {"y": 2}}, message("$.a"), edits(None, unlisted=REFUSE))
        assert [(each.pointer, each.spot) for each in written.refused] == [("/?", ())]


class TestLookup:
    BODY = b'{"jsonrpc":"2.0","method":"model.party.read","params":[[1,"two"],{"deep":true}],"id":7}'

    @pytest.mark.parametrize(
        ("selector", "found"),
        [
            ("$.method", "model.party.read"),
            ("$.id", 7),
            ("$.params[0][1]", "two"),
            ("$.params[-2][0]", 1),
            ("$.params[1].deep", None),
            ("$.params", None),
            ("$.nowhere", None),
            ("$.method.deeper", None),
            ("$.params[*]", None),
        ],
    )
    def test_one_text_or_whole_number_is_found(self, selector, found):
        plan = message("$.id")
        for _ in range(3):
            assert read(self.BODY, plan).lookup(selector) == found


class TestShapes:
    def test_a_map_with_names_for_data_is_not_learned(self):
        body = json.dumps([{f"name {number}": 1, "id": number} for number in range(400)]).encode()
        plan = message("$.id", records="$[*]")
        for _ in range(3):
            assert read(body, plan).customers == [None] * 400
        assert plan.former.shape is None

    def test_a_body_seen_before_is_read_by_its_shape(self):
        plan = message("$.a", "$.c.id", customer="$.c.id", records="$[*]")
        body = text([{"a": "é", "c": {"id": "x"}}, {"c": {"id": "y"}, "z": [{"q": None}]}])
        assert read(body, plan)._table is None
        assert read(body, plan)._table is not None
        spaced = json.dumps(json.loads(body), indent=1).encode()
        assert read(spaced, plan)._table is not None

    def test_a_shape_learns_until_it_fits(self):
        plan = message("$.a", customer="$.c")
        bodies = [{"a": 1}, {"a": "x", "c": 1}, {"c": 1, "b": None}, {"a": 1, "c": 2, "b": {"d": []}}, {"a": None}]
        for body in bodies * 2:
            read(text(body), plan)
        assert all(read(text(body), plan)._table is not None for body in bodies)

    def test_keys_without_end_are_not_learned_for_ever(self):
        plan = message("$.*.a")
        for number in range(60):
            body = {f"key-{number}-{inner}": {"a": inner} for inner in range(40)}
            assert b"X" in treated(body, plan, edits(MARK), times=1).body
        assert plan.former.shape is None

    def test_what_is_null_at_first_may_be_anything_later(self):
        plan = message("$.a.b", "$.c")
        assert treated({"a": None, "c": 1}, plan, edits(MARK, unlisted=REDACT)).body == b'{"a":null,"c":1}'
        assert treated({"a": "secret", "c": 1}, plan, edits(MARK, unlisted=REDACT)).body == b'{"a":"X","c":1}'
        assert treated({"a": {"b": 1}, "c": 1}, plan, edits(MARK, unlisted=REDACT)).body == b'{"a":{"b":"X"},"c":1}'

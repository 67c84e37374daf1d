"""Reading YAML: what is taken, what is told, and where."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import FaultyFiles, Problem
from gateway.yamlsource import LARGEST, Leaf, Listing, Reader, Table, parse, suggest

KEYS = ("name", "port", "tls", "zones", "limits")


def faults(data: bytes) -> list[str]:
    with pytest.raises(FaultyFiles) as raised:
        parse("f.yaml", data)
    return [f"{p.place.line}:{p.place.column} {p.message}" for p in raised.value.problems]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", ["1:1 the file is empty"]),
        (b"# nothing\n", ["1:1 the file is empty"]),
        (b"a: &x 1\nb: *x", ["1:4 anchors are not read", "2:4 aliases are not read"]),
        (b"a: {<<: {b: 1}}", ["1:5 merge keys are not read"]),
        (b"a: !!str 1", ["1:4 tags are not read"]),
        (b"!!python/object:os.system {}", ["1:1 tags are not read"]),
        (b"a: !x [1]", ["1:4 tags are not read"]),
        (b"a: 1\n---\nb: 2", ["2:1 a second document starts here"]),
        (b"%YAML 1.1\n---\na: 1", ["1:1 YAML directives are not read"]),
        (b"a: 1\nb: 2\na: 3", ['3:1 the key "a" stands twice; first on line 1']),
        (b'a: 1\n"a": 3', ['2:1 the key "a" stands twice; first on line 1']),
        (b"{b: {c: 1, c: 2}}", ['1:12 the key "c" stands twice; first on line 1']),
        (b"? [x]\n: 1", ["1:3 a key must be text"]),
        (b"\xff\xfea\x00", ["1:1 not UTF-8 text"]),
        ("a: é".encode("latin-1"), ["1:4 not UTF-8 text"]),
        (b"a: 1\r\nb: \xc0\xaf", ["2:4 not UTF-8 text"]),
        (b"a: x\x00", ["1:5 the character U+0000 does not show, and hides how the line reads"]),
        ("a: b\u202ec".encode(), ["1:5 the character U+202E does not show, and hides how the line reads"]),
        ("a: b\u2028c: 1".encode(), ["1:5 the character U+2028 does not show, and hides how the line reads"]),
        (b"a: [1,\nb: }", ["2:4 a value is missing before this"]),
        (b"a: b: c", ["1:5 a colon stands where no key can end"]),
        (b"[" * 33, ["1:33 nested more than 32 deep"]),
        (b"[" * 100_000, ["1:33 nested more than 32 deep"]),
        (b"a" * (LARGEST + 1), [f"1:1 the file is larger than {LARGEST} bytes"]),
        *(
            (f"{word}: 1".encode(), [f'1:1 "{word}" is no key: some YAML readers take it for something else than text'])
            for word in ("on", "No", "OFF", "yes", "true", "null", "~", "1", "1.5")
        ),
    ],
)
def test_a_file_that_could_be_read_in_two_ways_is_not_read(data, told):
    assert faults(data) == told


def test_every_fault_of_a_file_is_told_at_once_with_its_line_and_a_hint():
    with pytest.raises(FaultyFiles) as raised:
        parse("f.yaml", b"a: 1\na: &x 2\n\non: !t 3\n")
    assert str(raised.value).splitlines()[:7] == [
        'f.yaml:2:1: the key "a" stands twice; first on line 1 [SG015]',
        "    a: &x 2",
        "    ^",
        "    f.yaml:1:1: first here",
        "    a: 1",
        "    ^",
        "    hint: keep one of them",
    ]
    assert [p.place.line for p in raised.value.problems] == [2, 2, 4, 4]


def test_an_alias_bomb_is_told_at_once_and_never_expanded():
    bomb = b"a: &a [x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (k, k, k - 1, k - 1) for k in range(ord("b"), ord("z")))
    assert any("aliases are not read" in line for line in faults(bomb))


def test_nodes_know_where_they_stand():
    node = parse("f.yaml", "\ufeffname: x\r\nzones:\r\n  - ä\r\n  - {k: v}\r\n".encode())
    assert isinstance(node, Table)
    (_, _), (key, zones) = node.entries
    assert isinstance(zones, Listing)
    assert str(key.place) == "f.yaml:2:1"
    assert [(str(item.place), item.place.text) for item in zones.items] == [
        ("f.yaml:3:5", "  - ä"),
        ("f.yaml:4:5", "  - {k: v}"),
    ]


def test_a_reported_line_holds_nothing_that_acts_on_a_terminal():
    with pytest.raises(FaultyFiles) as raised:
        parse("f.yaml", b'"\\e[2J": 1\n"\\e[2J": 2\n' + b"x: \x1b[31m")
    assert "\x1b" not in str(raised.value)
    reader = Reader()
    reader.section(reader.parse("g.yaml", b'"\\e[2J": 1'), KEYS)
    assert "\x1b" not in "".join(map(str, reader.problems))


@pytest.mark.parametrize(
    ("text", "told", "also"),
    [
        ("a:\n\tb: 1", "2:1 a line is indented with a tab", None),
        ("a: @x", "1:4 text can't begin with @", None),
        ("a: 'x\nb: 1\n", "1:4 text in quotes does not end", None),
        ("a: {b: 1\nc: 2", "2:2 the { is not closed before this", "1:4"),
        ("a: [b, c\nd: 1", "2:2 the [ is not closed before this", "1:4"),
        ("a:\n  b: 1\n c: 2", "3:2 this line is indented unlike those that it belongs to", None),
        ("a: 1\n- b", "2:1 an item of a list stands among keys", None),
        ("- a\nb: 1", "2:1 a key stands among the items of a list", None),
        ('a: "\\q"', "1:5 a backslash is followed by something that it can't be followed by", None),
        ("a: |x\n  b", "1:5 text stands on the line of the | or >", None),
        ("a: {b: c}}", "1:10 this closes what was never opened", None),
        ("a: 'x' y", "1:8 something follows the end of the value", None),
        ("a: - b", "1:4 a list can't begin here", None),
        ("a: *", "1:5 text can't begin like this", None),
        ("{a: b}\nc: d", "2:1 something follows the end of the document", None),
        ("a: !x!y 1", "1:4 tags are not read", None),
        ("%YAML 3.0\n---\na: 1", "1:1 YAML directives are not read", None),
    ],
)
def test_broken_yaml_is_told_in_the_words_of_whoever_wrote_it(text, told, also):
    with pytest.raises(FaultyFiles) as raised:
        parse("f.yaml", text.encode())
    (problem,) = raised.value.problems
    second = None if problem.also is None else f"{problem.also.place.line}:{problem.also.place.column}"
    assert (f"{problem.place.line}:{problem.place.column} {problem.message}", second) == (told, also)
    assert problem.hint


# -- what is underlined --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("plain", "plain"),
        ("two words # why", "two words"),
        ("'quoted'", "'quoted'"),
        ('"a \\" b"', '"a \\" b"'),
        ("{b: [1, 2]} # why", "{b: [1, 2]}"),
        ("[b,\n  c]", "[b,"),
        ("one\n  two", "one"),
        ("|\n  text", "|"),
        ("\n  b: 1\n  c: 2", "b"),
        ("\n  - b", "- b"),
        ("\n  - b: 1", "- b: 1"),
        ("名前 # why", "名前"),
    ],
)
def test_all_that_is_meant_is_underlined_and_no_more(written, meant):
    node = parse("f.yaml", f"a: {written}".encode())
    assert isinstance(node, Table)
    place = node.entries[0][1].place
    assert place.text[place.column - 1 :][: place.width] == meant


@pytest.mark.parametrize(
    ("line", "underlined"),
    [
        ("{a: 1, a: 2}", "       ^"),
        ("{客户: 1, 客户: 2}", "          ^^^^"),
        ("{e\u0301: 1, e\u0301: 2}", "       ^"),
        ("{한국: 1, 한국: 2}", "          ^^^^"),
        ("{a:\t1,\tbb: 1,\tbb: 2}", "              ^^"),
        ("{'a b': 1, 'a b': 2}", "           ^^^^^"),
    ],
)
def test_the_underline_stands_below_what_is_meant_on_a_terminal(line, underlined):
    with pytest.raises(FaultyFiles) as raised:
        parse("f.yaml", line.encode())
    assert str(raised.value).splitlines()[2] == "    " + underlined


def test_a_part_of_a_text_has_a_place_where_it_is_written_as_it_reads():
    node = parse("f.yaml", b"[GET /a, 'GET /a', \"GET\\x20/a\", GET\n  /a]")
    assert isinstance(node, Listing)
    parts = [item.part(4, 6) for item in node.items if isinstance(item, Leaf)]
    assert [part.text[part.column - 1 :][: part.width] for part in parts] == ["/a", "/a", '"GET\\x20/a"', "GET"]


def test_a_place_far_into_a_long_line_is_told_without_the_line():
    with pytest.raises(FaultyFiles) as raised:
        parse("f.yaml", b"{a: " + b"x" * 1000 + b", b: 1, b: 2}")
    assert (raised.value.problems[0].place.column, raised.value.problems[0].place.text) == (1013, "")


@given(st.text(alphabet="ab客\t :-'\"[]{},#|\n", max_size=40))
def test_nothing_is_underlined_beyond_its_line(text):
    reader = Reader()
    reader.section(reader.parse("f.yaml", text.encode()), KEYS, required=("name",))
    for place in (problem.place for problem in reader.problems):
        assert place.width >= 1
        assert place.column - 1 + place.width <= max(len(place.text), place.column)


# -- values --------------------------------------------------------------------------------------------------------


def read(data: str, how):
    """Give what a reader makes of a value, and what it tells."""
    reader = Reader()
    node = reader.parse("f.yaml", f"v: {data}".encode())
    assert isinstance(node, Table)
    return how(reader, node.entries[0][1]), [problem.message for problem in reader.problems]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("x", "x"),
        ("'1'", "1"),
        ('"on"', "on"),
        ("|\n  a\n  b", "a\nb"),
        ("18:00", "18:00"),
        ("2026-10-03", "2026-10-03"),
    ],
)
def test_text_is_taken_as_written(data, value):
    assert read(data, Reader.text) == (value, [])


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("1", "expected text, found a number"),
        ("1.10", "expected text, found a number"),
        ("0123", "expected text, found a number"),
        (".inf", "expected text, found a number"),
        ("true", "expected text, found true or false"),
        ("no", 'expected text, found "no", which some YAML readers take for true or false'),
        ("", "expected text, found nothing"),
        ("~", "expected text, found nothing"),
        ("''", "expected text, found an empty one"),
        ("[a]", "expected text, found a list"),
        ("{a: b}", "expected text, found a mapping"),
    ],
)
def test_what_yaml_readers_take_for_something_else_is_no_text(data, told):
    assert read(data, Reader.text) == (None, [told])


@pytest.mark.parametrize(
    ("data", "how", "value"),
    [
        ("7", Reader.integer, 7),
        ("-7", Reader.integer, -7),
        ("true", Reader.boolean, True),
        ("False", Reader.boolean, False),
        ("1.50", Reader.scalar, Decimal("1.50")),
        ("1.5", Reader.number, 1.5),
        ("3", Reader.number, 3.0),
        ("x", Reader.scalar, "x"),
        ("[a, b]", Reader.texts, ("a", "b")),
        ("a", Reader.texts, ("a",)),
    ],
)
def test_values_are_typed(data, how, value):
    found, told = read(data, how)
    assert (found, type(found), told) == (value, type(value), [])


@pytest.mark.parametrize(
    ("data", "how", "told"),
    [
        ("'7'", Reader.integer, "expected a whole number, found text"),
        ("7.0", Reader.integer, "expected a whole number, found a number"),
        ("010", Reader.integer, "expected a whole number, found a number"),
        ("0x10", Reader.integer, "expected a whole number, found a number"),
        ("9" * 5000, Reader.integer, "expected a whole number, found a number"),
        ("true", Reader.integer, "expected a whole number, found true or false"),
        ("yes", Reader.boolean, 'expected true or false, found "yes", which some YAML readers take for true or false'),
        ("1", Reader.boolean, "expected true or false, found a number"),
        ("'true'", Reader.boolean, "expected true or false, found text"),
        ("on", Reader.scalar, 'expected text, found "on", which some YAML readers take for true or false'),
        ("[]", Reader.texts, "the list is empty"),
        ("", Reader.texts, "expected a list, found nothing"),
        ("[a, a]", Reader.texts, '"a" stands twice in this list'),
    ],
)
def test_values_of_another_type_are_told(data, how, told):
    assert read(data, how)[1] == [told]


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_every_integer_of_up_to_18_digits_is_read_as_itself(number):
    assert read(str(number), Reader.integer) == (number, [])


@given(st.binary(max_size=60))
def test_any_bytes_give_a_node_or_problems_and_never_another_error(data):
    reader = Reader()
    node = reader.parse("f.yaml", data)
    assert isinstance(node, Leaf | Listing | Table) or reader.problems


# -- sections ------------------------------------------------------------------------------------------------------


def test_a_section_gives_values_defaults_and_every_fault():
    reader = Reader()
    data = b"name: on\nprot: 1\nport: 70000\ntls: {cert: a}\nzones: eu\n"
    top = reader.section(reader.parse("gateway.yaml", data), KEYS, required=("name", "limits"))
    assert top.text("name", None) is None
    assert top.integer("port", 8443, minimum=1, maximum=65535) == 8443
    assert top.section("tls", ("cert", "key"), required=("key",)).text("cert") == "a"
    assert top.texts("zones") == ("eu",)
    assert top.section("limits", ("body",), required=("body",)).number("body", 2.5) == 2.5
    assert "zones" in top
    assert "limits" not in top
    with pytest.raises(FaultyFiles) as raised:
        reader.finish()
    assert [(p.place.line, p.message, p.hint) for p in raised.value.problems] == [
        (1, 'the key "limits" is missing', "needed here: name, limits"),
        (1, 'expected text, found "on", which some YAML readers take for true or false', 'put it in quotes: "on"'),
        (2, 'unknown key "prot"', 'did you mean "port"?'),
        (3, "70000 is out of range", "write 1 or more and 65535 or less"),
        (4, 'the key "key" is missing', "needed here: key"),
    ]


def test_what_was_reported_once_is_not_reported_again():
    reader = Reader()
    top = reader.section(reader.parse("f.yaml", b"name: *x"), KEYS)
    top.text("name")
    top.integer("name", 1)
    top.texts("name")
    assert [problem.message for problem in reader.problems] == ["aliases are not read"]


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("protct", {"protect", "policy"}, 'did you mean "protect"?'),
        ("Protect", {"protect", "policy"}, 'did you mean "protect"?'),
        ("zzz", {"a", "b"}, "there are: a, b"),
        ("zzz", {f"name{n}" for n in range(20)}, ""),
        ("zzz", set(), ""),
    ],
)
def test_hints_name_what_was_probably_meant(word, known, hint):
    assert suggest(word, known) == hint


def test_a_flood_of_faults_costs_little_and_is_told_whole():
    reader = Reader()
    data = b"".join(b"k%d: 1\n" % n for n in range(20_000))
    reader.section(reader.parse("f.yaml", data), [f"key-{n}" for n in range(50)])
    assert len(reader.problems) == 20_000
    assert isinstance(reader.problems[0], Problem)

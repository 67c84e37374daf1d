"""X12: what no selector names comes back byte for byte; without an escape, some values can't be written."""

import json

import pytest
from edi_kit import NOTHING, ORDER_850, SAMPLES, SHIPMENT_856, changes, isa, read, refusal, treated, x12
from gate_kit import Bench, answering, written
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Unreadable
from gateway.formats import media
from gateway.formats.document import Signal
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.registry import FORMATS

X12 = FORMATS["x12"]
ORDER = x12(*ORDER_850)
SHIPMENT = x12(*SHIPMENT_856, kind="856", code="SH")
INVOICE = x12(
    "BIG*20260114*INV-1*20260102*PO-4711", "N1*BT*Mueller*92*C-017", "N3*Hauptstr. 5", "IT1*1*48*EA*12.5",
    "TDS*60000", "SAC*C*D240***500", kind="810", code="IN",
)  # fmt: skip
STATUS_214 = x12(
    "B10*PRO-1*SHIP-1*SCAC", "LX*1", "AT7*AF*NS***20260114*0900", "MS1*Koeln**DE", "LX*2",
    "AT7*X1*NS***20260115*1000", "MS1*Bonn**DE", kind="214", code="QM",
)  # fmt: skip


@pytest.mark.parametrize(
    ("body", "fields", "expected"),
    [
        (ORDER, ["N1[1=BY]/2"], ["N1*BY*X*92*C-017"]),
        (ORDER, ["N1[1=BY]"], ["N1*BY*X*X*X"]),
        (ORDER, ["N1[1=BY] > N3/1"], ["N3*X"]),
        (ORDER, ["N1 > N3/1"], ["N3*X", "N3*X"]),
        (ORDER, ["N1[1=BY] > N4/3", "N1[1=BY] > N4/1"], ["N4*X**X*DE"]),
        (ORDER, ["N1[1=ST] > PO1/4"], ["PO1*1*48*EA*X**BP*4711*VP*AB-1"]),  # no N1 ended the loop
        (ORDER, ["PO1[6=BP]/7"], ["PO1*1*48*EA*12.5**BP*X*VP*AB-1"]),
        (ORDER, ["PO1[8=VP]/9"], ["PO1*1*48*EA*12.5**BP*4711*VP*X"]),
        (ORDER, ["PO1 > N1/2"], ["N1*MF*X*92*S-1"]),
        (ORDER, ["PER[1=BD]/2", "PER[3=TE]/4", "PER[5=EM]/6"], ["PER*BD*X*TE*X*EM*X"]),
        (ORDER, ["REF[1=CO|PO]/2"], ["REF*CO*X"]),
        (ORDER, ["ST[1=850] > BEG/3"], ["BEG*00*SA*X**20260114"]),
        (ORDER, ["ST[1=810] > BEG/3"], []),
        (INVOICE, ["BIG/2", "BIG/4"], ["BIG*20260114*X*20260102*X"]),
        (INVOICE, ["N1[1=BT] > N3", "TDS/1"], ["N3*X", "TDS*X"]),
        (STATUS_214, ["LX[1=2] > MS1/1"], ["MS1*X**DE"]),
        (STATUS_214, ["AT7[1=AF]/5"], ["AT7*AF*NS***X*0900"]),
        (SHIPMENT, ["HL[3=S] > N1/2"], ["N1*ST*X"]),
        (SHIPMENT, ["HL[3=O] > N1[1=BY]/2"], ["N1*BY*X*92*C-1", "N1*BY*X*92*C-2"]),
        (SHIPMENT, ["HL[1=2] > HL[3=I] > LIN/3"], ["LIN**BP*X", "LIN**BP*X"]),
        (SHIPMENT, ["HL[3=S] > HL[3=I] > LIN/3"], ["LIN**BP*X"] * 3),
        (SHIPMENT, ["HL[3=I] > HL > LIN/3"], []),
        (ORDER, ["SE", "GE", "IEA", "ST"], []),
    ],
)
def test_a_selector_changes_what_it_names_and_nothing_else(body, fields, expected):
    assert changes("x12", body, fields) == expected


def test_loops_end_where_the_catalogue_says():
    loops = {"N1": "N2 N3 N4 PER"}
    assert changes("x12", ORDER, ["N1[1=ST] > PO1/4"], loops=loops) == []
    assert changes("x12", ORDER, ["N1[1=ST] > N3/1"], loops=loops) == ["N3*X"]


@pytest.mark.parametrize(
    "selector", ["n1/2", "N/1", "N1XX/1", "1N/1", "SE/1", "ISA/13", "GS/6", "N1 > N1/2", "N1[1=BY]/1"]
)
def test_a_bad_selector_is_told(selector):
    with pytest.raises(ValueError, match=r"tag|stays|next"):
        X12.check(selector)


def test_each_order_of_a_shipment_has_its_own_customer():
    said = {"customer": "N1[1=BY]/4", "records": "HL[3=O]"}
    document = read("x12", SHIPMENT, ["HL[3=I] > LIN/3"], **said)
    assert document.customers == ["C-1", "C-2"]
    seen = []
    treated(document, lambda value, customer: seen.append((value, customer)) or value)
    assert seen == [("1", "C-1"), ("2", "C-1"), ("3", "C-2")]
    assert refusal("x12", SHIPMENT, **{**said, "records": "HL"}) == "body-ambiguous"
    assert refusal("x12", SHIPMENT, **{**said, "records": "ST"}) == "body-ambiguous"
    assert read("x12", ORDER, customer="N1[1=BY|ST]/4", records="N1").customers == ["C-017", "C-017-2", None]
    assert read("x12", ORDER.replace("C-017*", "C-017 *"), customer="N1[1=BY]/4").customers == ["C-017"]


# -- values


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ("x", "x"), ("", ""), (None, ""), (7, "7"), (True, "true"), (Signal.REMOVE, ""), (Signal.DROP, ""),
        ("a+b'c?d", "a+b'c?d"), ("李伟", "李伟"),
    ],
)  # fmt: skip
def test_a_value_stays_in_its_place(new, expected):
    document = read("x12", ORDER, ["N1[1=BY]/2"])
    assert treated(document, new).body.decode() == ORDER.replace("Mueller Maschinen", expected)


@pytest.mark.parametrize("value", ["a*b", "a~b", "a:b", "a^b", "*****", "x~SE*1*1~", "a\nb", "a\x00b"])
def test_a_value_that_would_leave_its_place_is_refused(value):
    document = read("x12", ORDER, ["N1[1=BY]/2"])
    written = treated(document, value)
    assert written.body is document.body
    assert [(one.pointer, one.why) for one in written.refused] == [("/N1/2", "treatment-misfit")]


def test_a_refused_value_is_kept_and_noted():
    result = treated(read("x12", ORDER, ["N1[1=BY]/2"]), Signal.REFUSE)
    assert result.body == ORDER.encode()
    assert [refused.pointer for refused in result.refused] == ["/N1/2"]


def test_a_component_and_a_repetition_are_treated_one_by_one():
    body = x12("PWK*A:B^C*D")
    assert changes("x12", body, ["PWK/1.1"]) == ["PWK*X:B^X*D"]
    assert changes("x12", body, ["PWK/1"]) == ["PWK*X:X^X*D"]
    old = x12("PWK*A:B^C*D", version="00401", repetition="U")
    assert changes("x12", old, ["PWK/1"], new="<^>") == ["PWK*<^>:<^>*D"]
    assert changes("x12", x12("PWK*A:B^C*D", repetition="U"), ["PWK/1"]) == ["PWK*X:X*D"]


def test_elements_of_isa_keep_their_width():
    document = read("x12", ORDER, ["ISA/6", "ISA/8"])
    after = treated(document, lambda value, _customer: value[:3]).body.decode()
    assert after == ORDER.replace("SENDER         *", "SEN            *", 1).replace(
        "RECEIVER       *", "REC            *", 1
    )
    assert treated(document, Signal.REMOVE).body.decode()[:106] == ORDER[:106].replace("SENDER", " " * 6).replace(
        "RECEIVER", " " * 8
    )
    assert len(treated(document, Signal.DROP).refused) == 2
    assert {one.why for one in treated(document, "x" * 16).refused} == {"treatment-misfit"}
    secret = ORDER.replace("*00*          *ZZ", "*01*PASSWORD  *ZZ", 1)
    assert changes("x12", secret, [], unlisted="[redacted]")[0].startswith("ISA*00*          *01*[redacted]*ZZ*SENDER ")


# -- what no field names


def test_unlisted_places_are_all_but_what_holds_the_interchange_together():
    document = read("x12", SHIPMENT, ["HL[3=S] > N1[1=ST]/2"], "N1[1=XX|BY|ZZZZ]/9", "HL[3=S]")
    after = treated(document, "L", "U", envelope=None).body.decode().replace("~\n", "~").split("~")[2:-4]
    assert after == [
        "ST*856*0001", "BSN*U*U*U*U*U", "HL*1**S", "N1*ST*L", "HL*2*1*O", "PRF*U", "N1*BY*U*U*U", "HL*3*2*I",
        "LIN**U*U", "HL*4*2*I", "LIN**U*U", "HL*5*1*O", "PRF*U", "N1*BY*U*U*U", "HL*6*5*I", "LIN**U*U", "CTT*U",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "hidden"),
    [
        ("ST*850*0001", "ST*850*0001*005010X222A1", "ST*850*0001*005010X222A1"),
        ("ST*850*0001", "ST*850*0001*Lin Wei", "ST*850*0001*"),
        ("ST*850*", "ST*Lin Wei*", "ST**"),
        ("GS*PO*", "GS*Lin Wei*", "GS**"),
        ("*20260114*0830*12", "*Lin Wei*0830*12", "**0830*12"),
        ("*005010", "*ann@buyer.ex", "*"),
        ("CTT*1", "LS*N1~\nLE*N1", "LS*N1~\nLE*N1"),
        ("CTT*1", "LS*Lin Wei~\nLE*Lin Wei", "LS*~\nLE*"),
        ("GS*", "TA1*000000905*260114*0830*A*000~\nGS*", "TA1*000000905*260114*0830*A*000~\nGS*"),
        ("GS*", "TA1*Lin Wei*260114*0830*A*000~\nGS*", "TA1**260114*0830*A*000~\nGS*"),
    ],
)
def test_service_segments_hold_types_and_times_and_no_values(old, new, hidden):
    plain = x12("CTT*1")
    document = read("x12", plain.replace(old, new), ["CTT/1"], counts="keep")
    expected = plain.replace(old, hidden)
    assert treated(document, "1", Signal.REMOVE).body.decode() == expected
    assert treated(document, "1").body is document.body


# -- separators


@pytest.mark.parametrize(
    "head",
    [
        {"end": "\n", "between": ""},
        {"end": "\r", "between": "\n"},
        {"end": "\r", "between": ""},
        {"end": "'", "between": "\r\n"},
        {"element": "|", "component": ">", "repetition": "!"},
        {"element": "\x1d", "component": "\x1f", "end": "\x1c", "repetition": "\x1e"},
        {"version": "00401", "repetition": "U", "component": "<"},
        {"version": "00200", "repetition": "U", "component": "\\"},
    ],
)
def test_separators_are_those_of_isa(head):
    body = x12(*ORDER_850, **{"between": "", **head})
    element = head.get("element", "*")
    body = body[:106] + body[106:].replace("*", element)
    document = read("x12", body, ["N1[1=BY]/2"], "N1[1=BY]/4", "ST")
    assert document.customers == ["C-017"]
    assert treated(document, "X").body.decode() == body.replace("Mueller Maschinen", "X")
    assert document.write([NOTHING], NOTHING).body is document.body


@pytest.mark.parametrize(
    "head",
    [
        {"element": "A"}, {"element": "1"}, {"element": " "}, {"element": "\n"}, {"element": "\x00"}, {"element": "~"},
        {"element": ":"}, {"component": "*"}, {"component": "~"}, {"component": "B"}, {"component": " "},
        {"component": "\r"}, {"component": "^"}, {"component": "é"}, {"end": "Z"}, {"end": " "}, {"end": "\t"},
        {"end": ":"}, {"end": "é"}, {"repetition": "*"}, {"repetition": "~"}, {"repetition": "R"}, {"repetition": "0"},
        {"repetition": " "}, {"repetition": "\n"}, {"version": "5010x"}, {"version": "0501"}, {"control": "90"},
        {"control": "00000090x"},
    ],
)  # fmt: skip
def test_hostile_separators_are_refused(head):
    body = x12(*ORDER_850, **head)
    element = head.get("element", "*")
    body = body[:106] + body[106:].replace("*", element)
    with pytest.raises(Unreadable) as caught:
        X12.read(body.encode(), X12.layout(Shape()), BodyLimits())
    assert caught.value.refusal == "body-malformed"


# -- bad bodies


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ISA*", "ISB*"), ("ISA*", "isa*"), ("ISA*00*", " ISA*00*"), ("SENDER  ", "SENDER "), ("SENDER  ", "SE*DER  "),
        ("SENDER  ", "SENDER~ "), ("SENDER  ", "SENDER: "), ("SENDER  ", "SEND\x00R  "), ("SENDER  ", "SENDÉR  "),
        ("IEA*1*000000905~", ""), ("IEA*1*000000905~", "IEA*1*000000905"), ("IEA*1", "IEA*2"), ("IEA*1", "IEA*"),
        ("IEA*1*000000905", "IEA*1*000000906"), ("IEA*1*000000905", "IEA*1"), ("GE*1*12", "GE*2*12"),
        ("GE*1*12", "GE*1*13"), ("GE*1*12~", ""), ("SE*13*0001", "SE*14*0001"), ("SE*13*0001", "SE*13*1"),
        ("SE*13*0001", "SE*13*0002"), ("SE*13*0001", "SE*x*0001"), ("SE*13*0001~", ""), ("ST*850*0001~", ""),
        ("GS*PO*", "GX*PO*"), ("ST*850", "BEG*1~ST*850"), ("SE*13*0001~", "SE*13*0001~BEG*1~"),
        ("REF*CO", "ST*850*0002~REF*CO"), ("REF*CO", "GE*1*12~REF*CO"), ("REF*CO", "BIN*3*~~~~REF*CO"),
        ("REF*CO", "ref*CO"), ("REF*CO", "R*CO"), ("REF*CO", "REFX*CO"), ("REF*CO", "~REF*CO"), ("REF*CO", "REF:CO"),
        ("C-017~", "C-0\n17~"), ("C-017~", "C-0\t17~"), ("C-017~", "C-0\x0017~"), ("C-017~", "C-017~~"),
    ],
)  # fmt: skip
def test_a_broken_interchange_is_refused(old, new):
    assert old in ORDER
    counted = refusal("x12", ORDER.replace(old, new, 1), counts="keep")
    assert refusal("x12", ORDER.replace(old, new, 1)) == (counted or "body-miscounted")
    assert counted in {None, "body-malformed"}


def test_two_interchanges_and_what_is_cut_short_are_refused():
    assert refusal("x12", ORDER + ORDER) == "body-malformed"
    assert refusal("x12", ORDER + "x") == "body-malformed"
    assert {refusal("x12", ORDER[:size]) for size in range(len(ORDER) - 2)} == {"body-malformed"}
    assert refusal("x12", ORDER + "\r\n") is None


def test_good_bodies_that_look_odd():
    for body in (
        isa() + "IEA*0*905~",
        isa() + "TA1*000000905*260114*0830*A*000~IEA*0*000000905~",
        ORDER.replace("GE*1*12", "GE*1*0012"),
        ORDER.replace("REF*CO*C-017", "REF"),
        ORDER.replace("CTT*1", "CTT*1***"),
    ):
        document = read("x12", body, ["XXX"])
        assert treated(document).body is document.body
    assert refusal("x12", isa() + "TA1*1~GS*A~GE*0*~IEA*1*905~") == "body-malformed"


def test_wrong_counts_pass_where_the_catalogue_says_so():
    wrong = ORDER.replace("SE*13", "SE*41")
    assert refusal("x12", wrong) == "body-miscounted"
    assert refusal("x12", wrong, counts="keep") is None


@pytest.mark.parametrize(
    ("body", "declared", "expected"),
    [
        (ORDER.replace("Mueller", "Müller"), "", None),
        (ORDER.replace("Mueller", "Müller").encode("latin-1"), "iso-8859-1", None),
        (ORDER.replace("Mueller", "Müller").encode("latin-1"), "", "body-encoding"),
        (ORDER.replace("Mueller", "Müller").encode("latin-1"), "utf-8", "body-encoding"),
        (ORDER.replace("Mueller", "Müller"), "us-ascii", "body-encoding"),
        (ORDER.encode("utf-16"), "", None),
    ],
)
def test_the_charset_is_that_of_the_content_type(body, declared, expected):
    assert refusal("x12", body, declared=declared) == expected


def test_too_many_values_are_refused():
    assert refusal("x12", ORDER, limits=BodyLimits(values=40)) == "body-too-large"


@pytest.mark.parametrize(
    ("kind", "begins", "fine"),
    [
        ("application/EDI-X12", b"ISA*", True),
        ("application/edi-consent", b"ISA*", True),
        ("text/plain; charset=utf-8", b"ISA*", True),
        ("application/octet-stream", b"ISA*", True),
        (None, b"UNB+", False),
        ("application/EDIFACT", b"ISA*", False),
        ("text/html", b"ISA*", False),
    ],
)
def test_the_content_type_must_agree(kind, begins, fine):
    if fine:
        X12.agree(media.parse(kind), begins)
    else:
        with pytest.raises(Unreadable, match="content type"):
            X12.agree(media.parse(kind), begins)


# -- laws

VALUES = st.text(st.sampled_from("AZaz09 .,-()/'+?é李"), max_size=6)
DATA = st.lists(
    st.tuples(st.sampled_from(["NTE", "N1", "PO1"]), st.lists(st.lists(VALUES, min_size=1, max_size=3), max_size=4)),
    max_size=6,
)


def composed(data):
    return x12(*("*".join([tag, *map(":".join, elements)]) for tag, elements in data))


@given(DATA)
def test_what_is_kept_comes_back_byte_for_byte_and_what_is_treated_is_all_that_differs(data):
    body = composed(data)
    document = read("x12", body, ["NTE", "N1/2"])
    assert document.write([NOTHING], NOTHING).body is document.body
    assert treated(document, lambda value, _customer: value).body is document.body
    segments = [[element.split(":") for element in line.split("*")] for line in body[106:].split("~")]
    for segment in segments:
        for number, element in enumerate(segment):
            if (segment[0] == ["\nNTE"] and number) or (segment[0] == ["\nN1"] and number == 2):
                element[:] = [f"<{value}>" if value else "" for value in element]
    expected = body[:106] + "~".join("*".join(map(":".join, segment)) for segment in segments)
    assert treated(document, lambda value, _customer: f"<{value}>").body.decode() == expected


@given(st.data())
def test_a_body_of_any_kind_is_read_or_refused(data):
    body = bytearray(SHIPMENT.encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(body)))
        cut = data.draw(st.integers(0, 12))
        body[at : at + cut] = data.draw(st.binary(max_size=4) | st.sampled_from([b"~", b"*", b"HL*9*1*O~", b"SE*1*1~"]))
    fields = ["HL[3=S] > HL[3=O] > N1[1=BY]/2", "ISA/6"]
    try:
        document = read("x12", bytes(body), fields, "N1[1=BY]/4", "HL[3=O]", ["BSN/2"], counts="keep")
    except Unreadable:
        return
    assert treated(document, lambda value, _customer: value, lambda value, _customer: value).body is document.body


# -- through the gate

CATALOGUE = """
version: 1
catalog: erp
operations:
  read: {request: GET /orders, response: orders}
  send: {request: POST /orders, body: orders}
messages:
  orders: {format: x12, records: ST, each: order, unlisted: UNLISTED}
  order:
    format: x12
    customer: N1[1=BY]/4
    unlisted: UNLISTED
    loops: {N1: N2 N3 N4 PER}
    fields:
      BEG/3: business
      N1[1=BY|ST]/2: user.name
      N1[1=BY] > N3: user.contact
      PER/4: user.contact
      PER/6: user.contact
"""
POLICY = """
version: 1
policy: p
scope: {to: erp}
allow: true
protect:
  - {classes: user.name, treatment: pseudonymise, leg: response}
  - {classes: user.contact, treatment: mask, character: "#", leg: response}
"""
TYPE = (("Content-Type", "application/EDI-X12"),)


def bench(unlisted="remove", policy=POLICY):
    catalogue = CATALOGUE.replace("UNLISTED", unlisted)
    return Bench(written(catalog_erp=catalogue, catalog_crm="version: 1\ncatalog: crm", p=policy))


async def test_an_order_is_treated_on_its_way_back():
    gate = bench()
    gate.answer = answering(ORDER.encode(), headers=TYPE)
    answer = await gate.ask("GET", "/orders")
    assert answer.status == 200
    lines = answer.body.decode().split("~\n")
    assert lines[0] + "~" == isa()
    assert lines[3:6] == ["BEG***PO-4711**", "REF**", "PER****############**#################"]
    assert lines[6].startswith("N1*BY*pn_")
    assert lines[7:9] == ["N3*###########", "N4****"]
    assert lines[9].startswith("N1*ST*pn_")
    assert lines[9] != lines[6]
    assert lines[10:] == ["N3*", "PO1*********", "N1*MF***", "CTT*", "SE*13*0001", "GE*1*12", "IEA*1*000000905", ""]


async def test_a_mask_of_stars_is_refused_where_stars_separate():
    gate = bench(policy=POLICY.replace(', character: "#"', ""))
    gate.answer = answering(ORDER.encode(), headers=TYPE)
    answer = await gate.ask("GET", "/orders")
    assert (answer.status, json.loads(answer.body)["type"]) == (502, "urn:sovgate:refusal:treatment-misfit")
    gate.answer = answering(ORDER.replace("*", "|").encode(), headers=TYPE)
    assert (await gate.ask("GET", "/orders")).status == 200


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (ORDER, (204, "")),
        (ORDER[:-9], (400, "body-malformed")),
        (ORDER.replace("SE*13", "SE*12"), (400, "body-miscounted")),
        (ORDER.replace("*PO-4711*", "*[redacted]*"), (204, "")),
        (ORDER.replace("Hauptstr. 5", "####"), (422, "masked-write-back")),
        (ORDER.replace("*ST*", "*BY*"), (400, "body-ambiguous")),
    ],
)
async def test_a_request_goes_on_as_it_came_or_not_at_all(body, expected):
    gate = bench("keep")
    answer = await gate.ask("POST", "/orders", body.encode(), TYPE)
    refused = json.loads(answer.body)["type"].rpartition(":")[2] if answer.body else ""
    assert (answer.status, refused) == expected
    assert [request.body for request in gate.asked] == ([body.encode()] if expected[0] == 204 else [])
    assert gate.alarms == []


def test_a_real_load_tender_comes_back():
    path = SAMPLES / "x12_204.edi"
    if not path.exists():
        pytest.skip("the shared samples are not here")
    body = path.read_bytes()
    said = {"customer": "N1[1=SH|CN]/4", "records": "S5", "counts": "keep"}  # its SE01 says 41, and there are 38
    document = read("x12", body, ["N1[1=SH] > N3", "S5 > L11[2=BM]/1"], **said)
    assert document.customers == ["1520", "0000011660"]
    assert document.write([NOTHING] * 2, NOTHING).body == body
    assert treated(document, "Z").body == body.replace(b"*75027674*BM", b"*Z*BM").replace(b"1 DUMP ROAD", b"Z")
    assert refusal("x12", body) == "body-miscounted"

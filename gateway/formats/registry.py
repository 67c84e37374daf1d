"""Every format by the name that catalogues use."""

from __future__ import annotations

from gateway.formats.csv_format import Csv
from gateway.formats.documents import DOCUMENTS
from gateway.formats.edi_format import X12, Edifact
from gateway.formats.form import Form
from gateway.formats.format import Format
from gateway.formats.json_format import Json
from gateway.formats.multipart import Multipart
from gateway.formats.ndjson_format import Ndjson
from gateway.formats.opaque import Opaque
from gateway.formats.sse_format import Sse
from gateway.formats.xlsx_format import Xlsx
from gateway.formats.xml_format import Soap, Xml, XmlRpc
from gateway.formats.zip_format import Zip

_ALL: tuple[Format, ...] = (
    Json(),
    Ndjson(),
    Csv(),
    Form(),
    Xml(),
    Soap(),
    XmlRpc(),
    Multipart(),
    Zip(),
    Xlsx(),
    Sse(),
    Edifact(),
    X12(),
    *DOCUMENTS,
    Opaque("bytes", "Anything else: it is passed or refused as a whole."),
)

FORMATS: dict[str, Format] = {one.NAME: one for one in _ALL}

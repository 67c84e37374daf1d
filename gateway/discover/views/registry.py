"""The view of each format that has fields, by the name that catalogues use."""

from __future__ import annotations

from gateway.discover.views.edi_view import EdifactView, X12View
from gateway.discover.views.form_view import FormView
from gateway.discover.views.json_view import JsonView, NdjsonView
from gateway.discover.views.multipart_view import MultipartView
from gateway.discover.views.sse_view import SseView
from gateway.discover.views.table_view import CsvView, XlsxView
from gateway.discover.views.view import View
from gateway.discover.views.xml_view import SoapView, XmlView
from gateway.discover.views.xmlrpc_view import XmlRpcView
from gateway.discover.views.zip_view import ZipView

_ALL: tuple[View, ...] = (
    JsonView(), NdjsonView(), CsvView(), FormView(), XmlView(), SoapView(), XmlRpcView(), MultipartView(), ZipView(),
    XlsxView(), SseView(), EdifactView(), X12View(),
)  # fmt: skip

VIEWS: dict[str, View] = {one.NAME: one for one in _ALL}

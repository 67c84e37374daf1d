"""Every kind of batch by the name that catalogues use."""

from __future__ import annotations

from gateway.formats.batch import Batch
from gateway.formats.batch_composite import Composite
from gateway.formats.batch_odata import Odata
from gateway.formats.batch_rpc import JsonRpc

_ALL: tuple[Batch, ...] = (Odata(), JsonRpc(), Composite())

BATCHES: dict[str, Batch] = {one.NAME: one for one in _ALL}

"""Reading what people write: YAML to nodes that know their places, and nodes to typed values with all faults at once.

reader = Reader()
top = reader.section(reader.parse("gateway.yaml", data), keys=("listen", "limits"), required=("listen",))
port = top.section("listen", keys=("port",)).integer("port", default=8443, minimum=1, maximum=65535)
reader.finish()  # raises FaultyFiles with everything that was wrong
"""

from __future__ import annotations

from gateway.yamlsource.node import Leaf, Listing, Node, Table
from gateway.yamlsource.parse import LARGEST, parse
from gateway.yamlsource.reader import Reader
from gateway.yamlsource.section import Section
from gateway.yamlsource.suggest import suggest

__all__ = ["LARGEST", "Leaf", "Listing", "Node", "Reader", "Section", "Table", "parse", "suggest"]

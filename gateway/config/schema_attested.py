"""The schema of `audit.witness` and `audit.timestamps`."""

from __future__ import annotations

from gateway.config.attested import MOST, SERVER, TIMESTAMPS, URL, WITNESS
from gateway.config.schema_parts import PEM
from gateway.policy.schemas.parts import Schema, exactly, flag, integer, mapping, several, text
from gateway.witness.settings import EVERY, WitnessSettings

_REQUIRED = "true: flows are refused while the newest attested head is too old."


def witness_schema() -> Schema:
    """Make the schema of who cosigns."""
    usual = WitnessSettings()
    server = {
        "url": text(
            "Its submission prefix; /add-checkpoint is put behind it.", f"^{URL}$", ["https://witness.example.com/"]
        ),
        "vkey": text("Its verifier key, name+id+key, as it prints it."),
    }
    properties = {
        "servers": several(mapping(exactly(SERVER, server), SERVER, "One witness."), "The witnesses."),
        "quorum": integer("How many of them must have cosigned a head.", 1, 64, usual.quorum),
        "every_seconds": integer("How often they are asked. In seconds.", 1, MOST, int(usual.every)),
        "required": flag(_REQUIRED, default=usual.required),
        "oldest_seconds": integer("How old that is. In seconds.", 2, MOST, int(usual.oldest)),
    }
    return mapping(
        exactly(WITNESS, properties), ("servers",), "Witnesses who cosign the log's heads (C2SP tlog-witness)."
    )


def timestamps_schema() -> Schema:
    """Make the schema of who stamps."""
    properties = {
        "url": text("Where the authority answers.", f"^{URL}$", ["https://timestamps.example.com/"]),
        "roots": text(f"The certificates that its answers are checked against. {PEM}", examples=["timestamps.pem"]),
        "every_seconds": integer("How often a head is stamped. In seconds.", 10, MOST, int(EVERY)),
        "required": flag(_REQUIRED, default=False),
        "oldest_seconds": integer("How old that is. In seconds.", 11, MOST, int(2 * EVERY)),
    }
    return mapping(exactly(TIMESTAMPS, properties), ("url", "roots"), "Timestamps over the log's heads (RFC 3161).")

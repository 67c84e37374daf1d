"""`sovgate audit`: prove the log, and find entries in it; one verb a file."""

from __future__ import annotations

import click

from gateway.cli import audit_export, audit_prove, audit_prune, audit_rotate, audit_show, audit_verify


@click.group("audit")
def command() -> None:
    """Verify and search the audit log."""


for _verb in (audit_prune, audit_rotate, audit_verify, audit_show):
    command.add_command(_verb.command)
for _command in (audit_prove.prove, audit_prove.verify_proof, audit_export.export):
    command.add_command(_command)

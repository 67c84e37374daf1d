"""`sovgate`: the verbs, each loaded when it is called."""

from __future__ import annotations

import importlib
import sys
import traceback
from io import TextIOWrapper
from typing import cast

import click

from gateway import __version__
from gateway.errors import SovgateError

_VERBS = {
    "init": ("gateway.cli.init", "Write a first configuration, catalogue, policy and case."),
    "serve": ("gateway.cli.serve", "Run the gateway."),
    "check": ("gateway.cli.check", "Load policies and catalogues; report every error and warning."),
    "test": ("gateway.cli.test", "Run the policy cases; report what failed and what none reaches."),
    "dry-run": ("gateway.cli.dry_run", "Tell what would happen to captured traffic."),
    "explain": ("gateway.cli.explain", "Tell why one flow, or one field of it, meets what it meets."),
    "discover": ("gateway.cli.discover", "Draft a catalogue from captured traffic."),
    "audit": ("gateway.cli.audit", "Verify and search the audit log."),
    "mark": ("gateway.cli.mark", "Mark a file outside a flow; recorded like any export."),
    "trace": ("gateway.cli.trace", "Name the export that a leaked file or screenshot came from."),
    "witness": ("gateway.cli.witness", "Witness logs: cosign their heads."),
    "keys": ("gateway.cli.keys", "Customers' own keys: list, create, rotate, revoke, destroy."),
    "passport": ("gateway.cli.passport", "Show, grant and revoke what customers agreed to."),
}

NO, COULD_NOT = 1, 2
"""Exit codes: the answer is no; it could not run."""


class _Verbs(click.Group):
    """A group that imports a verb's module only when that verb is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's form
        """Give the verbs in the order of the manual."""
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's form
        """Load one verb."""
        if cmd_name not in _VERBS:
            return None
        return cast("click.Command", importlib.import_module(_VERBS[cmd_name][0]).command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's form
        """List the verbs without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, told) for verb, (_, told) in _VERBS.items()])


@click.command(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "SOVGATE"})
@click.version_option(__version__, prog_name="sovgate")
def _sovgate() -> None:
    """Data-sovereignty gateway: decides, treats, marks and records what crosses between systems.

    Exit codes: 0 fine; 1 the answer is no; 2 could not run.
    """


def main() -> None:
    """Run the command line. What went wrong on purpose, or with a file, is told in a few lines.

    Anything else is a fault of ours: it is shown whole, and its exit code must not look like an answer.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that can't show a character ends nothing
    try:
        _sovgate()
    except SovgateError as error:
        click.echo(str(error), err=True)
        sys.exit(COULD_NOT)
    except OSError as error:
        where = f"{error.filename!r}: " if error.filename else ""
        click.echo(f"Error: {where}{error.strerror or type(error).__name__}", err=True)
        sys.exit(COULD_NOT)
    except Exception:  # noqa: BLE001 - whatever it is
        traceback.print_exc()
        sys.exit(COULD_NOT)

"""What captures don't say, from options and gateway.yaml: whose addresses are whose, who called and what for.

`dry-run` and `explain` share these; `asked` is what a verb gets of them.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import click

from gateway.cli.house import load_policies, now
from gateway.config import Settings, load
from gateway.dryrun.flows import Assumed
from gateway.dryrun.sites import Site, Sites
from gateway.flow import Purpose
from gateway.identity.purpose import is_purpose
from gateway.policy.model import PolicySet
from gateway.policy.situation import OPERATOR, supposed
from gateway.yamlsource import suggest

CONFIG, POLICIES = Path("gateway.yaml"), Path("policies")
"""What is taken where no option names another."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options, as given."""

    config_file: Path | None
    folder: Path | None
    systems: tuple[str, ...]
    gateways: tuple[str, ...]
    caller: str | None
    subject: str
    role: str | None
    kind: str | None
    assurance: str | None
    holder: str | None
    presence: str | None
    device: str | None
    boot: str | None
    debug: str | None
    purpose: str | None
    purpose_from: str
    peer: str
    customers: Path | None
    passports: bool

    def settings(self) -> Settings | None:
        """Read the configuration that was named, or gateway.yaml if it is here. Raises `FaultyFiles`.

        Credentials are not asked of the environment: nothing is sent to anybody.
        """
        file = self.config_file or (CONFIG if CONFIG.is_file() else None)
        return None if file is None else load(file, _Unneeded())

    def policies(self, settings: Settings | None) -> tuple[Path, PolicySet]:
        """Load the policies that were named, or the configuration's. Raises `FaultyFiles`."""
        folder = self.folder or (settings.policies if settings else POLICIES)
        return folder, load_policies(folder)

    def assumed(self, settings: Settings | None, policies: PolicySet) -> Assumed:
        """Give what is to be assumed. Raises `click.UsageError` for names that nobody knows."""
        if self.gateways and settings is None:
            raise click.UsageError("--gateway needs the gateway's configuration: name it with -c")
        caller = self.caller or (settings.development if settings else "")
        if caller:
            _known(caller, policies, "--from")
        if self.purpose and not is_purpose(self.purpose):
            raise click.UsageError("--purpose: a purpose is lower-case words joined by hyphens")
        if self.peer:
            _address(self.peer)
        operator = supposed({name: getattr(self, name) for name in OPERATOR}, caller, self.subject, "assumed")
        return Assumed(
            sites=Sites.of([*self._given(policies), *_configured(settings, self.gateways)]),
            operator=operator,
            purpose=Purpose(self.purpose, self.purpose_from) if self.purpose else None,
            purpose_header=settings.purpose_header if settings else None,
            peer=self.peer,
            started=now(),
        )

    def _given(self, policies: PolicySet) -> Iterator[Site]:
        """Read `--system NAME=ADDRESS`."""
        for written in self.systems:
            name, _, address = written.partition("=")
            _known(name, policies, "--system")
            yield _site(name, address, "--system")


def asked(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options; it gets them together as `asked`."""

    @functools.wraps(command)
    def gathered(*arguments: Any, **given: Any) -> Any:
        mine = {field.name: given.pop(field.name) for field in fields(Asked)}
        return command(*arguments, asked=Asked(**mine), **given)

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered


def _words(option: str, name: str, told: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make an option for what is one of a few words."""
    return click.option(option, name, type=click.Choice(OPERATOR[name] or ()), help=told)


_OPTIONS = (
    click.option(
        "-c",
        "--config",
        "config_file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The gateway's configuration: addresses, folders.  [default: gateway.yaml, if it is there]",
    ),
    click.option(
        "--policies",
        "folder",
        metavar="DIR",
        type=click.Path(path_type=Path, file_okay=False),
        help="The policies.  [default: the configuration's, else policies]",
    ),
    click.option(
        "--system",
        "systems",
        metavar="NAME=ADDRESS",
        multiple=True,
        help="Where a system was reached: https://erp.example.com/base, //host, /path, or nothing for all the rest.",
    ),
    click.option(
        "--gateway",
        "gateways",
        metavar="URL",
        multiple=True,
        help="Where the gateway was reached, if the capture was made in front of it.",
    ),
    click.option("--from", "caller", metavar="NAME", help="The system that called."),
    click.option("--purpose", metavar="NAME", help="What the flows were for."),
    click.option(
        "--purpose-from",
        type=click.Choice(["claim", "header"]),
        default="claim",
        show_default=True,
        help="Where the purpose is said: in a signed claim, or in a header.",
    ),
    click.option("--role", metavar="ROLE", help="The role of whoever acted."),
    click.option("--kind", metavar="KIND", help="What acted: human or agent."),
    click.option("--assurance", metavar="LEVEL", help="How surely it was known who acted."),
    _words("--holder", "holder", "Whether they proved that their token is theirs."),
    _words("--presence", "presence", "Whether they were there in person."),
    _words("--device", "device", "Whether their device was known."),
    _words("--boot", "boot", "How their device had started."),
    _words("--debugging", "debug", "Whether their device was open to debugging."),
    click.option("--subject", metavar="ID", default="", help="Who acted."),
    click.option("--peer", metavar="IP", default="", help="The address that requests came from."),
    click.option(
        "--customers",
        metavar="FILE",
        type=click.Path(path_type=Path, dir_okay=False),
        help="A YAML file of what customers agreed to.",
    ),
    click.option(
        "--passports", is_flag=True, help="Take what customers agreed to from the gateway's passports, as they are now."
    ),
)


class _Unneeded(Mapping[str, str]):
    """An environment in which every credential is set."""

    def __getitem__(self, name: str) -> str:
        return os.environ.get(name) or "unneeded"

    def __iter__(self) -> Iterator[str]:
        return iter(os.environ)

    def __len__(self) -> int:
        return len(os.environ)


def _configured(settings: Settings | None, gateways: tuple[str, ...]) -> Iterator[Site]:
    """Give the addresses of the configuration: the systems' own, and theirs at the gateway."""
    fronts = [_site("", url, "--gateway") for url in gateways]
    for route in settings.proxy.routes if settings else ():
        for url in (route.upstream, *route.also):
            yield _site(route.system, url, "systems")
        if route.host:
            yield _site(route.system, f"//{route.host}{route.prefix}", "systems")
            continue
        listener = settings.proxy.listener if settings else None
        if listener and listener.port and listener.host not in {"0.0.0.0", "::", ""}:  # noqa: S104 - compared, not bound
            host = f"[{listener.host}]" if ":" in listener.host else listener.host
            scheme = "https" if listener.tls else "http"
            yield _site(route.system, f"{scheme}://{host}:{listener.port}{route.prefix}", "listen")
        for front in fronts:
            yield replace(front.under(route.prefix), system=route.system)


def _site(system: str, address: str, option: str) -> Site:
    """Read an address."""
    try:
        return Site.of(system, address)
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}") from None


def _address(peer: str) -> None:
    """Make sure that an address is one."""
    try:
        ip_address(peer)
    except ValueError:
        raise click.UsageError("--peer: this is no IP address") from None


def _known(system: str, policies: PolicySet, option: str) -> None:
    """Make sure that a catalogue names a system."""
    if system not in policies.catalogues:
        hint = suggest(system, set(policies.catalogues))
        raise click.UsageError(f'{option}: no catalogue is called "{system}"' + (f"; {hint}" if hint else ""))

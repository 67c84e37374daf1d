"""Between HTTP and flows: names a request's system, makes it a flow, lets the gate handle it, gives the answer back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256

from gateway.errors import NotAuthenticated, Unreadable
from gateway.flow import Flow, Headers, Leg, Operator, Purpose, Request, Response, header
from gateway.ports import Send
from gateway.proxy.headers import From, to_client, to_system
from gateway.proxy.ids import Ids, Namer
from gateway.proxy.incoming import Asked, Client
from gateway.proxy.locations import Here, Locations
from gateway.proxy.logs import AccessLog
from gateway.proxy.metrics import Metrics
from gateway.proxy.passing import Passing
from gateway.proxy.routes import Routes, relative
from gateway.proxy.settings import ProxySettings, Route
from gateway.proxy.tunnel import Tunnelled
from gateway.proxy.upstream import Upstream
from gateway.proxy.whereabouts import Located, plain
from gateway.proxy.wire import Wire
from gateway.refusals import problem

_SWITCHING = 101


@dataclass(frozen=True, slots=True)
class Incoming:
    """What an identity is proven by: all header fields as the client sent them, its certificate (DER), what it asks.

    `target` is the path and query as they came.
    """

    headers: Headers
    certificate: bytes | None
    method: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and what for. `body` is the SHA-256 that they signed the body's to be, None: nothing was signed."""

    operator: Operator
    purpose: Purpose | None = None
    body: bytes | None = None


_NOBODY = Caller(Operator(system=""))


@dataclass(frozen=True, slots=True)
class Doors:
    """What stands behind the proxy.

    `identify` raises NotAuthenticated. `handle` decides a flow, forwards it with `Send` and always answers; an answer
    with status 101 joins the two sides. `refuse` records a flow that ends before its decision, and answers. `streams`
    tells of a flow without its body whether that may come in pieces. `locate` says where a request came from.
    """

    identify: Callable[[Incoming], Awaitable[Caller]]
    handle: Callable[[Flow, Send], Awaitable[Response]]
    refuse: Callable[[Flow, str], Awaitable[Response]]
    streams: Callable[[Flow], bool] = lambda _: False
    locate: Callable[[Client, Headers], Located] = plain


class Drive:
    """Serves requests of all routes; `serve` never raises."""

    def __init__(
        self,
        settings: ProxySettings,
        upstreams: Iterable[tuple[Route, Upstream]],
        doors: Doors,
        metrics: Metrics,
        access: AccessLog,
    ) -> None:
        """Take each route's client. Raises ValueError for routes that contradict each other."""
        self._routes = Routes.of(settings.routes)
        self._locations = Locations(settings.routes)
        self._upstreams = {id(route): upstream for route, upstream in upstreams}  # routes live as long as `settings`
        self._limits = settings.limits
        self._strip = frozenset(map(_compared, settings.strip))
        self._doors = doors
        self._metrics = metrics
        self._access = access
        self._namer = Namer()

    def unserved(self, refusal: str) -> None:
        """Count and log a refusal of something that never became a flow."""
        self._metrics.turned_away()
        self._access.turned_away(refusal)

    async def serve(self, asked: Asked) -> Response | Tunnelled:
        """Answer a request. Whatever fails in here is an `internal` refusal, and only its type is logged."""
        route = self._routes.find(asked.head.host, asked.head.target)
        if route is None:
            self.unserved("no-route")
            return problem("no-route", Leg.REQUEST, "")
        began = time.perf_counter()
        started = time.time_ns()
        ids = self._namer.name(started, asked.head.traceparent)
        try:
            located = self._doors.locate(asked.client, asked.head.headers)
            answer = await self._flow(_Case(asked, route, ids, started, located))
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - fail closed: nothing of an error is released
            self._access.failed(ids.flow, error)
            answer = problem("internal", Leg.REQUEST, ids.flow)
        seconds = time.perf_counter() - began
        response = answer.response if isinstance(answer, Tunnelled) else answer
        self._metrics.request_seconds(route.system, seconds)

        def over(size: int) -> None:
            self._access.write(
                flow=ids.flow,
                system=route.system,
                status=response.status,
                seconds=time.perf_counter() - began,
                request_bytes=asked.payload.total_bytes,
                response_bytes=size,
            )

        if response.stream is None:
            over(len(response.body))
            return answer
        return replace(response, stream=Passing(response.stream, over, partial(self._access.failed, ids.flow)))

    async def _flow(self, case: _Case) -> Response | Tunnelled:
        asked, route = case.asked, case.route
        head, client = asked.head, asked.client
        try:
            who = await self._doors.identify(Incoming(head.headers, client.certificate, head.method, head.target))
        except NotAuthenticated as error:
            refused = await self._doors.refuse(case.flow(self._strip, _NOBODY), error.refusal)
            return _challenged(refused, error.headers)
        upgrades = bool(head.upgrade) and head.upgrade.lower() != "h2c"  # h2c is an offer: it may be left unanswered
        if upgrades and not route.upgrade:
            return await self._doors.refuse(case.flow(self._strip, who), "upgrade-refused")
        flow = case.flow(self._strip, who, upgrades=upgrades)
        try:
            if asked.has_body:
                flow = await self._with_body(flow, asked, whole=upgrades or who.body is not None)
            if who.body is not None and sha256(flow.request.body).digest() != who.body:
                raise Unreadable("proof-invalid", "another body was signed")  # noqa: TRY301 - one way to refuse
        except Unreadable as error:
            return await self._doors.refuse(flow, error.refusal)
        sender = _Sender(self, asked, route, self._upstreams[id(route)], upgrades)
        try:
            response = await self._doors.handle(flow, sender.send)
        except BaseException:
            sender.drop()
            raise
        if sender.wire is not None and response.status == _SWITCHING:
            return Tunnelled(response, sender.wire)
        sender.drop()
        return response

    async def _with_body(self, flow: Flow, asked: Asked, *, whole: bool) -> Flow:
        """Give the flow its body: as it comes, where it may, else whole. Raises Unreadable."""
        arriving = not asked.payload.is_eof() or asked.payload.total_bytes > 0
        if arriving and not whole and self._doors.streams(flow):
            return replace(flow, request=replace(flow.request, stream=asked.pieces()))
        return replace(flow, request=replace(flow.request, body=await asked.body(self._limits.body)))

    def returned(self, response: Response, asked: Asked, route: Route) -> Response:
        """Clean a system's answer: hop-by-hop fields gone, its own addresses turned into ours."""
        here = Here(asked.client.scheme, asked.head.host)
        headers = self._locations.rewrite(to_client(response.headers), route, here)
        return replace(response, headers=headers)

    def took(self, system: str, seconds: float) -> None:
        """Count how long a system took."""
        self._metrics.upstream_seconds(system, seconds)


@dataclass(frozen=True, slots=True)
class _Case:
    """A request on its way to become a flow."""

    asked: Asked
    route: Route
    ids: Ids
    started: int
    located: Located

    def flow(self, strip: frozenset[str], who: Caller, *, upgrades: bool = False) -> Flow:
        """Make the flow of what is known before its body."""
        head, client, route, ids = self.asked.head, self.asked.client, self.route, self.ids
        added: list[tuple[str, str]] = [("traceparent", ids.traceparent)]
        if route.strip_prefix and (prefix := route.prefix.rstrip("/")):
            added.append(("X-Forwarded-Prefix", prefix))
        if upgrades:
            added.append(("Upgrade", head.upgrade))
        headers = to_system(
            head.headers,
            head.names,
            head.method,
            From(self.located.peer or client.peer, client.scheme, head.host),
            strip=strip,
            added=tuple(added),
            keep_trace_state=ids.continued,
        )
        request = Request(head.method, relative(route, head.target), headers)
        root = f"{client.scheme}://{head.host}{route.prefix.rstrip('/') if route.strip_prefix else ''}"
        return Flow(
            id=ids.flow,
            started=self.started,
            to=route.system,
            request=request,
            operator=who.operator,
            purpose=who.purpose,
            peer=self.located.peer,
            origin=self.located.origin,
            trace=ids.trace,
            root=root if head.host else "",
            repeats=partial(_repeats, head.headers, strip),
        )


def _repeats(headers: Headers, strip: frozenset[str], name: str, value: str) -> bool:
    """Tell whether a header field is one that proved who calls (`strip`), in the same words."""
    return (wanted := _compared(name)) in strip and any(
        _compared(key) == wanted and said == value for key, said in headers
    )


def _challenged(response: Response, headers: Headers) -> Response:
    """Tell with a refusal what would help, in place of what such refusals say anyway."""
    if not headers:
        return response
    told = {name.lower() for name, _ in headers}
    kept = tuple(item for item in response.headers if item[0].lower() not in told)
    return replace(response, headers=(*kept, *headers))


def _compared(name: str) -> str:
    """Spell a header's name as CGI-like systems read it: one with `_` would stand beside the real one."""
    return name.lower().replace("_", "-")


class _Sender:
    """The `send` of one flow; `wire` is the connection that a 101 opened."""

    __slots__ = ("_asked", "_drive", "_route", "_upgrades", "_upstream", "wire")

    def __init__(self, drive: Drive, asked: Asked, route: Route, upstream: Upstream, upgrades: bool) -> None:
        self._drive = drive
        self._asked = asked
        self._route = route
        self._upstream = upstream
        self._upgrades = upgrades
        self.wire: Wire | None = None

    async def send(self, request: Request, *, streamed: bool = False) -> Response:
        """Send, with the route's credential, which nobody else gets to see."""
        route = self._route
        credential = route.credential
        if credential is not None:
            name = _compared(credential.name)
            kept = tuple(item for item in request.headers if _compared(item[0]) != name)
            request = replace(request, headers=(*kept, (credential.name, credential.value)))
        host = self._asked.head.host if route.keep_host else ""
        began = time.perf_counter()
        try:
            if self._upgrades and self.wire is None:
                response, self.wire = await self._upstream.switch(request, host)
            else:
                response = await self._upstream.send(request, host, streamed=streamed)
        finally:
            self._drive.took(route.system, time.perf_counter() - began)
        returned = self._drive.returned(response, self._asked, route)
        if self.wire is not None:
            upgrade = header(response.headers, "upgrade") or self._asked.head.upgrade
            returned = replace(returned, headers=(*returned.headers, ("Upgrade", upgrade)))
        return returned

    def drop(self) -> None:
        """Close a connection that was opened for an upgrade that is not to be."""
        if self.wire is not None:
            self.wire.close()
            self.wire = None

"""Asking over real HTTP: an answer with its body decoded, and what it says if it is a refusal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; content codings are already taken off the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def refusal(self) -> str:
        """The name of the gateway's refusal that this is, "" if it is none (RFC 9457)."""
        if self.headers.get("Content-Type") != "application/problem+json":
            return ""
        return str(json.loads(self.body)["type"]).removeprefix("urn:sovgate:refusal:")


async def ask(
    session: aiohttp.ClientSession, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
) -> Answer:
    """Send one request; a body is JSON."""
    content = {"Content-Type": "application/json"} if body is not None else {}
    async with session.request(method, url, data=body, headers={**headers, **content}, allow_redirects=False) as answer:
        return Answer(answer.status, answer.headers, await answer.read())

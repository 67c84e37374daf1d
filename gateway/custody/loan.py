"""One leg's loan: the keys of its customers, and the vault's rows that it makes until they are written together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from gateway.custody.vault_file import VaultFile
from gateway.errors import KeysUnavailable
from gateway.tokens.keys import KeyUse
from gateway.tokens.keyset import KeySet
from gateway.tokens.lent import LentKeys, Tools
from gateway.tokens.vault import Row

Uses = Mapping[tuple[str, int], int]
"""How often versions were used, by handle and version."""

Write = Callable[[Sequence[Row], Uses], Awaitable[list[Row]]]
"""Make rows and counts lasting; gives the rows whose token another has."""


class LegVault:
    """The vault as one leg sees it: what is on disk, and what it added."""

    __slots__ = ("_file", "_found", "_seen", "added")

    def __init__(self, file: VaultFile) -> None:
        """Start with nothing added."""
        self._file = file
        self._seen = False
        self.added: dict[str, Row] = {}
        self._found: dict[bytes, str] = {}

    def find(self, lookup: bytes) -> str | None:
        """Give the token of a row by its lookup."""
        found = self._found.get(lookup)
        if found is None:
            found = self._there.find(lookup)
            if found is not None:
                self._found[lookup] = found
        return found

    def get(self, token: str) -> Row | None:
        """Give the row of a token."""
        return self.added.get(token) or self._there.get(token)

    def add(self, row: Row) -> bool:
        """Keep a row; False where the token is taken."""
        if self.get(row.token) is not None:
            return False
        self.added[row.token] = row
        self._found[row.lookup] = row.token
        return True

    @property
    def _there(self) -> VaultFile:
        """The file; the leg's first look sees to it that it is the one that stands there now."""
        if not self._seen:
            self._file.refresh()
            self._seen = True
        return self._file


class KeptLoan:
    """The keys that were lent for one leg."""

    __slots__ = ("_lent", "_purpose", "_sets", "_tools", "_vault", "_write")

    def __init__(
        self, sets: Iterable[KeySet], purpose: str | None, tools: Tools, vault: LegVault, write: Write
    ) -> None:
        """Lend keys for a purpose; `tools` has `vault` for its vault."""
        self._sets = {keys.customer: keys for keys in sets}
        self._lent: dict[str, LentKeys] = {}
        self._purpose = purpose
        self._tools = tools
        self._vault = vault
        self._write = write

    def of(self, customer: str) -> LentKeys | None:
        """Give a customer's keys; None where they have none."""
        lent = self._lent.get(customer)
        if lent is None:
            keys = self._sets.get(customer)
            if keys is not None:
                lent = self._lent[customer] = LentKeys(keys, self._purpose, self._tools)
        return lent

    async def settle(self) -> tuple[KeyUse, ...]:
        """Write the rows that were added, and tell what was used. Raises `KeysUnavailable`."""
        told = tuple(use for keys in self._lent.values() if (use := keys.use()).keys or use.refused)
        uses = {
            (self._sets[customer].handle, version): count
            for customer, keys in self._lent.items()
            for version, count in keys.uses().items()
        }
        rows = tuple(self._vault.added.values())
        self._vault.added.clear()
        if (rows or uses) and await self._write(rows, uses):
            raise KeysUnavailable("a token of the vault was given twice at the same time: nothing was released")
        return told

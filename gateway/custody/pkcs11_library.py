"""A PKCS#11 library, and the one thread that uses it.

The libraries of tokens are other people's C code: python-pkcs11 doesn't ask them to be safe for threads (it calls
`C_Initialize` without arguments), and a call may hang for as long as its token does. So each library has one thread,
which nobody waits for longer than is good for them.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLong
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

from gateway.errors import FaultyCustody, KeysUnavailable

T = TypeVar("T")

_Work = tuple[Callable[[], object], "Future[Any]"]


class Library:
    """One library: whatever is done with it is done by `run`."""

    def __init__(self, path: Path) -> None:
        """Load it. Raises `FaultyCustody`."""
        self._path = path
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._sessions: dict[str, Any] = {}
        self._module: Any = None
        self._thread = Thread(target=self._work, name="pkcs11", daemon=True)
        self._thread.start()

    def run(self, work: Callable[[], T], seconds: float) -> T:
        """Do something on the library's thread, and give what it gives. Raises `KeysUnavailable` after `seconds`."""
        told: Future[T] = Future()
        self._queue.put((work, told))
        try:
            return told.result(seconds)
        except TooLong:
            told.cancel()  # what hasn't begun never will
            raise KeysUnavailable("didn't answer in time") from None

    # -- on the thread alone

    def load(self) -> None:
        """Load the library. Raises `FaultyCustody`."""
        import pkcs11  # noqa: PLC0415 - an extra

        try:
            self._module = pkcs11.lib(str(self._path))
        except (pkcs11.PKCS11Error, OSError):
            raise FaultyCustody(f"{self._path}: can't be loaded, or is no PKCS#11 library") from None

    def session(self, token: str, pin: str) -> Any:
        """Give the session with a token, opened where there is none. Raises what python-pkcs11 does."""
        import pkcs11  # noqa: PLC0415 - an extra

        there = self._sessions.get(token)
        if there is None:
            if not self._module.initialized:  # it couldn't be started anew the last time
                self._module.initialize()
            found = self._module.get_token(token_label=token)
            try:
                there = found.open(user_pin=pin)
            except pkcs11.UserAlreadyLoggedIn:  # another session with this token: the login is the application's
                there = found.open()
            self._sessions[token] = there
        return there

    def forget(self, token: str) -> None:
        """Close the session with a token: it may be broken."""
        import pkcs11  # noqa: PLC0415 - an extra

        session = self._sessions.pop(token, None)
        if session is not None:
            try:
                session.close()
            except pkcs11.PKCS11Error:
                return

    def begin_anew(self) -> None:
        """Start the library once more, which is how some see a token that was put back."""
        for token in tuple(self._sessions):
            self.forget(token)
        self._module.finalize()
        self._module.initialize()

    def _work(self) -> None:
        while (asked := self._queue.get()) is not None:
            work, told = asked
            if told.set_running_or_notify_cancel():
                try:
                    told.set_result(work())
                except BaseException as error:  # noqa: BLE001 - it is raised where it was asked
                    told.set_exception(error)
            del asked, work, told  # nothing of a key stays in this frame while it waits


_LIBRARIES: dict[Path, Library] = {}
_LOCK = Lock()


def library(path: Path, seconds: float) -> Library:
    """Give a library, loaded once in a process: it has one login for each token. Raises `FaultyCustody`."""
    try:
        import pkcs11  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise FaultyCustody("keys in a PKCS#11 token need a package: pip install 'sovgate[pkcs11]'") from None
    with _LOCK:
        there = _LIBRARIES.get(path)
        if there is None:
            there = Library(path)
            try:
                there.run(there.load, seconds)
            except KeysUnavailable:
                raise FaultyCustody(f"{path}: takes too long to load") from None
            _LIBRARIES[path] = there
        return there

"""A filter on the system calls of a worker (Linux, seccomp with a classic BPF program; seccomp(2)).

What isn't allowed fails with an error and kills nobody: a document that makes a library ask for it is refused like any
other that can't be read. Gone are: sockets, other programs and processes, signals to others, files opened for
writing, names made, changed or removed, other processes' memory, mounts, keys, and whatever the kernel learns next.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

from gateway.sandbox.syscalls import MACHINES, Calls

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # BPF: LD W ABS, JEQ, JGE, JSET, RET
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _ERROR, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_SET_FILTER, _ALL_THREADS = 1, 1  # SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_THREAD = 0x00010000  # CLONE_THREAD
_NEW = 424  # calls from here on are younger than the C libraries in use: those fall back where there are none

_Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


def restrict() -> bool:
    """Put the filter on this process for good; False where the system or the machine has none.

    Needs `no_new_privs`. What the process has open stays open.
    """
    calls = MACHINES.get(platform.machine())
    if calls is None or struct.calcsize("P") != 8:  # noqa: PLR2004 - 32-bit programs have other numbers
        return False
    program = b"".join(struct.pack("=HBBI", *one) for one in _program(calls, os.getpid()))
    held = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: the count of instructions, padding, and where they are
    described = struct.pack("@HP", len(program) // 8, ctypes.addressof(held))
    libc = ctypes.CDLL(None, use_errno=True)
    return not libc.syscall(calls.seccomp, _SET_FILTER, _ALL_THREADS, described)


def _program(calls: Calls, pid: int) -> list[_Instruction]:
    """Write the filter: each block falls through to the next where the call isn't its own."""
    program: list[_Instruction] = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, calls.machine),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    for number in sorted(calls.free):
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    program += _where(calls.openat, 2, _ANY_BIT, _WRITING, errno.EACCES, allowed=False)
    if calls.open is not None:
        program += _where(calls.open, 1, _ANY_BIT, _WRITING, errno.EACCES, allowed=False)
    program += _where(calls.clone, 0, _ANY_BIT, _THREAD, errno.EPERM, allowed=True)  # threads, and no processes
    program += _where(calls.tgkill, 0, _EQUAL, pid, errno.EPERM, allowed=True)  # itself only: how `abort` ends
    program += _where(calls.prlimit, 0, _EQUAL, 0, errno.EPERM, allowed=True)  # its own limits only
    program += [(_EQUAL, 0, 1, calls.clone3), (_RETURN, 0, 0, _ERROR | errno.ENOSYS)]  # flags out of sight: use clone
    program += [(_AT_LEAST, 0, 1, _NEW), (_RETURN, 0, 0, _ERROR | errno.ENOSYS)]
    return [*program, (_RETURN, 0, 0, _ERROR | errno.EPERM)]


def _where(number: int, argument: int, test: int, operand: int, error: int, *, allowed: bool) -> list[_Instruction]:
    """Allow a call where a test of the low half of an argument holds (or, not `allowed`, where it doesn't)."""
    yes, no = _ALLOW, _ERROR | error
    return [
        (_EQUAL, 0, 4, number),
        (_LOAD, 0, 0, _ARGUMENTS + 8 * argument),
        (test, 0, 1, operand),
        (_RETURN, 0, 0, yes if allowed else no),
        (_RETURN, 0, 0, no if allowed else yes),
    ]

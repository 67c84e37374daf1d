"""The system calls that a worker may still make: to compute, to read what it was handed, and to end.

Numbers are the kernel's own (arch/x86/entry/syscalls/syscall_64.tbl; include/uapi/asm-generic/unistd.h for aarch64).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Calls:
    """Of one machine: how the kernel names it (AUDIT_ARCH), the calls that are free, and those with a condition."""

    machine: int
    free: frozenset[int]
    open: int | None
    openat: int
    clone: int
    clone3: int
    tgkill: int
    prlimit: int
    seccomp: int


X86_64 = Calls(
    machine=0xC000003E,
    free=frozenset(
        {
            *(0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),  # read to rt_sigreturn, without open
            *(17, 19, 20, 21, 23, 24, 25, 27, 28, 32, 35, 38, 39),  # pread64, readv, writev ... setitimer, getpid
            *(44, 45, 60, 63, 72, 79, 89, 96, 97, 98, 99, 100),  # sendto, recvfrom, exit, uname, fcntl ... times
            *(102, 104, 107, 108, 131, 137, 138, 158, 186, 202, 204),  # getuid ... sigaltstack, statfs, gettid, futex
            *(217, 218, 219, 221, 228, 229, 230, 231),  # getdents64, set_tid_address, clocks, exit_group
            *(262, 267, 269, 270, 271, 273, 274, 309, 318, 324, 332, 334),  # newfstatat ... getrandom, statx, rseq
            *(436, 439),  # close_range, faccessat2
        }
    ),
    open=2,
    openat=257,
    clone=56,
    clone3=435,
    tgkill=234,
    prlimit=302,
    seccomp=317,
)

AARCH64 = Calls(
    machine=0xC00000B7,
    free=frozenset(
        {
            *(17, 23, 24, 25, 43, 44, 48, 57, 61, 62, 63, 64, 65, 66, 67),  # getcwd, dup ... read, write, pread64
            *(72, 73, 78, 79, 80, 93, 94, 96, 98, 99, 100, 101, 103),  # pselect6 ... exit, futex, nanosleep, setitimer
            *(113, 114, 115, 123, 124, 128, 132, 134, 135, 139),  # clocks, sched_getaffinity, signals of its own
            *(153, 160, 163, 165, 168, 169, 172, 174, 175, 176, 177, 178, 179),  # times ... getpid, gettid, sysinfo
            *(206, 207, 214, 215, 216, 222, 223, 226, 232, 233),  # sendto, recvfrom, memory
            *(278, 283, 291, 293, 436, 439),  # getrandom, membarrier, statx, rseq, close_range, faccessat2
        }
    ),
    open=None,
    openat=56,
    clone=220,
    clone3=435,
    tgkill=131,
    prlimit=261,
    seccomp=277,
)

MACHINES = {"x86_64": X86_64, "aarch64": AARCH64}
"""The machines that a filter is known for, as `platform.machine` calls them."""

"""The system calls that a session may not make, as a seccomp filter (seccomp(2), man-pages 6).

Everything that starts a process or a thread, opens a socket, signals or inspects another process,
changes mounts, namespaces or the kernel, or keeps memory outside of the process's own limit is refused
with EPERM. What a session needs for mathematics (memory, files below its own folder, time) stays.

Numbers are those of asm/unistd_64.h (x86_64) and asm-generic/unistd.h (aarch64) of Linux 6.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterable

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""AUDIT_ARCH of each machine that there is a table for (linux/audit.h)."""

X32 = 0x40000000
"""Numbers from here on are the x32 calling convention, a second door to the same calls."""

# One row a call: number on x86_64, number on aarch64; None where the machine does not have it.
REFUSED: dict[str, tuple[int | None, int | None]] = {
    # sockets
    "socket": (41, 198), "connect": (42, 203), "accept": (43, 202), "bind": (49, 200), "listen": (50, 201),
    "socketpair": (53, 199), "sendto": (44, 206),
    # processes and threads
    "clone": (56, 220), "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    # other processes
    "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "process_madvise": (440, 440), "process_mrelease": (448, 448),
    # memory and messages that outlive the process or escape its limits
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196),
    "shmctl": (31, 195), "semget": (64, 190), "semctl": (66, 191), "msgget": (68, 186), "msgsnd": (69, 189),
    "mq_open": (240, 180), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    # mounts and namespaces
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # the kernel and the machine
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_setup": (206, 0),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142), "syslog": (103, 116),
    "personality": (135, 92), "acct": (163, 89), "swapon": (167, 224), "swapoff": (168, 225),
    "sethostname": (170, 161), "setdomainname": (171, 162), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "quotactl": (179, 60), "iopl": (172, None), "ioperm": (173, None),
    "seccomp": (317, 277),
}  # fmt: skip

OWN_ONLY: dict[str, tuple[int, int]] = {"tgkill": (234, 131), "prlimit64": (302, 261)}
"""Allowed when their first argument is the process itself (or 0): abort() and getrlimit() need them."""

CLONE3 = 435
"""Answered with ENOSYS, so that the C library falls back to `clone`, which is refused properly."""

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16


def available() -> bool:
    """Whether there is a table for this machine."""
    return platform.machine() in MACHINES


def numbers(machine: str) -> tuple[list[int], list[int]]:
    """The refused calls and those allowed on the process itself, by number."""
    column = list(MACHINES).index(machine)
    refused = [row[column] for row in REFUSED.values()]
    return [n for n in refused if n is not None], [row[column] for row in OWN_ONLY.values()]


def program(machine: str, pid: int) -> bytes:
    """The filter as the kernel reads it: `struct sock_filter` after `struct sock_filter`.

    Args:
        machine: a key of MACHINES.
        pid: the process that it is for, as that process sees it.
    """
    refused, own_only = numbers(machine)
    lines: list[tuple[int, int, str, str]] = [(_LOAD, _ARCH, "", ""), (_EQUAL, MACHINES[machine], "", "kill")]
    lines.append((_LOAD, _NUMBER, "", ""))
    if machine == "x86_64":
        lines.append((_AT_LEAST, X32, "refuse", ""))
    lines += [(_EQUAL, number, "refuse", "") for number in refused]
    lines.append((_EQUAL, CLONE3, "missing", ""))
    lines += [(_EQUAL, number, "own", "") for number in own_only]
    labels = {
        "allow": [(_RETURN, _ALLOW, "", "")],
        "own": [(_LOAD, _FIRST_ARGUMENT, "", ""), (_EQUAL, 0, "fine", ""), (_EQUAL, pid, "fine", "refuse")],
        "fine": [(_RETURN, _ALLOW, "", "")],
        "refuse": [(_RETURN, _ERRNO | errno.EPERM, "", "")],
        "missing": [(_RETURN, _ERRNO | errno.ENOSYS, "", "")],
        "kill": [(_RETURN, _KILL, "", "")],
    }
    places = {}
    for label, block in labels.items():
        places[label] = len(lines)
        lines += block
    return b"".join(_assembled(lines, places))


def _assembled(lines: Iterable[tuple[int, int, str, str]], places: dict[str, int]) -> Iterable[bytes]:
    """Labels become distances; no label means the next line."""
    for here, (code, k, if_true, if_false) in enumerate(lines):
        far = [places[label] - here - 1 if label else 0 for label in (if_true, if_false)]
        yield struct.pack("HBBI", code, *far, k)

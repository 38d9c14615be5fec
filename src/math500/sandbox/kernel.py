"""The system calls behind the walls, through the C library: no extension module, no other program.

Linux only. Everything here raises OSError with the kernel's own reason; nothing is imported from the rest
of math500, since it runs in the server's process before the walls are closed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import signal
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

from math500.sandbox import seccomp

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
APART = (
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP
)

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 1, 4, 24, 38, 22
SECCOMP_MODE_FILTER = 2
CAPABILITY_VERSION_3 = 0x20080522
CAPABILITIES = 64
"""More than the kernel knows; dropping one that does not exist is an error that means nothing."""

# Numbers of calls that the C library has no name for; the same on every machine since Linux 5.
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_O_PATH = 0o10000000

# linux/landlock.h: rights on files, in the order of the interface's versions.
_EXECUTE, _WRITE, _READ, _READ_DIR = 1, 2, 4, 8
_FILES_V1, _REFER, _TRUNCATE, _IOCTL = (1 << 13) - 1, 1 << 13, 1 << 14, 1 << 15
_TCP = 0b11
_SCOPES = 0b11

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _encoded(text: str | None) -> bytes | None:
    return None if text is None else os.fsencode(text)


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """Mount something (man 2 mount)."""
    texts = [_encoded(text) for text in (source, target, kind)]
    _checked(_libc.mount(*texts, ctypes.c_ulong(flags), _encoded(data)))


def prctl(option: int, value: int = 0, third: int | bytes = 0) -> None:
    """Change something about this process (man 2 prctl)."""
    _checked(_libc.prctl(option, ctypes.c_ulong(value), third, 0, 0))


def die_with_parent() -> None:
    """Be killed when the process that started this one ends."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


# -- namespaces --------------------------------------------------------------------------------


def unshare() -> None:
    """Leave all namespaces of the machine; the caller's next child is process 1 of a new one.

    The user keeps its own number, seen from outside; inside it is `nobody` with all rights over the new
    namespaces, and none over the old ones (user_namespaces(7)).
    """
    user, group = os.getuid(), os.getgid()
    _checked(_libc.unshare(APART))
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"65534 {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"65534 {group} 1", encoding="ascii")


def enclose(readable: Sequence[str], folder: str) -> None:
    """Replace the file system by an empty, read-only one that shows the readable paths and nothing else.

    Args:
        readable: absolute files and folders that stay visible at the same place, read-only.
        folder: an empty folder to make, for `private_folder`.
    """
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    # A scratch root: the old one moves below it, so that nothing that is bound can be covered by it.
    mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m")  # noqa: S108 - a mount point that is always there
    for scratch in ("/tmp/old", "/tmp/new"):  # noqa: S108
        os.mkdir(scratch)  # noqa: PTH102
    _pivot("/tmp", "/tmp/old")  # noqa: S108
    mount("tmpfs", "/new", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m")
    for path in readable:
        _bind("/old", "/new", path)
    os.makedirs("/new" + folder)  # noqa: PTH103
    _pivot("/new", "/new")
    _checked(_libc.umount2(b".", MNT_DETACH))
    os.chdir("/")
    mount(None, "/", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)


def _pivot(new: str, old: str) -> None:
    os.chdir(new)
    below = os.path.relpath(old, new)
    _checked(_libc.syscall(_PIVOT_ROOT[platform.machine()], b".", os.fsencode(below)))
    os.chdir(".")


def _bind(old: str, new: str, path: str) -> None:
    """Show one path of the old root in the new one, read-only."""
    source, target = old + path, new + path
    if os.path.isdir(source):  # noqa: PTH112
        os.makedirs(target, exist_ok=True)  # noqa: PTH103
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY))
    mount(source, target, None, MS_BIND)
    # A mount's own restrictions may not be lifted on the way: the flags it has are given again.
    kept = os.statvfs(target).f_flag & ~MS_RDONLY
    mount(None, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | kept)


def private_folder(path: str, *, size: int, files: int) -> None:
    """Put an empty folder of this process's own at a path; it is gone when the process ends.

    Args:
        path: an existing folder.
        size: bytes that it can hold.
        files: files and folders that it can hold.
    """
    _checked(_libc.unshare(CLONE_NEWNS))
    mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, f"size={size},nr_inodes={files},mode=0700")


def drop_capabilities() -> None:
    """Give up every privilege, for good: none is left, and no program can bring one back."""
    for capability in range(CAPABILITIES):
        with contextlib.suppress(OSError):
            prctl(PR_CAPBSET_DROP, capability)
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    _checked(_libc.capset(header, bytes(24)))


# -- landlock ----------------------------------------------------------------------------------


def landlock_version() -> int:
    """The version of landlock's interface; 0 where the kernel has none."""
    return max(0, int(_libc.syscall(_LANDLOCK_CREATE, None, 0, 1)))


def landlock(readable: Iterable[str], writable: Iterable[str] = ()) -> None:
    """Let this process see the named paths only, for good (landlock(7)).

    Network and signals to processes outside are cut off too, where the kernel can.

    Args:
        readable: files and folders that may be read.
        writable: folders that may be written as well.

    Raises:
        OSError: the kernel has no landlock.
    """
    version = landlock_version()
    files = _FILES_V1 | (_REFER if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
    files |= _IOCTL if version >= 5 else 0
    handled = [files] + ([_TCP] if version >= 4 else []) + ([_SCOPES] if version >= 6 else [])
    attributes = struct.pack(f"{len(handled)}Q", *handled)
    rules = _checked(_libc.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0))
    try:
        for path in readable:
            _allow(rules, path, _READ | _READ_DIR)
        for path in writable:
            _allow(rules, path, files & ~_EXECUTE)
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        _checked(_libc.syscall(_LANDLOCK_RESTRICT, rules, 0))
    finally:
        os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    fd = os.open(path, _O_PATH | os.O_CLOEXEC)
    try:
        if not os.path.isdir(path):  # noqa: PTH112
            rights &= _READ | _WRITE
        attributes = struct.pack("=Qi", rights, fd)
        _checked(_libc.syscall(_LANDLOCK_ADD, rules, 1, attributes, 0))
    finally:
        os.close(fd)


# -- seccomp and limits ------------------------------------------------------------------------


def refuse_calls() -> None:
    """Install the filter of `seccomp`, for good."""
    code = seccomp.program(platform.machine(), os.getpid())
    buffer = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog: the number of instructions and where they are.
    filter_ = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter_)


def limit(*, memory: int, file_size: int, open_files: int, cpu_seconds: int) -> None:
    """Bound what this process may use; `memory` is its address space in bytes."""
    for what, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_NOFILE, open_files),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (bound, bound))

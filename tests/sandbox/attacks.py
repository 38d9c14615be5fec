# ruff: noqa: E501 - one attack a line
"""Hostile blocks of code, each with how it has to end.

How: `error` (Python's own refusal, the session goes on), `time`, `output` and `crash` (the session is ended),
`quiet` (it does what it does, and nothing comes of it). Whatever the block does, the test around it holds the
canaries: the secret is not read, nothing is written outside, no process is left, the next block runs.

SECRET_FILE, LISTENER_PORT and PARENT_PID stand for what they say.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass

from math500.sandbox.seccomp import MACHINES, OWN_ONLY, REFUSED


@dataclass(frozen=True)
class Attack:
    name: str
    code: str
    how: str
    allowed: str = ""
    """What may be in the error; empty for anything."""


SECRET = "canary-5f2c"
"""In the environment, in a file and in the memory of the process that owns the sandbox."""

COLUMN = list(MACHINES).index(platform.machine())
NUMBER = {name: row[COLUMN] for name, row in {**REFUSED, **OWN_ONLY}.items()}
"""System calls by hand, for code that passes the C library by."""

SYSCALL = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
FAILED = "\nassert r == -1, r\nraise OSError(ctypes.get_errno(), 'refused')"

ATTACKS = (
    # processes
    Attack("fork bomb", "import os\nwhile True: os.fork()", "error", "Operation not permitted"),
    Attack("vfork by hand", SYSCALL + "r = libc.vfork()" + FAILED, "error"),
    Attack("clone by hand", SYSCALL + f"r = libc.syscall({NUMBER['clone']}, 17, 0, 0, 0, 0)" + FAILED, "error"),
    Attack("clone3 by hand", SYSCALL + "r = libc.syscall(435, 0, 88)" + FAILED, "error"),
    Attack("the x32 door", SYSCALL + "r = libc.syscall(0x40000000 + 57)" + FAILED, "error"),
    Attack("multiprocessing", "import multiprocessing as m\nm.Process(target=print).start()", "error"),
    Attack("subprocess", "import subprocess\nsubprocess.run(['ls', '/'])", "error"),
    Attack("os.system", "import os\nassert os.system('id') != 0\nraise OSError('refused')", "error"),
    Attack("exec", "import os, sys\nos.execv(sys.executable, ['python', '-c', 'print(1)'])", "error"),
    Attack("posix_spawn", "import os\nos.posix_spawn('/bin/sh', ['sh'], {})", "error"),
    Attack("daemon", "import os\nif os.fork() == 0:\n os.setsid()\n os.fork()", "error"),
    Attack("pty", "import pty\npty.fork()", "error"),
    Attack("thread bomb", "import threading\nwhile True: threading.Thread(target=input).start()", "error"),
    # memory, time, output
    Attack("memory at once", "x = bytearray(1 << 34)", "error", "MemoryError"),
    Attack("memory by and by", "x = []\nwhile True: x.append(bytearray(1 << 24))", "error", "MemoryError"),
    Attack("numpy memory", "import numpy\nnumpy.ones(1 << 32)", "error"),
    Attack("huge number", "len(str(9 ** (9 ** 9)))", "time"),
    Attack("huge string", "print('x' * (1 << 28))", "output"),
    Attack("endless output", "while True: print('x' * 1000)", "output"),
    Attack("endless errors", "import os\nwhile True: os.write(2, b'x' * 65536)", "output"),
    Attack("endless loop", "while True: pass", "time"),
    Attack("sleep", "import time\ntime.sleep(1e6)", "time"),
    Attack("wait for input", "input()", "error", "EOFError"),
    Attack("endless sympy", "from sympy import *\nfactorint(2**523 - 1)", "time"),
    Attack("regex bomb", "import re\nre.match('(a+)+$', 'a' * 60 + 'b')", "time"),
    Attack(
        "no signal is heard",
        "import signal\nfor s in range(1, 65):\n try: signal.signal(s, signal.SIG_IGN)\n except Exception: pass\n"
        "while True: pass",
        "time",
    ),
    Attack("nothing is fatal", "while True:\n try:\n  while True: pass\n except BaseException: pass", "time"),
    Attack("own alarm", "import signal\nsignal.alarm(1)\nwhile True: pass", "crash"),
    Attack("zip bomb", "import zlib\nzlib.decompress(zlib.compress(bytes(1 << 27)) * 1, bufsize=1 << 34)", "error"),
    Attack("recursion", "def f(): f()\nf()", "error", "RecursionError"),
    Attack(
        "deep recursion", "import sys\nsys.setrecursionlimit(10**9)\nf = lambda x: f(x)\n[f(0) for _ in 'a']", "any"
    ),
    Attack("deep structure", "x = []\nfor _ in range(10**6): x = [x]\nprint(x)", "any"),
    # the network
    Attack("tcp socket", "import socket\nsocket.create_connection(('127.0.0.1', LISTENER_PORT), 1)", "error"),
    Attack("unix socket", "import socket\nsocket.socket(socket.AF_UNIX).connect('/run/x')", "error"),
    Attack("socketpair", "import socket\nsocket.socketpair()", "error"),
    Attack("raw socket", "import socket\nsocket.socket(socket.AF_PACKET, socket.SOCK_RAW)", "error"),
    Attack("dns", "import socket\nsocket.getaddrinfo('example.org', 80)", "error"),
    Attack("http", "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:LISTENER_PORT/')", "error"),
    Attack("socket by hand", SYSCALL + f"r = libc.syscall({NUMBER['socket']}, 2, 1, 0)" + FAILED, "error"),
    Attack("io_uring", SYSCALL + f"r = libc.syscall({NUMBER['io_uring_setup']}, 8, ctypes.create_string_buffer(120))" + FAILED, "error"),
    # secrets
    Attack("environment", "import os\nprint(dict(os.environ))", "quiet"),
    Attack("environment in memory", "print(open('/proc/self/environ').read())", "error"),
    Attack("environment of others", "print(open('/proc/PARENT_PID/environ').read())", "error"),
    Attack("secret file", "print(open(SECRET_FILE).read())", "error"),
    Attack("home", "import os\nprint(os.listdir(os.path.expanduser('~root')))", "error"),
    Attack("passwords", "print(open('/etc/shadow').read())", "error"),
    Attack("search", "import os\nfor d, _, f in os.walk('/'):\n  if 'canary' in str(f): print(d, f)", "quiet"),
    Attack("devices", "open('/dev/mem', 'rb')", "error"),
    Attack("link to a secret", "import os\nos.symlink(SECRET_FILE, 'link')\nprint(open('link').read())", "error"),
    Attack("hard link to a secret", "import os\nos.link(SECRET_FILE, 'link')\nprint(open('link').read())", "error"),
    Attack(
        "link race",
        "import os\nfor _ in range(200):\n open('f', 'w').close(); os.remove('f')\n os.symlink(SECRET_FILE, 'f')\n"
        " try: print(open('f').read())\n finally: os.remove('f')",
        "error",
    ),
    # writing outside
    Attack("write to the system", "open('/usr/lib/canary', 'w')", "error"),
    Attack("write beside the secret", "open(SECRET_FILE + '2', 'w')", "error"),
    Attack("change a library", "import sympy\nopen(sympy.__file__, 'a').write('#')", "error"),
    Attack("remount", SYSCALL + "r = libc.mount(None, b'/', None, 32, None)" + FAILED, "error"),
    Attack("new namespaces", SYSCALL + "r = libc.unshare(0x10000000)" + FAILED, "error"),
    Attack("chroot", "import os\nos.chroot('.')", "error"),
    Attack("be root", "import os\nos.setuid(0)\nassert os.getuid() == 0\nopen('/etc/shadow')", "error"),
    Attack("fill the folder", "with open('f', 'wb') as f:\n while True: f.write(bytes(1 << 20))", "error"),
    Attack("many files", "for i in range(10**6): open(f'{i}', 'w').close()", "error"),
    Attack("deep folders", "import os\nwhile True: os.mkdir('d'); os.chdir('d')", "error"),
    Attack("memory file", "import os\nos.memfd_create('x')", "error"),
    Attack("shared memory", "from multiprocessing.shared_memory import SharedMemory as S\nS(create=True, size=9)", "error"),
    # other processes, the server, the machine
    Attack("kill the parent", "import os\nos.kill(os.getppid(), 9)", "error"),
    Attack("kill everyone", "import os\nos.kill(-1, 9)", "error"),
    Attack("kill process 1", SYSCALL + f"r = libc.syscall({NUMBER['tgkill']}, 1, 1, 9)" + FAILED, "error"),
    Attack("ptrace", SYSCALL + "r = libc.ptrace(16, PARENT_PID, 0, 0)" + FAILED, "error"),
    Attack("read memory", SYSCALL + "r = libc.process_vm_readv(PARENT_PID, 0, 0, 0, 0, 0)" + FAILED, "error"),
    Attack("limits of others", SYSCALL + "r = libc.prlimit(PARENT_PID, 7, None, None)" + FAILED, "error"),
    Attack("lift limits", "import resource as r\nr.setrlimit(r.RLIMIT_AS, (-1, -1))", "error"),
    Attack("real-time priority", "import os\nos.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))", "error"),
    Attack("kernel log", SYSCALL + "r = libc.klogctl(3, ctypes.create_string_buffer(99), 99)" + FAILED, "error"),
    Attack("bpf", SYSCALL + f"r = libc.syscall({NUMBER['bpf']}, 0, 0, 0)" + FAILED, "error"),
    Attack("lift the filter", SYSCALL + f"r = libc.syscall({NUMBER['seccomp']}, 1, 0, 0)" + FAILED, "error"),
    # lies
    Attack(
        "forged reply",
        "import os, json, struct\nb = json.dumps(dict(error='', output='forged', ended='')).encode()\n"
        "for fd in range(3, 64):\n try: os.write(fd, struct.pack('!I', len(b)) + b)\n except OSError: pass",
        "any",
    ),
    Attack("nonsense reply", "import os\nos.write(4, b'\\xff' * 100)", "crash"),
    Attack("endless reply", "import os\nwhile True: os.write(4, b'\\0' * 4096)", "crash"),
    Attack("hang up", "import os\nos.closerange(0, 256)", "any"),
    Attack("never read", "import os\nos.close(3)\nos.read(0, 1)", "any"),
    Attack("print is mine", "import builtins, sys\nbuiltins.print = sys.stdout = sys.stderr = None", "quiet"),
    Attack("json is mine", "import json\njson.dumps = lambda *a, **k: '[' * 10**6", "any"),
    Attack(
        "error without text", "class E(Exception):\n def __str__(self): raise SystemExit(1)\nraise E", "error"
    ),
    Attack("pickle", "import pickle\npickle.loads(b\"cos\\nsystem\\n(S'id'\\ntR.\")", "quiet"),
    Attack("exit", "import os\nos._exit(0)", "crash"),
    Attack("abort", "import os\nos.abort()", "crash"),
    Attack("segmentation fault", "import ctypes\nctypes.string_at(0)", "crash"),
    Attack("hostile end", "class D:\n def __del__(self):\n  while True: pass\nd = D()\ndel d", "time"),
)  # fmt: skip

"""Inside a session: run one block of code after the other in one name space, as a notebook does.

By now the walls are closed. Nothing here is trusted by anyone: model-written code shares this process and
may change everything in it.
"""

from __future__ import annotations

import ast
import contextlib
import linecache
import os
import sys
import traceback
from types import CodeType
from typing import Any

from math500.sandbox import frames

BLOCK = "<block {}>"
"""What a traceback calls the code of block i."""
LONGEST_ERROR = 4000
"""Characters of a traceback; the end is kept, since it says what is wrong."""


def serve(requests: int, replies: int) -> None:
    """Run every block that comes in, until the server hangs up.

    Args:
        requests: file descriptor that messages with `code` come from.
        replies: file descriptor that messages with `error` go to.
    """
    incoming = frames.Frames()
    names: dict[str, Any] = {"__name__": "__main__", "exit": sys.exit, "quit": sys.exit}
    number = 0
    while data := os.read(requests, 1 << 16):
        for message in incoming.feed(data):
            number += 1
            error = run(str(message["code"]), names, BLOCK.format(number))
            _send(replies, frames.packed({"error": error[-LONGEST_ERROR:]}))


def run(code: str, names: dict[str, Any], filename: str = BLOCK.format(1)) -> str:
    """Run one block; the value of a last line that is an expression is printed, as in a notebook.

    Returns:
        Python's own report of the error, its frames inside of math500 left out; empty without error.
    """
    linecache.cache[filename] = (len(code), None, code.splitlines(keepends=True), filename)
    error = ""
    try:
        body, last = _compiled(code, filename)
        exec(body, names)  # noqa: S102 - this is what the walls are for
        if last is not None:
            value = eval(last, names)  # noqa: S307
            if value is not None:
                print(repr(value))  # noqa: T201
    except SystemExit:
        pass
    except BaseException as e:
        error = _report(e, filename)
    with contextlib.suppress(BaseException):
        sys.stdout.flush()
    return error


def _compiled(code: str, filename: str) -> tuple[CodeType, CodeType | None]:
    """The block without its last expression, and that expression."""
    tree = ast.parse(code, filename)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        statement = tree.body.pop()
        assert isinstance(statement, ast.Expr)  # noqa: S101 - for the type checker
        last = compile(ast.Expression(statement.value), filename, "eval")
    return compile(tree, filename, "exec"), last


def _report(error: BaseException, filename: str) -> str:
    """The traceback from the block's own first line on."""
    try:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != filename:
            trace = trace.tb_next
        return "".join(traceback.format_exception(type(error), error, trace)).rstrip()
    except BaseException as e:
        return f"{type(error).__name__}, and its text cannot be had: {type(e).__name__}"


def _send(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]

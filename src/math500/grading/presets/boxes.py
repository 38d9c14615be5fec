r"""The last box of a response, in the ways in which other projects look for it."""

from __future__ import annotations


def last(text: str, *names: str) -> str | None:
    r"""The content of the last box whose braces are balanced; the first of the names that occurs counts.

    Args:
        text: the response.
        names: the commands, such as `\boxed`; by default `\boxed`, then `\fbox`.
    """
    for name in names or (r"\boxed", r"\fbox"):
        start = text.rfind(name)
        if start >= 0:
            return _content(text, start)
    return None


def hendrycks(text: str) -> str | None:
    r"""As MATH's own code has it: a `\boxed ` with a space takes everything up to the next dollar.

    https://github.com/hendrycks/math/blob/main/modeling/dataset/util.py
    """
    if "\\boxed " in text:
        return text.rpartition("\\boxed ")[2].split("$", maxsplit=1)[0]
    return last(text)


def _content(text: str, start: int) -> str | None:
    """What stands between the first brace behind `start` and the brace that closes it."""
    opening = text.find("{", start)
    depth = 0
    for position in range(max(opening, 0), len(text)):
        if text[position] == "{":
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if depth == 0 and opening >= 0:
                return text[opening + 1 : position]
    return None

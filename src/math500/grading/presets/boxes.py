r"""The last box of a response, as MATH's authors look for it, and after them most others.

https://github.com/hendrycks/math/blob/main/modeling/dataset/util.py#L16, and `remove_boxed` in
https://github.com/hendrycks/math/blob/main/modeling/eval_math_gpt.py: the last `\boxed` counts or none does,
and its brace must follow at once and be closed.
"""

from __future__ import annotations


def last(text: str) -> str | None:
    r"""The content of the last `\boxed{...}`; None without one, or when it is not closed."""
    name = r"\boxed"
    start = text.rfind(name)
    opening = start + len(name)
    if start < 0 or text[opening : opening + 1] != "{":
        return None
    depth = 0
    for position in range(opening, len(text)):
        depth += (text[position] == "{") - (text[position] == "}")
        if depth == 0:
            return text[opening + 1 : position]
    return None

r"""The rule of the MATH data set's authors: both answers cleaned by the same steps, then compared as text.

Upstream: https://github.com/hendrycks/math/blob/main/modeling/math_equivalence.py#L147. lm-eval's
`hendrycks_math` has a copy with two differences (a bare `%` stays, and a slash between anything but integers
makes the cleaning give up), and takes as the answer what stands between a response's first and last dollar
sign, box and all:
https://github.com/EleutherAI/lm-evaluation-harness/blob/v0.4.13/lm_eval/tasks/hendrycks_math/utils.py#L18

What upstream's assertions and index errors catch is one outcome here: the cleaning gives up, and the two
texts are compared as they are.
"""

from __future__ import annotations

import re

from math500.grading.presets import boxes
from math500.grading.presets.base import NOTHING, Decision


class GiveUp(Exception):
    """The cleaning met a form that it was not written for."""


def decide(response: str, answer: str) -> Decision:
    """The last box against the reference."""
    found = boxes.last(response)
    if found is None:
        return NOTHING
    return Decision(found, equivalent(found, answer), "last box", "text")


def decide_lm_eval(response: str, answer: str) -> Decision:
    """What lm-eval's `hendrycks_math500` compares: all between the outermost dollars, else the response."""
    first, end = response.find("$"), response.rfind("$")
    found = response[first + 1 : end] if first != end else response
    rule = "between the outermost dollars" if first != end else "the whole response"
    return Decision(found, equivalent(found, answer, bare_percent=False), rule, "text")


def equivalent(one: str, other: str, *, bare_percent: bool = True) -> bool:
    """Whether both are the same text once cleaned."""
    try:
        return cleaned(one, bare_percent=bare_percent) == cleaned(other, bare_percent=bare_percent)
    except GiveUp:
        return one == other


def cleaned(text: str, *, bare_percent: bool = True) -> str:
    """The answer after all steps, in upstream's order."""
    for old, new in (
        ("\n", ""),
        ("\\!", ""),
        ("\\\\", "\\"),
        ("tfrac", "frac"),
        ("dfrac", "frac"),
        ("\\left", ""),
        ("\\right", ""),
        ("^{\\circ}", ""),
        ("^\\circ", ""),
        ("\\$", ""),
    ):
        text = text.replace(old, new)
    text = without_unit(text).replace("\\%", "")
    if bare_percent:
        text = text.replace("%", "")
    text = text.replace(" .", " 0.").replace("{.", "{0.")
    if not text:
        return text
    if text[0] == ".":
        text = "0" + text
    text = braced_roots(after_short_name(text)).replace(" ", "")
    text = braced_fractions(text)
    return as_fraction("\\frac{1}{2}" if text == "0.5" else text, lenient=bare_percent)


def without_unit(text: str) -> str:
    r"""Without what follows `\text{ `, which in MATH's answers is a unit."""
    parts = text.split("\\text{ ")
    if len(parts) > 2:
        raise GiveUp
    return parts[0]


def after_short_name(text: str) -> str:
    """Without a name of at most two characters and its equals sign in front."""
    parts = text.split("=")
    return parts[1] if len(parts) == 2 and len(parts[0]) <= 2 else text


def braced_roots(text: str) -> str:
    r"""With braces around the one character that follows a `\sqrt`."""
    head, *tails = text.split("\\sqrt")
    if any(not tail for tail in tails):
        raise GiveUp
    return head + "".join(
        "\\sqrt" + tail if tail[0] == "{" else f"\\sqrt{{{tail[0]}}}{tail[1:]}" for tail in tails
    )


def braced_fractions(text: str) -> str:
    r"""With braces around both characters after a `\frac`; a fraction cut short leaves all as it is."""
    head, *tails = text.split("\\frac")
    done = [head]
    for tail in tails:
        if not tail:
            raise GiveUp
        if tail[0] == "{":
            done.append("\\frac" + tail)
        elif len(tail) < 2:
            return text
        else:
            below = tail[1:] if tail[1] == "{" else f"{{{tail[1]}}}{tail[2:]}"
            done.append(f"\\frac{{{tail[0]}}}{below}")
    return "".join(done)


def as_fraction(text: str, *, lenient: bool = True) -> str:
    r"""`a/b` of two plain integers as `\frac{a}{b}`; lm-eval's copy gives up on other slashes."""
    parts = text.split("/")
    if len(parts) != 2:
        return text
    if re.fullmatch(r"(0|-?[1-9]\d*)/(0|-?[1-9]\d*)", text):
        return f"\\frac{{{parts[0]}}}{{{parts[1]}}}"
    if not lenient and not all(re.fullmatch(r"\s*[+-]?\d+\s*", part) for part in parts):
        raise GiveUp
    return text

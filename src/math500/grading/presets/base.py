"""What a preset is: another project's rule, with where it is written down and how it is asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from math500.grading import pool
from math500.records import Grade, Verdict

TIMEOUT = 5.0
"""Seconds that one comparison in the killable process may take; most upstreams stop after 5 as well."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule says about one response.

    Attributes:
        extracted: the answer that it found; None when it found none.
        same: whether it accepts it; None when it could not be told.
        rule: how the answer was found.
        stage: the comparison that decided.
        reason: in words; always set when `same` is None.
    """

    extracted: str | None
    same: bool | None
    rule: str = ""
    stage: str = ""
    reason: str = ""


NOTHING = Decision(None, False, reason="the rule finds no answer in the response")

Decide = Callable[[str, str], Decision]
"""Response and reference answer to a decision."""


@dataclass(frozen=True, slots=True)
class Preset:
    """The grader of a project, by name.

    Attributes:
        name: such as `minerva`.
        version: changes when a grade can.
        source: link to the rule upstream.
        decide: the rule itself.
        about: what it does, in one line.
        needs: the extra that it takes beyond the core install; empty for none.
        library: what that extra brings, as it is imported.
        cheap: it costs microseconds and needs no process of its own.
    """

    name: str
    version: str
    source: str
    decide: Decide
    about: str
    needs: str = ""
    library: str = ""
    cheap: bool = True

    @property
    def installed(self) -> bool:
        """All that it needs is here."""
        return not self.library or find_spec(self.library) is not None

    def grade(
        self, response: str, answer: str, *, question: str | None = None, truncated: bool = False
    ) -> Grade:
        """The grade that the project's own rule gives; it never raises for what a model can write.

        Args:
            response: the model's text.
            answer: the reference answer in LaTeX, without its box.
            question: taken for the sake of one signature; no upstream rule looks at it.
            truncated: likewise: upstream, a response that was cut off is graded like any other.
        """
        del question, truncated
        started = time.perf_counter()
        try:
            made = self.decide(response, answer)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            made = Decision("", None, reason=f"the rule failed: {type(error).__name__}: {error}"[:200])
        return Grade(
            verdict=_verdict(made),
            extracted=made.extracted,
            rule=made.rule,
            stage=made.stage,
            reason=made.reason,
            seconds=time.perf_counter() - started,
        )


def _verdict(made: Decision) -> Verdict:
    """A rule that found no answer gives none, whatever it says after that."""
    if made.same is None:
        return "ungraded"
    if made.same:
        return "correct"
    return "no_answer" if made.extracted is None else "wrong"


def asked(rule: str) -> Decide:
    """A rule that runs in the killable process, under its name in `symbolic.RULES`."""

    def decide(response: str, answer: str) -> Decision:
        try:
            reply = pool.ask(response, answer, TIMEOUT, rule=rule)
        except pool.Fault as fault:
            return Decision("", None, stage="symbolic", reason=str(fault))
        return Decision(
            reply.get("extracted"), reply["same"], reply.get("found", ""), "symbolic", reply.get("reason", "")
        )

    return decide

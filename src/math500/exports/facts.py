"""What is said of a run wherever it goes: a score carries its n, interval, protocol and grader."""

from __future__ import annotations

from dataclasses import dataclass

from math500 import evaluate, protocols, seal
from math500.errors import RunError
from math500.records import Estimate, Manifest, Summary
from math500.rundir import RunDir


@dataclass(frozen=True)
class Facts:
    """A run that has a score.

    Attributes:
        made: its manifest.
        summary: derived from samples and grades now.
        score: its score.
        protocol: field to setting, in words.
        seal: the fingerprint of its seal; empty for none.
    """

    made: Manifest
    summary: Summary
    score: Estimate
    protocol: dict[str, str]
    seal: str

    @property
    def percent(self) -> float:
        """The score as it is printed: in percent, two digits."""
        return round(100 * self.score.value, 2)

    @property
    def interval(self) -> str:
        """Its 95 % interval in percent."""
        return f"{100 * self.score.low:.1f} to {100 * self.score.high:.1f}"

    @property
    def words(self) -> str:
        """The protocol in one line, without what the score is of."""
        left_out = ("model", "data", "problems", "engine", "concurrency")
        settings = [f"{name} {said}" for name, said in self.protocol.items() if name not in left_out]
        return "; ".join(settings)

    @property
    def metrics(self) -> dict[str, float]:
        """All numbers, fractions from 0 to 1 and counts."""
        counts = ("correct", "wrong", "no_answer", "ungraded", "failed", "missing", "truncated")
        tokens = ("prompt_tokens", "completion_tokens", "seconds")
        found = {name: float(getattr(self.summary, name)) for name in (*counts, *tokens)}
        found |= {"score": self.score.value, "score_low": self.score.low, "score_high": self.score.high}
        found["problems"] = float(self.score.n)
        if self.summary.cost is not None:
            found["cost"] = self.summary.cost
        for part in self.summary.by_level:
            found[f"score_level_{part.name}"] = part.score.value
        return found


def facts(run: RunDir) -> Facts:
    """What there is to say of a run.

    Raises:
        RunError: it has no score yet.
    """
    made = run.manifest
    summary = evaluate.summarize(run, made.grader)
    if summary.score is None:
        raise RunError(f"{run.path} has no score yet", f"Go on with it: math500 run --resume {run.path}")
    sealed = run.seal()
    fingerprint = "" if sealed is None else seal.fingerprint(sealed)
    return Facts(made, summary, summary.score, protocols.of(made), fingerprint)

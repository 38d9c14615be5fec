"""The figures of docs/report.md and docs/improve.md, drawn again: python benchmarks/figures.py [FOLDER]

The score by level comes out of examples/report/embedded.tar.gz. The other numbers were measured once and
stand in docs/log.md and docs/report-check.md; they are written here as they stand there.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from math500 import evaluate, pack, plots
from math500.plots import Bar, Difference, Step
from math500.rundir import RunDir

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / "examples" / "report"

GAINS = (
    Difference("4 worked examples", 0.194, 0.120, 0.263, "n = 160, embedded"),
    Difference("another wording, answer-line for boxed", 0.175, 0.101, 0.245, "n = 160, embedded"),
    Difference("vote of 16", 0.255, 0.238, 0.272, "n = 1,500, tiny"),
    Difference("vote of 16, after RFT", 0.165, 0.151, 0.178, "n = 1,500, tiny"),
    Difference("vote weighed by a PRM, to the plain vote", 0.141, 0.121, 0.162, "n = 1,500, tiny"),
    Difference("vote weighed by an ORM, to the plain vote", 0.039, 0.026, 0.053, "n = 1,500, tiny"),
    Difference("best one by a PRM, to the plain vote", -0.022, -0.050, 0.007, "n = 1,500, tiny"),
    Difference("tools (ToRA)", -0.060, -0.140, 0.022, "n = 100, embedded"),
    Difference("self-verification by code (CSV)", -0.070, -0.147, 0.009, "n = 100, embedded"),
    Difference("a second look, or backward", 0.0, -0.027, 0.027, "n = 100, embedded"),
    Difference("plan first", -0.220, -0.304, -0.127, "n = 100, embedded"),
    Difference("SFT on solutions, to the start", 0.023, 0.002, 0.045, "n = 1,500, tiny"),
    Difference("RFT with new questions, to that control", 0.031, 0.009, 0.052, "n = 1,500, tiny"),
    Difference("RFT on the same questions, to its control", 0.019, -0.007, 0.046, "n = 1,500, tiny"),
    Difference("PPO with reward models, to the start", 0.011, -0.007, 0.030, "n = 1,500, tiny"),
    Difference("GRPO with the grader, to its control", 0.047, 0.026, 0.068, "n = 1,500, tiny"),
)
"""docs/log.md: solvers on the embedded model; the gap study; a vote that stops early; training."""

SENT = (
    Bar("math500 run", 313, note="(299 answers kept)"),
    Bar("math500 inside lm-eval", 305, note="(299 answers scored)"),
    Bar("lm-eval's own endpoint model", 742, note="(none kept)", colour="bad"),
)
"""docs/log.md: the report, done again."""


def gap() -> str:
    """The number of the report beside what it can be compared with."""
    steps = [
        Step("Qwen2.5-72B-Instruct, measured", 0.7516, 0.739, 0.763, "total"),
        Step("unexplained so far", 0.0794),
        Step("published of the same, same problems", 0.831, kind="total"),
        Step("another model, other problems", 0.075, kind="rest"),
        Step("QwQ-32B-Preview, MATH-500", 0.906, kind="total"),
    ]
    return plots.waterfall("15.4 points, taken apart", steps, width=720)


def levels() -> str:
    """The embedded model's score by level, out of the run in the repository."""
    with tempfile.TemporaryDirectory() as folder:
        pack.unpack(RUNS / "embedded.tar.gz", Path(folder) / "run")
        found = evaluate.summarize(RunDir.open(Path(folder) / "run", whole=False), "math500/4")
    rows = [("all", found.score), *((f"level {part.name}", part.score) for part in found.by_level)]
    shown = [Bar(name, s.value, s.low, s.high, f"n = {s.n}") for name, s in rows if s is not None]
    return plots.bars("SmolLM2-135M-Instruct on MATH-500, 95 % intervals", shown)


def sent() -> str:
    """Requests to an endpoint whose quota ends after 299 answers."""
    return plots.bars("Requests sent until the run stops; quota for 299", SENT, form="number", width=640)


def gains() -> str:
    """What each method brought here."""
    title = "What each method brought here: points, paired, 95 % intervals"
    return plots.differences(title, GAINS, width=860, better="better")


FIGURES = {
    "report-gap.svg": gap,
    "report-levels.svg": levels,
    "report-quota.svg": sent,
    "improve-gains.svg": gains,
}


def main() -> None:
    """Write each figure."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    for name, drawn in FIGURES.items():
        plots.save(drawn(), folder / name)


if __name__ == "__main__":
    main()

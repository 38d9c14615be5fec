"""What a person sees in the terminal: progress, summaries, tables.

    terminal.py  width, colour, what is safe to print
    tables.py    aligned columns, scores and durations in words
    run.py       the end of a run
    progress.py  a run while it goes
    origin.py    where an imported run comes from
    compare.py   two runs side by side
    failures.py  why samples are not correct
    judge.py     a judge beside the rule
    graders.py   a run under several graders
    synth.py     a training set, and what the gate found
    gap.py       a score against a published one
    money.py     tokens and US dollars in words
    doctor.py    the doctor's findings
    lookup.py    problem sets, prompts, one grading decision, the self-test

Everything here returns or shows text; nothing decides or computes a score.
"""

from math500.display.compare import comparability, comparison, points, spread
from math500.display.doctor import diagnosis
from math500.display.failures import changes, failures, reasons
from math500.display.gap import gap
from math500.display.graders import grader_scores, graders
from math500.display.judge import judged
from math500.display.lookup import grade, problem_set, problem_sets, prompt, selftest
from math500.display.money import dollars, estimate
from math500.display.origin import verdicts
from math500.display.progress import Progress
from math500.display.run import FOLDER_HOLDS, next_command, summary
from math500.display.tables import duration, percent, table, width
from math500.display.terminal import fitted

__all__ = [
    "FOLDER_HOLDS",
    "Progress",
    "changes",
    "comparability",
    "comparison",
    "diagnosis",
    "dollars",
    "duration",
    "estimate",
    "failures",
    "fitted",
    "gap",
    "grade",
    "grader_scores",
    "graders",
    "judged",
    "next_command",
    "percent",
    "points",
    "problem_set",
    "problem_sets",
    "prompt",
    "reasons",
    "selftest",
    "spread",
    "summary",
    "table",
    "verdicts",
    "width",
]

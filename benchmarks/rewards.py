"""How long the reward of sampled completions takes.

    python benchmarks/rewards.py [COUNT]

COUNT completions (10,000): MATH's own train solutions, half of them against their own answer and half against
their neighbour's. Timed are the reward alone (`grading.reward.reward`, as a trainer of the user's own calls
it) and the scorer of `math500 train grpo`, which adds the watch's shares. Both start their comparison
processes anew; processor time is this process's and theirs.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable

from math500 import data, grading
from math500.grading.reward import reward
from math500.records import GrpoSettings
from math500.train.scorer import Scorer


def completions(count: int) -> tuple[list[str], list[str], list[str]]:
    """Texts with an answer and a question each."""
    problems = data.load("math-train").problems
    texts, answers, questions = [], [], []
    for i in range(count):
        one = problems[i % len(problems)]
        other = problems[(i + 1) % len(problems)]
        text = one.solution if i % 8 else problems[(i - 1) % len(problems)].solution
        texts.append(text)
        answers.append(one.answer if i % 2 else other.answer)
        questions.append(one.problem)
    return texts, answers, questions


def timed(name: str, call: Callable[[], list[float | None]]) -> list[float | None]:
    """Print what a call took, and how its rewards fell."""
    wall, cpu = time.perf_counter(), _processor()
    found = call()
    wall = time.perf_counter() - wall
    grading.shutdown()
    cpu = _processor() - cpu
    shares = f"right {found.count(1.0)}, wrong {found.count(0.0)}, could not tell {found.count(None)}"
    print(f"{name}: {len(found)} in {wall:.2f} s ({cpu:.2f} s of processor); {shares}")
    return found


def _processor() -> float:
    """Seconds, of the processes that have ended as well."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def main(count: int) -> None:
    """Time both."""
    texts, answers, questions = completions(count)
    timed("reward", lambda: reward(texts, answers))
    prompts = [[{"role": "user", "content": question}] for question in questions]
    own = GrpoSettings(completion_length=2048)
    scorer = Scorer(own, [2])
    ids = [[2]] * count
    timed("scorer", lambda: scorer(prompts, texts, ids, answers))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)

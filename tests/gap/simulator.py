"""A model whose true effects are known: it writes run folders, and says what each factor is really worth.

Whether a response is right is decided by four draws for each problem:

    ability    it knows the answer (by level)
    format     it puts the answer where it can be found: 85 in 100 as asked at first, 98 as asked otherwise
    length     its text fits the token limit (lognormal)
    noise      at a temperature it slips in 6 of 100, greedily in none

The first three belong to the problem and are the same in every run, so that runs are paired as real ones are;
slips are drawn anew in each run. The draws are independent, so a score is the product of four known numbers.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from math500 import evaluate, grading
from math500.gap import ablate
from math500.gap.explain import Against, from_run
from math500.records import (
    DataSource,
    Decoding,
    Gap,
    Generation,
    Manifest,
    ModelInfo,
    Problem,
    Prompt,
    Reference,
    Sample,
    Selection,
)
from math500.rundir import RunDir, RunWriter

FACTORS = ("prompt", "token limit", "decoding")
ABILITY = (0.95, 0.9, 0.8, 0.75, 0.6)
BOXES = {"boxed": 0.85, "answer-line": 0.98}
MU, SIGMA = 5.7, 0.45
"""Of the logarithm of the tokens of a response."""
SLIPS = {0.7: 0.06, 0.0: 0.0}
FIRST = Decoding(temperature=0.7, max_tokens=512, seed=0)


@dataclass(frozen=True)
class Simulator:
    """One draw of problems and a model's habits on them."""

    seed: int
    n: int = 500

    def problems(self) -> tuple[Problem, ...]:
        """Invented sums."""
        return tuple(
            Problem(problem=f"What is ${i} + {i}$?", answer=str(2 * i), unique_id=f"sim/{i}", level=1 + i % 5)
            for i in range(self.n)
        )

    def write(self, folder: Path, made: Manifest, problems: Iterable[Problem]) -> RunDir:
        """A finished run with these settings."""
        rows = tuple(problems)
        limit = made.decoding.max_tokens or 10**9
        temperature = made.decoding.temperature or 0.0
        slips = random.Random(f"{self.seed} {made.run_id}")
        with RunWriter.create(folder, made, rows) as run:
            for problem in rows:
                sample = self._sample(problem, made.prompt.name, limit, slips.random() < SLIPS[temperature])
                run.append(sample)
                run.append_grade(
                    grading.GRADER, evaluate.named(sample, evaluate.grade_sample(sample, problem))
                )
            run.write_summary(evaluate.summarize(run))
        return RunDir.open(folder)

    def _sample(self, problem: Problem, prompt: str, limit: int, slips: bool) -> Sample:
        draw = random.Random(f"{self.seed} {problem.unique_id}")
        knows = draw.random() < ABILITY[(problem.level or 1) - 1]
        boxes = draw.random() < BOXES[prompt]
        tokens = round(math.exp(draw.gauss(MU, SIGMA)))
        answer = problem.answer if knows and not slips else f"{int(problem.answer) + 1}"
        end = f"$\\boxed{{{answer}}}$" if boxes else "and that settles it"
        text = f"{'step by step ' * (tokens // 4)}{end}"
        if tokens > limit:
            text = text[: round(len(text) * limit / tokens) - 1]
        generation = Generation(
            text=text,
            finish_reason="length" if tokens > limit else "stop",
            prompt_tokens=40,
            completion_tokens=min(tokens, limit),
        )
        return Sample(unique_id=problem.unique_id, index=0, response=text, generations=(generation,))


def value(changed: Iterable[str]) -> float:
    """The true score with these factors changed."""
    other = set(changed)
    boxed = BOXES["answer-line" if "prompt" in other else "boxed"]
    limit = 1024 if "token limit" in other else 512
    fits = statistics.NormalDist(MU, SIGMA).cdf(math.log(limit + 0.5))
    slip = SLIPS[0.0 if "decoding" in other else 0.7]
    return statistics.fmean(ABILITY) * boxed * fits * (1 - slip)


def shapley(name: str) -> float:
    """The true share of a factor in the difference between all changed and none."""
    others, k = [f for f in FACTORS if f != name], len(FACTORS)
    return sum(
        (value((*some, name)) - value(some)) / (k * math.comb(k - 1, size))
        for size in range(k)
        for some in combinations(others, size)
    )


def first(n: int) -> Manifest:
    """The settings of the run that is explained."""
    return Manifest(
        run_id="sim",
        created="2026-01-01T00:00:00+00:00",
        math500_version="0",
        data=DataSource(name="sims", place="path", location="-", rows=n, sha256="0", verified=False),
        selection=Selection(count=n),
        prompt=Prompt(name="boxed", template="{problem}", source="simulator"),
        decoding=FIRST,
        samples=1,
        model=ModelInfo(name="simulated", served_name="simulated", base_url="http://127.0.0.1:1/v1"),
        grader=grading.GRADER,
    )


TO = {"limit": "1024", "decoding": "greedy"}


def study(seed: int, folder: Path, *, n: int = 500, hidden: float = 0.0, crossed: bool = True) -> Gap:
    """A run, its ablations and a published score on other problems, explained.

    Args:
        seed: of the problems, the model's habits and the published score.
        folder: where the run folders are made.
        n: problems of the run, and behind the published score.
        hidden: what the published score has on top that no factor explains.
        crossed: ask every combination of the factors.
    """
    simulator = Simulator(seed, n)
    run = simulator.write(folder, first(n), simulator.problems())
    names = ("prompt", "decoding", "limit")
    plan = ablate.plan(run, names, to=TO, problems=n, budget=None, say=lambda _: None, crossed=crossed)
    for arm in plan.arms:
        simulator.write(run.ablation(arm.name), arm.manifest, plan.problems)
    draw, chance = random.Random(f"published {seed}"), value(FACTORS) + hidden
    score = sum(draw.random() < chance for _ in range(n)) / n
    return from_run(run, Against(claimed=Reference(score=score, n=n)))

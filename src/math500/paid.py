"""What a run has used up: every completion once, whether a sample holds it or not.

A sample of several completions that failed holds none of them, and one that was begun again may hold others
than at first (code that prints another time is followed by another request). They were paid for all the
same, and stand in turns.jsonl. What is in a sample and in turns.jsonl is one completion.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from math500 import prompts
from math500.client.budget import Spent, prompt_tokens, used_by
from math500.records import Generation, Sample, Turn
from math500.rundir import Key, RunDir


def spent(run: RunDir, *, judge: bool = False) -> Spent:
    """What a run has used up so far; a process that was killed takes what was in flight with it.

    What an endpoint did not count is reckoned, as it was while the run went on.

    Args:
        run: the run.
        judge: what the judge of its votes has used up, in place of the model.
    """
    prompt = run.manifest.prompt
    asked = {p.unique_id: prompt_tokens(prompts.messages(prompt, p.problem)) for p in run.problems()}
    used = Spent()
    for unique_id, generation in completions(run.history(), run.turns(), judge=judge):
        used.requests += generation.attempts
        used.add(used_by(generation, Spent(0, asked.get(unique_id, 0), 0)))
    if not judge:
        used.requests += sum(s.failure.attempts for s in run.history() if s.failure is not None)
    return used


def in_all(run: RunDir) -> int:
    """Tokens that a run has used up so far, its judge's among them."""
    return spent(run).tokens + spent(run, judge=True).tokens


def total(generations: Iterable[Generation]) -> Spent:
    """Requests and tokens of these; a count that the endpoint left out is taken as none."""
    used = Spent()
    for generation in generations:
        used.requests += generation.attempts
        used.prompt_tokens += generation.prompt_tokens or 0
        used.completion_tokens += generation.completion_tokens or 0
    return used


def uncounted(generations: Iterable[Generation]) -> int:
    """How many of these the endpoint did not count the tokens of; their sum is then a lower bound."""
    return sum(g.prompt_tokens is None or g.completion_tokens is None for g in generations)


def completions(
    samples: Iterable[Sample], turns: Mapping[Key, Iterable[Turn]], *, judge: bool = False
) -> Iterator[tuple[str, Generation]]:
    """Every completion of a run's model, or of the judge of its votes, with its problem's id."""
    beside = {
        key: Counter(turn.generation for turn in each if turn.judge == judge) for key, each in turns.items()
    }
    for sample in samples:
        held = of_judge(sample) if judge else sample.generations
        yield from ((sample.unique_id, generation) for generation in held)
        if turned := beside.get((sample.unique_id, sample.index)):
            turned.subtract(held)
    for (unique_id, _), turned in beside.items():
        yield from ((unique_id, generation) for generation in turned.elements())


def of_judge(sample: Sample) -> tuple[Generation, ...]:
    """What a judge replied about a sample's votes."""
    return tuple(generation for score in sample.scores for generation in score.generations)

"""Each sample belongs to a problem, is there once and whole; its tokens and times are possible."""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Iterable, Iterator

from math500 import prompts, solve
from math500.plural import counted
from math500.records import Generation, RunCheck, Sample
from math500.verify.folder import Folder, differs, either, named, note

PLACE, WHOLE, TOKENS, TIMES = "samples", "responses", "tokens", "times"
RESTORE = "Take samples.jsonl from a copy, or leave these samples out of any score."
CLOCK = 120.0
"""Seconds that the clocks of one machine may be set apart."""
ROUNDING = 1.0
"""Seconds by which a request may seem longer than its sample."""


def check(folder: Folder) -> Iterator[RunCheck]:
    """Places, contents, tokens, times."""
    yield from _places(folder)
    yield _contents(folder)
    yield from _tokens(folder)
    yield _times(folder)


def _places(folder: Folder) -> Iterator[RunCheck]:
    """Every problem has its samples, each once; nothing else is there."""
    strange = [
        f"{named(key)}: {'no such problem' if key[0] not in folder.by_id else 'no such index'}"
        for key in folder.samples
        if key[0] not in folder.by_id or not 0 <= key[1] < folder.made.samples
    ]
    right = Counter((s.unique_id, s.index) for s in folder.history if s.failure is None)
    strange += [f"{named(key)}: {count} times" for key, count in right.items() if count > 1]
    asked = len(folder.problems) * folder.made.samples
    there = len(folder.collected)
    yield either(
        PLACE,
        f"{there} of {counted(asked, 'sample')}, each of a problem of the run and once",
        ("sample stands where none can be", "samples stand where none can be"),
        strange,
        RESTORE,
    )
    failed = sum(s.failure is not None for s in folder.samples.values())
    if there < asked:
        what = f"{counted(asked - there, 'sample is', 'samples are')} owed, {failed} of them failed so far"
        yield note(PLACE, what, f"Have them: math500 run --resume {folder.run.path}")


def _contents(folder: Folder) -> RunCheck:
    """The graded text is the last completion's; a failed sample holds none."""
    solver = folder.made.solver_settings.name.removeprefix("vote:")
    if solver not in solve.describe():
        return note(
            WHOLE, f"the solver {solver} is another package's; what it makes of completions is its own"
        )
    where = [
        f"{named((s.unique_id, s.index))}: {wrong}" for s in folder.history if (wrong := _wrong(s, folder))
    ]
    good = counted(
        len(folder.collected),
        "response is that of its last completion",
        "responses are those of their last completions",
    )
    return either(WHOLE, good, ("sample contradicts itself", "samples contradict themselves"), where, RESTORE)


def _wrong(sample: Sample, folder: Folder) -> str:
    if sample.failure is not None:
        # Another harness may log what it had of an answer beside the error.
        answered = sample.generations or (sample.response and sample.started)
        return "it failed, and has a response" if answered else ""
    if not sample.generations:
        return "no completion, and it did not fail"
    problem = folder.by_id.get(sample.unique_id)
    text = sample.generations[-1].text
    said = text if problem is None else prompts.whole(problem.problem, text)
    return "" if sample.response == said else "not the text of its last completion"


def _tokens(folder: Folder) -> Iterator[RunCheck]:
    """Counts are counts; a limit that an endpoint did not keep to is told."""
    limit = folder.made.decoding.max_tokens
    negative, over = [], []
    for key, generation in _generations(folder.history):
        counts = (generation.prompt_tokens, generation.completion_tokens, generation.reasoning_tokens)
        if any(count is not None and count < 0 for count in counts):
            negative.append(key)
        elif limit is not None and (generation.completion_tokens or 0) > limit:
            over.append(key)
    cut = sum(g.finish_reason == "length" for _, g in _generations(folder.history))
    good = f"possible, {counted(cut, 'completion')} cut off"
    yield either(
        TOKENS,
        good,
        ("completion with a negative count", "completions with a negative count"),
        negative,
        RESTORE,
    )
    if over:
        several = counted(len(over), "completion counts", "completions count")
        what = f"{several} more than the limit of {limit} tokens"
        yield note(TOKENS, what, "The endpoint counts otherwise, or did not keep to the limit.", over)


def _generations(samples: Iterable[Sample]) -> Iterator[tuple[str, Generation]]:
    return ((named((s.unique_id, s.index)), g) for s in samples for g in s.generations)


def _times(folder: Folder) -> RunCheck:
    """No sample is older than its run, from the future, or shorter than its request."""
    created = _seconds(folder.made.created)
    now = datetime.datetime.now(datetime.UTC).timestamp()
    turned = folder.run.turns()
    where = []
    for sample in folder.history:
        key = (sample.unique_id, sample.index)
        wrong = _impossible(sample, created, now)
        if not wrong and not folder.imported and not folder.made.asking.batch and key not in turned:
            longest = max((g.seconds for g in sample.generations), default=0.0)
            wrong = "shorter than its request" if longest > sample.seconds + ROUNDING else ""
        if wrong:
            where.append(f"{named(key)}: {wrong}")
    if created is None:
        return differs(TIMES, f"the run's time {folder.made.created!r} is none", ("manifest.json",), RESTORE)
    good = "the samples do not say when they were asked"
    if any(s.started for s in folder.history):
        good = "every sample was asked after the run began, and before now"
    return either(TIMES, good, ("time is impossible", "times are impossible"), where, RESTORE)


def _impossible(sample: Sample, created: float | None, now: float) -> str:
    lasted = [sample.seconds, *(g.seconds for g in sample.generations)]
    if not all(math.isfinite(s) and s >= 0 for s in lasted):
        return "a duration below 0"
    if not sample.started:
        return ""
    started = _seconds(sample.started)
    if started is None:
        return f"{sample.started!r} is no time"
    if created is not None and started < created - CLOCK:
        return f"asked at {sample.started}, before the run began"
    return f"asked at {sample.started}, which is still to come" if started > now + CLOCK else ""


def _seconds(text: str) -> float | None:
    try:
        return datetime.datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None

"""What a solution is made of against the sample: turns, ballots, code, the model's own verification.

Each turn names the hash of its request. Where a solver's first request is the prompt's own (`cot` in a
vote, `review`, `backward`), that hash is made again out of the manifest and the problem, which binds prompt,
decoding and seed to what was sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from math500 import prompts
from math500.plural import counted, form
from math500.records import Ballot, Extras, Generation, RunCheck, Sample, SolverInfo, Turn
from math500.rundir import Key
from math500.solve import Solution, blocks, calls, extras, replay, selfcheck, vote, weights
from math500.solve.named import VOTE, seed_of
from math500.verify.folder import Folder, either, named, note

TURNS, REQUESTS, VOTES, CODE, VERIFICATION = "turns", "requests", "votes", "code", "verification"
PLAIN = ("cot", "review", "backward")
"""Solvers whose first request is the prompt's own."""
RESTORE = "Take samples.jsonl and turns.jsonl from a copy; they contradict each other."


def check(folder: Folder) -> Iterator[RunCheck]:
    """Whatever of these the run has."""
    turns = folder.run.turns()
    if folder.made.responses_left_out:
        if turns:
            yield note(TURNS, "the responses were left out, so nothing is counted or read again in them")
        return
    if turns:
        yield _turns(folder, turns)
        if folder.made.solver_settings.name.removeprefix(VOTE) in PLAIN:
            yield _requests(folder, turns)
    if any(sample.ballots for sample in folder.samples.values()):
        yield _votes(folder)
    if any(sample.executions for sample in folder.samples.values()):
        yield _code(folder)
        if not all(sample.ballots for sample in folder.samples.values()):
            yield note(CODE, "what the code printed is sealed, and not run again")
    if folder.made.solver_settings.name == "selfcheck":
        yield _verification(folder)


def _turns(folder: Folder, turns: dict[Key, list[Turn]]) -> RunCheck:
    """Every completion of a solution was kept when it came."""
    where = [f"{named(key)}: no such sample in this run" for key in turns if key[0] not in folder.by_id]
    for key, sample in folder.collected.items():
        kept = [turn.generation for turn in turns.get(key, ())]
        if missing := sum(generation not in kept for generation in sample.generations):
            where.append(
                f"{named(key)}: {missing} of {counted(len(sample.generations), 'completion')} in no turn"
            )
    number = sum(map(len, turns.values()))
    good = f"{counted(number, 'turn holds', 'turns hold')} every completion of the solutions"
    return either(
        TURNS,
        good,
        ("sample is not made of its turns", "samples are not made of their turns"),
        where,
        RESTORE,
    )


def _requests(folder: Folder, turns: dict[Key, list[Turn]]) -> RunCheck:
    """Each solution's first request is the one that the manifest makes."""
    made = folder.made
    votes = made.solver_settings.votes or 1
    beside = extras(made.solver_settings)
    where = []
    for (unique_id, index), each in turns.items():
        problem = folder.by_id.get(unique_id)
        if problem is None:
            continue
        now = seed_of(made.decoding, made.solver_settings, unique_id, index)
        first = {now, *_older(made.decoding.seed, index, votes)}
        seeds = {None if seed is None else seed + number for seed in first for number in range(votes)}
        asked = prompts.messages(made.prompt, problem.problem)
        whole = None if beside == Extras() else beside
        known = {replay.digest(asked, made.decoding, one, made.prompt.stop, whole) for one in seeds}
        if not known & {turn.request for turn in each}:
            where.append(named((unique_id, index)))
    good = "the first requests are made of this prompt, decoding, seed and these problems"
    next_step = "The manifest or the problems are not those that were sent: take both from a copy."
    return either(
        REQUESTS,
        good,
        (
            "first request is another one than the manifest makes",
            "first requests are other ones than the manifest makes",
        ),
        where,
        next_step,
    )


def _older(seed: int | None, index: int, votes: int) -> tuple[int | None, ...]:
    """Before seeds depended on the problem; and before each sample's votes had seeds of their own."""
    return (None,) if seed is None else (seed + index * votes, seed + index)


def _votes(folder: Folder) -> RunCheck:
    solver = folder.made.solver_settings
    single = solver.name == "vote:cot"
    where = []
    for key, sample in folder.collected.items():
        if sample.ballots and (wrong := _miscounted(sample, solver, single=single)):
            where.append(f"{named(key)}: {wrong}")
    good = "counted again, the same" if single else "every voter once"
    return either(VOTES, good, ("vote is miscounted", "votes are miscounted"), where, RESTORE)


def _miscounted(sample: Sample, solver: SolverInfo, *, single: bool) -> str:
    """What is wrong with the ballots; with one completion a vote they are counted again."""
    voters = [voter for ballot in sample.ballots for voter in ballot.voters]
    if len(set(voters)) != len(voters) or any(
        b.votes != len(b.voters) or not b.votes for b in sample.ballots
    ):
        return "a voter stands twice, or votes are no voters"
    if any(len(b.weights) not in (0, b.votes) for b in sample.ballots):
        return "a weight is nobody's"
    if not single:
        return ""
    if not all(0 <= voter < len(sample.generations) for voter in voters):
        return "a voter is none of the responses"
    best = solver.pick == "best"
    solutions = [Solution(response=g.text, generations=(g,)) for g in _in_order(sample, best=best)]
    answers = vote.answers_of(solutions)
    counted = vote.count(answers, _weights(sample, solver, solutions, answers), best=best)
    return "" if _tally(counted) == _tally(sample.ballots) else "counted again, they are others"


def _in_order(sample: Sample, *, best: bool) -> Sequence[Generation]:
    """The completions as they voted: the chosen one, which stands last, back in its place."""
    *others, chosen = sample.generations
    place = vote.winner(sample.ballots, best=best)
    return [*others[:place], chosen, *others[place:]]


def _weights(
    sample: Sample, solver: SolverInfo, solutions: Sequence[Solution], answers: Sequence[str | None]
) -> Sequence[float] | None:
    """What each response weighed, computed again; scores of a judge or a reward model are taken as kept."""
    if solver.weigh in ("judge", "reward"):
        scores = {score.voter: score.value or 0.0 for score in sample.scores}
        return [scores.get(number, 0.0) for number in range(len(solutions))]
    weight = {"length": weights.length, "logprob": weights.logprob}.get(solver.weigh)
    if weight is None:
        return None
    pairs = zip(solutions, answers, strict=True)
    return [weight(solution) if answer is not None else 0.0 for solution, answer in pairs]


def _tally(ballots: Sequence[Ballot]) -> list[Ballot]:
    """The ballots as far as one machine and another give the same."""

    def even(ballot: Ballot) -> Ballot:
        each = tuple(round(weight, 9) for weight in ballot.weights)
        return msgspec.structs.replace(ballot, weight=round(ballot.weight, 9), weights=each)

    return [even(ballot) for ballot in ballots]


def _code(folder: Folder) -> RunCheck:
    """Every block that was run stands in a reply."""
    where = []
    for key, sample in folder.collected.items():
        written = {code for g in sample.generations for code in blocks.blocks(g.text)}
        written |= {calls.read(call).code for g in sample.generations for call in g.tool_calls}
        if strange := sum(run.code not in written for run in sample.executions):
            where.append(f"{named(key)}: {strange} of {len(sample.executions)}")
    ran = sum(len(s.executions) for s in folder.collected.values())
    good = f"{counted(ran, 'block', 'blocks')} that ran {form(ran, 'stands', 'stand')} in the replies"
    return either(
        CODE,
        good,
        ("sample ran code that no reply has", "samples ran code that no reply has"),
        where,
        RESTORE,
    )


def _verification(folder: Folder) -> RunCheck:
    where = [
        f"{named(key)}: {sample.verification or 'none'}"
        for key, sample in folder.collected.items()
        if (selfcheck.state([g.text for g in sample.generations]) or "uncertain") != sample.verification
    ]
    good = "read again out of the replies, the same"
    return either(
        VERIFICATION,
        good,
        ("sample says another one than its replies", "samples say another one than their replies"),
        where,
        RESTORE,
    )

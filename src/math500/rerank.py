"""What a reward model makes of a run's own samples: the best of n and the weighed vote, beside the plain one.

    samples, or the solutions of a fixed vote ──reward model──▶ RUN/rewards/NAME.jsonl   (kept, gone on with)
    rewards and grades ──▶ who would have won ──▶ scores, differences in pairs to the plain vote

Nothing is asked again, and all ways choose among the same samples: they differ by the reward model alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from math500 import prompts, rewards, stats
from math500.compare import outcome
from math500.curves import RIGHT, Votes, polls
from math500.errors import RequestRejected, SampleFailed, UsageError
from math500.plural import counted, form
from math500.records import Aggregate, Ranked, Reranked, Reward, RewardInfo, Sample, SampleReward
from math500.rewards import RewardModel
from math500.rundir import RunDir, RunWriter
from math500.solve import vote

AT_ONCE = 512
"""Solutions that are given to the model together."""
TOO_LONG = "Start it with a longer --max-model-len (vLLM) or --context-length (SGLang)."

Say = Callable[[str], None]
Place = tuple[str, int, int]
"""A solution within a run: the problem's id, the sample's index, and which of its votes it is."""


def rerank(
    folder: Path,
    reward: Path,
    *,
    aggregates: Sequence[Aggregate] = ("min",),
    grader: str | None = None,
    service: rewards.Service | None = None,
    say: Say = lambda _: None,
) -> Reranked:
    """Value a run's samples, or go on with it, and compare the ways to choose among them.

    Args:
        folder: a run with several samples a problem, or a fixed vote over single completions.
        reward: a training's folder, or the folder of a reward model.
        aggregates: how the steps' values become one; of a model of whole solutions none is asked for.
        grader: whose grades; the current one when None.
        service: the server that computes the values; this process when None.
        say: told what is going on.

    Raises:
        UsageError: the run has one sample a problem, or its votes cannot be told apart.
        DataError: there is no reward model.
        RunError: another process writes the run, or it was valued by what another server served.
        ModelError: the server gives no values; those that it gave are kept.
    """
    place, info = rewards.find(reward) if service is None else rewards.described(reward, service)
    run = RunDir.open(folder)
    found = polls(outcome(run, grader))
    most = max((len(of) for of in found.values()), default=0)
    if most < 2:
        raise UsageError(
            f"{folder} has one sample a problem, and there is nothing to choose",
            "Make a run with --samples 16, or --solver vote:cot --votes 16, and a --temperature above 0.",
        )
    values = _valued(folder, place, info, service, say)
    whole = [_Poll(of, values[name]) for name, of in found.items() if len(of) == most]
    return Reranked(
        run=str(folder),
        reward=info.name,
        kind=info.kind,
        samples=most,
        problems=len(whole),
        left_out=len(run.problems()) - len(whole),
        single=stats.mean_of_shares([one.votes.count(RIGHT) / most for one in whole], most * len(whole)),
        any_right=stats.mean_of_shares([float(RIGHT in one.votes) for one in whole], len(whole)),
        ways=tuple(_ways(whole, info, aggregates)),
        trained_on=rewards.known(place, (name for name, of in found.items() if len(of) == most)),
    )


# -- values ------------------------------------------------------------------------------------


def _valued(
    folder: Path, reward: Path, info: RewardInfo, service: rewards.Service | None, say: Say
) -> dict[str, list[Reward]]:
    """Each problem's rewards, in the order in which `polls` has its votes."""
    name = rewards.kept_as(info, served=service is not None)
    run = RunDir.open(folder)
    every = {
        (unique_id, index, number): text
        for (unique_id, index), sample in sorted(run.samples().items())
        if sample.failure is None
        for number, text in enumerate(solutions(run, sample))
    }
    known = run.rewards(name)
    owed = [place for place in every if place not in known]
    if owed:
        before = run.reward(name) if known else None
        model = rewards.load(reward) if service is None else _served(reward, info, service, before)
        by = info.name if model.info.served is None else f"{info.name}, {rewards.shown(model.info.served)}"
        say(
            f"{len(owed):,} of {counted(len(every), 'solution')} {form(len(owed), 'is', 'are')} "
            f"valued by {by}."
        )
        with RunWriter(folder) as writer:
            known |= _value(writer, name, model, [(place, every[place]) for place in owed])
    found: dict[str, list[Reward]] = {}
    for place in every:
        found.setdefault(place[0], []).append(known[place].reward)
    return found


def _served(
    reward: Path, info: RewardInfo, service: rewards.Service, before: RewardInfo | None
) -> RewardModel:
    """The model at its server, which serves what it did when the values were made that are there.

    Raises:
        RunMismatch: it serves something else.
    """
    info = rewards.look(service, info)
    if before is not None and before.served is not None and info.served is not None:
        rewards.require_same(before.served, info.served)
    return rewards.connect(reward, info)


def _value(
    run: RunWriter, name: str, model: RewardModel, owed: Sequence[tuple[Place, str]]
) -> dict[Place, SampleReward]:
    asked = {p.unique_id: prompts.messages(run.manifest.prompt, p.problem) for p in run.problems()}
    run.write_reward(name, model.info)
    made = {}
    for first in range(0, len(owed), AT_ONCE):
        some = owed[first : first + AT_ONCE]

        def keep(number: int, reward: Reward, some: Sequence[tuple[Place, str]] = some) -> None:
            place = some[number][0]
            made[place] = SampleReward(unique_id=place[0], index=place[1], voter=place[2], reward=reward)
            run.append_reward(name, made[place])

        try:
            model.solutions([(asked[place[0]], text) for place, text in some], keep)
        except SampleFailed as e:
            how = f"{TOO_LONG} " if e.kind == "too_long" else ""
            raise RequestRejected(e.what, f"{how}The same command goes on; what was valued is kept.") from e
    return made


def solutions(run: RunDir, sample: Sample) -> list[str]:
    """The texts that a reward model reads of a sample: its response, or all solutions of its vote in order.

    Raises:
        UsageError: a vote's solutions take several completions each, and which are whose is not kept.
    """
    votes = run.manifest.solver_settings.votes
    if votes is None:
        return [sample.response]
    texts = [one.text for one in sample.generations]
    if len(texts) != votes:
        raise UsageError(
            f"the votes of {run.path} are not one completion each",
            "Take a run of --solver vote:cot without --confidence, or one with --samples.",
        )
    # The one that was chosen stands last (solve/vote.py): it goes back to its place.
    best = run.manifest.solver_settings.pick == "best"
    texts.insert(vote.winner(sample.ballots, best=best), texts.pop())
    return texts


# -- ways to choose ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Poll:
    """One problem: what was answered, and what the reward model says of each answer."""

    votes: Votes
    rewards: Sequence[Reward]

    def weights(self, how: Aggregate) -> list[float]:
        return [rewards.value(reward, how) for reward in self.rewards]

    def raw(self, how: Aggregate) -> list[float]:
        """As the weights, in the same order, without what rounding makes equal."""
        return [r.raw if r.raw is not None else rewards.value(r, how) for r in self.rewards]


def _ways(polled: Sequence[_Poll], info: RewardInfo, aggregates: Sequence[Aggregate]) -> list[Ranked]:
    plain = [chosen(one.votes, [1.0] * len(one.votes)) for one in polled]
    found = [_ranked("vote", "", plain, plain)]
    of: Sequence[Aggregate] = aggregates if info.kind == "process" else ("last",)
    for how in of:
        shown = how if info.kind == "process" else ""
        weighed = [chosen(one.votes, one.weights(how)) for one in polled]
        best = [chosen(one.votes, one.raw(how), best=True) for one in polled]
        found += [_ranked("weighed", shown, weighed, plain), _ranked("best", shown, best, plain)]
    return found


def chosen(votes: Votes, weights: Sequence[float], *, best: bool = False) -> bool:
    """Whether the answer with the most weight, or that of the heaviest solution, is right.

    As in a vote a response without an answer has none, and of two that weigh the same the first one wins.
    """
    given = [(answer, weight) for answer, weight in zip(votes, weights, strict=True) if answer is not None]
    if not given:
        return False
    if best:
        return max(given, key=lambda one: one[1])[0] == RIGHT
    sums: dict[int, float] = {}
    for answer, weight in given:
        sums[answer] = sums.get(answer, 0.0) + weight
    return max(sums, key=lambda answer: sums[answer]) == RIGHT


def _ranked(pick: str, how: str, right: Sequence[bool], plain: Sequence[bool]) -> Ranked:
    score = stats.score([[one] for one in right])
    assert score is not None  # noqa: S101 - there are problems, see `rerank`
    pairs = list(zip(plain, right, strict=True))
    return Ranked(
        pick=pick,
        aggregate=how,
        score=score,
        difference=stats.paired_difference([float(one) for one in plain], [float(one) for one in right]),
        p_value=stats.mcnemar(pairs.count((False, True)), pairs.count((True, False))),
    )

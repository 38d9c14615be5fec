"""New problems out of known ones, with answers that several solutions agree on (WizardMath's Evol-Instruct).

    problems  ->  the gate  ->  the model changes each (evolving.py), round by round
              ->  well-formed, no copy, unlike all others (novelty.py)
              ->  the gate, before a solution is paid for
              ->  k solutions of each  ->  those on whose answer enough of them agree (agreement.py)
              ->  as rejection sampling (rft.py)

Luo et al. 2023, arXiv:2308.09583. There a teacher model answers the new problems, and rewards choose among
them; here agreement decides, since no reward model is at hand. An answer that solutions agree on can be
wrong, and a problem can have no sense that all of them miss: the card says so.

Beside the training set, in the folder of the runs:

    NAME-evolve-1 ...    the requests for new problems, a run for each round
    NAME-solutions       k solutions of each new problem; nothing to grade by, so all of them are ungraded
    NAME-evolved.jsonl   the problems that were kept, with the agreed answers: a problem set as any other
    NAME-agreed          the same solutions as a run over that set, graded; nothing is asked again for it

A new problem's id names its parent and the way: `train/algebra/1.json+constraint+easier`.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from math500 import data, evaluate, running
from math500.errors import RunMismatch, UsageError
from math500.plural import counted
from math500.records import LeftOut, Problem, SolverInfo
from math500.rundir import RunDir, RunWriter, replace, storage_error
from math500.synth import agreement, dataset, evolving, fairness, novelty, rft, stage
from math500.synth.agreement import Agreement
from math500.synth.evolving import Way
from math500.synth.novelty import Known
from math500.synth.stage import Stages

Direction = Literal["up", "down", "both"]
AGREE = 0.75
"""The share of solutions that have to agree, unless another one is asked for."""


@dataclass(frozen=True)
class Settings:
    """How problems are changed and what is kept.

    Attributes:
        direction: to harder problems, to easier ones, or both.
        rounds: how often a problem is changed, each time from where it is.
        width: new problems out of one in a round, each in another way.
        agree: the share of the solutions that have to agree.
        ways: how problems are changed.
        keep: as for rejection sampling.
    """

    direction: Direction = "both"
    rounds: int = 1
    width: int = 1
    agree: float = AGREE
    ways: tuple[Way, ...] = evolving.WAYS
    keep: rft.Settings = field(default_factory=rft.Settings)

    @property
    def open_ways(self) -> list[Way]:
        """The ways of the direction."""
        return [way for way in self.ways if self.direction in ("both", way.direction)]


def make(stages: Stages, settings: Settings | None = None) -> dataset.TrainingSet:
    """Write a training set of solutions to new problems.

    Args:
        stages: how the model is asked; the request's samples are the solutions that have to agree.
        settings: see there.

    Raises:
        Contaminated: the problems are those of MATH-500.
        UsageError: fewer than two solutions are asked for, or nothing is left.
        Math500Error: as for a run; the same command goes on.
    """
    settings = settings or Settings()
    _refuse(stages, settings)
    dataset.refuse_taken(stages.out)
    parents = stage.chosen(stages.request, stages.say)
    clean, left_out = stage.parted(parents, settings.keep.against)
    stage.require_some(clean, left_out)
    made, runs = _evolved(stages, clean, settings, left_out)
    if not made:
        raise UsageError(
            f"no new problem is left ({stage.counted(left_out)})", "Try other problems or another model."
        )
    stages.say(f"{counted(len(made), 'new problem')}; {stage.counted(left_out) or 'nothing'} left out")
    solved = stages.carry_out("solutions", made, running.prompt_of(stages.request, stages.say))
    kept = _agreed(solved, settings, left_out)
    file = stages.runs / f"{stages.out.name}-evolved.jsonl"
    _store(file, kept)
    graded = _graded(solved, kept, file, stages.folder("agreed"))
    tries = [dataclasses.replace(one, method="evolve") for one in rft.tries_of(graded, settings.keep)]
    origin = rft.Origin(
        method="evolve",
        runs=[*runs, solved, graded],
        details={
            "direction": settings.direction,
            "rounds": settings.rounds,
            "width": settings.width,
            "agree": settings.agree,
            "ways": [way.name for way in settings.open_ways],
        },
        left_out=left_out,
        notes=_notes(settings, stages, len(kept)),
    )
    return rft.keep(tries, stages.out, settings.keep, origin)


def _refuse(stages: Stages, settings: Settings) -> None:
    if stages.request.samples < 2:
        raise UsageError("one solution agrees with itself", "Say --samples 4 or more.")
    if stages.request.solver.name not in rft.SOLVERS:
        raise UsageError(
            f"the samples of the solver {stages.request.solver.name} are not one solution each",
            f"Use --solver {' or '.join(rft.SOLVERS)}.",
        )
    if not settings.open_ways:
        raise UsageError(f"there is no way {settings.direction}", "Take another --direction, or add one.")
    if settings.width > len(settings.open_ways):
        raise UsageError(
            f"--width {settings.width} is more than the {len(settings.open_ways)} ways there are",
            "Ask for fewer.",
        )


# -- new problems ------------------------------------------------------------------------------


def _evolved(
    stages: Stages, parents: Sequence[Problem], settings: Settings, left_out: list[LeftOut]
) -> tuple[list[Problem], list[RunDir]]:
    """The new problems of all rounds, and the runs that they are from."""
    source = data.load(stages.request.data, path=stages.request.data_path).problems
    lineage = {problem.unique_id: problem.problem for problem in parents}
    made: list[Problem] = []
    runs: list[RunDir] = []
    for number in range(1, settings.rounds + 1):
        asked = [one for parent in parents for one in requests(parent, settings)]
        run = _round(stages, number, asked)
        runs.append(run)
        candidates = _candidates(run, lineage, left_out)
        clean, contaminated = stage.parted(candidates, settings.keep.against)
        left_out += contaminated
        parents = list(_new(clean, [*source, *made], run, left_out))
        lineage |= {problem.unique_id: problem.problem for problem in parents}
        made += parents
        if not parents:
            break
    return made, runs


def requests(parent: Problem, settings: Settings) -> list[Problem]:
    """What is asked for of one problem; which ways, the seed and the problem's id decide."""
    ways = fairness.shuffled(
        settings.open_ways, settings.keep.seed, lambda way: f"{parent.unique_id}\n{way.name}"
    )
    return [
        Problem(
            problem=way.asked(parent.problem),
            answer="",
            unique_id=f"{parent.unique_id}+{way.name}",
            subject=parent.subject,
        )
        for way in ways[: settings.width]
    ]


def _round(stages: Stages, number: int, asked: Sequence[Problem]) -> RunDir:
    return stages.carry_out(f"evolve-{number}", asked, evolving.EVOLVE, samples=1, solver=SolverInfo())


def _candidates(run: RunDir, lineage: Mapping[str, str], left_out: list[LeftOut]) -> list[Problem]:
    """The well-formed problems of a round, in the run's order."""
    samples, found = run.samples(), []
    for asked in run.problems():
        sample = samples.get((asked.unique_id, 0))
        if sample is None or sample.failure is not None:
            reason, evidence = (
                "failed",
                "" if sample is None or sample.failure is None else sample.failure.kind,
            )
            text = ""
        elif evaluate.truncated(sample):
            reason, evidence, text = "truncated", "the token limit ended it", ""
        else:
            text = evolving.written(sample.response)
            reason, evidence = evolving.malformed(text)
        if not reason and (share := novelty.old(text, ancestors(asked.unique_id, lineage))) > novelty.OLD:
            reason, evidence = (
                "like_parent",
                f"{100 * share:.0f} % of it stand in the problem that it was made of",
            )
        if reason:
            left_out.append(_left_out(asked.unique_id, run, reason, evidence))
        else:
            found.append(msgspec.structs.replace(asked, problem=text))
    return found


def ancestors(unique_id: str, lineage: Mapping[str, str]) -> list[str]:
    """The texts of the problems that one was made of, the last one first."""
    found = []
    while "+" in unique_id:
        unique_id = unique_id.rpartition("+")[0]
        if unique_id in lineage:
            found.append(lineage[unique_id])
    return found


def _new(
    candidates: Sequence[Problem],
    others: Sequence[Problem],
    run: RunDir,
    left_out: list[LeftOut],
) -> Iterable[Problem]:
    """The candidates that are like no other problem; of two that are alike the first one stays."""
    known = Known([*others, *candidates])
    there = {problem.unique_id for problem in others}
    for problem in candidates:
        own = {problem.unique_id, *_line(problem.unique_id)}
        like = [found for found in known.like(problem.problem) if found[0] in there - own]
        if like:
            other, rule, share = like[0]
            evidence = f"like {other}, found by {rule} ({100 * share:.0f} %)"
            left_out.append(_left_out(problem.unique_id, run, "like_another", evidence))
        else:
            there.add(problem.unique_id)
            yield problem


def _line(unique_id: str) -> list[str]:
    """The ids that one was made of."""
    parts = unique_id.split("+")
    return ["+".join(parts[:n]) for n in range(1, len(parts))]


def _left_out(unique_id: str, run: RunDir, reason: str, evidence: str) -> LeftOut:
    return LeftOut(
        problem_id=unique_id, reason=reason, evidence=evidence, parent=run.path.resolve().name, sample=0
    )


# -- answers -----------------------------------------------------------------------------------


def _agreed(solved: RunDir, settings: Settings, left_out: list[LeftOut]) -> list[Problem]:
    """The problems on whose answer enough solutions agree, with that answer and an estimated level."""
    by_problem = defaultdict(list)
    for (unique_id, _), sample in sorted(solved.samples().items()):
        by_problem[unique_id].append(sample)
    found: dict[str, Agreement] = {}
    for problem in solved.problems():
        one = agreement.agreement(by_problem[problem.unique_id])
        if one.n == solved.manifest.samples and one.share >= settings.agree:
            found[problem.unique_id] = one
        else:
            evidence = f"{one.votes} of {counted(one.n, 'solution')} agree" + (
                f", on {one.answer}" if one.votes else ""
            )
            left_out.append(
                LeftOut(
                    problem_id=problem.unique_id,
                    reason="no_agreement" if one.n == solved.manifest.samples else "failed",
                    evidence=evidence,
                    parent=solved.path.resolve().name,
                )
            )
    if not found:
        raise UsageError(
            f"on no new problem do {100 * settings.agree:.0f} % of the solutions agree "
            f"({stage.counted(left_out)})",
            f"See {solved.path}; ask for a smaller --agree, or a stronger model.",
        )
    level = agreement.levels(found, settings.agree)
    return [
        msgspec.structs.replace(p, answer=found[p.unique_id].answer, level=level[p.unique_id])
        for p in solved.problems()
        if p.unique_id in found
    ]


def _store(file: Path, problems: Sequence[Problem]) -> None:
    try:
        replace(file, b"".join(msgspec.json.encode(problem) + b"\n" for problem in problems))
    except OSError as e:
        raise storage_error(e, file) from e


def _graded(solved: RunDir, problems: Sequence[Problem], file: Path, folder: Path) -> RunDir:
    """The solutions of these problems as a run over them, graded by the answers that they agree on."""
    source = data.load(str(file)).source
    made = msgspec.structs.replace(
        solved.manifest,
        run_id=f"{solved.manifest.run_id}+agreed",
        data=source,
        selection=msgspec.structs.replace(solved.manifest.selection, ids=(), count=len(problems)),
    )
    if not (folder / "manifest.json").is_file():
        RunWriter.create(folder, made, problems).close()
    with RunWriter(folder) as run:
        if run.problems() != tuple(problems) or run.manifest.data.sha256 != source.sha256:
            raise RunMismatch(
                f"{folder} is about other problems", "Use the same settings again, or another --out."
            )
        known, wanted = run.samples(), {problem.unique_id for problem in problems}
        for key, sample in sorted(solved.samples().items()):
            if key[0] in wanted and key not in known:
                run.append(sample)
        evaluate.grade(run)
        run.write_summary(evaluate.summarize(run))
    return RunDir.open(folder)


def _notes(settings: Settings, stages: Stages, kept: int) -> list[str]:
    share, k = f"{100 * settings.agree:.0f} %", stages.request.samples
    answers = (
        f"{counted(kept, 'new problem')}; their answers are those on which at least {share} of "
        f"{k} solutions of the same model agree, by value. They were checked by nobody and can be wrong."
    )
    levels = (
        "Levels are estimates within this set, by how far the solutions disagree and by their length; they "
        "are not the levels of MATH."
    )
    return [answers, levels]

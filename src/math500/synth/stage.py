"""One step of a method that asks a model: an ordinary run folder, made or gone on with.

A stage's folder is named after the training set, so that the same command finds it again after a kill. What
is there is not paid for twice; a folder that was made otherwise is refused, never mixed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from math500 import data, evaluate, running
from math500.cluster import Ray
from math500.errors import Contaminated, RunMismatch, UsageError
from math500.records import Asking, Decoding, LeftOut, Problem, Prompt
from math500.rundir import RunDir
from math500.running import Request, Say
from math500.synth.dataset import CONTAMINATED, match_in_words
from math500.synth.decontaminate import TEST_SET, Gatekeeper


@dataclass(frozen=True)
class Stages:
    """How the steps of one training set are asked.

    Attributes:
        request: the model, its decoding and where the problems come from.
        out: the training set's folder, whose name the stages' folders begin with.
        runs: where they are.
        say: told what is going on.
        quiet: show no progress.
        engine: Ray's workers, in place of this process.
    """

    request: Request
    out: Path
    runs: Path
    say: Say
    quiet: bool = False
    engine: Ray | None = None

    def folder(self, name: str) -> Path:
        """Where the stage of this name is."""
        return self.runs / f"{self.out.name}-{name}"

    def carry_out(self, name: str, problems: Sequence[Problem], given: Prompt, **changes: object) -> RunDir:
        """Ask these problems, or what is owed of them; a failed request is asked again once.

        Args:
            name: the stage's.
            problems: what is asked, whatever the set's own problems are.
            given: how it is asked.
            changes: fields of the request that are other here.

        Raises:
            UsageError: there is nothing to ask.
            RunMismatch: the folder holds a run that was made otherwise.
            Math500Error: as for a run; the same command goes on.
        """
        if not problems:
            raise UsageError(
                f"no problem is left for the step {name!r}",
                "See what was left out, or choose other problems.",
            )
        folder = self.folder(name)
        request = replace(self.request, out=folder, **changes)  # type: ignore[arg-type]
        if (folder / "manifest.json").is_file():
            _require_same(RunDir.open(folder), request, problems, given)
        else:
            running.start(
                request,
                say=self.say,
                quiet=self.quiet,
                reshape=lambda _: tuple(problems),
                given=given,
                engine=self.engine,
            )
        if evaluate.owed(RunDir.open(folder)):
            self._resume(folder, request)
        return RunDir.open(folder)

    def _resume(self, folder: Path, request: Request) -> None:
        def within(before: Asking) -> Asking:
            urls = (request.base_url,) if isinstance(request.base_url, str) else tuple(request.base_url or ())
            asking = request.asking
            return msgspec.structs.replace(
                before,
                base_urls=urls or before.base_urls,
                budget=asking.budget,
                timeouts=asking.timeouts,
                key_variable=asking.key_variable or before.key_variable,
            )

        running.resume(
            folder,
            concurrency=request.concurrency,
            say=self.say,
            quiet=self.quiet,
            change=within,
            private=request.private,
            price=request.price,
            engine=self.engine,
        )


def _require_same(run: RunDir, request: Request, problems: Sequence[Problem], given: Prompt) -> None:
    """Do nothing if the run was made like this.

    Raises:
        RunMismatch: it was not.
    """
    made, decoding = run.manifest, request.decoding
    limit = decoding.max_tokens or made.decoding.max_tokens
    same = {
        "model": made.model.name == request.model,
        "prompt": made.prompt == given,
        "decoding": made.decoding == msgspec.structs.replace(decoding, max_tokens=limit),
        "number of samples": made.samples == request.samples,
        "solver": made.solver_settings == request.solver,
        "choice of problems": run.problems() == tuple(problems),
    }
    if differing := [name for name, equal in same.items() if not equal]:
        raise RunMismatch(
            f"{run.path} was made with another {' and '.join(differing)}",
            "Use the same settings again, or another --out.",
        )


# -- what may be asked -------------------------------------------------------------------------


def of_run(request: Request, run: RunDir) -> Request:
    """The request with the problems of a run, from where the run had them.

    Raises:
        Contaminated: they are MATH-500's.
    """
    source = run.manifest.data
    refuse_test_set(source.name)
    path = Path(source.location) if source.place == "path" else None
    return replace(
        request,
        data=source.name,
        data_path=path,
        ids=tuple(problem.unique_id for problem in run.problems()),
        limit=None,
        shuffle_seed=None,
        subjects=(),
        levels=(),
    )


def chosen(request: Request, say: Say) -> list[Problem]:
    """The problems that a request chooses.

    Raises:
        Contaminated: they are MATH-500's.
        UsageError: no problem is chosen.
        DataError: the set could not be had.
    """
    refuse_test_set(request.data)
    found = data.load(request.data, path=request.data_path, announce=say)
    problems, _ = data.select(
        found.problems,
        limit=request.limit,
        subjects=request.subjects,
        levels=request.levels,
        ids=request.ids,
        shuffle_seed=request.shuffle_seed,
    )
    return list(problems)


def refuse_test_set(name: str) -> None:
    """Do nothing unless a set is MATH-500.

    Raises:
        Contaminated: it is.
    """
    if name == TEST_SET:
        raise Contaminated(
            "the problems are those of MATH-500, which must never train",
            "Use other problems, such as --data math-train.",
        )


def refuse_runs(runs: Sequence[RunDir], solvers: Sequence[str] = ()) -> None:
    """Do nothing if rows may be made of these runs.

    Args:
        runs: the runs.
        solvers: those whose samples can be used; empty where no sample is.

    Raises:
        Contaminated: one is over MATH-500, or holds one of its problems under its id.
        UsageError: one was solved otherwise, or two folders have one name.
    """
    for run in runs:
        refuse_test_set(run.manifest.data.name)
        if solvers and run.manifest.solver_settings.name not in solvers:
            raise UsageError(
                f"{run.path} was made with the solver {run.manifest.solver}",
                f"Use runs of {' or '.join(solvers)}.",
            )
    names = Counter(run.path.resolve().name for run in runs)
    if twice := [name for name, count in names.items() if count > 1]:
        raise UsageError(f"two runs are called {twice[0]}", "Rename one of the folders, or leave it out.")
    Gatekeeper.of().refuse_ids(root(problem.unique_id) for run in runs for problem in run.problems())


def require_one_set(runs: Sequence[RunDir]) -> None:
    """Do nothing if all runs are over the same set, which the run that asks about them then names.

    Raises:
        UsageError: they are not.
    """
    if other := [run for run in runs if run.manifest.data.sha256 != runs[0].manifest.data.sha256]:
        raise UsageError(
            f"{other[0].path} and {runs[0].path} are over different sets", "Make a training set of each."
        )


def parted(problems: Sequence[Problem], against: Sequence[str]) -> tuple[list[Problem], list[LeftOut]]:
    """Problems without a test problem in them, and the others; before anything is paid for.

    Raises:
        Contaminated: one has the id of a problem of MATH-500.
        DataError: MATH-500, or another set to check against, could not be had.
    """
    keeper = Gatekeeper.of(against)
    keeper.refuse_ids(root(problem.unique_id) for problem in problems)
    clean, left_out = [], []
    for problem in problems:
        match = keeper.check({"problem_id": problem.unique_id, "problem": problem.problem})
        if match is None:
            clean.append(problem)
        else:
            left_out.append(
                LeftOut(
                    problem_id=problem.unique_id,
                    reason=CONTAMINATED,
                    evidence=match_in_words(match),
                    match=match,
                )
            )
    return clean, left_out


def require_some(problems: Sequence[Problem], left_out: Iterable[LeftOut]) -> None:
    """Do nothing if a problem is left to ask; no file says yet why there is none.

    Raises:
        UsageError: there is none.
    """
    if not problems:
        raise UsageError(f"no problem is left ({counted(left_out)})", "Choose other problems.")


def counted(left_out: Iterable[LeftOut]) -> str:
    """How many were left out, by reason."""
    found = Counter(one.reason for one in left_out)
    return ", ".join(f"{reason} {n}" for reason, n in found.most_common())


def greedy(decoding: Decoding) -> Decoding:
    """The same without chance, for a text that is to be written once."""
    return msgspec.structs.replace(decoding, temperature=0.0, top_p=None)


def root(unique_id: str) -> str:
    """The id of the problem that a problem was made of: what stands before the first `+`."""
    return unique_id.partition("+")[0]

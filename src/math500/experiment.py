"""A study as a file: a matrix of protocols, each cell an ordinary run, one table at the end.

    study.toml --cells--> settings of each run --> STUDY/CELL/ (run folders) --tradeoffs--> one table

    [common]                       what all cells share
    model = "embedded"
    limit = 100

    [matrix]                       every combination of these
    prompt = ["boxed", "bare"]
    temperature = [0, 0.7]

    [[cell]]                       one more cell
    name = "voting"
    solver = "vote:cot"
    votes = 8

A cell that is finished is not asked again; one that was stopped goes on where it was. What a cell was made
with is kept in its run's manifest and, as typed, in STUDY/experiment.json: a file that says something else
about a cell that was begun is refused, since its table would compare what it does not say.
"""

from __future__ import annotations

import itertools
import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from math500 import data, estimate, evaluate, paid, prompts, running, solve, tradeoffs
from math500.client import prices, resolve
from math500.errors import DataUnreadable, QuotaExhausted, RunMismatch, UsageError, why
from math500.models import default_max_tokens, is_embedded
from math500.records import Asking, Budget, Price, StudyCell, Tradeoff
from math500.rundir import RunDir

DECODING = ("temperature", "top_p", "max_tokens", "seed")
SOLVER = (
    *("solver", "votes", "confidence", "stopping", "weigh", "judge", "reward", "aggregate", "pick"),
    *("rounds", "tool_calls"),
)
PLAIN = (
    *("model", "base_url", "data", "limit", "shuffle_seed", "subjects", "levels", "prompt", "system"),
    *("no_system", "shots", "choose", "shots_from", "shots_seed", "samples", "concurrency"),
    *("judge_base_url", "judge_key_variable"),
)
KNOWN = (*PLAIN, *DECODING, *SOLVER)
"""What a cell may set: options of `math500 run`, with underscores."""

Settings = Mapping[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Study:
    """A file, read and checked."""

    folder: Path
    cells: dict[str, Settings]
    """Name to settings, in the file's order."""


def read(file: Path, folder: Path | None = None) -> Study:
    """The cells of a file.

    Args:
        file: the study.
        folder: where its runs are; `runs/NAME-OF-FILE` when None.

    Raises:
        DataUnreadable: it cannot be read, or is no TOML.
        UsageError: it sets what cannot be set, or two cells have one name.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise DataUnreadable(
            f"{file} cannot be read ({why(e)})", "Give a TOML file; see docs/experiment.md."
        ) from e
    if strange := set(content) - {"common", "matrix", "cell"}:
        raise UsageError(
            f"{file} has {', '.join(sorted(strange))}", "It may have [common], [matrix] and [[cell]]."
        )
    common, matrix = content.get("common", {}), content.get("matrix", {})
    _check(f"{file}, [common]", common)
    _check(f"{file}, [matrix]", matrix)
    cells: dict[str, Settings] = {}
    for name, settings in (*_crossed(file, matrix), *_listed(file, content.get("cell", []))):
        if name in cells:
            raise UsageError(f"{file} has two cells named {name}", "Give one of them another `name`.")
        cells[name] = {**common, **settings}
    if not cells:
        raise UsageError(f"{file} has no cell", "Write lists into [matrix], or a [[cell]].")
    return Study(folder or Path("runs") / file.stem, cells)


def _check(where: str, settings: Settings) -> None:
    if strange := [key for key in settings if key not in KNOWN]:
        raise UsageError(f"{where} sets {', '.join(strange)}", f"A cell can set {', '.join(KNOWN)}.")


def _crossed(file: Path, matrix: Settings) -> list[tuple[str, Settings]]:
    """Every combination of the matrix' lists, named by its values."""
    if single := [key for key, values in matrix.items() if not isinstance(values, list) or not values]:
        raise UsageError(
            f"{file}, [matrix]: {', '.join(single)} is no list",
            "What is the same for all belongs into [common].",
        )
    if not matrix:
        return []
    combined = [dict(zip(matrix, values, strict=True)) for values in itertools.product(*matrix.values())]
    return [(_name(*cell.values()), cell) for cell in combined]


def _listed(file: Path, listed: Sequence[Settings]) -> list[tuple[str, Settings]]:
    cells: list[tuple[str, Settings]] = []
    for number, cell in enumerate(listed, 1):
        settings = {key: value for key, value in cell.items() if key != "name"}
        _check(f"{file}, [[cell]] {number}", settings)
        cells.append((_name(cell.get("name", f"cell-{number}")), settings))
    return cells


def _name(*values: object) -> str:
    """A folder's name out of a cell's values."""
    return re.sub(r"[^\w.=-]+", "-", "_".join(str(value) for value in values)).strip("-")


# -- carrying it out ---------------------------------------------------------------------------


def plan(study: Study, say: Say) -> tuple[StudyCell, ...]:
    """What is there of each cell, and what the rest may take; nothing is asked.

    Raises:
        Math500Error: a cell's settings, problems or prompt cannot be had.
    """
    _require_same(study)
    return tuple(_planned(study.folder / name, name, settings, say) for name, settings in study.cells.items())


def _planned(folder: Path, name: str, settings: Settings, say: Say) -> StudyCell:
    request = request_of(settings)
    problems, _ = data.select(
        data.load(request.data, announce=say).problems,
        limit=request.limit,
        subjects=request.subjects,
        levels=request.levels,
        shuffle_seed=request.shuffle_seed,
    )
    prompt = running.prompt_for(request, problems, say)
    limit = request.decoding.max_tokens or default_max_tokens(request.model)
    expected = estimate.estimate(
        [prompts.messages(prompt, p.problem) for p in problems],
        problems,
        samples=request.samples,
        max_tokens=limit,
        price=_price(request),
        solutions=solve.solutions(request.solver),
        replies=solve.replies(request.solver),
    )
    judged = request.solver.judge is not None
    high = None if judged else expected.completion_tokens.high
    return StudyCell(
        name=name,
        settings=dict(settings),
        problems=len(problems),
        owed=_owed(folder, len(problems) * request.samples),
        requests=expected.most_requests,
        most_tokens=None if high is None else round((expected.prompt_tokens.high or 0) + high),
        most_cost=None if expected.cost is None or judged else expected.cost.high,
    )


def _price(request: running.Request) -> Price | None:
    """The listed price of the cell's model; None where it is not known, or costs nothing."""
    if is_embedded(request.model):
        return None
    url = request.base_url if isinstance(request.base_url, str) else None
    return prices.find(resolve(request.model, url, os.environ))


def _owed(folder: Path, whole: int) -> int:
    return len(evaluate.owed(RunDir.open(folder))) if _begun(folder) else whole


def _begun(folder: Path) -> bool:
    return (folder / "manifest.json").is_file()


def carry_out(
    study: Study, *, most_tokens: int | None = None, say: Say, quiet: bool = False
) -> tuple[Tradeoff, ...]:
    """Ask what is owed, cell by cell, and lay the finished cells side by side.

    Args:
        study: the cells.
        most_tokens: what all cells together may take, earlier tries included; None for no limit.
        say: told what is going on.
        quiet: show no progress.

    Raises:
        RunMismatch: the file says something else about a cell that was begun.
        QuotaExhausted: `most_tokens` is used up; the same command goes on with a higher one.
        Math500Error: as for a run. What was collected is kept, and the same command goes on.
    """
    _require_same(study)
    asked = {name: request_of(settings) for name, settings in study.cells.items()}
    study.folder.mkdir(parents=True, exist_ok=True)
    _remember(study)
    for number, (name, request) in enumerate(asked.items(), 1):
        folder = study.folder / name
        say(f"cell {number} of {len(study.cells)}: {name}")
        budget = _left(study, folder, most_tokens)
        if not _begun(folder):
            asking = msgspec.structs.replace(request.asking, budget=budget)
            running.start(replace(request, out=folder, asking=asking), say=say, quiet=quiet)
        elif evaluate.owed(RunDir.open(folder)):
            running.resume(folder, concurrency=None, say=say, quiet=quiet, change=_within(budget))
    return tradeoffs.tradeoffs([RunDir.open(study.folder / name) for name in study.cells])


def _within(budget: Budget) -> Callable[[Asking], Asking]:
    return lambda asking: msgspec.structs.replace(asking, budget=budget)


def _left(study: Study, folder: Path, most: int | None) -> Budget:
    """What this cell may take: what the others have left, counted from its own beginning."""
    if most is None:
        return Budget()
    others = [study.folder / name for name in study.cells if study.folder / name != folder]
    left = most - sum(_spent(other) for other in others)
    if left <= _spent(folder):
        raise QuotaExhausted(
            f"the {most:,} tokens of this study are used up", "Give a higher --max-tokens-total."
        )
    return Budget(tokens=left)


def _spent(folder: Path) -> int:
    return paid.in_all(RunDir.open(folder)) if _begun(folder) else 0


def request_of(settings: Settings) -> running.Request:
    """The run of a cell.

    Raises:
        UsageError: a value is of the wrong kind, or two of them contradict each other.
    """
    solver: dict[str, Any] = {key: settings[key] for key in SOLVER if key in settings}
    # A rule may be said for all cells as well.
    solver.setdefault("stopping", solve.stopping_of(None, None, solver.get("weigh", "equal")))
    if "solver" in solver:
        solver["name"] = solver.pop("solver")
    # Where the judge is may be said for all cells, also those that have none.
    plain = [key for key in PLAIN if "judge" in solver or not key.startswith("judge")]
    made = {key: settings[key] for key in plain if key in settings}
    made |= {"decoding": {key: settings[key] for key in DECODING if key in settings}, "solver": solver}
    try:
        request = msgspec.convert({**made, "command": ["experiment"]}, running.Request)
    except msgspec.ValidationError as e:
        raise UsageError(f"a cell's settings cannot be used ({e})", "See docs/experiment.md.") from e
    running.check(request)
    return request


# -- what was begun ----------------------------------------------------------------------------


def _require_same(study: Study) -> None:
    """Refuse a file that says something else about a cell that was begun."""
    for name, before in _remembered(study).items():
        now = study.cells.get(name)
        if now is not None and _begun(study.folder / name) and dict(now) != before:
            keys = sorted(k for k in {*now, *before} if now.get(k) != before.get(k))
            raise RunMismatch(
                f"the cell {name} was begun with another {', '.join(keys)}",
                f"Give it another name, or move {study.folder / name} away.",
            )


def _remembered(study: Study) -> dict[str, dict[str, Any]]:
    path = study.folder / "experiment.json"
    if not path.is_file():
        return {}
    try:
        found: dict[str, dict[str, Any]] = msgspec.json.decode(
            path.read_bytes(), type=dict[str, dict[str, Any]]
        )
    except (OSError, msgspec.DecodeError) as e:
        raise DataUnreadable(
            f"{path} cannot be read ({why(e)})", "Restore it, or move the folder away."
        ) from e
    return found


def _remember(study: Study) -> None:
    known = _remembered(study) | {name: dict(settings) for name, settings in study.cells.items()}
    text = msgspec.json.format(msgspec.json.encode(known), indent=2)
    (study.folder / "experiment.json").write_bytes(text + b"\n")

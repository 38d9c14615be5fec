from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from math500.errors import Contaminated, QuotaExhausted, RunError, RunMismatch, UsageError
from math500.records import Manifest, SolverInfo
from math500.rundir import RunDir
from math500.synth import masked, rft
from math500.synth.dataset import TrainingSet, left_out_of
from tests.faulty_server import Act, error
from tests.faulty_server import Request as Sent
from tests.synth.asked import HELD_OUT, TRAIN, run_of, scripted, source, stages, train

__all__ = ["train"]
Make = Callable[..., Manifest]
ROLLS = "There are $12 \\cdot 15 = 180$ rolls, and $180 - 30 = 150$ of them are good: $\\boxed{150}$."
ROOTS = "Factoring gives $(x - 4)(x - 7) = 0$ with $4 + 7 = 11$ and $4 \\cdot 7 = 28$: $\\boxed{7}$."
SPEAKS = "As the outline says, $15 + 10 - 5 = 20$ numbers are multiples: $\\boxed{20}$."
MASKS = {
    "baker": (
        "<masked>There are $12 \\cdot 15 = A$ rolls. Without the burnt ones $A - 30 = B$ remain.</masked>"
    ),
    "larger": "<masked>We factor into $(x - A)(x - B)$, so the larger solution is seven.</masked>",
    "multiples": "<masked>There are A multiples of 4, B of 6 and C of both, so $A + B - C = D$.</masked>",
}


def model(asked: str) -> str:
    if "</masked>" in asked:
        return next(said for word, said in MASKS.items() if word in asked)
    return next(
        said for word, said in (("baker", ROLLS), ("larger", ROOTS), ("multiples", SPEAKS)) if word in asked
    )


def test_hard_problems_become_rows_that_ask_the_plain_problem(train: Path) -> None:
    with scripted(model) as server:
        made = masked.make(stages(server.url, train))
        assert len(server.requests) == 6
        asked = [sent.body["messages"][-1]["content"] for sent in server.requests]
    assert all("<outline>" in text and "\\boxed{150}" not in text for text in asked)
    rows = TrainingSet.load(made.path).rows
    assert [row.problem_id for row in rows] == ["train/rolls", "train/roots"]
    assert rows[0].prompt[-1].content.startswith(TRAIN[0].problem)
    assert "outline" not in json.dumps(msgspec.to_builtins(rows))
    assert {row.method for row in rows} == {"masked"}
    assert [parent.run for parent in made.manifest.parents] == ["set-solutions"]
    assert made.manifest.left_out == {"mentions_hint": 2, "same_calculation": 2}
    assert made.manifest.settings["mask"] == "rule"
    assert masked.NOTE in made.manifest.notes
    shown = [one.evidence for one in left_out_of(made.path) if one.reason == "mentions_hint"]
    assert shown[0] == "it says: the outline says" or "outline" in shown[0]


def test_the_model_masks_and_a_mask_that_shows_the_answer_is_not_used(train: Path) -> None:
    with scripted(model) as server:
        made = masked.make(stages(server.url, train), masked.Settings(mask="model"))
        hinted = [r.body["messages"][-1]["content"] for r in server.requests if b"<outline>" in r.raw]
    assert made.manifest.left_out["mask_shows_answer"] == 1
    assert not any("larger" in text for text in hinted)
    assert [parent.run for parent in made.manifest.parents] == ["set-masks", "set-solutions"]
    assert made.manifest.parents[0].decoding.temperature == 0.0
    assert [row.problem_id for row in made.rows] == ["train/rolls"]


def test_a_run_says_which_problems_are_hard(train: Path, tmp_path: Path, manifest_of: Make) -> None:
    texts = {"train/rolls": ["$\\boxed{1}$", "$\\boxed{150}$"], "train/roots": ["$\\boxed{4}$", "I give up."]}
    run = run_of(tmp_path / "first", manifest_of(data=source(train)), texts, TRAIN[:2])
    assert [problem.unique_id for problem in masked.never_right(run)] == ["train/roots"]
    with scripted(model) as server:
        made = masked.make(stages(server.url, train, data="math500"), run=run)
    assert [row.problem_id for row in made.rows] == ["train/roots"]
    assert made.manifest.settings["hard"] == "never right in first"
    assert [parent.run for parent in made.manifest.parents] == ["first", "set-solutions"]


def test_code_solutions_hold_their_code_and_its_output(train: Path) -> None:
    def coder(asked: str) -> str:
        if asked.startswith("```output"):
            return "So 150 good rolls remain: $\\boxed{150}$."
        return "I calculate it.\n```python\nrolls = 12 * 15\nprint(rolls - 30)\n```"

    asked = stages(train=train, url="", samples=1, solver=SolverInfo(name="tools"), ids=("train/rolls",))
    with scripted(coder) as server:
        asked = stages(server.url, train, samples=1, solver=SolverInfo(name="tools"), ids=("train/rolls",))
        made = masked.make(asked)
    text = made.rows[0].completion[0].content  # type: ignore[union-attr]
    assert "print(rolls - 30)" in text
    assert "```output\n150\n```" in text
    assert made.manifest.parents[0].solver.name == "tools"


def test_what_was_paid_for_is_not_asked_again(train: Path) -> None:
    def quota(request: Sent) -> Act | None:
        return (
            error(429, "You exceeded your current quota", "insufficient_quota")
            if request.number > 2
            else None
        )

    settings = masked.Settings(mask="model")
    with scripted(model, quota) as server, pytest.raises(QuotaExhausted):
        masked.make(stages(server.url, train), settings)
    paid = len(RunDir.open(train.parent / "runs" / "set-masks").samples())
    assert paid == 2
    with scripted(model) as server:
        first = masked.make(stages(server.url, train), settings)
        assert len(server.requests) == 1 + 4
    rows = (first.path / "rows.jsonl").read_bytes()
    for path in first.path.iterdir():
        path.unlink()
    with scripted(model) as server:
        again = masked.make(stages(server.url, train), settings)
        assert not server.requests
    assert (again.path / "rows.jsonl").read_bytes() == rows
    assert again.manifest == first.manifest


def test_other_settings_do_not_mix_with_what_is_there(train: Path) -> None:
    with scripted(model) as server:
        made = masked.make(stages(server.url, train))
        with pytest.raises(RunError, match="not empty"):
            masked.make(stages(server.url, train))
        for path in made.path.iterdir():
            path.unlink()
        with pytest.raises(RunMismatch, match="number of samples"):
            masked.make(stages(server.url, train, samples=3))
        with pytest.raises(RunMismatch, match="choice of problems"):
            masked.make(stages(server.url, train, ids=("train/rolls",)))


def test_test_problems_are_refused_before_anything_is_asked(train: Path) -> None:
    with scripted(model) as server:
        with pytest.raises(Contaminated, match="MATH-500"):
            masked.make(stages(server.url, train, data="math500"))
        train.write_bytes(msgspec.json.encode(HELD_OUT) + b"\n")
        with pytest.raises(Contaminated, match=r"test/algebra/1\.json"):
            masked.make(stages(server.url, train))
        copied = msgspec.structs.replace(HELD_OUT, unique_id="mine/1", solution="$17 + 5 = \\boxed{22}$")
        train.write_bytes(msgspec.json.encode(copied) + b"\n")
        with pytest.raises(UsageError, match="contaminated 1"):
            masked.make(stages(server.url, train))
        assert not server.requests


def test_problems_without_a_solution_and_solvers_of_several_answers(train: Path) -> None:
    bare = msgspec.structs.replace(TRAIN[0], solution="")
    train.write_bytes(msgspec.json.encode(bare) + b"\n")
    with scripted(model) as server:
        with pytest.raises(UsageError, match="no_reference 1"):
            masked.make(stages(server.url, train))
        with pytest.raises(UsageError, match="review"):
            masked.make(stages(server.url, train, solver=SolverInfo(name="review")))


def test_rows_are_chosen_as_in_rejection_sampling(train: Path) -> None:
    said = iter(range(1000))

    def varied(asked: str) -> str:
        return (
            model(asked).replace("We", f"Way {next(said)}. We")
            if "baker" not in asked
            else (
                f"There are $12 \\cdot 15 = 180$ rolls, $180 - {10 + (n := next(said))} = {170 - n}$ and so "
                f"on to $180 - 30 = 150$: $\\boxed{{150}}$."
            )
        )

    keep = rft.Settings(per_problem=1)
    with scripted(varied) as server:
        made = masked.make(stages(server.url, train), masked.Settings(keep=keep))
    assert made.manifest.left_out["per_problem"] == 1


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        ("Too few words.", "no_mask"),
        ("This puzzle is a special case of another one that is solved in the same way.", "no_mask"),
        ("There are $A$ rolls. Without the burnt ones $B - 30 = C$ remain.", ""),
        ("There are $A$ rolls. Without the burnt ones a hundred and $150$ remain.", "mask_shows_answer"),
    ],
)
def test_a_mask_is_the_solution_without_its_results(mask: str, reason: str) -> None:
    assert masked.refused(TRAIN[0], mask)[0] == reason

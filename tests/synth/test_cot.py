from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from math500 import grading
from math500.errors import Contaminated, UsageError
from math500.records import DataSource, Generation, Manifest, Prompt, Sample
from math500.rundir import RunDir
from math500.synth import cot, repairs, rft
from math500.synth.dataset import TrainingSet, left_out_of
from tests.synth.asked import HELD_OUT, TRAIN, run_of, scripted, solved_by, source, stages, train

__all__ = ["train"]
Make = Callable[..., Manifest]

RIGHT = "First, $12 \\cdot 15 = 180$. Then $180 - 30 = \\boxed{150}$."
WRONG = "First, $12 \\cdot 15 = 160$. Then $160 - 30 = \\boxed{130}$."
ROOTS = "We have $4 + 7 = 11$ and $4 \\cdot 7 = 28$, so $x = \\boxed{7}$."
TEXTS = {"train/rolls": [RIGHT, WRONG], "train/roots": [ROOTS, "It is $\\boxed{4}$."]}
CHECK = (
    "The first step goes wrong: 12 times 15 is not 160, since 10 times 15 is 150 already and 30 is missing."
)


@pytest.fixture
def run(train: Path, tmp_path: Path, manifest_of: Make) -> RunDir:
    return run_of(tmp_path / "base", manifest_of(data=source(train)), TEXTS, TRAIN[:2])


def texts(made: TrainingSet) -> list[str]:
    return [row.completion[0].content for row in TrainingSet.load(made.path).rows]  # type: ignore[union-attr]


# -- steps -------------------------------------------------------------------------------------


def test_steps_by_rule_out_of_the_samples_themselves(run: RunDir, tmp_path: Path) -> None:
    made = cot.make([run], tmp_path / "set")
    assert texts(made) == [
        "Step 1: First, $12 \\cdot 15 = 180$.\nStep 2: Then $180 - 30 = 150$.\nThe answer is $\\boxed{150}$."
    ]
    assert made.manifest.left_out == {"no_steps": 1, "wrong": 2}
    assert (made.manifest.settings["form"], made.manifest.settings["by"]) == ("steps", "rule")
    assert made.rows[0].method == "cot"
    assert made.rows[0].prompt[-1].content.startswith(TRAIN[0].problem)


def test_steps_in_chinese_ask_in_chinese(run: RunDir, tmp_path: Path) -> None:
    made = cot.make([run], tmp_path / "set", cot.Settings(language="zh"))
    assert texts(made)[0].startswith("第1步: First")
    assert texts(made)[0].endswith("答案是 $\\boxed{150}$。")
    assert "请通过逐步推理" in made.rows[0].prompt[-1].content


def test_steps_by_the_model_are_graded_and_must_be_steps(run: RunDir, train: Path) -> None:
    def model(asked: str) -> str:
        if "baker" in asked:
            return "Step 1: $12 \\cdot 15 = 180$.\nStep 2: $180 - 30 = 150$.\nThe answer is $\\boxed{150}$."
        return "We see $4 + 7 = 11$ and $4 \\cdot 7 = 28$, therefore it is $\\boxed{7}$."

    with scripted(model) as server:
        made = cot.make([run], train.parent / "set", stages=stages(server.url, train, samples=1))
        asked = [sent.body["messages"][-1]["content"] for sent in server.requests]
    assert len(asked) == 2
    assert all(f"Solution:\n{text}" in "".join(asked) for text in (RIGHT, ROOTS))
    assert texts(made)[0].startswith("Step 1: ")
    assert [(one.reason, one.parent) for one in left_out_of(made.path) if one.reason == "no_steps"] == [
        ("no_steps", "set-steps")
    ]
    assert [parent.run for parent in made.manifest.parents] == ["base", "set-steps"]
    assert made.rows[0].prompt[-1].content.startswith(TRAIN[0].problem)
    assert "Solution:" not in made.rows[0].prompt[-1].content


# -- check -------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_wrong_attempt_its_check_and_the_right_solution(
    run: RunDir, train: Path, language: cot.Language
) -> None:
    def model(asked: str) -> str:
        return CHECK if "160" in asked else "The sum was not looked at. So the answer is 7."

    settings = cot.Settings(kind="check", language=language)
    with scripted(model) as server:
        made = cot.make([run], train.parent / "set", settings, stages=stages(server.url, train))
        assert len(server.requests) == 2
    (text,) = texts(made)
    wrong, check, right = text.index("160 - 30"), text.index(CHECK), text.index(RIGHT)
    assert wrong < check < right
    assert text.count("\\boxed") == 1
    assert ("Let me check" if language == "en" else "让我检查") in text
    assert grading.grade(text, "150").verdict == "correct"
    assert made.manifest.left_out["check_shows_answer"] == 1
    assert made.rows[0].parent == "base"
    assert [parent.run for parent in made.manifest.parents] == ["base", "set-checks"]


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        ("No.", "no_check"),
        ("The first step is wrong, so that it has to be $\\boxed{150}$ in the end.", "no_check"),
        ("The first step is wrong. Therefore the answer is 150.", "check_shows_answer"),
        ("The right solution multiplies 12 by 15 correctly, and this attempt does not.", "mentions_hint"),
        ("与正确解答相比, 第一步的乘法算错了, 应当重新计算十二乘以十五的结果。", "mentions_hint"),
        (CHECK, ""),
    ],
)
def test_what_is_no_check(run: RunDir, check: str, reason: str) -> None:
    right, wrong = list(rft.tries_of(run, rft.Settings()))[:2]
    assert repairs.refused(check, repairs.Pair("a", wrong, right))[0] == reason


def test_without_a_wrong_sample_there_is_nothing_to_check(
    train: Path, tmp_path: Path, manifest_of: Make
) -> None:
    only = run_of(tmp_path / "base", manifest_of(data=source(train)), {"train/rolls": [RIGHT]}, TRAIN[:1])
    with scripted(lambda _: CHECK) as server:
        with pytest.raises(UsageError, match="a usable correct sample and a wrong one"):
            cot.make([only], tmp_path / "set", cot.Settings(kind="check"), stages=stages(server.url, train))
        assert not server.requests


@pytest.mark.parametrize("solver", ["review", "selfcheck"])
def test_checks_by_rule_out_of_a_models_own_turns(
    train: Path, tmp_path: Path, manifest_of: Make, solver: str
) -> None:
    second = f"The product was wrong. {RIGHT}"
    said = {
        "train/rolls": [f"{WRONG}|||{second}", f"{RIGHT}|||It is right: {RIGHT}"],
        "train/roots": ["It is $\\boxed{4}$.|||It is still $\\boxed{4}$.", f"I do not know.|||{ROOTS}"],
    }
    run = run_of(tmp_path / "base", manifest_of(data=source(train), **solved_by(solver)), said, TRAIN[:2])
    made = cot.make([run], tmp_path / "set", cot.Settings(kind="check"))
    (text,) = texts(made)
    assert text.startswith("First, $12 \\cdot 15 = 160$. Then $160 - 30 = 130$.\n\nLet me check")
    assert text.endswith(second)
    assert made.manifest.left_out == {"no_mistake": 2, "wrong": 1}


def test_code_in_the_turns_stays_with_its_output(manifest_of: Make) -> None:
    from math500.records import Execution, Grade

    turns = ["```python\nprint(160 - 30)\n```", "So $\\boxed{130}$. Verification: False", RIGHT]
    sample = Sample(
        unique_id="train/rolls",
        index=0,
        response=RIGHT,
        generations=tuple(Generation(text=turn) for turn in turns),
        executions=(Execution(code="print(160 - 30)", output="130\n"),),
    )
    one = rft.Try(
        "base", TRAIN[0], sample, Grade(verdict="correct"), Prompt(name="p", template="", source="")
    )
    made = repairs.of_turns(one, "en")
    assert made is not None
    assert "```output\n130\n```\nSo $130$. Verification: False\n\nLet me check" in made.text


# -- backward ----------------------------------------------------------------------------------


def test_backward_problems_are_solved_and_graded_by_the_masked_number(run: RunDir, train: Path) -> None:
    def model(asked: str) -> str:
        assert "It is known that the answer to this problem is" in asked
        if "fills $x$ trays" in asked:
            return "Before burning there were $150 + 30 = 180$ rolls, and $180 / 15 = 12$: $\\boxed{12}$."
        return "It may well be $1 + 1 = 2$, so $\\boxed{2}$."

    settings = cot.Settings(kind="backward", numbers=3)
    with scripted(model) as server:
        made = cot.make([run], train.parent / "set", settings, stages=stages(server.url, train))
    (row,) = made.rows
    assert row.problem_id == "train/rolls+x14"
    assert "fills $x$ trays" in row.prompt[-1].content
    assert "$150$" in row.prompt[-1].content
    assert (
        made.manifest.left_out["wrong"]
        == len(RunDir.open(train.parent / "runs/set-solutions").problems()) * 2 - 2
    )
    assert [parent.run for parent in made.manifest.parents] == ["set-solutions"]
    assert made.manifest.settings["numbers"] == 3


def test_backward_in_chinese(run: RunDir, train: Path) -> None:
    with scripted(
        lambda asked: "由 $150 + 30 = 180$, $180 / 15 = 12$, 得 $\\boxed{12}$。" if "已知" in asked else ""
    ) as server:
        settings = cot.Settings(kind="backward", language="zh", numbers=3)
        made = cot.make([run], train.parent / "set", settings, stages=stages(server.url, train, samples=1))
    assert "求 $x$ 的值" in made.rows[0].prompt[-1].content
    assert "请通过逐步推理" in made.rows[0].prompt[-1].content


def test_which_number_is_asked_for_the_seed_decides() -> None:
    def chosen(seed: int) -> list[str]:
        settings = cot.Settings(kind="backward", keep=rft.Settings(seed=seed))
        return [one.unique_id for problem in TRAIN for one in cot.turned_round(problem, settings)]

    assert chosen(1) == chosen(1)
    assert len({tuple(chosen(seed)) for seed in range(8)}) > 1


# -- what is refused ---------------------------------------------------------------------------


def test_runs_that_rows_cannot_be_made_of(
    run: RunDir, train: Path, tmp_path: Path, manifest_of: Make
) -> None:
    test_set = DataSource(name="math500", place="cache", location="x", rows=1, sha256="0", verified=True)
    over_tests = run_of(
        tmp_path / "tests", manifest_of(data=test_set), {HELD_OUT.unique_id: ["22"]}, (HELD_OUT,)
    )
    for kind in ("steps", "check", "backward"):
        with scripted(lambda _: "") as server:
            with pytest.raises(Contaminated):
                cot.make(
                    [over_tests], tmp_path / "set", cot.Settings(kind=kind), stages=stages(server.url, train)
                )
            assert not server.requests
    with pytest.raises(UsageError, match="review or selfcheck"):
        cot.make([run], tmp_path / "set", cot.Settings(kind="check"))
    with pytest.raises(UsageError, match="--model"):
        cot.make([run], tmp_path / "set", cot.Settings(kind="backward"))
    with pytest.raises(UsageError, match="no run"):
        cot.make([], tmp_path / "set")
    reviewed = run_of(
        tmp_path / "r", manifest_of(data=source(train), **solved_by("review")), TEXTS, TRAIN[:2]
    )
    with pytest.raises(UsageError, match="solver"):
        cot.make([reviewed], tmp_path / "set")
    with pytest.raises(UsageError, match="not asked in zh"):
        cot.make([reviewed], tmp_path / "set", cot.Settings(kind="check", language="zh"))
    assert not (tmp_path / "set").exists()


def test_the_same_runs_give_the_same_bytes(run: RunDir, tmp_path: Path) -> None:
    first, second = cot.make([run], tmp_path / "a"), cot.make([run], tmp_path / "b")
    assert (first.path / "rows.jsonl").read_bytes() == (second.path / "rows.jsonl").read_bytes()
    assert msgspec.json.encode(first.manifest) == msgspec.json.encode(second.manifest)


def test_a_test_problem_under_its_id_and_runs_over_two_sets_are_refused(
    run: RunDir, train: Path, tmp_path: Path, manifest_of: Make
) -> None:
    mine = run_of(tmp_path / "mine", manifest_of(), {HELD_OUT.unique_id: ["22"]}, (HELD_OUT,))
    with pytest.raises(Contaminated, match=r"test/algebra/1\.json"):
        cot.make([mine], tmp_path / "set")
    other = run_of(tmp_path / "other", manifest_of(), TEXTS, TRAIN[:2])
    with scripted(lambda _: "") as server:
        for kind in ("steps", "check", "backward"):
            with pytest.raises(UsageError, match="different sets"):
                cot.make(
                    [run, other], tmp_path / "set", cot.Settings(kind=kind), stages=stages(server.url, train)
                )
        assert not server.requests

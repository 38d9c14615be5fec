"""The task family in lm-eval's own evaluator, with a scripted model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import lm_eval
import pytest
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager
from lm_eval.tasks._yaml_loader import load_yaml

from math500 import grading, prompts, stats
from math500.errors import UsageError
from math500.lmeval import TASKS
from math500.lmeval.response import Response
from math500.records import Failure, Generation
from tests.lmeval.conftest import Case

pytestmark = pytest.mark.lm_eval

BY_PROMPT = {f"math500_{name.replace('-', '_')}": name for name in prompts.names()}


class Scripted(LM):  # type: ignore[misc] # lm-eval ships no types
    """Answers what a function says; keeps what it was asked."""

    tokenizer_name = "scripted"

    def __init__(self, answer: Callable[[str], str]) -> None:
        super().__init__()
        self.answer = answer
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def generate_until(self, requests: list[Instance]) -> list[str]:
        self.asked += [request.args for request in requests]
        return [self.answer(request.args[0]) for request in requests]

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        return json.dumps(chat_history, ensure_ascii=False)

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        raise NotImplementedError

    loglikelihood_rolling = loglikelihood


@pytest.fixture
def evaluate(problem_file: Path) -> Callable[..., Any]:
    """Runs lm-eval on the invented problems."""

    def run(model: LM, *tasks: str, metadata: dict[str, Any] | None = None, **options: Any) -> Any:
        manager = TaskManager(
            include_path=str(TASKS),
            include_defaults=False,
            metadata={"problems": str(problem_file), **(metadata or {})},
        )
        return lm_eval.simple_evaluate(
            model=model, tasks=list(tasks), task_manager=manager, bootstrap_iters=1, **options
        )

    return run


def expected(cases: Sequence[Case]) -> Any:
    """The score of the script by the grader alone."""
    verdicts = [grading.grade(case.response, case.problem.answer).verdict for case in cases]
    score = stats.score([[v == "correct"] for v in verdicts if v != "ungraded"])
    assert score is not None
    return score


def test_a_task_for_every_prompt_and_the_default() -> None:
    manager = TaskManager(include_path=str(TASKS), include_defaults=False)
    assert {"math500", "math500_subjects", "math500_prompts", *BY_PROMPT} <= set(manager.all_tasks)
    assert manager.task_index["math500_prompts"].tags == set(BY_PROMPT)


def test_the_yaml_files_hold_no_prompt_text() -> None:
    allowed = {"include", "task", "task_alias", "tag", "prompt", "subject"}
    for path in TASKS.glob("*.yaml"):
        content = load_yaml(path, resolve_func=False, recursive=False)
        assert "group" in content or set(content) <= allowed, path.name


def test_same_responses_same_score_as_the_grader(
    evaluate: Callable[..., Any], script: Callable[[str], str], cases: Sequence[Case]
) -> None:
    found = evaluate(Scripted(script), "math500")
    score = expected(cases)
    result = found["results"]["math500"]
    assert result["pass@1,none"] == pytest.approx(score.value, abs=1e-12)
    assert result["samples,none"] == len(cases) == score.n
    assert 0 < score.value < 1
    for row, case in zip(found["samples"]["math500"], cases, strict=True):
        grade = grading.grade(case.response, case.problem.answer)
        (sample,) = row["samples"]
        assert {name: sample[name] for name in ("verdict", "extracted", "rule", "stage", "reason")} == {
            name: getattr(grade, name) for name in ("verdict", "extracted", "rule", "stage", "reason")
        }
        assert row["pass@1"] == (grade.verdict == "correct")
        assert row["doc"]["unique_id"] == case.problem.unique_id


@pytest.mark.usefixtures("invented_shots")
@pytest.mark.parametrize("task", ["math500", *BY_PROMPT])
def test_every_task_asks_what_math500_run_asks(
    task: str, evaluate: Callable[..., Any], script: Callable[[str], str], cases: Sequence[Case]
) -> None:
    prompt = prompts.with_shots(prompts.get(BY_PROMPT.get(task, prompts.DEFAULT)), ())
    model = Scripted(script)
    found = evaluate(model, task, apply_chat_template=True, limit=3)
    asked = [(json.loads(text), settings) for text, settings in model.asked]
    for (messages, settings), case in zip(asked, cases[:3], strict=True):
        wanted = prompts.messages(prompt, case.problem.problem)
        assert messages == [{"role": m.role, "content": m.content} for m in wanted]
        assert settings["until"] == list(prompt.stop)
        assert settings["temperature"] == 0.0
        assert settings["max_gen_toks"] > 256
    assert found["configs"][task]["metadata"]["prompt"]["template"] == prompt.template
    assert found["configs"][task]["metadata"]["grader"] == grading.GRADER


def test_without_a_chat_template_the_prompt_is_the_plain_text(
    evaluate: Callable[..., Any], script: Callable[[str], str], cases: Sequence[Case]
) -> None:
    model = Scripted(script)
    evaluate(model, "math500_bare", limit=1)
    assert model.asked[0][0] == cases[0].problem.problem


@pytest.mark.parametrize("name", ["max_gen_toks", "max_tokens", "max_new_tokens", "max_completion_tokens"])
def test_settings_come_from_the_command_line(
    name: str, evaluate: Callable[..., Any], script: Callable[[str], str]
) -> None:
    model = Scripted(script)
    evaluate(model, "math500", limit=1, gen_kwargs=f"{name}=77,temperature=0.6")
    assert model.asked[0][1] == {"until": [], "max_gen_toks": 77, "temperature": 0.6, "do_sample": True}


@pytest.mark.parametrize("settings", ["do_sample=True", "do_sample=False,temperature=0.6"])
def test_settings_that_contradict_each_other_are_refused(
    settings: str, evaluate: Callable[..., Any], script: Callable[[str], str]
) -> None:
    with pytest.raises(UsageError, match="do_sample"):
        evaluate(Scripted(script), "math500", limit=1, gen_kwargs=settings)


def test_repeats_average_and_vote(evaluate: Callable[..., Any], cases: Sequence[Case]) -> None:
    """Of four samples of `4` the answers are 4, 5, 4 spelled otherwise, and none."""
    answers = iter(["\\boxed{7}", "\\boxed{5}", "\\boxed{7.0}", ""] * len(cases))
    model = Scripted(lambda _: next(answers))
    found = evaluate(model, "math500", limit=2, metadata={"repeats": 4}, gen_kwargs="temperature=1")
    result = found["results"]["math500"]
    assert [row["pass@1"] for row in found["samples"]["math500"]] == [0.5, 0.0]
    assert [row["maj@4"] for row in found["samples"]["math500"]] == [1.0, 0.0]
    assert (result["pass@1,none"], result["maj@4,none"], result["samples,none"]) == (0.25, 0.5, 8)
    assert result["no_answer,none"] == 2
    assert len(model.asked) == 8


@pytest.mark.parametrize("repeats", [0, -1, 1.5, "two", True])
def test_odd_repeats_are_refused(
    repeats: object, evaluate: Callable[..., Any], script: Callable[[str], str]
) -> None:
    with pytest.raises(UsageError, match="repeats"):
        evaluate(Scripted(script), "math500", metadata={"repeats": repeats})


def test_the_subjects_group_is_the_mean_over_problems(
    evaluate: Callable[..., Any], script: Callable[[str], str], cases: Sequence[Case]
) -> None:
    found = evaluate(Scripted(script), "math500_subjects")
    subjects = [
        value["pass@1,none"] for name, value in found["results"].items() if name != "math500_subjects"
    ]
    assert len(subjects) == 7
    group = found["groups"]["math500_subjects"]["pass@1,none"]
    assert group == pytest.approx(expected(cases).value, abs=1e-12)
    assert group != pytest.approx(sum(subjects) / 7)
    algebra = [case for case in cases if case.problem.subject == "Algebra"]
    assert found["results"]["math500_algebra"]["pass@1,none"] == pytest.approx(expected(algebra).value)


def test_failed_samples_stay_out_of_the_mean(
    evaluate: Callable[..., Any], script: Callable[[str], str], cases: Sequence[Case]
) -> None:
    def sometimes(text: str) -> str:
        if any(f"Problem {i}:" in text for i in (0, 3)):
            return Response(failure=Failure(kind="filtered", detail="withheld"))
        return script(text)

    found = evaluate(Scripted(sometimes), "math500")["results"]["math500"]
    rest = [case for i, case in enumerate(cases) if i not in (0, 3)]
    assert found["failed,none"] == 2
    assert found["pass@1,none"] == pytest.approx(expected(rest).value, abs=1e-12)
    assert found["pass@1,none"] != pytest.approx(expected(cases).value)
    assert found["pass@1_stderr,none"] > 0


def test_when_everything_failed_there_is_no_score(evaluate: Callable[..., Any]) -> None:
    failed = Response(failure=Failure(kind="filtered", detail="withheld"))
    found = evaluate(Scripted(lambda _: failed), "math500", limit=3)["results"]["math500"]
    assert found["failed,none"] == 3
    assert "pass@1,none" not in found


def test_the_log_carries_how_a_response_was_generated(evaluate: Callable[..., Any]) -> None:
    generation = Generation(
        text="\\boxed{7", finish_reason="length", prompt_tokens=5, completion_tokens=6, reasoning="hm"
    )
    model = Scripted(lambda _: Response(generation.text, generation, max_tokens=6))
    found = evaluate(model, "math500", limit=1)
    (sample,) = found["samples"]["math500"][0]["samples"]
    assert sample["finish_reason"] == "length"
    assert (sample["prompt_tokens"], sample["completion_tokens"], sample["max_tokens"]) == (5, 6, 6)
    assert sample["reasoning"] == "hm"
    assert found["results"]["math500"]["truncated,none"] == 1


def test_predict_only_grades_nothing(
    evaluate: Callable[..., Any], script: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grading, "grade", lambda *_, **__: pytest.fail("graded"))
    found = evaluate(Scripted(script), "math500", limit=2, predict_only=True)
    assert [row["resps"][0][0] for row in found["samples"]["math500"]] == [
        script("Problem 0:"),
        script("Problem 1:"),
    ]


def test_a_user_can_build_on_a_task(problem_file: Path, tmp_path: Path, script: Callable[[str], str]) -> None:
    """A YAML file of the user's own that includes one of ours and changes a setting."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "mine.yaml").write_text(
        f"include: {TASKS / 'math500_bare.yaml'}\ntask: mine\ngeneration_kwargs:\n  temperature: 0.5\n",
        encoding="utf-8",
    )
    manager = TaskManager(
        include_path=str(own), include_defaults=False, metadata={"problems": str(problem_file)}
    )
    model = Scripted(script)
    lm_eval.simple_evaluate(model=model, tasks=["mine"], task_manager=manager, bootstrap_iters=0, limit=1)
    assert model.asked[0][1]["temperature"] == 0.5
    assert model.asked[0][1]["max_gen_toks"] > 256


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """lm-eval's own seeding must not leak into other tests' random numbers."""
    import random

    state = random.getstate()
    yield
    random.setstate(state)

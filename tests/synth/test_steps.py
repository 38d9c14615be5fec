"""Labelled steps out of runs: what is asked, what is kept, what a kill costs."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

import math500
from math500 import grading, prompts, verify
from math500.errors import Contaminated, ModelError, RunError, UsageError
from math500.records import Asking, Budget, Manifest, StepRow
from math500.rundir import RunDir
from math500.synth import steps
from math500.synth.dataset import TrainingSet, left_out_of
from math500.synth.stage import Stages
from math500.synth.steps import Settings
from tests.faulty_server import Act, FaultyServer, chat, error
from tests.faulty_server import Request as Sent
from tests.synth.asked import TRAIN, prepared, run_of, scripted, solved_by, source, stages, train

__all__ = ["train"]
RIGHT = "12*15=180 rolls.\n180-30=150 good ones.\nThe answer is $\\boxed{150}$."
WRONG = "12*15=180 rolls.\n180+30=210 good ones.\nThe answer is $\\boxed{210}$."
ROOTS = "It is (x-4)(x-7).\nThe answer is $\\boxed{7}$."
TEXTS = {"train/rolls": [RIGHT, WRONG, "$\\boxed{150}$", "I do not know."], "train/roots": [ROOTS]}
PROBE = "Write the digit 1"


def completes(beginning: str) -> str:
    """A model that never sees that a sum went wrong, and otherwise is right every time."""
    if "(x-4)" in beginning:
        return "So $\\boxed{7}$."
    return "So $\\boxed{210}$." if "210" in beginning else "So $\\boxed{150}$."


def tokens(closing: int = 0) -> Callable[[Sent], Act | None]:
    """Answers the question whether an answer is gone on with; so many tokens close the turn."""

    def before(request: Sent) -> Act | None:
        sent = request.body["messages"]
        if not sent[0]["content"].startswith(PROBE):
            return None
        words = len(sent[1]["content"].split()) + closing if len(sent) > 1 else 0
        body = json.loads(chat("1 1"))
        body["usage"]["prompt_tokens"] = 20 + words
        return Act(body=json.dumps(body).encode())

    return before


@contextmanager
def completer(script: Callable[[str], str] = completes, **more: Any) -> Iterator[FaultyServer]:
    with scripted(script, **{"before": tokens()} | more) as server:
        yield server


@pytest.fixture
def run(train: Path, manifest_of: Callable[..., Manifest]) -> RunDir:
    return run_of(train.parent / "base", manifest_of(data=source(train)), TEXTS, TRAIN[:2])


def asked_of(server: FaultyServer) -> list[list[dict[str, Any]]]:
    """What was sent, but for the probe."""
    every = [request.body["messages"] for request in server.requests]
    return [messages for messages in every if not messages[0]["content"].startswith(PROBE)]


def by_sample(made: TrainingSet) -> dict[tuple[str, int | None], StepRow]:
    return {(row.problem_id, row.sample): row for row in made.rows if isinstance(row, StepRow)}


def test_steps_get_the_labels_that_their_completions_earn(run: RunDir, train: Path) -> None:
    with completer() as server:
        made = steps.make([run], stages(server.url, train))
    rows = by_sample(made)
    assert set(rows) == {("train/rolls", 0), ("train/rolls", 1), ("train/roots", 0)}
    right, wrong = rows["train/rolls", 0], rows["train/rolls", 1]
    assert "".join(right.completions) == RIGHT
    assert "".join(wrong.completions) == WRONG
    assert (right.labels, right.soft, right.rollouts) == ((True,) * 3, (1.0,) * 3, (2, 2, 0))
    assert (wrong.labels, wrong.soft, wrong.rollouts) == ((True, False, False), (1.0, 0.0, 0.0), (2, 2, 0))
    assert wrong.prompt[0].content == prompts.messages(run.manifest.prompt, TRAIN[0].problem)[0].content
    assert made.manifest.kind == "stepwise"
    assert made.manifest.left_out == {"no_answer": 1, "one_step": 1}
    assert [parent.run for parent in made.manifest.parents] == ["base", "set-rollouts-1"]
    assert made.manifest.notes[0].startswith("10 completions from behind 5 of 5 steps; 0 of them")


def test_verify_does_not_take_what_was_asked_for_altered_problems(run: RunDir, train: Path) -> None:
    with completer() as server:
        given = stages(server.url, train)
        steps.make([run], given)
    found = verify.verify(given.folder("rollouts-1"))
    assert [check for check in found.checks if check.state == "differs"] == []
    assert "made out of the set's problems" in next(c for c in found.checks if c.about == "problems").what


def test_the_model_is_asked_to_go_on_with_the_beginning(run: RunDir, train: Path) -> None:
    with completer() as server:
        steps.make([run], stages(server.url, train))
        sent = asked_of(server)
        bodies = [request.body for request in server.requests]
    assert all([message["role"] for message in messages] == ["user", "assistant"] for messages in sent)
    beginnings = Counter(messages[1]["content"] for messages in sent)
    assert beginnings["12*15=180 rolls.\n180+30=210 good ones.\n"] == 2
    assert all("\x1e" not in messages[0]["content"] for messages in sent)
    assert all(body["continue_final_message"] for body in bodies if len(body["messages"]) == 2)
    rolled = RunDir.open(train.parent / "runs" / "set-rollouts-1")
    responses = {sample.response for sample in rolled.samples().values()}
    assert "12*15=180 rolls.\nSo $\\boxed{150}$." in responses
    checks = {check.about: check.state for check in verify.verify(rolled.path).checks}
    assert checks["responses"] == checks[f"grades {grading.GRADER.replace('/', '-')}"] == "ok"


def test_an_engine_that_gives_the_beginning_back_gives_it_once(run: RunDir, train: Path) -> None:
    with completer(lambda beginning: beginning + completes(beginning)) as server:
        steps.make([run], stages(server.url, train))
    rolled = RunDir.open(train.parent / "runs" / "set-rollouts-1")
    assert "12*15=180 rolls.\nSo $\\boxed{150}$." in {s.response for s in rolled.samples().values()}


def test_an_answer_that_stands_in_the_beginning_is_no_copy_of_the_question(
    train: Path, manifest_of: Callable[..., Manifest]
) -> None:
    begun = "We get $(x-4)(x-7)$, so $x=7$.\nThe answer is $\\boxed{7}$."
    run = run_of(train.parent / "b", manifest_of(data=source(train)), {"train/roots": [begun]}, TRAIN[1:2])
    with completer(lambda _: "So $\\boxed{x=7}$.") as server:
        made = steps.make([run], stages(server.url, train))
    assert by_sample(made)["train/roots", 0].soft == (1.0, 1.0)


@pytest.mark.parametrize(("search", "requests"), [("all", 10), ("first", 4), ("binary", 4)])
def test_a_search_pays_for_what_it_needs(run: RunDir, train: Path, search: Any, requests: int) -> None:
    with completer() as server:
        made = steps.make([run], stages(server.url, train), Settings(search=search))
        assert len(asked_of(server)) == requests
    rows = by_sample(made)
    assert rows["train/rolls", 1].labels == (True, False, False)
    assert rows["train/rolls", 0].labels == (True, True, True)


def test_half_of_a_problem_are_right_ones(train: Path, manifest_of: Callable[..., Manifest]) -> None:
    texts = [
        f"{n}*7={7 * n} first.\n{last}" for n in range(2, 6) for last in ("$\\boxed{150}$", "$\\boxed{9}$")
    ]
    run = run_of(train.parent / "b", manifest_of(data=source(train)), {"train/rolls": texts}, TRAIN[:1])
    with completer(lambda _: "It is $\\boxed{150}$.") as server:
        made = steps.make([run], stages(server.url, train), Settings(per_problem=2))
    assert sorted(row.labels[-1] for row in made.rows if isinstance(row, StepRow)) == [False, True]
    assert made.manifest.left_out["per_problem"] == 6


def test_completions_that_failed_count_nowhere(run: RunDir, train: Path) -> None:
    def before(request: Sent) -> Act | None:
        fails = "210" in request.body["messages"][-1]["content"]
        return error(400, "content filter", "content_filter") if fails else tokens()(request)

    with completer(before=before) as server:
        made = steps.make([run], stages(server.url, train))
    assert ("train/rolls", 1) not in by_sample(made)
    assert made.manifest.left_out["untold"] == 1


def test_a_stopped_command_goes_on_and_asks_nothing_twice(run: RunDir, train: Path) -> None:
    with completer() as server:
        whole = stages(server.url, train, samples=3)
        few = stages(server.url, train, samples=3, asking=_within(whole, requests=4), concurrency=1)
        with pytest.raises(ModelError):
            steps.make([run], few)
        paid = len(asked_of(server))
        assert 0 < paid < 15
        steps.make([run], whole)
        assert len(asked_of(server)) == 15


def _make(folder: str, url: str) -> None:
    """In a process of its own, which the server kills."""
    put: Callable[[str, Any], None] = lambda _, value: setattr(math500.data, "load", value)  # noqa: E731
    steps.make([RunDir.open(Path(folder) / "base")], stages(url, prepared(Path(folder), put)))


@pytest.mark.parametrize("at", [1, 3, 9])
@pytest.mark.usefixtures("run")
def test_a_killed_command_goes_on_and_asks_nothing_twice(train: Path, at: int) -> None:
    process: list[Any] = []

    def kill(request: Sent) -> Act | None:
        if request.number == at + 3:  # three requests see whether an answer is gone on with
            os.kill(process[0].pid, signal.SIGKILL)
            return Act(end="hang")
        return tokens()(request)

    with completer(before=kill) as server:
        spawn = multiprocessing.get_context("spawn")
        process.append(spawn.Process(target=_make, args=(str(train.parent), server.url)))
        process[0].start()
        process[0].join(60)
        assert process[0].exitcode == -signal.SIGKILL
    kept = len(RunDir.open(train.parent / "runs" / "set-rollouts-1").samples())
    assert kept <= at - 1
    assert not (train.parent / "set").exists()
    with completer() as server:
        made = steps.make([RunDir.open(train.parent / "base")], stages(server.url, train))
        assert len(server.requests) == 10 - kept
    assert len(made.rows) == 3


def _within(given: Stages, **budget: Any) -> Asking:
    return msgspec.structs.replace(given.request.asking, budget=Budget(**budget))


def test_other_settings_are_not_mixed_with_what_was_begun(run: RunDir, train: Path) -> None:
    with completer() as server:
        steps.make([run], stages(server.url, train))
        with pytest.raises(RunError, match="not empty"):
            steps.make([run], stages(server.url, train))
        (train.parent / "set").rename(train.parent / "before")
        with pytest.raises(RunError, match="another number of samples"):
            steps.make([run], stages(server.url, train, samples=5))


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (tokens(closing=5), "5 tokens behind it close the turn"),
        (lambda _: None, "the beginning was left out"),
        (lambda _: error(400, "unknown parameter continue_final_message"), "continue_final_message"),
    ],
)
def test_an_endpoint_that_answers_anew_is_refused(
    run: RunDir, train: Path, before: Callable[[Sent], Act | None], said: str
) -> None:
    with completer(before=before) as server, pytest.raises(UsageError, match=said) as refused:
        steps.make([run], stages(server.url, train))
    assert "--api completions" in refused.value.next_step
    assert not (train.parent / "runs").exists()


def test_runs_of_other_solvers_and_of_the_test_set_are_refused(
    train: Path, manifest_of: Callable[..., Manifest]
) -> None:
    given = stages("http://127.0.0.1:9/v1", train)
    tools = run_of(
        train.parent / "t", manifest_of(data=source(train), **solved_by("tools")), TEXTS, TRAIN[:2]
    )
    with pytest.raises(UsageError, match="was made with the solver"):
        steps.make([tools], given)
    of_test = msgspec.structs.replace(source(train), name="math500")
    tests = run_of(train.parent / "m", manifest_of(data=of_test), TEXTS, TRAIN[:2])
    with pytest.raises(Contaminated, match="must never train"):
        steps.make([tests], given)


def test_nothing_to_label_says_why(train: Path, manifest_of: Callable[..., Manifest]) -> None:
    run = run_of(train.parent / "b", manifest_of(data=source(train)), {"train/rolls": ["$\\boxed{1}$"]})
    with pytest.raises(UsageError, match="no solution is left to label \\(one_step 1\\)"):
        steps.make([run], stages("http://127.0.0.1:9/v1", train))


# -- by a judge --------------------------------------------------------------------------------

JUDGED = {"180+30": "Step two adds.\n**First wrong step: 2**", "(x-4)": "All good.\nFirst wrong step: none"}


def _judge(request: str) -> str:
    return next((said for sign, said in JUDGED.items() if sign in request), "I cannot say.")


def test_a_judge_says_the_first_wrong_step(run: RunDir, train: Path) -> None:
    with scripted(_judge) as server:
        made = steps.make([run], stages(server.url, train), Settings(labels="judge"))
        sent = [request.body["messages"][0]["content"] for request in server.requests]
    rows = by_sample(made)
    assert rows["train/rolls", 1].labels == (True, False, False)
    assert rows["train/rolls", 1].rollouts == ()
    assert rows["train/roots", 0].labels == (True, True)
    assert ("train/rolls", 0) not in rows
    assert made.manifest.left_out["unreadable"] == 1
    assert any("[2] 180+30=210 good ones." in text and TRAIN[0].solution in text for text in sent)
    evidence = [one.evidence for one in left_out_of(made.path) if one.reason == "unreadable"]
    assert evidence == ["it says no step: I cannot say."]


def test_a_judge_who_finds_nothing_wrong_in_a_wrong_solution_is_not_believed(
    run: RunDir, train: Path
) -> None:
    with scripted(lambda _: "First wrong step: none") as server:
        made = steps.make([run], stages(server.url, train), Settings(labels="judge"))
    assert made.manifest.left_out["judge_contradicts"] == 1
    assert all(all(row.labels) for row in made.rows if isinstance(row, StepRow))

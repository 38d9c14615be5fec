"""`math500 judge` as a person types it, against an endpoint that misbehaves."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from math500 import display, grading, judging
from math500.records import Estimate, JudgeReport, Overruled
from math500.rundir import RunDir, RunWriter
from tests.faulty_server import Act, FaultyServer, Request, always, chat, error, once
from tests.judge.conftest import judged_run
from tests.test_cli import Command, Outcome, _mistake, command, server

__all__ = ["command", "judged_run", "server"]

BLOCK = re.compile(r"^----- (\w+)\n(.*?)\n----- \1$", re.DOTALL | re.MULTILINE)
JUDGE = "judge-stub-equality/1"
RULE = grading.GRADER.partition("/")[2]
CASCADE = f"judge-stub-equality-cascade/1.{RULE}"
ALL = f"judge-stub-equality-all/1.{RULE}"
OWN = grading.GRADER.replace("/", "-")


def compares(request: Request) -> Act:
    """The plan of a judge that compares letter by letter."""
    *_, reference, answer = (text for _, text in BLOCK.findall(request.body["messages"][0]["content"]))
    return Act(body=chat("Yes" if reference == answer else "No"))


@pytest.fixture
def judge(command: Command, server: FaultyServer, judged_run: Path) -> Callable[..., Outcome]:
    """`math500 judge` on the twelve samples."""
    server.plan = compares

    def run(*more: object) -> Outcome:
        return command("judge", judged_run, "--model", "stub", "--base-url", server.url, *more)

    return run


def test_a_cascade_asks_only_where_the_rule_could_not_tell(
    judge: Command, server: FaultyServer, judged_run: Path
) -> None:
    done = judge()
    assert done.code == 0
    assert len(server.requests) == 3
    assert "3 of 12 graded samples are for the judge (cascade)" in done.err
    assert "Expect 3 requests" in done.err
    assert "rule        33.3 %" in done.out
    assert "judge       50.0 %" in done.out
    grades = RunDir.open(judged_run).grades(CASCADE)
    assert len(grades) == 12
    assert grades["test/2", 0].grade.stage == "judge"
    assert grades["test/1", 0].grade == RunDir.open(judged_run).grades(grading.GRADER)["test/1", 0].grade
    assert RunDir.open(judged_run).graders() == (CASCADE.replace("/", "-"), OWN)


def test_every_sample_and_the_rest_of_the_house(
    judge: Command, command: Command, server: FaultyServer, judged_run: Path
) -> None:
    found = json.loads(judge("--all", "--json", "--quiet").out)
    assert (found["judged"], found["owed"], found["compared"], found["agreed"]) == (9, 0, 6, 6)
    assert found["kappa"] == 1.0
    assert found["requests"] == len(server.requests) == 9
    assert found["prompt_tokens"] == 63
    explained = command("errors", judged_run, "--grader", ALL)
    assert explained.code == 0
    assert command("compare", judged_run, judged_run, "--grader", ALL).code == 0
    assert ALL.replace("/", "-") in command("graders", judged_run, "--kept").out
    made = RunDir.open(judged_run).judging(JUDGE)
    assert made is not None
    assert (made.model.served_name, made.form.name, made.decoding.temperature) == ("stub", "equality", 0.0)
    reply = RunDir.open(judged_run).judgements(JUDGE)["test/2", 0][0]
    assert reply.generation is not None
    assert (reply.generation.request_id, reply.generation.prompt_tokens) == ("chatcmpl-1", 7)


def test_a_second_time_nothing_is_asked(judge: Command, server: FaultyServer) -> None:
    first = json.loads(judge("--all", "--json").out)
    again = judge("--all", "--json")
    assert json.loads(again.out) == first
    assert "9 are judged, 0 are asked about now" in again.err
    assert len(server.requests) == 9
    assert json.loads(judge("--json").out)["score"]["value"] == 0.5
    assert len(server.requests) == 9


def test_the_wrong_ones_too(judge: Command, server: FaultyServer, judged_run: Path) -> None:
    assert json.loads(judge("--wrong", "--json").out)["judged"] == len(server.requests) == 6
    assert (
        RunDir.open(judged_run).grades(f"judge-stub-equality-wrong/1.{RULE}")["test/0", 0].grade.stage == ""
    )


def test_the_verdict_form_sees_the_question(judge: Command, server: FaultyServer) -> None:
    server.plan = always(Act(body=chat("C")))
    found = json.loads(judge("--form", "verdict", "--all", "--json").out)
    assert (found["judged"], found["lost"], found["score"]["value"]) == (12, 3, 0.0)
    assert "What is $" in server.requests[0].body["messages"][0]["content"]


def test_limited_to_a_few_and_then_the_rest(judge: Command, server: FaultyServer) -> None:
    few = judge("--all", "--limit", 2)
    assert len(server.requests) == 2
    assert "7 samples are still to be judged" in few.out
    assert json.loads(judge("--all", "--json").out)["owed"] == 0
    assert len(server.requests) == 9


def test_a_rate_limit_and_a_malformed_answer_are_the_clients_business(
    judge: Command, server: FaultyServer
) -> None:
    slow = error(429, "Rate limit reached", "rate_limit_exceeded", headers={"Retry-After": "0"})
    server.plan = once(slow, Act(body=b"{"), then=compares)
    found = json.loads(judge("--concurrency", 1, "--json").out)
    assert (found["judged"], found["owed"], found["requests"]) == (3, 0, 5)


def test_a_verdict_that_cannot_be_read_is_asked_for_once_more(
    judge: Command, server: FaultyServer, judged_run: Path
) -> None:
    server.plan = always(Act(body=chat("It is hard to say.")))
    done = judge("--concurrency", 1)
    assert len(server.requests) == 6
    assert "3 samples are ungraded" in done.out
    grade = RunDir.open(judged_run).grades(CASCADE)["test/2", 0].grade
    assert grade.verdict == "ungraded"
    assert "2 replies of stub could not be read" in grade.reason


def test_a_dead_quota_ends_in_one_line_and_the_same_command_goes_on(
    judge: Command, server: FaultyServer, judged_run: Path
) -> None:
    empty = error(429, "You exceeded your current quota", "insufficient_quota")
    server.plan = once(compares, compares, then=always(empty))
    _mistake(judge("--all", "--concurrency", 1), 4, "quota", "same command")
    assert len(RunDir.open(judged_run).judgements(JUDGE)) == 2
    server.plan = compares
    assert json.loads(judge("--all", "--json").out)["owed"] == 0
    assert len(server.requests) == 3 + 7


def test_a_failed_request_is_owed(judge: Command, server: FaultyServer) -> None:
    server.plan = once(compares, error(400, "blocked", "content_filter"), then=compares)
    found = judge("--concurrency", 1)
    assert found.code == 0
    assert "1 sample is still to be judged" in found.out
    assert json.loads(judge("--json").out)["owed"] == 0


def test_what_is_refused_again_does_not_stop_the_judging(judge: Command, server: FaultyServer) -> None:
    refused = error(400, "blocked", "content_filter")
    server.plan = once(compares, then=always(refused))
    judge("--all", "--concurrency", 1)
    before = len(server.requests)
    server.plan = always(refused)
    assert judge("--all").code == 0
    assert len(server.requests) == before + 8


def test_a_limit_on_money_holds_over_several_commands(judge: Command, server: FaultyServer) -> None:
    price = ("--price", "100000,500000")
    stopped = judge("--all", "--concurrency", 1, "--max-requests", 4, *price)
    _mistake(stopped, 4, "limit of 4 requests", "--max-requests")
    _mistake(judge("--all", "--max-requests", 4, *price), 4, "limit of 4 requests")
    assert len(server.requests) == 4
    found = json.loads(judge("--all", "--json", *price).out)
    assert found["cost"] == pytest.approx(9 * (7 * 0.1 + 1 * 0.5))


def test_another_process_that_writes_the_run_is_told(judge: Command, judged_run: Path) -> None:
    with RunWriter(judged_run):
        _mistake(judge(), 5, "in use by another process")


def test_a_judge_is_not_mixed_with_another(judge: Command, server: FaultyServer, judged_run: Path) -> None:
    judge("--limit", 1)
    _mistake(judge("--temperature", "0.7"), 5, "another decoding", "judges/judge-stub-equality-1.json")
    _mistake(judge("--max-tokens", "9"), 5, "another decoding")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--all", "--wrong"), ("--all holds", "Leave one")),
        (("--max-cost", "1"), ("stub", "--price")),
    ],
)
def test_a_mistake_is_told_and_leaves_nothing(
    options: tuple[str, ...], words: tuple[str, ...], judge: Command, judged_run: Path
) -> None:
    _mistake(judge(*options), 2, *words)
    assert RunDir.open(judged_run).graders() == (OWN,)


def test_a_judging_that_is_killed_goes_on(
    judge: Command, server: FaultyServer, judged_run: Path, tmp_path: Path
) -> None:
    """Killed with a reply on the way: what was there is there, and only the rest is asked."""
    fourth = threading.Event()

    def plan(request: Request) -> Act:
        if request.number >= 4:
            fourth.set()
            return Act(end="hang")
        return compares(request)

    server.plan = plan
    arguments = ["judge", str(judged_run), "--model", "stub", "--base-url", server.url, "--all"]
    process = subprocess.Popen(
        [sys.executable, "-m", "math500", *arguments, "--concurrency", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
    )
    assert fourth.wait(60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    run = RunDir.open(judged_run)
    assert len(run.judgements(JUDGE)) == 3
    server.plan = compares
    assert json.loads(judge("--all", "--json").out)["owed"] == 0
    assert len(server.requests) == 3 + 1 + 6


def test_names_that_files_can_have() -> None:
    assert judging.judge_name("openai/gpt-4o-mini", "equality") == "judge-openai-gpt-4o-mini-equality/1"
    assert judging.judge_name("embedded:/models/a b.gguf", "verdict") == "judge-embedded-a-b-verdict/1"
    assert judging.grader_name("m", "verdict", "wrong") == f"judge-m-verdict-wrong/1.{RULE}"
    assert len(judging.judge_name("x" * 999, "verdict")) < 150


def test_what_is_shown_fits_and_is_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    score = Estimate(value=0.5, low=0.2, high=0.8, n=12)
    row = Overruled(
        unique_id="test/1",
        index=0,
        rule="ungraded",
        judge="correct",
        extracted="\x1b]0;owned\x07 中文" * 9,
        reference="2",
        said="x",
    )
    found = JudgeReport(
        grader=ALL,
        model="stub\x07",
        form="equality",
        scope="all",
        rule=grading.GRADER,
        rule_score=score,
        score=score,
        difference=None,
        judged=25,
        unreadable=1,
        owed=2,
        requests=30,
        prompt_tokens=1000,
        completion_tokens=30,
        cost=0.25,
        compared=25,
        agreed=24,
        kappa=0.9,
        kappa_low=0.5,
        kappa_high=1.0,
        gained=1,
        overruled=(row,) * 25,
    )
    text = ""
    for columns in (40, 80):
        monkeypatch.setenv("COLUMNS", str(columns))
        text = display.fitted(display.judged(found))
        assert "... and 5 more" in text
        assert all(display.width(line) <= columns for line in text.split("\n"))
        assert "\x07" not in text
        assert "$0.2500" in text
    bare = msgspec.structs.replace(found, kappa=None, kappa_low=None, kappa_high=None)
    assert "not defined" in display.judged(bare)
    assert "may agree with it by chance" not in text
    doubtful = msgspec.structs.replace(found, kappa=0.1, kappa_low=-0.2)
    assert "may agree with it by chance" in display.judged(doubtful)
    assert "nothing here says how good this judge is" in display.judged(
        msgspec.structs.replace(found, compared=0)
    )
    silent = msgspec.structs.replace(found, unreadable=25, compared=0, score=None, overruled=())
    assert "No reply of this judge could be read" in display.judged(silent)
    assert "The rule has no verdict" not in display.judged(silent)
    assert "The rule has no verdict" in display.judged(msgspec.structs.replace(silent, unreadable=1))

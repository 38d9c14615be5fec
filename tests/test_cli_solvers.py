"""Solvers as a person types them: native tool calls, and votes that are weighed, against an endpoint."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from math500 import paid, rewards
from math500.records import Reward
from math500.rundir import RunDir
from math500.solve.calls import NO_JSON
from tests.faulty_server import Act, FaultyServer, Request, always, chat, error
from tests.test_cli import QUESTION, Command, _mistake, command, own_set, run_twelve, server
from tests.test_rerank import described

__all__ = ["command", "own_set", "run_twelve", "server"]

JUDGE = ("--weigh", "judge", "--judge", "big")


def first_number(request: Request) -> int:
    return int(QUESTION.findall(request.raw.decode())[-1])


# -- native calls -----------------------------------------------------------------------------------


def calls(request: Request) -> Act:
    """Calls with broken arguments, then rightly, then answers what the tool said."""
    replies = [m for m in request.body["messages"] if m["role"] == "tool"]
    if len(replies) == 2:
        return Act(body=chat(f"It is $\\boxed{{{replies[-1]['content']}}}$."))
    code = json.dumps({"code": f"print({first_number(request)} * 2)"})
    function = {"name": "python", "arguments": code if replies else code[:-3]}
    call = {"id": f"call_{len(replies)}", "type": "function", "function": function}
    return Act(body=chat(None, "tool_calls", tool_calls=[call]))


NATIVE = ("--solver", "tools", "--tool-calls", "native")


def test_a_run_with_native_calls(run_twelve: Command, server: FaultyServer, folder: Path) -> None:
    server.plan = calls
    done = run_twelve(*NATIVE, "--limit", 3)
    assert done.code == 0
    assert "100.0 %" in done.out
    run = RunDir.open(folder)
    assert run.manifest.solver == "tools, 4 rounds of native calls"
    assert run.manifest.solver_settings.tool_calls == "native"
    for sample in run.samples().values():
        assert [e.error for e in sample.executions] == [NO_JSON, ""]
        assert [len(g.tool_calls) for g in sample.generations] == [1, 1, 0]
    last = server.requests[-1].body
    assert [m["role"] for m in last["messages"]] == [
        *("system", "user", "assistant", "tool", "assistant", "tool"),
    ]
    assert last["tools"][0]["function"]["name"] == "python"
    assert "```output" not in last.get("stop", [])


def test_an_endpoint_without_tools_ends_with_one_line(run_twelve: Command, server: FaultyServer) -> None:
    server.plan = always(error(400, "stub does not support tools"))
    _mistake(run_twelve(*NATIVE), 4, "does not support tools", "--tool-calls prompt")


def test_a_stopped_run_goes_on_in_the_middle_of_a_conversation(
    run_twelve: Command, command: Command, server: FaultyServer, folder: Path
) -> None:
    server.plan = calls
    run_twelve(*NATIVE, "--limit", 1, "--max-requests", 2)
    assert RunDir.open(folder).samples() == {}
    done = command("run", "--resume", folder, "--max-requests", 9)
    assert "100.0 %" in done.out
    assert server.count == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ("--solver", "tools", "--tool-calls", "native", "--api", "completions"),
            ("offers a model no tools",),
        ),
        (("--tool-calls", "native"), ("cot runs no code",)),
        (("--solver", "vote:cot", "--votes", 2, "--weigh", "judge"), ("--judge openai/gpt-4o-mini",)),
        (("--solver", "vote:cot", "--votes", 2, "--judge", "x"), ("--judge is for --weigh judge",)),
        (("--solver", "vote:cot", "--votes", 2, *JUDGE), ("'big'", "--base-url")),
        (("--solver", "vote:cot", "--votes", 2, "--weigh", "reward"), ("--reward trained/prm",)),
        (("--solver", "vote:cot", "--votes", 2, "--reward", "x"), ("--reward is for --weigh reward",)),
        (("--reward-base-url", "http://x"), ("--reward-base-url is a reward model's",)),
        (("--reward-form", "qwen-prm"), ("Add --reward-base-url",)),
        (("--judge-base-url", "http://127.0.0.1:1/v1"), ("a judge's, and there is none", "--judge MODEL")),
        (("--solver", "vote:cot", "--votes", 2, "--stopping", "beta"), ("--confidence",)),
        (("--solver", "vote:cot", "--votes", 2, "--pick", "best"), ("does not tell a best response",)),
    ],
)
def test_a_mistake_is_told(
    options: tuple[Any, ...], words: tuple[str, ...], run_twelve: Command, folder: Path
) -> None:
    _mistake(run_twelve(*options), 2, *words)
    assert not folder.exists()


# -- weights ----------------------------------------------------------------------------------------


class Voters:
    """Of three answers to a question the second is right; a judge, asked by its own name, knows it."""

    def __init__(self) -> None:
        self.asked: Counter[int] = Counter()
        self.lock = threading.Lock()

    def __call__(self, request: Request) -> Act:
        if request.body["model"] == "big":
            good = "Right." in request.raw.decode()
            return Act(body=chat(f"Score: {90 if good else 10}"))
        number = first_number(request)
        with self.lock:
            self.asked[number] += 1
            right = self.asked[number] == 2
        text = f"Right. $\\boxed{{{2 * number}}}$" if right else "Wrong, and at length. $\\boxed{77}$"
        body = json.loads(chat(text))
        body["usage"]["completion_tokens"] = 200 if right else 20_000
        if "logprobs" in request.body:
            numbers = [-0.01] * 4 if right else [-1.0] * 8
            body["choices"][0]["logprobs"] = {"content": [{"logprob": n} for n in numbers]}
        return Act(body=json.dumps(body).encode())


VOTE = ("--solver", "vote:cot", "--votes", 3, "--limit", 4, "--concurrency", 1)


@pytest.mark.parametrize("weigh", ["length", "logprob"])
@pytest.mark.parametrize("pick", ["vote", "best"])
def test_what_a_weight_turns(
    weigh: str, pick: str, run_twelve: Command, server: FaultyServer, folder: Path
) -> None:
    server.plan = Voters()
    done = run_twelve(*VOTE, "--weigh", weigh, "--pick", pick)
    assert done.code == 0
    # 1/ln 200 is less than 2/ln 20000: by length it is the best response that is right, not the vote.
    assert ("100.0 %" in done.out) == (weigh == "logprob" or pick == "best")
    run = RunDir.open(folder)
    assert all(b.weights for s in run.samples().values() for b in s.ballots)
    assert all(("logprobs" in r.body) == (weigh == "logprob") for r in server.requests)


def test_a_vote_asks_for_its_solutions_at_once(run_twelve: Command, folder: Path) -> None:
    run_twelve("--solver", "vote:cot", "--votes", 3, "--limit", 2)
    assert RunDir.open(folder).manifest.concurrency == 6


def test_without_weights_the_two_win(run_twelve: Command, server: FaultyServer) -> None:
    server.plan = Voters()
    assert " 0.0 %" in run_twelve(*VOTE).out


class Knows:
    """A reward model that knows what is right; it has no weights."""

    def __init__(self, folder: Path) -> None:
        self.info = rewards.find(folder)[1]

    def solutions(self, given: list[tuple[object, str]], rewarded: Callable[[int, Reward], None]) -> None:
        for place, (_, text) in enumerate(given):
            rewarded(place, Reward(steps=(0.9, 0.8) if "Right" in text else (0.1, 1.0)))


@pytest.mark.parametrize("pick", ["vote", "best"])
def test_a_reward_model_weighs(
    pick: str,
    run_twelve: Command,
    server: FaultyServer,
    folder: Path,
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trained = described(tmp_path / "prm", "process")
    monkeypatch.setattr(rewards, "load", Knows)
    server.plan = Voters()
    done = run_twelve(*VOTE, "--weigh", "reward", "--reward", trained, "--aggregate", "min", "--pick", pick)
    assert done.code == 0
    assert "100.0 %" in done.out
    run = RunDir.open(folder)
    assert run.manifest.reward == rewards.find(trained)[1]
    assert "by reward prm" in run.manifest.solver
    for sample in run.samples().values():
        assert sorted(score.value or 0.0 for score in sample.scores) == [0.1, 0.1, 0.8]
    assert command("verify", str(folder)).code == 0
    _go_on_with_another(folder, trained, command)


def _go_on_with_another(folder: Path, trained: Path, command: Command) -> None:
    """A run that is owed samples does not go on with another reward model."""
    lines = (folder / "samples.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "samples.jsonl").write_bytes(b"".join(lines[:-1]))
    (folder / "seal.json").unlink()
    file = trained / rewards.FILE
    (trained / "more.safetensors").write_bytes(b"other")
    old = json.loads(file.read_bytes())
    file.write_text(json.dumps(old | {"sha256": rewards.weights_hash(trained)}))
    _mistake(command("run", "--resume", str(folder)), 5, "another reward model")


def judged(run_twelve: Command, server: FaultyServer, *more: object) -> Any:
    server.plan = Voters()
    return run_twelve(*VOTE, *JUDGE, "--judge-base-url", server.url, *more)


def test_a_judge_weighs_and_its_cost_is_counted(
    run_twelve: Command, server: FaultyServer, folder: Path, command: Command
) -> None:
    done = judged(run_twelve, server, "--price", "1,1", "--judge-price", "10,10")
    assert "100.0 %" in done.out
    assert "Expect 12 requests" in done.err
    assert "The judge's requests, one or two for each solution, come on top." in done.err
    assert "The judge big took 84 prompt and 24 completion tokens" in done.out
    run = RunDir.open(folder)
    assert run.manifest.solver == "vote:cot, 3 votes, weighed by judge big"
    scoring = run.manifest.scoring
    assert scoring is not None
    assert (scoring.model.served_name, scoring.form, scoring.model.base_url) == ("big", "score/1", server.url)
    summary = run.summary()
    assert summary is not None
    tokens = summary.prompt_tokens + summary.completion_tokens
    assert summary.cost == pytest.approx((tokens + 10 * (84 + 24)) / 1e6)
    # The reference answer is nowhere in what the judge was asked: it is 2 * i, and problem 3 asks for 3 + 3.
    asked = [r.raw.decode() for r in server.requests if r.body["model"] == "big"]
    assert len(asked) == 12
    used = paid.spent(run, judge=True)
    assert (used.requests, used.prompt_tokens, used.completion_tokens) == (12, 84, 24)
    assert paid.spent(run).requests == 12
    table = json.loads(command("solvers", folder, "--json").out)
    assert table[0]["completions"] == 6.0


def test_a_judge_is_not_paid_twice_after_a_stop(
    run_twelve: Command, command: Command, server: FaultyServer, folder: Path
) -> None:
    stopped = judged(run_twelve, server, "--max-requests", 10)
    assert stopped.code == 4
    turns = RunDir.open(folder).turns()
    assert any(turn.judge for key in turns for turn in turns[key])
    done = command("run", "--resume", folder, "--max-requests", 24)
    assert done.code == 0
    assert "100.0 %" in done.out
    assert server.count == 24


def test_a_limit_on_money_needs_the_judges_price(
    run_twelve: Command, server: FaultyServer, folder: Path
) -> None:
    _mistake(judged(run_twelve, server, "--price", "1,1", "--max-cost", 1), 2, "--judge-price")
    assert not folder.exists()


def test_a_limit_on_money_needs_the_judges_price_on_resume_as_well(
    run_twelve: Command, command: Command, server: FaultyServer, folder: Path
) -> None:
    assert judged(run_twelve, server, "--price", "1,1", "--max-requests", 10).code == 4
    more = ("run", "--resume", folder, "--max-requests", 100, "--max-cost", 1)
    _mistake(command(*more), 2, "price of the judge big", "--judge-price")
    asked = server.count
    _mistake(command(*more[:-1], 0.001, "--judge-price", "10,1000"), 4, "limit of $0.00")
    assert server.count == asked
    assert command(*more, "--judge-price", "10,10").code == 0
    scoring = RunDir.open(folder).manifest.scoring
    assert scoring is not None
    assert scoring.price is not None
    assert (scoring.price.prompt, scoring.price.completion) == (10, 10)


def test_a_judges_price_without_a_judge_is_refused_on_resume(
    run_twelve: Command, command: Command, server: FaultyServer, folder: Path
) -> None:
    run_twelve("--limit", 2)
    _mistake(command("run", "--resume", folder, "--judge-price", "1,1"), 2, "the run has no judge")


def test_a_greedy_vote_is_said_to_be_one_vote(run_twelve: Command, tmp_path: Path) -> None:
    assert "greedy: 3 tries at a problem come out alike" in run_twelve(*VOTE).err
    assert "greedy:" not in run_twelve("--limit", 2, "--out", tmp_path / "once").err


def test_a_judge_that_gives_no_score_is_told(run_twelve: Command, server: FaultyServer, folder: Path) -> None:
    voters = Voters()

    def plan(request: Request) -> Act:
        return Act(body=chat("Nice.")) if request.body["model"] == "big" else voters(request)

    server.plan = plan
    done = run_twelve(*VOTE, *JUDGE, "--judge-base-url", server.url)
    assert "12 solutions got no score that could be read" in done.out
    samples = RunDir.open(folder).samples().values()
    assert {len(score.generations) for s in samples for score in s.scores} == {2}


def test_an_endpoint_without_log_probabilities_ends_with_one_line(run_twelve: Command) -> None:
    _mistake(run_twelve(*VOTE, "--weigh", "logprob"), 4, "without log probabilities", "another --weigh")

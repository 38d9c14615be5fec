"""Every way in which a conversation with native calls can go, on a scripted model and the real sandbox."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path as File

import pytest

from math500 import evaluate
from math500.errors import QuotaExhausted
from math500.records import Generation, Manifest, Problem
from math500.rundir import RunDir, RunWriter
from math500.sandbox import Sandbox
from math500.solve import Calls, SelfCheck, Tools
from math500.solve.calls import NO_CODE, NO_JSON, NO_SUCH_TOOL, NOT_RUN, PROTOCOL, PYTHON, sendable
from math500.solve.manner import NO_MORE
from math500.solve.selfcheck import CORRECT, VERIFY
from math500.solve.tools import SILENT
from tests.solve.conftest import DECODING, PROMPT, Called, Scripted, numbered, solve

DONE = "So it is $\\boxed{2}$."
BROKEN = '{"code": "print(1'


def call(code: str) -> tuple[str, str]:
    return "python", json.dumps({"code": code})


ONE = Called((call("print(1)"),))


@dataclass(frozen=True)
class Path:
    """What the model says, and what it is told in between: the contents of all messages after its reply."""

    lines: tuple[str | Called, ...]
    told: tuple[tuple[str, ...], ...]
    executions: int
    rounds: int = 4
    response: str = DONE


PATHS = {
    "a call, then the answer": Path((Called((call("print(1 + 1)"),)), DONE), (("2",),), 1),
    "an answer with no call": Path((DONE,), (), 0),
    "no call and no answer": Path(("I do not know.",), (), 0, response="I do not know."),
    "text beside the call": Path((Called((call("print(1)"),), text="Let me see."), DONE), (("1",),), 1),
    "a box beside the call is not the end": Path(
        (Called((call("print(1)"),), text="$\\boxed{3}$"), DONE), (("1",),), 1
    ),
    "a server that says stop for calls": Path(
        (Called((call("print(1)"),), finish="stop"), DONE), (("1",),), 1
    ),
    "two calls in one reply share their variables": Path(
        (Called((call("x = 5\nprint(x)"), call("print(x + 1)"))), DONE), (("5", "6"),), 2
    ),
    "a call without output": Path((Called((call("x = 1"),)), DONE), ((SILENT,),), 1),
    "broken arguments": Path((Called((("python", BROKEN),)), ONE, DONE), ((NO_JSON,), ("1",)), 2),
    "arguments that are no object": Path((Called((("python", '"print(1)"'),)), DONE), ((NO_CODE,),), 1),
    "a call without code": Path((Called((("python", "{}"),)), DONE), ((NO_CODE,),), 1),
    "a call with empty code": Path((Called((call(" "),)), DONE), ((NO_CODE,),), 1),
    "a call without arguments": Path((Called((("python", ""),)), DONE), ((NO_CODE,),), 1),
    "an unknown tool": Path(
        (Called((("bash", '{"code": "ls"}'),)), DONE), ((NO_SUCH_TOOL.format(name="bash"),),), 1
    ),
    "a broken call beside a good one": Path(
        (Called((("python", BROKEN), call("print(1)"))), DONE), ((NO_JSON, "1"),), 2
    ),
    "broken calls are rounds": Path(
        (Called((("python", BROKEN),)),) * 2 + (DONE,), ((NO_JSON,), (NOT_RUN, NO_MORE["en"])), 1, rounds=1
    ),
    "endless calls": Path((ONE, ONE, ONE, DONE), (("1",), ("1",), (NOT_RUN, NO_MORE["en"])), 2, rounds=2),
    "calls to the last": Path((ONE, ONE, ONE), (("1",), (NOT_RUN, NO_MORE["en"])), 1, rounds=1, response=""),
    "a call that the limit cut off": Path(
        (Called((("python", BROKEN),), finish="length"),), (), 0, response=""
    ),
    "code in the text is not run": Path(
        ("```python\nprint(1)\n```",), (), 0, response="```python\nprint(1)\n```"
    ),
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_every_path_ends_as_it_should(path: Path, runner: asyncio.Runner, sandbox: Sandbox) -> None:
    model = Scripted(path.lines)
    solution = solve(runner, native(sandbox, path.rounds), model)
    assert tuple(told(model)) == path.told
    assert len(solution.executions) == path.executions
    assert solution.response == path.response
    assert len(solution.generations) == len(path.lines)


def native(sandbox: Sandbox, rounds: int = 4) -> Tools:
    return Tools(PROMPT, DECODING, sandbox, rounds=rounds, manner=Calls())


def told(model: Scripted) -> list[tuple[str, ...]]:
    """What each request says after the model's last reply."""
    after = []
    for messages in model.asked[1:]:
        last = max(i for i, m in enumerate(messages) if m.role == "assistant")
        after.append(tuple(m.content for m in messages[last + 1 :]))
    return after


def test_every_call_is_answered_under_its_own_name(runner: asyncio.Runner, sandbox: Sandbox) -> None:
    model = Scripted((Called((call("print(1)"), ("python", BROKEN)), text="Hm."), DONE))
    solution = solve(runner, native(sandbox), model)
    said, first, second = model.asked[1][-3:]
    assert (said.role, said.content) == ("assistant", "Hm.")
    assert [c.id for c in said.tool_calls] == ["c0", "c1"]
    assert [(m.role, m.tool_call_id, m.content) for m in (first, second)] == [
        ("tool", "c0", "1"),
        ("tool", "c1", NO_JSON),
    ]
    # What the model wrote is kept as it is; what is sent back can be read by every server.
    assert solution.generations[0].tool_calls[1].arguments == BROKEN
    assert json.loads(said.tool_calls[1].arguments) == {"not_json": BROKEN}
    assert (solution.executions[1].code, solution.executions[1].error) == (BROKEN, NO_JSON)


def test_what_a_thinking_model_needs_goes_back_with_its_calls(
    runner: asyncio.Runner, sandbox: Sandbox
) -> None:
    first = Generation(text="", reasoning="hm", finish_reason="tool_calls", tool_calls=numbered((call("1"),)))
    model = Scripted((first, DONE))
    solve(runner, native(sandbox), model)
    assert model.asked[1][-2].reasoning == "hm"


def test_the_tool_is_offered_and_in_the_end_may_not_be_called(
    runner: asyncio.Runner, sandbox: Sandbox
) -> None:
    model = Scripted((ONE, ONE, DONE))
    solve(runner, native(sandbox, rounds=1), model)
    asked = [extras for extras in model.extras if extras is not None]
    assert [extras.tool_choice for extras in asked] == ["auto", "auto", "none"]
    assert all(extras.tools == (PYTHON,) for extras in asked)
    assert set(model.stops) == {()}
    assert model.asked[0][0].content.startswith("You can run Python")
    assert "```python" not in model.asked[0][0].content
    assert set(PROTOCOL) == {"en", "zh"}


def test_an_error_goes_back_and_is_mended(runner: asyncio.Runner, sandbox: Sandbox) -> None:
    model = Scripted((Called((call("print(1 + '1')"),)), Called((call("print(1 + 1)"),)), DONE))
    solution = solve(runner, native(sandbox), model)
    assert "TypeError: unsupported operand" in told(model)[0][0]
    assert told(model)[1] == ("2",)
    assert [bool(e.error) for e in solution.executions] == [True, False]


def test_selfcheck_verifies_by_calls(runner: asyncio.Runner, sandbox: Sandbox) -> None:
    wrong = "Verification: False\n$\\boxed{3}$"
    model = Scripted((DONE, ONE, wrong, ONE, "Verification: True\n" + DONE))
    solution = solve(runner, SelfCheck(native(sandbox)), model)
    assert told(model) == [(VERIFY["en"],), ("1",), (CORRECT["en"],), ("1",)]
    assert (solution.verification, len(solution.executions)) == ("true", 2)


def test_a_cut_call_is_answered_before_anything_else_is_said(
    runner: asyncio.Runner, sandbox: Sandbox
) -> None:
    cut = Called((("python", BROKEN),), finish="length")
    model = Scripted((cut, "Verification: True\n" + DONE))
    solve(runner, SelfCheck(native(sandbox)), model)
    assert told(model) == [(NOT_RUN, VERIFY["en"])]


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ('{"code": "1"}', '{"code": "1"}'),
        ("", "{}"),
        ("[1]", '{"not_json":"[1]"}'),
        ("print(1)", '{"not_json":"print(1)"}'),
    ],
)
def test_arguments_go_back_as_an_object(arguments: str, sent: str) -> None:
    assert sendable(arguments) == sent


class Dies(Scripted):
    """Its quota ends after its lines."""

    async def generate(self, *args: object, **options: object) -> Generation:
        if len(self.asked) == len(self.lines):
            raise QuotaExhausted("the quota is used up", "Buy more.")
        return await super().generate(*args, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("paid", range(1, 4))
def test_a_killed_conversation_goes_on_without_paying_twice(
    paid: int,
    folder: File,
    problems: tuple[Problem, ...],
    manifest_of: Callable[..., Manifest],
    runner: asyncio.Runner,
    sandbox: Sandbox,
) -> None:
    lines = (Called((call("x = 40"),)), Called((call("print(x + 2)"), ("python", BROKEN))), DONE)

    def go(model: Scripted) -> None:
        with RunWriter(folder) as run:
            runner.run(evaluate.collect(run, native(sandbox), model, concurrency=1))

    RunWriter.create(folder, manifest_of(solver="tools"), problems[:1]).close()
    if paid < 3:
        with pytest.raises(QuotaExhausted):
            go(Dies(lines[:paid]))
    else:
        go(Scripted(lines))
    rest = Scripted(lines[paid:])
    go(rest)
    assert len(rest.asked) == 3 - paid
    run = RunDir.open(folder)
    assert len(run.turns()["test/0", 0]) == 3
    (sample,) = run.samples().values()
    assert [len(g.tool_calls) for g in sample.generations] == [1, 2, 0]
    assert [e.output for e in sample.executions] == ["", "42\n", ""]

"""Every way in which a conversation with code can go, on a scripted model and the real sandbox."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import msgspec
import pytest

from math500.records import Execution, Generation
from math500.sandbox import Limits, Sandbox
from math500.solve import Tools
from math500.solve.blocks import PROTOCOL, blocks, finished
from math500.solve.manner import NO_MORE
from math500.solve.tools import SHOWN, SILENT, shown
from tests.solve.conftest import DECODING, PROMPT, Scripted, solve

DONE = "So it is $\\boxed{2}$."


def code(text: str) -> str:
    return f"Let me see.\n```python\n{text}\n```"


@dataclass(frozen=True)
class Path:
    """What the model says, and what it is told in between."""

    lines: tuple[str, ...]
    told: tuple[str, ...]
    executions: int
    rounds: int = 4


PATHS = {
    "code, then the answer": Path((code("print(1 + 1)"), DONE), ("```output\n2\n```",), 1),
    "no code": Path((DONE,), (), 0),
    "no code and no answer": Path(("I do not know.",), (), 0),
    "the answer stands beside the code": Path((code("print(1)") + DONE,), (), 0),
    "a box inside the code is no answer": Path(
        (code("print('\\\\boxed{3}')"), DONE), ("```output\n\\boxed{3}\n```",), 1
    ),
    "variables are kept": Path(
        (code("x = 2"), code("print(x)"), DONE), (f"```output\n{SILENT}\n```", "```output\n2\n```"), 2
    ),
    "code without output": Path((code("x = 2"), DONE), (f"```output\n{SILENT}\n```",), 1),
    "two blocks": Path(
        (code("x = 5\nprint(x)") + "\nand\n" + code("print(x + 1)"), DONE),
        ("```output\n5\n```\n```output\n6\n```",),
        2,
    ),
    "the stop string cut the fence": Path(("```python\nprint(7)\n", DONE), ("```output\n7\n```",), 1),
    "an empty block": Path(("```python\n\n```",), (), 0),
    "another language": Path(("```bash\nls\n```",), (), 0),
    "cut off at the limit": Path(("```python\nprint(1<cut>",), (), 0),
    "an endless loop of code": Path(
        (code("print(1)"), code("print(1)"), code("print(1)"), DONE),
        ("```output\n1\n```", "```output\n1\n```", NO_MORE["en"]),
        2,
        rounds=2,
    ),
    "code to the last": Path(
        (code("print(1)"), code("print(1)"), code("print(1)")),
        ("```output\n1\n```", NO_MORE["en"]),
        1,
        rounds=1,
    ),
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_every_path_ends_as_it_should(path: Path, runner: asyncio.Runner, sandbox: Sandbox) -> None:
    model = Scripted(path.lines)
    solution = solve(runner, Tools(PROMPT, DECODING, sandbox, rounds=path.rounds), model)
    assert tuple(model.told) == path.told
    assert len(solution.executions) == path.executions
    assert solution.response == path.lines[-1].removesuffix("<cut>")
    assert [g.text for g in solution.generations] == [line.removesuffix("<cut>") for line in path.lines]


def test_an_error_goes_back_and_is_mended(runner: asyncio.Runner, sandbox: Sandbox) -> None:
    model = Scripted((code("print(1 + '1')"), code("print(1 + 1)"), DONE))
    solution = solve(runner, Tools(PROMPT, DECODING, sandbox), model)
    assert "TypeError: unsupported operand" in model.told[0]
    assert model.told[1] == "```output\n2\n```"
    assert [bool(e.error) for e in solution.executions] == [True, False]


def test_a_late_block_is_told_and_the_next_one_starts_afresh(runner: asyncio.Runner) -> None:
    async def late() -> list[str]:
        async with Sandbox(Limits(seconds=2.0)) as sandbox:
            model = Scripted((code("x = 1\nwhile True: pass"), code("print(x)"), DONE))
            await Tools(PROMPT, DECODING, sandbox).solve("?", model, seed=None)
            return model.told

    first, second = runner.run(late())
    assert "it ran too long. All variables are lost." in first
    assert "NameError" in second


def test_the_protocol_stands_before_the_prompts_own_words(runner: asyncio.Runner, sandbox: Sandbox) -> None:
    own = msgspec.structs.replace(PROMPT, system="Be brief.", stop=("END",))
    model = Scripted((DONE,))
    solve(runner, Tools(own, DECODING, sandbox), model, seed=7)
    system, user = model.asked[0]
    assert system.content.startswith("You can run Python")
    assert system.content.endswith("Be brief.")
    assert "sympy" in system.content
    assert user.content == "What is $1 + 1$?"
    assert model.stops == [("END", "```output")]
    assert model.seeds == [7]


def test_the_languages_say_the_same(runner: asyncio.Runner, sandbox: Sandbox) -> None:
    zh = msgspec.structs.replace(PROMPT, language="zh")
    model = Scripted((DONE,))
    solve(runner, Tools(zh, DECODING, sandbox), model)
    assert model.asked[0][0].content.startswith("解题时可以运行 Python")
    assert set(PROTOCOL) == set(NO_MORE) == {"en", "zh"}
    for text in PROTOCOL.values():
        assert "```python" in text
        assert "```output" in text
        assert "\\boxed{}" in text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("```python\na\n```\n```py\nb\n```", ["a\n", "b\n"]),
        ("```Python\na\n```", ["a\n"]),
        ("``` python \na\n```", ["a\n"]),
        ("```python3\na\n```", ["a\n"]),
        ("```\na\n```", []),
        ("python\na", []),
    ],
)
def test_blocks(text: str, found: list[str]) -> None:
    assert blocks(text) == found


def test_a_reply_is_finished_by_a_box_or_by_the_limit() -> None:
    assert finished(Generation(text="$\\boxed{1}$"))
    assert not finished(Generation(text="1"))
    assert finished(Generation(text="1", finish_reason="length"))


def test_what_is_shown_of_a_long_output_keeps_both_ends() -> None:
    text = shown(Execution(code="", output="a" * SHOWN + "b" * SHOWN))
    assert text.startswith("aaa")
    assert text.endswith("bbb")
    assert f"({SHOWN} characters left out)" in text

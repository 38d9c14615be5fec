from __future__ import annotations

import asyncio

import msgspec
import pytest

from math500.solve import Turns
from math500.solve.turns import SCRIPTS
from tests.solve.conftest import DECODING, PROMPT, Scripted, solve


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_second_answer_counts(name: str, language: str, runner: asyncio.Runner) -> None:
    prompt = msgspec.structs.replace(PROMPT, language=language, template="{problem}\nBox it.")
    model = Scripted(("first", "second $\\boxed{2}$"))
    solution = solve(runner, Turns(name, prompt, DECODING), model, seed=3)
    first, second = model.asked
    script = SCRIPTS[name]
    assert first[-1].content.startswith("What is $1 + 1$?")
    assert ("Box it." in first[-1].content) == (name != "plan")
    assert [m.role for m in second] == ["user", "assistant", "user"]
    assert second[-1].content == script.after[prompt.language]
    assert "\\boxed{}" in second[-1].content
    assert solution.response == "second $\\boxed{2}$"
    assert model.seeds == [3, 3]

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from math500.sandbox import Sandbox
from math500.solve import SelfCheck, Tools
from math500.solve.selfcheck import ASK, CORRECT, VERIFY, state
from tests.solve.conftest import DECODING, PROMPT, Scripted, solve

CODE = "```python\nprint(1 + 1 == 2)\n```"
RIGHT = "Verification: True\n$\\boxed{2}$"


@dataclass(frozen=True)
class Path:
    lines: tuple[str, ...]
    told: tuple[str, ...]
    verification: str


PATHS = {
    "verified at once": Path((CODE, RIGHT), ("```output\nTrue\n```",), "true"),
    "asked to verify": Path(("$\\boxed{2}$", CODE, RIGHT), (VERIFY["en"], "```output\nTrue\n```"), "true"),
    "false, then corrected": Path(
        (CODE, "Verification: False\n$\\boxed{3}$", RIGHT), ("```output\nTrue\n```", CORRECT["en"]), "true"
    ),
    "false to the last": Path(
        (
            "Verification: False \\boxed{1}",
            "Verification: False \\boxed{2}",
            "Verification: False \\boxed{3}",
        ),
        (CORRECT["en"], CORRECT["en"]),
        "false",
    ),
    "uncertain": Path(("Verification: Uncertain\n$\\boxed{2}$",), (), "uncertain"),
    "never says": Path(("$\\boxed{2}$", "$\\boxed{2}$"), (VERIFY["en"],), "uncertain"),
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_every_path_ends_as_it_should(path: Path, runner: asyncio.Runner, sandbox: Sandbox) -> None:
    model = Scripted(path.lines)
    solution = solve(runner, SelfCheck(Tools(PROMPT, DECODING, sandbox)), model)
    assert tuple(model.told) == path.told
    assert solution.verification == path.verification
    assert solution.response == path.lines[-1]
    assert ASK["en"] in model.asked[0][0].content


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Verification: True", "true"),
        ("**Verification: False**", "false"),
        ("Verification: **Uncertain**", "uncertain"),
        ("verification result: `True`", "true"),
        ("The verification is false.", "false"),
        ("验证: True", "true"),
        ("Verification: False ... Verification: True", "true"),
        ("```python\nprint('Verification: True')\n```", ""),
        ("I verified it.", ""),
        ("True", ""),
        ("Verification: truth", ""),
    ],
)
def test_the_state_is_read(text: str, expected: str) -> None:
    assert state([text]) == expected

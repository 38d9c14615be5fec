from __future__ import annotations

import msgspec
import pytest

from math500.errors import UsageError
from math500.records import SolverInfo
from math500.sandbox import Sandbox
from math500.solve import Vote, describe, make, needs_sandbox
from math500.solve.named import check, words
from tests.solve.conftest import DECODING, PROMPT


@pytest.mark.parametrize("name", [name for name in describe() if ":" not in name])
def test_every_solver_is_made_and_can_vote(name: str, sandbox: Sandbox) -> None:
    info = SolverInfo(name=name)
    check(info)
    solver = make(info, PROMPT, DECODING, sandbox if needs_sandbox(name) else None)
    assert solver.name == name
    assert solver.several == (name != "cot")
    info = SolverInfo(name=f"vote:{name}", votes=3, confidence=0.9)
    check(info)
    voting = make(info, PROMPT, DECODING, sandbox if needs_sandbox(info.name) else None)
    assert isinstance(voting, Vote)
    assert (voting.name, voting.k, voting.confidence) == (f"vote:{name}", 3, 0.9)


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (SolverInfo(name="guess"), "there is no solver 'guess'"),
        (SolverInfo(name="vote:guess", votes=3), "there is no solver"),
        (SolverInfo(name="vote:cot"), "--votes is missing"),
        (SolverInfo(name="cot", votes=3), "--votes is for a vote"),
        (SolverInfo(name="cot", confidence=0.9), "--confidence and --weigh are for a vote"),
        (SolverInfo(name="vote:cot", votes=3, weigh="verified"), "cot verifies nothing"),
    ],
)
def test_what_cannot_be_is_told(info: SolverInfo, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        check(info)


def test_what_a_confidence_is_about_is_in_the_words() -> None:
    info = SolverInfo(name="vote:cot", votes=16, confidence=0.95, stopping="final")
    assert words(info) == "vote:cot, 16 votes until 0.95 sure of the winner"
    # A manifest of an older math500 says nothing of it and means the rule that there was.
    older = msgspec.json.decode(b'{"name": "vote:cot", "votes": 16, "confidence": 0.95}', type=SolverInfo)
    assert older.stopping == "beta"
    assert words(older) == "vote:cot, 16 votes until 0.95 sure"

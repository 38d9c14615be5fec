from __future__ import annotations

import msgspec
import pytest

from math500.errors import UsageError
from math500.records import Extras, SolverInfo
from math500.sandbox import Sandbox
from math500.solve import Blocks, Calls, Tools, Vote, describe, extras, make, needs_sandbox, words
from math500.solve.named import check
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
        (SolverInfo(name="cot", confidence=0.9), "--confidence, --weigh and --pick are for a vote"),
        (SolverInfo(name="vote:cot", votes=3, weigh="verified"), "cot verifies nothing"),
        (SolverInfo(name="cot", weigh="length"), "--confidence, --weigh and --pick are for a vote"),
        (SolverInfo(name="cot", pick="best"), "--confidence, --weigh and --pick are for a vote"),
        (SolverInfo(name="cot", tool_calls="native"), "cot runs no code"),
        (SolverInfo(name="vote:review", votes=3, tool_calls="native"), "review runs no code"),
        (SolverInfo(name="vote:cot", votes=3, weigh="judge"), "--weigh judge needs a judge"),
        (SolverInfo(name="vote:cot", votes=3, judge="m"), "--judge is for --weigh judge"),
        (SolverInfo(name="vote:cot", votes=3, pick="best"), "equal does not tell a best response"),
        (
            SolverInfo(name="vote:cot", votes=3, weigh="length", confidence=0.9, stopping="final"),
            "--stopping final counts votes, and --weigh length makes them unequal",
        ),
        (
            SolverInfo(name="vote:cot", votes=3, pick="best", weigh="length", confidence=0.9),
            "--pick best needs all of its --votes",
        ),
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


@pytest.mark.parametrize(
    ("info", "said"),
    [
        (SolverInfo(name="tools"), "tools, 4 rounds"),
        (SolverInfo(name="tools", tool_calls="native"), "tools, 4 rounds of native calls"),
        (SolverInfo(name="vote:cot", votes=3, weigh="length"), "vote:cot, 3 votes, weighed by length"),
        (
            SolverInfo(name="vote:cot", votes=3, weigh="judge", judge="big"),
            "vote:cot, 3 votes, weighed by judge big",
        ),
        (
            SolverInfo(name="vote:cot", votes=3, weigh="logprob", pick="best"),
            "vote:cot, 3 votes, the best by logprob",
        ),
    ],
)
def test_the_protocol_names_what_decides_the_score(info: SolverInfo, said: str) -> None:
    check(info)
    assert words(info) == said


def test_a_solver_asks_for_no_more_than_it_needs() -> None:
    assert extras(SolverInfo()) == Extras()
    assert extras(SolverInfo(name="vote:cot", votes=2, weigh="logprob")).logprobs
    native = SolverInfo(name="tools", tool_calls="native")
    assert [tool.name for tool in extras(native).tools] == ["python"]
    assert not extras(SolverInfo(name="tools")).tools


def test_the_manner_is_that_of_the_settings(sandbox: Sandbox) -> None:
    for setting, manner in (("prompt", Blocks), ("native", Calls)):
        info = msgspec.convert({"name": "tools", "tool_calls": setting}, SolverInfo)
        solver = make(info, PROMPT, DECODING, sandbox)
        assert isinstance(solver, Tools)
        assert isinstance(solver.manner, manner)


def test_one_vote_and_one_round_are_not_several() -> None:
    assert words(SolverInfo(name="vote:tools", rounds=1, votes=1)) == "vote:tools, 1 round, 1 vote"

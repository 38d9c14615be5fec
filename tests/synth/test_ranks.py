"""New problems ranked by a judge: what a pair has to pass to become a row."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500.errors import Contaminated, UsageError
from math500.records import Manifest, PreferenceRow, Problem
from math500.rundir import RunDir
from math500.synth import evolving, ranks
from math500.synth.dataset import left_out_of
from math500.synth.ranks import Candidate, Group, read
from tests.synth.asked import HELD_OUT, run_of, scripted, source, stages, train
from tests.synth.conftest import sample

__all__ = ["train"]
GOOD = "A box holds 12 red pens and 8 blue pens. How many pens does the box hold altogether?"
FAIR = "A tray has 5 rows with about 6 buns. How many buns may there be on the whole tray?"
POOR = "Some pens are in some boxes and some more come. How many pens are there afterwards?"
LIKE = GOOD.replace("pens", "  pens")
BEST = (GOOD, FAIR, POOR)
LETTERED = re.compile(r"Problem ([A-H]):\n----- \w+\n(.*?)\n----- ", re.DOTALL)


def honest(request: str) -> str:
    """A judge who knows which problem is the best one, wherever it stands."""
    shown = sorted(LETTERED.findall(request), key=lambda pair: BEST.index(pair[1]))
    return "I weigh them.\n**Ranking: " + " > ".join(letter for letter, _ in shown) + "**"


def evolved(
    folder: Path, train: Path, manifest_of: Callable[..., Manifest], texts: dict[str, list[str]]
) -> RunDir:
    """A run in which these problems were written."""
    problems = tuple(Problem(problem="Make another one.", answer="", unique_id=name) for name in texts)
    made = manifest_of(data=source(train), prompt=evolving.EVOLVE)
    written = {name: [f"<problem>{text}</problem>" for text in each] for name, each in texts.items()}
    return run_of(folder, made, written, problems)


@pytest.fixture
def run(train: Path, manifest_of: Callable[..., Manifest]) -> RunDir:
    texts = {"train/rolls+easier": [GOOD], "train/rolls+concrete": [POOR], "train/rolls+reasoning": [FAIR]}
    return evolved(train.parent / "new-evolve-1", train, manifest_of, texts)


def test_every_pair_in_the_same_order_is_a_row(run: RunDir, train: Path) -> None:
    with scripted(honest) as server:
        made = ranks.make([run], stages(server.url, train))
        assert len(server.requests) == 2
    rows = [row for row in made.rows if isinstance(row, PreferenceRow)]
    found = {(row.chosen[0].content, row.rejected[0].content) for row in rows}
    assert found == {(GOOD, FAIR), (GOOD, POOR), (FAIR, POOR)}
    row = next(row for row in rows if row.rejected[0].content == POOR and row.chosen[0].content == FAIR)
    assert [(m.role, m.content) for m in row.prompt] == [("user", ranks.QUESTION)]
    assert (row.chosen[0].role, row.problem_id, row.parent) == (
        "assistant",
        "train/rolls+reasoning",
        "new-evolve-1",
    )
    assert made.manifest.kind == "preference"


def test_the_second_request_shows_them_in_the_reverse_order(run: RunDir, train: Path) -> None:
    with scripted(honest) as server:
        ranks.make([run], stages(server.url, train))
        sent = [request.body["messages"][0]["content"] for request in server.requests]
        assert {request.body["temperature"] for request in server.requests} == {0.0}
    first, second = ([text for _, text in LETTERED.findall(one)] for one in sent)
    assert sorted(first) == sorted(BEST)
    assert second == first[::-1]
    assert all(word in sent[0] for word in ("definition", "precision", "integrity"))


@pytest.mark.parametrize("said", ["Ranking: A > B > C", "Ranking: C > B > A"])
def test_a_judge_who_looks_at_places_alone_gives_no_row(run: RunDir, train: Path, said: str) -> None:
    with scripted(lambda _: said) as server, pytest.raises(UsageError, match="order_decides 3"):
        ranks.make([run], stages(server.url, train))


def test_ties_and_half_ties_are_left_out(run: RunDir, train: Path) -> None:
    def judge(request: str) -> str:
        at = {text: letter for letter, text in LETTERED.findall(request)}
        equal = f"{at[GOOD]} = {at[FAIR]} > {at[POOR]}"
        return f"Ranking: {equal}"

    with scripted(judge) as server:
        made = ranks.make([run], stages(server.url, train))
    assert made.manifest.rows == 2
    assert made.manifest.left_out == {"tie": 1}


def test_a_tie_in_one_order_alone_is_a_matter_of_order(run: RunDir, train: Path) -> None:
    seen: list[str] = []

    def judge(request: str) -> str:
        seen.append(request)
        at = {text: letter for letter, text in LETTERED.findall(request)}
        return f"Ranking: {at[GOOD]} {'=' if len(seen) == 1 else '>'} {at[FAIR]} > {at[POOR]}"

    with scripted(judge) as server:
        made = ranks.make([run], stages(server.url, train))
    assert made.manifest.left_out == {"order_decides": 1}


def test_a_group_whose_ranking_cannot_be_read_is_left_out(run: RunDir, train: Path) -> None:
    with scripted(lambda _: "They are all fine.") as server, pytest.raises(UsageError, match="unreadable 3"):
        ranks.make([run], stages(server.url, train))


def test_what_is_no_problem_alone_or_there_already_is_not_ranked(
    train: Path, manifest_of: Callable[..., Manifest]
) -> None:
    texts = {
        "train/rolls+easier": [GOOD, LIKE, "Pens?"],
        "train/roots+easier": [FAIR],
        "train/rolls+x": [POOR],
    }
    run = evolved(train.parent / "new-evolve-1", train, manifest_of, texts)
    with scripted(honest) as server:
        made = ranks.make([run], stages(server.url, train))
    assert made.manifest.left_out == {"alone": 1, "like_another": 1, "no_problem": 1}


def test_a_test_problem_gets_into_no_row(train: Path, manifest_of: Callable[..., Manifest]) -> None:
    texts = {"train/rolls+a": [GOOD], "train/rolls+b": [HELD_OUT.problem], "train/rolls+c": [POOR]}
    run = evolved(train.parent / "new-evolve-1", train, manifest_of, texts)

    def judge(request: str) -> str:
        at = {text: letter for letter, text in LETTERED.findall(request)}
        return f"Ranking: {at[HELD_OUT.problem]} > {at[GOOD]} > {at[POOR]}"

    with scripted(judge) as server:
        made = ranks.make([run], stages(server.url, train))
    assert made.manifest.rows == 1
    assert made.manifest.left_out == {"contaminated": 2}
    assert all(one.match for one in left_out_of(made.path))


def test_runs_that_wrote_no_problems_are_refused(train: Path, manifest_of: Callable[..., Manifest]) -> None:
    other = run_of(train.parent / "base", manifest_of(data=source(train)), {"train/rolls": ["1"]})
    given = stages("http://127.0.0.1:9/v1", train)
    with pytest.raises(UsageError, match="wrote no new problems"):
        ranks.make([other], given)
    of_test = msgspec.structs.replace(source(train), name="math500")
    tests = run_of(train.parent / "t", manifest_of(data=of_test), {"train/rolls": ["1"]})
    with pytest.raises(Contaminated):
        ranks.make([tests], given)


def test_many_are_ranked_in_groups_of_eight_at_most(
    train: Path, manifest_of: Callable[..., Manifest]
) -> None:
    words = ("red", "blue", "grey", "tall", "old", "new", "thin", "wide", "soft", "hard")
    texts = {f"train/rolls+w{n}": [GOOD.replace("red", f"very {w}")] for n, w in enumerate(words)}
    run = evolved(train.parent / "new-evolve-1", train, manifest_of, texts)

    def judge(request: str) -> str:
        shown = sorted(LETTERED.findall(request), key=lambda pair: pair[1])
        assert len(shown) == 5
        return "Ranking: " + " > ".join(letter for letter, _ in shown)

    with scripted(judge) as server:
        made = ranks.make([run], stages(server.url, train))
        assert len(server.requests) == 4
    assert made.manifest.rows == 20


# -- a reply -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "places"),
    [
        ("Ranking: B > A > C", (1, 0, 2)),
        ("**Ranking:** C > A = B", (1, 1, 0)),
        ("Ranking: A > B > C. No:\nRanking: `C > B > A`", (2, 1, 0)),
        ("b > a > c", (1, 0, 2)),
        ("<think>Ranking: A > B > C</think>Ranking: C>B>A.", (2, 1, 0)),
    ],
)
def test_rankings_that_can_be_read(reply: str, places: tuple[int, ...]) -> None:
    assert read(sample("x", reply), 3) == places


@pytest.mark.parametrize(
    "reply", ["", "B is best", "Ranking: A > B", "Ranking: A > B > B", "Ranking: A > B > D"]
)
def test_rankings_that_cannot(reply: str) -> None:
    assert isinstance(read(sample("x", reply), 3), str)


def test_a_ranking_that_was_cut_off_is_none() -> None:
    assert read(sample("x", "Ranking: A > B", finish="length"), 2) == "the token limit ended the reply"
    assert read(None, 2) == "no reply could be had"


@given(st.lists(st.integers(0, 3), min_size=2, max_size=8))
def test_a_judge_with_one_opinion_is_understood(quality: list[int]) -> None:
    members = tuple(Candidate(f"p{n}", "run", n, f"text {n}") for n in range(len(quality)))

    def reply(order: list[int]) -> Any:
        letters = dict(zip("ABCDEFGH", order, strict=False))
        by_quality: dict[int, list[str]] = {}
        for letter, member in letters.items():
            by_quality.setdefault(quality[member], []).append(letter)
        said = " > ".join(" = ".join(by_quality[q]) for q in sorted(by_quality, reverse=True))
        return sample("x", f"Ranking: {said}")

    order = list(range(len(quality)))
    left_out: list[Any] = []
    rows = list(ranks.pairs(Group("g", members), [reply(order), reply(order[::-1])], left_out))
    assert all(quality[row.sample or 0] > quality[row.rejected_sample or 0] for row in rows)
    assert {one.reason for one in left_out} <= {"tie"}
    n = len(quality)
    assert len(rows) + len(left_out) == n * (n - 1) // 2

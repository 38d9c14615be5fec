"""The gate: what it finds, what it lets through, and that nothing passes round it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from math500.data import ProblemSet
from math500.errors import Contaminated, DataNotFound
from math500.synth import decontaminate, gate, spelling
from math500.synth.decontaminate import Gatekeeper
from tests.synth.conftest import TESTS, row

HENS, COMPOSED, LOGARITHM = (test.problem for test in TESTS)
RESPACED = (
    HENS.replace(" ", "  ").replace("$17$", "\\( 17 \\)").upper().replace("\\(", "$").replace("\\)", "$")
)


def rule_of(question: str, solution: str = "It is 1.") -> str | None:
    match = Gatekeeper.of().check(row(question, solution))
    return match.rule if match else None


@pytest.mark.parametrize(
    ("question", "rule"),
    [
        (HENS, "exact"),
        (f"Solve this and box your answer.\n\n{HENS}\n\nThink step by step.", "exact"),
        (RESPACED, "spelling"),
        (COMPOSED.replace("\\frac", "\\dfrac").replace("f(f(5))", "f\\left(f(5)\\right)"), "spelling"),
        (HENS.replace("17", "23").replace("$5$", "$9$"), "numbers"),
        (LOGARITHM.replace("64", "32"), "numbers"),
        (HENS.replace("in all", "altogether, counting both colours"), "n-grams"),
        (HENS.replace("grey", "brown").replace("have in", "own in"), "near"),
    ],
)
def test_a_test_problem_is_found(question: str, rule: str) -> None:
    assert rule_of(question) == rule


@pytest.mark.parametrize(
    "question",
    [
        "What is $2 + 2$?",
        "Evaluate $\\log_2 640 + x$ where $x$ is the number of primes below $30$.",
        "A shop has $17$ blue cups. It sells $5$ of them. How many cups are left in the shop in the evening?",
        "Let $g(x) = x^2$. Find the sum of all values of $x$ with $g(g(x)) = 81$.",
        "",
    ],
)
def test_another_problem_passes(question: str) -> None:
    assert rule_of(question) is None


def test_a_solution_that_quotes_a_test_problem_is_found() -> None:
    match = Gatekeeper.of().check(row("What is $1 + 1$?", f"This is like: {HENS} So it is $2$."))
    assert match is not None
    assert (match.field, match.unique_id, match.share) == ("completion", "test/algebra/1.json", 1.0)


@pytest.mark.parametrize(
    "disguised",
    [
        "\u200b".join(HENS),
        "\u00ad".join(HENS),
        "\u0301".join(HENS),
        "\x00".join(HENS),
        HENS.replace("a", "\u0430").replace("e", "\u0435").replace("A", "\u0391"),
        HENS.replace("$", "&#36;").replace(" ", "&nbsp;"),
        " ".join(f"**{word}**" for word in HENS.split()),
        HENS.replace("$", ""),
        COMPOSED.replace("$", "").replace("Find", "\\emph{Find}"),
        LOGARITHM.replace("$", ""),
        LOGARITHM.replace("$", "").replace("\\log", "\\color{red}\\log"),
    ],
    ids=[
        "zero width", "soft hyphens", "accents", "control", "look-alikes", "entities", "bold", "no dollars",
        "emphasis", "short", "colour",
    ],
)  # fmt: skip
def test_a_test_problem_that_only_looks_otherwise_is_found(disguised: str) -> None:
    assert rule_of(disguised) == "spelling"


@pytest.mark.parametrize(
    ("typed", "latex"),
    [("x ≤ 3", r"x \leq 3"), ("2·πr²", r"2 \cdot \pi r^2"), ("√5 ≠ 90°", r"\sqrt 5 \ne 90^\circ")],
)
def test_unicode_mathematics_is_that_of_latex(typed: str, latex: str) -> None:
    found, wanted = spelling.cleaned(typed), spelling.cleaned(latex)
    assert spelling.squashed(found) == spelling.squashed(wanted)


def test_a_test_problem_in_parts_is_found() -> None:
    half = len(HENS) // 2
    turns = [{"role": "user", "content": HENS[:half]}, {"role": "user", "content": HENS[half:]}]
    assert gate([{"prompt": turns}]).report.matches[0].field == "prompt"
    parted = gate([{"context": HENS[:half], "question": HENS[half:]}]).report.matches[0]
    assert (parted.field, parted.unique_id) == ("whole row", "test/algebra/1.json")


def test_a_number_that_only_begins_with_the_tests_is_another_one() -> None:
    assert rule_of("Here is a long story about logarithms. Evaluate $\\log_2 641 \\cdot 3$ then.") is None


@pytest.mark.parametrize("name", ["problem_id", "unique_id", "id"])
@pytest.mark.parametrize(
    "value", ["test/algebra/1.json", "Test/Algebra/1.json ", "test/algebra/1", "test/algebra/1.json+down+up"]
)
def test_a_row_of_the_test_set_is_an_error(name: str, value: str) -> None:
    with pytest.raises(Contaminated, match="is a problem of MATH-500"):
        gate([{name: value, "prompt": "What?"}])


@pytest.mark.parametrize(
    "fields",
    [
        {"uid": "test/algebra/1.json"},
        {"ids": ["test/algebra/1.json"]},
        {"meta": {"source": {"id": "test/algebra/1.json"}}},
        {"id": "/data/MATH/test/algebra/1.json"},
        {"id": "MATH\\test\\algebra\\1.json"},
        {"id": "test_algebra_1"},
        {"id": "test/algebra/1.json#3"},
        {"id": "test/algebra/1-easier"},
        {"id": "t\u0435st/algebra\u200b/1.json"},
    ],
)
def test_an_id_of_the_test_set_is_an_error_wherever_it_stands(fields: dict[str, object]) -> None:
    with pytest.raises(Contaminated, match="is a problem of MATH-500"):
        gate([{**fields, "prompt": "What?"}])


@pytest.mark.parametrize(
    "own", ["test/algebra/12.json", "train/algebra/1.json", "latest/algebra/1", "Test: Algebra 1"]
)
def test_an_id_that_is_only_like_one_of_the_test_set_passes(own: str) -> None:
    assert gate([{"id": own, "prompt": "What?"}]).report.dropped == 0


def test_rows_are_parted_and_reported() -> None:
    found = gate([row("What is $1 + 1$?"), row(HENS), {"problem": COMPOSED, "answer": "3"}])
    assert len(found.kept) == 1
    assert [match.row for _, match in found.dropped] == [1, 2]
    assert found.report.by_rule == {"exact": 2}
    assert (found.report.checked, found.report.dropped) == (3, 2)
    assert found.report.against[0].sha256 == "hash of math500"


def test_the_test_set_is_checked_against_whatever_is_named() -> None:
    names = [one.name for one in gate([row("What is $3 + 4$?")], against=["held"]).report.against]
    assert names == ["math500", "held"]


def test_a_held_out_set_of_the_same_template_only_drops_its_own_problems() -> None:
    rows = [row("What is $3 + 4$?"), row("What is $8 + 9$?")]
    assert gate(rows, against=["held"]).report.by_rule == {"exact": 1, "numbers": 1}
    assert gate(rows, against=["exact:held"]).report.by_rule == {"exact": 1}


def test_the_test_set_itself_is_always_looked_for_in_full() -> None:
    renumbered = row(HENS.replace("17", "23"))
    assert gate([renumbered], against=["exact:math500"]).report.by_rule == {"numbers": 1}


def test_without_the_test_set_nothing_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(name: str) -> ProblemSet:
        raise DataNotFound(f"no {name}")

    monkeypatch.setattr("math500.data.load", nowhere)
    with pytest.raises(DataNotFound):
        gate([])


def test_a_file_is_checked_with_all_its_texts(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    rows = [
        {"messages": [{"role": "user", "content": HENS}]},
        {"text": "nothing"},
        {"deep": {"er": [COMPOSED]}},
    ]
    file.write_text("".join(json.dumps(each) + "\n" for each in rows))
    report = decontaminate.check(file)
    assert [(match.row, match.field) for match in report.matches] == [(0, "messages"), (2, "deep")]
    assert decontaminate.check(tmp_path) == report


def test_many_rows_are_checked_by_several_processes_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decontaminate, "MANY", 20)
    monkeypatch.setattr(decontaminate, "CHUNK", 10)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    rows = [row(HENS if number % 7 == 0 else f"What is {number}?") for number in range(75)]
    assert [match.row for _, match in gate(rows).dropped] == list(range(0, 75, 7))


def test_a_test_row_among_many_stops_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decontaminate, "MANY", 0)
    monkeypatch.setattr(decontaminate, "CHUNK", 10)
    rows = [row(f"What is {number}?") for number in range(30)]
    with pytest.raises(Contaminated):
        gate([*rows, row("Why?", problem_id="test/algebra/2.json")])

r"""Files into problems, canonical bytes, and the row-by-row comparison."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from math500.data import known, rows, verify
from math500.errors import DataMismatch, DataNotFound, DataUnreadable, DependencyMissing, Math500Error
from math500.records import Problem

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
PROBLEMS = st.lists(
    st.builds(
        Problem,
        problem=TEXT,
        answer=TEXT.filter(lambda text: "####" not in text),
        unique_id=TEXT,
        solution=TEXT,
        subject=TEXT,
        level=st.none() | st.integers(1, 5),
    ),
    min_size=1,
    max_size=8,
    unique_by=(lambda problem: problem.problem, lambda problem: problem.unique_id),
).map(tuple)


def jsonl(*objects: dict[str, Any]) -> bytes:
    return "".join(json.dumps(one) + "\n" for one in objects).encode()


def one(row: dict[str, Any]) -> Problem:
    return rows.to_problems([row], "file", "set")[0]


# -- canonical form --------------------------------------------------------------------------


def test_the_canonical_form_is_the_published_files_own() -> None:
    problem = Problem(
        problem="π “$x$”", answer="\\frac{1}{2}", unique_id="test/a/1.json", subject="A & B", level=2
    )
    assert rows.canonical([problem]) == (
        rb'{"problem": "\u03c0 \u201c$x$\u201d", "solution": "", "answer": "\\frac{1}{2}", '
        rb'"subject": "A & B", "level": 2, "unique_id": "test/a/1.json"}' + b"\n"
    )


@given(PROBLEMS)
def test_canonical_bytes_read_back_as_the_same_problems(problems: tuple[Problem, ...]) -> None:
    data = rows.canonical(problems)
    assert rows.decode_canonical(data) == problems
    assert rows.to_problems(rows.parse(data, "f"), "f", "set") == problems


@given(PROBLEMS)
def test_every_file_format_gives_the_same_hash(problems: tuple[Problem, ...]) -> None:
    objects = [structs.asdict(problem) for problem in problems]
    expected = rows.parse(jsonl(*objects), "f")
    assert rows.parse(json.dumps(objects, ensure_ascii=False, indent=1).encode(), "f") == expected
    assert rows.parse(b"\xef\xbb\xbf" + jsonl(*objects).replace(b"\n", b"\r\n\r\n"), "f") == expected


def test_parquet_gives_the_same_rows(problems: tuple[Problem, ...]) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    objects = [structs.asdict(problem) for problem in problems]
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(objects), file)
    assert rows.parse(file.getvalue(), "f.parquet") == objects
    with pytest.raises(DataUnreadable, match="damaged Parquet"):
        rows.parse(file.getvalue()[:-100], "f.parquet")


def test_parquet_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DependencyMissing, match="pyarrow") as caught:
        rows.parse(b"PAR1....", "f.parquet")
    assert "math500[parquet]" in caught.value.next_step


# -- fields ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            {"problem": "p", "answer": "4"},
            {"answer": "4", "unique_id": "set/0", "level": None, "subject": ""},
        ),
        ({"question": "p", "ground_truth": 204}, {"answer": "204"}),
        ({"problem": "p", "question": "q", "answer": 0}, {"problem": "p", "answer": "0"}),
        ({"problem": "p", "answer": 0.5, "id": 7}, {"answer": "0.5", "unique_id": "7"}),
        (
            {"problem": "p", "answer": "a", "type": "Algebra", "level": "Level 3"},
            {"subject": "Algebra", "level": 3},
        ),
        ({"problem": "p", "answer": "a", "level": "Level ?"}, {"level": None}),
        ({"problem": "p", "answer": "a", "level": "4"}, {"level": 4}),
        ({"problem": "p", "answer": "a", "level": None, "solution": None}, {"level": None, "solution": ""}),
        ({"problem": "p", "solution": "so $\\boxed{1}$ or $\\boxed{2}$"}, {"answer": "2"}),
        ({"problem": "p", "solution": "$\\boxed{}$"}, {"answer": ""}),
        (
            {"question": "q", "answer": "3 * 400 = <<3*400=1200>>1,200\n#### 1,200"},
            {"answer": "1200", "solution": "3 * 400 = <<3*400=1200>>1,200\n#### 1,200"},
        ),
        ({"question": "q", "answer": "#### -1,234,567\n"}, {"answer": "-1234567"}),
        ({"question": "q", "answer": "a #### b"}, {"answer": "a #### b", "solution": ""}),
        ({"question": "q", "answer": "(1,234)"}, {"answer": "(1,234)"}),
    ],
)
def test_a_row_becomes_a_problem(row: dict[str, Any], expected: dict[str, Any]) -> None:
    problem = structs.asdict(one(row))
    assert {name: problem[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"problem": "p"}, r"row 0: no `answer` \(its fields: problem\)"),
        ({"answer": "a"}, r"row 0: no `problem`"),
        ({"problem": " ", "answer": "a"}, r"row 0: no `problem`"),
        ({}, r"its fields: none"),
        ({"problem": "p", "answer": ["a", "b"]}, "`answer` is a list"),
        ({"problem": "p", "answer": True}, "`answer` is a bool"),
        ({"problem": "p", "answer": "a", "level": "hard"}, "`level` is 'hard'"),
        ({"problem": {"en": "p"}, "answer": "a"}, "`problem` is a dict"),
    ],
)
def test_a_row_that_is_no_problem(row: dict[str, Any], says: str) -> None:
    with pytest.raises(DataUnreadable, match=says) as caught:
        one(row)
    assert caught.value.next_step


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("\\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
        ("\\boxed{1} then \\boxed {2}", "2"),
        ("\\boxed 9$", "9"),
        ("\\boxed{\\left\\{1,2\\right.}", "\\left\\{1,2\\right."),
        ("\\boxed{never closed", ""),
        ("no box", ""),
        ("\\boxed", ""),
        ("\\boxed{a\\\\}b}", "a\\\\"),
    ],
)
def test_last_boxed(text: str, box: str) -> None:
    assert rows.last_boxed(text) == box


INNER = st.recursive(
    st.text("ab ", max_size=5) | st.just("\\{"),
    lambda inner: st.lists(inner, max_size=3).map("".join) | inner.map("{{{}}}".format),
    max_leaves=8,
)


@given(INNER, st.text("ab {}$"))
def test_last_boxed_finds_what_was_boxed(inner: str, after: str) -> None:
    assert rows.last_boxed(f"\\boxed{{0}} or \\boxed{{{inner}}}{after}") == inner


# -- files -----------------------------------------------------------------------------------

GOOD = {"problem": "p", "answer": "a"}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "holds no rows"),
        (b"\n \n", "holds no rows"),
        (b"[]", "holds no rows"),
        (b"\n<!DOCTYPE html><html>", "is a web page"),
        (jsonl(GOOD) + b'{"problem": "p", "ans', "line 2 is not readable as JSON"),
        (jsonl(GOOD, GOOD) + b"caf\xe9\n", "line 3, is not UTF-8"),
        (b"[1, 2]", "not readable as JSON"),
        (b"problem,answer\n1+1?,2\n", "not readable as JSON .* Give JSON lines, a JSON list or Parquet"),
        (b'"text"', "not readable as JSON"),
        (b'[{"problem": "p"}', "not readable as JSON"),
        (b"[" * 100_000, "not readable as JSON"),
        (b"\x00\x01", "not readable as JSON"),
        (b'{"problem": "\\ud800", "answer": "1"}', "not readable as JSON"),
    ],
)
def test_a_file_that_holds_no_rows(data: bytes, says: str) -> None:
    with pytest.raises(DataUnreadable, match=says) as caught:
        rows.parse(data, "f.jsonl")
    assert caught.value.what.startswith("f.jsonl")
    assert caught.value.next_step


def test_a_line_separator_inside_a_row_does_not_split_it() -> None:
    text = '{"problem": "a\u2028b\x85c", "answer": "1"}\n'
    assert rows.parse(text.encode(), "f") == [{"problem": "a\u2028b\x85c", "answer": "1"}]


@pytest.mark.parametrize(("name", "error"), [("folder", DataUnreadable), ("absent", DataNotFound)])
def test_no_file(tmp_path: Path, name: str, error: type[Math500Error]) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(error, match=name):
        rows.read_file(tmp_path / name)


# -- comparison ------------------------------------------------------------------------------

FIELDS = {"problem": "problem", "solution": "solution", "answer": "answer", "subject": "subject or level"}


@given(PROBLEMS, st.randoms(use_true_random=False), st.booleans())
def test_another_order_and_other_ids_are_put_right(
    problems: tuple[Problem, ...], random: Any, renumber: bool
) -> None:
    copy = list(problems)
    random.shuffle(copy)
    if renumber:
        copy = [structs.replace(row, unique_id=f"row {at}") for at, row in enumerate(copy)]
    differences, aligned = verify.compare(copy, verify.reference_of(problems))
    assert not differences
    assert aligned == problems


@given(PROBLEMS, st.data())
def test_every_change_is_named(problems: tuple[Problem, ...], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(problems) - 1))
    field = data.draw(st.sampled_from(sorted(FIELDS)))
    row = problems[at]
    changed = structs.replace(row, **{field: getattr(row, field) + " and more"})
    if changed.problem in {other.problem for other in problems if other is not row}:
        return
    differences, _ = verify.compare(
        [*problems[:at], changed, *problems[at + 1 :]], verify.reference_of(problems)
    )
    assert differences.changed == {row.unique_id: (FIELDS[field],)}
    assert (differences.missing, differences.unknown, differences.repeated) == ((), (), ())


def test_missing_unknown_and_repeated_rows(problems: tuple[Problem, ...]) -> None:
    stranger = structs.replace(problems[0], problem="Another?", unique_id="test/other")
    differences, _ = verify.compare([*problems[3:], problems[5], stranger], verify.reference_of(problems))
    assert str(differences) == (
        "rows missing: 3 (test/0, test/1, test/2); rows of no such set: 1 (test/other); "
        "rows repeated: 1 (test/5)"
    )


def test_many_differences_are_counted(problems: tuple[Problem, ...]) -> None:
    copy = [structs.replace(row, answer=row.answer + ".") for row in problems]
    differences, _ = verify.compare(copy, verify.reference_of(problems))
    assert str(differences).startswith("rows that differ: 12 (test/0: answer; test/1: answer;")
    assert str(differences).endswith("; and 7 more)")


def test_without_a_reference_the_hashes_are_given(problems: tuple[Problem, ...]) -> None:
    with pytest.raises(DataMismatch, match="12 rows of 1319, sha256"):
        verify.settle(problems, known.get("gsm8k"), "f", None)


def test_the_committed_table_is_math500s() -> None:
    reference = verify.math500_reference()
    assert len(reference) == known.get("math500").rows == 500
    assert len({row.problem for row in reference.values()}) == 500
    assert next(iter(reference)) == "test/precalculus/807.json"

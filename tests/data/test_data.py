"""load(), where(), select() and counts() over invented sets; one test over the real MATH-500."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from math500 import archives, data
from math500.data import find, hub, known, rows, verify
from math500.errors import DataMismatch, DataNotFound, DataUnreadable, Math500Error, StorageFull, UsageError
from math500.records import Problem, Selection, Step

Registry = Callable[[dict[str, bytes]], Path]


def places(steps: list[Step] | tuple[Step, ...]) -> list[str]:
    return [f"{step.place}: {step.outcome}" for step in steps]


def write(path: Path, problems: Any) -> Path:
    path.write_bytes(rows.canonical(problems))
    return path


# -- the order of the sources ----------------------------------------------------------------


def test_the_hub_comes_before_the_registry_and_is_cached(
    small: data.KnownSet, the_hub: Any, problems: tuple[Problem, ...], cache: Path, steps: list[Step]
) -> None:
    the_hub.serve(rows.canonical(problems))
    first = data.load(on_step=steps.append)
    assert first.problems == problems
    assert first.source.verified
    assert (first.source.place, first.source.sha256, first.source.rows) == ("hub", small.sha256, 12)
    assert places(steps) == ["cache: not there", "hub: used"]
    assert first.source.steps == tuple(steps)

    second = data.load()
    assert second.problems == problems
    assert places(second.source.steps) == ["cache: used"]
    assert second.source.location == str(cache / "data" / "math500.jsonl")
    assert len(the_hub.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (404, b"", "404 Not Found"),
        (500, b"", "500 Internal Server Error"),
        (200, b"<html>sign in</html>", "is a web page"),
        (200, b"", "holds no rows"),
        (200, b'{"problem": "p", "answer": "a"}\n{"pro', "line 2 is not readable"),
        (200, b'{"prompt": "p", "target": "a"}\n', "no `problem`"),
        (200, b'{"problem": "p", "answer": "a"}\n', "rows missing: 12 (test/0"),
    ],
)
def test_a_hub_without_the_set_is_a_step_and_the_registry_serves(
    small: data.KnownSet,
    the_hub: Any,
    registry: Registry,
    problems: tuple[Problem, ...],
    status: int,
    body: bytes,
    says: str,
) -> None:
    the_hub.serve(body, status=status)
    registry({"tiny/test.jsonl": rows.canonical(problems)})
    found = data.load()
    assert found.problems == problems
    assert found.source.place == "registry"
    assert found.source.location == "tiny/test.jsonl in tiny-data 1.0"
    assert [step.place for step in found.source.steps] == ["cache", "hub", "registry"]
    assert says in found.source.steps[1].outcome


@pytest.mark.parametrize("wrong_copy", [False, True])
def test_no_source_at_all(
    small: data.KnownSet, the_hub: Any, problems: tuple[Problem, ...], wrong_copy: bool, steps: list[Step]
) -> None:
    if wrong_copy:
        the_hub.serve(rows.canonical(problems[1:]))
    with pytest.raises(DataMismatch if wrong_copy else DataNotFound) as caught:
        data.load(on_step=steps.append)
    assert [step.place for step in steps] == ["cache", "hub", "registry"]
    assert "pip could not download tiny-data 1.0" in caught.value.what
    assert ("rows missing: 1 (test/0)" in caught.value.what) == wrong_copy
    assert caught.value.next_step


@pytest.mark.parametrize(
    ("switch", "hub_asked", "registry_asked"),
    [("HF_HUB_OFFLINE", False, True), ("MATH500_OFFLINE", False, False)],
)
def test_offline(
    small: data.KnownSet,
    the_hub: Any,
    registry: Registry,
    problems: tuple[Problem, ...],
    monkeypatch: pytest.MonkeyPatch,
    switch: str,
    hub_asked: bool,
    registry_asked: bool,
) -> None:
    the_hub.serve(rows.canonical(problems))
    registry({"tiny/test.jsonl": rows.canonical(problems)})
    monkeypatch.setenv(switch, "1")
    if registry_asked:
        assert data.load().source.place == "registry"
    else:
        with pytest.raises(DataNotFound, match=switch):
            data.load()
    assert bool(the_hub.requests) == hub_asked


def test_a_parquet_hub_is_not_asked_without_pyarrow(
    small: data.KnownSet,
    the_hub: Any,
    registry: Registry,
    problems: tuple[Problem, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = structs.replace(small.hub, path="test.parquet")  # type: ignore[type-var]
    monkeypatch.setitem(known.KNOWN, "math500", structs.replace(small, hub=file))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    registry({"tiny/test.jsonl": rows.canonical(problems)})
    outcome = data.load().source.steps[1].outcome
    assert outcome == "not asked: its file is Parquet and pyarrow is not installed"
    assert the_hub.requests == []


# -- the cache -------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [0, 1, 2], ids=["emptied", "cut in half", "one byte short"])
def test_a_damaged_cache_is_replaced(
    small: data.KnownSet, the_hub: Any, problems: tuple[Problem, ...], cache: Path, cut: int
) -> None:
    good = rows.canonical(problems)
    the_hub.serve(good)
    file = cache / "data" / "math500.jsonl"
    file.parent.mkdir(parents=True)
    file.write_bytes(good[: [0, len(good) // 2, len(good) - 1][cut]])
    assert data.where("math500").state == "damaged"
    found = data.load()
    assert places(found.source.steps) == ["cache: damaged, to be replaced", "hub: used"]
    assert file.read_bytes() == good
    assert data.where("math500") == data.Presence(name="math500", state="ready", paths=(file,))


def test_the_archives_file_in_the_cache_serves_before_the_hub(
    small: data.KnownSet, the_hub: Any, registry: Registry, problems: tuple[Problem, ...], cache: Path
) -> None:
    registry({"tiny/test.jsonl": rows.canonical(problems)})
    assert small.member
    member = archives.fetch(small.member)
    assert data.where("math500").paths == (member,)
    found = data.load()
    assert (found.source.place, found.source.location) == ("cache", str(member))
    assert the_hub.requests == []
    assert (cache / "data" / "math500.jsonl").exists()


@pytest.mark.parametrize("source", ["hub", "registry"])
def test_a_cache_that_cannot_be_written_costs_a_note(
    small: data.KnownSet,
    the_hub: Any,
    registry: Registry,
    problems: tuple[Problem, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MATH500_CACHE", str(tmp_path / "file" / "cache"))
    if source == "hub":
        the_hub.serve(rows.canonical(problems))
    registry({"tiny/test.jsonl": rows.canonical(problems)})
    found = data.load()
    assert found.problems == problems
    assert found.source.place == source
    assert found.source.steps[-1].outcome.startswith("used; not kept: The cache folder")


def test_a_full_disk_stops_the_download(
    small: data.KnownSet, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    registry({})
    monkeypatch.setattr(archives, "_take", full)
    with pytest.raises(StorageFull):
        data.load()


def test_where_fetches_nothing(small: data.KnownSet, the_hub: Any) -> None:
    assert data.where("math500").state == "absent"
    assert the_hub.requests == []
    with pytest.raises(UsageError, match="nonsense"):
        data.where("nonsense")


def test_a_dead_hub_is_asked_once_for_all_sets(
    small: data.KnownSet, registry: Registry, problems: tuple[Problem, ...], cache: Path
) -> None:
    registry({"tiny/test.jsonl": rows.canonical(problems)})
    first = data.load().source.steps[1].outcome
    (cache / "data" / "math500.jsonl").unlink()
    assert small.member
    archives.cached_path(small.member).unlink()
    assert data.load().source.steps[1].outcome == f"{first} earlier in this process"
    assert list(hub._dead)


# -- a copy by path --------------------------------------------------------------------------


def test_a_faithful_copy_in_another_order_is_put_right(
    small: data.KnownSet, problems: tuple[Problem, ...], tmp_path: Path
) -> None:
    file = write(tmp_path / "copy.jsonl", problems[::-1])
    found = data.load("math500", path=file)
    assert found.problems == problems
    assert (found.source.place, found.source.verified) == ("path", True)
    assert places(found.source.steps) == ["path: used; rows brought into the set's own order and ids"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda p: [structs.replace(p[0], answer="7"), *p[1:]], r"rows that differ: 1 \(test/0: answer\)"),
        (lambda p: [structs.replace(p[0], problem="What?"), *p[1:]], r"\(test/0: problem\)"),
        (lambda p: [structs.replace(p[0], level=None), *p[1:]], r"\(test/0: subject or level\)"),
        (lambda p: p[1:], r"rows missing: 1 \(test/0\)"),
        (lambda p: [*p, p[3]], r"rows repeated: 1 \(test/3\)"),
        (
            lambda p: [structs.replace(row, solution="") for row in p],
            r"rows that differ: 12 \(test/0: solution;",
        ),
    ],
    ids=["answer", "problem", "level", "row missing", "row doubled", "no solutions"],
)
def test_a_copy_that_differs_is_refused_by_row(
    small: data.KnownSet,
    problems: tuple[Problem, ...],
    tmp_path: Path,
    change: Callable[[tuple[Problem, ...]], Any],
    says: str,
) -> None:
    file = write(tmp_path / "copy.jsonl", change(problems))
    with pytest.raises(DataMismatch, match=says) as caught:
        data.load("math500", path=file)
    assert str(file) in caught.value.what
    assert "as a set of your own" in caught.value.next_step


def test_sets_without_ids_are_compared_with_the_cache(
    small: data.KnownSet, problems: tuple[Problem, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = [structs.replace(row, unique_id=f"plain/{at}") for at, row in enumerate(problems)]
    plain = structs.replace(small, name="plain", sha256=rows.digest(own), hub=None, member=None)
    monkeypatch.setitem(known.KNOWN, "plain", plain)
    file = write(tmp_path / "copy.jsonl", [structs.replace(own[0], answer="9"), *own[1:]])
    with pytest.raises(DataMismatch, match="12 rows of 12, sha256"):
        data.load("plain", path=file)
    archives.store(find._cached_path(plain), rows.canonical(own))
    with pytest.raises(DataMismatch, match=r"rows that differ: 1 \(plain/0: answer\)"):
        data.load("plain", path=file)
    assert data.load("plain", path=write(file, own[::-1])).problems == tuple(own)


# -- sets made of parts ----------------------------------------------------------------------


def test_the_train_set_leaves_math500_out(
    small: data.KnownSet, problems: tuple[Problem, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Train 0-3 and test 4-11, of which the small MATH-500 is 6-11."""
    monkeypatch.setattr(verify, "math500_reference", lambda: dict.fromkeys(f"test/{i}" for i in range(6, 12)))
    parts = {"math-train": problems[:4], "math-test": problems[4:]}
    for name, part in parts.items():
        one = structs.replace(small, name=name, sha256=rows.digest(part), hub=None, member=None)
        monkeypatch.setitem(known.KNOWN, name, one)
        archives.store(find._cached_path(one), rows.canonical(part))
    joined = structs.replace(small, name="joined", sha256=rows.digest(problems[:6]), parts=tuple(parts))
    monkeypatch.setitem(known.KNOWN, "joined", joined)
    found = data.load("joined")
    assert found.problems == problems[:6]
    assert found.source.location == "math-train + math-test without MATH-500"
    assert data.where("joined").state == "ready"
    assert len(data.where("joined").paths) == 2
    assert data.load("joined", path=write(tmp_path / "copy", problems[5::-1])).problems == problems[:6]
    data.where("math-test").paths[0].unlink()
    assert data.where("joined").state == "absent"


# -- a user's own set ------------------------------------------------------------------------


@pytest.mark.parametrize("by_name", [True, False])
def test_an_own_set(tmp_path: Path, by_name: bool) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text('{"question": "1+1?", "answer": 2}\n{"question": "2+2?", "answer": 4}\n')
    found = data.load(str(file)) if by_name else data.load("mine", path=file)
    assert [problem.unique_id for problem in found.problems] == ["mine/0", "mine/1"]
    assert found.source.name == ("mine.jsonl" if by_name else "mine")
    assert not found.source.verified
    assert places(found.source.steps) == ["path: used"]


def test_an_own_file_that_is_a_known_set_counts_as_verified(
    small: data.KnownSet, problems: tuple[Problem, ...], tmp_path: Path
) -> None:
    assert data.load(str(write(tmp_path / "x.jsonl", problems))).source.verified


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        (
            '{"problem": "p", "answer": "1", "id": "a"}\n{"problem": "q", "answer": "2", "id": "a"}\n',
            DataUnreadable,
            r"1 id on more than one row \(a\)",
        ),
        ('{"problem": "p", "solution": "\\\\boxed{}"}\n', DataUnreadable, r"empty answer \(bad/0\)"),
        ("", DataUnreadable, "holds no rows"),
    ],
)
def test_an_own_set_that_cannot_be_used(
    tmp_path: Path, text: str, error: type[Math500Error], says: str
) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(text)
    with pytest.raises(error, match=says):
        data.load(str(file))


@pytest.mark.parametrize(
    ("name", "error"),
    [("maths500", UsageError), ("/no/such/file.jsonl", UsageError), ("/", DataUnreadable)],
)
def test_a_name_that_is_nothing(name: str, error: type[Math500Error]) -> None:
    with pytest.raises(error):
        data.load(name)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        data.load("math-500")
    assert all(one.name in caught.value.next_step for one in data.known_sets())


# -- choosing --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({}, list(range(12))),
        ({"limit": 3}, [0, 1, 2]),
        ({"limit": 99}, list(range(12))),
        ({"subjects": ["GEOMETRY"]}, [1, 4, 7, 10]),
        ({"subjects": ["number-theory", "Number Theory", "number_theory"]}, [2, 5, 8, 11]),
        ({"levels": [1, 5, 1]}, [0, 4, 5, 9, 10]),
        ({"subjects": ["algebra"], "levels": [1]}, [0]),
        ({"ids": ["test/7", "test/2"]}, [2, 7]),
        ({"ids": ["test/7", "test/2"], "limit": 1}, [2]),
    ],
)
def test_select(problems: tuple[Problem, ...], choice: dict[str, Any], expected: list[int]) -> None:
    chosen, selection = data.select(problems, **choice)
    assert chosen == tuple(problems[i] for i in expected)
    assert selection.count == len(expected)


def test_the_selection_is_recorded_in_the_sets_own_words(problems: tuple[Problem, ...]) -> None:
    _, selection = data.select(problems, limit=2, subjects=["number-theory"], levels=[3], shuffle_seed=7)
    assert selection == Selection(limit=2, subjects=("Number Theory",), levels=(3,), shuffle_seed=7, count=1)


@pytest.mark.parametrize(
    "subject", ["Counting & Probability", "counting-and-probability", "counting_probability"]
)
def test_a_subject_with_an_ampersand(problems: tuple[Problem, ...], subject: str) -> None:
    renamed = structs.replace(problems[0], subject="Counting & Probability")
    assert data.select([renamed], subjects=[subject])[0] == (renamed,)


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ({"subjects": ["geometri"]}, "Choose from: Algebra, Geometry, Number Theory."),
        ({"levels": [6]}, "Choose from: 1, 2, 3, 4, 5."),
        ({"ids": ["test/77"]}, "Ids look like test/7"),
        ({"limit": 0}, "at least 1"),
        ({"limit": -1}, "at least 1"),
        ({"ids": ["test/1"], "levels": [5]}, "Ask for fewer"),
    ],
)
def test_a_choice_that_cannot_be_made(
    problems: tuple[Problem, ...], choice: dict[str, Any], says: str
) -> None:
    with pytest.raises(UsageError) as caught:
        data.select(problems, **choice)
    assert says in caught.value.next_step


def test_a_seeded_sample_is_the_same_everywhere(problems: tuple[Problem, ...]) -> None:
    """The ids are written down: another Python, machine or release must give them again."""
    chosen, _ = data.select(problems, limit=4, shuffle_seed=1)
    assert [problem.unique_id for problem in chosen] == ["test/6", "test/4", "test/8", "test/5"]


@given(seed=st.integers(), small_limit=st.integers(1, 12), large_limit=st.integers(1, 12))
def test_a_smaller_sample_is_a_prefix_and_the_files_order_does_not_matter(
    seed: int, small_limit: int, large_limit: int
) -> None:
    made = [Problem(problem=str(i), answer="", unique_id=str(i)) for i in range(12)]
    few, _ = data.select(made, limit=min(small_limit, large_limit), shuffle_seed=seed)
    many, _ = data.select(made[::-1], limit=max(small_limit, large_limit), shuffle_seed=seed)
    assert many[: len(few)] == few
    assert len(set(many)) == len(many)


def test_counts(problems: tuple[Problem, ...]) -> None:
    odd = structs.replace(problems[0], subject="", level=None)
    assert data.counts([*problems, odd]) == data.Counts(
        {"": 1, "Algebra": 4, "Geometry": 4, "Number Theory": 4}, {1: 3, 2: 3, 3: 2, 4: 2, 5: 2, None: 1}
    )


def test_the_known_sets_are_described() -> None:
    sets = {one.name: one.rows for one in data.known_sets()}
    assert sets == {
        "math500": 500,
        "math-train": 7500,
        "math-train-12k": 12000,
        "math-test": 5000,
        "gsm8k": 1319,
        "gsm8k-train": 7473,
    }
    assert all(one.description and one.licence and one.source for one in data.known_sets())
    assert all(len(one.sha256) == 64 and int(one.sha256, 16) for one in data.known_sets())


def test_importing_the_room_loads_nothing_heavy() -> None:
    code = "import sys, math500.data; print([name for name in ('aiohttp', 'pyarrow') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- the real one ----------------------------------------------------------------------------


@pytest.mark.real_data
def test_the_real_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    math500 = data.load("math500")
    assert math500.source.place == "registry"
    assert rows.digest(math500.problems) == known.get("math500").sha256
    assert all(rows.last_boxed(problem.solution) == problem.answer for problem in math500.problems)
    assert data.counts(math500.problems) == data.Counts(
        {
            "Algebra": 124,
            "Counting & Probability": 38,
            "Geometry": 41,
            "Intermediate Algebra": 97,
            "Number Theory": 62,
            "Prealgebra": 82,
            "Precalculus": 56,
        },
        {1: 43, 2: 90, 3: 105, 4: 128, 5: 134},
    )
    started = time.perf_counter()
    assert data.load("math500").source.place == "cache"
    assert time.perf_counter() - started < 0.05

    monkeypatch.setenv("MATH500_OFFLINE", "1")  # one download brought every set
    for one in data.known_sets():
        assert data.load(one.name).source.rows == one.rows
    train = data.load("math-train-12k").problems
    assert not {row.problem for row in train} & {row.problem for row in math500.problems}
    assert [row.unique_id for row in train if not row.answer] == ["math-train/5341", "math-train/5343"]
    assert all(row.answer.lstrip("-").isdecimal() for row in data.load("gsm8k").problems)

    rewritten = [structs.replace(math500.problems[0], answer="7"), *math500.problems[1:]]
    with pytest.raises(DataMismatch, match=r"rows that differ: 1 \(test/precalculus/807.json: answer\)"):
        data.load("math500", path=write(tmp_path / "copy.jsonl", rewritten))

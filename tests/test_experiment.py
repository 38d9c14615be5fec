"""A study from its file to its table, against a server on this machine."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from math500 import experiment
from math500.display import experiment as show
from math500.errors import DataUnreadable, ModelError, QuotaExhausted, RunMismatch, UsageError
from math500.rundir import RunDir
from tests.faulty_server import Act, FaultyServer, Request, error
from tests.test_cli import adds, own_set, server

__all__ = ["own_set", "server"]

Write = Callable[..., experiment.Study]


@pytest.fixture
def write(tmp_path: Path, server: FaultyServer, own_set: Path) -> Write:
    """Writes a study of a stub model on twelve problems and reads it."""

    def make(text: str, **common: object) -> experiment.Study:
        shared = {"model": "stub", "base_url": server.url, "data": str(own_set), **common}
        lines = [f"{key} = {json.dumps(value)}" for key, value in shared.items()]
        file = tmp_path / "study.toml"
        file.write_text("[common]\n" + "\n".join(lines) + "\n" + text, encoding="utf-8")
        return experiment.read(file, tmp_path / "study")

    return make


def carry_out(study: experiment.Study, **options: int | None) -> str:
    rows = experiment.carry_out(study, say=lambda _: None, quiet=True, **options)
    return show.outcome(rows)


MATRIX = '[matrix]\nprompt = ["boxed", "bare"]\ntemperature = [0, 0.7]\n'


def test_cells_are_every_combination_and_what_is_listed(write: Write) -> None:
    study = write(MATRIX + '[[cell]]\nname = "my vote"\nsolver = "vote:cot"\nvotes = 2\n')
    assert list(study.cells) == ["boxed_0", "boxed_0.7", "bare_0", "bare_0.7", "my-vote"]
    assert study.cells["bare_0.7"]["temperature"] == 0.7
    request = experiment.request_of(study.cells["my-vote"])
    assert (request.solver.name, request.solver.votes, request.model) == ("vote:cot", 2, "stub")


def test_a_study_is_one_table_of_ordinary_runs(write: Write, server: FaultyServer) -> None:
    study = write(MATRIX)
    table = carry_out(study)
    assert [line.split()[0] for line in table.splitlines()[1:5]] == list(study.cells)
    assert len(server.requests) == 48
    runs = [RunDir.open(study.folder / name) for name in study.cells]
    assert [run.manifest.prompt.name for run in runs] == ["boxed", "boxed", "bare", "bare"]
    carry_out(study)
    assert len(server.requests) == 48, "what is finished was asked again"


def test_a_study_that_was_stopped_goes_on(write: Write, server: FaultyServer) -> None:
    study = write(MATRIX)

    def dies(request: Request) -> Act:
        return error(401, "no such key") if request.number > 30 else adds(request)

    server.plan = dies
    with pytest.raises(ModelError):
        carry_out(study)
    answered = sum(len(RunDir.open(f.parent).samples()) for f in study.folder.glob("*/manifest.json"))
    server.plan = adds
    before = len(server.requests)
    carry_out(study)
    assert len(server.requests) - before == 48 - answered


def test_the_whole_study_has_one_budget(write: Write, server: FaultyServer) -> None:
    study = write(MATRIX, max_tokens=8)
    with pytest.raises(QuotaExhausted):
        carry_out(study, most_tokens=200)
    used = len(server.requests)
    assert used < 48
    with pytest.raises(QuotaExhausted):
        carry_out(study, most_tokens=200)
    carry_out(study, most_tokens=None)
    assert len(list(study.folder.glob("*/summary.json"))) == 4


def test_a_file_that_says_something_else_about_a_cell_is_refused(write: Write) -> None:
    carry_out(write('[[cell]]\nname = "a"\nprompt = "bare"\n'))
    with pytest.raises(RunMismatch, match="the cell a was begun with another limit, prompt"):
        carry_out(write('[[cell]]\nname = "a"\nprompt = "boxed"\nlimit = 3\n'))
    carry_out(write('[[cell]]\nname = "a"\nprompt = "bare"\n[[cell]]\nname = "b"\nprompt = "boxed"\n'))


def test_the_plan_asks_nothing(write: Write, server: FaultyServer) -> None:
    study = write(MATRIX, max_tokens=100, limit=5)
    cells = experiment.plan(study, say=lambda _: None)
    assert [(c.problems, c.owed, c.requests) for c in cells] == [(5, 5, 5)] * 4
    assert all(c.most_tokens is not None and c.most_tokens > 500 for c in cells)
    assert not server.requests
    assert not study.folder.exists()
    assert "boxed_0.7" in show.plan(cells)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no cell"),
        ('[matrix]\nprompt = "boxed"\n', "prompt is no list"),
        ("[matrix]\ncolour = [1]\n", "sets colour"),
        ("[other]\n", "has other"),
        ('[[cell]]\nname = "a"\n[[cell]]\nname = "a"\n', "two cells named a"),
    ],
)
def test_a_file_that_makes_no_study_is_told(write: Write, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        write(text)


def test_a_value_of_the_wrong_kind_is_told(write: Write) -> None:
    study = write('[[cell]]\nsolver = "vote:cot"\nvotes = "many"\n')
    with pytest.raises(UsageError, match="votes"):
        carry_out(study)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ('shots = "4"', r"\$.shots"),
        ("shots = -1", r"\$.shots"),
        ('choose = "likest"\nshots = 2', r"\$.choose"),
        ('choose = "similarity"', "--shots 4"),
        ('limit = "all"', r"\$.limit"),
        ("levels = 3", r"\$.levels"),
        ('subjects = "Algebra"', r"\$.subjects"),
        ("samples = 0", r"\$.samples"),
        ("system = 3", r"\$.system"),
        ('no_system = "yes"', r"\$.no_system"),
        ('solver = "vote:cot"', "--votes is missing"),
        ('solver = "vote:cot"\nvotes = 0', "count from 1 on"),
        ('solver = "vote:cot"\nvotes = 4\nconfidence = 3', "a confidence of 3"),
        ('solver = "vote:cot"\nvotes = 4\nweigh = "judge"', "needs a judge"),
    ],
)
def test_every_cell_is_looked_at_before_the_first_is_asked(
    write: Write, server: FaultyServer, cell: str, words: str
) -> None:
    study = write(f'[[cell]]\nname = "good"\nprompt = "bare"\n[[cell]]\nname = "bad"\n{cell}\n')
    for carried in (carry_out, lambda of: experiment.plan(of, say=lambda _: None)):
        with pytest.raises(UsageError, match=words):
            carried(study)
    assert not server.requests
    assert not study.folder.exists()


def test_where_the_judge_is_may_be_said_for_all() -> None:
    settings = {"model": "stub", "judge_base_url": "http://127.0.0.1:1/v1", "solver": "vote:cot", "votes": 2}
    assert experiment.request_of(settings).judge_base_url is None
    judged = experiment.request_of(settings | {"weigh": "judge", "judge": "big"})
    assert judged.judge_base_url == "http://127.0.0.1:1/v1"
    assert judged.solver.stopping == "beta"


@pytest.mark.parametrize(
    "setting", ["temperature = nan", "temperature = inf", "temperature = -1", "top_p = 1.5", "max_tokens = 0"]
)
def test_a_number_that_cannot_be_asked_for(setting: str) -> None:
    name = setting.partition(" ")[0]
    with pytest.raises(UsageError, match=f"{name} cannot be"):
        experiment.request_of({"model": "stub", **tomllib.loads(setting)})


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataUnreadable, match="nowhere.toml cannot be read"):
        experiment.read(tmp_path / "nowhere.toml")
    (tmp_path / "broken.toml").write_text("[matrix")
    with pytest.raises(DataUnreadable, match="broken.toml cannot be read"):
        experiment.read(tmp_path / "broken.toml")


def test_the_example_is_a_study() -> None:
    study = experiment.read(Path(__file__).parents[1] / "examples" / "prompts.toml")
    assert len(study.cells) == 5
    assert all(experiment.request_of(cell).model == "embedded" for cell in study.cells.values())

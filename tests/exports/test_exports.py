"""Each form read back by the library that it is for, where that library is installed."""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from math500 import data, evaluate, exports
from math500.errors import DependencyMissing, RunError, UsageError
from math500.exports.facts import Facts
from math500.records import DataSource, Generation, Manifest, Problem, Sample
from math500.rundir import RunDir, RunWriter


@pytest.fixture
def known(folder: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]) -> Facts:
    """Nine of twelve are right."""
    with RunWriter.create(folder, manifest_of(run_id="r|1"), problems) as run:
        for i, problem in enumerate(problems):
            text = f"$\\boxed{{{problem.answer if i < 9 else 99}}}$"
            generations = (Generation(text=text, finish_reason="stop", completion_tokens=5),)
            run.append(Sample(unique_id=problem.unique_id, index=0, response=text, generations=generations))
        evaluate.grade(run)
    return exports.facts(RunDir.open(folder))


@pytest.fixture
def whole(known: Facts) -> Facts:
    """As if it were all of MATH-500."""
    (math500,) = (one for one in data.known_sets() if one.name == "math500")
    source = DataSource(
        name="math500", place="hub", location="", rows=500, sha256=math500.sha256, verified=True
    )
    made = msgspec.structs.replace(known.made, data=source)
    summary = msgspec.structs.replace(known.summary, problems=500)
    return Facts(made, summary, known.score, known.protocol, known.seal)


def test_a_card_says_score_interval_n_grader_and_protocol(known: Facts) -> None:
    card = exports.card(known)
    assert f"| twelve | 75.00 % | {known.interval} | 12 | 1 | {known.made.grader} |" in card
    for name, said in known.protocol.items():
        assert f"| {name} | {said} |" in card
    assert known.seal
    assert known.seal in card
    assert "r\\|1" in card
    assert all(line.startswith("|") or not line for line in card.splitlines())


def test_the_hubs_library_reads_its_results(whole: Facts, tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    library = pytest.importorskip("huggingface_hub")
    link = "https://example.org/run.tar.gz"
    results, index = exports.hub.write(whole, tmp_path, task="main", source=link)
    assert results == tmp_path / ".eval_results" / "math500.yaml"
    read = yaml.safe_load(results.read_text())
    (entry,) = library.parse_eval_result_entries(read)
    assert (entry.dataset_id, entry.task_id) == ("HuggingFaceH4/MATH-500", "main")
    assert (entry.value, entry.source_url) == (75.0, link)
    assert "95 % interval" in entry.notes
    assert "n = 12" in entry.notes
    assert library.eval_result_entries_to_yaml([entry]) == read
    cards = importlib.import_module("huggingface_hub.repocard_data")
    name, (result,) = cards.model_index_to_eval_results(yaml.safe_load(index.read_text())["model-index"])
    assert (name, result.metric_type, result.metric_value) == ("stub", "accuracy", 75.0)
    assert result.dataset_type == "HuggingFaceH4/MATH-500"


HARD = 'a: b # c\x7f\x85\u2028\ufeff \U0001f600 - "q" [l](u) `x`'


def named(known: Facts, name: str) -> Facts:
    model = msgspec.structs.replace(known.made.model, served_name=name)
    made = msgspec.structs.replace(known.made, model=model, run_id=name)
    return Facts(made, known.summary, known.score, known.protocol | {"model": name}, known.seal)


def test_a_name_stays_a_name_in_yaml(whole: Facts, tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    results, index = exports.hub.write(named(whole, HARD), tmp_path, source=f"https://x/{HARD}")
    assert yaml.safe_load(index.read_text())["model-index"][0]["name"] == HARD
    assert yaml.safe_load(results.read_text())[0]["source"]["name"] == f"math500 {HARD}"


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("[l](https://x)", r"\[l\](https://x)"),
        ("![i](https://x)", r"!\[i\](https://x)"),
        ("a`b` *c* ~~d~~ _e_", r"a\`b\` \*c\* \~\~d\~\~ \_e\_"),
        ("<img src=x> &lt; | \\", r"&lt;img src=x> &amp;lt; \| \\"),
        ("org/My_model-7B", "org/My_model-7B"),
    ],
)
def test_a_name_stays_a_name_in_markdown(known: Facts, name: str, cell: str) -> None:
    card = exports.card(named(known, name))
    assert f"| model | {cell} |" in card
    assert f"| run | {cell}, seal" in card


def test_a_part_of_a_set_is_no_score_of_it(known: Facts, whole: Facts, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no data set of the hub"):
        exports.hub.write(known, tmp_path)
    part = Facts(
        whole.made, msgspec.structs.replace(whole.summary, problems=20), whole.score, whole.protocol, ""
    )
    with pytest.raises(UsageError, match="20 of 500 problems are no score of math500"):
        exports.hub.write(part, tmp_path)
    owed = Facts(
        whole.made, msgspec.structs.replace(whole.summary, missing=3), whole.score, whole.protocol, ""
    )
    with pytest.raises(RunError, match="3 samples are owed"):
        exports.hub.write(owed, tmp_path)
    assert not list(tmp_path.glob(".eval_results"))


def test_a_run_without_a_score_has_nothing_to_say(
    folder: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]
) -> None:
    RunWriter.create(folder, manifest_of(), problems).close()
    with pytest.raises(RunError, match="no score yet"):
        exports.facts(RunDir.open(folder))


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_tracker_that_is_not_installed_is_named(
    known: Facts, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(DependencyMissing, match=rf"pip install 'math500\[{name}\]'"):
        getattr(exports.loggers, name)(known)


def typed(folder: Path, to: str, **environment: str) -> str:
    """The command in a process of its own: a tracker leaves threads and warnings behind."""
    program = "from math500 import cli; cli.main()"
    source = str(Path(exports.__file__).parent.parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", program, "export", str(folder), "--to", to, "--json"],
        check=True,
        capture_output=True,
        cwd=folder.parent,
        env={"PYTHONPATH": source, "DO_NOT_TRACK": "1", "HOME": str(folder.parent), **environment},
    )
    (said,) = json.loads(done.stdout)
    return str(said)


def test_mlflow_holds_the_run(known: Facts, folder: Path) -> None:
    store = f"sqlite:///{folder.parent / 'mlflow.db'}"
    made = typed(folder, "mlflow", MLFLOW_TRACKING_URI=store)
    program = """
import json, sys
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
run = client.get_run(sys.argv[2])
files = [f.path for f in client.list_artifacts(sys.argv[2])]
data = run.data
print(json.dumps([run.info.run_name, run.info.status, data.metrics, data.params, data.tags, files]))
"""
    read = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, store, made],
        check=True,
        capture_output=True,
        cwd=folder.parent,
        env={"DO_NOT_TRACK": "1"},
    )
    name, status, metrics, params, tags, files = json.loads(read.stdout)
    assert (name, status) == ("r|1", "FINISHED")
    assert metrics == known.metrics
    assert params == known.protocol
    assert tags["seal"] == known.seal
    assert files == ["card.md"]


def test_wandb_keeps_the_run_offline(known: Facts, folder: Path) -> None:
    where = Path(typed(folder, "wandb", WANDB_MODE="offline", WANDB_DIR=str(folder.parent)))
    (log,) = where.parent.glob("*.wandb")
    content = log.read_bytes()
    assert known.seal.encode() in content
    assert b"score_low" in content

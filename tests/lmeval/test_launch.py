"""`math500 lm-eval ...` and plain `lm_eval`, from the command line to the files they write."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lm_eval.evaluator
import lm_eval.tasks
import pytest
from lm_eval.api.registry import model_registry
from lm_eval.models import MODEL_MAPPING

from math500 import running
from math500.errors import DependencyMissing, UsageError
from math500.evaluate import summarize
from math500.lmeval import TASKS, launch, require, scoring
from math500.records import Decoding
from math500.rundir import RunDir
from tests.lmeval.conftest import Endpoint

pytestmark = pytest.mark.lm_eval


def is_editable() -> bool:
    """Whether math500 is installed as a link to the checkout, which brings nothing below `lm_eval/`."""
    told = importlib.metadata.distribution("math500").read_text("direct_url.json")
    return bool(told and json.loads(told).get("dir_info", {}).get("editable"))


@pytest.fixture
def no_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading lm-eval's own 14,000 task files fails the test."""
    original = lm_eval.tasks.TaskManager.__init__

    def ours_only(self: Any, *args: Any, **options: Any) -> None:
        assert options.get("include_defaults") is False
        original(self, *args, **options)

    monkeypatch.setattr(lm_eval.tasks.TaskManager, "__init__", ours_only)


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever happens, the process is left as it was; lm-eval's log handler would outlive the test.

    The evaluator holds a reference of its own to `setup_logging`. It is imported above, before this:
    imported during it, it would keep the replacement for all later tests.
    """
    assert lm_eval.evaluator.setup_logging is lm_eval.utils.setup_logging
    monkeypatch.setattr("lm_eval.utils.setup_logging", lambda: None)
    argv, manager = list(sys.argv), lm_eval.tasks.TaskManager
    yield
    assert sys.argv == argv
    assert lm_eval.tasks.TaskManager is manager


@pytest.fixture
def run_at(endpoint: Endpoint, problem_file: Path, tmp_path: Path) -> Callable[..., tuple[Any, list[Any]]]:
    """Runs lm-eval's command line against the endpoint; its results and its rows."""

    def run(task: str, *more: str) -> tuple[Any, list[Any]]:
        out = tmp_path / "out"
        arguments = ["run", "--tasks", task, "--model", "math500", "--output_path", str(out), "--log_samples"]
        arguments += ["--model_args", f"model=stub,base_url={endpoint.url},concurrency=4"]
        assert launch.main([*arguments, "--metadata", f"problems={problem_file}", *more]) == 0
        (results,) = out.glob("*/results_*.json")
        (samples,) = out.glob("*/samples_*.jsonl")
        rows = [json.loads(line) for line in samples.read_text(encoding="utf-8").splitlines()]
        return json.loads(results.read_text(encoding="utf-8")), rows

    return run


@pytest.mark.usefixtures("no_scan", "invented_shots")
@pytest.mark.parametrize("prompt", ["boxed", "boxed-system", "minerva"])
def test_the_same_score_as_math500_run_for_the_same_requests(
    prompt: str, endpoint: Endpoint, problem_file: Path, run_at: Callable[..., Any], folder: Path
) -> None:
    """Both paths ask the same server, and send the same bodies."""
    results, rows = run_at(f"math500_{prompt.replace('-', '_')}", "--gen_kwargs", "max_gen_toks=50")
    sent = sorted(json.dumps(body, sort_keys=True) for body in endpoint.requests)
    endpoint.requests.clear()

    request = running.Request(
        model="stub",
        base_url=endpoint.url,
        data=str(problem_file),
        prompt=prompt,
        decoding=Decoding(temperature=0.0, max_tokens=50),
        out=folder,
    )
    running.start(request, say=lambda _: None, quiet=True)
    summary = summarize(RunDir.open(folder))
    assert sorted(json.dumps(body, sort_keys=True) for body in endpoint.requests) == sent
    (metrics,) = results["results"].values()
    assert summary.score is not None
    assert metrics["pass@1,none"] == pytest.approx(summary.score.value, abs=1e-12)
    assert metrics["samples,none"] == len(rows) == summary.samples
    assert (metrics["no_answer,none"], metrics["failed,none"]) == (summary.no_answer, summary.failed)


@pytest.mark.usefixtures("no_scan")
def test_the_log_on_disk_carries_the_grade_and_the_generation(
    run_at: Callable[..., Any], script: Callable[[str], str]
) -> None:
    results, rows = run_at("math500", "--limit", "2")
    (sample,) = rows[0]["samples"]
    assert rows[0]["resps"] == [[script("Problem 0:")]]
    assert (sample["verdict"], sample["extracted"], sample["finish_reason"]) == ("correct", "7", "stop")
    assert sample["max_tokens"] == results["configs"]["math500"]["generation_kwargs"]["max_gen_toks"]
    assert sample["completion_tokens"] == len(script("Problem 0:"))
    assert json.loads(rows[0]["arguments"]["gen_args_0"]["arg_0"])[0]["role"] == "user"
    assert results["config"]["served_name"] == "stub"
    assert results["configs"]["math500"]["metadata"]["data"]["rows"] > 2


@pytest.mark.usefixtures("no_scan")
def test_the_built_in_models_stay(problem_file: Path) -> None:
    arguments = ["--tasks", "math500_bare,math500_boxed", "--model", "dummy", "--limit", "1"]
    assert launch.main([*arguments, "--metadata", f"problems={problem_file}"]) == 0
    assert set(MODEL_MAPPING) | {"math500"} <= set(model_registry)


@pytest.mark.usefixtures("no_scan")
def test_a_configuration_file_is_read(
    problem_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(
        f"model: dummy\ntasks: math500_bare\nlimit: 1\nmetadata:\n  problems: {problem_file}\n",
        encoding="utf-8",
    )
    assert launch.main(["run", "--config", str(file)]) == 0
    assert "math500_bare" in capsys.readouterr().out


@pytest.mark.usefixtures("no_scan")
@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--tasks", "math500", "--model", "no-such-model"], "no-such-model"),
        (["--tasks", "math500", "--model", "dummy", "--log_samples"], "--output_path"),
        (["--config", "no-such-file.yaml"], "no-such-file.yaml"),
        (["--tasks", "math500", "--model", "dummy", "--metadata", "problems=no-such-set"], "no-such-set"),
    ],
)
def test_a_users_mistake_is_told_in_one_line(arguments: list[str], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        launch.main(["run", *arguments])


def test_lm_evals_own_refusals_keep_their_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert launch.main(["run", "--no-such-option"]) == 2
    assert launch.main(["run", "--help"]) == 0
    assert "--gen_kwargs" in capsys.readouterr().out


def test_a_fault_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch, problem_file: Path) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(scoring, "metric_list", broken)
    arguments = ["--tasks", "math500", "--model", "dummy", "--metadata", f"problems={problem_file}"]
    with pytest.raises(ValueError, match="a bug"):
        launch.main(["run", *arguments])


@pytest.mark.parametrize(
    ("settings", "folders", "defaults"),
    [
        ({"tasks": ["math500", "math500_bare"]}, [str(TASKS)], False),
        ({"tasks": "math500,math500_subjects"}, [str(TASKS)], False),
        ({"tasks": ["math500"], "include_path": "mine"}, [str(TASKS), "mine"], False),
        ({"tasks": ["math500", "hellaswag"]}, None, True),
        ({"tasks": ["math*"]}, None, True),
        ({"tasks": ["hellaswag"], "include_path": "mine"}, None, True),
        ({}, None, True),
    ],
)
def test_where_tasks_are_looked_for(
    settings: dict[str, Any], folders: list[str] | None, defaults: bool
) -> None:
    found, all_of_them = launch._folders(settings)
    assert all_of_them is defaults
    brought = [] if not is_editable() else [str(TASKS)]
    asked = [settings["include_path"]] if "include_path" in settings else []
    assert found == (folders or [*brought, *asked])


def test_without_lm_eval_the_next_step_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(DependencyMissing, match=r"pip install 'math500\[lm-eval\]'"):
        require()
    with pytest.raises(DependencyMissing):
        launch.main(["run"])


def test_the_room_is_imported_without_lm_eval() -> None:
    code = (
        "import sys; from math500.lmeval import launch, response, scoring;"
        "bad = {'lm_eval', 'datasets', 'torch', 'numpy'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_plain_lm_eval_finds_the_tasks(problem_file: Path, tmp_path: Path) -> None:
    """lm-eval's own command, with no flag when math500 is installed from its wheel."""
    flag = ["--include_path", str(TASKS)] if is_editable() else []
    command = [sys.executable, "-m", "lm_eval", "run", "--tasks", "math500", "--model", "dummy", *flag]
    done = subprocess.run(
        [*command, "--metadata", f"problems={problem_file}", "--output_path", str(tmp_path / "out")],
        check=False,
        capture_output=True,
        text=True,
        timeout=110,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (results,) = (tmp_path / "out").glob("*/results_*.json")
    found = json.loads(results.read_text(encoding="utf-8"))
    assert "pass@1,none" in found["results"]["math500"]
    if not is_editable():
        source = Path(found["configs"]["math500"]["metadata"]["config_source"])
        assert source.parent == Path(lm_eval.tasks.__file__).parent / launch.INSTALLED


def test_the_wheel_brings_every_task_file() -> None:
    if is_editable():
        pytest.skip("an editable install brings nothing below lm_eval/; ./check tests the wheel")
    brought = {
        file.name
        for file in importlib.metadata.files("math500") or ()
        if file.parent.as_posix() == f"lm_eval/tasks/{launch.INSTALLED}"
    }
    assert brought == {path.name for path in TASKS.iterdir() if path.is_file()}

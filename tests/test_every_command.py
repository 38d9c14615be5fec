"""Every command at 40 and at 80 columns, and its JSON: what is printed fits, is safe, and machines read it.

A new command belongs into `TYPED`; the first test says so.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from math500 import cli, contamination, display, evaluate, pack, rewards
from math500.data import ProblemSet
from math500.records import (
    Check,
    DataSource,
    Generation,
    Manifest,
    Problem,
    Report,
    Reward,
    RewardInfo,
    Sample,
    SampleReward,
)
from math500.rundir import RunDir, RunWriter
from math500.synth import rft
from math500.synth.decontaminate import Against

ESCAPES = "\x1b]0;owned\x07"
Typed = Callable[[str, list[str]], str]
TYPED: dict[str, list[list[str]]] = {
    "run": [["--resume", "RUN", "--quiet"]],
    "show": [["RUN"]],
    "export": [["RUN", "--out", "EXPORT"], ["RUN", "--to", "card", "--out", "EXPORT"]],
    "import": [["LOG", "--out", "IMPORTED"]],
    "grade": [["--response", f"So it is $\\boxed{{{ESCAPES}}}$ 中文", "--answer", "7"]],
    "judge": [["RUN", "--model", "m", "--base-url", "http://127.0.0.1:9/v1"]],
    "regrade": [["RUN", "--grader", "hendrycks", "--quiet"]],
    "graders": [["RUN", "--grader", "math500", "--grader", "hendrycks"], ["RUN", "--kept"]],
    "compare": [["RUN", "OTHER"]],
    "gap": [
        ["RUN", "--against", "90.6"],
        ["--measured", "75.16", "--n", "500", "--model", "m", "--against", "90.6"],
    ],
    "scores": [[], ["gpt-4o"], ["what", "75.16"], ["check", "CLAIMS"]],
    "solvers": [[], ["RUN", "OTHER"]],
    "curves": [["MANY"]],
    "rerank": [["MANY", "--reward", "REWARD", "--aggregate", "min", "--aggregate", "product"]],
    "experiment": [["STUDY.toml", "--dry-run"]],
    "contamination": [["PROBE", "--control", "CONTROL"]],
    "synth": [["rft", "SAMPLED", "--out", "ROWS"], ["check", "SET"]],
    "train": [
        ["originals", "TRAINABLE", "--out", "ORIGINALS", "--data", "SET"],
        ["questions", "SET", "--out", "QUESTIONS"],
    ],
    "errors": [["RUN", "--list", "9"], ["RUN", "--against", "OTHER"], ["RUN", "--export", "ZIP"]],
    "verify": [["RUN"]],
    "plugins": [[]],
    "pack": [
        ["RUN", "--out", "NEW.tar.gz"],
        ["RUN", "--out", "NEW.tar.gz", "--without-texts", "--without-responses"],
    ],
    "unpack": [["RUN.tar.gz", "--out", "UNPACKED"]],
    "report": [["RUN", "OTHER", "--out", "PAGE.html"]],
    "selftest": [["--data", "SET"]],
    "doctor": [["--model", "m", "--base-url", "http://127.0.0.1:9/v1", "--data", "SET"]],
    "data": [[], ["SET"]],
    "prompts": [[], ["boxed"]],
}
ANOTHERS = {"lm-eval": "prints what lm-eval prints", "view": "serves until Ctrl-C"}

FINDINGS = Report(
    data="SET",
    checks=tuple(Check(part="grader", name=name, n=500, right=500, wrong=0) for name in ("box", "中文" * 30)),
    skipped=("lm-eval, since it is not installed here: pip install it to have its tasks checked as well",),
    seconds=1.0,
)
CALLS = [(name, arguments) for name, each in TYPED.items() for arguments in each]

NAMES = [" ".join([name, *arguments])[:40] for name, arguments in CALLS]


def test_every_command_is_tried() -> None:
    assert set(TYPED) | set(ANOTHERS) == set(cli.COMMANDS)


def test_every_command_is_where_the_list_says() -> None:
    assert [command.name for command in cli.commands().values()] == list(cli.COMMANDS)
    assert all(len(line) <= 62 for _, line in cli.COMMANDS.values())


@pytest.fixture
def typed(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    problems: tuple[Problem, ...],
    manifest_of: Callable[..., Manifest],
) -> Typed:
    """Runs a command on two small runs, and returns what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MATH500_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MATH500_OFFLINE", "1")
    # The self-test itself needs MATH's train split; here it matters how its findings are shown.
    monkeypatch.setattr("math500.selftest.run", lambda *_, **__: FINDINGS)
    # So that the gate needs no MATH-500 here: tests/synth has the gate's own tests.
    monkeypatch.setattr("math500.synth.decontaminate.load", lambda _: (_held_out(),))
    _write(Path("RUN"), problems, manifest_of(run_id=f"a{ESCAPES}"), turned=0)
    pack.pack(RunDir.open("RUN"), Path("RUN.tar.gz"))
    sampled = {"unique_id": "test/4", "index": 0, "response": f"So $4 + 4 = 8$ {ESCAPES} and $\\boxed{{8}}$."}
    with RunWriter.create(Path("SAMPLED"), manifest_of(run_id="s"), list(problems)) as writer:
        writer.append(msgspec.convert(sampled, Sample))
        evaluate.grade(writer)
    rft.make([RunDir.open("SAMPLED")], Path("TRAINABLE"))
    _write(Path("OTHER"), problems, manifest_of(run_id="b"), turned=1)
    _write(Path("PROBE"), problems, manifest_of(prompt=contamination.PROMPT), turned=1)
    own = tuple(msgspec.structs.replace(p, problem=f"My own: {p.problem}") for p in problems)
    _write(Path("CONTROL"), own, manifest_of(prompt=contamination.PROMPT), turned=1)
    _write(Path("MANY"), problems, manifest_of(samples=4), turned=0, samples=4)
    _value(Path("MANY"), Path("REWARD"))
    Path("SET").write_bytes(b"".join(msgspec.json.encode(p) + b"\n" for p in problems))
    rows = [{"problem": p.problem, "answer": p.answer, "response": f"It is {p.answer}."} for p in problems]
    Path("STUDY.toml").write_text('[common]\ndata = "SET"\n[matrix]\nprompt = ["boxed", "bare"]\n')
    Path("CLAIMS").write_text("model,score\nDeepSeek-R1,97.3\nqwen2.5-72b-instruct measured,75.16\n")
    Path("LOG").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def run(name: str, arguments: list[str]) -> str:
        monkeypatch.setattr(sys, "argv", ["math500", name, *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        # The doctor's endpoint is not there: 4. All others have nothing to complain about.
        assert ended.value.code in (0, None) or name == "doctor", printed.err
        return printed.out

    return run


def _value(run: Path, folder: Path) -> None:
    """What a reward model without weights said of each sample, so that none is loaded."""
    info = RewardInfo(
        kind="process",
        name=f"prm{ESCAPES}",
        form="process/1",
        sha256=rewards.weights_hash(folder),
        start="tiny",
        set="steps",
        rows=1,
        math500_version="0",
    )
    folder.mkdir()
    (folder / rewards.FILE).write_bytes(msgspec.json.encode(info))
    with RunWriter(run) as writer:
        for place, (unique_id, index) in enumerate(writer.samples()):
            said = Reward(steps=(1 / (2 + place), 0.5))
            name = rewards.kept_as(info)
            writer.append_reward(name, SampleReward(unique_id=unique_id, index=index, reward=said))


def _held_out() -> Against:
    """A set of one problem, with control characters in its id."""
    source = DataSource(name="math500", place="path", location="", rows=1, sha256="0", verified=True)
    problem = Problem(problem="What is $3 + 3$?", answer="6", unique_id=f"held/{ESCAPES}")
    return Against("math500", ProblemSet(source, (problem,)), same_only=True)


def _write(
    folder: Path, problems: tuple[Problem, ...], manifest: Manifest, *, turned: int, samples: int = 1
) -> None:
    """Samples of each problem, of a different kind each, with control characters and Chinese in them."""
    kinds = [
        "$\\boxed{%s}$",
        f"答案是 $\\boxed{{312 {ESCAPES}}}$。",
        "First we write the sum",
        "Again. " * 40,
    ]
    with RunWriter.create(folder, manifest, list(problems)) as writer:
        for (i, problem), index in itertools.product(enumerate(problems), range(samples)):
            kind = kinds[(i + index + turned) % 4]
            text = kind % problem.answer if "%s" in kind else kind
            finish = "length" if kind in kinds[2:] else "stop"
            generation = Generation(text=text, finish_reason=finish, completion_tokens=20)
            writer.append(
                Sample(unique_id=problem.unique_id, index=index, response=text, generations=(generation,))
            )
        evaluate.grade(writer)


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize(("name", "arguments"), CALLS, ids=NAMES)
def test_what_is_printed_fits_and_is_safe(
    typed: Typed,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    arguments: list[str],
    columns: int,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    printed = typed(name, arguments)
    assert printed.strip()
    wide = [line for line in printed.split("\n") if display.width(line) > columns]
    # A prompt and a path are shown to the letter, a command is copied as one line; everything else fits.
    assert name == "prompts" or not [line for line in wide if "math500 " not in line and " " in line.strip()]
    assert "\x1b" not in printed
    assert "\x07" not in printed


@pytest.mark.parametrize(("name", "arguments"), CALLS, ids=NAMES)
def test_every_result_is_there_for_machines(typed: Typed, name: str, arguments: list[str]) -> None:
    assert json.loads(typed(name, [*arguments, "--json"]))


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_help_fits(typed: Typed, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    if name in ANOTHERS:
        return
    monkeypatch.setenv("COLUMNS", "80")
    assert all(display.width(line) <= 80 for line in typed(name, ["--help"]).split("\n"))


@pytest.mark.parametrize(
    ("name", "arguments", "then"),
    [
        ("regrade", ["RUN", "--grader", "hendrycks", "--quiet"], "math500 graders RUN"),
        ("errors", ["RUN"], "math500 report RUN"),
        ("compare", ["RUN", "OTHER"], "math500 errors OTHER --against RUN"),
        ("scores", ["gpt-4o"], "math500 gap RUN --against MODEL"),
    ],
)
def test_one_command_leads_to_the_next(typed: Typed, name: str, arguments: list[str], then: str) -> None:
    last = typed(name, arguments).rstrip().splitlines()[-1]
    assert last.startswith("Next: ")
    assert then in last
    assert "Next: " not in typed(name, [*arguments, "--json"])


def test_runs_are_called_as_they_were_typed(typed: Typed) -> None:
    assert typed("compare", ["RUN", "OTHER"]).startswith("OTHER against RUN\n")
    assert typed("errors", ["RUN"]).startswith("RUN\n")
    assert typed("errors", ["OTHER", "--against", "RUN"]).startswith("OTHER against RUN, ")

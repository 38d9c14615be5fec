"""Plugins of packages that are made on the spot, by the real metadata; and the worked example, installed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from math500 import cli, data, plugins, prompts, running, solve
from math500.errors import PluginBroken, UsageError
from math500.grading import presets
from math500.records import Decoding, Manifest, Prompt, SolverInfo

Package = Callable[..., None]
Typed = Callable[..., tuple[int, str, str]]
EXAMPLE = Path(__file__).parent.parent / "examples" / "plugin"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """Makes a package as pip would leave it: a module, and metadata with entry points."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(name: str, code: str, entries: str) -> None:
        (tmp_path / f"{name}.py").write_text(code)
        info = tmp_path / f"{name}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(entries)
        monkeypatch.delitem(sys.modules, name, raising=False)

    return make


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["math500", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


PROMPT = """
from math500.records import Prompt
ONE = Prompt(name="other", template="{problem} Now!", source="here", description="hurries")
"""


def test_a_prompt_of_another_package_is_found_by_its_name(package: Package, typed: Typed) -> None:
    package("hurry", PROMPT, "[math500.prompts]\nnow = hurry:ONE\n")
    assert prompts.get("now") == Prompt(
        name="now", template="{problem} Now!", source="here", description="hurries"
    )
    assert "now" not in prompts.names()
    code, out, _ = typed("prompts")
    assert code == 0
    assert "(from hurry 1.2)" in out


def test_it_is_recorded_in_the_manifest(
    package: Package, tmp_path: Path, manifest_of: Callable[..., Manifest]
) -> None:
    package("hurry", PROMPT, "[math500.prompts]\nnow = hurry:ONE\n")
    like = manifest_of()
    request = running.Request(prompt="now", data="math500")
    made = running.manifest(request, like.data, like.selection, prompts.get("now"), like.model, 1)
    assert [(p.kind, p.name, p.package, p.version) for p in made.plugins] == [
        ("prompts", "now", "hurry", "1.2")
    ]
    own = running.manifest(request, like.data, like.selection, prompts.BOXED, like.model, 1)
    assert own.plugins == ()


def test_a_name_of_math500_stays_its_own_and_that_is_said(package: Package, typed: Typed) -> None:
    package("thief", PROMPT, "[math500.prompts]\nboxed = thief:ONE\n")
    assert prompts.get("boxed") == prompts.BOXED
    _, _, err = typed("prompts")
    assert "'boxed' from thief 1.2 is never used" in err
    _, out, _ = typed("plugins")
    assert "never used" in out


def test_of_two_packages_with_one_name_neither_is_taken(package: Package) -> None:
    for name in ("one", "two"):
        package(name, PROMPT, f"[math500.prompts]\nnow = {name}:ONE\n")
    with pytest.raises(UsageError, match=r"one 1\.2 and two 1\.2 both bring 'now'"):
        prompts.get("now")


BROKEN = {
    "its import fails": "raise RuntimeError('out of\\norder')",
    "it ends the process": "raise SystemExit(3)",
    "it is another thing": "ONE = 7",
    "it is not there": "",
    "what it imports is not there": "from math500.nowhere import nothing",
}


@pytest.mark.parametrize("code", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("kind", plugins.KINDS)
def test_a_broken_plugin_is_one_line_that_names_it(
    package: Package, typed: Typed, code: str, kind: plugins.Kind
) -> None:
    package("wreck", code, f"[math500.{kind}]\nsunk = wreck:ONE\n")
    use: dict[plugins.Kind, Callable[[], object]] = {
        "prompts": lambda: prompts.get("sunk"),
        "solvers": lambda: solve.make(SolverInfo(name="sunk"), prompts.BARE, Decoding()),
        "graders": lambda: presets.get("sunk"),
        "data": lambda: data.load("sunk"),
    }
    with pytest.raises(PluginBroken, match=r"^'sunk' of the package wreck 1\.2 \(wreck:ONE\)") as error:
        use[kind]()
    assert "\n" not in str(error.value)
    for command in (["prompts"], ["solvers"], ["data"], ["plugins"], ["--help"], ["plugins", "--json"]):
        assert typed(*command)[0] == 0
    assert "wreck:ONE" in typed("plugins", "--json")[1]


def test_a_grader_that_raises_cannot_tell(package: Package) -> None:
    code = """
from math500.grading.presets import Preset
def decide(response, answer):
    raise OSError("no")
ONE = Preset("x", "3", "here", decide, "raises")
"""
    package("rude", code, "[math500.graders]\nrude = rude:ONE\n")
    preset = presets.get("rude")
    assert (preset.name, preset.version) == ("rude", "3+rude-1.2")
    grade = preset.grade("7", "7")
    assert grade.verdict == "ungraded"
    assert "OSError: no" in grade.reason


def test_help_and_other_commands_import_no_plugin(package: Package, tmp_path: Path) -> None:
    code = "import pathlib\npathlib.Path(__file__).with_name('imported').touch()\nONE = None\n"
    package("loud", code, "".join(f"[math500.{kind}]\nloud = loud:ONE\n" for kind in plugins.KINDS))
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from math500 import cli; cli.main()"
    for command in (["--help"], ["run", "--help"], ["solvers"], ["prompts", "boxed"], ["data"]):
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path), *command], check=True, capture_output=True
        )
        assert not (tmp_path / "imported").exists(), command


def test_the_worked_example_is_installed_and_used(tmp_path: Path) -> None:
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet"]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", str(tmp_path / "site"), str(EXAMPLE)],
        check=True,
    )
    program = """
import asyncio, json, sys
from math500 import cli, data, evaluate, prompts, regrade, running, solve, verify
from math500.records import Generation, Manifest, ModelInfo, Selection, SolverInfo
from math500.rundir import RunWriter
class Model:
    async def generate(self, messages, decoding, *, seed=None, stop=(), extras=None):
        short = len(messages) > 1
        a, b = messages[0].content.split("$")[1].split(" \\\\times ")
        text = f"It is $\\\\boxed{{{int(a) * int(b)}}}$" if short else "It is long"
        return Generation(text=text, finish_reason="stop" if short else "length")
found = data.load("tables")
problems, selection = data.select(found.problems)
prompt = prompts.get("restate")
request = running.Request(model="stub", prompt="restate", data="tables", solver=SolverInfo(name="shorter"))
solve.check(request.solver)
info = ModelInfo(name="stub", served_name="stub", base_url="http://127.0.0.1:1/v1")
made = running.manifest(request, found.source, selection, prompt, info, 2)
with RunWriter.create(running.Path("run"), made, problems) as run:
    solver = solve.make(request.solver, prompt, made.decoding)
    asyncio.run(evaluate.collect(run, solver, Model(), concurrency=2))
    regrade.regrade(run, "last-integer")
    summary = evaluate.summarize(run)
    run.write_summary(summary)
    other = evaluate.summarize(run, regrade.kept_as("last-integer"))
checked = verify.verify("run")
notes = [one.about for one in checked.checks if one.state == "note"]
print(json.dumps([[p.name for p in made.plugins], summary.correct, other.correct, checked.differs, notes]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path / 'site'}:{Path(cli.__file__).parent.parent.parent}"},
    )
    names, correct, other, differs, notes = json.loads(done.stdout)
    assert names == ["restate", "shorter", "tables"]
    assert (correct, other) == (12, 12)
    assert (differs, notes) == (0, ["responses"])


def test_what_a_plugin_prints_is_no_output_of_a_command(package: Package, typed: Typed) -> None:
    package("loud", "print('hello')\n" + PROMPT, "[math500.prompts]\nnow = loud:ONE\n")
    code, out, err = typed("plugins", "--json")
    assert code == 0
    assert json.loads(out)["plugins"][0]["state"] == "ready"
    assert "hello" in err

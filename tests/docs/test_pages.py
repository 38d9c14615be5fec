"""Each command that a page shows is carried out, page by page and in the order shown, and ends well.

world.py is the place: a scripted model behind an address, and small runs, sets and models under the names
that the pages use. BOUND says what stands here for a reader's own things, and how a command of hours is made
one of a second. What cannot be carried out stands in NOT_HERE with its reason; the guides' `sh` blocks are
run as they stand by test_guides.py.
"""

from __future__ import annotations

import itertools
import re
import shlex
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import lm_eval.evaluator
import pytest

from tests.docs import pages, world
from tests.docs.world import Outcome

VENDOR = "openai/gpt-4o-mini"
BOUND = {
    # The reader's own model, at an address or at a vendor's.
    r"http://(localhost|node\d):8000/v1|\bURL\b": "{url}",
    r"--model NAME (?=.*--base-url)": "--model local ",
    r"--model (NAME|JUDGE)\b": f"--model {VENDOR}",
    r"model=NAME\b": "model=local",
    r"--model FOLDER-OR-HUB-NAME": "--model FOLDER",
    r"--against (NAME|MODEL|qwen2.5-7b-instruct)\b": "--against gpt-4o-mini",
    r"--max-cost \d+": r"\g<0> --price 1,1",
    r"max_cost=\d+": r"\g<0>,price=1|1",
    r"\b8181\b": "{port}",
    r"samples_math500_2026-\S+": "samples_hendrycks_math500_2026-11-25T23-33-17.060640.jsonl",
    # What of a package is used, and a run with several samples a problem.
    r"--prompt NAME --solver vote:NAME": "--prompt restate --solver vote:shorter",
    r"--data NAME": "--data tables",
    r"--grader NAME": "--grader last-integer",
    r"(rerank|curves) RUN": r"\1 SAMPLED",
    r"export RUN (?=--to hub)": "export WHOLE ",
    # Few problems, short trainings, servers that do not wait.
    r"--limit \d+": "--limit 6",
    r"evolve --data math-train": "evolve --data mine.jsonl",
    r"\b160\b": "24",
    r"math500 selftest": "math500 selftest --data mine.jsonl",
    r"train questions math-train": "train questions mine.jsonl",
    r"--latency [\d.]+|--rpm \d+": "--latency 0",
    r"math500 (run|synth masked|synth evolve) (?!.*--(resume|limit|data \w+\.jsonl)).*": r"\g<0> --limit 6",
    r"math500 train (sft|reward|prm|grpo|ppo) .*": r"\g<0> --model FOLDER --steps 2 --batch 2 --threads 1",
    r"math500 train (sft|reward|prm) .*": r"\g<0> --rows-at-once 2",
    r"math500 train (grpo|ppo) .*": r"\g<0> --completion-length 8",
    r"math500 train grpo .*": r"\g<0> --generations 2",
    r"math500 lm-eval .*": r"\g<0> --limit 2 --gen_kwargs max_gen_toks=8",
}
"""A pattern in a line as it stands, and what is put there; one after the other."""

NOT_HERE = {
    r"(\S*/)?pip install |python3 -m venv |\. \.venv/|\./check$": "./check installs the wheel and its extras",
    r"python -m pytest ": "a test",
    r"vllm serve |python -m sglang": "a server that needs a GPU; tests/test_servers.py has stand-ins",
    r"math500 lm-eval run --model vllm ": "needs a GPU",
    r"lm_eval run --model hf ": "fetches a model; tests/lmeval runs plain lm_eval at an address",
    r"accelerate launch ": "several processes with a GPU each",
    r"math500 export RUN --to (mlflow|wandb)": "leaves threads; tests/exports/test_exports.py runs both",
    r"math500 view ": "serves until Ctrl-C; tests/report/test_report.py reads its page",
    r"math500 .*--reward-base-url ": "a server of a reward model; tests/rewards/test_served.py has such ones",
    r"math500 .*--engine ray": "a Ray a command takes its time; tests/cluster/test_run.py runs each of them",
    r"(PRM=\S+ )?examples/r(ft|l)/recipe.sh ": "minutes; tests/train/test_recipe.py runs the first in small",
}
"""Lines that are not carried out, by how they begin, and why."""
LEFT_OUT = {
    "docs/log.md": "what was typed at its time, in folders of that time; other pages show the same commands"
}

CODES = {"--out r_quota": 4, "verify RUN --seal 523f2c44": 8}
"""Exit codes that a page speaks of."""
SAME = re.compile(r"math500 (grade |scores |gap --measured |verify examples/|report )")
"""Prints the same everywhere: what a page shows of it is compared."""
ALIKE = re.compile(r"math500 (selftest|pack embedded)|python examples/report/lines.py")
"""Prints other figures here: compared without its figures."""
TRAINS = re.compile(r"math500 train |FOLDER|--reward ")
"""On a page that needs the extra `train`."""


def to_type(page: Path) -> list[tuple[str, str]]:
    """A page's blocks that are to be carried out, each with the output that the page shows behind it."""
    shown = [*pages.blocks(page), ("", "")]
    languages = ("console",) if "guides" in page.parts else pages.TYPED
    return [
        (block, output if behind in ("", "text") else "")
        for (language, block), (behind, output) in itertools.pairwise(shown)
        if language in languages
    ]


PAGES = {
    name: blocks
    for page in pages.PAGES
    if not (name := pages.name(page)).endswith("zh-CN.md")
    and name not in LEFT_OUT
    and (blocks := to_type(page))
}
LINES = [line for blocks in PAGES.values() for block, _ in blocks for line in pages.lines(block)]


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    """The address of the scripted model."""
    with world.served() as url:
        yield url


@pytest.fixture(scope="module")
def prepared(model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch, world.in_place_of_the_embedded(model):
        patch.chdir(folder)
        world.prepare()
    return folder


@pytest.fixture
def here(prepared: Path, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the prepared folder, as the current one, with a key that opens nothing."""
    folder = tmp_path / "here"
    shutil.copytree(prepared, folder, symlinks=True)
    monkeypatch.chdir(folder)
    world.plugin(tmp_path / "site", monkeypatch)
    monkeypatch.setenv("PATH", world.programs(tmp_path / "bin"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-nobody")
    monkeypatch.setenv("OPENAI_BASE_URL", model)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("click.launch", lambda _: 0)
    # lm-eval's evaluator keeps the real one from its import on; a log's handler would outlive the test.
    assert lm_eval.evaluator.setup_logging
    monkeypatch.setattr("lm_eval.utils.setup_logging", lambda: None)
    return folder


@pytest.fixture
def shell() -> Iterator[Callable[[str], Outcome]]:
    """Carries a line out as a shell does; what was put into the background ends with the test."""
    behind: list[subprocess.Popen[bytes]] = []

    def run(line: str) -> Outcome:
        if line == "kill $!":
            behind[-1].kill()
            return Outcome(int(behind[-1].wait() != -signal.SIGKILL), "")
        if line.endswith("&"):
            behind.append(subprocess.Popen(shlex.split(line[:-1]), stdout=subprocess.DEVNULL))
            return Outcome(0, "")
        done = subprocess.run(["bash", "-euc", line], capture_output=True, text=True, check=False)
        return Outcome(done.returncode, done.stdout + done.stderr)

    yield run
    for process in behind:
        process.kill()
        process.wait()


@pytest.mark.real_data
@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_shows_can_be_typed(
    page: str, here: Path, model: str, shell: Callable[[str], Outcome]
) -> None:
    blocks = PAGES[page]
    shown = "".join(block for block, _ in blocks)
    if TRAINS.search(shown):
        pytest.importorskip("torch", reason="needs the extra `train`")
    own = {"url": model, "port": free_port()}
    make_room(here, shown)
    for block, output in blocks:
        printed = ""
        for line in filter(is_for_here, pages.lines(block)):
            put = bind(line, own)
            with world.in_place_of_the_embedded(model):
                words = pages.words(put)
                done = world.typed(words) if words else shell(put)
            expected = next((code for part, code in CODES.items() if part in line), 0)
            assert done.code == expected, f"{put}\n{done.printed}"
            printed += done.printed
        begins = block.removeprefix("$ ")
        if SAME.match(begins):
            assert not missing(output, printed)
        elif ALIKE.match(begins):
            assert not missing(without_figures(output), without_figures(printed))


def free_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def make_room(here: Path, shown: str) -> None:
    """What the page makes itself is not there yet."""
    for made in re.findall(r"--out (\S+)", shown):
        path = here / made
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def is_for_here(line: str) -> bool:
    return not any(re.match(pattern, line) for pattern in NOT_HERE)


def bind(line: str, bound: dict[str, str]) -> str:
    for pattern, put in BOUND.items():
        line = re.sub(pattern, put.format_map(bound) if "{" in put else put, line)
    return line


def missing(output: str, printed: str) -> list[str]:
    """The lines of a page's output that were not printed; dots are a line's end. Breaks do not count."""
    there = " ".join(printed.split())
    shown = [" ".join(line.removesuffix("...").split()) for line in output.splitlines()]
    return [line for line in shown if line not in there]


def without_figures(text: str) -> str:
    return re.sub(r"\d[\d,.]*", "0", text)


@pytest.mark.parametrize("pattern", NOT_HERE)
def test_what_is_not_carried_out_is_shown_somewhere(pattern: str) -> None:
    assert any(re.match(pattern, line) for line in LINES)


@pytest.mark.parametrize("pattern", BOUND)
def test_what_is_bound_is_shown_somewhere(pattern: str) -> None:
    assert any(re.search(pattern, line) for line in LINES)


def test_nearly_all_commands_are_carried_out() -> None:
    commands = [line for line in LINES if pages.words(line)]
    assert len(commands) > 150
    assert sum(map(is_for_here, commands)) > 0.9 * len(commands)

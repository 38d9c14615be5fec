"""What a reader of the pages has, in small: a model, runs, logs, training sets, trained models, a plugin.

Model       a script behind an OpenAI-compatible address: it knows MATH, and is wrong now and then
prepare()   a RUN, a SET, a FOLDER ..., as the pages call them, made by the commands themselves
typed()     one command line, in this process
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import io
import json
import os
import random
import re
import shlex
import shutil
import sys
import threading
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from math500 import cli, data, embedded
from math500.records import Message, ModelInfo, Plan, Problem, StepRow
from math500.synth import dataset
from tests.docs.pages import ROOT
from tests.fake_batches import FakeBatches, ok
from tests.fake_servers import listed
from tests.faulty_server import Act, FaultyServer, Request, chat
from tests.train.conftest import llama

RUNS = {
    "RUN": (
        "EARLIER",
        "RUN-A",
        "RUN-COT",
        "runs/FOLDER",
        "runs/before",
        "runs/boxed",
        "runs/cot",
        "runs/mine",
    ),
    "OTHER_RUN": ("RUN-B", "RUN-TOOLS", "runs/restate", "runs/shorter", "runs/two"),
}
"""A run and another one of the same problems, and under which names the pages speak of them."""
SHOWN_RUN = "runs/20261125-232611-embedded-boxed"
CONTEXT = 65536
"""Tokens that the scripted model takes in the embedded one's place."""


# -- a command ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it printed."""

    code: int
    printed: str


def typed(words: Sequence[str]) -> Outcome:
    """Carry out a command line in this process."""
    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        patch.setattr(sys, "argv", ["math500", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    buffer = printed.detach()
    assert isinstance(buffer, io.BytesIO)
    return Outcome(int(ended.value.code or 0), buffer.getvalue().decode())


def programs(folder: Path) -> str:
    """`math500` and Python in a new folder, those of the tests; the PATH on which they are the first ones."""
    folder.mkdir()
    python = shlex.quote(sys.executable)
    for name, what in {"math500": f"{python} -m math500", "python": python, "python3": python}.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {what} "$@"\n')
        (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def plugin(site: Path, patch: pytest.MonkeyPatch) -> None:
    """Install the worked example of a plugin, as pip would leave it, in a new folder."""
    example = ROOT / "examples" / "plugin"
    about = tomllib.loads((example / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name, version = about["name"], about["version"]
    info = site / f"math500_example-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    with (info / "entry_points.txt").open("w") as file:
        for group, entries in about["entry-points"].items():
            file.write(f"[{group}]\n" + "".join(f"{entry} = {place}\n" for entry, place in entries.items()))
    patch.syspath_prepend(example / "src")
    patch.syspath_prepend(site)


# -- the model ---------------------------------------------------------------------------------

CODE = "We calculate it.\n```python\nprint(6 * 7)\n```\n"
REPLIES = {
    "One word, nothing else.": ["Yes", "No"],
    "One letter, nothing else.": ["A", "B"],
    "`First wrong step: N`": ["First wrong step: 2", "First wrong step: none"],
    "Compare the attempt": ["The second step does not follow from the first one, and has to be done again."],
    "17 + 25": ["17 + 25 = 42, so it is $\\boxed{42}$."],
}
"""What stands in a request, and what may be said to it."""
START = 12
"""Characters by which a known problem is looked up in a text."""


class Model:
    """As the plan of a server: solves the problems of these sets, and does what math500's requests say.

    A third of its solutions is wrong, and a fifth of the problems it never solves without an outline.
    """

    def __init__(self, *sets: Sequence[Problem]) -> None:
        self.known = {problem.problem.strip(): problem for problems in sets for problem in problems}
        self.by_start: dict[str, list[str]] = {}
        for text in self.known:
            self.by_start.setdefault(text[:START], []).append(text)
        self.words = sorted({word for text in self.known for word in re.findall(r"\b[a-z]{4,9}\b", text)})
        self.asked: Counter[str] = Counter()
        self.batches = FakeBatches(lambda body: ok(json.loads(self.answer(body))))

    def __call__(self, request: Request) -> Act:
        if "/files" in request.path or "/batches" in request.path:
            return self.batches(request)
        if not request.raw:
            return listed("local", "vllm", 32768, "FOLDER")
        return Act(body=self.answer(request.body))

    def answer(self, body: dict[str, Any]) -> bytes:
        """The answer to a request's body, of a chat or of a completion."""
        messages = body.get("messages") or [{"role": "user", "content": body["prompt"]}]
        text = "\n".join(message["content"] for message in messages)
        self.asked[text] += 1
        said = self.say(text, messages, random.Random(f"{text} {self.asked[text]}"))
        answered = json.loads(chat(said))
        answered["usage"]["prompt_tokens"] = len(text.split())
        answered["choices"][0]["text"] = said
        return json.dumps(answered).encode()

    def say(self, text: str, messages: Sequence[Mapping[str, str]], luck: random.Random) -> str:
        last = messages[-1]["content"]
        for asked, replies in REPLIES.items():
            if asked in last:
                return luck.choice(replies)
        if "`Ranking: " in last:
            return ranking(last)
        if "between <problem> and </problem>" in last:
            a, b, c, d = (" ".join(luck.sample(self.words, 4)) for _ in range(4))
            return (
                f"<problem>{a} {luck.randint(20, 99)} {b} {luck.randint(3, 19)} {c}. How many {d}?</problem>"
            )
        if "Python" in text and messages[-1]["role"] == "user" and len(messages) < 3:
            return CODE
        return self.solution(text, luck)

    def solution(self, text: str, luck: random.Random) -> str:
        """Of the problem that stands in a text."""
        begin = (self.by_start.get(text[at : at + START], ()) for at in range(len(text)))
        found = max((known for each in begin for known in each if known in text), key=len, default="")
        if not found:
            a, b = len(text) % 40, len(text) % 7 + 2
            answer = self.turned(text) or a + b
            worked = f"There are {a} and {b}.\n\nTogether ${a} + {b} = {a + b}$."
            return f"{worked}\n\nSo it is $\\boxed{{{answer}}}$."
        known = self.known[found]
        never = len(found) % 5 == 0 and "outline" not in text
        said = luck.randint(50, 99) if never or luck.random() < 1 / 3 else known.answer
        worked = known.solution.replace("\\boxed", "")
        return f"{worked}\n\nVerification: True\n\nSo the answer is $\\boxed{{{said}}}$."

    def turned(self, text: str) -> str | None:
        """The number that a problem asks for which was turned round."""
        asked = re.search(r"answer to this problem is \$(.*)\$\. What is the value of \$(\w)\$", text)
        if asked is None:
            return None
        numbers = (
            (problem.problem, number)
            for problem in self.known.values()
            if problem.answer == asked[1]
            for number in re.findall(r"\d+", problem.problem)
        )
        return next((n for whole, n in numbers if whole.replace(n, asked[2], 1) in text), None)


def ranking(request: str) -> str:
    """The same order of the same problems, under whichever letters they stand."""
    shown = re.findall(
        r"^Problem ([A-H]):\n(.*?)\n\n(?=Problem [A-H]:|Weigh each)", request, re.DOTALL | re.MULTILINE
    )
    return "Ranking: " + " > ".join(letter for letter, _ in sorted(shown, key=lambda one: str(one[1])))


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The model's address, while the block lasts."""
    model = Model(data.load("math500").problems, data.load("math-train").problems)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = FaultyServer(model, keep=False)
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    try:
        yield server.url
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class Served(embedded.Served, frozen=True, kw_only=True):
    """Counts tokens without asking the engine."""

    def prompt_tokens(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)


@contextlib.contextmanager
def in_place_of_the_embedded(url: str) -> Iterator[None]:
    """Where a model would run in this process this one is asked; a file has to be a model all the same."""

    @contextlib.contextmanager
    def serve(*, gguf: Path | None = None, **_: Any) -> Iterator[Served]:
        if gguf is not None:
            embedded._require_gguf(gguf)
        name = f"embedded:{gguf}" if gguf else "embedded"
        info = ModelInfo(name=name, served_name="embedded", base_url=url, detail={"context": CONTEXT})
        yield Served(base_url=url, info=info, context=CONTEXT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "serve", serve)
        yield


# -- what lies in the folder -------------------------------------------------------------------


def prepare() -> None:
    """Everything that the pages name, in the current folder."""
    for shared in ("benchmarks", "examples", "tests"):
        Path(shared).symlink_to(ROOT / shared)
    _files()
    _runs()
    _sets()
    if importlib.util.find_spec("torch"):
        _trained()


def _do(*words: object) -> None:
    done = typed([str(word) for word in words])
    assert done.code == 0, f"{words}\n{done.printed}"


def _runs() -> None:
    hard = ("--level", 5, "--limit", 30, "--quiet")
    _do("run", *hard, "--out", "RUN")
    _do("run", *hard, "--prompt", "answer-line", "--out", "OTHER_RUN")
    for made, names in RUNS.items():
        for name in names:
            shutil.copytree(made, name)
    for name in (SHOWN_RUN, "runs/one"):
        shutil.copytree("RUN", name)
    several = ("--limit", 6, "--samples", 8, "--temperature", 0.7, "--quiet")
    _do("run", "--data", "math-train", *several, "--out", "sampled")
    _do("run", *several, "--out", "SAMPLED")
    _do("run", "--data", "perturbed.jsonl", "--quiet", "--out", "RUN-P")
    _do("run", "--quiet", "--out", "WHOLE")


def _lines(name: str, rows: Sequence[Mapping[str, object]]) -> None:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _files() -> None:
    """Problems of the reader's own, changed problems, other harnesses' logs, rows and labels of others."""
    mine = [
        {
            "problem": f"Ann has {i} pens and finds {i + 3} more. How many has she?",
            "answer": str(2 * i + 3),
            "solution": f"She has ${i} + {i + 3} = \\boxed{{{2 * i + 3}}}$.",
            "unique_id": f"mine/{i}",
        }
        for i in range(3, 15)
    ]
    _lines("mine.jsonl", mine)
    hard = [problem for problem in data.load("math500").problems if problem.level == 5]
    known = [msgspec.to_builtins(problem) for problem in hard[:30]]
    changed = [row | {"unique_id": f"p/{i}", "original_id": row["unique_id"]} for i, row in enumerate(known)]
    _lines("perturbed.jsonl", changed)
    _lines("LOG", [row | {"response": f"It is {row['answer']}."} for row in known])
    cases = ROOT / "tests" / "imports" / "cases"
    shutil.copytree(cases / "lm-eval", "out/FOLDER")
    shutil.copytree(cases / "evalscope" / "reviews" / "acme-1b", "reviews/my-model")
    talks = [[("user", row["problem"]), ("assistant", row["answer"])] for row in mine]
    _lines(
        "some_rows.jsonl",
        [{"messages": [{"role": role, "content": text} for role, text in talk]} for talk in talks],
    )
    rated = [
        {
            "completions": [{"text": text, "rating": rating, "flagged": False}],
            "human_completion": None,
            "chosen_completion": 0,
        }
        for text, rating in (("We add the numbers.", 1), ("That is 7.", -1))
    ]
    label = {"steps": rated, "finish_reason": "found_error"}
    _lines("phase2_train.jsonl", [{"question": {"problem": row["problem"]}, "label": label} for row in mine])


def _sets() -> None:
    _do("synth", "rft", "sampled", "--out", "SET")
    _do("synth", "rft", "sampled", "--kind", "preference", "--out", "PAIRS")
    rows = [
        StepRow(
            prompt=(Message(role="user", content=f"What is {i}+3?"),),
            completions=(f"{i}+1={i + 1}", f"{i + 1}+2={i + 3}", f"The answer is {i + 3}."),
            labels=(True, i % 2 == 0, i % 2 == 0),
            problem_id=f"tiny/{i}",
        )
        for i in range(24)
    ]
    for name in ("STEPS", "PLANTED"):
        dataset.write(Path(name), Plan(kind="stepwise", method="test"), rows)


def _trained() -> None:
    """A model's folder and file, and the reward models that a page begins with."""
    llama(Path("FOLDER"), context=2048)
    _do("train", "export", "FOLDER", "--out", "FILE.gguf")
    for kind, rows, name in (("reward", "PAIRS", "irm"), ("prm", "STEPS", "prm")):
        _do(
            "train", kind, rows, "--model", "FOLDER", "--steps", 2, "--threads", 1, "--out", f"trained/{name}"
        )

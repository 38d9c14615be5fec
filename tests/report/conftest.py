"""Run folders of invented problems, and a browser that looks at their pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, sync_playwright

from math500 import archives, evaluate
from math500.records import Failure, Generation, Manifest, ModelInfo, Problem, Sample
from math500.report import maths
from math500.rundir import RunWriter

Make = Callable[..., Path]

LONG = "We add, and add again. " * 3000


def response(problem: Problem, index: int) -> tuple[str, str]:
    """A text and how it ended: right, wrong, thinking, boxed elsewhere, cut off, empty, long; by turns."""
    turns = [
        (f"Adding gives $\\frac{{{problem.answer}}}{{1}}$, so it is \\boxed{{{problem.answer}}}.", "stop"),
        ("The sum is $x^2$. The answer is \\boxed{-1}.", "stop"),
        (f"<think>Is it $7$?</think>\n\nThe final answer is $\\boxed{{{problem.answer}}}$. I hope.", "stop"),
        ("It costs \\$5 and I pay $5 for tea and $6 for cake, again and", "length"),
        ("", "stop"),
        (f"{LONG}\n\nAnswer: {problem.answer}", "stop"),
    ]
    return turns[(int(problem.unique_id.split("/")[-1]) + index) % len(turns)]


@pytest.fixture
def make(tmp_path: Path, problems: tuple[Problem, ...], manifest_of: Callable[..., Manifest]) -> Make:
    """Makes a graded run folder; fields go into the manifest."""

    def made(
        name: str = "run",
        *,
        own: tuple[Problem, ...] | None = None,
        say: Callable[[Problem, int], tuple[str, str]] = response,
        model: str = "stub",
        samples: int = 1,
        **fields: Any,
    ) -> Path:
        asked = own or problems
        info = ModelInfo(name=model, served_name="stub", base_url="http://127.0.0.1:1/v1")
        manifest = manifest_of(**{"run_id": name, "model": info, "samples": samples} | fields)
        with RunWriter.create(tmp_path / name, manifest, asked) as run:
            for problem in asked:
                for index in range(samples):
                    run.append(sample_of(problem, index, *say(problem, index)))
            evaluate.grade(run)
        return tmp_path / name

    return made


def sample_of(problem: Problem, index: int, text: str, ended: str) -> Sample:
    """A sample with one generation; a text `failed` is a failure."""
    if ended == "failed":
        failure = Failure(kind="rejected", detail=text)
        return Sample(unique_id=problem.unique_id, index=index, response="", failure=failure)
    tokens = 64 if ended == "length" else len(text.split()) % 64 + 1
    generation = Generation(text=text, finish_reason=ended, completion_tokens=tokens, prompt_tokens=9)
    return Sample(
        unique_id=problem.unique_id, index=index, response=text, generations=(generation,), seconds=1.0
    )


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is. ./check installs it on CI; at home a message says what to install."""
    for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        if name and (found := shutil.which(name)):
            return found
    pytest.fail(
        "the tests of the page need Chromium: `apt-get install chromium`, or set CHROMIUM to its path. "
        "To leave them out: ./check tests -m 'not browser'"
    )


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One headless Chromium for a module's tests.

    Not for the session: while it is open an event loop runs in this thread, and other tests start their own.
    """
    with sync_playwright() as play:
        # Its own sandbox needs a user namespace, which root in a container lacks.
        opened = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def katex() -> str:
    """The renderer of formulas, fetched and verified as for a user."""
    return archives.fetch(maths.KATEX).read_text(encoding="utf-8")


class Visit:
    """A page in the browser, with what it complained of and what it asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda e: self.complaints.append(str(e)))
        page.on("dialog", self._dialog)
        page.on("request", lambda r: self.requests.append(r.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def goto(self, where: Path | str) -> Page:
        """Open it and wait until its samples can be used."""
        self.page.goto(where.as_uri() if isinstance(where, Path) else where)
        self.page.wait_for_selector("html[data-ready]")
        return self.page


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens a fresh profile of the browser; the page must not complain of anything."""
    visits: list[Visit] = []

    def opened(width: int = 1280, height: int = 900, **options: Any) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        visits.append(Visit(context.new_page()))
        return visits[-1]

    yield opened
    for each in visits:
        each.page.context.close()
        assert each.complaints == []

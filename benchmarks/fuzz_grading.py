r"""Fuzz the grader: texts made of LaTeX tokens, guided by the lines that they reach, for as long as is asked.

    python benchmarks/fuzz_grading.py --seconds 3600 --seeds FOLDER          coverage-guided (needs atheris)
    python benchmarks/fuzz_grading.py --seconds 3600 --engine hypothesis     random, with shrinking

What has to hold for every pair of texts and every response:

    never raises      `equivalent`, `extract` and `grade` return; no stage is `fault`
    never hangs       an answer within the limit plus a second
    deterministic     asked twice, the same
    reflexive         a text is itself, unless it could not be told or is blank
    symmetric         counted only: the reference decides what may be left away

A broken property is written to FOLDER as one JSON line of `found.jsonl` and the run goes on. The symbolic
stage is answered by "not asked": it is tested for limits elsewhere and would only wait here; `--symbolic`
lets it run.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

# fmt: off
TOKENS = [
    "\\frac", "\\dfrac", "\\sqrt", "{", "}", "(", ")", "[", "]", "\\{", "\\}", ",", ";", ".", "+", "-",
    "*", "/", "^", "_", "=", "<", ">", "\\le", "\\in", "\\cup", "\\pm", "!", "%", "|", "&", "\\\\", "$",
    "'", ":", "~", "x", "y", "a", "i", "e", "0", "1", "2", "10", "3.5", "\\pi", "\\infty", "\\sin",
    "\\log", "\\text{", "\\text{and}", "cm", "or", "\\begin{pmatrix}", "\\end{pmatrix}", "\\left",
    "\\right", "\\,", "\\!", "^\\circ", "degrees", "\\$", "\\%", "1,000", "\\overline", "\\boxed{", "1E9",
    "e5", "\\binom", "\\to", "the", "is", "A", "(C)", "\\angle", "°", "，", "＋", "√", "½", " ", "\n", "\n\n",
    "answer is ", "Answer: ", "**", "答案是", "<think>", "</think>", "<answer>", "</answer>", "wait, ",
    "therefore ", "so ", "####", "\\[", "\\]", "\\(", "\\)", "```", "final answer", "|---|",
    "\"answer\": ",
    "\\begin{cases}", "\\end{cases}", "\\begin{array}{cc}", "\\end{array}", "\\cdot", "\\times", "\\div",
    "\\mathbb{R}", "\\ne", "\\approx", "\\lfloor", "\\rfloor", "\\lceil", "\\rceil", "\\cos", "\\tan", "\\ln",
    "\\arctan", "9", "99", "-1", "0.3", "\\mathrm{", "\\textbf{", "\\text{(", "p.m.", "4:30", "cents", "m",
    "^2",
    "_8", "_{9}", "\\sum_{n=1}^{\\infty}", "\\int_0^1", "\\mp", "\\cap", "\\emptyset", "\\quad", "z", "n",
]
# fmt: on
LIMIT = 5.0


class Checker:
    """The properties, and where a broken one is written."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "found.jsonl"
        self.counts: Counter[str] = Counter()
        self.seen: set[str] = set()

    def pair(self, left: str, right: str) -> None:
        """The properties of two answers."""
        from math500.grading import equivalent

        self.counts["pairs"] += 1
        started = time.perf_counter()
        first = self._guarded("raises", equivalent, left, right)
        if first is None:
            return
        if time.perf_counter() - started > LIMIT + 1:
            self._report("slow", left, right, f"{time.perf_counter() - started:.1f} s")
        if first.stage == "fault":
            self._report("fault", left, right, first.reason)
        if equivalent(left, right) != first:
            self._report("not deterministic", left, right, first.reason)
        itself = equivalent(left, left)
        if left.strip() and itself.same is False:
            self._report("not itself", left, left, f"{itself.stage}: {itself.reason}")
        if first.same and equivalent(right, left).same is False:
            self.counts["asymmetric"] += 1

    def response(self, text: str) -> None:
        """The properties of a response."""
        from math500.grading import extract, grade

        self.counts["responses"] += 1
        started = time.perf_counter()
        for truncated in (False, True):
            found = self._guarded("raises", extract, text, truncated=truncated)
            if found is None:
                return
            if found.answer is not None and not 0 <= found.start <= found.end <= len(text):
                self._report("offsets", text, "", repr(found))
        graded = self._guarded("raises", grade, text, "7")
        if graded is not None and graded.stage == "fault":
            self._report("fault", text, "7", graded.reason or "")
        if time.perf_counter() - started > LIMIT + 1:
            self._report("slow", text, "", f"{time.perf_counter() - started:.1f} s")

    def _guarded(self, name: str, call: Callable[..., Any], *args: str, **options: bool) -> Any:  # noqa: ANN401
        try:
            return call(*args, **options)
        except Exception as error:
            self._report(name, args[0], args[-1], f"{type(error).__name__}: {error}")
            return None

    def _report(self, broken: str, left: str, right: str, why: str) -> None:
        self.counts[broken] += 1
        kind = f"{broken} {why[:40]}"
        if kind in self.seen:
            return
        self.seen.add(kind)
        row = {"broken": broken, "candidate": left, "answer": right, "why": why}
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        print(row, file=sys.stderr, flush=True)

    def summary(self) -> str:
        """The counts in one line."""
        return ", ".join(f"{name} {count}" for name, count in self.counts.most_common())


def text_of(data: bytes) -> str:
    """A text out of a fuzzer's bytes: each byte a token, a high byte followed by a character of its own."""
    parts: list[str] = []
    index = 0
    while index < len(data):
        value = data[index]
        index += 1
        if value < len(TOKENS):
            parts.append(TOKENS[value])
        elif index < len(data):
            parts.append(chr(data[index] if value < 0xF8 else 0x2190 + data[index]))
            index += 1
    return "".join(parts)


def one(checker: Checker, data: bytes) -> None:
    """One input: a pair when the first byte is even, a response when it is odd."""
    if not data:
        return
    if data[0] % 2:
        checker.response(text_of(data[1:]))
    else:
        middle = len(data) // 2
        checker.pair(text_of(data[1:middle]), text_of(data[middle:]))


def guided(checker: Checker, options: argparse.Namespace) -> None:
    """The coverage-guided run; inputs that reach new lines are kept in FOLDER/corpus."""
    import atheris  # type: ignore[import-untyped]

    with atheris.instrument_imports(include=["math500.grading"]):
        import math500.grading.structure  # noqa: F401 - imported here to be instrumented
    corpus = options.seeds / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + options.seconds

    def target(data: bytes) -> None:
        if time.monotonic() > deadline:
            print(f"coverage-guided: {checker.summary()}", flush=True)
            import os

            os._exit(0)  # libFuzzer counts any exception as a crash
        one(checker, data)

    limits = [
        f"-max_total_time={int(options.seconds) + 5}",
        "-max_len=160",
        "-rss_limit_mb=1500",
        "-timeout=30",
    ]
    atheris.Setup([sys.argv[0], str(corpus), *limits], target)
    atheris.Fuzz()


def random_texts(checker: Checker, options: argparse.Namespace) -> None:
    """The hypothesis run: batches of random token lists until the time is over."""
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    texts = st.lists(st.sampled_from(TOKENS) | st.text(max_size=3), max_size=24).map("".join)

    @settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(texts, texts, texts)
    def batch(left: str, right: str, response: str) -> None:
        checker.pair(left, right)
        checker.response(response)

    deadline = time.monotonic() + options.seconds
    while time.monotonic() < deadline:
        batch()
    print(f"hypothesis: {checker.summary()}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument(
        "--seeds", type=Path, default=Path("fuzz-grading"), help="folder of corpus and findings"
    )
    parser.add_argument("--engine", choices=("guided", "hypothesis"), default="guided")
    parser.add_argument("--symbolic", action="store_true", help="let the symbolic stage run")
    options = parser.parse_args()
    if not options.symbolic:
        _without_symbolic()
    checker = Checker(options.seeds)
    (guided if options.engine == "guided" else random_texts)(checker, options)


def _without_symbolic() -> None:
    from math500.grading import pool

    def refuse(*_: object) -> pool.Reply:
        raise pool.Fault("not asked")

    pool.ask = refuse  # type: ignore[assignment]


if __name__ == "__main__":
    main()

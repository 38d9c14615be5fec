"""A run while it goes."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from math500 import stats
from math500.client import prices
from math500.display.money import dollars
from math500.display.tables import duration
from math500.records import Grade, Price, Sample, Summary

if TYPE_CHECKING:
    from tqdm import tqdm

PLAIN_SECONDS = 10.0
"""How often progress is printed where the output is not a terminal."""
BAR = "{n_fmt}/{total_fmt}{postfix}, {remaining} left |{bar}|"
"""What is read first stands first: a narrow terminal cuts off the end."""


class Progress:
    """A run's live progress with its running score: a bar in a terminal, a line now and then elsewhere.

    It is called for each finished sample (`evaluate.OnSample`).
    """

    def __init__(
        self,
        before: Summary,
        *,
        quiet: bool = False,
        price: Price | None = None,
        judge_price: Price | None = None,
    ) -> None:
        self._total = before.samples
        self._done = self._start_done = before.samples - before.missing - before.failed
        self._correct = before.correct
        self._graded = before.correct + before.wrong + before.no_answer
        self._failed = self._tokens = 0
        self._start = self._printed = time.monotonic()
        self._bar = self._make_bar() if sys.stderr.isatty() and not quiet else None
        self._quiet = quiet
        self._price = price
        self._judge_price = judge_price
        self._cost = before.cost or 0.0
        self._all_tokens = before.prompt_tokens + before.completion_tokens
        self._all_tokens += before.judge_prompt_tokens + before.judge_completion_tokens

    def _make_bar(self) -> tqdm[Any]:
        from tqdm import tqdm  # noqa: PLC0415 - only a run with a terminal needs it

        return tqdm(
            total=self._total,
            initial=self._done,
            bar_format=BAR,
            dynamic_ncols=True,
            smoothing=0.1,
            leave=True,
        )

    def __call__(self, sample: Sample, grade: Grade | None) -> None:
        """Count one finished sample."""
        self._done += 1
        self._failed += sample.failure is not None
        self._count(sample)
        if grade is not None and grade.verdict != "ungraded":
            self._graded += 1
            self._correct += grade.verdict == "correct"
        with self._looked_at():
            if self._bar is not None:
                self._bar.set_postfix_str(self._state(), refresh=False)
                self._bar.update()
            elif not self._quiet and time.monotonic() - self._printed >= PLAIN_SECONDS:
                self._print()

    @contextlib.contextmanager
    def _looked_at(self) -> Iterator[None]:
        """Show something; where the terminal or the reader of a pipe is gone, the run goes on unseen."""
        try:
            yield
        except OSError:
            self._bar, self._quiet = None, True

    def _count(self, sample: Sample) -> None:
        judged = [g for score in sample.scores for g in score.generations]
        for price, generations in ((self._price, sample.generations), (self._judge_price, judged)):
            for generation in generations:
                generated = generation.completion_tokens or 0
                self._tokens += generated
                self._all_tokens += (generation.prompt_tokens or 0) + generated
                if price is not None:
                    self._cost += prices.cost_of(price, generation)

    def note(self, text: str) -> None:
        """Say something in between without spoiling the bar."""
        with self._looked_at():
            if self._bar is not None:
                self._bar.write(text, file=sys.stderr)
            elif not self._quiet:
                print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is the terminal's room

    def _state(self) -> str:
        parts = []
        if self._graded:
            p = self._correct / self._graded
            low, high = stats.wilson(p, self._graded)
            parts.append(f"score {100 * p:.1f} ({100 * low:.1f}-{100 * high:.1f})")
        parts.append(f"{self._tokens / max(time.monotonic() - self._start, 1e-9):.0f} tok/s")
        parts.append(f"{self._all_tokens:,} tokens")
        if self._price is not None or self._judge_price is not None:
            parts.append(dollars(self._cost))
        if self._failed:
            parts.append(f"{self._failed} failed")
        return ", ".join(parts)

    def _print(self) -> None:
        self._printed = time.monotonic()
        elapsed = self._printed - self._start
        left = elapsed / max(self._done - self._start_done, 1) * (self._total - self._done)
        print(  # noqa: T201 - this is the terminal's room
            f"{self._done}/{self._total}, {self._state()}, about {duration(left)} left",
            file=sys.stderr,
            flush=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._looked_at():
            if self._bar is not None:
                self._bar.close()

"""What is shown while something goes on: a bar in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from math500.display.tables import duration

if TYPE_CHECKING:
    from tqdm import tqdm

PLAIN_SECONDS = 10.0
"""How often progress is printed where the output is not a terminal."""


class Live(ABC):
    """One thing's progress; a context manager.

    Args:
        total: steps in all.
        done: steps that are done before.
        quiet: show nothing.
        bar: further options of the bar.
    """

    def __init__(self, total: int, done: int, *, quiet: bool = False, **bar: Any) -> None:  # noqa: ANN401
        self._total = total
        self._quiet = quiet
        self._printed = time.monotonic()
        self._bar = _bar(total, done, bar) if sys.stderr.isatty() and not quiet else None

    @abstractmethod
    def _place(self) -> str:
        """How far it is, such as `3/40`."""

    @abstractmethod
    def _state(self) -> str:
        """How it goes."""

    @abstractmethod
    def _left(self) -> float:
        """Seconds that are left."""

    def note(self, text: str) -> None:
        """Say something in between without spoiling the bar."""
        with self._looked_at():
            if self._bar is not None:
                self._bar.write(text, file=sys.stderr)
            elif not self._quiet:
                _print(text)

    def _step(self) -> None:
        """Show that one more step is done."""
        with self._looked_at():
            if self._bar is not None:
                self._bar.set_postfix_str(self._state(), refresh=False)
                self._bar.update()
            elif not self._quiet and (self._is_last() or time.monotonic() - self._printed >= PLAIN_SECONDS):
                self._line()

    @contextlib.contextmanager
    def _looked_at(self) -> Iterator[None]:
        """Show something; where the terminal or the reader of a pipe is gone, the work goes on unseen."""
        try:
            yield
        except OSError:
            self._bar, self._quiet = None, True

    def _is_last(self) -> bool:
        """Whether this step's line is shown before its time."""
        return False

    def _line(self) -> None:
        self._printed = time.monotonic()
        left = self._left()
        _print(
            f"{self._place()}, {self._state()}" + (f", about {duration(left)} left" if round(left) else "")
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._looked_at():
            if self._bar is not None:
                self._bar.close()


def _bar(total: int, done: int, options: dict[str, Any]) -> tqdm[Any]:
    from tqdm import tqdm  # noqa: PLC0415 - only what has a terminal needs it

    return tqdm(total=total, initial=done, dynamic_ncols=True, **options)


def _print(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is the terminal's room

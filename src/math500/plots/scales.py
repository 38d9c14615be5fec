"""Numbers to pixels, and round numbers for an axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Literal

Form = Literal["percent", "points", "number"]
"""How values are written: a fraction as `12.3 %`, a difference of fractions as `+1.2`, or a plain number."""


def written(value: float, form: Form, *, short: bool = False) -> str:
    """A value in words; `short` for an axis."""
    if form == "percent":
        shown = f"{100 * value:.1f}"
        return f"{shown.removesuffix('.0') if short else shown} %"
    if form == "points":
        shown = f"{100 * value:+.1f}"
        return shown.removesuffix(".0") if short else shown
    if short and abs(value) >= 10_000:
        return f"{value / 1000:g}k"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.3g}"


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers from at most `low` to at least `high`, about `most` of them."""
    if not math.isfinite(low) or not math.isfinite(high):
        return [0.0, 1.0]
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-9):
        high = low + (abs(low) if abs(low) > 1e-9 else 1.0)
    rough = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [i * step if step >= 1 else float(f"{i * step:.12g}") for i in range(first, last + 1)]


def scale(values: tuple[float, float], pixels: tuple[float, float]) -> Callable[[float], float]:
    """A function from a value to its pixel; a value outside is drawn at the edge."""
    (low, high), (start, end) = values, pixels
    span = (high - low) or 1.0

    def place(value: float) -> float:
        share = min(1.0, max(0.0, (value - low) / span))
        return start + share * (end - start)

    return place


def doubling(values: tuple[float, float], pixels: tuple[float, float]) -> Callable[[float], float]:
    """The same where each doubling takes as much room; all values are greater than zero."""
    place = scale((math.log2(values[0]), math.log2(values[1])), pixels)
    return lambda value: place(math.log2(value))


def doublings(low: float, high: float) -> list[float]:
    """The powers of two from `low` to `high`, both above zero; and `high`, where there is room for it."""
    powers = [2.0**i for i in range(math.ceil(math.log2(low)), math.floor(math.log2(high)) + 1)]
    room = not powers or high >= math.sqrt(2) * powers[-1]
    return [*powers, high] if room else powers


def extent(values: Iterable[float | None]) -> tuple[float, float]:
    """The least and the greatest of the numbers that are there; (0, 1) without any."""
    known = [v for v in values if v is not None and math.isfinite(v)]
    return (min(known), max(known)) if known else (0.0, 1.0)

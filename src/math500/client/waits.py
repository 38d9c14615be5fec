"""How long the endpoint asks to wait, and how long to wait when it does not say.

The retry libraries (tenacity, stamina) decide per call. Here a wait is shared: one worker's 429 holds
all of them, an outage is probed by one, and what counts as a failure depends on what the others saw.
So the two formulas stand here, and gate.py and chat.py say who waits.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0


class Clock:
    """Time as the client sees it; tests run it faster.

    Args:
        speed: seconds on this clock per real second.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed

    def now(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic() * self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds / self.speed)

    def later(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """Call something after a wait."""
        return asyncio.get_running_loop().call_later(seconds / self.speed, call)


def pause(failures: int, first: float = FIRST_PAUSE, longest: float = LONGEST_PAUSE) -> float:
    """Seconds before the next try after so many failures: doubling, capped, with half of it jitter."""
    full = min(longest, first * 2.0 ** min(failures - 1, 30))
    return full * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret


def announced(headers: Mapping[str, str], said: str, now: datetime | None = None) -> float | None:
    """Seconds that the endpoint asks to wait, or None where it does not say.

    The most exact wins: `retry-after-ms`, then `retry-after`, then the resets of limits that are used
    up, then the message's own words.
    """
    now = now or datetime.now(UTC)
    for read in (_retry_after_ms, _retry_after, _resets):
        seconds = read(headers, now)
        if seconds is not None:
            return max(0.0, seconds)
    return _in_words(said)


def _retry_after_ms(headers: Mapping[str, str], _now: datetime) -> float | None:
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        value = _number(headers.get(name, ""))
        if value is not None:
            return value / 1000
    return None


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    value = headers.get("retry-after", "").strip()
    return moment(value, now) if value else None


def _resets(headers: Mapping[str, str], now: datetime) -> float | None:
    found = []
    for name, value in headers.items():
        if "ratelimit" in name and "reset" in name and headers.get(name.replace("reset", "remaining")) == "0":
            seconds = moment(value, now)
            if seconds is not None:
                found.append(seconds)
    return max(found, default=None)


def moment(value: str, now: datetime) -> float | None:
    """Seconds until a moment, however it is spelled.

    `20`, `1.5`, `12ms`, `6m0s`, `1h2m3.5s`; seconds or milliseconds since 1970; an HTTP date; RFC 3339.
    """
    number = _number(value)
    if number is not None:
        epoch = number / 1000 if number > 1e11 else number
        return epoch - now.timestamp() if number > 1e9 else number
    seconds = _duration(value)
    return seconds if seconds is not None else _until(value, now)


def _number(value: str) -> float | None:
    return float(value) if re.fullmatch(r"\s*\d{1,15}(\.\d{1,12})?\s*", value) else None


_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PIECE = r"\d{1,9}(?:\.\d{1,12})?(?:ms|us|µs|ns|d|h|m|s)"


def _duration(value: str) -> float | None:
    value = value.strip()
    if not re.fullmatch(f"(?:{_PIECE})+", value):
        return None
    pieces = re.findall(r"([\d.]+)([a-zµ]+)", value)
    return sum(float(number) * _UNITS[unit] for number, unit in pieces)


def _until(value: str, now: datetime) -> float | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            then = read(value.strip())
        except ValueError:
            continue
        return (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    return None


_WORDS = re.compile(
    r"(?:try again|retry|retry[ _]?delay|wait)\W{0,4}(?:in|after)?\W{0,4}"
    rf"((?:{_PIECE})+|\d+(?:\.\d+)?(?= ?sec))",
    re.IGNORECASE,
)


def _in_words(said: str) -> float | None:
    found = _WORDS.search(said)
    return moment(found[1], datetime.now(UTC)) if found else None

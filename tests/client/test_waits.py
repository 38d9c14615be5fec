"""Reading how long to wait, in every spelling; and how long to wait without being told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500.client.waits import LONGEST_PAUSE, announced, moment, pause

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "said", "seconds"),
    [
        ({"retry-after": "20"}, "", 20),
        ({"retry-after": "1.5"}, "", 1.5),
        ({"retry-after": "0"}, "", 0),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=90), usegmt=True)}, "", 90),
        ({"retry-after": format_datetime(NOW - timedelta(seconds=90), usegmt=True)}, "", 0),
        ({"retry-after-ms": "250", "retry-after": "1"}, "", 0.25),
        ({"x-ms-retry-after-ms": "80"}, "", 0.08),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, "", 360),
        ({"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "6m0s"}, "", None),
        (
            {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "12ms",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "1m2.5s",
            },
            "",
            62.5,
        ),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp() + 30))}, "", 30),
        (
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int((NOW.timestamp() + 30) * 1000))},
            "",
            30,
        ),
        (
            {
                "anthropic-ratelimit-tokens-remaining": "0",
                "anthropic-ratelimit-tokens-reset": "2026-11-22T12:00:07Z",
            },
            "",
            7,
        ),
        ({}, "Rate limit reached. Please try again in 289ms.", 0.289),
        ({}, "Please try again in 7m12.5s. Upgrade", 432.5),
        ({}, "Please retry after 6 seconds.", 6),
        ({}, "Please retry in 17.30897372s.", 17.30897372),
        ({}, "{'retryDelay': '34s'}", 34),
        ({}, "try again later", None),
        ({}, "", None),
        ({"retry-after": "soon"}, "", None),
        ({"retry-after": "-5"}, "", None),
        ({"retry-after": ""}, "", None),
    ],
)
def test_what_is_announced(headers: dict[str, str], said: str, seconds: float | None) -> None:
    found = announced(headers, said, NOW)
    assert found == (None if seconds is None else pytest.approx(seconds, abs=0.002))


@given(st.text(max_size=60), st.text(max_size=60))
def test_nothing_announced_breaks_the_reader(header: str, said: str) -> None:
    seconds = announced({"retry-after": header, "retry-after-ms": header}, said, NOW)
    assert seconds is None or seconds >= 0


@given(st.integers(0, 59), st.integers(0, 59), st.integers(0, 23))
def test_a_duration_is_the_sum_of_its_pieces(seconds: int, minutes: int, hours: int) -> None:
    assert moment(f"{hours}h{minutes}m{seconds}s", NOW) == seconds + 60 * minutes + 3600 * hours


@given(st.integers(1, 10_000))
def test_a_pause_is_jittered_within_its_bounds(failures: int) -> None:
    assert 0.25 <= pause(failures) <= LONGEST_PAUSE


def test_pauses_double_until_the_longest() -> None:
    for failures, full in ((1, 0.5), (2, 1.0), (3, 2.0), (8, 30.0)):
        drawn = [pause(failures) for _ in range(200)]
        assert full / 2 <= min(drawn) < full * 0.6
        assert full * 0.9 < max(drawn) <= full

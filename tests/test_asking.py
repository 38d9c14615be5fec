"""Typed options to a way to ask: what is left out stays, what is wrong is told, what is secret is hidden."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from math500.asking import asking, price, private
from math500.cli.endpoint import without_secrets
from math500.errors import UsageError
from math500.records import Asking, Budget, Timeouts

BEFORE = Asking(api="completions", stream=True, budget=Budget(cost=3.0), timeouts=Timeouts(total=50.0))
NAMES = st.text(string.ascii_letters + "-", min_size=1, max_size=11).filter(lambda name: name[0] != "-")
VALUES = st.text(string.ascii_letters + string.digits, min_size=12, max_size=40)


def test_what_is_left_out_stays() -> None:
    assert asking({}, BEFORE) == BEFORE
    changed = asking({"stream": False, "max_requests": 7, "timeouts": ["connect=3"]}, BEFORE)
    assert (changed.api, changed.stream) == ("completions", False)
    assert (changed.budget.cost, changed.budget.requests) == (3.0, 7)
    assert (changed.timeouts.total, changed.timeouts.connect) == (50.0, 3.0)


@pytest.mark.parametrize(
    "given", [{"api": "x"}, {"stream": "perhaps"}, {"max_cost": "much"}, {"ca_file": 5}, {"timeouts": ["a"]}]
)
def test_a_wrong_value_is_told(given: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        asking(given, Asking())


@given(NAMES, VALUES)
def test_a_header_is_sent_and_never_kept(name: str, value: str) -> None:
    typed = f"{name}: {value}"
    secrets = private({"headers": [typed]})
    assert secrets.headers == {name: value}
    assert value not in repr(secrets)
    kept = without_secrets(
        ["run", "--header", typed, f"--header={typed}", "--proxy", f"http://u:{value}@h:1"]
    )
    assert value not in " ".join(kept)
    assert f"{name}: ***" in kept


@pytest.mark.parametrize("header", ["", "no colon", "a b: c", "X: line\nbreak", "X: größe", ": v"])
def test_what_is_no_header_is_refused(header: str) -> None:
    with pytest.raises(UsageError):
        private({"headers": [header]})


def test_no_price_is_no_price() -> None:
    assert price({}) is None
    assert price({"price": None}) is None

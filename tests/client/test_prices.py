"""Prices: found by host and exact name, unknown otherwise."""

from __future__ import annotations

import re

import pytest

from math500.client import Endpoint
from math500.client.prices import _document, _list, cost, find, given
from math500.client.vendors import BY_PREFIX
from math500.errors import UsageError

OPENAI = "https://api.openai.com/v1"


def test_a_listed_model_has_its_price_with_source_and_date() -> None:
    price = find(Endpoint(OPENAI, "gpt-4o-mini"))
    assert price is not None
    assert (price.model, price.prompt, price.completion) == ("openai/gpt-4o-mini", 0.15, 0.6)
    assert price.source.startswith("https://developers.openai.com/")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", price.date)


def test_a_dated_snapshot_has_the_price_of_its_name() -> None:
    dated = find(Endpoint(OPENAI, "gpt-4o-mini-2024-07-18"))
    assert dated == find(Endpoint(OPENAI, "gpt-4o-mini"))


@pytest.mark.parametrize(
    ("url", "model"),
    [
        (OPENAI, "gpt-4o-mini-next"),
        (OPENAI, "gpt"),
        ("http://localhost:8000/v1", "gpt-4o-mini"),
        ("https://gateway.example/v1", "gpt-4o-mini"),
        ("https://openrouter.ai/api/v1", "openai/gpt-4o-mini"),
    ],
)
def test_what_is_not_listed_is_not_known(url: str, model: str) -> None:
    assert find(Endpoint(url, model)) is None


def test_every_row_can_be_found() -> None:
    for prefix, part in _list().items():
        assert part["source"].startswith("https://")
        for model in part["models"]:
            price = find(Endpoint(BY_PREFIX[prefix].base_url, model))
            assert price is not None, (prefix, model)
            assert 0 < price.prompt <= price.completion, (prefix, model)
    assert _document()["date"]


def test_tokens_become_dollars() -> None:
    assert cost(given("0.5,2"), 1_000_000, 500_000) == 1.5


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "a,b", "-1,2", "1,inf", "nan,1"])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--price 0.15,0.60"):
        given(text)

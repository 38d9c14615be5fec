"""What a model's tokens cost: a small list with its source and date, and the user's own numbers.

A price is found for a vendor's own host and an exact model name only. A gateway, a server of one's own, or
a model that the list does not have costs what only its owner knows: its price is unknown, and stays so.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from math500.client.endpoint import Endpoint
from math500.client.vendors import VENDORS, Vendor
from math500.errors import UsageError
from math500.records import Generation, Price

SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})$")
"""A dated name: it has the price of the name without its date."""
BATCH_SHARE = {"openai": 0.5}
"""Of the list price, through the batch queue: https://developers.openai.com/api/docs/guides/batch"""
GIVEN = "given"


def find(endpoint: Endpoint, *, batch: bool = False) -> Price | None:
    """The listed price of an endpoint's model; None where it is not known.

    Args:
        endpoint: where, and which model.
        batch: through the batch queue, whose share of the price is known for OpenAI only.
    """
    host = urlsplit(endpoint.base_url).hostname
    prefix = next((v.prefix for v in VENDORS if v.prefix in _list() and _host(v) == host), "")
    part = _list().get(prefix, {"models": {}})
    for name in (endpoint.model, SNAPSHOT.sub("", endpoint.model)):
        if name in part["models"]:
            prompt, completion = map(float, part["models"][name])
            if batch and prefix not in BATCH_SHARE:
                return None
            share = BATCH_SHARE[prefix] if batch else 1.0
            return Price(
                model=f"{prefix}/{name}" + (" (batch)" if batch else ""),
                prompt=share * prompt,
                completion=share * completion,
                source=part["source"],
                date=str(_document()["date"]),
            )
    return None


def given(text: str) -> Price:
    """The user's own price, `PROMPT,COMPLETION` in US dollars per million tokens.

    Raises:
        UsageError: it is not two numbers.
    """
    try:
        prompt, completion = map(float, text.split(","))
    except ValueError:
        prompt = completion = -1.0
    if not (0 <= prompt < 1e6 and 0 <= completion < 1e6):
        raise UsageError(
            f"--price {text} is not a price",
            "Write US dollars per million prompt and generated tokens: --price 0.15,0.60.",
        )
    return Price(model=GIVEN, prompt=prompt, completion=completion, source="the command line")


def cost(price: Price, prompt_tokens: float, completion_tokens: float) -> float:
    """US dollars for so many tokens."""
    return (price.prompt * prompt_tokens + price.completion * completion_tokens) / 1e6


def cost_of(price: Price, generation: Generation) -> float:
    """US dollars for one generation; a count that the endpoint left out is taken as none."""
    return cost(price, generation.prompt_tokens or 0, generation.completion_tokens or 0)


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads(resources.files("math500.client").joinpath("prices.toml").read_text("utf-8"))


def _list() -> dict[str, dict[str, Any]]:
    return {name: part for name, part in _document().items() if isinstance(part, dict)}


def _host(vendor: Vendor) -> str | None:
    return urlsplit(vendor.base_url).hostname

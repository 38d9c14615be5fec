"""A look at an endpoint before a run."""

from __future__ import annotations

import sys
from typing import Any

import click

from math500.cli import endpoint
from math500.cli.options import JSON, print_json, print_text, say


@click.command()
@click.option("--model", default="embedded", show_default=True, help="As for `math500 run`.")
@endpoint.options(*endpoint.REACHING)
@click.option("--data", "data_name", default="math500", show_default=True, help="A problem set, or a file.")
@click.option("--max-tokens", type=click.IntRange(1), help="The run's, to hold it against what is served.")
@JSON
def doctor(
    model: str,
    data_name: str,
    max_tokens: int | None,
    as_json: bool,
    **options: Any,  # noqa: ANN401
) -> None:
    """Ask one short question and say whether a run can begin.

    Looks at data, proxy, key, quota, model name, chat template, stop reason, reasoning format and token
    limit, and says what to do about each that is not as it should be. A vLLM or SGLang server is also asked
    how it was started: context, sampling defaults, log probabilities. Ends with 0 where a run can begin.
    """
    from math500 import asking, display
    from math500 import doctor as room
    from math500.records import Asking

    asked = endpoint.pop(options)
    result = room.diagnose(
        model,
        base_url=asked["base_url"],
        data_name=data_name,
        asking=asking.asking(asked, Asking()),
        private=asking.private(asked),
        max_tokens=max_tokens,
        say=say,
    )
    print_json(result) if as_json else print_text(display.diagnosis(result))
    sys.exit(result.exit_code)

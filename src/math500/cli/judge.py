"""A model as a grader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from math500.cli import endpoint
from math500.cli.options import FILE, JSON, Grouped, Temperature, print_json, print_text, say
from math500.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from math500.judge import Scope

GROUPS = {
    "Judge": ("model", "form", "temperature", "max_tokens"),
    "Samples": ("every", "wrong", "limit"),
    **endpoint.GROUPS,
    "Output": ("concurrency", "quiet", "as_json", "help"),
}


@click.command(cls=Grouped, groups=GROUPS)
@click.argument("run", type=FILE)
@click.option("--model", required=True, help="The judge; named as for `math500 run`.")
@click.option(
    "--form",
    type=click.Choice(["equality", "verdict"]),
    default="equality",
    show_default=True,
    help="equality: is the answer the reference answer? verdict: with the question too; right, wrong or no "
    "attempt.",
)
@click.option(
    "--temperature",
    type=Temperature(),
    default="0",
    show_default=True,
    help="0 is greedy; `none` sends none, for models that refuse one.",
)
@click.option(
    "--max-tokens",
    type=click.IntRange(1),
    help="Limit on a reply's tokens, thinking included.  [default: 32 embedded, else the endpoint's own]",
)
@click.option(
    "--all/--cascade",
    "every",
    default=False,
    help="Ask where the rule could not tell, or about every sample.  [default: --cascade]",
)
@click.option("--wrong", is_flag=True, help="With --cascade: also where the rule does not say correct.")
@click.option("--limit", type=click.IntRange(1), help="Judge so many samples now; the same command goes on.")
@endpoint.options(*endpoint.REACHING, *endpoint.LIMITING)
@click.option(
    "--concurrency", type=click.IntRange(1), help="Requests in flight.  [default: 16 embedded, else 32]"
)
@click.option("--quiet", is_flag=True, help="No progress.")
@JSON
def judge(run: Path, as_json: bool, quiet: bool, **options: Any) -> None:  # noqa: ANN401
    """Have a model judge a run's answers, and compare it with the rule.

    The rule grades first; the judge is asked where it could not tell. Every reply is on disk the moment it
    is there, and the same command goes on after a stop. The grades lie beside the rule's under a name of
    their own, which `errors --grader` and `compare --grader` take.
    """
    from math500 import asking, display, judging
    from math500.records import Asking, Decoding

    asked = endpoint.pop(options)
    decoding = Decoding(**{name: options.pop(name) for name in ("temperature", "max_tokens")})
    found = judging.start(
        judging.Request(
            run=run,
            scope=_scope(options.pop("every"), options.pop("wrong")),
            base_url=asked["base_url"],
            asking=asking.asking(asked, Asking()),
            private=asking.private(asked),
            price=asking.price(asked),
            decoding=decoding,
            **options,
        ),
        say=say,
        quiet=quiet,
    )
    print_json(found) if as_json else print_text(display.judged(found))


def _scope(every: bool, wrong: bool) -> Scope:
    if every and wrong:
        raise UsageError("--all holds the samples of --wrong already", "Leave one of them out.")
    return "all" if every else "wrong" if wrong else "cascade"

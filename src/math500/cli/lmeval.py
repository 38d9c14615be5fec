"""lm-eval's own command line."""

from __future__ import annotations

import sys

import click


@click.command("lm-eval", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def lm_eval(arguments: tuple[str, ...]) -> None:
    """lm-eval's own command line, with math500's tasks and model in it.

    For example `math500 lm-eval run --tasks math500 --model math500 --model_args model=embedded`.
    """
    from math500.lmeval import launch

    sys.exit(launch.main(list(arguments)))

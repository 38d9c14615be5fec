"""Grading: one response."""

from __future__ import annotations

import click

from math500.cli.options import JSON, print_json, print_text, text_of


@click.command()
@click.option("--response", required=True, help="The model's text, @FILE, or - for standard input.")
@click.option("--answer", required=True, help="The reference answer in LaTeX.")
@click.option("--truncated", is_flag=True, help="The response ended at the token limit.")
@click.option("--strict", is_flag=True, help="Take an answer in \\boxed{} only.")
@JSON
def grade(response: str, answer: str, truncated: bool, strict: bool, as_json: bool) -> None:
    """Grade one response and say why."""
    from math500 import display, grading

    result = grading.grade(text_of(response), answer, truncated=truncated, strict=strict)
    print_json(result) if as_json else print_text(display.grade(result, answer))

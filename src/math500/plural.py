"""How many of what: `1 problem is owed`, `2,000 problems are owed`."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun, and with all else that goes by it.

    Args:
        number: how many.
        one: what stands behind 1: `problem`, `problem is left out`.
        many: what stands behind any other number; `one` with an s when empty.
    """
    return f"{number:,} {form(number, one, many or f'{one}s')}"


def form(number: int, one: str, many: str) -> str:
    """The word that goes by a number: `is` or `are`."""
    return one if number == 1 else many

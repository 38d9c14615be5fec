"""HTML out of text. Everything that goes into the page from outside goes through `text`."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from math500.plots import embedded
from math500.records import Estimate

# A direction mark would turn around what follows it; a control character has no picture. Both become a
# visible sign. The page's own script does the same (assets/text.js).
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def text(words: object) -> str:
    """Any text as HTML that shows it and does nothing else."""
    return html.escape(_UNSEEN.sub(lambda m: f"⟨U+{ord(m.group()):04X}⟩", str(words)), quote=True)


def tag(name: str, *content: str, **attributes: object) -> str:
    """An element; its content is HTML already, its attributes are text. `class_` gives `class`."""
    given = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{text(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    return f"<{name}{given}>{''.join(content)}</{name}>"


def percent(value: float) -> str:
    """A fraction as a figure in percent."""
    return f"{100 * value:.1f} %"


def interval(score: Estimate) -> str:
    """The 95 % interval in words."""
    return f"{100 * score.low:.1f} to {100 * score.high:.1f}"


def figure(picture: str) -> str:
    """A plot; focusable, since on a narrow screen it keeps a size that can be read and is scrolled."""
    return tag("figure", embedded(picture), class_="plot", tabindex="0")


def table(
    head: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, caption: str, numbers: tuple[int, ...] = ()
) -> str:
    """A table with a caption; cells are HTML already, the first of each row names it."""

    def kind(column: int) -> str | None:
        return "n" if column in numbers else None

    top = "".join(tag("th", text(h), scope="col", class_=kind(i)) for i, h in enumerate(head))
    body = "".join(
        tag(
            "tr",
            tag("th", row[0], scope="row"),
            *(tag("td", cell, class_=kind(i)) for i, cell in enumerate(row[1:], 1)),
        )
        for row in rows
    )
    whole = tag("table", tag("caption", text(caption)), tag("thead", tag("tr", top)), tag("tbody", body))
    # Focusable, so that the keyboard can scroll it where it is wider than the screen.
    return tag("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)

"""The parts that every plot is made of: the frame with its title, text, marks, and the colours.

Colours are CSS variables with defaults inside the SVG, light and dark, so that a file looks right alone. A
page that embeds a plot may set `--m5-ink`, `--m5-one`, ... to its own colours; they win over the defaults.

Nothing here writes a `style` attribute, so that a page with a strict Content-Security-Policy can embed a
plot: `embedded` takes the style sheet out, and the page carries `STYLE` once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from unicodedata import east_asian_width
from xml.sax.saxutils import escape, quoteattr

FONT = 13
"""Pixels of ordinary text."""
SMALL = 12
LINE = 18
"""Pixels from one line of text to the next."""

LIGHT: Mapping[str, str] = {
    "paper": "#ffffff",
    "ink": "#1d2330",
    "muted": "#566072",
    "line": "#dde1e8",
    "one": "#2f62c9",
    "two": "#b4530f",
    "three": "#0f766e",
    "four": "#8b3fb0",
    "five": "#a8326b",
    "six": "#5c6b00",
    "good": "#14784a",
    "bad": "#bf3030",
    "quiet": "#97a1b3",
}
"""The colour of each name on light paper: text and background, the data's colours, right and wrong."""
DARK: Mapping[str, str] = {
    "paper": "#14171d",
    "ink": "#e8ebf1",
    "muted": "#a5aebd",
    "line": "#343b47",
    "one": "#7fa8ff",
    "two": "#f0a35e",
    "three": "#4fc5b7",
    "four": "#c690e6",
    "five": "#f08bb5",
    "six": "#bccb55",
    "good": "#5fc98f",
    "bad": "#f58585",
    "quiet": "#727d90",
}
SERIES = ("one", "two", "three", "four", "five", "six")
"""The colours of several series, in order."""


def _rules(colour: Mapping[str, str], fonts: str) -> str:
    """The classes that the marks use, with the colours and fonts given."""
    fills = "".join(f".m5-f-{name}{{fill:{value}}}" for name, value in colour.items())
    strokes = "".join(f".m5-s-{name}{{stroke:{value};fill:none}}" for name, value in colour.items())
    return f".m5-plot text{{font-family:{fonts}}}{fills}{strokes}"


def _defaults(colours: Mapping[str, str]) -> str:
    return "".join(f"--{name}:var(--m5-{name},{value});" for name, value in colours.items())


_FONTS = "system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans','Noto Sans',sans-serif"
STYLE = (
    f".m5-plot{{{_defaults(LIGHT)}}}"
    f"@media(prefers-color-scheme:dark){{.m5-plot{{{_defaults(DARK)}}}}}"
    f"{_rules({name: f'var(--{name})' for name in LIGHT}, _FONTS)}"
)
"""The style sheet inside every plot."""
_FLAT = _rules(LIGHT, "Roboto")
_SHEET = re.compile(r"<style>.*?</style>", re.DOTALL)
# XML 1.0 has no way to write these, not even as a reference. https://www.w3.org/TR/xml/#charsets
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# A direction override would turn the rest of the picture's text around.
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")


def clean(text: object) -> str:
    """Any text without what XML cannot hold and without direction marks; each becomes a visible sign."""
    return _DIRECTION.sub("\u2423", _NO_XML.sub("\ufffd", str(text)))


def words(text: object) -> str:
    """Any text as the content of an element."""
    return escape(clean(text))


def attributes(**values: object) -> str:
    """Attributes out of names and values; `_` in a name stands for `-`, floats get two decimals."""
    parts = []
    for name, value in values.items():
        shown = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else clean(value)
        parts.append(f" {name.rstrip('_').replace('_', '-')}={quoteattr(shown)}")
    return "".join(parts)


def element(name: str, content: str = "", **values: object) -> str:
    """One element; the content is SVG already."""
    return (
        f"<{name}{attributes(**values)}>{content}</{name}>" if content else f"<{name}{attributes(**values)}/>"
    )


def text(
    x: float,
    y: float,
    words: object,
    *,
    colour: str = "ink",
    anchor: str = "start",
    size: int = FONT,
    weight: int = 400,
) -> str:
    """A line of text whose baseline starts, is centred, or ends at the point."""
    return element(
        "text",
        escape(clean(words)),
        x=float(x),
        y=float(y),
        class_=f"m5-f-{colour}",
        text_anchor=anchor,
        font_size=size,
        font_weight=weight,
    )


def line(
    x1: float, y1: float, x2: float, y2: float, *, colour: str = "line", width: float = 1, dash: str = ""
) -> str:
    """A straight line."""
    extra = {"stroke_dasharray": dash} if dash else {}
    return element(
        "line",
        x1=float(x1),
        y1=float(y1),
        x2=float(x2),
        y2=float(y2),
        class_=f"m5-s-{colour}",
        stroke_width=width,
        **extra,
    )


def box(
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    colour: str,
    tip: str = "",
    opacity: float = 1,
    radius: float = 2,
) -> str:
    """A filled rectangle, with words that a pointer finds on it."""
    content = element("title", words(tip)) if tip else ""
    return element(
        "rect",
        content,
        x=float(x),
        y=float(y),
        width=float(max(width, 0)),
        height=float(max(height, 0)),
        rx=float(radius),
        class_=f"m5-f-{colour}",
        fill_opacity=float(opacity),
    )


def whisker(x1: float, x2: float, y: float, *, colour: str = "ink", cap: float = 4) -> str:
    """A horizontal interval with caps."""
    ends = "".join(line(x, y - cap, x, y + cap, colour=colour, width=1.5) for x in (x1, x2))
    return line(x1, y, x2, y, colour=colour, width=1.5) + ends


def whisker_up(x: float, y1: float, y2: float, *, colour: str = "ink", cap: float = 4) -> str:
    """A vertical interval with caps."""
    ends = "".join(line(x - cap, y, x + cap, y, colour=colour, width=1.5) for y in (y1, y2))
    return line(x, y1, x, y2, colour=colour, width=1.5) + ends


def text_width(words: object, size: int = FONT) -> float:
    """About how many pixels a line of text takes; on the generous side."""
    return sum(1.0 if east_asian_width(c) in "WF" else 0.57 for c in clean(words)) * size


def shortened(words: object, pixels: float, size: int = FONT) -> str:
    """The words, cut with an ellipsis to what fits into so many pixels.

    A name without a space, such as a run's, is cut in its middle: what tells it from others is often its end.
    """
    whole = clean(words)
    if text_width(whole, size) <= pixels:
        return whole
    tail = "" if " " in whole else whole[len(whole) // 2 :]
    head = whole.removesuffix(tail)
    while head + tail and text_width(f"{head}…{tail}", size) > pixels:
        head, tail = (head[:-1], tail) if len(head) >= len(tail) else (head, tail[1:])
    return f"{head.rstrip()}…{tail}"


def picture(title: str, description: str, body: str, width: float, height: float) -> str:
    """The whole SVG: its name and description for those who cannot see it, its style, its paper, its marks.

    Args:
        title: what the picture shows; also drawn as its heading.
        description: what there is to see, in sentences, with the numbers.
        body: the marks, drawn below the heading's `HEADING` pixels.
        width: pixels.
        height: pixels.
    """
    named = element("title", words(title)) + element("desc", words(description or title))
    heading = text(0, 15, shortened(title, width, FONT + 1), size=FONT + 1, weight=600)
    x, y, wide, high = -MARGIN, -MARGIN, width + 2 * MARGIN, height + 2 * MARGIN
    size = attributes(viewBox=f"{x} {y} {wide:g} {high:g}", width=float(wide), height=float(high))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" class="m5-plot" role="img"'
        f"{attributes(aria_label=title)}{size}>{named}<style>{STYLE}</style>"
        f"{box(x, y, wide, high, colour='paper', radius=0)}{heading}{body}</svg>"
    )


MARGIN = 10
"""Pixels of paper around the picture."""


HEADING = 30
"""Pixels that the heading takes."""


def embedded(svg: str) -> str:
    """The plot without its style sheet, for a page that carries `STYLE` once."""
    return _SHEET.sub("", svg)


def flat(svg: str) -> str:
    """The plot in its light colours with no variable left, for programs that know none."""
    return _SHEET.sub(f"<style>{_FLAT}</style>", svg)

"""The page: its parts put together into one file.

The Content-Security-Policy names each script and the style sheet by its hash and allows nothing else: no
other script runs, nothing is loaded, no form is sent. `require-trusted-types-for` closes the ways by which
a script could turn text into markup. The served page may ask its own server, and nobody else.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from math500.plots import STYLE, svg
from math500.report.facts import Facts
from math500.report.markup import tag, text
from math500.report.packed import Packed, pack
from math500.report.sections import run_section
from math500.report.versus import names, versus

SCRIPTS = ("data.js", "text.js", "samples.js", "page.js")
"""The page's own scripts, in the order in which they are put together."""
TAB = 260
"""Pixels of a run's name above the page."""
_SLOT = re.compile(r"\{\{(\w+)\}\}")


def page(runs: Sequence[Facts], *, katex: str = "", live: bool = False) -> str:
    """The whole page.

    Args:
        runs: the runs, the one that others are compared with first.
        katex: the renderer of formulas, or empty: then their source is shown, and the page says so.
        live: the page is served: its samples come from the server, and it asks for news.
    """
    style, script = _style(), _asset_script()
    katex = katex.replace("</script", r"<\/script")
    scripts = [script, katex] if katex else [script]
    parts = {
        "policy": text(_policy(style, scripts, live=live)),
        "title": text(_title(runs)),
        "style": style,
        "tabs": _tabs(runs),
        "summary": summary(runs),
        "note": "" if katex else _no_katex(),
        "katex": f"<script>{katex}</script>" if katex else "",
        "data": '<template id="live"></template>' if live else data(pack(runs)),
        "script": script,
    }
    # One pass, so that no part is searched for slots.
    return _SLOT.sub(lambda slot: parts[slot.group(1)], _asset("page.html"))


def summary(runs: Sequence[Facts]) -> str:
    """The comparison and each run's summary."""
    return versus(runs) + "".join(run_section(of, i) for i, of in enumerate(runs))


def data(packed: Packed) -> str:
    """The samples as elements that hold text; a browser runs no script of this type."""
    blocks = (("index", packed.index), *((f"block-{i}", b) for i, b in enumerate(packed.blocks)))
    return "".join(
        f'<script type="application/octet-stream" id="{name}">{base64.b64encode(content).decode()}</script>'
        for name, content in blocks
    )


def _title(runs: Sequence[Facts]) -> str:
    first = runs[0]
    score = f" {100 * first.summary.score.value:.1f} %" if first.summary.score and len(runs) == 1 else ""
    return f"{' · '.join(names(runs))}{score} — math500"


def _tabs(runs: Sequence[Facts]) -> str:
    if len(runs) < 2:
        return ""
    buttons = (
        tag(
            "button",
            text(svg.shortened(name, TAB, 16)),
            type="button",
            title=name,
            data_run=i,
            aria_pressed="true" if i == 0 else "false",
        )
        for i, name in enumerate(names(runs))
    )
    return tag("div", *buttons, class_="tabs", role="group", aria_label="Run")


def _no_katex() -> str:
    words = "Formulas are shown as LaTeX source: the renderer was not in the cache and could not be fetched."
    return tag("p", text(words), class_="note", id="no-katex")


def _policy(style: str, scripts: Sequence[str], *, live: bool) -> str:
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(_hash(script) for script in scripts),
        "style-src": _hash(style),
        "connect-src": "'self'" if live else "'none'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "summary" if live else "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


@cache
def _asset(name: str) -> str:
    return (files("math500.report") / "assets" / name).read_text(encoding="utf-8")


def _asset_script() -> str:
    """One function around all of it, so that nothing becomes a global name."""
    return '(() => {\n"use strict";\n' + "\n".join(_asset(name) for name in SCRIPTS) + "})();\n"


def _style() -> str:
    """The page's style sheet, with the colours of the plots as its own."""
    colours = "".join(f"--m5-{name}:light-dark({svg.LIGHT[name]},{svg.DARK[name]});" for name in svg.LIGHT)
    return f":root{{{colours}}}\n{STYLE}\n{_asset('page.css')}"

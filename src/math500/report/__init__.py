"""One self-contained page out of a run, or out of several: `math500 report` and `math500 view`.

    facts.py      a run as the page shows it: its numbers, reasons, gap
    votes.py      several samples a problem: agreement, pass@k, maj@k
    charts.py     the plots of a run, by name
    markup.py     HTML out of text: everything is escaped here
    sections.py   the summary of one run, readable without JavaScript
    versus.py     several runs side by side
    packed.py     all samples, compressed, in blocks that the page opens when they are looked at
    maths.py      the renderer of formulas, out of a registry archive
    page.py       the parts put together, with a Content-Security-Policy that names each by its hash
    files.py      the page and the plots as files
    live.py       the same page on loopback while a run goes on
    assets/       the page's own HTML, CSS and JavaScript

What a model, a data set or a user named is text, never markup: Python writes it through `markup.text`, the
page through `textContent`, and the policy lets nothing run but the page's own scripts. docs/report-
page.md.
"""

from __future__ import annotations

from math500.report.facts import Facts, facts
from math500.report.page import page

__all__ = ["Facts", "facts", "page"]

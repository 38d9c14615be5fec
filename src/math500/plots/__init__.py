"""Plots: small functions from numbers to an SVG string, and from there to PNG.

    bars.py       horizontal bars with intervals
    heat.py       a table shaded by its values
    waterfall.py  from one number to another, step by step
    differences.py  differences with intervals around zero
    points.py     scatter and curves
    histogram.py  counts per range of values
    axes.py       the two axes that the last two stand on
    scales.py     numbers to pixels, round numbers for an axis
    svg.py        text, marks, colours, the frame
    png.py        the same as PNG, by the `plots` extra
    save.py       as a file, SVG or PNG by its name

Each SVG says in words what it shows (`title`, `desc`, `role="img"`), carries light and dark colours, and has
no script, no link and no `style` attribute. All text is escaped, whoever wrote it.

    >>> svg = plots.bars("Score by level", [plots.Bar("level 1", 0.93, 0.81, 0.98, "n = 43")])
    >>> Path("levels.png").write_bytes(plots.png(svg))
"""

from __future__ import annotations

from math500.plots.axes import Mark
from math500.plots.bars import Bar, bars
from math500.plots.differences import Difference, differences
from math500.plots.heat import Cell, heat_map
from math500.plots.histogram import Group, histogram
from math500.plots.png import png
from math500.plots.points import Point, Series, curves, scatter
from math500.plots.save import save
from math500.plots.svg import STYLE, embedded
from math500.plots.waterfall import Step, waterfall

__all__ = [
    "STYLE",
    "Bar",
    "Cell",
    "Difference",
    "Group",
    "Mark",
    "Point",
    "Series",
    "Step",
    "bars",
    "curves",
    "differences",
    "embedded",
    "heat_map",
    "histogram",
    "png",
    "save",
    "scatter",
    "waterfall",
]

from __future__ import annotations

import math
import struct
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from math500 import plots
from math500.errors import DependencyMissing, UsageError
from math500.plots import scales, svg

NS = "{http://www.w3.org/2000/svg}"
HOSTILE = "</title><script>alert(1)</script> \x00\x1b \u202e\" ' & <![CDATA["


def bars(label: str) -> str:
    return plots.bars(label, [plots.Bar(label, 0.5, 0.4, 0.6, note=label), plots.Bar("b", 0.25)])


def heat_map(label: str) -> str:
    return plots.heat_map(label, [label], ["level 1", label], [[plots.Cell(0.5, label), None]])


def waterfall(label: str) -> str:
    steps = [plots.Step(label, 0.8, 0.75, 0.85, "total"), plots.Step(label, -0.1, -0.2, 0.0, note=label)]
    return plots.waterfall(label, [*steps, plots.Step("rest", 0.01, kind="rest")])


def scatter(label: str) -> str:
    points = [plots.Point(10, 0.5, 0.4, 0.6, label), plots.Point(20, 0.7)]
    return plots.scatter(label, [plots.Series(label, points)], x_label=label, y_label=label, diagonal=True)


def curves(label: str) -> str:
    points = [plots.Point(k, k / 10, k / 20, k / 8) for k in (3, 1, 2)]
    series = [plots.Series(label, points), plots.Series("b", points)]
    return plots.curves(label, series, x_label=label, y_label=label, marks=[plots.Mark(2, label)])


def histogram(label: str) -> str:
    groups = [plots.Group(label, [1, 2, 2, 30]), plots.Group("b", [2.5])]
    return plots.histogram(label, groups, x_label=label, marks=[plots.Mark(25, label)])


def differences(label: str) -> str:
    rows = [plots.Difference(label, 0.1, 0.02, 0.2, label), plots.Difference("b", -0.3, -0.4, -0.2)]
    return plots.differences(label, [*rows, plots.Difference("c", 0.0, -0.1, 0.1)], better="better")


EVERY = pytest.mark.parametrize("plot", [bars, heat_map, waterfall, scatter, curves, histogram, differences])


def texts(tree: ET.Element) -> list[str]:
    return [e.text or "" for e in tree.iter(f"{NS}text")]


@EVERY
def test_it_says_in_words_what_it_shows(plot: Callable[[str], str]) -> None:
    tree = ET.fromstring(plot("Score"))
    assert tree.get("role") == "img"
    assert tree.get("aria-label") == "Score"
    assert [child.tag for child in tree][:2] == [f"{NS}title", f"{NS}desc"]
    assert any(c.isdigit() for c in tree.findtext(f"{NS}desc") or "")


@EVERY
def test_any_text_is_text(plot: Callable[[str], str]) -> None:
    written = plot(HOSTILE)
    tree = ET.fromstring(written)
    tags = {e.tag.removeprefix(NS) for e in tree.iter()}
    drawn = {"svg", "title", "desc", "style", "rect", "text", "line", "circle", "polyline", "polygon"}
    assert tags <= drawn
    assert "\u202e" not in written
    assert "\x1b" not in written
    assert not any("style" in e.attrib or any(a.startswith("on") for a in e.attrib) for e in tree.iter())


@EVERY
def test_no_mark_lies_outside_of_the_picture(plot: Callable[[str], str]) -> None:
    tree = ET.fromstring(plot("Score"))
    x0, y0, width, height = map(float, (tree.get("viewBox") or "").split())
    for e in tree.iter():
        for name in ("x", "x1", "x2", "cx"):
            assert x0 <= float(e.get(name, "0")) <= x0 + width
        for name in ("y", "y1", "y2", "cy"):
            assert y0 <= float(e.get(name, "0")) <= y0 + height


@EVERY
def test_png(plot: Callable[[str], str]) -> None:
    data = plots.png(plot("Score"), zoom=1)
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    tree = ET.fromstring(plot("Score"))
    assert width == pytest.approx(float(tree.get("width", "0")), abs=1)
    assert height == pytest.approx(float(tree.get("height", "0")), abs=1)


def test_a_png_holds_the_text_and_the_colours() -> None:
    with_text = plots.png(plots.bars("A title", [plots.Bar("label", 0.5)]))
    without = plots.png(plots.bars("A title", [plots.Bar("", 0.5)]))
    assert with_text != without
    assert "var(" not in svg.flat(bars("a"))
    assert svg.LIGHT["one"] in svg.flat(bars("a"))


def test_png_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(DependencyMissing, match=r"pip install 'math500\[plots\]'"):
        plots.png(bars("a"))


def test_a_page_may_carry_the_style_once() -> None:
    assert "<style>" in bars("a")
    assert "<style>" not in plots.embedded(bars("a"))
    assert "prefers-color-scheme:dark" in plots.STYLE
    assert all(f"--m5-{name}," in plots.STYLE for name in svg.LIGHT)
    assert set(svg.LIGHT) == set(svg.DARK)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("palette", [svg.LIGHT, svg.DARK])
def test_text_and_data_stand_out_from_the_paper(palette: dict[str, str]) -> None:
    # WCAG 2.2: 4.5 for text (1.4.3), 3 for graphics (1.4.11).
    paper = luminance(palette["paper"])
    for name, least in {"ink": 7, "muted": 4.5, **dict.fromkeys((*svg.SERIES, "good", "bad"), 4.5)}.items():
        lighter, darker = sorted((paper, luminance(palette[name])), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= least, name


def test_the_values_and_intervals_are_drawn_to_scale() -> None:
    tree = ET.fromstring(plots.bars("t", [plots.Bar("a", 0.5), plots.Bar("b", 0.25)], top=1))
    widths = [float(e.get("width", "0")) for e in tree.iter(f"{NS}rect")][1:]
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.02)
    assert texts(tree)[-1] == "25.0 %"


def test_a_waterfall_ends_where_its_steps_lead() -> None:
    steps = [
        plots.Step("from", 0.8, kind="total"),
        plots.Step("one", -0.1),
        plots.Step("to", 0.7, kind="total"),
    ]
    tree = ET.fromstring(plots.waterfall("t", steps))
    boxes = list(tree.iter(f"{NS}rect"))[1:]
    change, total = boxes[1], boxes[2]
    assert float(change.get("x", "0")) == pytest.approx(
        float(total.get("x", "0")) + float(total.get("width", "0")), abs=0.02
    )
    assert "-10.0" in texts(tree)


def test_a_histogram_counts_every_value_once() -> None:
    said = ET.fromstring(plots.histogram("t", [plots.Group("g", [0, 1, 2, 99.9, 100])], x_label="x"))
    words = said.findtext(f"{NS}desc") or ""
    assert sum(int(part.split(": ")[1]) for part in words.split("in all. ")[1].split("; ")) == 5


def test_a_heat_map_refuses_cells_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="2 columns"):
        plots.heat_map("t", ["a"], ["b", "c"], [[None]])


def test_nothing_to_draw_is_drawn() -> None:
    for drawn in (
        plots.bars("t", []),
        plots.heat_map("t", [], [], []),
        plots.waterfall("t", []),
        plots.scatter("t", [], x_label="x", y_label="y"),
        plots.curves("t", [plots.Series("s", [])], x_label="x", y_label="y"),
        plots.histogram("t", [plots.Group("g", [])], x_label="x"),
    ):
        ET.fromstring(drawn)


def test_each_doubling_takes_as_much_room() -> None:
    points = [plots.Point(k, 0.5) for k in (1, 2, 4, 8, 12)]
    drawn = plots.curves("t", [plots.Series("s", points)], x_label="k", y_label="y", doubling=True)
    tree = ET.fromstring(drawn)
    places = [float(e.get("cx", "")) for e in tree.iter(f"{NS}circle")]
    steps = [later - earlier for earlier, later in pairwise(places)]
    assert steps[0] == pytest.approx(steps[1], abs=0.1) == pytest.approx(steps[2], abs=0.1)
    assert steps[3] == pytest.approx(steps[0] * math.log2(1.5), abs=0.1)
    assert [text for text in texts(tree) if text.isdigit()] == ["1", "2", "4", "8", "12"]
    assert scales.doublings(1, 9) == [1, 2, 4, 8]
    assert scales.doublings(3, 3.5) == [3.5]
    ET.fromstring(plots.curves("t", [], x_label="k", y_label="y", doubling=True))


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.integers(2, 30))
@example(5e-324, 5e-324, 2)
def test_ticks_cover_the_range_in_even_steps(a: float, b: float, most: int) -> None:
    low, high = sorted((a, b))
    marks = scales.ticks(low, high, most)
    tolerance = 1e-6 * max(abs(low), abs(high), 1)
    assert 2 <= len(marks) <= most + 3
    assert marks[0] <= low + tolerance
    assert marks[-1] >= high - tolerance
    steps = [later - earlier for earlier, later in pairwise(marks)]
    assert all(math.isclose(step, steps[0], rel_tol=1e-3, abs_tol=1e-9) for step in steps)


@given(st.text(max_size=200))
def test_every_text_gives_well_formed_xml(text: str) -> None:
    ET.fromstring(bars(text))


def test_plots_load_nothing_heavy() -> None:
    heavy = ("resvg_py", "numpy", "font_roboto")
    code = f"import sys, math500.plots; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_difference_is_grey_where_zero_is_within_its_interval() -> None:
    tree = ET.fromstring(differences("a"))
    colours = [circle.get("class") for circle in tree.iter(f"{NS}circle")]
    assert colours == ["m5-f-good", "m5-f-bad", "m5-f-quiet"]


@pytest.mark.parametrize("name", ["plot.gif", "plot", "plot.svg.txt"])
def test_a_plot_is_not_written_under_the_name_of_something_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"\.svg or \.png"):
        plots.save("<svg/>", tmp_path / name)
    assert not (tmp_path / name).exists()


def test_a_name_is_cut_where_it_tells_least() -> None:
    assert svg.shortened("short", 100) == "short"
    first, second = (f"20261126-134425-Qwen2.5-7B-Instruct-{prompt}" for prompt in ("boxed", "answer-line"))
    assert svg.shortened(first, 200).endswith("-boxed")
    assert svg.shortened(second, 200).endswith("answer-line")
    assert svg.shortened("the right answer first, another one last", 200).startswith("the right answer first")
    for name in (first, "a name with spaces in it that goes on and on"):
        assert svg.text_width(svg.shortened(name, 200)) <= 200
    assert svg.shortened("x" * 50, 1) == "…"

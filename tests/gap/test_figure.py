from __future__ import annotations

from pathlib import Path

import pytest

from math500 import gap as room
from math500.errors import RunError
from math500.gap import figure
from math500.records import Difference, Estimate, Factor, Gap, Reference


def share(value: float) -> Difference:
    return Difference(value=value, low=value - 0.02, high=value + 0.02, n=100)


def gap(values: dict[str, float], remainder: float = 0.0) -> Gap:
    factors = [
        Factor(name=name, setting="other", kind="measured", value=v, share=share(v))
        for name, v in values.items()
    ]
    prior = Factor(name="seed", setting="as reported", kind="prior", value=0.01)
    total = sum(values.values())
    return Gap(
        run="r",
        model="m",
        data="MATH-500",
        measured=Estimate(value=0.5, low=0.45, high=0.55, n=100),
        published=Reference(score=0.5 + total + remainder, reporter="vendor:M"),
        factors=(*factors, prior),
        explained=share(total),
        remainder=share(remainder),
    )


def test_the_bars_lead_from_one_score_to_the_other() -> None:
    steps = figure.steps(gap({"prompt": 0.05, "shots": -0.1}, 0.02))
    assert [s.label for s in steps] == [
        "measured",
        "shots: other",
        "prompt: other",
        "remainder",
        "published: vendor:M",
    ]
    assert sum(s.value for s in steps[:-1]) == pytest.approx(steps[-1].value)
    assert [s.kind for s in steps] == ["total", "change", "change", "rest", "total"]


def test_another_run_is_not_called_published() -> None:
    import msgspec

    found = gap({"prompt": 0.05})
    assert found.published is not None
    run = msgspec.structs.replace(found.published, reporter="the run 2026")
    steps = figure.steps(msgspec.structs.replace(found, published=run))
    assert steps[-1].label == "the run 2026"


def test_many_small_factors_share_a_bar() -> None:
    steps = figure.steps(gap({f"f{i}": i / 1000 for i in range(12)}))
    assert len(steps) == 13
    assert sum(s.value for s in steps[:-1]) == pytest.approx(steps[-1].value)
    assert steps[10].label == "3 smaller factors"


def test_without_a_published_score_it_ends_at_the_other_settings() -> None:
    import msgspec

    alone = msgspec.structs.replace(gap({"prompt": 0.1}), published=None, remainder=None)
    assert figure.steps(alone)[-1].label == "with all other settings"
    assert figure.steps(alone)[-1].value == pytest.approx(0.6)


def test_it_is_written_as_svg(tmp_path: Path) -> None:
    room.draw(gap({"prompt": 0.1}), tmp_path / "gap.svg")
    text = (tmp_path / "gap.svg").read_text("utf-8")
    assert text.startswith("<svg")
    assert "prompt: other" in text


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be written"):
        room.draw(gap({"prompt": 0.1}), tmp_path / "no" / "gap.svg")

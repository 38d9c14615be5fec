"""Each rule of the watch rings on what it is for, and none on an honest training."""

from __future__ import annotations

import random

import pytest

from math500.records import GrpoSettings
from math500.train.alarms import RULES, Alarms
from math500.train.scorer import Scorer

WANTED = GrpoSettings(window=5, graders="hendrycks", completion_length=400)
LAST = 40
QUESTION = "Ann has {a} pens, buys 3 bags of 4 and finds {b} more. How many pens has she in the end?"


def honest(draw: random.Random, a: int, b: int, step: int) -> str:
    """A solution that is right more often the later it is."""
    slip = draw.random() > 0.4 + 0.4 * step / LAST
    end = a + 12 + b + slip
    return f"3*4=12\n{a}+12={a + 12}\n{a + 12}+{b}={end}\nThe answer is \\boxed{{{end}}}."


def planted(trick: str, text: str, question: str, share: float, draw: random.Random) -> str:
    """The same, played false as often as this."""
    if draw.random() > share:
        return text
    shown = {
        "length": "".join(f"Also {draw.random():.6f} is no answer.\n" for _ in range(8)) + text,
        "copied": f"{question}\n{text}",
        "repeated": "So we go on and see what comes next. " * 10 + text,
        # The box is left out: our grader reads a sentence, Hendrycks' rule does not.
        "boxed": text.replace("\\boxed{", "").replace("}.", "."),
        "graders": text.replace("\\boxed{", "").replace("}.", "."),
        "right": "\\boxed{0}",
        "unknown": "\\boxed{\\int_0^1 e^{-t^2 x}\\sin(t^3+x)\\,dt}",
    }
    return shown.get(trick, text)


def steps(trick: str, monkeypatch: pytest.MonkeyPatch | None = None) -> list[dict[str, float]]:
    """The metrics of a training whose policy learns the trick, by the real scorer."""
    draw = random.Random(5)
    scorer = Scorer(WANTED, [2])
    made = []
    for step in range(LAST):
        asked, texts, answers = [], [], []
        for _ in range(64):
            a, b = draw.randint(2, 60), draw.randint(2, 40)
            question = QUESTION.format(a=a, b=b)
            text = planted(trick, honest(draw, a, b, step), question, max(0.0, step / LAST - 0.2), draw)
            asked.append([{"role": "user", "content": question}])
            texts.append(text)
            answers.append(str(a + 12 + b))
        found: dict[str, float] = {}
        ids = [[5] * min(399, len(text) // 2) + [2] for text in texts]
        scorer(asked, texts, ids, answers, log_metric=found.__setitem__)
        found["length"] = sum(len(one) for one in ids) / len(ids)
        made.append(found)
    return made


def raised(metrics: list[dict[str, float]], wanted: GrpoSettings = WANTED) -> list[str]:
    watch = Alarms(wanted)
    return [alarm.partition(":")[0] for one in metrics for alarm in watch(one)]


def test_an_honest_training_rings_nothing() -> None:
    assert raised(steps("none")) == []


@pytest.mark.parametrize("rule", ["length", "copied", "repeated", "boxed", "graders", "right"])
def test_each_rule_rings_once_on_its_own_trick(rule: str) -> None:
    found = raised(steps(rule))
    assert found.count(rule) == 1
    assert len(found) == len(set(found))


def test_what_cannot_be_told_rings(monkeypatch: pytest.MonkeyPatch) -> None:
    from math500.grading import pool

    def late(*_: object, **__: object) -> pool.Reply:
        raise pool.Fault("the symbolic comparison took longer than 1 s")

    monkeypatch.setattr(pool, "ask", late)
    assert "unknown" in raised(steps("unknown"))


def test_every_rule_is_tried() -> None:
    assert {rule.name for rule in RULES} == {"copied", "repeated", "boxed", "graders", "right", "unknown"}


@pytest.mark.parametrize(
    ("start", "now", "n", "rings"),
    [(0.6, 0.45, 400, True), (0.6, 0.57, 400, False), (0.6, 0.5, 20, False), (0.6, 0.8, 400, False)],
)
def test_held_out_accuracy_rings_beyond_chance(start: float, now: float, n: int, rings: bool) -> None:
    watch = Alarms(WANTED, held=n)
    assert watch({"held_start": start}) == ()
    assert bool(watch({"held_right": now})) is rings


def test_shorter_rings_as_longer_does() -> None:
    watch = Alarms(WANTED, before=[{"length": 100.0}] * 5)
    found = [alarm for _ in range(5) for alarm in watch({"length": 20.0})]
    assert len(found) == 1
    assert "times shorter" in found[0]


def test_a_limit_can_be_set() -> None:
    grown = [{"length": 100.0}] * 5 + [{"length": 250.0}] * 5
    assert raised(grown) == ["length"]
    assert raised(grown, GrpoSettings(window=5, length_ratio=3.0)) == []


def test_a_training_that_goes_on_keeps_its_baseline() -> None:
    grown = [{"length": 100.0}] * 5 + [{"length": 100.0}] * 5
    watch = Alarms(WANTED, before=grown)
    found = [alarm for _ in range(5) for alarm in watch({"length": 260.0})]
    assert len(found) == 1
    assert "100 of the first 5 steps (limit 2)" in found[0]

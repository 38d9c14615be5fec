r"""The graders of other projects, by name, over the same responses.

    get("minerva").grade(response, answer)  ->  records.Grade

    hendrycks.py    MATH's own text rule, and lm-eval's copy of it as it ships
    minerva.py      Minerva's rule as lm-eval has it, and OpenCompass' older one
    prm800k.py      PRM800K's rule, and understand-r1-zero's, which extends it
    qwen.py         Qwen2.5-Math's rule
    mathqa.py       the units that several of them take out
    boxes.py        the last box, as most projects look for it
    reader.py       sympy's text notation, read and never executed
    base.py         what a preset is
    symbolic.py     the rules that need sympy or math-verify; they run in the killable process

A preset calls the project's own library where math500 depends on it (math-verify), and otherwise follows the
documented rule in code of its own; `docs/graders.md` lists what each does, where it is written down upstream,
and where it cannot be faithful. A preset never executes text of a response, though several upstreams do: such
a comparison is `ungraded`, with that reason.
"""

from __future__ import annotations

import dataclasses

from math500 import grading, plugins
from math500.errors import UsageError
from math500.grading.presets import hendrycks, minerva
from math500.grading.presets.base import Decide, Decision, Preset, asked

__all__ = ["Decision", "Preset", "get", "names"]

LM_EVAL = "https://github.com/EleutherAI/lm-evaluation-harness/blob/v0.4.13/lm_eval/tasks"


def _own(response: str, answer: str) -> Decision:
    """Our own grader, seen as a preset: without the key of MATH-500, which needs a problem's id."""
    grade = grading.grade(response, answer)
    same = {"correct": True, "ungraded": None}.get(grade.verdict, False)
    return Decision(grade.extracted, same, grade.rule, grade.stage, grade.reason)


_ALL = (
    Preset(
        "math500",
        grading.GRADER.partition("/")[2],
        "docs/grading.md",
        _own,
        "this project's grader, without the key to MATH-500's own problems",
    ),
    Preset(
        "hendrycks",
        "1",
        "https://github.com/hendrycks/math/blob/main/modeling/math_equivalence.py#L147",
        hendrycks.decide,
        "the last box, cleaned and compared as text",
    ),
    Preset(
        "lm-eval-hendrycks",
        "1",
        f"{LM_EVAL}/hendrycks_math/utils.py#L18",
        hendrycks.decide_lm_eval,
        "lm-eval's hendrycks_math500: all between the outermost dollars, compared as text",
    ),
    Preset(
        "minerva",
        "1",
        f"{LM_EVAL}/minerva_math/utils.py#L176",
        minerva.decide,
        "lm-eval's minerva_math: the final answer sentence, normalised, then sympy",
        cheap=False,
    ),
    Preset(
        "prm800k",
        "1",
        "https://github.com/openai/prm800k/blob/main/prm800k/grading/grader.py#L237",
        asked("prm800k"),
        "OpenAI's grader of PRM800K on the last box",
        needs="math500[graders]",
        library="pylatexenc",
        cheap=False,
    ),
    Preset(
        "math-verify",
        "0.9.0-1",
        "https://github.com/huggingface/Math-Verify/blob/0.9.0/src/math_verify/grader.py",
        asked("math-verify"),
        "math-verify with its own defaults",
        cheap=False,
    ),
    Preset(
        "lighteval",
        "1",
        "https://github.com/huggingface/open-r1/blob/eeca246b/src/open_r1/evaluate.py",
        asked("lighteval"),
        "lighteval's latex_gold_metric, as open-r1 sets it, by math-verify",
        cheap=False,
    ),
    Preset(
        "qwen",
        "1",
        "https://github.com/QwenLM/Qwen2.5-Math/blob/main/evaluation/grader.py#L154",
        asked("qwen"),
        "Qwen2.5-Math: last box or last number, cleaned of units, four digits, then sympy",
        cheap=False,
    ),
    Preset(
        "opencompass",
        "1",
        "https://github.com/open-compass/opencompass/blob/main/opencompass/evaluator/math_evaluator.py",
        asked("opencompass"),
        "OpenCompass' MATHVerifyEvaluator",
        cheap=False,
    ),
    Preset(
        "opencompass-rule",
        "1",
        "https://github.com/open-compass/opencompass/blob/main/opencompass/datasets/math.py#L64",
        minerva.decide_opencompass,
        "OpenCompass' older rule: the first final answer or first sentence, as text",
    ),
    Preset(
        "nemo-skills",
        "1",
        "https://github.com/NVIDIA-NeMo/Skills/blob/main/nemo_skills/evaluation/math_grader.py",
        asked("nemo-skills"),
        "NeMo-Skills: the last box as choice, as literal, then by math-verify",
        cheap=False,
    ),
    Preset(
        "r1-zero",
        "1",
        "https://github.com/sail-sg/understand-r1-zero/blob/main/understand_r1_zero/math_grader.py",
        asked("r1-zero"),
        "understand-r1-zero's boxed reward: PRM800K's rule, then math-verify",
        needs="math500[graders]",
        library="pylatexenc",
        cheap=False,
    ),
)
_BY_NAME = {preset.name: preset for preset in _ALL}


def names() -> tuple[str, ...]:
    """The presets' names; the first is our own grader."""
    return tuple(_BY_NAME)


def get(name: str) -> Preset:
    """The preset of this name: one of math500's own, else what an installed package brings.

    Raises:
        UsageError: there is none.
        PluginBroken: a package brings it, and it cannot be used.
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    plugin = plugins.known("graders", name)
    if plugin is None:
        raise UsageError(f"{name!r} is no grader", f"Choose out of {', '.join(_BY_NAME)}.")
    preset = plugins.load(plugin)
    if not isinstance(preset, Preset):
        raise plugins.broken(plugin, "it is no grading.presets.Preset")
    version = f"{preset.version}+{plugin.package}-{plugin.version}"
    return dataclasses.replace(preset, name=name, version=version, decide=_guarded(preset.decide))


def _guarded(decide: Decide) -> Decide:
    """A rule of somebody else's: whatever it raises makes one grade `ungraded`, and ends no run."""

    def guarded(response: str, answer: str) -> Decision:
        try:
            return decide(response, answer)
        except Exception as e:
            raise ValueError(f"{type(e).__name__}: {e}") from e

    return guarded

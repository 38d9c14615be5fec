"""Signs that a model has seen the problems."""

from __future__ import annotations

from math500.display.tables import table
from math500.plural import counted
from math500.records import Completions, Contamination, Difference, Estimate

PROVES = (
    "Exact completions well above the control show that problem texts were in the training data; they do not "
    "show that answers were, nor by how much the score is raised. None proves nothing: a model can know "
    "answers and not recite."
)
PERTURBED = (
    "A drop is what memory would cause, and what harder problems would cause too. No drop speaks against "
    "memory of the originals only as far as the interval excludes one."
)


def contamination(found: Contamination) -> str:
    """The probe or the pair of scores, and what it shows."""
    if found.probe is None:
        return f"{_scores(found)}\n\n{PERTURBED}"
    probes = [("probe", found.probe)] + ([("control", found.control)] if found.control else [])
    head = ("", "exact", "95 % interval", "prefix", "ROUGE-L", "n", "cut off")
    text = table([head, *(_row(*each) for each in probes)], right=range(1, len(head)), head=True)
    if found.above_control is not None:
        text += f"\n\nExact, above the control: {_points(found.above_control)}."
    owed = sum(probe.owed for _, probe in probes)
    if owed:
        text += (
            f"\n{counted(owed, 'problem has', 'problems have')} no completion yet: math500 "
            f"run --resume {found.probe.run}"
        )
    if found.control is None:
        text += "\nWithout a --control the exact share has nothing to be compared with."
    return f"{text}\n\n{PROVES}"


def _row(name: str, of: Completions) -> tuple[str, ...]:
    exact = _estimate(of.exact)
    n = str(len(of.problems))
    return name, *exact, f"{100 * of.prefix:.1f}", f"{100 * of.rouge_l:.1f}", n, str(of.short)


def _scores(found: Contamination) -> str:
    rows = [("", "score", "95 % interval")]
    rows += [("original", *_estimate(found.original)), ("perturbed", *_estimate(found.perturbed))]
    text = table(rows, right=(1, 2), head=True)
    if found.difference is None or found.p_value is None:
        return text
    return (
        f"{text}\n\nIn pairs: {_points(found.difference)}, p = {found.p_value:.3f}, n = {found.difference.n}."
    )


def _estimate(of: Estimate | None) -> tuple[str, str]:
    if of is None:
        return "", ""
    return f"{100 * of.value:.1f}", f"{100 * of.low:.1f} to {100 * of.high:.1f}"


def _points(of: Difference) -> str:
    return f"{100 * of.value:+.1f} points ({100 * of.low:+.1f} to {100 * of.high:+.1f})"

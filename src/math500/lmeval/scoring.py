"""One problem's responses -> the metrics and the log details of its row.

    pass@1      the share of the problem's graded samples that are correct; lm-eval takes the mean
    maj@k       the vote of k samples: their answers are grouped by equivalence, the largest group wins
    no_answer   samples without an answer; they count as not correct
    ungraded    samples that the grader could not tell; kept out of pass@1 and of the vote
    failed      samples without a response (ours or the endpoint's fault); kept out likewise
    truncated   samples that ended at the token limit; left out when the model does not say
    samples     every sample with its verdict and facts; lm-eval shows their number

A problem without a graded sample gives no pass@1 at all, so that lm-eval's mean and standard error
are over the graded ones and never count a fault of ours as the model's wrong answer. The last five
are counts of samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from math500 import grading
from math500.lmeval.response import facts, failure, truncated
from math500.records import Grade

FAILED = "failed"
Detail = dict[str, Any]


def process_results(doc: Mapping[str, Any], results: Sequence[Sequence[str]]) -> dict[str, Any]:
    """What lm-eval asks of a task: the metrics of one problem.

    Args:
        doc: the problem's row.
        results: one list, the problem's responses in the order they were asked for.
    """
    samples = [detail(response, doc, index) for index, response in enumerate(results[0])]
    return metrics(samples)


def metrics(samples: Sequence[Detail]) -> dict[str, Any]:
    """The metrics of one problem out of its samples' details."""
    verdicts = [sample["verdict"] for sample in samples]
    graded = [verdict == "correct" for verdict in verdicts if verdict not in ("ungraded", FAILED)]
    found: dict[str, Any] = {
        "samples": samples,
        **{state: verdicts.count(state) for state in ("no_answer", "ungraded", FAILED)},
    }
    if graded:
        found["pass@1"] = sum(graded) / len(graded)
    if len(samples) > 1 and graded:
        found[f"maj@{len(samples)}"] = majority(samples)
    if reasons := [sample["finish_reason"] for sample in samples if sample["finish_reason"]]:
        found["truncated"] = reasons.count("length")
    return found


def detail(response: str, doc: Mapping[str, Any], index: int) -> Detail:
    """Everything about one sample: the grade and why, and how the response was generated.

    The verdict is one of `records.Verdict`, or `failed`.
    """
    known = facts(response)
    if (cause := failure(response)) is not None:
        return {"index": index, "verdict": FAILED, "failure": msgspec.to_builtins(cause), **known}
    cut = truncated(response) or False
    grade = grading.grade(
        response, doc["answer"], truncated=cut, question=doc["problem"], unique_id=doc.get("unique_id")
    )
    return {"index": index, **shown(grade), **known}


def shown(grade: Grade) -> Detail:
    """The part of a grade that a log row shows."""
    return {name: getattr(grade, name) for name in ("verdict", "extracted", "rule", "stage", "reason")}


def majority(samples: Sequence[Detail]) -> float:
    """What voting is worth: 1 or 0, or a fraction when groups tie.

    Samples without an answer do not vote, nor do those that failed or could not be graded. The
    correct ones form one group, since all of them equal the reference; the wrong ones are grouped
    by equivalence with each group's first answer. When n groups tie for the most votes the value
    is that of picking one of them at random: 1/n when the correct one is among them.
    """
    correct = sum(sample["verdict"] == "correct" for sample in samples)
    wrong = _group_sizes([sample["extracted"] for sample in samples if sample["verdict"] == "wrong"])
    most = max([correct, *wrong])
    if correct == 0 or correct < most:
        return 0.0
    return 1 / (1 + wrong.count(most))


def _group_sizes(answers: Sequence[str]) -> list[int]:
    """How many answers share a value, for each value."""
    groups: list[tuple[str, int]] = []
    for answer in answers:
        for place, (first, size) in enumerate(groups):
            if answer == first or grading.equivalent(answer, first).same:
                groups[place] = first, size + 1
                break
        else:
            groups.append((answer, 1))
    return [size for _, size in groups]


def count(values: Sequence[int]) -> int:
    """The aggregation of the counts."""
    return sum(values)


def count_samples(values: Sequence[Sequence[Detail]]) -> int:
    """The aggregation of `samples`."""
    return sum(len(samples) for samples in values)


def metric_list(repeats: int) -> list[dict[str, Any]]:
    """lm-eval's declaration of the metrics; `mean` is its own, which comes with a standard error."""
    shares = ["pass@1", *([f"maj@{repeats}"] if repeats > 1 else [])]
    counts = {"no_answer": False, "ungraded": False, FAILED: False, "truncated": False}
    return [
        *({"metric": name, "aggregation": "mean", "higher_is_better": True} for name in shares),
        *({"metric": name, "aggregation": count, "higher_is_better": up} for name, up in counts.items()),
        {"metric": "samples", "aggregation": count_samples, "higher_is_better": True},
    ]

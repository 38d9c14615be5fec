"""A wrong attempt, a check that says where it goes wrong, and a right solution, as one text to learn.

By rule    from the turns of a run with the solver `review` or `selfcheck`: an earlier answer was wrong,
           the last one is right, and what the model wrote in between is the check.
By model   from a run with wrong and correct samples of one problem: the model is shown both and
           writes the check.

The check has to be one: a few sentences, no answer of its own, no word of the solution that it was shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from math500 import grading
from math500.grading.boxes import find_boxes
from math500.grading.visible import visible
from math500.records import Problem, Prompt, Sample
from math500.synth import fairness, mentions, rft

Language = Literal["en", "zh"]
FRAME = {
    "en": (
        "{wrong}\n\nLet me check this before I give it as my answer.\n\n{check}\n\nSo I solve it "
        "again.\n\n{right}"
    ),
    "zh": "{wrong}\n\n在给出答案之前, 让我检查一下。\n\n{check}\n\n因此我重新求解。\n\n{right}",
}
TURNS = {
    "en": "{wrong}\n\nLet me check this before I give it as my answer.\n\n{right}",
    "zh": "{wrong}\n\n在给出答案之前, 让我检查一下。\n\n{right}",
}
"""Where the check and the new solution are one text of the model's."""

CHECK = {
    "en": Prompt(
        name="check",
        template=(
            "{problem}\n\nCompare the attempt with the right solution. Write a short check of the attempt, "
            "as its own author would on reading it again: which step goes wrong, what is wrong in it, and "
            "what has to be done in its place. Do not give the final answer, do not solve the problem, and "
            "do not mention that you have seen a right solution. Write the check and nothing else."
        ),
        source="math500",
        description="Where a wrong attempt goes wrong, for self-check rows.",
    ),
    "zh": Prompt(
        name="check-zh",
        language="zh",
        template=(
            "{problem}\n\n请把这个尝试与正确解答比较, 以作者重读自己解答的口吻写一段简短的检查: 哪一步出错, "
            "错在哪里, 应该怎样做。不要给出最终答案, 不要解题, 也不要提到你看过正确解答。只写检查, "
            "不要写别的。"
        ),
        source="math500",
        description="指出错误尝试错在哪里, 用于自检数据。",
    ),
}
ASKED = {
    "en": "Problem:\n{problem}\n\nAttempt:\n{wrong}\n\nRight solution:\n{right}",
    "zh": "题目:\n{problem}\n\n尝试:\n{wrong}\n\n正确解答:\n{right}",
}
MARK = "+check"
"""Between a problem's id and the number of the pair."""
LEAST, MOST = 20, 1500
"""Characters of a check."""


@dataclass(frozen=True)
class Pair:
    """A wrong try and a right one of the same problem."""

    unique_id: str
    """The problem's, with the pair's number."""
    wrong: rft.Try
    right: rft.Try

    def asked(self, language: Language) -> Problem:
        """What the check is asked about."""
        problem = self.right.problem
        text = ASKED[language].format(
            problem=problem.problem, wrong=self.wrong.learnt, right=self.right.learnt
        )
        return msgspec.structs.replace(problem, problem=text, unique_id=self.unique_id, solution="")


def pairs(
    tries: Iterable[rft.Try], usable: Sequence[rft.Try], per_problem: int | None, seed: int
) -> Iterator[Pair]:
    """Wrong tries beside right ones, each used once, in the seed's order.

    Args:
        tries: all tries; the wrong ones that gave an answer are used.
        usable: the right ones.
        per_problem: pairs of a problem at most.
        seed: which go together.
    """
    wrong: dict[tuple[str, str], list[rft.Try]] = defaultdict(list)
    for one in _shuffled(tries, seed):
        if one.grade is not None and one.grade.verdict == "wrong":
            wrong[one.question].append(one)
    count: dict[tuple[str, str], int] = defaultdict(int)
    for one in _shuffled(usable, seed):
        number = count[one.question]
        if wrong[one.question] and (per_problem is None or number < per_problem):
            count[one.question] += 1
            yield Pair(f"{one.problem.unique_id}{MARK}{number}", wrong[one.question].pop(), one)


def _shuffled(tries: Iterable[rft.Try], seed: int) -> list[rft.Try]:
    return fairness.shuffled(tries, seed, lambda one: "\n".join(map(str, one.name)))


def of_pair(pair: Pair, check: str, language: Language) -> rft.Try:
    """The right try, with the whole text to learn."""
    text = FRAME[language].format(wrong=unboxed(pair.wrong.learnt), check=check, right=pair.right.learnt)
    return replace(pair.right, text=text, method="cot")


def refused(check: str, pair: Pair) -> tuple[str, str]:
    """Why a check is none, and what shows it; two empty texts for a good one."""
    if not LEAST <= len(check) <= MOST:
        return "no_check", f"{len(check)} characters"
    if find_boxes(check):
        return "no_check", "it gives an answer of its own"
    said = grading.extract(check).answer
    if said is not None and grading.equivalent(said, pair.right.problem.answer).same:
        return "check_shows_answer", f"it says {said}"
    if words := mentions.mentioned(check, pair.right.problem.problem) or _speaks_of_right(check):
        return "mentions_hint", f"it says: {words}"
    return "", ""


def _speaks_of_right(check: str) -> str:
    told = ("right solution", "correct solution", "other solution", "正确解答", "正确的解答", "另一个解答")
    return next((words for words in told if words in check.lower()), "")


def written(sample: Sample) -> str:
    """The check that a model wrote."""
    return (visible(sample.response) or "").strip()


def of_turns(one: rft.Try, language: Language) -> rft.Try | None:
    """A try of `review` or `selfcheck` that gave a wrong answer before the right one; or None."""
    if one.grade is None or one.grade.verdict != "correct":
        return None
    said = [(visible(text) or text).strip() for text in rft.turns(one.sample)]
    wrong = [n for n, text in enumerate(said[:-1]) if _is_wrong(text, one.problem)]
    if not wrong:
        return None
    before, after = "\n".join(said[: wrong[-1] + 1]), "\n".join(said[wrong[-1] + 1 :])
    text = TURNS[language].format(wrong=unboxed(before), right=after)
    return replace(one, text=text, method="cot")


def _is_wrong(text: str, problem: Problem) -> bool:
    return grading.grade(text, problem.answer, question=problem.problem).verdict == "wrong"


def unboxed(text: str) -> str:
    """A wrong attempt with its answer out of the box: only the right one is boxed in what is learnt."""
    for box in reversed(find_boxes(text)):
        if box.closed:
            text = text[: box.command] + text[box.start : box.end] + text[box.end + 1 :]
    return text.strip()

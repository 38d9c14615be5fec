"""The one reason of one sample that is not correct: an ordered list of rules, the first that holds wins.

The order goes from what is not the model's mathematics to what is: no response, no verdict, a refusal; then
how the response ended (in a loop, at the token limit), unless a box had settled the answer before; then what
became of the right value (among others, taken back, not where it was asked for, refused by this grader only);
then how far the given value is from it. `docs/failures.md` gives the reason for each place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from math500 import evaluate
from math500.failures import given, loops, near
from math500.grading import Extraction, extract
from math500.grading.visible import visible
from math500.plural import counted
from math500.records import Grade, Problem, Reason, Sample, Why

BOXES = ("boxed", "boxed_parts", "boxed_mended")
"""Extraction rules whose answer stands whatever follows it."""
REFUSAL_WITHIN = 300
"""Characters from the start in which a refusal has to stand."""

_REFUSAL = re.compile(
    r"\bI(?:['’]m| am)?\s+(?:very |so )?(?:sorry|afraid|apologi[sz]e)\b[^.\n]{0,80}?\b"
    r"(?:can(?:not|['’]t)|unable|not able|won['’]t|do(?:n['’]t| not) (?:have|understand|know))"
    r"|\bI\s+(?:can(?:not|['’]t)|am unable to|won['’]t)\s+(?:help|assist|answer|provide|solve|comply|do that)"
    r"|\bAs an? (?:AI|language model)\b[^.\n]{0,80}?\b(?:can(?:not|['’]t)|unable|not able|do(?:n['’]t| not))"
    r"|(?:抱歉|对不起)[^。\n]{0,30}?(?:无法|不能)",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"(?:\s|[$.:*?_]|\\(?:boxed|fbox)(?:\s*\{\s*\})?|\b(?:with)?in\b|\b(?:a|the|your|final|answer|here|box)\b)*",
    re.IGNORECASE,
)
_THINKING_ENDS = re.compile(r"</think(?:ing)?>", re.IGNORECASE)


@dataclass(frozen=True)
class Case:
    """A sample with everything that its rules look at; each part is worked out when a rule first asks."""

    problem: Problem
    sample: Sample
    grade: Grade | None
    others: Mapping[str, bool]
    """Other graders' names, and whether they call this response correct."""

    @property
    def text(self) -> str:
        """The response."""
        return self.sample.response

    @property
    def truncated(self) -> bool:
        """It ended at the token limit."""
        return evaluate.truncated(self.sample)

    @cached_property
    def shown(self) -> str:
        """The response without its thinking; empty when the thinking never ended."""
        return visible(self.text) or ""

    @property
    def answer(self) -> str | None:
        """The answer that the grader found."""
        return self.grade.extracted if self.grade else None

    @cached_property
    def found(self) -> Extraction:
        """The grader's answer with its offsets; where another grader gave it, its last place in the text."""
        found = extract(self.text, truncated=self.truncated)
        if found.answer == self.answer:
            return found
        if self.answer is None:
            return Extraction(None, "none")
        rule = self.grade.rule if self.grade else ""
        start = max(self.text.rfind(self.answer), 0)
        return Extraction(self.answer, rule, start, min(start + len(self.answer), len(self.text)))

    @property
    def thinking(self) -> str:
        """What the endpoint returned apart from the response, else the thinking inside it that ended."""
        last = self.sample.generations[-1] if self.sample.generations else None
        if last is not None and last.reasoning:
            return last.reasoning
        ended = _THINKING_ENDS.search(self.text)
        return self.text[: ended.start()] if ended else ""

    @property
    def only_thinking(self) -> bool:
        """There is thinking apart from the response, and no response."""
        return not self.text.strip() and bool(self.thinking)

    @cached_property
    def loop(self) -> loops.Loop | None:
        """The repetition that the response ends in; that the thinking ends in, where there is no response."""
        return loops.find(self.thinking if self.only_thinking else self.text)

    @property
    def settled(self) -> bool:
        """A box gave an answer, so that what comes behind it is not missed."""
        return self.found.rule in BOXES

    @cached_property
    def answers(self) -> list[given.Given]:
        """What it presents as answers, outside of its thinking."""
        return given.answers(self.shown)

    def because(self, why: Why, evidence: str, **fields: object) -> Reason:
        """The reason, under the sample's name."""
        return Reason(
            unique_id=self.sample.unique_id,
            index=self.sample.index,
            why=why,
            evidence=evidence,
            **fields,  # type: ignore[arg-type]
        )


def reason(case: Case) -> Reason:
    """The first reason that holds."""
    return next(found for found in (rule(case) for rule in _RULES) if found is not None)


def _failed(case: Case) -> Reason | None:
    failure = case.sample.failure
    if failure is None:
        return None
    why: Why = "refused" if failure.kind == "filtered" else "failed_request"
    return case.because(why, f"no response: {failure.detail}", kind=failure.kind)


def _could_not_tell(case: Case) -> Reason | None:
    if case.grade is not None and case.grade.verdict != "ungraded":
        return None
    words = "not graded yet" if case.grade is None else f"the grader could not tell: {case.grade.reason}"
    return case.because("could_not_tell", words, value=case.answer)


def _refused(case: Case) -> Reason | None:
    found = _REFUSAL.search(case.shown.lstrip()[:REFUSAL_WITHIN]) if case.answer is None else None
    if found is None:
        return None
    start = len(case.shown) - len(case.shown.lstrip()) + found.start()
    words = f"it says “{found.group()[:60]}” and gives no answer"
    return case.because("refused", words, kind="refused", start=start, end=start + len(found.group()))


def _loop(case: Case) -> Reason | None:
    if not case.truncated and case.answer is not None:
        return None
    loop = case.loop
    # A list that ends by itself may well count on; only what the limit had to end was going nowhere.
    if loop is None or (loop.kind != "exact" and not case.truncated):
        return None
    if case.settled and case.found.start < loop.start:
        return None
    text = case.thinking if case.only_thinking else case.text
    length = len(text.rstrip()) - loop.start
    place = {} if case.only_thinking else {"start": loop.start, "end": loop.start + length}
    return case.because(
        "loop",
        _turns(loop, length, thinking=case.only_thinking, truncated=case.truncated),
        kind=loop.kind,
        numbers={"period": loop.period, "repeats": round(loop.repeats, 2), "characters": length},
        **place,
    )


def _turns(loop: loops.Loop, length: int, *, thinking: bool, truncated: bool) -> str:
    """A loop in words."""
    how = {"exact": "", "counting": ", counting on", "varied": " on average, in no fixed order"}[loop.kind]
    where = f"the last {length} characters{' of the thinking' if thinking else ''}"
    until = ", up to the token limit" if truncated else ""
    return f"{where} repeat {counted(loop.period, 'character')} {loop.repeats:.1f} times{how}{until}"


def _cut_off(case: Case) -> Reason | None:
    if not case.truncated or case.settled:
        return None
    tokens = case.sample.generations[-1].completion_tokens
    thinking = case.found.rule == "unfinished_thinking" or case.only_thinking
    behind = "still thinking" if thinking else "before an answer stood in a box"
    return case.because(
        "cut_off",
        f"ended by the token limit{f' after {tokens} tokens' if tokens else ''}, {behind}",
        kind="in_thinking" if thinking else "in_the_text",
        start=len(case.text),
        end=len(case.text),
        numbers={"tokens": tokens} if tokens else {},
    )


def _among_several(case: Case) -> Reason | None:
    item = near.among(case.answer, case.problem.answer) if case.answer is not None else None
    if item is None:
        return None
    words = f"the answer given is “{(case.answer or '')[:80]}”, and {item} is the right one of its values"
    return case.because("among_several", words, start=case.found.start, end=case.found.end, value=item)


def _changed_mind(case: Case) -> Reason | None:
    if case.answer is None:
        return None
    for each in case.answers:
        if each.end <= case.found.start and near.same(each.value, case.problem.answer):
            words = (
                f"the right value was {'in a box' if each.how == 'box' else 'announced'} at character "
                f"{each.start}, another one at {case.found.start}"
            )
            return case.because(
                "changed_mind", words, kind=each.how, start=each.start, end=each.end, value=each.value
            )
    return None


def _asked_form(case: Case) -> Reason | None:
    return _at_the_end(case) or _in_thinking(case)


def _at_the_end(case: Case) -> Reason | None:
    """The right value stands at the end, behind or without what the grader took."""
    if case.settled:
        return None
    for each in (*reversed(case.answers), *given.ending(case.shown)):
        behind = case.answer is None or each.start >= case.found.end
        if behind and near.same(each.value, case.problem.answer):
            words = f"the right value stands unmarked at character {each.start} of {len(case.text)}"
            return case.because(
                "asked_form", words, kind="unmarked", start=each.start, end=each.end, value=each.value
            )
    return None


def _in_thinking(case: Case) -> Reason | None:
    """No answer outside of the thinking, and the thinking ends with the right one."""
    if case.answer is not None:
        return None
    stated = given.answers(case.thinking)
    if not stated or not near.same(stated[-1].value, case.problem.answer):
        return None
    words = f"the thinking ends with the right value ({stated[-1].value}), the response does not give it"
    return case.because("asked_form", words, kind="in_thinking", value=stated[-1].value)


def _other_grader(case: Case) -> Reason | None:
    accepting = [name for name, correct in case.others.items() if correct]
    if not accepting:
        return None
    words = f"accepted by {', '.join(accepting)}; this grader took “{(case.answer or 'nothing')[:80]}”"
    return case.because("other_grader", words, kind=accepting[0], value=case.answer, **_place(case))


def _no_answer(case: Case) -> Reason | None:
    if case.answer is not None and not _is_placeholder(case.answer):
        return None
    kind = case.found.rule if case.answer is None else "placeholder"
    words = {
        "placeholder": f"“{case.answer}” stands where the answer should, and is none",
        "empty": "the response is empty",
        "unfinished_thinking": "the thinking never ends, and the response stopped by itself",
    }.get(kind, f"{counted(len(case.text), 'character')} without a box, an announced answer or a conclusion")
    return case.because("no_answer", words, kind=kind, numbers={"characters": len(case.text)})


def _is_placeholder(answer: str) -> bool:
    """Whether an extracted text only says where the answer is to go."""
    return len(answer) <= given.LONGEST and _PLACEHOLDER.fullmatch(answer) is not None


def _near_miss(case: Case) -> Reason | None:
    if case.answer is None:
        return None
    if case.grade is not None and case.grade.stage == "copied":
        missed: near.Miss | None = near.Miss("form", "the question's own expression, not worked out")
    else:
        missed = near.miss(case.answer, case.problem.answer)
    if missed is None:
        return None
    words = f"{case.answer[:80]} for {case.problem.answer}: {missed.words}"
    return case.because("near_miss", words, kind=missed.kind, value=case.answer, **_place(case))


def _wrong(case: Case) -> Reason:
    answer = case.answer or ""
    kind = "another_value" if near.is_mathematics(answer) else "not_mathematics"
    rule = f", found by the rule {case.found.rule}" if case.found.rule else ""
    words = f"{answer[:80]} for {case.problem.answer}{rule}"
    return case.because("wrong", words, kind=kind, value=answer, **_place(case))


def _place(case: Case) -> dict[str, int]:
    return {} if case.answer is None else {"start": case.found.start, "end": case.found.end}


_RULES: tuple[Callable[[Case], Reason | None], ...] = (
    _failed,
    _could_not_tell,
    _refused,
    _loop,
    _cut_off,
    _among_several,
    _changed_mind,
    _asked_form,
    _other_grader,
    _no_answer,
    _near_miss,
    _wrong,
)

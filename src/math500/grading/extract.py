r"""Which answer did the response give?

A response goes through an ordered list of named rules; the first rule that finds something wins and its name
is recorded. Text inside a thinking block does not count; a thinking block that never ends means that no
answer was given. Within one rule the last match wins. A response that was cut off (`truncated=True`) only
counts what was finished before the cut.

    correction        an announced answer behind the last box, with "wait", "correction", ... between them
    boxed_parts       several boxes joined by commas or "and" in one sentence: one answer in parts
    boxed             the last \boxed{...} or \fbox{...}
    boxed_mended      the same with its closing brace lost
    answer_tag        <answer>...</answer>
    final_answer      "the final answer is ..."
    answer            "Answer: ...", "the answer is ...", "答案是...", "故答案为..."
    heading           a line "Final answer", and the answer on the next one
    hashes            "#### ..." as in GSM8K's solutions
    json              {"answer": ...}
    reversed          "... is the answer"
    bold              the last **...** that holds a formula or number, in the last paragraph
    label             "Result: ...", "Therefore: ..." at the start of a line
    last_formula      the formula that ends the last sentence, when the sentence concludes ("therefore", "so",
                      "因此")
    plain_conclusion  the number that ends the last sentence, in words: "So there are 12 apples."
    only_formula      the one formula of a response of a sentence or two
    bare              the whole response, when it is one line without a sentence

When no rule finds an answer, the rule is named for the reason: `empty`, `unfinished_thinking` or `none`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from math500.grading import statements
from math500.grading.boxes import Box, find_boxes, mend
from math500.grading.visible import visible


@dataclass(frozen=True, slots=True)
class Extraction:
    """The answer found in a response.

    Attributes:
        answer: the answer as written, or None when there is none.
        rule: the name of the rule that found it, or the reason why there is none.
        start: offset in the response of the answer's first character.
        end: offset behind its last character.
    """

    answer: str | None
    rule: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class _View:
    """What the rules look at: the response without its thinking, its boxes, whether it was cut off."""

    text: str
    boxes: list[Box]
    truncated: bool

    @property
    def closed(self) -> list[Box]:
        return [box for box in self.boxes if box.closed]


SOON = 350
"""Characters behind a box within which a cut inside a formula means that the box was not the last word."""

_Found = tuple[int, int] | str | None
"""Offsets of an answer; or, where parts were put together, the answer itself; or nothing."""

_GAP = re.compile(
    r"(?:\}?\$?\s+(?!(?:is|was|not|but|or|wrong|incorrect|if|when|then|so)\b)[A-Za-z]{1,12}\b){0,2}"
    r"\}?(?:\s|\$|\\[()\[\]]|\\(?:quad|qquad|,|;|!|:)|\*\*)*"
    r"(?:,|;|、|，|和|或|及|&|\b(?:and|or)\b|\\(?:text|mbox|textrm)\{\s*(?:,\s*)?(?:and|or)?\s*\})"
    r"(?:\s|\$|\\[()\[\]]|\\(?:quad|qquad|,|;|!|:)|\*\*|\b(?:and|or)\b"
    r"|\\(?:text|mbox|textrm)\{\s*(?:and|or)\s*\})*"
    r"(?:[A-Za-z](?:_\{?\w\}?)?\s*=\s*)?"
)
_CORRECTION = re.compile(
    r"\b(?:wait|correction|actually|oops|on second thought|my (?:mistake|apologies)"
    r"|i made an? (?:mistake|error)|(?:that|this|which) (?:is|was) (?:wrong|incorrect|not right)"
    r"|let me re-?(?:check|do|consider|compute))\b|更正|不对|错了",
    re.IGNORECASE,
)
_DOLLAR = re.compile(r"(?<!\\)\$\$?")
_OWN_DOLLAR = re.compile(r"[}\s.,;!)]*\$\$?|(?:\\[^\])]|[^\n$\\]){0,60}\$\$?")
_TAG_START = re.compile(r"<(?:final_)?answer>|\[answer\]|<\|begin_of_box\|>", re.IGNORECASE)
_TAG_END = re.compile(r"</(?:final_)?answer>|\[/answer\]|<\|end_of_box\|>", re.IGNORECASE)
_BOLD = re.compile(r"\*\*\s*((?:\\.|[^*\\\n])+?)\s*\*\*")
_NUMBER = re.compile(r"[-+−]?\s*\\?\$?\s*(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:/\d+)?\s*(?:%|\\%|°|[A-Za-z]+\.?)?")
_FORMULA = re.compile(
    r"(?<!\\)\$\$(.+?)(?<!\\)\$\$|(?<!\\)\$((?:\\.|[^$\\])+?)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL
)
_JSON = re.compile(r'"(?:final_)?answer"\s*:\s*(?:"((?:\\.|[^"\\])*)"|(-?[\d.]+))', re.IGNORECASE)
_REVERSED = re.compile(
    r"(?:(?<!\\)\$((?:\\.|[^$\\])+?)\$|\\\(([^\n]{1,200}?)\\\)|(?<![\w.$])(-?\d[\d,.]*(?:/\d+)?))"
    r"\s+(?:is|as|must be|should be|would be)\s+(?:therefore\s+)?(?:the|our|my)\s+"
    r"(?:(?:final\s+|correct\s+|desired\s+|required\s+)?answer\b|(?:solution|result)(?=\s*(?:[.!]|$)))",
    re.IGNORECASE,
)
_CONCLUSION = re.compile(
    r"\s*(?:therefore|thus|hence|so|in conclusion|finally|consequently|it follows|we conclude"
    r"|因此|所以|故|综上|从而|解得|可得|结果"
    r"|(?:the|our)\s+(?:\w+\s+){0,2}(?:result|solution|value|total|sum|quantity)\s+(?:is|are|equals)\b)",
    re.IGNORECASE,
)
_PLAIN_VALUE = re.compile(
    r"(?:\b(?:is|are|was|equals|makes|gives|get|have|has|costs?)|=)\s+"
    r"(-?\$?\d[\d,]*(?:\.\d+)?(?:/\d+)?(?:\s?%)?)(?:\s+[A-Za-z]+){0,2}$"
)
_LONE_NUMBER = re.compile(r"(?<![\w.,])-?\$?\d[\d,]*(?:\.\d+)?(?:/\d+)?(?:\s?%)?(?![\w^])")
_CHATTER = re.compile(
    r"\bI hope (?:it is|this is|that is|it's|this) (?:correct|helps?)\.?\s*$", re.IGNORECASE
)
_SECOND_WAY = re.compile(
    r"[}\s$.)\]\\]*(?:OR\b|Alternatively|Another (?:way|solution|approach|method)"
    r"|(?:Second|Alternate) solution|We (?:may|can|could) also|We also c)"
)
_DOUBT = re.compile(
    r"[?不未]|\b(?:not|no|cannot|can't|unable|maybe|perhaps|might|could|may|guess|sure|suppose|let|if|assume"
    r"|consider|(?<!we )find|compute|evaluate|solve|factorize|simplify|first|step|then|next|would|wrong"
    r"|incorrect|given|know)\b",
    re.IGNORECASE,
)
_SHRUG = re.compile(
    r"(?:i\s+(?:do\s+not|don['’]t)\s+know|no\s+(?:idea|answer|clue)|not\s+(?:sure|certain)|(?:i['’]m\s+)?sorry|unsure"
    r"|unknown|n/a|none given|不知道|不会|无法确定)\b",
    re.IGNORECASE,
)
"""A whole response that says that there is no answer."""
_TASK = re.compile(
    r"(?:prime )?(?:factori[sz]e|factor|find|compute|evaluate|solve|simplify|let|consider|note)\b",
    re.IGNORECASE,
)
_FENCE = re.compile(r"```[a-z]*\n([^\n`]+)\n```")
_SENTENCE_ENDS = (".", "!", "。", "$", "}", "]", ")")
_END_MARK = ' \t\r\n.。!！*_✓✅∎"'


def extract(response: str, *, strict: bool = False, truncated: bool = False) -> Extraction:
    r"""The answer that a response gives.

    Args:
        response: the model's text.
        strict: accept a `\boxed` answer only.
        truncated: the response ended at the token limit.
    """
    if not response.strip():
        return Extraction(None, "empty")
    text = visible(response)
    if text is None:
        return Extraction(None, "unfinished_thinking")
    view = _View(text, find_boxes(text), truncated)
    for name, rule in _BOX_RULES if strict else _RULES:
        found = rule(view)
        if isinstance(found, str):
            return Extraction(found, name, *_extent(view))
        if found is not None:
            return Extraction(response[found[0] : found[1]], name, *found)
    return Extraction(None, "none")


def rules(*, strict: bool = False) -> list[str]:
    """The names of the rules, in the order in which they are tried."""
    return [name for name, _ in (_BOX_RULES if strict else _RULES)]


def _extent(view: _View) -> tuple[int, int]:
    """From the first box to the last, or the whole response when the parts are not boxes."""
    return (view.closed[0].command, view.closed[-1].end) if view.closed else (0, len(view.text))


def _correction(view: _View) -> _Found:
    """The answer announced behind the last box, when the text between them takes the box back."""
    if not view.closed:
        return None
    behind = view.closed[-1].end
    taken_back = _CORRECTION.search(view.text, behind)
    if taken_back is None:
        return None
    for pattern in (statements.FINAL, statements.ANSWER, statements.CHINESE):
        for span in statements.announced(pattern, view.text):
            if span.start > taken_back.end() and (span.finished or not view.truncated):
                return span.start, span.end
    return None


def _boxed_parts(view: _View) -> _Found:
    boxes = view.closed
    first = len(boxes) - 1
    while first > 0 and _joined(view.text, boxes[first - 1], boxes[first]):
        first -= 1
    parts = [view.text[box.start : box.end].strip() for box in boxes[first:]]
    return ", ".join(parts) if len(set(parts)) > 1 else None


def _joined(text: str, left: Box, right: Box) -> bool:
    return right.command - left.end < 80 and _GAP.fullmatch(text, left.end, right.command) is not None


def _boxed(view: _View) -> _Found:
    if not view.closed:
        return None
    last = view.closed[-1]
    unfinished = view.boxes[-1]
    if not unfinished.closed and _joined(view.text, last, unfinished):
        return None
    if _still_at_it(view.text, last.end, truncated=view.truncated):
        return None
    return last.start, last.end


def _still_at_it(text: str, box: int, *, truncated: bool) -> bool:
    """Whether the text stops inside a formula soon behind the box, or inside a second derivation."""
    rest = text[box:]
    if _SECOND_WAY.match(rest) and (truncated or not rest.rstrip().endswith(_SENTENCE_ENDS)):
        return True
    if len(rest) > SOON:
        return False
    opened = len(_DOLLAR.findall(rest)) - (_OWN_DOLLAR.match(rest) is not None)
    return opened % 2 == 1 or rest.rfind("\\[") > rest.rfind("\\]")


def _boxed_mended(view: _View) -> _Found:
    if not view.boxes or view.boxes[-1].closed:
        return None
    box = mend(view.text, view.boxes[-1])
    return (box.start, box.end) if box else None


def _answer_tag(view: _View) -> _Found:
    ends = [end.start() for end in _TAG_END.finditer(view.text)]
    starts = [start.end() for start in _TAG_START.finditer(view.text) if ends and start.end() <= ends[-1]]
    if not starts:
        return None
    inside = view.text[starts[-1] : ends[-1]]
    start = starts[-1] + len(inside) - len(inside.lstrip())
    return (start, start + len(inside.strip())) if inside.strip() else None


def _announced(*patterns: re.Pattern[str]) -> Callable[[_View], _Found]:
    def rule(view: _View) -> _Found:
        spans = [_last_finished(view, pattern) for pattern in patterns]
        last = max((span for span in spans if span), key=lambda span: span.start, default=None)
        return (last.start, last.end) if last else None

    return rule


def _json(view: _View) -> _Found:
    """The last `"answer"` of a JSON object, without JSON's doubled backslashes."""
    found = _JSON.findall(view.text, max(0, len(view.text) - statements.WINDOW))
    return re.sub(r"\\\\(?=[A-Za-z])", r"\\", found[-1][0] or found[-1][1]) or None if found else None


def _reversed(view: _View) -> _Found:
    """The formula or number that a sentence calls the answer."""
    if not statements.holds_any(view.text, ("answer", "solution", "result")):
        return None
    start = max(0, len(view.text) - statements.WINDOW)
    found = list(_REVERSED.finditer(view.text, start))
    if not found:
        return None
    last = found[-1]
    return last.span(last.lastindex or 0)


def _last_finished(view: _View, pattern: re.Pattern[str]) -> statements.Span | None:
    spans = statements.announced(pattern, view.text)
    return next((span for span in spans if span.finished or not view.truncated), None)


def _bare(view: _View) -> _Found:
    """The whole response, when it is one line without a sentence."""
    text = view.text.rstrip(_END_MARK).lstrip()
    if fenced := _FENCE.fullmatch(text):
        text = fenced[1].strip()
    if (
        view.truncated
        or view.boxes
        or len(text) > 200
        or re.search(r"\n|</", text)
        or _is_prose(text)
        or _TASK.match(text)
        or _SHRUG.match(text)
    ):
        return None
    start = view.text.find(text)
    return (start, start + len(text)) if text else None


def _only_formula(view: _View) -> _Found:
    """The one formula of a response of one or two sentences that neither doubt nor set something up."""
    text = view.text.strip()
    if view.truncated or view.boxes or len(text) > 200 or "\n" in text or _DOUBT.search(text):
        return None
    if not text.endswith((".", "!", "。", "$", "\\)", "\\]")):
        return None
    formulas = list(_FORMULA.finditer(view.text))
    if len(formulas) != 1 or len(formulas[0].group().strip(" $\\()[]")) < 2 < len(text) - 4:
        return None
    outside = view.text[: formulas[0].start()] + view.text[formulas[0].end() :]
    return None if re.search(r"[\d\\$]", outside) else formulas[0].span(formulas[0].lastindex or 0)


def _is_prose(text: str) -> bool:
    """More words than a unit has, outside of formulas and text commands."""
    plain = re.sub(r"\\(?:text|mbox|textbf|textrm|mathrm)\{[^{}]*\}|\\[A-Za-z]+|\$[^$]*\$", " ", text)
    return len(re.findall(r"[A-Za-z]{2,}|[\u4e00-\u9fff]", plain)) > 2


def _plain_conclusion(view: _View) -> _Found:
    """The number that ends a response in words, when its sentence concludes or is the whole response."""
    text = view.text.rstrip()
    if chatter := _CHATTER.search(text, max(0, len(text) - 60)):
        text = text[: chatter.start()].rstrip()
    if view.truncated or view.boxes or not text.endswith((".", "!")):
        return None
    text = text.rstrip(_END_MARK)
    sentence = max(text.rfind(mark) for mark in (". ", "! ", "\n")) + 1
    if sentence and not _CONCLUSION.match(text, sentence):
        return None
    if value := _PLAIN_VALUE.search(text, sentence):
        return value.span(1)
    numbers = list(_LONE_NUMBER.finditer(text, sentence))
    alone = sentence and len(numbers) == 1 and not re.search(r"[$\\=]|\bnot\b", text[sentence:])
    return numbers[0].span() if alone else None


def _bold(view: _View) -> _Found:
    """The last bold text that holds a formula or a number, in the last paragraph."""
    paragraph = view.text.rstrip().rfind("\n\n") + 1
    for bold in reversed(list(_BOLD.finditer(view.text, paragraph))):
        if _FORMULA.search(bold.group(1)) or _NUMBER.fullmatch(bold.group(1)):
            return bold.span(1)
    return None


def _last_formula(view: _View) -> _Found:
    """The formula that ends the response, when its sentence concludes or it stands on a line of its own."""
    if view.truncated:
        return None
    text = view.text.rstrip(_END_MARK)
    start = max(0, len(text) - 2000)
    formulas = list(_FORMULA.finditer(text, start))
    if not formulas or formulas[-1].end() != len(text):
        return None
    last = formulas[-1]
    sentence = max(text.rfind(mark, 0, last.start()) for mark in (". ", "\n", "。", ".\n")) + 1
    if not _CONCLUSION.match(text, sentence, last.start()):
        return None
    first = _first_joined(text, formulas)
    return last.span(last.lastindex or 0) if first is last else (first.start(), last.end())


def _first_joined(text: str, formulas: list[re.Match[str]]) -> re.Match[str]:
    """The first of the formulas that are one list with the last one, as in "$1$, $2$ and $3$"."""
    first = len(formulas) - 1
    while first and statements.JOIN.fullmatch(text, formulas[first - 1].end(), formulas[first].start()):
        first -= 1
    return formulas[first]


_BOX_RULES: tuple[tuple[str, Callable[[_View], _Found]], ...] = (
    ("boxed_parts", _boxed_parts),
    ("boxed", _boxed),
    ("boxed_mended", _boxed_mended),
)
_RULES: tuple[tuple[str, Callable[[_View], _Found]], ...] = (
    ("correction", _correction),
    *_BOX_RULES,
    ("answer_tag", _answer_tag),
    ("final_answer", _announced(statements.FINAL)),
    (
        "answer",
        _announced(statements.ANSWER, statements.CHINESE, statements.DIRECT, statements.FOREIGN),
    ),
    ("heading", _announced(statements.HEADING)),
    ("hashes", _announced(statements.HASHES)),
    ("json", _json),
    ("reversed", _reversed),
    ("bold", _bold),
    ("label", _announced(statements.LABEL)),
    ("last_formula", _last_formula),
    ("plain_conclusion", _plain_conclusion),
    ("only_formula", _only_formula),
    ("bare", _bare),
)

"""Answers that are announced in words: "the final answer is ...", "Answer: ...", "故答案为...".

An announcement is followed by the answer itself, which ends with its sentence: `read` finds that end. Only
the last `WINDOW` characters of a response are searched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

WINDOW = 20_000
"""Characters at the end of a response in which announcements are looked for."""

LONGEST = 500
"""Characters that an announced answer in words may have."""

_WHOSE = r"(?:\s+(?:to|for|of)\s+(?:the|this|that|our|your|part|question|problem)\b[^.:\n$]{0,60}?)?"
_IS = (
    r"(?:(?:\s*,)?(?:\s+(?:therefore|thus|then|hence))?(?:\s*,)?\s+"
    r"(?:(?:is|are|was|be|equals?|becomes)|(?:would|should|must|will|can only|has to)\s+be"
    r"|(?:comes out|turns out|works out)\s+(?:to\s+be|to|as))\b"
    r"|\s*[*_]{0,3}\s*(?:[:：=→]|[-–—](?=\s*[*_]{0,3}\s*(?:\$|\\[(\[]|\d))))"
)
_FILLER = (
    r"(?:\s*(?:[:：]|[*_]{2,3}|(?:therefore|thus|hence|simply|just|indeed|then|clearly|given by"
    r"|equal to|exactly|found to be|option|choice|as follows)\b))*"
)

FINAL = re.compile(rf"(?<![A-Za-z])final\s+answer{_WHOSE}{_IS}{_FILLER}", re.IGNORECASE)
ANSWER = re.compile(
    rf"(?<![A-Za-z])(?:answer|ans\.?|correct\s+(?:option|choice)|(?:final|desired|required)\s+(?:result|value))"
    rf"(?:{_WHOSE}{_IS}{_FILLER}|\s+of\s+(?=\$|\\\())",
    re.IGNORECASE,
)
DIRECT = re.compile(
    r"^[ \t>#*_-]*(?:final[ \t]+)?answer[ \t*_]+(?=\$|\\[(\[]|-?\d)", re.IGNORECASE | re.MULTILINE
)
FOREIGN = re.compile(
    r"(?:\b(?:Antwort|Lösung|Réponse|Respuesta|Ответ|Resposta|Risposta)|答え|正解|정답|답)"
    r"(?:[ \t]+(?:final|finale|correcta))?[ \t*]*(?:\b(?:ist|lautet|est|es)\b|é|è|[:：]|は|은|는)[ \t*:：]*",
    re.IGNORECASE,
)
HEADING = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]*)?(?:\d+\.[ \t]*)?[*_]{0,3}(?:the[ \t]+)?"
    r"(?:final[ \t]+)?(?:answer|result)[ \t]*[*_]{0,3}[ \t]*[:：]?[*_]{0,3}[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
CHINESE = re.compile(
    r"(?:(?:最终|最后|正确|本题)?的?答案(?:\*\*)?(?:应该|应当|就)?"
    r"(?:是|为|等于|[:：])"
    r"|(?:^|(?<=[\s。，\n]))答[:：]|(?:最终)?结果(?:是|为|[:：])|故?应?选择?[:：]?(?=\s*[（(]?[A-E]))"
    r"(?:[:：]|\*\*)?",
    re.MULTILINE,
)
LABEL = re.compile(
    r"^[ \t]*[*_]{0,3}(?:(?:final[ \t]+)?(?:results?|solutions?|conclusion|value)"
    r"|therefore|thus|hence|so|A|ans\.?"
    r"|结论|结果|解)[*_]{0,3}[ \t]*(?:[:：]|(?<=ns\.)|is\b)[*_]{0,3}",
    re.IGNORECASE | re.MULTILINE,
)
HASHES = re.compile(r"^####[ \t]*(?=\S)", re.MULTILINE)

_LEAD = re.compile(r"(?:[ \t}]|\"|\((?=\$)|\*\*|__|`(?!`)|>|\n(?!\s*\n\s*\n))*")
_MATH = re.compile(
    r"(?<!\\)\$\$(?P<a>.+?)(?<!\\)\$\$|(?<!\\)\$(?P<b>(?:\\.|[^$\\])+?)\$"
    r"|\\\((?P<c>.+?)\\\)|\\\[(?P<d>.+?)\\\]"
    r"|(?P<e>\\begin\{(?P<env>[a-z]*(?:matrix|array|cases))\}.*?\\end\{(?P=env)\})",
    re.DOTALL,
)
_NOT_BUT = re.compile(r"not\b[^\n]{0,80}?\bbut\s+(?:rather\s+)?")
_OPENING = re.compile(r"\$|\\\(|\\\[")
JOIN = re.compile(r"\s*(?:,\s*(?:and|or)\b|,|;|、|，|\band\b|\bor\b|和|或|及|与|\bto\b)\s*")
_UNITS = re.compile(r"[ \t]*(?:[A-Za-z°%²³]+[ \t]*(?:\^?\d)?[ \t./]*){1,4}(?=$|[\n.,;*。，；)])")
_SENTENCE_END = re.compile(
    r"\n|[。；！]|\.(?=[\s*\"'`_)]|$)|\*\*|__|`|(?<=[0-9A-Za-z)\]}$])[;!](?=\s|$)|</|\bI hope\b"
)
_EXPLANATION = re.compile(
    r",?\s+(?:because|since|which|where|when|so|as|for|given|but|by|using|after|if|that"
    r"|assuming|due|from|not|rather|instead)\b|，(?=[\u4e00-\u9fff])|\s[—–-]{1,2}\s(?=[A-Za-z]{2})"
)
_NO_VALUE = re.compile(
    r"not\b|no\b|n't|unknown|不|unclear|whatever|what\b"
    r"|(?:(?:to\s+be\s+)?(?:put|placed|enclosed|written|given|shown)\s+)?(?:with)?in(?:side)?\s+(?:an?\s+|the\s+)?"
    r"(?:box\b|\$?\\boxed)"
    r"|the\s+values?\s+of\s+(?:\$?\\?[a-z]+\$?|\\\([a-z]\\\))\s*(?:[.,;]\s*)?(?:$|\n)",
    re.IGNORECASE,
)
"""A denial, a question, what the answer would be of, or where it is to be put, in place of one."""
_TO_FORMULA = re.compile(
    r"(?:in|within|that)\s+(?=\$(?!\s*\\boxed)|\\[(\[])"
    r"|the\s+values?\s+of\s+(?:\$[^$\n=]{1,40}\$|\w{1,3}),?\s+(?:which|that)\s+(?:is|are|equals?)\s+"
    r"|the\s+values?\s+of\s+(?=\$[^$\n=]{1,40}=)",
    re.IGNORECASE,
)
"""Words that stand before what is the answer."""
_CLAUSE = re.compile(r"(?:that|within|inside|because|how|where|when|found|obtained)\b", re.IGNORECASE)
"""Words that begin a clause about the answer; it is one only when a value is in it."""
_SOME_VALUE = re.compile(r"[\d$\\=]")
_NOT_A_UNIT = re.compile(
    r"\s*(?:and|or|is|are|was|which|because|since|so|as|where|when|if|but|by|for|that|the|we|it|this|not"
    r"|hence|then)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Span:
    """Offsets of an announced answer; `finished` tells whether its sentence came to an end."""

    start: int
    end: int
    finished: bool


def announced(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    """The announced answers, the last one first."""
    if pattern in _WITHOUT and not holds_any(text, _WITHOUT[pattern]):
        return
    for match in reversed(list(pattern.finditer(text, max(0, len(text) - WINDOW)))):
        span = read(text, match.end())
        if span is not None:
            yield span


_WITHOUT: Mapping[re.Pattern[str], tuple[str, ...]] = {
    FINAL: ("final",),
    ANSWER: ("ans", "option", "choice", "result", "value"),
    DIRECT: ("answer",),
    HEADING: ("answer", "result"),
    HASHES: ("####",),
    CHINESE: ("答", "结果", "选"),
    FOREIGN: (
        *("antwort", "lösung", "réponse", "respuesta", "ответ", "resposta", "risposta"),
        *("答え", "正解", "정답", "답"),
    ),
}
"""What every match holds, in lower case; looking for it takes a fraction of the pattern's own time."""


def holds_any(text: str, words: Iterable[str]) -> bool:
    """Whether the part of a text that is searched holds one of these words, in any case."""
    end = text[-WINDOW:].lower()
    return any(word in end for word in words)


def read(text: str, start: int) -> Span | None:
    """The answer that begins behind an announcement, or None when nothing, a denial or a question follows."""
    lead = _LEAD.match(text, start)
    start = lead.end() if lead else start
    if replaced := _NOT_BUT.match(text, start):
        start = replaced.end()
    if _NO_VALUE.match(text, start):
        return None
    if leading := _TO_FORMULA.match(text, start):
        start = leading.end()
    end = _math_end(text, start)
    span = _plain(text, start) if end is None else _after_math(text, start, end)
    if span.end <= span.start or _is_question(text, span.end):
        return None
    if end is None and _CLAUSE.match(text, start) and not _SOME_VALUE.search(text, start, span.end):
        return None
    open_formula = end is None and not span.finished and _OPENING.match(text, start)
    return None if open_formula else span


def _math_end(text: str, start: int) -> int | None:
    """Behind the formulas that begin at `start`: one, or several joined by commas, "and" and "or"."""
    match = _MATH.match(text, start)
    if match is None:
        return None
    while joined := JOIN.match(text, match.end()):
        following = _MATH.match(text, joined.end())
        if following is None:
            break
        match = following
    return match.end()


def _after_math(text: str, start: int, end: int) -> Span:
    """Formulas, and the unit in words behind them."""
    if not _NOT_A_UNIT.match(text, end) and (unit := _UNITS.match(text, end)):
        end = len(text[: unit.end()].rstrip(" ./"))
    finished = re.compile(r"\s*(?:[.。*\n,;，；!)]|$)").match(text, end) is not None
    return Span(start, end, finished and bool(text[end:].strip("$ ")))


def _plain(text: str, start: int) -> Span:
    """Words and numbers up to the end of the sentence, without an explanation that follows."""
    limit = min(len(text), start + LONGEST)
    stop = _SENTENCE_END.search(text, start, limit)
    end = stop.start() if stop else limit
    environment = text.rfind("\\begin{", start, end)
    if environment >= 0 and (closing := re.compile(r"\\end\{[a-z]*\}").search(text, environment)):
        end = max(end, closing.end())
    explanation = _EXPLANATION.search(text, start, end)
    if explanation and explanation.start() > start:
        end = explanation.start()
    end = start + len(text[start:end].rstrip(" \t\r,，"))
    start, end = _value_in(text, start, end)
    return Span(start, end, stop is not None or explanation is not None)


_VALUE = re.compile(
    r"(?<!\\)\$(?:\\.|[^$\\])+\$|\\\(.+?\\\)|(?<![\w.])-?\\?\$?\d[\d,]*(?:\.\d+)?(?:/\d+)?(?:\s?\\?%)?(?![\w^])"
)
_VERB = re.compile(r"\s(?:is|are|equals|was)\s+")


def _value_in(text: str, start: int, end: int) -> tuple[int, int]:
    """The value in an answer that is a sentence of its own, such as "she needs 3 hours more than Tom"."""
    if len(re.findall(r"(?<![\\A-Za-z])[A-Za-z]{2,}", text[start:end])) < 4:
        return start, end
    values = list(_VALUE.finditer(text, start, end))
    verbs = list(_VERB.finditer(text, start, end))
    if verbs and (value := _VALUE.fullmatch(text, verbs[-1].end(), end)):
        return value.span()
    return values[0].span() if len(values) == 1 else (start, end)


def _is_question(text: str, end: int) -> bool:
    return text[end : end + 3].lstrip(" *$").startswith(("?", "？"))

"""A judge that weighs the solutions of a vote: it sees a question and a solution, never the reference answer.

    Is this solution right?  ->  ... `Score: 85`  ->  0.85

The idea is that of verifiers that choose among solutions (Cobbe et al. 2021, arXiv:2110.14168) and of models
that judge in words (Zheng et al. 2023, arXiv:2306.05685); the wording is math500's own. The solution stands
between two marks that its author could not know (quote.py). A reply that gives no number is asked for once
more; after that the score is unknown, the solution weighs nothing, and the summary counts it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from math500.grading.visible import visible
from math500.judge import quote
from math500.judge.forms import DATA_ONLY
from math500.records import Decoding, Extras, Generation, Message, Score, Scoring
from math500.solve import Model, Solution

FORM = "score/1"
"""Raised when a score can change."""
TEMPLATE = f"""\
Somebody solved a mathematics problem. How likely is it that the final answer is right? You are not given \
the right answer: go through the steps, redo the calculations, and see whether the question asked is the one \
that was answered.

{DATA_ONLY}

The problem:
{{question}}

The solution:
{{solution}}

End your reply with one line `Score: N`, where N is a whole number from 0 (surely wrong) to 100 (surely \
right)."""
REMINDER = (
    "The last line of your reply must be `Score: N` with a whole number N from 0 to 100, nothing after it."
)
TRIES = 2
"""Replies that are asked for, the second one when the first cannot be read."""
SHOWN = 12_000
"""Characters of a solution that a judge sees; of a longer one the middle is left out."""
EMBEDDED_MAX_TOKENS = 256

_SCORE = re.compile(r"\bscore\b[\s*_`:=is]{1,8}(\d+(?:\.\d+)?)", re.IGNORECASE)
_ALONE = re.compile(r"[\s*_`]*(\d+(?:\.\d+)?)(?:\s*/\s*100|\s*%)?[\s*_`.]*")


@dataclass(frozen=True)
class Judge:
    """Asks a model for a score; see `solve.Scorer`."""

    scoring: Scoring

    async def score(self, question: str, solution: Solution, model: Model) -> Score:
        """The score that the judge gives, with all its replies."""
        shown, value = transcript(solution), None
        replies: list[Generation] = []
        while value is None and len(replies) < TRIES:
            asked = messages(self.scoring.salt, question, shown, len(replies) + 1)
            replies.append(await model.generate(asked, self.scoring.decoding, extras=Extras(judge=True)))
            value = read(replies[-1])
        return Score(voter=0, value=value, generations=tuple(replies))


@dataclass(frozen=True)
class WithJudge:
    """A run's model and its judge behind one door: `Extras.judge` says who is asked."""

    model: Model
    judge: Model

    async def generate(
        self,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        seed: int | None = None,
        stop: Sequence[str] = (),
        extras: Extras | None = None,
    ) -> Generation:
        """See `Model.generate`."""
        asked = self.judge if extras is not None and extras.judge else self.model
        return await asked.generate(messages, decoding, seed=seed, stop=stop, extras=extras)


def messages(salt: str, question: str, shown: str, attempt: int) -> tuple[Message, ...]:
    """The request about one solution; the same one whenever it is made again."""
    around = quote.mark(salt, question, shown, attempt)
    texts = {
        "question": quote.block(quote.plain(question), around),
        "solution": quote.block(shown, around),
    }
    # One pass: what stands in the texts themselves is never filled in.
    asked = re.sub(r"\{(question|solution)\}", lambda match: texts[match[1]], TEMPLATE)
    return (Message(role="user", content=asked if attempt == 1 else f"{asked}\n\n{REMINDER}"),)


def transcript(solution: Solution) -> str:
    """What a judge sees of a solution: its replies without thinking, its calls as code."""
    parts = []
    for generation in solution.generations:
        parts.append((visible(generation.text) or "").strip())
        parts += [f"{call.name}({call.arguments})" for call in generation.tool_calls]
    text = quote.plain("\n\n".join(part for part in parts if part))
    if len(text) <= SHOWN:
        return text
    half = SHOWN // 2
    return f"{text[:half]}\n... ({len(text) - SHOWN} characters left out) ...\n{text[-half:]}"


def read(reply: Generation) -> float | None:
    """The score that a reply gives, 0 to 1; None where it gives no whole number to 100, or was cut off."""
    if reply.finish_reason == "length":
        return None
    text = (visible(reply.text) or "").strip()
    alone = _ALONE.fullmatch(text)
    numbers = [alone[1]] if alone else _SCORE.findall(text)
    # A fraction may be meant on another scale: it is asked for again.
    if not numbers or not numbers[-1].isdigit() or int(numbers[-1]) > 100:
        return None
    return int(numbers[-1]) / 100

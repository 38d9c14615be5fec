"""Code-based self-verification (CSV): the model has to check its answer by code, and to mend it.

Zhou et al. 2023, arXiv:2308.07921: the model solves the problem with code, verifies its answer with code, and
states whether the verification came out true, false or uncertain; on false it starts again. In a vote the
states weigh the answers: true more than uncertain, uncertain more than false (section 3.3). The wording is
math500's own.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

from math500.records import Verification
from math500.solve.base import Model, Solution
from math500.solve.blocks import outside_code
from math500.solve.tools import Talk, Tools, opening

ASK = {
    "en": (
        "After solving, verify your answer by Python code that does not repeat the solution but tests the "
        "answer against what the problem states. Then write one line: `Verification: True`, "
        "`Verification: False` or `Verification: Uncertain`. If it is False, find the mistake "
        "and solve the problem again."
    ),
    "zh": (
        "求解之后, 请用 Python 代码验证答案: 不要重复解题过程, 而是用题目的条件检验答案。然后写一行 "
        "`Verification: True`、`Verification: False` 或 `Verification: Uncertain`。如果是 False, "
        "请找出错误并重新求解。"
    ),
}
"""Added to the tools' protocol."""

VERIFY = {
    "en": (
        "Verify this answer by Python code now, and write `Verification: True`, `Verification: False` or "
        "`Verification: Uncertain`. Then give the final answer within \\boxed{} again."
    ),
    "zh": (
        "现在请用 Python 代码验证这个答案, 并写出 `Verification: True`、`Verification: False` 或 "
        "`Verification: Uncertain`。然后再次在 \\boxed{} 中给出最终答案。"
    ),
}
CORRECT = {
    "en": "The verification failed, so the answer is wrong. Find the mistake, solve the problem again, and "
    "verify the new answer by code.",
    "zh": "验证没有通过, 说明答案有误。请找出错误, 重新求解, 并用代码验证新的答案。",
}
CORRECTIONS = 2

_STATE = re.compile(
    r"(?:verification|验证)(?:\s+(?:result|state|结果))?\W{0,6}?(?:is\s+|为\s*|是\s*)?[*_`\"']*"
    r"(true|false|uncertain)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class SelfCheck:
    """Tools, with every answer verified by code.

    Args:
        tools: how code is run.
        corrections: how often a failed verification sends the model back.
    """

    tools: Tools
    corrections: int = CORRECTIONS
    name: str = "selfcheck"
    several: bool = True

    async def solve(self, question: str, model: Model, *, seed: int | None) -> Solution:
        """See `Solver.solve`."""
        tools, language = self.tools, self.tools.prompt.language
        async with tools.sandbox.session() as session:
            messages = opening(tools, question, ASK[language])
            talk = Talk(tools, model, session, messages, seed)
            await talk.reply()
            await talk.until_answered()
            if not state([g.text for g in talk.generations]):
                await talk.say(VERIFY[language])
                await talk.until_answered()
            for _ in range(self.corrections):
                if state([talk.last]) != "false":
                    break
                await talk.say(CORRECT[language])
                await talk.until_answered()
        found = state([g.text for g in talk.generations]) or "uncertain"
        return dataclasses.replace(talk.solution(), verification=found)


def state(texts: list[str]) -> Verification:
    """The last state that was written outside of code; empty when none was."""
    for text in reversed(texts):
        if written := _STATE.findall(outside_code(text)):
            last: Verification = written[-1].lower()
            return last
    return ""

"""Chains of thought in two turns: a first request, then what is said after its answer.

    plan      a plan without solving, then the solution
    review    the solution, then a second look at every step
    backward  the solution, then the answer put back into the problem

The second answer is graded. The wording is math500's own; each says where its idea comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from math500 import prompts
from math500.records import Decoding, Message, Prompt
from math500.solve.base import Model, Solution

Language = Literal["en", "zh"]


@dataclass(frozen=True)
class Script:
    """What is said to the model, by language."""

    source: str
    before: dict[Language, str]
    """Put behind the question in the first request, in place of the prompt's own wording; if there is any."""
    after: dict[Language, str]
    """What is said after the first answer."""


SCRIPTS: dict[str, Script] = {
    "plan": Script(
        source="Wang et al. 2023, Plan-and-Solve, arXiv:2305.04091",
        before={
            "en": "Do not solve the problem yet. Write a short numbered plan: what is given, what is asked, "
            "and the steps that lead from one to the other.",
            "zh": "先不要解题。请写一个简短的分步计划: 已知什么, 要求什么, 以及从已知到所求的步骤。",
        },
        after={
            "en": (
                "Now carry out the plan step by step. If a step does not work, change the plan. Put your "
                "final answer within \\boxed{}."
            ),
            "zh": ("现在按计划逐步求解; 如果某一步行不通, 就修改计划。最终答案请放在 \\boxed{} 中。"),
        },
    ),
    "review": Script(
        source="Madaan et al. 2023, Self-Refine, arXiv:2303.17651",
        before={},
        after={
            "en": (
                "Check your solution: go through every step, redo each calculation, and make sure that the "
                "question asked is the one you answered. If you find a mistake, correct it. End with your "
                "final answer within \\boxed{}."
            ),
            "zh": (
                "请检查你的解答: 逐步复核, 重新计算, 并确认回答的正是题目所问。如有错误请改正。"
                "最后把最终答案放在 \\boxed{} 中。"
            ),
        },
    ),
    "backward": Script(
        source="Weng et al. 2023, self-verification, arXiv:2212.09561; Jiang et al. 2024, FOBAR, "
        "arXiv:2308.07758",
        before={},
        after={
            "en": (
                "Take your answer as given and put it back into the problem: does everything that the "
                "problem states come out? Calculate it. If something does not fit, the answer is wrong: "
                "solve the problem again. End with your final answer within \\boxed{}."
            ),
            "zh": (
                "把你的答案当作已知代回题目: 题目中的每个条件都成立吗? 请计算。如果有不符, 说明答案有误, "
                "请重新求解。最后把最终答案放在 \\boxed{} 中。"
            ),
        },
    ),
}


@dataclass(frozen=True)
class Turns:
    """A script carried out with a prompt."""

    name: str
    prompt: Prompt
    decoding: Decoding
    several: bool = True

    async def solve(self, question: str, model: Model, *, seed: int | None) -> Solution:
        """See `Solver.solve`."""
        script, language = SCRIPTS[self.name], self.prompt.language
        messages = list(prompts.messages(self.prompt, question))
        if language in script.before:
            messages[-1] = Message(role="user", content=f"{question}\n\n{script.before[language]}")
        first = await model.generate(messages, self.decoding, seed=seed, stop=self.prompt.stop)
        messages += [
            Message(role="assistant", content=first.text),
            Message(role="user", content=script.after[language]),
        ]
        second = await model.generate(messages, self.decoding, seed=seed, stop=self.prompt.stop)
        return Solution(response=second.text, generations=(first, second))

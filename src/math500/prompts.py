"""Named prompts: the ways in which models are asked, each with its source.

A prompt is a record (`records.Prompt`), complete in itself: with it and a problem's text the
messages can be made again, which is why a run's manifest holds it whole. Wording is never
changed under a name; a new wording gets a new name.

Worked examples that come from the MATH train split are named here by the hash of their problem
text and filled in at run time (`with_shots`), since problem texts are not shipped. Examples that
are chosen for each problem (room `shots`) come as turns of the conversation: each one's question in
the prompt's own words, and its solution as the model is to write it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from math500 import plugins
from math500.errors import DataMismatch, UsageError
from math500.records import ChosenShots, Message, Problem, Prompt, Shot

BOXED = Prompt(
    name="boxed",
    template="{problem}\nPlease reason step by step, and put your final answer within \\boxed{}.",
    source="DeepSeek-R1 README, usage recommendations; DeepSeek-Math README, English prompt",
    description="Zero-shot chain of thought, answer in \\boxed{}; usual for Qwen and DeepSeek models.",
)

BOXED_SYSTEM = Prompt(
    name="boxed-system",
    template="{problem}",
    system="Please reason step by step, and put your final answer within \\boxed{}.",
    source="Qwen2.5-Math README, chain-of-thought example",
    description="As `boxed`, with the request as the system message.",
)

BARE = Prompt(
    name="bare",
    template="{problem}",
    source="math500",
    description="The problem and nothing else: what a model does unasked.",
)

ANSWER_LINE = Prompt(
    name="answer-line",
    template=(
        "Solve the following math problem step by step. The last line of your response should be of the form "
        "Answer: $ANSWER (without quotes) where $ANSWER is the answer to the problem.\n\n{problem}\n\n"
        'Remember to put your answer on its own line after "Answer:", and you do not need to use a '
        "\\boxed command."
    ),
    reply_template="{solution}\n\nAnswer: {answer}",
    source="openai/simple-evals math_eval.py, QUERY_TEMPLATE",
    description="Zero-shot chain of thought, answer on a last line `Answer: ...`.",
)

MINERVA = Prompt(
    name="minerva",
    template="Problem:\n{problem}\n\nSolution:",
    shot_template=(
        "Problem:\n{problem}\n\nSolution:\n{solution}\n"
        "Final Answer: The final answer is ${answer}$. I hope it is correct.\n\n"
    ),
    shot_keys=("88e5ad20fa278dcf", "8dab2730ad83e032", "b85bc186b2da64ef", "7d564506cdbcb37b"),
    stop=("\nProblem:",),
    source="Lewkowycz et al. 2022 (arXiv:2206.14858), appendix; the examples are MATH train problems",
    description="Four worked examples before the question, in one user message.",
)

REPORT_ZH = Prompt(
    name="report-zh",
    template="题目: {problem}\n\n思考过程:",
    shot_template="题目: {problem}\n\n思考过程:\n{solution}\n- 答案: {answer}\n\n",
    shots=(
        Shot(
            problem="计算 24 ÷ 8",
            solution=(
                "- 第一步: 首先要知道, 24 ÷ 8 就是问 8 可以放进 24 几次。\n- 第二步: 24 除以 8 得到 3。"
            ),
            answer="3",
        ),
    ),
    language="zh",
    source="section 5.2 of the report that math500 started from (题目 / 思考过程 / 答案)",
    description="One worked example in Chinese, then the question in the same form.",
)

BOXED_ZH = Prompt(
    name="boxed-zh",
    template="{problem}\n请通过逐步推理来解答问题，并把最终答案放置于\\boxed{}中。",
    language="zh",
    source="DeepSeek-Math README, Chinese prompt",
    description="As `boxed`, asked in Chinese.",
)

DEFAULT = BOXED.name
BEGUN = "\n\x1e\n"
"""In a question's text: what follows is the beginning of the answer, and the model is to go on from there.
A record separator, which no problem holds."""
_ALL = {p.name: p for p in (BOXED, BOXED_SYSTEM, BARE, ANSWER_LINE, MINERVA, REPORT_ZH, BOXED_ZH)}
_FIELD = re.compile(r"\{(problem|solution|answer)\}")


def names() -> tuple[str, ...]:
    """The names that `get` knows, the default first."""
    return tuple(_ALL)


def get(name: str) -> Prompt:
    """The prompt of this name: one of math500's own, else what an installed package brings.

    Raises:
        UsageError: no prompt has this name.
        PluginBroken: a package brings it, and it cannot be used.
    """
    if name in _ALL:
        return _ALL[name]
    plugin = plugins.known("prompts", name)
    if plugin is None:
        raise UsageError(f"there is no prompt named {name!r}", f"Use one of: {', '.join(_ALL)}.")
    prompt = plugins.load(plugin)
    if not isinstance(prompt, Prompt) or "{problem}" not in prompt.template:
        raise plugins.broken(plugin, "it is no records.Prompt with {problem} in its template")
    return msgspec.structs.replace(prompt, name=name)


def key(problem_text: str) -> str:
    """What names a worked example: the first 16 hex digits of the problem text's sha256."""
    return hashlib.sha256(problem_text.encode()).hexdigest()[:16]


def with_shots(prompt: Prompt, train: Iterable[Problem]) -> Prompt:
    """The prompt with its worked examples filled in from the MATH train split.

    A prompt without `shot_keys`, or with its shots in place, is returned as it is.

    Raises:
        DataMismatch: the split given lacks one of the examples.
    """
    if not prompt.shot_keys or prompt.shots:
        return prompt
    wanted = set(prompt.shot_keys)
    found = {k: p for p in train if (k := key(p.problem)) in wanted}
    if missing := [k for k in prompt.shot_keys if k not in found]:
        raise DataMismatch(
            f"the prompt {prompt.name!r} needs {len(missing)} worked examples that this train split lacks",
            "Give it the MATH train split: `math500 data math-train`.",
        )
    rows = (found[k] for k in prompt.shot_keys)
    shots = tuple(Shot(problem=p.problem, solution=p.solution, answer=p.answer) for p in rows)
    return msgspec.structs.replace(prompt, shots=shots)


def messages(prompt: Prompt, problem_text: str) -> tuple[Message, ...]:
    """The chat messages that ask this problem in this way.

    The prompt's own worked examples and the question form one user message, as in a plain text prompt;
    examples that were chosen for this problem are turns before it. Where the text holds the beginning of the
    answer (`begun`), that is the last message, the assistant's.

    Raises:
        DataMismatch: examples were chosen for each problem, and none for this one.
    """
    if prompt.shot_keys and not prompt.shots:
        raise ValueError(f"prompt {prompt.name!r} has unfilled shots: call with_shots first")
    question, beginning = parted(problem_text)
    shots = (_fill(prompt.shot_template, s.problem, s.solution, s.answer) for s in prompt.shots)
    user = "".join(shots) + _fill(prompt.template, question)
    asked = (*_turns(prompt, question), Message(role="user", content=user))
    if beginning:
        asked = (*asked, Message(role="assistant", content=beginning))
    return asked if prompt.system is None else (Message(role="system", content=prompt.system), *asked)


def begun(question: str, beginning: str) -> str:
    """A question with the beginning of its answer; a plain question where nothing has begun."""
    return f"{question}{BEGUN}{beginning}" if beginning else question


def parted(text: str) -> tuple[str, str]:
    """A question and the beginning of its answer, which is empty for a plain question."""
    question, _, beginning = text.partition(BEGUN)
    return question, beginning


def whole(text: str, reply: str) -> str:
    """The response to a question, with the beginning that it was given, if any.

    Some engines give the beginning back with what they add (llama.cpp), others give what they add (vLLM).
    """
    beginning = parted(text)[1]
    return reply if reply.startswith(beginning.rstrip()) else beginning + reply


def with_chosen(prompt: Prompt, chosen: ChosenShots | None) -> Prompt:
    """The prompt with these examples in place of any others; with none at all when None."""
    return msgspec.structs.replace(prompt, chosen=chosen, shots=(), shot_keys=())


def shot_count(prompt: Prompt) -> int:
    """Worked examples before each question."""
    return prompt.chosen.count if prompt.chosen is not None else len(prompt.shots) or len(prompt.shot_keys)


def _turns(prompt: Prompt, problem_text: str) -> Iterator[Message]:
    """The examples chosen for this problem, each a question and its answer."""
    if prompt.chosen is None:
        return
    shown = prompt.chosen.shown.get(key(problem_text))
    if shown is None:
        raise DataMismatch(
            f"no worked examples were chosen for the problem {problem_text[:60]!r}",
            "Start a new run over these problems.",
        )
    for shot in (prompt.chosen.shots[name] for name in shown.examples):
        yield Message(role="user", content=_fill(prompt.template, shot.problem))
        yield Message(role="assistant", content=_reply(prompt, shot))


def _reply(prompt: Prompt, shot: Shot) -> str:
    """An example's answer in the form that the prompt asks for."""
    form = prompt.reply_template
    if not form and prompt.shot_template.startswith(prompt.template):
        form = prompt.shot_template.removeprefix(prompt.template)
    said = _fill(form or "{solution}", shot.problem, shot.solution, shot.answer).strip()
    # MATH's solutions hold their answer in a box; others are given one where nothing else says it.
    return said if form or "\\boxed" in said else f"{said}\n\n$\\boxed{{{shot.answer}}}$"


def from_text(template: str, *, name: str = "custom", stop: Sequence[str] = ()) -> Prompt:
    """A user's own prompt out of a template with `{problem}` in it.

    Raises:
        UsageError: the template does not say where the problem goes.
    """
    if "{problem}" not in template:
        raise UsageError(
            f"the prompt template {name!r} has no {{problem}} in it",
            "Write {problem} where the question belongs.",
        )
    return Prompt(name=name, template=template, source="user", stop=tuple(stop))


def _fill(template: str, problem: str, solution: str = "", answer: str = "") -> str:
    """Replace the placeholders in one pass, so that text with braces in it is left alone."""
    parts = {"problem": problem, "solution": solution, "answer": answer}
    return _FIELD.sub(lambda m: parts[m[1]], template)
